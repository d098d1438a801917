"""`unevaluatedProperties` and `unevaluatedItems`: exact on all small values, with no dead ends, in any key order.

Random schemas that put them around applicators, judged by the oracle of annotations.py; cases one by one; and what the
oracle is worth: it agrees with `jsonschema` except where that departs from the specification.
"""

from __future__ import annotations

import functools
import itertools
import json
import random
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import maskforge as mf
from tests.schema import strategies
from tests.schema.support import DIALECTS, accepts, allows, byte_compiler, oracle
from tests.schema.test_soundness import check, compare_with_definition, small

SETTINGS = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
KEYS = ["a", "b", "ab", "c"]
FEW = [0, 1, "x"]


@functools.cache
def domain() -> list[tuple[Any, str]]:
    """Small objects and lists, each with a text; which order of keys the text has does not matter."""
    dice = random.Random(1)
    values: list[Any] = [None, 0, "x"]
    for size in range(4):
        values += [list(items) for items in itertools.product(FEW, repeat=size)]
        for keys in itertools.combinations(KEYS, size):
            values += [dict(zip(keys, items, strict=True)) for items in itertools.product(FEW, repeat=size)]
    found = []
    for value in values:
        members = list(value.items()) if isinstance(value, dict) else []
        dice.shuffle(members)
        found.append((value, json.dumps(dict(members) if isinstance(value, dict) else value)))
    return found


@SETTINGS
@given(schema=strategies.evaluation_schemas())
def test_every_small_value(schema: dict[str, Any]) -> None:
    oracle = strategies.validator(schema)
    try:
        grammar = byte_compiler().json_schema(schema)
    except mf.UnsatisfiableError:
        event("unsatisfiable")
        assert [text for value, text in domain() if oracle.is_valid(value)] == []
        return
    wrong = [text for value, text in domain() if accepts(grammar, text) != oracle.is_valid(value)]
    assert wrong == []


@SETTINGS
@given(schema=strategies.evaluation_schemas("draft2020-12"))
def test_the_oracle_agrees_with_another(schema: dict[str, Any]) -> None:
    judge = strategies.validator(schema)
    other = jsonschema.Draft202012Validator(strategies.for_python(schema))
    assert [value for value, _ in domain() if judge.is_valid(value) != other.is_valid(value)] == []


@SETTINGS
@given(schema=strategies.evaluation_schemas(), seed=st.integers(0, 2**32 - 1))
def test_walks_end_and_every_mask_is_exact(schema: dict[str, Any], seed: int) -> None:
    compiler, walker = small()
    try:
        grammar = compiler.json_schema(schema)
    except mf.UnsatisfiableError:
        return
    dice = random.Random(seed)
    exactly = compare_with_definition(walker)
    for free_steps in (0, 4, 9, 14, 25):
        look = exactly if free_steps == 9 else lambda matcher, ids: None
        check(schema, walker.walk(grammar, dice, free_steps=free_steps, look=look, schema=schema))


# ---- one by one -----------------------------------------------------------------------------------------------------

LATEST = DIALECTS["draft2020-12"]
OLDER = DIALECTS["draft2019-09"]
BY_KIND = {
    "oneOf": [
        {"properties": {"kind": {"const": "point"}, "x": {"type": "integer"}}, "required": ["kind"]},
        {"properties": {"kind": {"const": "name"}, "text": {"type": "string"}}, "required": ["kind"]},
    ],
    "unevaluatedProperties": False,
}
CASES = [
    # The branch may be settled after the members that it covers.
    (BY_KIND, ['{"kind": "point", "x": 1}', '{"x": 1, "kind": "point"}', '{"text": "", "kind": "name"}'],
     ['{"kind": "point", "text": ""}', '{"text": "", "kind": "point"}', '{"x": 1, "text": "", "kind": "name"}', "{}"]),
    # What a negation evaluates does not count, whether it holds or not.
    ({"not": {"not": {"properties": {"a": True}, "required": ["a"]}}, "unevaluatedProperties": False},
     [], ['{"a": 1}', "{}"]),
    ({"if": {"required": ["a"], "properties": {"a": True}}, "then": {"properties": {"b": True}},
      "else": {"properties": {"c": True}}, "unevaluatedProperties": False},
     ['{"b": 1, "a": 1}', '{"c": 1}', "{}", '{"a": 1}'], ['{"b": 1}', '{"c": 1, "a": 1}', '{"b": 1, "c": 1}']),
    ({"dependentSchemas": {"a": {"properties": {"a": True, "b": True}}}, "unevaluatedProperties": {"type": "integer"}},
     ['{"b": "x", "a": "x"}', '{"b": 1}', '{"b": 1, "c": 2}'], ['{"b": "x"}', '{"b": "x", "a": "x", "c": "x"}']),
    # A nested `true` evaluates everything, and so does `additionalProperties`.
    ({"anyOf": [{"required": ["a"], "unevaluatedProperties": True}, {"properties": {"b": True}}],
      "unevaluatedProperties": False},
     ['{"a": 1, "z": 1}', '{"z": 1, "a": 1}', '{"b": 1}', '{"b": 1, "a": 1}'], ['{"z": 1}', '{"b": 1, "z": 1}']),
    ({"not": {"anyOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": True}}],
              "unevaluatedProperties": False}},
     ['{"a": 2, "b": 1}', '{"c": 1}'], ["1", "{}", '{"a": 1}', '{"a": 1, "b": 1}', '{"b": 1}']),
    ({"prefixItems": [True], "contains": {"type": "string"}, "unevaluatedItems": {"const": 0}},
     ['[1, "a", 0]', '["a"]', '["a", 0, "b"]'], ['[1]', '["a", 1]', "[1, 0]"]),
    ({"$schema": OLDER, "items": [True], "contains": {"type": "string"}, "unevaluatedItems": {"const": 0}},
     ['["a", 0]', '["a"]'], ['[1, "a", 0]', '["a", 0, "b"]', "[1, 0]"]),
    ({"anyOf": [{"contains": {"const": 1}, "minContains": 2}, {"prefixItems": [True, True]}],
      "unevaluatedItems": False, "minItems": 1},
     ["[1, 1, 1]", "[0, 0]", "[0, 1]", "[0, 0, 1, 1]", "[5]"], ["[0, 0, 1]", "[0, 1, 0, 1, 0]", "[]"]),
    ({"oneOf": [{"prefixItems": [{"const": 0}]}, {"prefixItems": [True, {"const": 1}], "minItems": 2}],
      "unevaluatedItems": False},
     ["[0]", "[]", "[5, 1]"], ["[0, 1]", "[5]", "[0, 2]", "[5, 1, 0]"]),
]  # fmt: skip


