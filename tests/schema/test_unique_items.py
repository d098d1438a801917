"""`uniqueItems`: equality by value, no dead ends where values are few, masks over tokens that cross items, and undoing.

Random arrays over small finite sets of values, so that they run out; judged by counting and by brute force.
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
from tests.schema.support import DIALECTS, accepts, allows, byte_compiler, byte_vocabulary
from tests.schema.test_soundness import check, compare_with_definition, small

SETTINGS = settings(
    max_examples=150,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # shrinking a walk takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
UNIQUE = {"type": "array", "uniqueItems": True}

# ---- equality -------------------------------------------------------------------------------------------------------

EQUAL = [
    ["1", "1.0", "1e0", "10e-1", "0.1E+1"],
    ["0", "-0", "0.0", "0e5", "-0.0e-3"],
    ["100", "1e2", "1E+2"],
    ['"a"', r'"\u0061"'],
    ['"/"', r'"\/"', r'"\u002f"', r'"\u002F"'],
    ['"\u00e9"', r'"\u00e9"', r'"\u00E9"'],
    ['"\U0001f600"', r'"\ud83d\ude00"', r'"\uD83D\uDE00"'],
    ["[]", "[ ]", "[\n]"],
    ["[1,2]", "[1.0, 20e-1]"],
    ["{}", "{ }"],
    ['{"a":1,"b":[2]}', '{"b":[2.0],"a":1}', r'{ "\u0062": [ 2 ], "a": 1e0 }'],
    ['{"a":{"b":null,"c":""}}', '{"a": {"c": "", "b": null}}'],
    ["true"],
    ["false"],
    ["null"],
    ['"1"'],
    ['"true"'],
    ["[1]"],
    ["[true]"],
    ["[[]]"],
    ['{"a":1}'],
    ['{"a":true}'],
    ['{"b":1}'],
    ["12345678901234567890123"],
    ["12345678901234567890124"],
    ["0.1"],
    ["0.10000000000000000001"],
]


@pytest.mark.parametrize("draft", DIALECTS)
def test_items_are_equal_by_value(draft: str) -> None:
    schema = {"$schema": DIALECTS[draft], **UNIQUE}
    grammar = byte_compiler().json_schema(schema)
    forms = [(form, kind) for kind, forms in enumerate(EQUAL) for form in forms]
    for (one, kind), (other, its_kind) in itertools.product(forms, forms):
        for text in (f"[{one},{other}]", f"[ {one} ,\n{other} ]", f'["x",{one},[0],{other}]'):
            assert accepts(grammar, text) == (kind != its_kind), text
        assert accepts(grammar, f'[{{"k":{one}}},{{"k":{other}}}]') == (kind != its_kind), (one, other)


def test_false_and_absent_assert_nothing() -> None:
    assert allows({"type": "array", "uniqueItems": False}, "[1,1]")
    assert allows({"type": "array", "uniqueItems": False, "items": {"const": 1}, "minItems": 2}, "[1,1]")
    assert allows({"uniqueItems": True}, '"aa"')


# ---- how many there are ---------------------------------------------------------------------------------------------

PAIRS = {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 2}
SWITCH = {"type": "object", "properties": {"a": {"type": "boolean"}}, "additionalProperties": False}
FINITE: list[tuple[Any, int]] = [
    ({"enum": [1, 2, 1.0, "1"]}, 3),
    ({"type": "boolean"}, 2),
    ({"type": ["null", "boolean"]}, 3),
    ({"type": "integer", "minimum": -1, "maximum": 3}, 5),
    ({"type": "number", "multipleOf": 0.5, "minimum": 0, "exclusiveMaximum": 2}, 4),
    ({"type": "number", "multipleOf": 0.5, "minimum": -1, "maximum": 1, "not": {"multipleOf": 1}}, 2),
    ({"type": "integer", "minimum": 10**30, "maximum": 10**30 + 3}, 4),
    ({"type": "string", "maxLength": 0}, 1),
    ({"type": "string", "pattern": "^[ab]{0,2}$"}, 7),
    ({"type": "string", "format": "date", "pattern": "^2024-02-"}, 29),
    (PAIRS, 4),
    ({"type": "array", "items": {"enum": [1, 2]}, "maxItems": 2}, 7),
    ({"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True}, 16),
    ({"type": "array", "items": {"enum": [1, 2]}, "maxItems": 2, "not": {"uniqueItems": True}}, 2),
    ({"type": "array", "items": {"enum": [1, 2]}, "maxItems": 2, "contains": {"const": 1}}, 4),
    (SWITCH, 3),
    ({**SWITCH, "required": ["a"]}, 2),
    ({"type": "object", "propertyNames": {"enum": ["a", "b"]}, "additionalProperties": {"enum": [0, 1]}}, 9),
    ({"type": "object", "propertyNames": {"pattern": "^[ab]$"}, "additionalProperties": {"const": 0}}, 4),
    ({"type": "object", "propertyNames": {"pattern": "^[abc]$"}, "additionalProperties": {"const": 0},
      "minProperties": 2}, 4),
    ({"type": "object", "properties": {"a": {"enum": [1, 2]}, "b": {"enum": [1, 2, 3]}},
      "additionalProperties": False, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, 11),
    ({"enum": [[1], {"a": 1}, [1.0], None]}, 3),
    ({"anyOf": [{"enum": [1, 2]}, {"enum": [2, 3]}]}, 3),
    ({"oneOf": [{"enum": [1, 2]}, {"enum": [2, 3]}]}, 2),
]  # fmt: skip
ENDLESS: list[Any] = [
    {},
    {"type": "string"},
    {"type": "integer"},
    {"type": "number", "minimum": 0, "maximum": 1},
    {"type": "integer", "minimum": 5},
    {"type": "integer", "maximum": -5},
    {"type": "string", "pattern": "^a"},
    {"type": "array", "items": {"const": 1}},
    {"type": "object", "additionalProperties": {"const": 1}},
    {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False},
    {"type": "integer", "minimum": 0, "maximum": 10**9},
]


def satisfiable(schema: Any) -> bool:
    try:
        byte_compiler().json_schema(schema)
    except mf.UnsatisfiableError:
        return False
    return True


@pytest.mark.parametrize("items, count", FINITE, ids=lambda part: json.dumps(part)[:60])
def test_as_many_items_as_there_are_values(items: Any, count: int) -> None:
    assert satisfiable({**UNIQUE, "items": items, "minItems": count})
    assert not satisfiable({**UNIQUE, "items": items, "minItems": count + 1})


@pytest.mark.parametrize("items, count", FINITE, ids=lambda part: json.dumps(part)[:60])
def test_walks_until_the_values_run_out(items: Any, count: int) -> None:
    schema = {**UNIQUE, "items": items, "minItems": min(count, 9)}
    compiler, walker = small()
    grammar = compiler.json_schema(schema)
    for seed in range(4):
        text = walker.walk(
            grammar, random.Random(seed), free_steps=0, look=compare_with_definition(walker), schema=schema
        )
        check(schema, text)


@pytest.mark.parametrize("items", ENDLESS, ids=json.dumps)
def test_endless_values_never_run_out(items: Any) -> None:
    assert satisfiable({**UNIQUE, "items": items, "minItems": 300})


def test_recursive_values_are_counted_to_the_end() -> None:
    # null, [null], [[null]], ...
    chain = {"$defs": {"x": {"anyOf": [{"type": "null"}, {"type": "array", "items": {"$ref": "#/$defs/x"},
                                                          "minItems": 1, "maxItems": 1}]}}}  # fmt: skip
    assert satisfiable({**chain, **UNIQUE, "items": {"$ref": "#/$defs/x"}, "minItems": 40})
    # Trees in which every node has two different children never end.
    assert not satisfiable({**UNIQUE, "items": {"$ref": "#"}, "minItems": 2})
    # Sets of sets: 0, {0}, {0, {0}}, ...
    assert satisfiable({**UNIQUE, "items": {"$ref": "#"}})
    sets = {"$defs": {"s": {**UNIQUE, "items": {"$ref": "#/$defs/s"}}}}
    assert satisfiable({**sets, **UNIQUE, "items": {"$ref": "#/$defs/s"}, "minItems": 20})


MATCHED: list[tuple[Any, list[str], list[str]]] = [
    # What the first item takes is missing later.
    ({"prefixItems": [{"enum": [1, 2]}, {"enum": [1]}], "minItems": 2}, ["[2,1]"], ["[1"]),
    ({"prefixItems": [{"enum": [1, 2]}, {"enum": [2, 3]}, {"enum": [3]}], "minItems": 3}, ["[1,2,3]"], ["[2", "[1,3"]),
    ({"prefixItems": [{}, {"const": "ab"}], "minItems": 2}, ['["a","ab"]', '["abc","ab"]'], ['["ab"', r'["a\u0062"']),
    ({"prefixItems": [{}, {"const": [1]}], "minItems": 2}, ["[[],[1]]", "[[1,1],[1]]"], ["[[1]", "[[1.0]"]),
    ({"contains": {"const": 5}, "maxItems": 2}, ["[5]", "[4,5]", "[5,4]"], ["[4,4]", "[4,3]", "[5,5]", "[4,["]),
    ({"contains": {"enum": [1, 2]}, "minContains": 2}, ["[1,2]", "[0,2,3,1]"], ["[1,1,", "[1]"]),
    ({"items": {"enum": [1, 2]}, "minItems": 1}, ["[1]", "[2,1]"], ["[1,2,", "[1,1,", "[1,1]"]),
    ({"items": {"maximum": 3}, "minItems": 2, "allOf": [{"items": {"type": "integer", "minimum": 2}}]},
     ["[2,3]", "[3,2.0]"], ["[2,2]", "[2]", "[2,3,"]),
]  # fmt: skip


@pytest.mark.parametrize("schema, good, bad", MATCHED, ids=lambda part: json.dumps(part)[:60])
def test_an_item_leaves_what_others_need(schema: Any, good: list[str], bad: list[str]) -> None:
    grammar = byte_compiler().json_schema({**UNIQUE, **schema})
    for text in good:
        assert accepts(grammar, text), text
    for text in bad:
        assert grammar.matcher().accept_bytes(text.encode()) < len(text.encode()), text


REPEATED: list[tuple[Any, list[str], list[str]]] = [
    ({}, ["[1,1]", "[1,2,1.0]", '[[],{},"",[ ]]'], ["[]", "[1]", "[1,2]"]),
    ({"prefixItems": [{"enum": [1, 2]}, {"const": 1}], "items": False}, ["[1,1]"], ["[2", "[1]"]),
    ({"prefixItems": [{"type": "string"}, {"pattern": "^b"}], "items": False}, ['["b","b"]', '["bc", "bc"]'],
     ['["a', '["b","ba', "[1"]),
    ({"maxItems": 3}, ["[1,2,1]", "[1,1,3]", "[1,2,2]"], ["[1,2,3", "[1,2]"]),
    ({"items": {"type": "integer", "minimum": 0, "maximum": 1}, "minItems": 3}, ["[0,1,0]"], ["[0,1]"]),
]  # fmt: skip


@pytest.mark.parametrize("schema, good, bad", REPEATED, ids=lambda part: json.dumps(part)[:60])
def test_the_negation_wants_equal_items(schema: Any, good: list[str], bad: list[str]) -> None:
    grammar = byte_compiler().json_schema({"type": "array", "not": {"uniqueItems": True}, **schema})
    for text in good:
        assert accepts(grammar, text), text
    for text in bad:
        assert not accepts(grammar, text), text
        if not text.endswith("]"):
            assert grammar.matcher().accept_bytes(text.encode()) < len(text.encode()), text


def test_negations_that_no_array_satisfies() -> None:
    for keywords in (
        {"maxItems": 1},
        {"prefixItems": [{"const": 1}, {"const": 2}], "items": False},
        {"prefixItems": [{"type": "string"}, {"type": "integer"}, {"type": "null"}], "items": False},
    ):
        assert not satisfiable({"type": "array", "not": {"uniqueItems": True}, **keywords})


# ---- random arrays --------------------------------------------------------------------------------------------------

# Values that a walk may find helpful.
EXAMPLES = [{"a": True}, {"a": False}, {"a": 0, "b": 0}, {"b": 0}, [True, True], [True, False], 0.5, 2, 3, 10**30]

few = st.sampled_from([0, 1, 1.0, 2, True, False, None, "", "a", "ab", [], [1], {}, {"a": 1}])
item_sets = st.one_of(
    st.lists(few, min_size=1, max_size=4).map(lambda values: {"enum": values}),
    st.sampled_from([items for items, count in FINITE if count <= 7]),
    st.sampled_from(ENDLESS[:9]),
    st.just({"enum": [1, 2, 3]}),
)


@st.composite
def unique_arrays(draw: st.DrawFn, depth: int = 1) -> dict[str, Any]:
    items = item_sets | unique_arrays(depth=depth - 1) if depth > 0 else item_sets
    optional: dict[str, st.SearchStrategy[Any]] = {
        "minItems": st.integers(0, 4),
        "maxItems": st.integers(1, 4),
        "prefixItems": st.lists(items, min_size=1, max_size=3),
        "items": items | st.just(False),
        "contains": items,
    }
    chosen = draw(st.lists(st.sampled_from(sorted(optional)), max_size=3, unique=True))
    schema: dict[str, Any] = {"type": "array", **{keyword: draw(optional[keyword]) for keyword in chosen}}
    unique: dict[str, Any] = {"uniqueItems": True}
    other = {key: schema.pop(key) for key in draw(st.lists(st.sampled_from(chosen), max_size=1))} if chosen else {}
    form = draw(st.integers(0, 7))
    if form == 1:
        schema["not"] = unique
    elif form == 2:
        schema["anyOf"] = [unique, other]
    elif form == 3:
        schema["oneOf"] = [unique, other]
    elif form == 4:
        schema |= {"if": unique, "then": other}
    elif form == 5:
        schema["anyOf"] = [{"not": unique}, {**unique, **other}]
    else:
        schema |= unique | other
    return schema


values = st.recursive(few, lambda inner: st.lists(inner, max_size=3), max_leaves=6)
arrays = st.lists(values, max_size=4)


def compile_or_none(compiler: mf.Compiler, schema: Any) -> mf.Grammar | None:
    try:
        return compiler.json_schema(schema)
    except mf.UnsatisfiableError:
        return None


@SETTINGS
@given(schema=unique_arrays(), seed=st.integers(0, 2**32 - 1))
def test_every_mask(schema: Any, seed: int) -> None:
    compiler, walker = small()
    grammar = compile_or_none(compiler, schema)
    if grammar is None:
        event("unsatisfiable")
        return
    dice = random.Random(seed)
    for free_steps in (0, 15):
        look = compare_with_definition(walker)
        helped = schema | {"examples": EXAMPLES}
        try:
            text = walker.walk(grammar, dice, free_steps=free_steps, look=look, schema=helped)
        except mf.FuelError as error:
            assert "exponent" in str(error)
            event("a number with an exponent of more than nine digits")
            continue
        check(schema, text)


@settings(SETTINGS, max_examples=800)
@given(schema=unique_arrays(), instances=st.lists(arrays, min_size=8, max_size=8))
def test_arrays_are_accepted_if_they_satisfy_the_schema(schema: Any, instances: list[Any]) -> None:
    compiler, _ = small()
    grammar = compile_or_none(compiler, schema)
    validator = strategies.validator(schema)
    mentioned = [0, 1, 2, 3, True, None, "a", [], [1], {}]
    brief = [list(items) for size in range(4) for items in itertools.product(mentioned, repeat=size)]
    for value in [*instances, *random.Random(0).sample(brief, 60), *brief[:30]]:
        valid = validator.is_valid(strategies.parse_exactly(json.dumps(value), draft4=False))
        if grammar is None:
            assert not valid, f"called unsatisfiable, but {value!r} satisfies it"
        else:
            assert accepts(grammar, json.dumps(value)) == valid, value


# ---- matchers -------------------------------------------------------------------------------------------------------

NESTED = {"$ref": "#/$defs/node", "$defs": {"node": {
    "anyOf": [{"type": ["null", "integer", "string"]},
              {**UNIQUE, "items": {"$ref": "#/$defs/node"}},
              {"type": "object", "additionalProperties": {"$ref": "#/$defs/node"}}]}}}  # fmt: skip


@settings(SETTINGS, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_undoing_texts_inside_texts(seed: int) -> None:
    """Unique arrays in unique arrays, and objects with keys of any name between them."""
    compiler, walker = small()
    grammar = compiler.json_schema(NESTED)
    dice = random.Random(seed)
    matcher = grammar.matcher()
    history: list[tuple[int, frozenset[int]]] = []
    openers = [token for token, text in enumerate(walker.token) if text in (b"[", b'["', b'{"', b'"a":', b",", b'","')]
    for _ in range(60):
        allowed = frozenset(walker.allowed(matcher).tolist())
        if dice.random() < 0.3 and history:
            back = dice.randrange(1, len(history) + 1)
            matcher.rollback(back)
            for _, before in history[-back:][:1]:
                assert frozenset(walker.allowed(matcher).tolist()) == before
            del history[-back:]
            continue
        wanted = [token for token in openers if token in allowed]
        others = wanted if wanted and dice.random() < 0.6 else sorted(allowed - walker.eos)
        if not others:
            continue
        token = dice.choice(others)
        assert matcher.accept_token(token)
        history.append((token, allowed))
    fresh = grammar.matcher()
    for token, _ in history:
        assert fresh.accept_token(token)
    assert walker.expected(fresh, iter(range(walker.vocabulary.size))) == set(walker.allowed(matcher).tolist())


def test_long_arrays() -> None:
    grammar = mf.Compiler(byte_vocabulary()).json_schema({**UNIQUE, "items": {"type": "string"}})
    matcher = grammar.matcher()
    texts = [f'"{"xyz"[i % 3]}{i}"' for i in range(10_000)]
    text = "[" + ",".join(texts)
    assert matcher.accept_bytes(text.encode()) == len(text)
    again = f",{texts[1234]}"
    assert matcher.fork().accept_bytes(again.encode()) == len(again) - 1
    assert matcher.accept_bytes(b',"new"]') == 7 and matcher.is_accepting()


def test_many_numbers() -> None:
    compiler = mf.Compiler(byte_vocabulary())
    matcher = compiler.json_schema({**UNIQUE, "items": {"type": "integer"}}).matcher()
    numbers = [i * 7919 % 1_000_003 for i in range(20_000)]
    sizes = []
    for i, number in enumerate(numbers):
        text = f"{',' if i else '['}{number}"
        assert matcher.accept_bytes(text.encode()) == len(text), text
        if i in (9_999, 19_999):
            sizes.append(compiler.memory_bytes())
    assert sizes[1] < 2.5 * sizes[0] < 2**28
    for i in (0, 1, 500, 19_999):
        for text in (
            f",{numbers[i]}]",
            f", {numbers[i]}.0,",
            f",{numbers[i]}e0 ",
            f",0.{numbers[i]}e{len(str(numbers[i]))}]",
        ):
            assert matcher.fork().accept_bytes(text.encode()) < len(text), text
    for text in (",1000003]", f",{numbers[7]}e9]", f",-{numbers[7]}]", f",{numbers[7]}00000001]"):
        assert matcher.fork().accept_bytes(text.encode()) == len(text), text


def test_numbers_until_they_run_out() -> None:
    """Which digit may come next, as the numbers up to 299 are taken one after the other."""
    schema = {**UNIQUE, "items": {"type": "integer", "minimum": 0, "maximum": 299}}
    matcher = byte_compiler().json_schema(schema, whitespace="compact").matcher()
    assert matcher.accept_bytes(b"[") == 1
    left = set(range(300))
    dice = random.Random(0)
    while left:
        number = dice.choice(sorted(left))
        spellings = {i: (str(i), f"{i}.0", f"{i}e0", f"0.{i}e{len(str(i))}", f"{i * 10}e-1") for i in left}
        words = [word for forms in spellings.values() for word in forms]
        words += [f"{i // 10**k}e{k}" for i in left for k in (1, 2) if i and i % 10**k == 0]
        words += [f"{str(i)[0]}.{str(i)[1:]}e{len(str(i)) - 1}" for i in left if i > 9]
        if 0 in left:
            words += ["-0", "0.0", "0e1"]
        written = ""
        for char in str(number):
            expected = {word[len(written)] for word in words if word.startswith(written) and word != written}
            allowed = {chr(token) for token in matcher.allowed_tokens() if token < 256} - set("]E")
            if written in words:
                allowed -= {","}
            # Zeros may be put behind the point and before an exponent.
            assert expected <= allowed <= expected | set("0.e"), (written, number, len(left))
            assert matcher.accept_bytes(char.encode()) == 1
            written += char
        left.remove(number)
        if left:
            assert matcher.accept_bytes(b",") == 1
    assert matcher.fork().accept_bytes(b",") == 0
    assert matcher.accept_bytes(b"]") == 1 and matcher.is_accepting()


@pytest.mark.parametrize(
    "items",
    [
        {"multipleOf": 0.25, "type": "number", "minimum": -9, "maximum": 900},
        {"type": "integer", "minimum": -5, "maximum": 500},
    ],
    ids=json.dumps,
)
def test_masks_beside_many_numbers(items: Any) -> None:
    compiler, walker = small()
    grammar = compiler.json_schema({**UNIQUE, "items": items})
    everything = range(walker.vocabulary.size)
    dice = random.Random(0)
    for count in (30, 300, 505):
        numbers = dice.sample(range(-5, 501), count)
        matcher = grammar.matcher()
        text = f"[{','.join(map(str, numbers))},"
        assert matcher.accept_bytes(text.encode()) == len(text)
        for _ in range(25):
            at = matcher.fork()
            for _ in range(8):
                allowed = set(walker.allowed(at).tolist())
                assert allowed == walker.expected(at, everything)
                if not allowed - walker.eos:
                    break
                assert at.accept_token(dice.choice(sorted(allowed - walker.eos)))


def test_numbers_in_one_of_several_alternatives_are_a_clear_error() -> None:
    schema = {"type": "array", "items": {"type": "integer"}, "anyOf": [{"uniqueItems": True}, {"minItems": 9000}]}
    matcher = mf.Compiler(byte_vocabulary()).json_schema(schema).matcher()
    with pytest.raises(mf.FuelError, match="uniqueItems|fuel"):
        for i in range(3000):
            matcher.accept_bytes(f"{',' if i else '['}{i}".encode())
