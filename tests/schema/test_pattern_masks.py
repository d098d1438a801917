"""Masks of patterns over a vocabulary that is large enough for every way to make one: each against its definition.

Tiny vocabularies are always walked token by token; what is built on the mask of another state (csrc/masks/solver.h)
only begins with hundreds of tokens that go on together.
"""

from __future__ import annotations

import functools
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import maskforge as mf
from tests.schema.walks import Walker

LETTERS = "ABCDEFGabcdefg"
CLASSES = ("[A-Z]", "[a-z]", "[A-Za-z]", "\\d", "[A-Z0-9]", "[a-z0-9]", "[^A-Z]", "[^\\d]", "a", "B", ".", "\\(")


@functools.cache
def syllables() -> mf.Vocabulary:
    """All bytes, and all pairs and triples of letters, some with digits: 4,600 tokens."""
    tokens = [bytes([byte]) for byte in range(256)]
    for length in (2, 3):
        tokens += ["".join(letters).encode() for letters in itertools.product(LETTERS, repeat=length)]
    tokens += [f"{first}{digits}".encode() for first in LETTERS for digits in range(100)]
    return mf.Vocabulary.from_tokens([*tokens, b"</s>"], eos_token_ids=len(tokens))


def check_masks(grammar: mf.Grammar, text: str) -> None:
    """At every byte of a text, up to where it leaves the grammar, the mask is what its definition says."""
    walker, matcher = Walker(grammar.vocabulary), grammar.matcher()
    tokens = range(0, grammar.vocabulary.size, 3)
    for byte in text.encode():
        allowed = set(matcher.allowed_tokens())
        assert allowed.intersection(tokens) == walker.expected(matcher, iter(tokens)), text
        if not matcher.accept_bytes(bytes([byte])):
            return


@pytest.mark.parametrize(
    "pattern",
    ["^([A-Z][a-z]?\\d*|\\(([A-Z][a-z]?\\d*)+\\)\\d*)+$", "^([A-Z][a-z]?\\d*)+$", "^([A-Z]+[a-z]|[a-z]+[A-Z])*$"],
)
@pytest.mark.parametrize("text", ['"Aa', '"a', '"(A', '"(Ab', '"ABab0AB'])
def test_two_states_that_lead_to_each_other(pattern: str, text: str) -> None:
    # After `A` most bytes led where they lead after `Aa`, and the other way round: each mask was to be made from the
    # other, without end, and the process died of its stack.
    check_masks(mf.Compiler(syllables()).json_schema({"type": "string", "pattern": pattern}), text)


@functools.cache
def endings() -> mf.Vocabulary:
    """The syllables and more of them, and pairs of letters with what ends a string, escapes something or is cut within
    a character: few enough for a proof about the others to pay."""
    tokens = [syllables().token(token) for token in range(syllables().size - 1)]
    tokens += ["".join(letters).encode() for letters in itertools.product("ABCDEabcde", repeat=4)]
    ends = [
        '"',
        '",',
        '"}',
        '":',
        "\\",
        "\\n",
        '\\"',
        '\\"a',
        "\\u00",
        "\\u0061",
        "é",
        '"]',
        "\\ud83d",
        "\\ud83dx",
        "\n",
    ]
    for letters in itertools.product(LETTERS, repeat=2):
        tokens += [("".join(letters) + end).encode() for end in ends]
        tokens.append(("".join(letters) + "é").encode()[:-1])
    return mf.Vocabulary.from_tokens([*tokens, b"</s>"], eos_token_ids=len(tokens))


