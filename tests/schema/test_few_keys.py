"""Objects with alternatives whose keys are few: every next byte, and every mask, as it follows from all objects.

Whether an alternative can still be completed hangs on how many keys of a kind are left. A matcher knows which were
read; a walk over tokens does not, and has to count all the same.
"""

from __future__ import annotations

import functools
import itertools
import json
import random
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import maskforge as mf
from tests.schema.walks import Walker

KEYS = ["a", "b", "ab", "c", "cc"]
VALUES = [1, ""]
EOS = 256
WORDS = [
    *(b'{"', b'{"a', b'{"b"', b'{"ab":', b'{"c":1', b'":', b'":1', b'":""'),
    *(b'1,"', b'1,"a', b'1,"c":', b'"",', b"1}", b'""}', b'b"'),
]


@functools.cache
def tools() -> tuple[mf.Compiler, Walker]:
    vocabulary = mf.Vocabulary.from_tokens([bytes([b]) for b in range(256)] + [b"", *WORDS], eos_token_ids=[EOS])
    return mf.Compiler(vocabulary), Walker(vocabulary)


patterns = st.sampled_from(["^a", "b", "^c", "^[ab]*$", "^.$", "^(a|cc)$"])
asked = st.sampled_from([False, True, {"const": 1}, {"type": "string"}])
some_keys = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True).map(sorted)
branches = st.fixed_dictionaries(
    {},
    optional={
        "patternProperties": st.dictionaries(patterns, asked, min_size=1, max_size=2),
        "properties": st.dictionaries(st.sampled_from(KEYS), asked, min_size=1, max_size=2),
        "additionalProperties": asked,
        "propertyNames": some_keys.map(lambda keys: {"enum": keys})
        | patterns.map(lambda pattern: {"pattern": pattern}),
        "required": some_keys.map(lambda keys: keys[:2]),
        "minProperties": st.integers(0, 4),
        "maxProperties": st.integers(0, 4),
    },
)


@st.composite
def alternatives(draw: st.DrawFn) -> dict[str, Any]:
    """An object of KEYS and VALUES and whatever its alternatives ask."""
    schema: dict[str, Any] = {
        "type": "object",
        "propertyNames": {"enum": KEYS},
        "minProperties": draw(st.integers(0, 4)),
    }
    schema["additionalProperties"] = {"enum": VALUES}
    form = draw(st.sampled_from(["anyOf", "oneOf", "not", "if", "allOf"]))
    if form == "not":
        return {**schema, "not": draw(branches), "anyOf": [draw(branches), draw(branches)]}
    if form == "if":
        return {**schema, "if": draw(branches), "then": draw(branches), "else": draw(branches)}
    return {**schema, form: draw(st.lists(branches, min_size=2, max_size=3))}


def every_text(schema: dict[str, Any]) -> set[bytes]:
    valid = jsonschema.Draft202012Validator(schema)
    found = set()
    for count in range(len(KEYS) + 1):
        for keys in itertools.combinations(KEYS, count):
            for values in itertools.product(VALUES, repeat=count):
                if not valid.is_valid(dict(zip(keys, values, strict=True))):
                    continue
                for members in itertools.permutations(zip(keys, values, strict=True)):
                    found.add(json.dumps(dict(members), separators=(",", ":")).encode())
    return found


@settings(
    max_examples=150,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(schema=alternatives(), seed=st.integers(0, 2**32 - 1))
def test_every_next_byte(schema: dict[str, Any], seed: int) -> None:
    follows_from_all_objects(schema, random.Random(seed))


SEEN = [
    # The value of "b" could be an integer to a walk, since two more of the two keys seemed to be left.
    {"oneOf": [{"patternProperties": {"^[ab]*$": {"type": "string"}}}, {"propertyNames": {"enum": ["a", "b"]}}]},
    # No key could follow the beginning "a" at all, which was allowed.
    {"anyOf": [{"patternProperties": {"^a": False}}, {"propertyNames": {"enum": ["a", "ab"]}}]},
    {"anyOf": [{"required": ["cc"]}, {"propertyNames": {"pattern": "^[ab]{1,2}$"}, "maxProperties": 4}]},
]


@pytest.mark.parametrize("least", [2, 3, 4])
@pytest.mark.parametrize("schema", SEEN)
def test_of_few_keys_one_was_read(schema: dict[str, Any], least: int) -> None:
    whole = {"type": "object", "propertyNames": {"enum": KEYS}, "additionalProperties": {"enum": VALUES}, **schema}
    follows_from_all_objects({**whole, "minProperties": least}, random.Random(1), most=1000)


def follows_from_all_objects(schema: dict[str, Any], dice: random.Random, most: int = 120) -> None:
    compiler, walker = tools()
    texts = every_text(schema)
    try:
        grammar = compiler.json_schema(schema, whitespace="compact")
    except mf.UnsatisfiableError:
        assert not texts
        return
    following: dict[bytes, set[int]] = {}
    for text in texts:
        for at in range(len(text)):
            following.setdefault(text[:at], set()).add(text[at])
        following.setdefault(text, set()).add(EOS)
    starts = sorted(following, key=len)
    for start in [*starts[:20], *dice.sample(starts, min(most, len(starts)))]:
        matcher = grammar.matcher()
        assert matcher.accept_bytes(start) == len(start)
        allowed = set(walker.allowed(matcher).tolist())
        assert allowed == walker.expected(matcher, iter(range(walker.vocabulary.size))), start
        # Keys may be written with escapes as well, numbers in other ways.
        others = set(b"\\-.eE0123456789") if start[-1:] in (b":", b"1") else set(b"\\")
        assert {token for token in allowed if token <= EOS} - others == following[start] - others, start
