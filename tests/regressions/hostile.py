"""Schemas made to hurt, each with texts that it allows and texts that it does not.

`python -m tests.regressions.hostile NAME` compiles one in both property orders, reads its texts with masks on the way,
and prints what came of it as JSON.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import maskforge as mf

Case = tuple[Any, list[str], list[str]]
EOS = 256
CASES: dict[str, Callable[[], Case]] = {}
WORDS = [b"true", b'","', b'": ', b'":', b'"}', b'{"', b'["', b"]}", b"}}", b"[]", b', "', b'"a', b'"k', b"00", b"key"]


def case(build: Callable[[], Case]) -> Callable[[], Case]:
    CASES[build.__name__] = build
    return build


def text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


# ---- alternatives and negations in exponential numbers --------------------------------------------------------------


@case
def exclusive_alternatives_nested() -> Case:
    """Written out: 2^10 leaves. A or not A, exactly one of them, always holds; and so do all levels above."""

    def level(depth: int) -> dict[str, Any]:
        if depth == 0:
            return {"type": "object", "properties": {"a": {"type": "integer"}}}
        return {"oneOf": [level(depth - 1), {"not": level(depth - 1)}]}

    return level(10), ['{"a":1}', '{"a":"x"}'], []


def doubled(combine: Callable[[dict[str, str]], dict[str, Any]], leaf: Any, levels: int) -> Any:
    """Every level refers twice to the next: 2^levels ways to the leaf."""
    homes = {f"x{i}": combine({"$ref": f"#/$defs/x{i + 1}"}) for i in range(levels)}
    return {"$ref": "#/$defs/x0", "$defs": {**homes, f"x{levels}": leaf}}


@case
def exclusive_alternatives_doubled() -> Case:
    # Exactly one of A and not A; then of that and its negation; ...
    schema = doubled(lambda next: {"oneOf": [next, {"not": next}]}, {"type": "object", "required": ["a"]}, 60)
    return schema, ["{}", '{"a":1}', "1"], []


@case
def exclusive_equals_doubled() -> Case:
    schema = doubled(lambda next: {"oneOf": [next, next]}, {"type": "object", "required": ["a"]}, 60)
    return schema, [], []


@case
def negations_doubled() -> Case:
    schema = doubled(
        lambda next: {"not": {"allOf": [next, {"not": {"anyOf": [next, {"required": ["b"]}]}}]}},
        {"properties": {"a": {"type": "integer"}}},
        60,
    )
    return schema, ["{}", '{"a":1}', '{"a":"x"}'], []


@case
def negations_chained() -> Case:
    schema: Any = {"type": "object", "required": ["a"]}
    for _ in range(1000):
        schema = {"not": schema}
    return schema, ['{"a":1}'], ["{}", "1"]


@case
def conditions_doubled() -> Case:
    schema = doubled(lambda next: {"if": next, "then": next, "else": next}, {"minProperties": 2}, 60)
    return schema, ['{"a":1,"b":2}', "1"], ['{"a":1}']


@case
def conditions_nested_in_items() -> Case:
    schema = doubled(
        lambda next: {"if": {"items": next}, "then": {"contains": next}, "else": {"not": {"contains": next}}},
        {"type": "integer"},
        30,
    )
    return schema, [], []


@case
def exclusive_products() -> Case:
    """Thirty conjoined oneOf, each over two keys."""
    schema = {
        "allOf": [{"oneOf": [{"required": [f"a{i}"]}, {"required": [f"b{i}"]}]} for i in range(30)],
        "type": "object",
        "additionalProperties": {"type": "integer"},
    }
    good = text({f"{'ab'[i % 2]}{i}": 1 for i in range(30)})
    return schema, [good], [good.replace("a0", "b1"), good[:-1] + ',"b0":1}']


@case
def parity_of_keys() -> Case:
    """Exclusive or of forty `required`, nested: as many states as subsets if they were written out."""
    schema: Any = {"required": ["k0"]}
    for i in range(1, 40):
        schema = {"oneOf": [schema, {"required": [f"k{i}"]}]}
    return {"type": "object", **schema}, ['{"k1":0}', '{"k1":0,"k2":0,"k7":0}'], ["{}", '{"k0":0,"k39":0}']


@case
def open_questions() -> Case:
    """Thirty branches that all stay open over ten keys: more combinations of verdicts than can be told apart."""
    branches = [
        {"type": "object", "properties": {f"k{j}": {"multipleOf": i + 2} for j in range(10)}} for i in range(30)
    ]
    return {"anyOf": branches}, ['{"k3":60,"k4":7}'], []


@case
def exclusive_open_questions() -> Case:
    branches = [{"properties": {f"k{j}": {"multipleOf": i + 2} for j in range(10)}} for i in range(30)]
    return {"type": "object", "oneOf": branches, "required": ["k0"]}, [], []


@case
def overlapping_branches() -> Case:
    branches = [
        {
            "type": "object",
            "properties": {f"k{i}": {"type": "integer", "minimum": i}, f"k{i + 1}": {"type": "string"}},
            "required": [f"k{i}"],
        }
        for i in range(100)
    ]
    return {"oneOf": branches}, ['{"k3":5}', '{"k3":5,"k4":"x"}'], ['{"k3":2}', '{"k3":5,"k7":9}']


@case
def a_thousand_branches() -> Case:
    branches = [{"properties": {"kind": {"const": f"kind{i}"}, f"p{i}": {"type": "integer"}}, "required": ["kind"],
                 "additionalProperties": False} for i in range(1000)]  # fmt: skip
    return (
        {"type": "object", "oneOf": branches},
        ['{"kind":"kind77","p77":1}', '{"kind":"kind999"}'],
        ['{"kind":"kind77","p78":1}', '{"p1":1}'],
    )


def discriminated(count: int) -> list[dict[str, Any]]:
    return [
        {
            "type": "object",
            "properties": {
                "kind": {"const": f"kind{i}"},
                "payload": {"type": "object", "properties": {f"p{i}": {"type": "integer"}}, "required": [f"p{i}"]},
            },
            "required": ["kind", "payload"],
        }
        for i in range(count)
    ]


@case
def discriminators_read_last() -> Case:
    """A payload may fit any of five hundred branches, in all combinations, until the discriminator decides."""
    return (
        {"oneOf": discriminated(500)},
        ['{"kind":"kind77","payload":{"p77":1}}'],
        ['{"kind":"kind77","payload":{"p78":1}}', '{"payload":{"p1":1,"p2":2},"kind":"kind3"}'],
    )


@case
def discriminated_items() -> Case:
    items = {"type": "array", "items": {"anyOf": discriminated(200)}}
    return (
        items,
        ['[{"kind":"kind7","payload":{"p7":1}},{"kind":"kind199","payload":{"p199":1}}]'],
        ['[{"kind":"kind7","payload":{}}'],
    )


@case
def conditions_on_a_discriminator() -> Case:
    chain = [
        {"if": {"properties": {"kind": {"const": f"k{i}"}}, "required": ["kind"]}, "then": {"required": [f"p{i}"]}}
        for i in range(300)
    ]
    schema = {"type": "object", "properties": {"kind": {"type": "string"}}, "allOf": chain, "required": ["kind"]}
    return schema, ['{"kind":"k7","p7":1}', '{"kind":"k300"}'], ['{"kind":"k7","p8":1}', '{"kind":1']


@case
def equal_branches() -> Case:
    return {"oneOf": [{"required": ["a"]}] * 5000}, [], ['{"a":1}', "{}"]


@case
def needs_of_needs() -> Case:
    """Each key of 150 demands the next."""
    chain = {f"k{i}": [f"k{i + 1}"] for i in range(150)}
    schema = {"type": "object", "dependentRequired": chain, "maxProperties": 151}
    return schema, [text({f"k{i}": 0 for i in range(151)}), "{}", '{"k150":1}'], ['{"k1":1}']


@case
def needs_that_cannot_be_met() -> Case:
    chain = {f"k{i}": [f"k{i + 1}"] for i in range(150)}
    good = text({f"k{i}": 0 for i in range(131, 151)})
    return {"type": "object", "dependentRequired": chain, "maxProperties": 40}, ["{}", good], ['{"k1":1}', '{"k1"']


@case
def pigeons() -> Case:
    """Ten items, all different, of nine values: true only after 9! arrangements if they are tried."""
    return {"type": "array", "items": {"enum": list(range(9))}, "minItems": 10, "uniqueItems": True}, [], ["[]"]


@case
def pigeon_keys() -> Case:
    """Seven pigeons in six holes: no way to place them, and no short proof of it by cases."""
    clauses: list[Any] = [{"anyOf": [{"required": [f"p{i}h{j}"]} for j in range(6)]} for i in range(7)]
    clauses += [{"not": {"required": [f"p{i}h{j}", f"p{k}h{j}"]}} for j in range(6) for i in range(7) for k in range(i)]
    return {"type": "object", "allOf": clauses}, [], ["{}"]


@case
def random_clauses() -> Case:
    """Satisfiability of 3-CNF over the presence of sixty keys, near the hard ratio."""
    dice = random.Random(5)
    truth = {f"v{i}": dice.random() < 0.5 for i in range(60)}
    clauses = []
    while len(clauses) < 250:
        names = dice.sample(sorted(truth), 3)
        signs = [dice.random() < 0.5 for _ in names]
        if any(truth[name] == sign for name, sign in zip(names, signs, strict=True)):
            literals = [
                {"required": [name]} if sign else {"not": {"required": [name]}}
                for name, sign in zip(names, signs, strict=True)
            ]
            clauses.append({"anyOf": literals})
    good = text({name: 0 for name, present in truth.items() if present})
    return {"type": "object", "allOf": clauses}, [good], []


# ---- very many ------------------------------------------------------------------------------------------------------

NAMES = [f"key{i}" for i in range(10_000)]


@case
def many_properties() -> Case:
    schema = {"type": "object", "properties": dict.fromkeys(NAMES, {"type": "integer"}), "additionalProperties": False}
    return schema, [text(dict.fromkeys(NAMES[::20], 1))], ['{"q":1}', '{"key1":1,"key1":1}', '{"key1":""}']


@case
def many_required_properties() -> Case:
    schema = {"type": "object", "properties": dict.fromkeys(NAMES, {"type": "integer"}), "required": NAMES[:1000]}
    return schema, [text(dict.fromkeys(NAMES[:1000], 1))], [text(dict.fromkeys(NAMES[1:1000], 1)), '{"key1":1}']


@case
def all_properties_required() -> Case:
    schema = {"type": "object", "properties": dict.fromkeys(NAMES, {"type": "integer"}), "required": NAMES}
    return schema, [], [text(dict.fromkeys(NAMES[:100], 1))]


@case
def many_properties_in_opposite_orders() -> Case:
    lists = [{"properties": dict.fromkeys(names, {"type": "integer"})} for names in (NAMES, NAMES[::-1])]
    return {"type": "object", "anyOf": lists}, [text(dict.fromkeys(NAMES[:50], 1))], ['{"key1":""}']


@case
def many_properties_in_shuffled_orders() -> Case:
    lists = []
    for seed in range(4):
        names = NAMES[:2000]
        random.Random(seed).shuffle(names)
        lists.append({"properties": dict.fromkeys(names, {"type": "integer"})})
    return {"type": "object", "anyOf": lists}, ['{"key1":1}'], ['{"key1":""}']


@case
def many_nested_properties() -> Case:
    schema: Any = {"type": "integer"}
    for i in range(100):
        schema = {
            "type": "object",
            "properties": {f"k{i}_{j}": schema if j == 0 else {"type": "string"} for j in range(100)},
        }
    return schema, ['{"k99_0":{"k98_0":{"k97_5":""}}}'], ['{"k99_0":{"k98_0":{"k97_5":1}}}']


@case
def many_patterns() -> Case:
    schema = {"type": "object", "patternProperties": {f"^k{i}_": {"type": "integer"} for i in range(60)}}
    return schema, ['{"k3_x":1,"k50_":2}'], ['{"k3_x":""}']


@case
def very_many_patterns() -> Case:
    schema = {"type": "object", "patternProperties": {f"^k{i}_": {"type": "integer"} for i in range(2000)}}
    return schema, ['{"k3_x":1}'], ['{"k3_x":""}']


@case
def many_patterns_that_ask_otherwise() -> Case:
    kinds = [{"type": "integer"}, {"type": "string"}]
    patterns = {f"^k{i}_": kinds[i % 2] for i in range(1000)}
    schema = {"type": "object", "patternProperties": patterns, "additionalProperties": False}
    return schema, ['{"k2_":1,"k3_":""}'], ['{"k2_":""', '{"x"']


@case
def overlapping_patterns() -> Case:
    schema = {"type": "object", "patternProperties": {f"a.{{{i}}}b": {"minimum": i} for i in range(20)},
              "minProperties": 3, "additionalProperties": False}  # fmt: skip
    return schema, ['{"ab":9,"axb":9,"axxb":9}'], ['{"axxxxxxxb":3}']


@case
def many_values() -> Case:
    values: list[Any] = [f"value{i}" for i in range(100_000)]
    return {"enum": values}, ['"value99999"'], ['"value999999"', "1"]


@case
def many_numbers() -> Case:
    return {"enum": list(range(0, 700_000, 7))}, ["699993", "7.0"], ["8", "700000"]


@case
def many_different_values() -> Case:
    values: list[Any] = [*range(20_000), *(f"v{i}" for i in range(20_000)), *([i] for i in range(20_000))]
    values += [{"k": i} for i in range(20_000)] + [i + 0.5 for i in range(20_000)]
    return {"enum": values}, ["19999", '"v3"', '{"k":77}', "[5]", "3.5"], ["20000", '{"k":-1}']


@case
def many_objects() -> Case:
    return (
        {"enum": [{"id": i, "name": f"n{i}"} for i in range(10_000)]},
        ['{"id":77,"name":"n77"}'],
        ['{"id":77,"name":"n78"}'],
    )


@case
def not_many_values() -> Case:
    return {"not": {"enum": [f"value{i}" for i in range(100_000)]}}, ['"value"', "1"], ['"value7"']


@case
def values_that_are_unique() -> Case:
    schema = {"type": "array", "items": {"enum": [f"v{i}" for i in range(10_000)]}, "uniqueItems": True, "minItems": 5}
    return schema, [text([f"v{i}" for i in range(200)])], ['["v1","v1"', '["v1"]']


@case
def one_long_value() -> Case:
    return {"const": "x" * 100_000}, [text("x" * 100_000)], [text("x" * 99_999)]


@case
def a_large_constant() -> Case:
    value: Any = [{"a": [i, str(i), None, {"b": i / 2}]} for i in range(500)]
    return {"const": value}, [text(value)], [text(value[:-1])]


@case
def many_conjoined_values() -> Case:
    parts = [{"enum": [f"v{i}" for i in range(20_000) if i % step]} for step in (2, 3, 5, 7, 11)]
    return {"allOf": parts}, ['"v13"'], ['"v14"', '"v15"']


@case
def many_definitions() -> Case:
    homes = {
        f"d{i}": {"type": "object", "properties": {"n": {"$ref": f"#/$defs/d{(i + 1) % 20_000}"}}}
        for i in range(20_000)
    }
    return {"$ref": "#/$defs/d0", "$defs": homes}, ['{"n":{"n":{}}}'], ['{"n":1}']


@case
def many_items() -> Case:
    schema = {"type": "array", "prefixItems": [{"const": i} for i in range(5000)], "items": False}
    return schema, [text(list(range(5000))), "[0,1]"], ["[1]", text(list(range(5001)))]


@case
def many_needs_of_items() -> Case:
    schema = {"type": "array", "allOf": [{"contains": {"const": i}} for i in range(30)], "maxItems": 30}
    return schema, [text(list(range(30))[::-1])], ["[0]"]


@case
def many_counted_needs() -> Case:
    parts = [{"contains": {"multipleOf": i + 2}, "minContains": 5 + i, "maxContains": 20 + i} for i in range(12)]
    return {"type": "array", "allOf": parts}, [], ["[]"]


@case
def unions_with_rest() -> Case:
    branches = [
        {"properties": {f"b{i}_{j}": {"type": "integer"} for j in range(20)}, "required": [f"b{i}_0"]}
        for i in range(50)
    ]
    return (
        {"type": "object", "anyOf": branches, "unevaluatedProperties": False},
        ['{"b3_0":1,"b3_7":1}'],
        ['{"b3_7":1}'],
    )


@case
def growing_prefixes() -> Case:
    parts = [{"prefixItems": [{"type": "integer"}] * i} for i in range(1, 41)]
    return {"type": "array", "anyOf": parts, "unevaluatedItems": False}, ["[1,2,3]"], ['["x"']


@case
def rest_of_all_orders() -> Case:
    parts = [{"if": {"required": [f"k{i}"]}, "then": {"properties": {f"p{i}": True}}} for i in range(25)]
    properties = {f"k{i}": True for i in range(25)}
    return (
        {"type": "object", "allOf": parts, "properties": properties, "unevaluatedProperties": False},
        ['{"k3":1,"p3":1}'],
        ['{"p3":1}'],
    )


# ---- depth ----------------------------------------------------------------------------------------------------------


@case
def deep_schema_of_arrays() -> Case:
    schema: Any = {"type": "integer"}
    for _ in range(1400):
        schema = {"type": "array", "items": schema}
    return schema, ["[" * 1400 + "1" + "]" * 1400, "[[]]"], ["[" * 1401]


@case
def deeper_schema_than_there_can_be() -> Case:
    schema: Any = {"type": "integer"}
    for _ in range(5000):
        schema = {"type": "array", "items": schema}
    return schema, [], []


@case
def deep_conjunctions() -> Case:
    schema: Any = {"type": "integer"}
    for i in range(700):
        schema = {"allOf": [schema, {"not": {"const": i}}]}
    return schema, ["701"], ["5"]


@case
def deep_references() -> Case:
    homes: dict[str, Any] = {f"d{i}": {"$ref": f"#/$defs/d{i + 1}"} for i in range(5000)}
    return {"$ref": "#/$defs/d0", "$defs": {**homes, "d5000": {"type": "integer"}}}, ["5"], ['""']


@case
def deep_required_references() -> Case:
    homes: dict[str, Any] = {
        f"d{i}": {"type": "object", "properties": {"n": {"$ref": f"#/$defs/d{i + 1}"}}, "required": ["n"]}
        for i in range(5000)
    }
    return (
        {"$ref": "#/$defs/d0", "$defs": {**homes, "d5000": {"type": "integer"}}},
        ['{"n":' * 5000 + "1" + "}" * 5000],
        ['{"n":1'],
    )


@case
def deep_texts() -> Case:
    node = {
        "anyOf": [{"type": "array", "items": {"$ref": "#"}}, {"type": "object", "additionalProperties": {"$ref": "#"}}]
    }
    return node, ["[" * 5000 + "]" * 5000, '{"a":' * 5000 + "{}" + "}" * 5000], ["[1"]


@case
def deep_negated_recursion() -> Case:
    node = {"$ref": "#/$defs/n", "$defs": {"n": {"not": {"type": "array", "contains": {"not": {"$ref": "#/$defs/n"}}}}}}
    return node, ["[" * 2000 + "]" * 2000, "1"], []


@case
def deep_constant() -> Case:
    value: Any = 1
    for _ in range(1400):
        value = [value]
    return {"const": value}, [text(value)], ["[" * 1401]


@case
def deep_unevaluated() -> Case:
    schema: Any = {"properties": {"a": True}}
    for i in range(300):
        schema = {"anyOf": [schema, {"properties": {f"k{i}": True}, "required": [f"k{i}"]}]}
    return {"type": "object", **schema, "unevaluatedProperties": False}, ['{"a":1}', '{"k7":1}'], ['{"z":1}']


# ---- patterns and numbers -------------------------------------------------------------------------------------------


@case
def pattern_far_from_the_end() -> Case:
    """Deterministic automata of the a that is fifty from the end have 2^50 states."""
    return {"type": "string", "pattern": "^[ab]*a[ab]{50}$"}, ['"' + "a" * 60 + '"'], ['"' + "b" * 60 + '"', '"a"']


@case
def patterns_far_from_the_end_conjoined() -> Case:
    parts = [{"pattern": f"^[ab]*a[ab]{{{i}}}$"} for i in range(10, 30)]
    return {"type": "string", "allOf": parts}, ['"' + "a" * 60 + '"'], ['"a"']


@case
def pattern_of_large_counts() -> Case:
    return (
        {"type": "string", "pattern": "^(a{1000}b?){300}$"},
        ['"' + "a" * 1000 * 300 + '"'],
        ['"' + "a" * 999 + "b"],
    )


@case
def pattern_of_nested_counts() -> Case:
    return {"type": "string", "pattern": "^((((a{0,9}b){0,9}c){0,9}d){0,9}e){0,9}$"}, ['"aabcde"'], ['"aabcdf"']


@case
def pattern_of_many_alternatives() -> Case:
    words = "|".join(f"word{i}x{i * 7919 % 10007}" for i in range(10_000))
    return {"type": "string", "pattern": f"^({words})$"}, ['"word0x0"'], ['"word1x1"']


@case
def pattern_of_very_many_alternatives() -> Case:
    words = "|".join(f"w{i}" for i in range(100_000))
    return {"type": "string", "pattern": f"^(?:{words})+$"}, ['"w77w99999"'], ['"w77v']


@case
def pattern_that_backtracks() -> Case:
    return (
        {"type": "string", "pattern": "^(a|a)*(a*)*(b|ab|aab)*$"},
        ['"' + "a" * 2000 + 'b"'],
        ['"' + "a" * 2000 + "c"],
    )


@case
def pattern_of_lookaheads() -> Case:
    looks = "".join(f"(?=.*{letter})" for letter in "abcdefghijklmnopqrst")
    return (
        {"type": "string", "pattern": f"^{looks}[a-z]{{20}}$"},
        ['"abcdefghijklmnopqrst"'],
        ['"abcdefghijklmnopqrss"'],
    )


@case
def pattern_nested_deeply() -> Case:
    return {"type": "string", "pattern": "^" + "(" * 5000 + "a" + ")" * 5000 + "$"}, ['"a"'], ['"b"']


@case
def patterns_that_exclude_each_other() -> Case:
    parts = [{"pattern": f"^[a-z]*{a}[a-z]*{b}"} for a in "abcd" for b in "efgh"]
    return {"type": "string", "allOf": parts, "maxLength": 8}, ['"abcdefgh"'], ['"aaaaaaaa"', '"abcd']


@case
def pattern_of_megabytes() -> Case:
    return {"type": "string", "pattern": "^" + "ab" * 500_000 + "$"}, [], ['"b']


@case
def pattern_of_classes() -> Case:
    return (
        {"type": "string", "pattern": "^" + r"[\w\-.]\S\D[^x]" * 500 + "$"},
        ['"' + "aaaa" * 500 + '"'],
        ['"' + "aaaa" * 499 + "aax"],
    )


@case
def long_lengths() -> Case:
    return {"type": "string", "minLength": 10**6, "maxLength": 10**9}, [], ['"a"']


@case
def lengths_and_patterns() -> Case:
    return (
        {"type": "string", "pattern": "^([ab]{7}|[bc]{11})*$", "minLength": 10_000, "maxLength": 10_003},
        [],
        ['"ba'],
    )


@case
def many_items_at_least() -> Case:
    return {"type": "array", "minItems": 10**6}, [], ["[1]"]


@case
def many_properties_at_least() -> Case:
    return {"type": "object", "minProperties": 10**5}, [], ['{"a":1}']


@case
def more_properties_than_names() -> Case:
    schema = {"type": "object", "propertyNames": {"pattern": "^[a-z]{2}$"}, "minProperties": 26 * 26 + 1}
    return schema, [], ["{}"]


@case
def long_numbers() -> Case:
    return {"type": "integer", "minimum": 10**4000}, ["9" * 4001], ["9" * 4000]


@case
def many_multiples() -> Case:
    primes = [n for n in range(2, 200) if all(n % d for d in range(2, n))]
    return {"type": "integer", "allOf": [{"multipleOf": n} for n in primes], "minimum": 1}, [], ["7"]


@case
def not_many_multiples() -> Case:
    primes = [n for n in range(2, 60) if all(n % d for d in range(2, n))]
    return {"type": "integer", "allOf": [{"not": {"multipleOf": n}} for n in primes], "minimum": 2}, ["61"], ["59"]


@case
def large_exponents() -> Case:
    return {"type": "number", "multipleOf": 1e-300, "maximum": 1e300, "exclusiveMinimum": 0}, ["1e-300", "5"], []


# ---- references -----------------------------------------------------------------------------------------------------


@case
def references_that_consume_nothing() -> Case:
    return {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, [], []


@case
def alternatives_that_consume_nothing() -> Case:
    return {"anyOf": [{"type": "integer"}, {"$ref": "#"}]}, [], []


@case
def negation_that_consumes_nothing() -> Case:
    return {"not": {"$ref": "#"}}, [], []


@case
def large_cycle_that_consumes_nothing() -> Case:
    homes = {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{(i + 1) % 5000}"}, {"minimum": i}]} for i in range(5000)}
    return {"$ref": "#/$defs/d0", "$defs": homes}, [], []


@case
def dynamic_cycle_that_consumes_nothing() -> Case:
    return {"$dynamicAnchor": "n", "$dynamicRef": "#n"}, [], []


@case
def cycle_that_is_not_reached() -> Case:
    return (
        {"type": "integer", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}},
        ["1"],
        [],
    )


@case
def cycle_below_a_key() -> Case:
    return {"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}}, [], []


@case
def values_that_never_end() -> Case:
    endless = {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "required": ["a"]}
    return {"$ref": "#/$defs/a", "$defs": {"a": endless}}, [], ["{"]


@case
def mutual_recursion_that_never_ends() -> Case:
    def level(i: int) -> dict[str, Any]:
        targets = {"n": (i * 7 + 1) % 500, "m": (i * 3 + 2) % 500}
        inner = {key: {"$ref": f"#/$defs/d{target}"} for key, target in targets.items()}
        return {"type": "object", "required": ["n", "m"], "properties": inner}

    homes = {f"d{i}": level(i) for i in range(500)}
    return {"$ref": "#/$defs/d0", "$defs": homes}, [], ["{"]


@case
def many_ways_to_the_same_coverage() -> Case:
    levels: dict[str, Any] = {
        f"x{i}": {
            "anyOf": [{"required": [f"a{i}"], "$ref": f"#/$defs/x{i + 1}"}, {"$ref": f"#/$defs/x{i + 1}"}],
            "properties": {f"p{i}": True},
        }
        for i in range(40)
    }
    levels["x40"] = {"properties": {"z": True}}
    schema = {"$ref": "#/$defs/x0", "unevaluatedProperties": False, "$defs": levels}
    return schema, ['{"z":1,"p3":1}'], ['{"p3":1,"a3":1}']


@case
def dynamic_scopes_in_exponential_numbers() -> Case:
    """Thirty resources with anchors of their own, entered in any order: as many scopes as subsets."""
    count = 30
    resources = {
        f"r{i}": {
            "$id": f"r{i}",
            "$dynamicAnchor": f"n{i}",
            "properties": {f"k{j}": {"$ref": f"r{j}"} for j in range(count)} | {"n": {"$dynamicRef": f"#n{i}"}},
        }
        for i in range(count)
    }
    return (
        {"$id": "http://localhost/root", "$ref": "r0", "$defs": resources},
        ['{"k7":{"k9":{"n":{}}}}'],
        ['{"k7":{"k9":{"n":1}}'],
    )


# ---- one case -------------------------------------------------------------------------------------------------------

PIECE = 16  # bytes that are read at once, as a long token has
MASKS = 60  # at most, on the way through one text


def read(grammar: mf.Grammar, data: bytes) -> bool:
    """Whether the text is accepted. Masks are made on the way, the first ones byte by byte."""
    matcher = grammar.matcher()
    begin, masks = 0, 0
    while begin < len(data):
        end = min(begin + (1 if begin < MASKS // 2 else PIECE), len(data))
        if begin < MASKS // 2 or (masks < MASKS and begin % (len(data) // MASKS + 1) < PIECE):
            allowed = matcher.allowed_tokens()
            masks += 1
            if end - begin == 1:
                token_is_allowed = data[begin] in allowed
                assert token_is_allowed == (matcher.fork().accept_bytes(data[begin:end]) == 1), data[:end][-80:]
        if matcher.accept_bytes(data[begin:end]) < end - begin:
            return False
        begin = end
    return EOS in matcher.allowed_tokens()


def run(name: str) -> dict[str, Any]:
    """What came of one case: by property order "ok" or the error; texts judged wrongly; growth of the memory, MiB."""
    sys.setrecursionlimit(20_000)
    schema, good, bad = CASES[name]()
    source = json.dumps(schema)
    vocabulary = mf.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b"", *WORDS], eos_token_ids=[EOS])
    mf.Compiler(vocabulary).json_schema("true").matcher().allowed_tokens()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found: dict[str, Any] = {"wrong": []}
    for order in ("any", "schema"):
        started = time.process_time()
        compiler = mf.Compiler(vocabulary)
        try:
            grammar = compiler.json_schema(source, property_order=order, whitespace="compact")  # type: ignore[arg-type]
            grammar.matcher().allowed_tokens()
            for text_, right in [*((each, True) for each in good), *((each, False) for each in bad)]:
                if read(grammar, text_.encode()) != right:
                    found["wrong"].append((order, text_[:60]))
            found[order] = "ok"
        except mf.MaskforgeError as error:
            found[order] = type(error).__name__
            found["message"] = str(error)[:300]
        found[f"seconds, {order}"] = round(time.process_time() - started, 2)
        # The compiler that was refused something still works.
        assert compiler.json_schema({"type": "integer"}).matcher().accept_bytes(b"12") == 2
    found["MiB"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    return found


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1])))
