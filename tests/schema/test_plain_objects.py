"""Objects without alternatives: a key leaves the tables and needed names of a conjunction as they are, or fewer.

Every order of a few keys, with every value of some kinds, is read as an independent validator judges it.
"""

from __future__ import annotations

import functools
import itertools
import json
from typing import Any

import pytest

import maskforge as mf
from tests.schema.support import oracle
from tests.schema.walks import Walker

VALUES = [1, 2, True, "", {}, {"a": 1}]
INTEGER, BOOLEAN = {"type": "integer"}, {"type": "boolean"}


@functools.cache
def small() -> tuple[mf.Compiler, Walker]:
    words = [b'{"', b'":', b',"', b'"}', b"}}", b'{"a', b'"a":1', b'b":', b'":{"', b"true", b"1}", b'1,"', b"{}"]
    vocabulary = mf.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b"", *words], eos_token_ids=[256])
    return mf.Compiler(vocabulary), Walker(vocabulary)


SCHEMAS: dict[str, dict[str, Any]] = {
    "needed and named": {"properties": {"a": INTEGER, "b": BOOLEAN}, "required": ["b"], "additionalProperties": False},
    "needed and not named": {"properties": {"a": INTEGER}, "required": ["b", "a"], "additionalProperties": BOOLEAN},
    "needed by a pattern": {"patternProperties": {"^a": INTEGER, "b$": {"const": 1}}, "required": ["ab"]},
    "needed and never": {"properties": {"a": False, "b": BOOLEAN}, "required": ["b"]},
    "two tables that end": {
        "allOf": [{"properties": {"a": INTEGER}}, {"properties": {"a": {"const": 1}, "b": BOOLEAN}}],
        "required": ["ab"],
    },
    "one table that ends": {
        "allOf": [{"properties": {"a": INTEGER, "b": INTEGER}}, {"additionalProperties": {"not": BOOLEAN}}],
    },
    "an empty table": {"properties": {}, "required": ["a"]},
    "recursion": {"properties": {"a": {"anyOf": [{"$ref": "#"}, {"const": 2}]}, "b": {"$ref": "#"}}, "required": ["a"]},
    "a count": {"properties": {"a": INTEGER}, "minProperties": 1, "maxProperties": 2},
    "names": {"propertyNames": {"pattern": "^a"}, "required": ["a"], "additionalProperties": INTEGER},
}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())
def test_every_order_and_value(schema: dict[str, Any]) -> None:
    schema = {"type": "object", **schema}
    compiler, walker = small()
    grammar = compiler.json_schema(schema, whitespace="compact")
    valid = oracle(schema)
    seen = set()
    for count in range(4):
        for keys in itertools.permutations(["a", "b", "ab"], count):
            for values in itertools.product(VALUES if count < 3 else VALUES[:3], repeat=count):
                value = dict(zip(keys, values, strict=True))
                expected = valid.is_valid(value)
                text = json.dumps(value, separators=(",", ":")).encode()
                assert walker.reads(grammar, text) == expected, value
                seen.add(expected)
    assert seen == {False, True}


def test_a_key_comes_once() -> None:
    compiler, walker = small()
    for schema in SCHEMAS.values():
        grammar = compiler.json_schema({"type": "object", **schema}, whitespace="compact")
        for key in ("a", "ab", "b"):
            for first, second in itertools.product([b"1", b"true"], repeat=2):
                text = b'{"%b":%b,"%b":%b}' % (key.encode(), first, key.encode(), second)
                assert not walker.reads(grammar, text), text
