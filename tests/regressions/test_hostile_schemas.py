"""Schemas made to hurt: each ends in right answers or in a clear error, with bounded work."""

from __future__ import annotations

import json
from typing import Any

import pytest

import maskforge as mf
from tests.schema.support import byte_compiler


def accepts(schema: Any, text: str) -> bool:
    matcher = byte_compiler().json_schema(schema).matcher()
    data = text.encode()
    return matcher.accept_bytes(data) == len(data) and matcher.is_accepting()


def nested_alternatives(depth: int) -> dict[str, Any]:
    if depth == 0:
        return {"type": "object", "properties": {"a": {"type": "integer"}}}
    return {"oneOf": [nested_alternatives(depth - 1), {"not": nested_alternatives(depth - 1)}]}


def branches(count: int) -> list[dict[str, Any]]:
    return [
        {
            "type": "object",
            "properties": {f"k{i}": {"type": "integer", "minimum": i}, f"k{i + 1}": {"type": "string"}},
            "required": [f"k{i}"],
        }
        for i in range(count)
    ]


def test_many_properties() -> None:
    names = [f"p{i}" for i in range(5000)]
    schema = {
        "type": "object",
        "properties": {name: {"type": "integer"} for name in names},
        "additionalProperties": False,
    }
    assert accepts(schema, json.dumps(dict.fromkeys(names[:1500], 1)))
    assert not accepts(schema, '{"p1": 1, "p1": 1}')
    assert not accepts(schema, '{"q": 1}')


def test_many_required_properties() -> None:
    names = [f"p{i}" for i in range(1000)]
    schema = {"type": "object", "required": names}
    assert accepts(schema, json.dumps(dict.fromkeys(reversed(names))))
    assert not accepts(schema, json.dumps(dict.fromkeys(names[1:])))


@pytest.mark.parametrize("value", ["value99999", 99999])
def test_many_values(value: str | int) -> None:
    values: list[str | int] = [f"value{i}" for i in range(100_000)]
    values += range(100_000)
    assert accepts({"enum": values}, json.dumps(value))
    assert not accepts({"enum": values}, json.dumps(f"{value}9"))


def test_deep_texts_of_a_recursive_schema() -> None:
    schema = {"$ref": "#/$defs/a", "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}}}}
    assert accepts(schema, "[" * 3000 + "]" * 3000)


def test_nested_exclusive_alternatives() -> None:
    # A or not A, exactly one of them, always holds; and so do all levels above.
    assert accepts(nested_alternatives(10), '{"a": 1}')
    assert accepts(nested_alternatives(10), '{"a": "x"}')


def test_many_overlapping_branches() -> None:
    schema = {"oneOf": branches(100)}
    assert accepts(schema, '{"k3": 5}')
    assert not accepts(schema, '{"k3": 2}')
    assert not accepts(schema, '{"k3": 5, "k7": 9}')  # two branches hold
    assert accepts(schema, '{"k3": 5, "k4": "x"}')


def test_very_many_ways_to_the_same_coverage() -> None:
    # Every level leads to the next in two ways: 2^40 ways to the last.
    levels: dict[str, Any] = {
        f"x{i}": {
            "anyOf": [{"required": [f"a{i}"], "$ref": f"#/$defs/x{i + 1}"}, {"$ref": f"#/$defs/x{i + 1}"}],
            "properties": {f"p{i}": True},
        }
        for i in range(40)
    }
    levels["x40"] = {"properties": {"z": True}}
    schema = {"$ref": "#/$defs/x0", "unevaluatedProperties": False, "$defs": levels}
    assert accepts(schema, '{"p3": 1, "z": 1}')
    assert not accepts(schema, '{"p3": 1, "a3": 1}')


def test_exclusive_branches_that_evaluate_different_members() -> None:
    schema = {"oneOf": branches(60), "unevaluatedProperties": False}
    assert accepts(schema, '{"k4": "x", "k3": 5}')
    assert not accepts(schema, '{"k3": 5, "k9": "x"}')


def test_counts_and_patterns_below_conditions() -> None:
    # The second branch holds whatever follows, and so does the third: a search over all kinds of keys finds nothing.
    counted = {
        "patternProperties": {"^a": {"type": "string"}, "a": {"const": 1}},
        "properties": {"b": {"type": "integer"}},
        "required": ["b"],
        "minProperties": 1,
        "maxProperties": 3,
        "additionalProperties": {"const": 1},
    }
    schema = {
        "oneOf": [
            {"dependentSchemas": {"ab": counted}, "properties": {"ab": {"const": 1}}},
            {"properties": {"b": {"const": 1}}, "patternProperties": {"b$": {"type": "integer"}}, "required": ["b"]},
            {"properties": {"b": True, "c": True}},
        ],
        "unevaluatedProperties": {"type": "integer"},
    }
    assert not accepts(schema, '{"b": 1}')
    assert accepts(schema, '{"ab": 1, "b": 0}')


def test_references_that_consume_nothing() -> None:
    with pytest.raises(mf.UnsupportedError, match="consumes nothing"):
        byte_compiler().json_schema(
            {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}
        )


def test_values_that_never_end_are_unsatisfiable() -> None:
    endless = {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "required": ["a"]}
    with pytest.raises(mf.UnsatisfiableError):
        byte_compiler().json_schema({"$ref": "#/$defs/a", "$defs": {"a": endless}})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 10**6, "maxLength": 10**9},
        {"type": "array", "minItems": 10**6},
        {"type": "object", "minProperties": 10**5},
    ],
    ids=["lengths", "items", "properties"],
)
def test_far_bounds_cost_what_near_ones_cost(schema: Any) -> None:
    matcher = byte_compiler().json_schema(schema).matcher()
    assert matcher.accept_bytes({"string": b'"', "array": b"[", "object": b"{"}[schema["type"]]) == 1
    assert ord({"string": '"', "array": "]", "object": "}"}[schema["type"]]) not in matcher.allowed_tokens()


def test_open_questions_beyond_the_fuel_are_a_clear_error() -> None:
    # Thirty branches that all stay open over ten keys: more combinations of verdicts than the fuel allows.
    schema = {
        "anyOf": [
            {"type": "object", "properties": {f"k{j}": {"multipleOf": i + 2} for j in range(10)}} for i in range(30)
        ]
    }
    matcher = byte_compiler().json_schema(schema).matcher()
    try:
        matcher.accept_bytes(b'{"k3": 60, "k4": 7}')
    except mf.FuelError as error:
        assert "fuel" in str(error)
    assert byte_compiler().json_schema({"type": "integer"}).matcher().accept_bytes(b"12") == 2
