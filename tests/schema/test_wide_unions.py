"""Unions of hundreds of branches, and objects of hundreds of key patterns: exact, whatever their number.

What is asked about one value grows with the branches: which of them its payload fits is open until the discriminator
comes. Each schema is read in both orders of its keys, every mask on the way is compared with its definition, and what
is accepted with an independent validator.
"""

from __future__ import annotations

import functools
import itertools
import json
import random
from typing import Any

import pytest

import maskforge as mf
from tests.schema.support import oracle
from tests.schema.walks import Walker

WORDS = [b'{"', b'":', b'","', b'"}', b"}}", b'"k1', b"k", b'kind":"k', b'":{"', b"12", b"true", b"1}", b'1,"', b"p1"]


@functools.cache
def small() -> tuple[mf.Compiler, Walker]:
    vocabulary = mf.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b"", *WORDS], eos_token_ids=[256])
    return mf.Compiler(vocabulary), Walker(vocabulary)


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def read(grammar: mf.Grammar, text: bytes) -> bool:
    return small()[1].reads(grammar, text)


def payload(i: int) -> dict[str, Any]:
    return {"type": "object", "properties": {f"p{i}": {"type": "integer"}}, "required": [f"p{i}"]}


def branch(i: int, **more: Any) -> dict[str, Any]:
    properties = {"kind": {"const": f"k{i}"}, "payload": payload(i)}
    return {"type": "object", "properties": properties, "required": ["kind", "payload"], **more}


def conditions(count: int) -> dict[str, Any]:
    chain = [
        {
            "if": {"properties": {"kind": {"const": f"k{i}"}}, "required": ["kind"]},
            "then": {"properties": {"payload": payload(i)}},
        }
        for i in range(count)
    ]
    kinds = {"enum": [f"k{i}" for i in range(count)]}
    return {"type": "object", "properties": {"kind": kinds}, "required": ["kind", "payload"], "allOf": chain}


FAMILIES = {
    "oneOf": lambda n: {"oneOf": [branch(i) for i in range(n)]},
    "anyOf": lambda n: {"anyOf": [branch(i) for i in range(n)]},
    "closed": lambda n: {"oneOf": [branch(i, additionalProperties=False) for i in range(n)]},
    "rest": lambda n: {"oneOf": [branch(i) for i in range(n)], "unevaluatedProperties": False},
    "if": conditions,
}


@pytest.mark.parametrize("count", [7, 70, 200])
@pytest.mark.parametrize("family", FAMILIES)
def test_discriminated_unions(family: str, count: int) -> None:
    schema = FAMILIES[family](count)
    grammar = small()[0].json_schema(schema, whitespace="compact")
    valid = oracle(schema)
    last = count - 1
    for kind, held in [(0, 0), (last, last), (last, 0), (3, last), (count, 3)]:
        members = {"kind": f"k{kind}", "payload": {f"p{held}": 1}}
        for names in itertools.permutations(members):
            value = {name: members[name] for name in names}
            assert read(grammar, compact(value)) == valid.is_valid(value), value
    # A payload that fits two branches is as good as either.
    value = {"payload": {"p1": 1, f"p{last}": 12}, "kind": f"k{last}"}
    assert read(grammar, compact(value)) == valid.is_valid(value)
    assert not read(grammar, compact({"payload": {}, "kind": "k1"}))


@pytest.mark.parametrize("count", [65, 200])
def test_arrays_of_unions_in_unions(count: int) -> None:
    union = {"oneOf": [branch(i) for i in range(count)]}
    items = {"type": "array", "items": {"$ref": "#/$defs/union"}}
    outer = [
        {"properties": {"op": {"const": f"o{i}"}, "list": items if i % 2 else payload(i)}, "required": ["op", "list"]}
        for i in range(count)
    ]
    schema = {"type": "object", "anyOf": outer, "$defs": {"union": union}}
    grammar = small()[0].json_schema(schema, whitespace="compact")
    item = {"payload": {"p64": 1}, "kind": "k64"}
    assert read(grammar, compact({"list": [item, item], "op": "o3"}))
    assert read(grammar, compact({"op": "o3", "list": [item]}))
    assert not read(grammar, compact({"list": [item], "op": "o4"}))
    assert not read(grammar, compact({"op": "o3", "list": [{"payload": {"p63": 1}, "kind": "k64"}]}))