ENDLESS = {
    "a pattern that may come anywhere": {"type": "string", "pattern": "aB|Cd"},
    "one at the end": {"type": "string", "pattern": "[ab]\\.?e$"},
    "two": {"type": "string", "allOf": [{"pattern": "a"}, {"pattern": "B[Cc]"}]},
    "two at the end": {"type": "string", "allOf": [{"pattern": "[aA]$"}, {"pattern": "[AB]$"}]},
    "two that differ but for one text": {
        "type": "string",
        "allOf": [{"pattern": "a$|^Cde?$"}, {"pattern": "B$|^Cde?$"}],
    },
    "one that may not come": {"type": "string", "pattern": "a", "not": {"pattern": "AA"}},
    "one of a few": {"oneOf": [{"type": "string", "pattern": "ab"}, {"type": "string", "maxLength": 4}]},
    "what a password needs": {"type": "string", "pattern": "^(?=.*[a-z])(?=.*[A-Z])(?=.*[\\dé])[A-Za-zé\\d]{4,}$"},
    "what it needs in so many": {"type": "string", "pattern": "^(?=.*[a-z])(?=.*[A-Z])(?=.*\\d)[A-Za-z\\d]{4,6}$"},
    "beside what may not come": {"type": "string", "pattern": "^(?!.*AA)(?=.*[a-z])(?=.*[B-D]).{3,}$"},
    "a word that may not come": {"type": "string", "pattern": "^(?!.*(aAB|Cd))[A-Za-z.é]*$"},
    "two, in so many": {"type": "string", "not": {"pattern": "abA|Cd|aaa"}, "maxLength": 7},
    "what a password needs in few": {"type": "string", "pattern": "^(?=.*[a-z])(?=.*[A-Z])(?=.*\\d).{5,9}$"},
    "what begins unlike it goes on": {"type": "string", "pattern": "^[A-Z][a-z.é]*([A-Z]e)?$"},
    "in the first line": {"type": "string", "pattern": "^(?=.*[a-z])(?=.*\\d)[\\s\\S]{3,}$"},
    "what decides about others": {
        "properties": {"a": {"type": "string"}},
        "if": {"properties": {"a": {"pattern": "bA|c$"}}},
        "then": {"required": ["b"]},
    },
}


@pytest.mark.parametrize("text", ["aB", "abA", "Cd.e", "ééa", "AaAA", "\\u0061", "c"])
@pytest.mark.parametrize("name", ENDLESS)
def test_strings_that_can_always_go_on(name: str, text: str) -> None:
    begin = '{"a":' if "properties" in ENDLESS[name] else ""
    check_masks(mf.Compiler(endings()).json_schema(ENDLESS[name]), f'{begin}"{text}"}}')


def patterns() -> st.SearchStrategy[str]:
    leaves = st.sampled_from(CLASSES)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map("".join),
            st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
            st.tuples(inner, st.sampled_from("*+?")).map(lambda two: f"({two[0]}){two[1]}"),
            st.tuples(inner, st.integers(0, 3), st.integers(3, 40)).map(lambda of: f"({of[0]}){{{of[1]},{of[2]}}}"),
        ),
        max_leaves=6,
    )


@settings(max_examples=60, deadline=None)
@given(patterns(), st.text("ABCabc012(", max_size=6), st.booleans())
def test_masks_are_what_their_definition_says(pattern: str, text: str, anchored: bool) -> None:
    schema = {"type": "string", "pattern": f"^({pattern})$" if anchored else pattern}
    check_masks(mf.Compiler(syllables()).json_schema(schema), f'"{text}"')


def conditions() -> st.SearchStrategy[str]:
    """Patterns that ask for some things to come and others not to, as those of passwords do."""
    lead = st.sampled_from((".*", "[^ ]*", "[A-Za-z]*", "\\D*", ""))
    ahead = st.tuples(st.sampled_from(("=", "=", "=", "!")), lead, st.sampled_from((*CLASSES, "[Bb]\\d", "AA|a.b")))
    bounds = st.sampled_from(("+", "{3,}", "{2,5}", "{8,12}", "*"))
    body = st.tuples(st.sampled_from(("[A-Za-z\\d]", "[A-Za-z\\dé\\n]", ".", "\\S", "[\\s\\S]")), bounds).map("".join)
    return st.tuples(st.lists(ahead.map(lambda of: f"(?{of[0]}{of[1]}({of[2]}))"), min_size=1, max_size=3), body).map(
        lambda of: f"^{''.join(of[0])}{of[1]}$"
    )


@settings(max_examples=60, deadline=None)
@given(conditions(), st.text("ABCabc012", max_size=6))
def test_conditions_that_can_wait(pattern: str, text: str) -> None:
    try:
        grammar = mf.Compiler(syllables()).json_schema({"type": "string", "pattern": pattern})
    except mf.UnsatisfiableError:
        return
    check_masks(grammar, f'"{text}"')
