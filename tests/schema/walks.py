"""Random walks under the mask: free at first, then biased towards the end of the text.

A walk fails where a mask is empty, where mask and accept disagree, or where the text will not end.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

import maskforge as mf

# Values that end soon, the shortest first, for a walk that wants to end.
LITERALS = [
    b"0",
    b'""',
    b"null",
    b"true",
    b"false",
    b"1",
    b"2",
    b"7",
    b"-1",
    b"0.5",
    b"1.5",
    b"100",
    b"{}",
    b"[]",
    b'{"a":0}',
    b"[0]",
    b"[[]]",
]
SAMPLES = ["a", "b", "ab", "ac", "abd", "c", "bb", "aa", "1", "15", "2024-02-29", "127.0.0.1", "\u00e9"]
CLOSING_STEPS = 600
UUID = "00000000-0000-0000-0000-000000000000"


class WalkError(AssertionError):
    pass


def hints(schema: Any) -> list[bytes]:
    """Values and key texts that occur in a schema, as JSON without white space, shortest first."""
    found: set[str] = set()

    def add(value: Any) -> None:
        found.add(json.dumps(value, separators=(",", ":")))

    def visit(node: Any) -> None:
        if isinstance(node, str):
            add(node)
        elif isinstance(node, bool) or node is None:
            return
        elif isinstance(node, int | float):
            for value in (node, node + 1, node - 1, 2 * node):
                add(value)
        elif isinstance(node, list):
            add(node)
            for item in node:
                visit(item)
        else:
            add(node)
            for key, value in node.items():
                add(key)
                visit(value)

    visit(schema)
    # The schema itself, and other long values, help nobody.
    return sorted({text.encode() for text in found if len(text) <= 60}, key=lambda text: (len(text), text))


class Walker:
    """Walks matchers of one vocabulary that has every single byte as a token."""

    def __init__(self, vocabulary: mf.Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.eos = set(vocabulary.eos_token_ids)
        self.token = [vocabulary.core.token(token) for token in range(vocabulary.size)]
        self.digits = np.array([text[:1].isdigit() for text in self.token])
        self.of_byte: dict[int, int] = {}
        for token, text in enumerate(self.token):
            if len(text) == 1 and token not in self.eos:
                self.of_byte.setdefault(text[0], token)
        self.bitmask = mf.allocate_token_bitmask(1, vocabulary.size)
        self.words = self.bitmask.numpy()

    def allowed(self, matcher: mf.Matcher) -> np.ndarray[Any, Any]:
        """The ids in the mask, which is never empty."""
        filled = matcher.fill_next_token_bitmask(self.bitmask)
        ids = np.flatnonzero(np.unpackbits(self.words.view(np.uint8), bitorder="little"))
        if not filled or len(ids) == 0:
            raise WalkError(f"no token is allowed, but {matcher.expected()}: {matcher!r}")
        return ids

    def reads(self, grammar: mf.Grammar, text: bytes) -> bool:
        """Whether the text is accepted, byte by byte; every mask on the way is as it is defined."""
        matcher = grammar.matcher()
        for at in range(len(text) + 1):
            ids = set(self.allowed(matcher).tolist())
            assert ids == self.expected(matcher, iter(range(self.vocabulary.size))), text[:at]
            if at == len(text):
                return not ids.isdisjoint(self.vocabulary.eos_token_ids)
            if not matcher.accept_bytes(text[at : at + 1]):
                assert text[at] not in ids
                return False
        raise AssertionError

    def expected(self, matcher: mf.Matcher, ids: Iterator[int]) -> set[int]:
        """Which of the ids may come next, byte by byte on a fork: the definition of a mask."""
        found = set()
        for token in ids:
            if token in self.eos:
                good = matcher.is_accepting()
            else:
                text = self.token[token]
                good = bool(text) and matcher.fork().accept_bytes(text) == len(text)
            if good:
                found.add(token)
        return found

    def walk(
        self,
        grammar: mf.Grammar,
        dice: random.Random,
        *,
        free_steps: int,
        look: Callable[[mf.Matcher, np.ndarray[Any, Any]], None],
        schema: Any = None,
    ) -> bytes:
        """The text of one walk. `look` is called with every mask."""
        matcher = grammar.matcher()
        text = bytearray()
        for _ in range(free_steps):
            ids = self.allowed(matcher)
            look(matcher, ids)
            if re.search(rb"[eE][+-]?[0-9]{2,}$", text) and dice.random() < 0.9:
                # Exponents of many digits are numbers that no oracle can judge.
                others = ids[~self.digits[ids]]
                ids = others if len(others) else ids
            if self._step(matcher, self._choose(ids, dice), text):
                return bytes(text)
        helpful = hints(schema)
        # What a schema still needs can be hard to guess; an attempt that follows the wrong habit begins afresh.
        for disorder in (0.2, 0.2, 0.7, 0.9, 1.0) * 4:
            ended = self._close(matcher.fork(), bytearray(text), look, helpful, dice, disorder)
            if ended is not None:
                return ended
        raise WalkError(f"the text does not end: {bytes(text)!r}")

    def _step(self, matcher: mf.Matcher, token: int, text: bytearray) -> bool:
        """Accepts a token of the mask; whether that was the end."""
        if not matcher.accept_token(token):
            raise WalkError(f"{self.token[token]!r} is in the mask and cannot be read after {bytes(text)!r}")
        text.extend(b"" if token in self.eos else self.token[token])
        return token in self.eos

    def _close(
        self,
        matcher: mf.Matcher,
        text: bytearray,
        look: Callable[[mf.Matcher, np.ndarray[Any, Any]], None],
        helpful: list[bytes],
        dice: random.Random,
        disorder: float,
    ) -> bytes | None:
        """The text with its end; None where it did not come soon."""
        spelled: list[int] = []  # tokens of a hint that is being written
        for _ in range(CLOSING_STEPS):
            ids = self.allowed(matcher)
            if spelled:
                token = spelled.pop()
                if token not in ids:
                    raise WalkError(f"{self.token[token]!r} can be read and is not in the mask after {bytes(text)!r}")
            else:
                allowed = set(ids.tolist())
                look(matcher, ids)
                ends = sorted(allowed & self.eos)
                if ends:
                    self._step(matcher, ends[0], text)
                    return bytes(text)
                spelled = self._towards_the_end(matcher, allowed, text, helpful, dice, disorder)
                token = spelled.pop() if spelled else self._choose(ids, dice)
            self._step(matcher, token, text)
        return None

    def _choose(self, ids: np.ndarray[Any, Any], dice: random.Random) -> int:
        """Half of the time any token, half of the time one that is not only letters."""
        for _ in range(4):
            token = int(ids[dice.randrange(len(ids))])
            text = self.token[token]
            if dice.random() < 0.5 or any(byte in b'{}[]",:\\0123456789eE.-' for byte in text):
                return token
        return token

    def _towards_the_end(
        self,
        matcher: mf.Matcher,
        allowed: set[int],
        text: bytearray,
        helpful: list[bytes],
        dice: random.Random,
        disorder: float,
    ) -> list[int]:
        """Tokens that are allowed one after the other, the next one last; empty where there is no idea."""
        inside = _inside_string(text)
        for closer in b'"' if inside else b"}]:,":
            if self.of_byte[closer] in allowed:
                return [self.of_byte[closer]]
        literals = dice.sample(LITERALS, len(LITERALS)) if dice.random() < 0.5 else LITERALS
        ideas = [*literals, *helpful, *(json.dumps(sample).encode() for sample in [*SAMPLES, UUID])]
        if dice.random() < disorder:
            dice.shuffle(ideas)
        tails: Iterable[bytes] = ideas
        if inside:
            # The quote is open already, and what was written since may be the beginning of an idea.
            last = bytes(text[-40:])
            tails = [
                idea[cut:]
                for idea in ideas
                for cut in range(1, len(idea))
                if idea[:1] == b'"' and last.endswith(idea[:cut])
            ]
        elif text[-1:].isdigit() or text[-1:] in (b".", b"-", b"e", b"E", b"+"):
            tails = EXPONENTS
        for tail in tails:
            if self.of_byte[tail[0]] in allowed and _completes(matcher, tail):
                return [self.of_byte[byte] for byte in reversed(tail)]
        return []


# Ends of numbers: what is behind the point can be moved before it, and the other way round.
EXPONENTS = [
    text
    for power in range(260)
    for sign in (b"", b"-")
    for form in (b"e%s%d", b"0e%s%d", b"%s%d", b".0e%s%d")
    for text in (form % (sign, power),)
]


def _completes(matcher: mf.Matcher, tail: bytes) -> bool:
    """Whether a value can be over after `tail`."""
    fork = matcher.fork()
    if fork.accept_bytes(tail) < len(tail):
        return False
    return fork.is_accepting() or any(fork.fork().accept_bytes(mark) for mark in (b",", b"}", b"]", b":"))


def _inside_string(text: bytearray) -> bool:
    outside = re.sub(rb'"(\\.|[^"\\])*"', b"", bytes(text))
    return b'"' in outside
