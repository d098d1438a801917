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

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import maskforge as mf
from tests.schema import strategies
from tests.schema.support import DIALECTS, accepts, allows, byte_compiler
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
