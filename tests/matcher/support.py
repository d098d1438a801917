"""Small vocabularies and specs for the tests of matchers, and masks as sets of ids."""

from __future__ import annotations

from typing import Any

import maskforge as mf

# Characters of JSON, tokens that cross strings, keys and brackets, duplicates, halves of a UTF-8 character, tokens that
# are never text. All digits and hexadecimal digits are there, so every text of the specs below can be spelled.
WORDS = [
    b"", b"</s>", b"{", b"}", b"[", b"]", b'"', b":", b",", b" ", b"\n", b"\\", b"-", b".", b"0", b"1", b"2", b"7",
    b"00", b"12", b"e", b"a", b"b", b"c", b"name", b"tags", b'{"', b'":', b'",', b'", "', b'"}', b'"a"', b"true", b"tr",
    b"ue", b"false", b"null", b"nu", b"ll", b"]}", b"}]", b'["', b'"]', b'{"a":1', b"\xc3", b"\xa9", b"\xc3\xa9",
    b"a", b"abc", b'\\"', b"u00", b": ", b", ", b'"name": "', b'"tags": [', b"[[", b"]]", b"\xff", b"  ",
    b"3", b"4", b"5", b"6", b"8", b"9", b"+", b"D", b"F",
]  # fmt: skip
EOS = 1

SCHEMAS: list[Any] = [
    True,
    {"type": "boolean"},
    {"type": "integer", "minimum": 7, "maximum": 120},
    {"enum": ["a", "abc", "b", 1, None, True, [1], {"a": 1}]},
    {"type": "string", "minLength": 1, "maxLength": 3},
    {"type": "array", "items": {"type": "array", "items": {"enum": [1, 12]}}, "minItems": 1},
    {
        "type": "object",
        "properties": {"name": {"type": "string"}, "tags": {"type": "array", "items": {"enum": ["a", "b"]}}},
        "required": ["name"],
        "additionalProperties": False,
    },
    {"type": "object", "additionalProperties": {"type": "integer"}},
    {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]}]},
]
PATTERNS = ["(a|b|abc)*", "(12|1)0{2,3}", "[^a]{1,2}", "\u00e9+a?", "(name)?[a-c]+"]


def vocabulary() -> mf.Vocabulary:
    return mf.Vocabulary.from_tokens(WORDS, eos_token_ids=[EOS])


def byte_vocabulary() -> mf.Vocabulary:
    """Token b is byte b; 256 ends the sequence."""
    return mf.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[256])


def compile_all(compiler: mf.Compiler) -> list[mf.Grammar]:
    return [compiler.json_schema(schema) for schema in SCHEMAS] + [compiler.regex(pattern) for pattern in PATTERNS]


def mask_ids(matcher: mf.Matcher) -> list[int]:
    """The ids of the filled bitmask, read bit by bit."""
    size = matcher.vocabulary.size
    bitmask = mf.allocate_token_bitmask(1, size)
    any_allowed = matcher.fill_next_token_bitmask(bitmask)
    words = [word & 0xFFFFFFFF for word in bitmask[0].tolist()]
    ids = [token for token in range(32 * len(words)) if words[token // 32] >> (token % 32) & 1]
    assert all(token < size for token in ids)
    assert any_allowed == bool(ids)
    return ids
