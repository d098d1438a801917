"""`property_order="schema"`: texts are those of order "any" whose objects keep the order, and no walk has a dead end.

The oracle enumerates the selections of a schema, which the engine never does.
"""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

import maskforge as mf
from tests.schema import strategies
from tests.schema.support import DIALECTS, accepts, byte_compiler, byte_vocabulary
from tests.schema.test_soundness import check, compare_with_definition, small

SETTINGS = settings(
    max_examples=150,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # shrinking a walk takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

# ---- the rule -------------------------------------------------------------------------------------------------------

Selection = tuple[str, ...]


def may_be_object(schema: Any, root: Any) -> bool:
    """Whether `type` and the applicators leave objects."""
    if isinstance(schema, bool):
        return schema
    types = schema.get("type", "object")
    if "object" not in ([types] if isinstance(types, str) else types):
        return False
    if "$ref" in schema and not may_be_object(target(schema["$ref"], root), root):
        return False
    return all(may_be_object(part, root) for part in schema.get("allOf", [])) and all(
        any(may_be_object(branch, root) for branch in schema[keyword])
        for keyword in ("anyOf", "oneOf")
        if keyword in schema
    )


def target(reference: str, root: Any) -> Any:
    for step in reference.split("/")[1:]:
        root = root[step]
    return root


def selections(schema: Any, root: Any) -> set[Selection]:
    """What each selection lists; an `if` selects `if` and `then`, or `else`."""
    if isinstance(schema, bool):
        return {()}

    def listed(decided: bool) -> set[Selection]:
        found: set[Selection] = {()}

        def follow(parts: set[Selection]) -> None:
            nonlocal found
            found = {tuple(dict.fromkeys(one + other)) for one in found for other in parts}

        for keyword, value in schema.items():
            if keyword == "properties":
                follow({tuple(value)})
            elif keyword == "$ref":
                follow(selections(target(value, root), root))
            elif keyword == "allOf":
                for part in value:
                    follow(selections(part, root))
            elif keyword in ("anyOf", "oneOf"):
                possible = [branch for branch in value if may_be_object(branch, root)]
                if possible:
                    follow(set().union(*(selections(branch, root) for branch in possible)))
            elif keyword == "dependentSchemas":
                for part in value.values():
                    follow({()} | (selections(part, root) if may_be_object(part, root) else set()))
            elif (keyword in ("if", "then") and decided) or (keyword == "else" and not decided and "if" in schema):
                if "if" in schema:
                    follow(selections(value, root))
        return found

    sides = [("if", "then"), ("else",)]
    open_sides = [side for side in sides if all(may_be_object(schema.get(word, True), root) for word in side)]
    return set().union(*(listed(side == sides[0]) for side in open_sides or [("else",)]))


def precedes(first: str, second: str, found: set[Selection]) -> bool:
    return all(first in names and (second not in names or names.index(first) < names.index(second)) for names in found)


def keeps_order(keys: list[str], found: set[Selection]) -> bool:
    return not any(precedes(later, earlier, found) for earlier, later in itertools.combinations(keys, 2))


# ---- against the rule -----------------------------------------------------------------------------------------------

KEYS = ["a", "b", "c", "d"]
LEAVES = st.sampled_from([True, True, {"const": 0}, {"type": "integer"}, False])


@st.composite
def parts(draw: st.DrawFn, depth: int = 2) -> Any:
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from([True, False, {"type": "null"}, {"type": ["object", "null"]}]))
    schema: dict[str, Any] = {}
    keywords = ["properties", "properties", "required", "minProperties", "maxProperties", "dependentRequired", "$ref"]
    keywords += ["additionalProperties", "type", "patternProperties"]
    if depth:
        keywords += ["allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas", "not"]
    names = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True)
    for keyword in draw(st.lists(st.sampled_from(keywords), min_size=1, max_size=3 if depth < 2 else 5, unique=True)):
        if keyword == "properties":
            schema[keyword] = {name: draw(LEAVES) for name in draw(names)}
        elif keyword == "required":
            schema[keyword] = draw(names)[:2]
        elif keyword in ("minProperties", "maxProperties"):
            schema[keyword] = draw(st.integers(1, 3))
        elif keyword == "dependentRequired":
            schema[keyword] = {draw(st.sampled_from(KEYS)): draw(names)[:2]}
        elif keyword == "$ref":
            schema[keyword] = "#/$defs/leaf"
        elif keyword == "additionalProperties":
            schema[keyword] = draw(LEAVES)
        elif keyword == "patternProperties":
            schema[keyword] = {draw(st.sampled_from(["^[ab]$", "^a"])): draw(LEAVES)}
        elif keyword == "type":
            schema[keyword] = draw(st.sampled_from(["object", ["object", "string"], "string"]))
        elif keyword in ("allOf", "anyOf", "oneOf"):
            schema[keyword] = [draw(parts(depth - 1)) for _ in range(draw(st.integers(1, 3)))]
        elif keyword == "dependentSchemas":
            schema[keyword] = {name: draw(parts(depth - 1)) for name in draw(names)[:2]}
        else:
            schema[keyword] = draw(parts(depth - 1))
    return schema


