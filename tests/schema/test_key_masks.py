"""Masks inside keys, which are walked along the names of the object: each bit is what accepting the token says."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest

import maskforge as mf

NAMES = [
    "",
    "a",
    "ab",
    "abc",
    "b",
    "b/c",
    'q"r',
    "back\\slash",
    "tab\there",
    "é",
    "éa",
    "東",
    "東京",
    "😀",
    "😀b",
    "😁",
]
EOS = 0


@cache
def compiler() -> mf.Compiler:
    """Every byte, and tokens that cut names, escapes and characters in every way."""
    dice = random.Random(5)
    texts = {bytes([byte]) for byte in range(256)}
    for name in NAMES:
        for spelling in spellings(name):
            for text in (
                spelling + b'"',
                spelling + b'":',
                spelling + b'":1',
                b'"' + spelling,
                b'"' + spelling + b'":1}',
            ):
                start = dice.randrange(len(text))
                texts |= {text, text[start:], text[: start + 1], text[start : start + dice.randrange(1, 8)]}
    texts |= {
        b"\\u",
        b"\\u0",
        b"\\u00",
        b"\\U0061",
        b"\\ud83",
        b"\\ud83d\\",
        b"\\udc00",
        b"\\ud83d\\u0061",
        b'":2',
        b",",
        b'",',
    }
    return mf.Compiler(mf.Vocabulary.from_tokens([b"", *sorted(texts - {b""})], EOS))


def spellings(name: str) -> list[bytes]:
    """The text of a key as it may stand between quotes: short, all escaped in both cases, and mixed."""
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    plain = "".join(short.get(character, character) for character in name)

    def escaped(upper: bool) -> str:
        units = name.encode("utf-16-be")
        digits = [units[i : i + 2].hex() for i in range(0, len(units), 2)]
        return "".join(f"\\u{unit.upper() if upper else unit}" for unit in digits)

    slashed = plain.replace("/", "\\/")
    return [text.encode() for text in {plain, slashed, escaped(False), escaped(True)}]


def check(matcher: mf.Matcher) -> list[int]:
    allowed = matcher.allowed_tokens()
    vocabulary = compiler().vocabulary
    for token in range(1, vocabulary.size):
        accepted = matcher.fork().accept_token(token)
        assert accepted == (token in allowed), (vocabulary.token(token), accepted)
    return allowed


INTEGER = {"type": "integer"}
SCHEMAS: dict[str, Any] = {
    "open": {"type": "object", "properties": dict.fromkeys(NAMES, INTEGER)},
    "closed": {"type": "object", "properties": dict.fromkeys(NAMES, INTEGER), "additionalProperties": False},
    "forbidden": {"type": "object", "properties": dict.fromkeys(NAMES[::2], False) | dict.fromkeys(NAMES[1::2], True)},
    "required": {"type": "object", "properties": {"ab": INTEGER}, "required": ["abc", "😀"], "maxProperties": 3},
    "alternatives": {
        "type": "object",
        "anyOf": [
            {"properties": {"a": INTEGER, "ab": False}, "required": ["abc"], "additionalProperties": INTEGER},
            {"properties": {"b": INTEGER, "é": INTEGER}, "required": ["b"], "additionalProperties": False},
        ],
    },
    "patterns": {"type": "object", "properties": {"a": INTEGER}, "patternProperties": {"^ab": False, "c$": True}},
    "key language": {"type": "object", "propertyNames": {"maxLength": 2}, "properties": dict.fromkeys(NAMES, INTEGER)},
}


@pytest.mark.parametrize("kind", SCHEMAS)
def test_masks_inside_keys(kind: str) -> None:
    grammar = compiler().json_schema(SCHEMAS[kind], whitespace="compact")
    vocabulary = compiler().vocabulary
    dice = random.Random(kind)
    for _ in range(6):
        matcher = grammar.matcher()
        assert matcher.accept_bytes(b"{") == 1
        for _ in range(14):
            allowed = [token for token in check(matcher) if token != EOS]
            if not allowed:
                break
            # Rather a token of a name than a byte of an unnamed key.
            longer = [token for token in allowed if len(vocabulary.token(token)) > 1]
            assert matcher.accept_token(dice.choice(longer if longer and dice.random() < 0.8 else allowed))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_itself_in_every_spelling(name: str) -> None:
    """The member's value shows which key was read: the name's is an integer, another's a string."""
    schema = {"type": "object", "properties": {name: INTEGER}, "additionalProperties": {"type": "string"}}
    for spelling in spellings(name):
        matcher = compiler().json_schema(schema, whitespace="compact").matcher()
        for byte in b'{"' + spelling + b'":':
            check(matcher)
            assert matcher.accept_bytes(bytes([byte])) == 1
        assert not matcher.fork().accept_bytes(b'"')
        assert matcher.accept_bytes(b"1}") == 2
