"""`uniqueItems` over objects: many of them, and every next byte where there are only a few.

Objects are compared by what is read of them, so the cases differ in which member tells objects apart, and in how many
completions are left when it is read.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import maskforge as mf
from maskforge import _core
from tests.schema.support import byte_compiler, byte_vocabulary
from tests.schema.test_property_order import keeps_order, selections
from tests.schema.test_soundness import check, compare_with_definition, small

UNIQUE = {"type": "array", "uniqueItems": True}
SETTINGS = settings(
    max_examples=120,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # shrinking a walk takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

# ---- many -----------------------------------------------------------------------------------------------------------

NAME = {"type": "string"}
AGE = {"type": "integer"}


def objects(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required}


def closed(**properties: Any) -> dict[str, Any]:
    return {**objects(list(properties), **properties), "additionalProperties": False}


MANY: dict[str, tuple[Any, Callable[[int], Any]]] = {
    "name": (objects(["name"], name=NAME, age=AGE), lambda i: {"name": f"n{i}", "age": i % 50}),
    "the name last": (objects(["name"], name=NAME, age=AGE), lambda i: {"age": i % 50, "name": f"n{i}"}),
    "number": (objects(["id"], id=AGE), lambda i: {"id": i}),
    "two together": (closed(x=AGE, y=AGE), lambda i: {"x": i // 40, "y": i % 40}),
    "only the last key": (closed(kind=NAME, id=NAME), lambda i: {"kind": "k", "id": f"n{i}"}),
    "a long text": (objects(["name"], name=NAME), lambda i: {"name": f"a longer name with the number {i:04}"}),
    "a constant follows": (closed(id=NAME, kind={"const": "k"}), lambda i: {"id": f"n{i}", "kind": "k"}),
    "a nested object": (closed(at=closed(x=NAME, y=AGE)), lambda i: {"at": {"x": f"n{i}", "y": 0}}),
    "a nested array": ({}, lambda i: {"at": [[i], {"y": [i]}]}),
    "other keys": ({"type": "object"}, lambda i: {f"k{i}": 1, "x": 2}),
    "alternatives": (
        {"oneOf": [closed(kind={"const": "a"}, id=NAME), closed(kind={"const": "b"}, id=AGE)]},
        lambda i: {"kind": "a", "id": f"n{i}"} if i % 2 else {"id": i, "kind": "b"},
    ),
}


ORDERS = ["any", "schema"]
orders = st.sampled_from(ORDERS)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("case", MANY)
def test_many_objects(case: str, order: str) -> None:
    items, make = MANY[case]
    matcher = byte_compiler().json_schema({**UNIQUE, "items": items}, property_order=order).matcher()

    def write(value: Any) -> str:
        return json.dumps(value) if order == "any" else spellings(value, items, order)[0]

    for i in range(1000):
        text = (("," if i else "[") + write(make(i))).encode()
        assert matcher.accept_bytes(text) == len(text), text
    for i in (0, 1, 500, 999):
        members = list(make(i).items())
        for way in (members, members[::-1], json.loads(write(make(i))).items()):
            text = ("," + json.dumps(dict(way))).encode()
            assert matcher.fork().accept_bytes(text) < len(text), text
    escaped = ("," + write(make(17)).replace('n17"', '\\u006e1\\u0037"').replace("17,", "1.7e1,")).encode()
    assert matcher.fork().accept_bytes(escaped) < len(escaped), escaped
    text = f",{write(make(1000))}]".encode()
    assert matcher.accept_bytes(text) == len(text) and matcher.is_accepting()


@pytest.mark.parametrize("case", MANY)
def test_many_objects_that_may_repeat(case: str) -> None:
    items, make = MANY[case]
    schema = {"type": "array", "items": items, "anyOf": [{"uniqueItems": True}, {"contains": {"const": {"last": 0}}}]}
    schema["items"] = {"anyOf": [items, {"const": {"last": 0}}]}
    matcher = byte_compiler().json_schema(schema).matcher()
    for i in range(1000):
        text = (("," if i else "[") + json.dumps(make(i))).encode()
        assert matcher.accept_bytes(text) == len(text), text
    assert matcher.fork().accept_bytes(b"]") == 1
    repeated = ("," + json.dumps(dict(list(make(120).items())[::-1]))).encode()
    assert matcher.fork().accept_bytes(repeated + b"]") == len(repeated)
    assert matcher.accept_bytes(repeated + b', {"last": 0}]') == len(repeated) + 14
    assert matcher.is_accepting()


def test_memory_grows_with_the_items() -> None:
    items, make = MANY["name"]
    compiler = mf.Compiler(byte_vocabulary())
    matcher = compiler.json_schema({**UNIQUE, "items": items}).matcher()
    sizes = []
    for i in range(2000):
        matcher.accept_bytes((("," if i else "[") + json.dumps(make(i))).encode())
        if i in (999, 1999):
            sizes.append(compiler.memory_bytes())
    assert sizes[1] - sizes[0] < 1.5 * sizes[0] < 2**26


LETTERS = [f"v{i}" for i in range(300)]
RUN_OUT: dict[str, tuple[Any, list[Any]]] = {
    "one key": (closed(k={"enum": LETTERS}), [{"k": value} for value in LETTERS]),
    "numbers": (closed(k={"type": "integer", "minimum": 0, "maximum": 99}), [{"k": i} for i in range(100)]),
    "two keys": (
        closed(k={"enum": LETTERS[:20]}, l={"enum": LETTERS[:20]}),
        [{"k": one, "l": other} for one in LETTERS[:20] for other in LETTERS[:20]],
    ),
    "an optional key": (
        objects(["k"], k={"enum": LETTERS[:90]}, l={"type": "boolean"}) | {"additionalProperties": False},
        [{"k": one, **other} for one in LETTERS[:90] for other in ({}, {"l": True}, {"l": False})],
    ),
    "an alternative in which there is no way on": (
        {
            "anyOf": [
                closed(k=NAME, l={"type": "string", "pattern": "^x", "maxLength": 0}),
                closed(k={"enum": LETTERS[:90]}),
            ]
        },
        [{"k": value} for value in LETTERS[:90]],
    ),
}


@pytest.mark.parametrize("case", RUN_OUT)
def test_objects_until_they_run_out(case: str) -> None:
    items, values = RUN_OUT[case]
    matcher = byte_compiler().json_schema({**UNIQUE, "items": items}, whitespace="compact").matcher()
    assert matcher.accept_bytes(b"[") == 1
    for i, value in enumerate(random.Random(0).sample(values, len(values))):
        text = (("," if i else "") + json.dumps(value, separators=(",", ":"))).encode()
        assert matcher.accept_bytes(text) == len(text), text
        again = b"," + text.lstrip(b",")
        assert matcher.fork().accept_bytes(again) < len(again), again
    assert matcher.fork().accept_bytes(b",") == 0
    assert matcher.accept_bytes(b"]") == 1 and matcher.is_accepting()


def test_alternatives_take_little_work() -> None:
    """Before, one of these masks took 5,000 units: all ways to complete an object were counted."""
    alternatives = []
    for i in range(16):
        names = {f"{name}{i % 3}": NAME for name in "abcde"}
        known = objects(["rule", f"e{i % 3}"], rule={"enum": [f"r{i}"]}, **names, line=AGE)
        alternatives.append({**known, "additionalProperties": False})
    engine = _core.Engine(byte_vocabulary().core, fill_fuel=3500)
    matcher = engine.json_schema({**UNIQUE, "items": {"anyOf": alternatives}}).matcher()
    text = '[{"rule": "r1", "a1": "x", "e1": "yy"}, {"rule": "r2", "e2": "z", "c2": "m", "line": 3}, {"rule": "r1"'
    for byte in text.encode():
        assert byte in matcher.allowed_tokens()
        assert matcher.accept_token(byte)


# ---- few ------------------------------------------------------------------------------------------------------------

SCALARS = ["a", "b", "ab", True, False, None]
KEYS = ["k", "kk", "x"]


def every_object(items: Any) -> list[dict[str, Any]]:
    valid = jsonschema.Draft202012Validator(items)
    found = []
    for size in range(len(KEYS) + 1):
        for keys in itertools.combinations(KEYS, size):
            for values in itertools.product(SCALARS, repeat=size):
                value = dict(zip(keys, values, strict=True))
                if valid.is_valid(value):
                    found.append(value)
    return found


def spellings(value: dict[str, Any], items: Any, order: str) -> list[str]:
    found = selections(items, items) if order == "schema" else set()
    return [
        json.dumps(dict(members), separators=(",", ":"))
        for members in itertools.permutations(value.items())
        if order == "any" or keeps_order([key for key, _ in members], found)
    ]


few_values = st.lists(st.sampled_from(SCALARS), min_size=1, max_size=3, unique_by=repr).map(lambda v: {"enum": v})
few_members = st.dictionaries(st.sampled_from(KEYS), few_values, min_size=1, max_size=3)


@st.composite
def few_objects(draw: st.DrawFn) -> dict[str, Any]:
    """Schemas of objects with keys of KEYS and values of SCALARS."""
    properties = draw(few_members)
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    schema["required"] = sorted(draw(st.sets(st.sampled_from(sorted(properties)))))
    form = draw(st.integers(0, 5))
    if form == 0:
        schema["additionalProperties"] = draw(few_values)
        schema["propertyNames"] = {"enum": KEYS}
    elif form == 1:
        schema |= {"patternProperties": {"^kk?$": draw(few_values)}, "additionalProperties": False}
    else:
        schema["additionalProperties"] = False
    if form == 2:
        schema["anyOf"] = [{"properties": draw(few_members)}, {"required": ["k"]}]
    elif form == 3:
        schema["if"] = {"properties": {"k": draw(few_values)}}
        schema["then"] = {"required": ["x"]}
    elif form == 4:
        schema["minProperties"] = 1
        schema["maxProperties"] = 2
    return schema


@SETTINGS
@given(
    items=few_objects(),
    least=st.integers(0, 4),
    repeats=st.integers(0, 4),
    seed=st.integers(0, 2**32 - 1),
    order=orders,
)
def test_every_next_byte(items: Any, least: int, repeats: int, seed: int, order: str) -> None:
    """Against all arrays that there are, built one item at a time; so many items may repeat."""
    values = every_object(items)
    dice = random.Random(seed)
    most = max(least, 4)
    schema: dict[str, Any] = {"type": "array", "items": items, "minItems": least, "maxItems": most}
    schema |= {"anyOf": [{"uniqueItems": True}, {"maxItems": repeats}]} if repeats else {"uniqueItems": True}

    def is_unique(array: list[Any]) -> bool:
        return all(array.count(value) == 1 for value in array)

    def leads_on(array: list[Any]) -> bool:
        if not values and least:
            return False
        if max(len(array), least) <= repeats:
            return True
        return is_unique(array) and len(array) <= most and len(values) >= least

    try:
        grammar = byte_compiler().json_schema(schema, whitespace="compact", property_order=order)
    except mf.UnsatisfiableError:
        assert not leads_on([])
        return
    assert leads_on([])
    for _ in range(3):
        matcher = grammar.matcher()
        assert matcher.accept_bytes(b"[") == 1
        taken: list[dict[str, Any]] = []
        while True:
            free = [value for value in values if leads_on([*taken, value])]
            words = [("," if taken else "") + text for value in free for text in spellings(value, items, order)]
            ends = ["]"] if least <= len(taken) and (len(taken) <= repeats or is_unique(taken)) else []
            written = ""
            target = dice.choice(words + ends)
            while written != target:
                expected = {word[len(written)] for word in words + ends if word.startswith(written)}
                allowed = {chr(token) for token in matcher.allowed_tokens() if token < 256}
                # A character may also be written as an escape.
                assert allowed - {"\\"} == expected, (schema, taken, written)
                if "\\" in allowed:
                    assert '"' in written
                assert matcher.accept_bytes(target[len(written)].encode()) == 1
                written += target[len(written)]
            if target == "]":
                break
            taken.append(json.loads(target.lstrip(",")))
        assert matcher.is_accepting()


ALTERNATIVES: list[dict[str, Any]] = [
    {"uniqueItems": True},
    {"anyOf": [{"uniqueItems": True}, {"maxItems": 3}]},
    {"anyOf": [{"uniqueItems": True}, {"contains": {"required": ["x"]}}]},
    {"oneOf": [{"uniqueItems": True}, {"minItems": 4}]},
    {"if": {"uniqueItems": True}, "then": {"maxItems": 5}, "else": {"minItems": 2}},
    {"not": {"uniqueItems": True}, "minItems": 2},
]


@SETTINGS
@given(
    items=few_objects(),
    least=st.integers(0, 6),
    unique=st.sampled_from(ALTERNATIVES),
    seed=st.integers(0, 2**32 - 1),
    order=orders,
)
def test_every_mask(items: Any, least: int, unique: Any, seed: int, order: str) -> None:
    compiler, walker = small()
    values = every_object(items)
    if not values:
        return
    schema = {"type": "array", "items": items, "minItems": min(least, len(values)), **unique}
    samples = random.Random(seed).sample(values, min(len(values), 30))
    helped = schema | {"examples": [json.loads(spellings(value, items, order)[0]) for value in samples]}
    grammar = compiler.json_schema(schema, property_order=order)
    text = walker.walk(grammar, random.Random(seed), free_steps=0, look=compare_with_definition(walker), schema=helped)
    assert jsonschema.Draft202012Validator(schema).is_valid(json.loads(text))


ENDLESS = [{"type": "object"}, *(items for items, _ in MANY.values())]


@settings(SETTINGS, max_examples=60)
@given(
    items=st.sampled_from(ENDLESS),
    unique=st.sampled_from(ALTERNATIVES[:2]),
    seed=st.integers(0, 2**32 - 1),
    repeat=st.booleans(),
    order=orders,
)
def test_every_mask_of_endless_objects(items: Any, unique: Any, seed: int, repeat: bool, order: str) -> None:
    compiler, walker = small()
    schema: dict[str, Any] = {"type": "array", "items": items, "minItems": 4, **unique}
    examples = [make(i) for _, make in MANY.values() for i in range(2)] + [{"k": 1}, {"a": True}, {}]
    helped = schema | {"examples": examples if repeat else []}
    grammar = compiler.json_schema(schema, property_order=order)
    for free_steps in (0, 15):
        look = compare_with_definition(walker)
        check(schema, walker.walk(grammar, random.Random(seed), free_steps=free_steps, look=look, schema=helped))