@st.composite
def objects(draw: st.DrawFn) -> Any:
    schema = draw(parts())
    if isinstance(schema, bool):
        schema = {"properties": {"b": True, "a": True}}
    leaf = {"properties": dict.fromkeys(draw(st.lists(st.sampled_from(KEYS), max_size=3, unique=True)), True)}
    return {**schema, "$defs": {"leaf": leaf}}


def compiled(schema: Any, order: str) -> mf.Grammar | None:
    try:
        return byte_compiler().json_schema(schema, property_order=order, whitespace="compact")  # type: ignore[arg-type]
    except mf.UnsatisfiableError:
        return None


@settings(SETTINGS, max_examples=400)
@given(schema=objects(), nested=st.booleans(), seed=st.integers(0, 2**32 - 1))
def test_what_is_accepted_is_what_any_order_accepts_and_the_rule_allows(schema: Any, nested: bool, seed: int) -> None:
    dice = random.Random(seed)
    found = selections(schema, schema)
    if nested:
        schema = {"properties": {"x": schema}, "$defs": schema["$defs"]}
    ordered, grammar = compiled(schema, "schema"), compiled(schema, "any")
    assert (ordered is None) == (grammar is None)
    if ordered is None or grammar is None:
        return
    event("ordered" if any(precedes(a, b, found) for a in KEYS for b in [*KEYS, "z"]) else "not ordered")
    for keys in itertools.combinations([*KEYS, "z", "y"], dice.randrange(1, 5)):
        values = {key: dice.choice([0, 0, 1, "s"]) for key in keys}
        orders = [list(order) for order in itertools.permutations(keys)]
        for order in dice.sample(orders, min(6, len(orders))):
            text = json.dumps({key: values[key] for key in order}, separators=(",", ":"))
            text = f'{{"x":{text}}}' if nested else text
            expected = accepts(grammar, text) and keeps_order(order, found)
            assert accepts(ordered, text) == expected, (text, found)


@SETTINGS
@given(schema=objects(), seed=st.integers(0, 2**32 - 1))
def test_masks_and_walks_without_dead_ends(schema: Any, seed: int) -> None:
    compiler, walker = small()
    try:
        grammar = compiler.json_schema({"$schema": DIALECTS["draft2020-12"], **schema}, property_order="schema")
    except mf.UnsatisfiableError:
        return
    dice = random.Random(seed)
    text = walker.walk(
        grammar, dice, free_steps=dice.randrange(30), look=compare_with_definition(walker), schema=schema
    )
    check(schema, text)
    value = json.loads(text)
    if isinstance(value, dict):
        assert keeps_order(list(value), selections(schema, schema)), text


@settings(SETTINGS, max_examples=60)
@given(schema=strategies.schemas(), seed=st.integers(0, 2**32 - 1))
def test_walks_of_any_schema(schema: Any, seed: int) -> None:
    compiler, walker = small()
    try:
        grammar = compiler.json_schema(schema, property_order="schema")
    except (mf.UnsatisfiableError, mf.UnsupportedError, mf.FuelError):
        return
    dice = random.Random(seed)
    check(
        schema,
        walker.walk(grammar, dice, free_steps=dice.randrange(20), look=compare_with_definition(walker), schema=schema),
    )


# ---- case by case ---------------------------------------------------------------------------------------------------

