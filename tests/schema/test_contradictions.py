"""What an `UnsatisfiableError` names of a schema contradicts by itself, and does not without any one part of it."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import maskforge as mf
from maskforge import _core
from tests.schema import strategies
from tests.schema.relaxed import Relaxed
from tests.schema.support import DIALECTS, byte_compiler

SETTINGS = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def contradiction(schema: Any, **options: Any) -> mf.UnsatisfiableError:
    with pytest.raises(mf.UnsatisfiableError) as caught:
        byte_compiler().json_schema(schema, **options)
    return caught.value


def satisfiable(schema: Any) -> bool:
    try:
        byte_compiler().json_schema(schema)
    except mf.UnsatisfiableError:
        return False
    return True


# schema, pointers, the innermost empty place
KNOWN: list[tuple[Any, str, str]] = [
    (
        {
            "title": "t",
            "type": "object",
            "properties": {"a": {"type": "integer", "minimum": 5, "maximum": 3, "multipleOf": 2}, "b": {"minimum": 1}},
            "required": ["b", "a"],
        },
        "/type /properties/a/type /properties/a/minimum /properties/a/maximum /required/1",
        "/properties/a",
    ),
    ({"not": {}}, "/not", ""),
    ({"enum": []}, "/enum", ""),
    ({"type": "string", "const": 1, "minLength": 2}, "/type /const", ""),
    ({"type": "string", "pattern": "^a$", "enum": ["b", "c"]}, "/enum /pattern", ""),
    ({"type": "string", "minLength": 3, "maxLength": 2, "pattern": "b"}, "/type /minLength /maxLength", ""),
    (
        {"type": "number", "multipleOf": 2, "exclusiveMinimum": 2, "exclusiveMaximum": 4, "minimum": 0},
        "/type /exclusiveMinimum /exclusiveMaximum /multipleOf",
        "",
    ),
    ({"type": "array", "minItems": 1, "items": False, "uniqueItems": True}, "/type /items /minItems", "/items"),
    (
        {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"enum": [1, 2]}},
        "/type /items/enum /minItems /uniqueItems",
        "",
    ),
    (
        {"type": "array", "contains": {"type": "string"}, "items": {"type": "integer"}, "maxItems": 3},
        "/type /items/type /contains /contains/type",
        "",
    ),
    (
        {"type": "array", "contains": {"minimum": 0}, "maxContains": 1, "minItems": 2, "items": {"const": 1}},
        "/type /items/const /minItems /contains /maxContains",
        "",
    ),
    (
        {"type": "array", "contains": {"const": 1}, "minContains": 0, "minItems": 2, "maxItems": 1},
        "/type /minItems /maxItems",
        "",
    ),
    ({"type": "array", "prefixItems": [{}, False], "minItems": 2}, "/type /prefixItems/1 /minItems", "/prefixItems/1"),
    # A property without its constraints still is not additional.
    (
        {
            "type": "object",
            "required": ["x", "a"],
            "additionalProperties": False,
            "properties": {"x": {"type": "null"}},
        },
        "/type /additionalProperties /required/1",
        "/additionalProperties",
    ),
    (
        {
            "type": "object",
            "required": ["aa"],
            "patternProperties": {"a": {"type": "null"}, "aa": {"const": 1}, "b": {"const": 2}},
        },
        "/type /patternProperties/a/type /patternProperties/aa/const /required/0",
        "",
    ),
    (
        {"type": "object", "minProperties": 2, "propertyNames": {"enum": ["a"]}, "maxProperties": 4},
        "/type /minProperties /propertyNames/enum",
        "",
    ),
    (
        {"type": "object", "required": ["a"], "dependentRequired": {"a": ["b", "c"]}, "properties": {"c": False}},
        "/type /properties/c /required/0 /dependentRequired/a/1",
        "/properties/c",
    ),
    (
        {"type": "object", "required": ["a/b~"], "properties": {"a/b~": False, "": False}},
        "/type /properties/a~1b~0 /required/0",
        "/properties/a~1b~0",
    ),
    ({"type": "object", "required": [""], "properties": {"": False}}, "/type /properties/ /required/0", "/properties/"),
    (
        {"allOf": [{"type": "string"}, {"minLength": 1}, {"type": ["integer", "null"]}]},
        "/allOf/0/type /allOf/2/type",
        "",
    ),
    ({"allOf": [{}, {"type": "string", "const": 1}], "minLength": 1}, "/allOf/1/type /allOf/1/const", "/allOf/1"),
    ({"type": "null", "anyOf": [False, {"type": "string", "minLength": 1}]}, "/type /anyOf/0 /anyOf/1/type", ""),
    # Exclusiveness is named only where it is needed.
    ({"type": "null", "oneOf": [{"type": "string"}, {"type": "integer"}]}, "/type /oneOf/0/type /oneOf/1/type", ""),
    ({"oneOf": [{}, {"title": "t"}], "type": "null"}, "/oneOf", ""),
    (
        {"type": "integer", "if": {"minimum": 3}, "then": False, "else": {"minimum": 3}, "maximum": 9},
        "/if /then /else/minimum",
        "",
    ),
    (
        {"$ref": "#/$defs/a", "type": "string", "$defs": {"a": {"type": "integer", "minimum": 1}}},
        "/$ref /$defs/a/type /type",
        "",
    ),
    (
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/a"}}}},
        "/$ref /$defs/a/type /$defs/a/items/$ref /$defs/a/minItems",
        "",
    ),
    # The same definition below `not` is taken as it is.
    (
        {"$ref": "#/$defs/a", "not": {"$ref": "#/$defs/a"}, "$defs": {"a": {"type": "integer", "minimum": 1}}},
        "/$ref /$defs/a/type /$defs/a/minimum /not",
        "",
    ),
    (
        {
            "type": "object",
            "required": ["a"],
            "unevaluatedProperties": False,
            "allOf": [{"properties": {"b": {"const": 1}}}],
        },
        "/type /unevaluatedProperties /required/0",
        "/unevaluatedProperties",
    ),
    # What a branch evaluates it evaluates only while it holds.
    (
        {
            "type": "object",
            "required": ["a"],
            "unevaluatedProperties": False,
            "properties": {"b": False},
            "anyOf": [{"properties": {"a": {"type": "null"}}, "required": ["b"]}, {"properties": {"c": {"const": 1}}}],
        },
        "/type /properties/b /unevaluatedProperties /required/0 /anyOf/0/required/0",
        "/properties/b",
    ),
    (
        {"$schema": DIALECTS["draft4"], "type": "integer", "minimum": 3, "exclusiveMinimum": True, "maximum": 3},
        "/type /exclusiveMinimum /minimum /maximum",
        "",
    ),
    # Up to draft 7 a reference hides its siblings, whether it is left out or not.
    (
        {
            "$schema": DIALECTS["draft7"],
            "$ref": "#/definitions/a",
            "type": "string",
            "definitions": {"a": {"enum": []}},
        },
        "/$ref /definitions/a/enum",
        "/definitions/a",
    ),
    (
        {
            "$schema": DIALECTS["draft7"],
            "type": "object",
            "required": ["a"],
            "dependencies": {"a": {"maxProperties": 0}},
        },
        "/type /required/0 /dependencies/a/maxProperties",
        "",
    ),
]


@pytest.mark.parametrize(("schema", "pointers", "where"), KNOWN, ids=lambda value: json.dumps(value)[:60])
def test_what_contradicts_is_named(schema: Any, pointers: str, where: str) -> None:
    error = contradiction(schema)
    assert error.minimal
    assert list(error.pointers) == pointers.split()
    assert error.where == where
    for pointer in error.pointers:
        assert pointer in str(error)


@pytest.mark.parametrize("options", [{"property_order": "schema"}, {"whitespace": "compact"}], ids=str)
def test_options_change_nothing(options: dict[str, Any]) -> None:
    for schema, pointers, where in KNOWN[::5]:
        error = contradiction(schema, **options)
        assert (list(error.pointers), error.where) == (pointers.split(), where)


def test_a_schema_that_is_false() -> None:
    error = contradiction(False)
    assert (error.pointers, error.where, error.minimal) == (("",), "", True)
    assert "false" in error.message


def test_another_resource_is_named_by_its_uri() -> None:
    referencing = pytest.importorskip("referencing")
    resource = referencing.Resource.from_contents(
        {"$schema": DIALECTS["draft2020-12"], "$defs": {"a": {"type": "null"}}}
    )
    registry = referencing.Registry().with_resource("http://example.com/s", resource)
    error = contradiction({"$ref": "http://example.com/s#/$defs/a", "type": "string"}, registry=registry)
    assert error.pointers == ("/$ref", "http://example.com/s#/$defs/a/type", "/type")
    assert error.where == ""


def test_dynamic_references() -> None:
    schema = {
        "$ref": "list",
        "$id": "http://example.com/strict",
        "minItems": 1,
        "$defs": {
            "content": {"$dynamicAnchor": "content", "type": "null", "const": 1},
            "list": {
                "$id": "list",
                "type": "array",
                "items": {"$dynamicRef": "#content"},
                "$defs": {"content": {"$dynamicAnchor": "content", "type": "string"}},
            },
        },
    }
    assert contradiction(schema).pointers == (
        "/$ref",
        "/$defs/list/type",
        "/$defs/list/items/$dynamicRef",
        "/$defs/content/type",
        "/$defs/content/const",
        "/minItems",
    )


def test_the_error_is_data() -> None:
    error = contradiction({"type": "string", "const": 1})
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.pointers, copy.minimal, copy.where) == (str(error), ("/type", "/const"), True, "")
    assert mf.UnsatisfiableError("made by hand").pointers == ()


def test_a_pattern_has_no_parts() -> None:
    with pytest.raises(mf.UnsatisfiableError, match="no text matches this pattern") as caught:
        byte_compiler().regex("a$b")
    assert caught.value.pointers == () and caught.value.where == ""


# ---- large and hostile ones -----------------------------------------------------------------------------------------


def test_few_of_very_many_constraints() -> None:
    properties: dict[str, Any] = {f"p{i}": {"type": "integer", "minimum": i, "maximum": i + 1} for i in range(10_000)}
    properties["p7000"]["maximum"] = 1
    error = contradiction({"type": "object", "properties": properties, "required": list(properties)})
    assert error.minimal and error.where == "/properties/p7000"
    assert error.pointers == (
        "/type",
        *(f"/properties/p7000/{keyword}" for keyword in ("type", "minimum", "maximum")),
        "/required/7000",
    )


def test_a_deep_place() -> None:
    schema: dict[str, Any] = {"type": "string", "const": 1}
    for _ in range(20):
        schema = {"type": "object", "required": ["a"], "properties": {"a": schema, "b": {"type": "string"}}}
    error = contradiction(schema)
    deep = "/properties/a" * 20
    assert error.minimal and error.where == deep
    assert {f"{deep}/type", f"{deep}/const"} <= set(error.pointers)
    assert len(error.pointers) == 2 + 2 * 20
    assert "more ask for a value there" in error.message


def too_large() -> dict[str, Any]:
    """Each of its 1,000 branches contradicts in its own way, and none can be left out."""
    return {"type": "integer", "maxLength": 3, "anyOf": [{"type": "string", "minLength": i} for i in range(1000)]}


def test_the_search_is_bounded() -> None:
    engine = _core.Engine(byte_compiler().vocabulary.core, compile_fuel=800_000)
    with pytest.raises(mf.UnsatisfiableError) as caught:
        engine.json_schema(json.dumps(too_large()))
    error = caught.value
    assert not error.minimal and "fewer may do" in error.message
    assert error.pointers == ("/type", "/anyOf")  # not thousands of which some were tried


def test_little_fuel_means_less_detail() -> None:
    schema = KNOWN[0][0]
    reached = set()
    for fuel in (500, 1000, 2000, 4000, 8000, 16000, 10**6):
        engine = _core.Engine(byte_compiler().vocabulary.core, compile_fuel=fuel)
        try:
            engine.json_schema(json.dumps(schema))
        except mf.FuelError:
            continue
        except mf.UnsatisfiableError as error:
            reached.add(error.minimal)
            assert error.minimal == ("fewer may do" not in error.message) or not error.pointers
            if error.minimal:
                assert list(error.pointers) == KNOWN[0][1].split()
    assert reached == {False, True}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "required": [f"p{i}" for i in range(3000)], "maxProperties": 2999},
        {"allOf": [{"not": {"const": i}} for i in range(500)] + [{"enum": list(range(500))}]},
        {"enum": [str(i) for i in range(20_000)], "type": "integer"},
        {"oneOf": [{"required": [f"a{i}"]} for i in range(200)], "type": "object", "maxProperties": 0},
        {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 4},
        {
            "type": "string",
            "pattern": "^(a|b)*a(a|b){12}$",
            "allOf": [{"pattern": "^(a|b)*b(a|b){12}$"}],
            "maxLength": 9,
        },
    ],
    ids=lambda schema: json.dumps(schema)[:40],
)
def test_hostile_schemas_end(schema: Any) -> None:
    error = contradiction(schema)
    assert error.pointers
    if error.minimal and len(error.pointers) < 50:
        assert not satisfiable(Relaxed(schema, error.pointers).schema())


# ---- random ones ----------------------------------------------------------------------------------------------------


@st.composite
def contradictory(draw: st.DrawFn) -> dict[str, Any]:
    """A schema that often nothing satisfies: several random ones at once, about one type."""
    draft = draw(st.sampled_from([*strategies.DRAFTS, *strategies.LATER, *strategies.LATER]))
    later = draft in strategies.LATER
    kind = draw(st.sampled_from(["object", "object", "object", "array", "string", "integer"]))
    source = draw(strategies.evaluation_schemas(draft) if later and draw(st.booleans()) else strategies.schemas(draft))
    schema: dict[str, Any] = source if isinstance(source, dict) else {}
    schema[strategies.definitions(draft)] = {"leaf": {}, "tree": {}, **schema.get(strategies.definitions(draft), {})}
    families = {
        "object": [strategies.object_keywords, strategies.object_keywords, strategies.applicators],
        "array": [strategies.array_keywords, strategies.array_keywords, strategies.applicators],
        "string": [strategies.string_keywords, strategies.value_keywords],
        "integer": [strategies.number_keywords, strategies.value_keywords],
    }[kind]
    parts = draw(st.lists(st.sampled_from(families), max_size=4))
    schema["allOf"] = [*schema.get("allOf", []), *(draw(family(draft, 1, True)) for family in parts)]
    schema["type"] = kind
    if kind == "object" and draw(st.integers(0, 3)):
        schema["required"] = draw(st.lists(strategies.names, min_size=1, max_size=3, unique=True))
    if kind == "array" and draw(st.integers(0, 3)):
        schema["minItems"] = 2
    if not schema["allOf"]:
        del schema["allOf"]
    return schema


@SETTINGS
@given(schema=contradictory())
def test_the_named_part_contradicts_and_is_minimal(schema: dict[str, Any]) -> None:
    try:
        byte_compiler().json_schema(schema)
    except mf.UnsatisfiableError as caught:
        error = caught
    else:
        event("satisfiable")
        return
    assert error.pointers and len(set(error.pointers)) == len(error.pointers)
    event(f"{min(len(error.pointers), 6)} pointers, minimal {error.minimal}")
    assert not satisfiable(Relaxed(schema, error.pointers).schema())
    if error.minimal:
        for pointer in error.pointers:
            rest = [other for other in error.pointers if other != pointer]
            assert satisfiable(Relaxed(schema, rest).schema()), f"{pointer} is superfluous"


@SETTINGS
@given(
    schema=contradictory(),
    kept=st.randoms(use_true_random=False),
    values=st.lists(strategies.values, min_size=5, max_size=5),
)
def test_leaving_out_never_makes_stricter(schema: dict[str, Any], kept: Any, values: list[Any]) -> None:
    # Of the description in relaxed.py, by which the test above judges.
    every = [pointer for pointer in all_pointers(schema) if kept.random() < 0.6]
    relaxed = Relaxed(schema, every).schema()
    for value in values:
        if strategies.validator(schema).is_valid(value):
            event("valid")
            assert strategies.validator(relaxed).is_valid(value)


def all_pointers(node: Any, at: str = "") -> list[str]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else []
    found = [at]
    for key, value in inner:
        found += all_pointers(value, f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}")
    return found