def numbers(i: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": i, "maximum": 2 * i}


def strings(i: int) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^[a-{chr(97 + i % 26)}]*$", "minLength": i // 26}


MIXED = [numbers, strings, lambda i: {"enum": [i, f"k{i % 7}", None, i % 2 == 0]}, payload]


@pytest.mark.parametrize("combine", ["oneOf", "anyOf"])
@pytest.mark.parametrize("closed", [False, True])
def test_overlapping_branches_of_all_types(combine: str, closed: bool) -> None:
    """Which branches a value fits are many combinations, of numbers, strings, words and objects."""
    branches = [
        {"properties": {"kind": {"enum": [i % 40, f"k{i % 50}", i % 3 == 0]}, "value": MIXED[i % 4](i)}}
        for i in range(90)
    ]
    schema = {"type": "object", combine: branches, "required": ["kind", "value"]}
    if closed:
        schema["unevaluatedProperties"] = False
    grammar = small()[0].json_schema(schema, whitespace="compact")
    valid = oracle(schema)
    kinds: list[Any] = [0, 7, 41, "k0", "k49", "k50", True, False]
    values: list[Any] = [0, 24, 25, 1000, "abc", "", "k3", None, True, {"p3": 1}, {"p3": 1, "p87": 1}, {}, []]
    dice = random.Random(7)
    verdicts = set()
    for kind, value in dice.sample(list(itertools.product(kinds, values)), 20):
        for pair in ({"kind": kind, "value": value}, {"value": value, "kind": kind}):
            verdicts.add(valid.is_valid(pair))
            assert read(grammar, compact(pair)) == valid.is_valid(pair), pair
    assert verdicts == {False, True}


@pytest.mark.parametrize("seed", range(12))
def test_every_small_object_of_random_unions(seed: int) -> None:
    """Up to fifteen random branches over three keys, against every object of a few values, in every order."""
    dice = random.Random(seed)
    values: list[Any] = ["a", "b", "ab", 1, 2, True, {}, {"a": 1}, [1]]
    parts: list[Any] = [
        *({"const": value} for value in values),
        *({"enum": dice.sample(values, 3)} for _ in range(4)),
        *({"type": kind} for kind in ("string", "integer", "object", "boolean")),
        *({"minimum": 2}, {"not": {"const": "a"}}, {"required": ["a"]}, {"pattern": "^a"}, {"maxProperties": 0}),
    ]
    branches = []
    for _ in range(dice.randint(8, 15)):
        names = dice.sample("xyz", dice.randint(1, 3))
        made = {"properties": {name: dice.choice(parts) for name in names}}
        made["required"] = dice.sample(names, dice.randint(0, len(names)))
        if dice.random() < 0.3:
            made["additionalProperties"] = False
        branches.append(made if dice.random() < 0.8 else {"not": made})
    schema = {"type": "object", dice.choice(["oneOf", "anyOf"]): branches, "propertyNames": {"enum": ["x", "y", "z"]}}
    if dice.random() < 0.3:
        schema["unevaluatedProperties"] = dice.choice([False, {"type": "integer"}])
    valid = oracle(schema)
    everything = [
        dict(zip(names, held, strict=True))
        for size in range(3)
        for names in itertools.permutations("xyz", size)
        for held in itertools.product(values, repeat=size)
    ]
    everything += [dict(zip("zxy", dice.choices(values, k=3), strict=True)) for _ in range(100)]
    judged = [(value, valid.is_valid(value)) for value in everything]
    try:
        grammar = small()[0].json_schema(schema, whitespace="compact")
    except mf.UnsatisfiableError:
        assert not any(good for _, good in judged)
        return
    for value, good in judged:
        data = compact(value)
        matcher = grammar.matcher()
        assert (matcher.accept_bytes(data) == len(data) and matcher.is_accepting()) == good, value
    for value, _ in dice.sample(judged, 25):
        read(grammar, compact(value))
    walker = small()[1]
    for free_steps in (0, 4, 9):
        text = walker.walk(grammar, dice, free_steps=free_steps, look=lambda matcher, ids: None, schema=schema)
        assert valid.is_valid(json.loads(text)), text


def test_hundreds_of_key_patterns() -> None:
    kinds = [{"type": "integer"}, {"type": "string"}, {"const": True}, {"type": "object"}]
    for closed in (False, True):
        schema: dict[str, Any] = {"patternProperties": {f"^k{i}_": kinds[i % 4] for i in range(300)}}
        schema |= {"type": "object", "additionalProperties": not closed}
        grammar = small()[0].json_schema(schema, whitespace="compact")
        valid = oracle(schema)
        for value in [{"k4_": 1}, {"k4_": ""}, {"k297_a": "", "k298_": True}, {"k299_": 1}, {"k300_": 1}, {"x": {}}]:
            assert read(grammar, compact(value)) == valid.is_valid(value), value


def test_overlapping_key_patterns() -> None:
    """A key matches several of a hundred patterns, and its value is asked about by all of them."""
    schema = {"type": "object", "patternProperties": {f"{i:02d}": {"minimum": i} for i in range(100)}}
    grammar = small()[0].json_schema(schema, whitespace="compact")
    valid = oracle(schema)
    for value in [{"12": 12}, {"12": 11}, {"1234": 34}, {"1234": 33}, {"9": 1, "8099": 99}, {"809 9": 80}, {"099": 98}]:
        assert read(grammar, compact(value)) == valid.is_valid(value), value


@pytest.mark.parametrize("count", [100, 3000])
def test_many_objects_in_one_enum(count: int) -> None:
    schema = {"enum": [{"id": i, "name": f"n{i}", "tag": i % 3} for i in range(count)]}
    grammar = small()[0].json_schema(schema, whitespace="compact")
    for names in itertools.permutations(["id", "name", "tag"]):
        held = {"id": 77, "name": "n77", "tag": 2}
        assert read(grammar, compact({name: held[name] for name in names}))
        assert not read(grammar, compact({name: (held | {"tag": 1})[name] for name in names}))


@pytest.mark.parametrize("partner", [False, True])
@pytest.mark.parametrize("possible", [24, 20])
def test_exactly_one_of_many_keys(partner: bool, possible: int) -> None:
    """Of many keys one must have a value of its kind, or none fits; with a partner, one more key is never enough."""
    kinds: list[dict[str, Any]] = [{"type": "integer"}, {"type": "boolean"}, {"const": ""}]
    names = [f"k{i}" for i in range(24)]
    branches = [
        {"properties": {name: kinds[i % 3]}, "required": [name, *(["p"] if partner else [])]}
        for i, name in enumerate(names)
    ]
    properties: dict[str, Any] = {name: i < possible for i, name in enumerate(names)} | {"p": True}
    schema = {"type": "object", "properties": properties, "additionalProperties": False, "oneOf": branches}
    grammar = small()[0].json_schema(schema, whitespace="compact")
    valid = oracle(schema)
    seen = set()
    for keys in itertools.chain(itertools.permutations(["k0", "k4", "k23", "p"], 2), [(), ("k0",), ("k23",), ("k19",)]):
        for held in itertools.product([1, True, ""], repeat=len(keys)):
            value = dict(zip(keys, held, strict=True))
            expected = valid.is_valid(value)
            assert read(grammar, compact(value)) == expected, value
            seen.add(expected)
    assert seen == {False, True}
