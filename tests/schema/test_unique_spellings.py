"""`uniqueItems` in draft 4, where `1` is an integer, `1.0` is none, and the two are equal.

Against all arrays of a few texts, and by walks, which fail where they come to a dead end.
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
from tests.schema.support import DIALECTS, accepts, byte_compiler
from tests.schema.test_soundness import check, compare_with_definition, small

SETTINGS = settings(
    max_examples=200,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # shrinking a walk takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
UNIQUE = {"$schema": DIALECTS["draft4"], "type": "array", "uniqueItems": True}
ONE = {"type": "integer", "minimum": 1, "maximum": 1}
OTHERWISE = {"not": {"type": "integer"}}

CASES: list[tuple[dict[str, Any], bool]] = [
    ({"items": [ONE, {"enum": [1]}], "minItems": 2}, False),
    ({"items": [{"enum": [1]} | OTHERWISE, ONE], "minItems": 2}, False),
    ({"items": {"enum": [1]} | OTHERWISE, "minItems": 1}, True),
    ({"items": {"enum": [1]} | OTHERWISE, "minItems": 2}, False),
    ({"items": {"enum": [1, 2], "anyOf": [{"type": "integer"}, OTHERWISE]}, "minItems": 3}, False),
    ({"items": [{"enum": [1, 2]}, ONE, {"enum": [1]}], "minItems": 2}, True),
    ({"items": [{"enum": [1, 2]}, ONE, {"enum": [1, 2]}], "minItems": 3}, False),
    ({"items": [{"enum": [1, 2, 3]}, ONE, {"enum": [1, 2]} | OTHERWISE], "minItems": 3}, True),
    ({"items": [{"enum": [1, 2]}] * 2, "not": {"items": {"type": "integer"}}, "minItems": 2}, True),
]


@pytest.mark.parametrize("keywords, possible", CASES, ids=lambda part: json.dumps(part)[:70])
def test_one_value_has_several_spellings(keywords: Any, possible: bool) -> None:
    schema = UNIQUE | keywords
    compiler, walker = small()
    try:
        grammar = compiler.json_schema(schema)
    except mf.UnsatisfiableError:
        assert not possible
        return
    assert possible
    for seed in range(4):
        look = compare_with_definition(walker)
        check(schema, walker.walk(grammar, random.Random(seed), free_steps=0, look=look, schema=schema))


# ---- against all arrays of a few texts ------------------------------------------------------------------------------

NUMBERS = ["1", "1.0", "2", "2.0", "0.5"]
CONTAINERS = ["[1]", "[1.0]", '{"k":1}', '{"k":1.0}', '{"k":2}', '{"k":2.0}']
numbers = st.sampled_from([{"type": "integer"}, OTHERWISE, {"enum": [1]}, {"enum": [1, 2]}, {"minimum": 1}, {}])


@st.composite
def items_of(draw: st.DrawFn, texts: list[str]) -> dict[str, Any]:
    """Schemas that hold for some of the texts, and for nothing else but other spellings of them."""
    schema: dict[str, Any] = {"enum": [json.loads(text) for text in texts]}
    parts = st.one_of(numbers, numbers.map(lambda part: {"items": part}))
    parts |= numbers.map(lambda part: {"properties": {"k": part}})
    for keyword in draw(st.sets(st.sampled_from(["allOf", "anyOf", "oneOf", "not"]), max_size=2)):
        schema[keyword] = draw(parts) if keyword == "not" else draw(st.lists(parts, min_size=1, max_size=2))
    return schema


@st.composite
def arrays(draw: st.DrawFn, texts: list[str]) -> dict[str, Any]:
    items = items_of(texts)
    schema: dict[str, Any] = {"additionalItems": draw(items)}
    schema["items"] = draw(st.lists(items, max_size=2)) or draw(items)
    schema["minItems"] = draw(st.integers(0, 3))
    form = draw(st.integers(0, 3))
    if form == 1:
        schema["not"] = {"items": draw(numbers)}
    elif form == 2:
        schema["anyOf"] = [{"items": draw(items)}, {"maxItems": 1}]
    return UNIQUE | {"maxItems": 3} | schema


def every_text(schema: Any, texts: list[str]) -> list[str]:
    validator = strategies.validator(schema)
    every = ["[" + ",".join(items) + "]" for size in range(4) for items in itertools.product(texts, repeat=size)]
    return [text for text in every if validator.is_valid(strategies.parse_exactly(text, draft4=True))]


def compare(schema: Any, texts: list[str], seed: int) -> None:
    valid = every_text(schema, texts)
    compiler, walker = small()
    try:
        grammar = compiler.json_schema(schema)
    except mf.UnsatisfiableError:
        event("unsatisfiable")
        assert not valid, f"called unsatisfiable, but {valid[0]} satisfies it"
        return
    assert valid, "called satisfiable"
    look = compare_with_definition(walker)
    check(schema, walker.walk(grammar, random.Random(seed), free_steps=0, look=look, schema=schema))
    dice = random.Random(seed)
    for text in dice.sample(valid, min(len(valid), 20)):
        assert accepts(grammar, text), text


@SETTINGS
@given(schema=arrays(NUMBERS), seed=st.integers(0, 2**32 - 1))
def test_numbers(schema: Any, seed: int) -> None:
    compare(schema, NUMBERS, seed)


@SETTINGS
@given(schema=arrays(CONTAINERS), seed=st.integers(0, 2**32 - 1))
def test_numbers_in_containers(schema: Any, seed: int) -> None:
    try:
        compare(schema, CONTAINERS, seed)
    except mf.FuelError as error:
        assert "draft 4" in str(error)
        event("few values that tell spellings apart")


def test_few_containers_that_tell_spellings_apart_are_an_error() -> None:
    with pytest.raises(mf.FuelError, match="draft 4"):
        pair = [{"enum": [[1]], "items": OTHERWISE}, {"enum": [[1]]}]
        byte_compiler().json_schema(UNIQUE | {"items": pair, "minItems": 2})
