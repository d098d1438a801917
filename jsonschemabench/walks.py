"""Random walks under masks: texts that an engine allows, written by a model that knows next to nothing.

Uniform choice over the allowed tokens alone would hardly ever end: a string has a hundred thousand ways to go on and a
few to close, and white space has hundreds. So a walk prefers to end what is open, more and more as its budget shrinks,
it seldom idles, and it writes the required properties of the object that it is in, as a model does that has read the
schema. Everything else is uniform. The walk
only prefers among what the mask allows; it never leaves it, and it treats all engines alike.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from maskforge.jsonschemabench.engines.base import Run
from maskforge.jsonschemabench.records import WalkRecord

END = 0.7  # how likely end-of-sequence is taken where it is allowed
NAME = 0.9  # how likely a missing required property is begun where a name may begin
CLOSE = 0.5  # how likely what is open is closed, at the start of the budget; at its end CLOSE_LATE
CLOSE_LATE = 0.97
PLAIN = 0.9  # how likely white space is passed over outside strings, and escapes in them, where there is a choice
SUBSCHEMAS = 500  # how many are looked at for the names of one object


class WalkerError(Exception):
    """A mistake of the walk itself."""


class Scanner:
    """Where in a JSON text one is: in a string or not, in which objects and arrays, under which keys."""

    def __init__(self) -> None:
        self.in_string = False
        self.stack: list[dict[str, Any]] = []
        self._escaped = False
        self._string = bytearray()

    @property
    def key_expected(self) -> bool:
        """The next string is the name of a property."""
        return not self.in_string and bool(self.stack) and self.stack[-1].get("key", "") is None

    @property
    def path(self) -> list[str | int]:
        """To the innermost open container: the key or index under which each of those below the root lies."""
        return [level["at"] for level in self.stack[1:]]

    @property
    def keys(self) -> set[str]:
        """That the innermost object has so far."""
        return self.stack[-1]["keys"] if self.stack and "keys" in self.stack[-1] else set()

    def read(self, content: bytes) -> None:
        for byte in content:
            if self.in_string:
                self._read_string(byte)
            elif byte == 0x22:
                self.in_string = True
                self._string = bytearray()
            elif byte in b"{[":
                level: dict[str, Any] = {"keys": set(), "key": None} if byte == 0x7B else {"index": 0}
                if self.stack:
                    above = self.stack[-1]
                    level["at"] = above["index"] if "index" in above else above["key"]
                self.stack.append(level)
            elif byte in b"}]" and self.stack:
                self.stack.pop()
            elif byte == 0x2C and self.stack:
                if "index" in self.stack[-1]:
                    self.stack[-1]["index"] += 1
                else:
                    self.stack[-1]["key"] = None

    def _read_string(self, byte: int) -> None:
        if self._escaped:
            self._escaped = False
        elif byte == 0x5C:
            self._escaped = True
        elif byte == 0x22:
            self.in_string = False
            if self.key_expected:
                name = _decoded(bytes(self._string))
                self.stack[-1]["key"] = name
                self.stack[-1]["keys"].add(name)
            return
        self._string.append(byte)


def _decoded(string: bytes) -> str:
    try:
        return str(json.loads(b'"' + string + b'"'))
    except ValueError:  # an engine let something through that is no JSON: the validator will say so
        return string.decode("utf-8", "replace")


def expanded(root: Any, schema: Any, seen: set[int] | None = None) -> Iterator[dict[str, Any]]:
    """A schema with all that it takes part in: local references, combinators. At most SUBSCHEMAS of them."""
    seen = set() if seen is None else seen
    if not isinstance(schema, dict) or id(schema) in seen or len(seen) >= SUBSCHEMAS:
        return
    seen.add(id(schema))
    yield schema
    if isinstance(reference := schema.get("$ref"), str):
        yield from expanded(root, _local(root, reference), seen)
    for keyword in ("allOf", "anyOf", "oneOf"):
        if isinstance(branches := schema.get(keyword), list):
            for branch in branches:
                yield from expanded(root, branch, seen)
    for keyword in ("then", "else"):
        yield from expanded(root, schema.get(keyword), seen)


def _local(root: Any, reference: str) -> Any:
    if not reference.startswith("#"):
        return None
    found = root
    for step in reference[1:].split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        elif isinstance(found, dict):
            found = found.get(step)
        else:
            return None
    return found


def required_names(root: Any, path: Sequence[str | int]) -> list[str]:
    """Names that the object at `path` is likely to need: what `required` says there, in any branch. A guess."""
    current = list(expanded(root, root))
    for step in path:
        below = [schema for parent in current for schema in _below(parent, step)]
        seen: set[int] = set()
        current = [found for schema in below for found in expanded(root, schema, seen)]
    lists = [schema["required"] for schema in current if isinstance(schema.get("required"), list)]
    return list(dict.fromkeys(name for names in lists for name in names if isinstance(name, str)))


def _below(schema: dict[str, Any], step: str | int) -> Iterator[Any]:
    if isinstance(step, str):
        properties = schema.get("properties")
        if isinstance(properties, dict) and step in properties:
            yield properties[step]
        else:
            yield schema.get("additionalProperties")
    else:
        for keyword in ("prefixItems", "items"):
            items = schema.get(keyword)
            if isinstance(items, list) and step < len(items):
                yield items[step]
            elif isinstance(items, dict):
                yield items


class Walker:
    """Walks for one vocabulary."""

    def __init__(self, contents: Sequence[bytes], eos: int, encode: Callable[[str], list[int]], bitmask: Any) -> None:
        """contents: the bytes of every token. bitmask: the buffer of uint32 that engines write to."""
        self._contents = contents
        self._eos = eos
        self._encode = encode
        self._bytes = np.frombuffer(bitmask, dtype=np.uint8)
        self._closing = [self._starting(b"}]"), self._starting(b'"'), self._starting(b",")]
        self._plain = {False: ~self._starting(b" \t\r\n"), True: ~self._starting(b"\\")}  # by: in a string

    def _starting(self, characters: bytes) -> Any:
        return np.array([content[:1] != b"" and content[0] in characters for content in self._contents], dtype=bool)

    def walk(
        self, begin: Callable[[], Run], schema: Any, seed: str, budget: int, out_of_time: Callable[[], bool]
    ) -> WalkRecord:
        """One text of at most `budget` tokens. The record's `valid` is left open, its `text` is complete."""
        record, text = WalkRecord(ended=False), bytearray()
        steps = self._steps(schema, random.Random(seed), budget, record, text)
        try:  # whatever the engine throws costs it this walk, not the run
            run = begin()
            while record.tokens < budget and not out_of_time():
                run.fill()
                run.check()
                run.publish()
                token = next(steps, None)
                if token is None:
                    record.stopped = f"a mask without any token after {record.tokens} tokens"
                    break
                if not run.accept(token):
                    record.stopped = f"refuses token {token} that its mask allows, after {record.tokens} tokens"
                    break
                run.check()
                record.tokens += 1
                record.ended = token == self._eos
                if record.ended:
                    break
            else:
                record.reason = f"no end after {record.tokens} tokens"
        except WalkerError as error:
            record.reason = f"the walk itself failed: {error}"
        except Exception as error:
            record.stopped = f"{type(error).__name__}: {error}"
        record.text = text.decode("utf-8", "replace")  # as detokenizers do; half a character is U+FFFD and may be valid
        return record

    def _steps(
        self, schema: Any, chance: random.Random, budget: int, record: WalkRecord, text: bytearray
    ) -> Iterator[int]:
        """Tokens, each chosen from the mask that is in the buffer when it is asked for; ends at an empty mask.

        Adds to `text` what they say and to `record` which were forced. Whatever goes wrong here is no engine's fault.
        """
        scanner, plan = Scanner(), list[int]()
        try:
            while True:
                allowed = np.unpackbits(self._bytes, bitorder="little")[: len(self._contents)].view(bool)
                count = int(np.count_nonzero(allowed))
                if not count:
                    return
                if scanner.key_expected and not plan and chance.random() < NAME:
                    plan = self._name(scanner, schema, chance)
                if plan and allowed[plan[0]]:
                    token = plan.pop(0)
                else:
                    plan = []
                    token = self._choose(allowed, scanner.in_string, record.tokens / budget, chance)
                record.forced_tokens += count == 1
                text += self._contents[token]
                scanner.read(self._contents[token])
                yield token
        except Exception as error:
            raise WalkerError(f"{type(error).__name__}: {error}") from error

    def _name(self, scanner: Scanner, schema: Any, chance: random.Random) -> list[int]:
        missing = [name for name in required_names(schema, scanner.path) if name not in scanner.keys]
        return self._encode(f"{json.dumps(chance.choice(missing), ensure_ascii=False)}:") if missing else []

    def _choose(self, allowed: Any, in_string: bool, used: float, chance: random.Random) -> int:
        if allowed[self._eos] and chance.random() < END:
            return self._eos
        if chance.random() < CLOSE + (CLOSE_LATE - CLOSE) * used:
            for closing in self._closing[1:2] if in_string else self._closing:
                ids = np.flatnonzero(allowed & closing)
                if len(ids):
                    return int(ids[chance.randrange(len(ids))])
        ids = np.flatnonzero(allowed)
        if chance.random() < PLAIN:
            plain = np.flatnonzero(allowed & self._plain[in_string])
            ids = plain if len(plain) else ids
        return int(ids[chance.randrange(len(ids))])
