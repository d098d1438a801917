"""Defects of schemas that the tests of this repository found, each with the smallest case that shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest

import maskforge as mf
from tests.schema.support import allows, byte_compiler, byte_vocabulary


@pytest.mark.parametrize("schema", [True, {"type": "string"}, {"maxLength": 9}, {"pattern": "^[^a]*$"}])
def test_an_escape_never_begins_with_a_low_surrogate(schema: Any) -> None:
    # The byte after \ud was allowed, and then no hexadecimal digit could follow.
    grammar = byte_compiler().json_schema(schema)
    for start in (b'"', b'"x\\ud83d\\ude00'):
        matcher = grammar.matcher()
        assert matcher.accept_bytes(start + b"\\ud") == len(start) + 3
        assert set(matcher.allowed_tokens()) == set(b"0123456789abAB")
    for text, good in ((r'"\ud7ff"', True), (r'"\ue000"', True), (r'"\udc00"', False), (r'"\ud800"', False)):
        assert allows(schema, text) == good
    assert allows(schema, r'"\uDBFF\uDFFF"') and not allows(schema, r'"\ud800\ud800"')


BOUNDS = [(1, 0), (2, 1), (2, 0), (3, 1), (5, 3), (1000, 1)]


@pytest.mark.parametrize("kind", ["Properties", "Items", "Length", "Contains"])
@pytest.mark.parametrize("least, most", BOUNDS)
def test_a_lower_bound_above_the_upper_one(kind: str, least: int, most: int) -> None:
    # Two bounds that were not neighbours met as if they were unrelated: `{` led nowhere.
    bounds: dict[str, Any] = {f"min{kind}": least, f"max{kind}": most, "contains": True}
    type_of = {"Properties": "object", "Items": "array", "Length": "string", "Contains": "array"}[kind]
    with pytest.raises(mf.UnsatisfiableError):
        byte_compiler().json_schema({"type": type_of, **bounds})
    with pytest.raises(mf.UnsatisfiableError):
        byte_compiler().json_schema({"type": type_of, "allOf": [{f"min{kind}": least, "contains": True}, bounds]})
    opener = {"object": b"{", "array": b"[", "string": b'"'}[type_of]
    assert opener[0] not in byte_compiler().json_schema(bounds).matcher().allowed_tokens()
    anything = byte_compiler().json_schema({"type": type_of, "not": bounds}).matcher()
    assert anything.accept_bytes(opener) == 1


def test_identifiers_inside_unknown_keywords_are_none() -> None:
    schema = {
        "$defs": {
            "no": {"not": {"unknown": [{"$id": "https://example.com/x", "type": "null"}]}},
            "yes": {"$id": "https://example.com/x", "type": "string"},
        },
        "$ref": "https://example.com/x",
    }
    assert allows(schema, '""') and not allows(schema, "null")


def test_an_identifier_that_is_a_fragment_is_an_anchor_in_draft_4() -> None:
    draft4 = "http://json-schema.org/draft-04/schema#"
    schema = {"$schema": draft4, "definitions": {"n": {"id": "#foo", "type": "integer"}}, "items": {"$ref": "#foo"}}
    assert allows(schema, "[1]") and not allows(schema, '["x"]')


@pytest.mark.parametrize(
    "text, right", [("[[null],null]", True), ("[null,[null]]", True), ("[null]", False), ("[[null]]", False)]
)
def test_an_array_that_must_hold_itself_in_small(text: str, right: bool) -> None:
    leaf = {"contains": {"type": "null"}}
    schema = {"contains": {"type": "array", "$ref": "#/$defs/leaf"}, "$ref": "#/$defs/leaf", "$defs": {"leaf": leaf}}
    matcher = byte_compiler().json_schema(schema).matcher()
    assert (matcher.accept_bytes(text.encode()) == len(text) and matcher.is_accepting()) == right


def test_what_was_refused_once_is_refused_again() -> None:
    """What an error interrupted must not pass for finished afterwards."""
    compiler = mf.Compiler(byte_compiler().vocabulary)
    schema = {
        "type": "object",
        "patternProperties": {letter: {"minimum": place} for place, letter in enumerate("abcdefghijklmn")},
        "minProperties": 2,
    }
    for _ in range(2):
        with pytest.raises(mf.UnsupportedError, match="key patterns of one object overlap"):
            matcher = compiler.json_schema(schema).matcher()
            matcher.accept_bytes(b'{"1":')
            matcher.allowed_tokens()


@pytest.mark.parametrize(
    "dialect, schema",
    [
        ("http://json-schema.org/draft-04/schema#", {"const": 1, "contains": {}, "propertyNames": {}}),
        ("http://json-schema.org/draft-07/schema#", {"prefixItems": [], "dependentRequired": {}, "minContains": 1}),
        ("https://json-schema.org/draft/2020-12/schema", {"then": {}, "else": {}, "minContains": 1, "maxContains": 1}),
        ("https://json-schema.org/draft/2020-12/schema", {"uniqueItems": False}),
    ],
)
def test_every_keyword_is_in_the_report(dialect: str, schema: Any) -> None:
    # Those that mean nothing in their dialect, or without another keyword, were not.
    report = byte_compiler().json_schema({"$schema": dialect, **schema}).report
    found = {entry.keyword: (entry.status, bool(entry.reason)) for entry in report if entry.keyword in schema}
    expected = ("enforced", False) if "uniqueItems" in schema else ("annotation", True)
    assert found == dict.fromkeys(schema, expected)


def test_references_into_a_large_table_pass_through_its_identifier() -> None:
    # Tables of more than 32 members are looked into by hash, those with an identifier of their own too.
    homes: dict[str, Any] = {f"d{i}": {"$ref": "#/x"} for i in range(40)}
    inside = {"$id": "http://localhost/inner", "x": {"type": "null"}, **homes}
    schema = {"$ref": "#/$defs/inside/d7", "x": {"type": "integer"}, "$defs": {"inside": inside}}
    assert allows(schema, "null") and not allows(schema, "1")
    plain = {"$ref": "#/$defs/d7", "x": {"type": "integer"}, "$defs": homes}
    assert allows(plain, "1") and not allows(plain, "null")


@pytest.mark.parametrize("second", [{"enum": [1]}, {"enum": [1], "not": {"type": "integer"}}])
def test_equal_numbers_of_draft_4_are_one_value(second: Any) -> None:
    # 1 and 1.0 were counted as two values, and nothing could follow `[1`.
    draft4 = "http://json-schema.org/draft-04/schema#"
    one = {"type": "integer", "minimum": 1, "maximum": 1}
    schema = {"$schema": draft4, "type": "array", "uniqueItems": True, "items": [one, second], "minItems": 2}
    with pytest.raises(mf.UnsatisfiableError):
        byte_compiler().json_schema(schema)


def test_alternatives_cost_the_same_whatever_was_read_before() -> None:
    # Verdicts that no value gives together were forbidden in the order of the questions' numbers: the 66th object then
    # ended in a FuelError if the values had been met before.
    items = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    last = {"const": {"last": 0}}
    some = {"type": "array", "items": {"anyOf": [items, last]}, "anyOf": [{"uniqueItems": True}, {"contains": last}]}
    compiler = mf.Compiler(byte_vocabulary())
    text = "[" + ",".join(json.dumps({"name": f"n{i}", "age": i % 50}) for i in range(200))
    for schema in ({"type": "array", "uniqueItems": True, "items": items}, some):
        assert compiler.json_schema(schema).matcher().accept_bytes(text.encode()) == len(text)


def test_the_last_of_few_objects() -> None:
    # That no object is left was found by trying them all in one search, which ran out of fuel.
    number = {"type": "integer", "minimum": 1, "maximum": 60}
    items = {"type": "object", "properties": {"k": number}, "required": ["k"], "additionalProperties": False}
    matcher = byte_compiler().json_schema({"type": "array", "uniqueItems": True, "items": items}).matcher()
    text = "[" + ",".join(json.dumps({"k": i}) for i in range(1, 61))
    assert matcher.accept_bytes(text.encode()) == len(text)
    assert matcher.accept_bytes(b",") == 0 and matcher.accept_bytes(b"]") == 1


@pytest.mark.parametrize("items", [{}, {"type": "object"}, {"properties": {"a": {"type": "string"}}}])
@pytest.mark.parametrize("space", [" ", "  ", "\n", " \r\n\t"])
def test_white_space_before_a_colon_where_objects_are_compared(items: Any, space: str) -> None:
    # The value of the second object's member was looked for in front of the colon: the step ended with FuelError.
    schema = {"type": "array", "uniqueItems": True, "items": items}
    assert allows(schema, f'[{{"a"{space}:{space}"x"}},{{"a"{space}:"y"}},{{"a":"z"{space}}}]')
    for text in ('[{"a":"x"},{"a"%s:"x"}]', '[{"a"%s:"x"},{"a":"x"}]', '[{"a"%s:%s"x"},{"b":1,"a":"x"},{"a" :"x"}]'):
        assert not allows(schema, text.replace("%s", space))