ABC = {"properties": {"b": {}, "a": {}, "c": {}}}
A_B: dict[str, Any] = {"properties": {"a": {}, "b": {}}}
B_A: dict[str, Any] = {"properties": {"b": {}, "a": {}}}
ORDERS = [
    (ABC, ["bac", "bc", "ac", "bacz", "z", "zy", ""], ["ab", "cb", "zb", "bza"]),
    ({**ABC, "required": ["a"]}, ["a", "ba", "acz"], ["b", "ca", "za", "ab"]),
    ({**ABC, "required": ["z"]}, ["z", "bz", "bacyz"], ["b", "zb", "za"]),
    ({**ABC, "additionalProperties": False, "minProperties": 2}, ["ba", "bc", "ac"], ["a", "b", "c", "ab"]),
    ({"patternProperties": {"^b": {}}, **ABC}, ["ba"], ["ab"]),
    ({"anyOf": [A_B, B_A]}, ["ab", "ba", "abz"], ["azb", "za"]),
    ({"anyOf": [A_B, {}]}, ["ab", "ba", "zab"], []),
    ({"anyOf": [A_B, {"type": "null"}]}, ["ab", "abz"], ["ba", "zb"]),
    ({"oneOf": [A_B, False]}, ["ab"], ["ba"]),
    ({"allOf": [A_B, B_A]}, ["ab"], ["ba"]),
    ({**B_A, "allOf": [A_B]}, ["ba"], ["ab"]),
    ({"allOf": [A_B], **B_A}, ["ab"], ["ba"]),
    ({"dependentSchemas": {"z": A_B}, **B_A}, ["ab", "ba", "abz"], ["za"]),
    ({**B_A, "dependentSchemas": {"z": A_B}}, ["ba"], ["ab"]),
    ({"not": {**A_B, "required": ["z"]}}, ["ab", "ba", "yab"], ["z"]),
    ({"if": {"required": ["z"]}, "then": A_B, "else": {}}, ["ab", "ba", "bza"], []),
    ({"if": {"required": ["z"]}, "then": A_B, "else": A_B}, ["ab", "abz"], ["ba", "zb"]),
    ({"const": {"b": 0, "a": 0}}, ["ab", "ba"], ["a"]),
    ({"$ref": "#/$defs/x", "$defs": {"x": B_A}}, ["ba"], ["ab"]),
]  # fmt: skip


def members(keys: str) -> str:
    return json.dumps(dict.fromkeys(keys, 0), separators=(",", ":"))


@pytest.mark.parametrize("schema, good, bad", ORDERS, ids=lambda part: json.dumps(part)[:50])
def test_orders(schema: Any, good: list[str], bad: list[str]) -> None:
    inner = {"items": schema, "$defs": schema.get("$defs", {})}
    for whole, form in ((schema, "{}"), (inner, "[{}]")):
        grammar = byte_compiler().json_schema(whole, property_order="schema")
        assert [keys for keys in good if not accepts(grammar, form.format(members(keys)))] == []
        assert [keys for keys in bad if accepts(grammar, form.format(members(keys)))] == []


def test_a_value_is_asked_several_questions() -> None:
    def of(*questions: Any) -> mf.Grammar:
        schema = {"allOf": [{"properties": {"x": question}} for question in questions]}
        return byte_compiler().json_schema(schema, property_order="schema")

    def allowed(grammar: mf.Grammar) -> list[str]:
        return [keys for keys in ("ab", "ba", "za") if accepts(grammar, f'{{"x":{members(keys)}}}')]

    assert allowed(of(A_B)) == allowed(of(A_B, {"required": ["a"]})) == ["ab"]
    assert allowed(of(A_B, B_A)) == ["ab", "ba"]
    assert allowed(of(A_B, {"not": {**B_A, "required": ["y"]}})) == ["ab"]


def test_both_orders_share_an_engine() -> None:
    schema = {**A_B, "required": ["a", "b"]}
    other = {**B_A, "required": ["a", "b"]}
    for _ in range(2):
        for which, first in ((schema, "ab"), (other, "ba")):
            ordered = byte_compiler().json_schema(which, property_order="schema")
            free = byte_compiler().json_schema(which)
            for keys in ("ab", "ba"):
                assert accepts(ordered, members(keys)) == (keys == first)
                assert accepts(free, members(keys))


def test_a_key_is_refused_before_its_end() -> None:
    schema = {"properties": {"first": {}, "second": {}}, "required": ["first"], "additionalProperties": False}
    matcher = byte_compiler().json_schema(schema, property_order="schema").matcher()
    assert matcher.accept_bytes(b'{"s') == 2
    assert matcher.accept_bytes(b'{"first":0,"s') == len(b'{"first":0,"s')


@pytest.mark.parametrize("alternatives", [False, True])
def test_ten_thousand_properties(alternatives: bool) -> None:
    names = [f"key{index}" for index in range(10_000)]
    random.Random(1).shuffle(names)
    schema: dict[str, Any] = {"properties": dict.fromkeys(names, {"type": "integer"}), "required": names[::-100]}
    if alternatives:
        schema["anyOf"] = [{"properties": {"new1": {}}}, {"properties": {"new2": {}}}]
    compiler = mf.Compiler(byte_vocabulary())
    grammar = compiler.json_schema(schema, property_order="schema", whitespace="compact")
    matcher = grammar.matcher()
    wrong = f'{{"{names[-1]}"'.encode()
    assert matcher.fork().accept_bytes(wrong) < len(wrong)
    text = json.dumps(dict.fromkeys(names[99::100], 0), separators=(",", ":"))
    assert accepts(grammar, text) and not accepts(grammar, text.replace(names[99], names[98]))