@pytest.mark.parametrize("schema, good, bad", CASES, ids=lambda part: json.dumps(part)[:40])
def test_one_by_one(schema: dict[str, Any], good: list[str], bad: list[str]) -> None:
    schema = {"$schema": LATEST, **schema}
    assert [text for text in good if not allows(schema, text)] == []
    assert [text for text in bad if allows(schema, text)] == []
    judge = strategies.validator(schema)
    assert [text for text in good if not judge.is_valid(json.loads(text))] == []
    assert [text for text in bad if judge.is_valid(json.loads(text))] == []


# Where `jsonschema` departs from the specification in 2019-09, and a value on which it does. In 2020-12 it follows it.
DEPARTURES = [
    # `contains` evaluates nothing (2019-09, section 9.3.1.4).
    ({"$schema": OLDER, "contains": {"const": 0}, "unevaluatedItems": False}, [0], False),
    # These evaluate what they see, also where they are no booleans.
    ({"$schema": OLDER, "$ref": "#/$defs/x", "unevaluatedProperties": False,
      "$defs": {"x": {"unevaluatedProperties": {"const": 0}}}}, {"a": 0}, True),
    ({"$schema": OLDER, "allOf": [{"additionalProperties": {"const": 0}}], "unevaluatedProperties": False},
     {"a": 0}, True),
]  # fmt: skip


@pytest.mark.parametrize("schema, value, valid", DEPARTURES, ids=lambda part: json.dumps(part)[:40])
def test_where_the_specification_decides(schema: dict[str, Any], value: Any, valid: bool) -> None:
    assert oracle(schema).is_valid(value) != valid, "jsonschema follows the specification now: remove the case"
    assert strategies.validator(schema).is_valid(value) == valid
    assert allows(schema, json.dumps(value)) == valid


def test_without_conditions_it_is_a_plain_table() -> None:
    # The same states as with the table written out, so nothing is searched for.
    names = [f"k{i}" for i in range(40)]
    schema = {
        "allOf": [{"properties": {name: {"type": "integer"}}} for name in names[:20]],
        "$ref": "#/$defs/rest",
        "unevaluatedProperties": False,
        "$defs": {"rest": {"properties": dict.fromkeys(names[20:], {"type": "string"})}},
    }
    grammar = byte_compiler().json_schema({"$schema": LATEST, **schema})
    value = {name: 1 if i < 20 else "x" for i, name in enumerate(names)}
    assert accepts(grammar, json.dumps(value))
    assert not accepts(grammar, json.dumps({**value, "z": 1}))


def test_many_branches_with_a_discriminator_written_last() -> None:
    branches = [
        {"properties": {"kind": {"const": i}, f"a{i}": True, f"b{i}": True}, "required": ["kind"]} for i in range(12)
    ]
    grammar = byte_compiler().json_schema({"$schema": LATEST, "oneOf": branches, "unevaluatedProperties": False})
    assert accepts(grammar, '{"b7": 1, "a7": {"x": [1]}, "kind": 7}')
    assert not accepts(grammar, '{"b7": 1, "a7": {"x": [1]}, "kind": 8}')
    matcher = grammar.matcher()
    assert matcher.accept_bytes(b'{"b7":1,"a') == 10
    assert matcher.fork().accept_bytes(b'7":1') == 4
    assert matcher.fork().accept_bytes(b'8":1') == 0


def test_it_is_reported_and_means_nothing_in_older_dialects() -> None:
    for dialect, status in (("draft7", "annotation"), ("draft2019-09", "enforced"), ("draft2020-12", "enforced")):
        schema = {"$schema": DIALECTS[dialect], "unevaluatedProperties": False, "unevaluatedItems": False}
        report = byte_compiler().json_schema(schema).report
        found = {entry.keyword: entry.status for entry in report}
        assert found["unevaluatedProperties"] == found["unevaluatedItems"] == status
        assert allows(schema, '{"a": 1}') == allows(schema, "[1]") == (dialect == "draft7")
