"""Random walks under the mask of random schemas reach the end of the text, and the text satisfies the schema.

With a small vocabulary every mask is compared with its definition; with a real one, on samples. Schemas that are called
unsatisfiable are tried on small values.
"""

from __future__ import annotations

import functools
import itertools
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import maskforge as mf
from tests.schema import strategies
from tests.schema.support import llama, llama_compiler
from tests.schema.walks import Walker

# Tokens that cross the borders of values, keys and characters, as those of real vocabularies do.
WORDS = [
    b"true", b"false", b"null", b"tr", b"ue", b"ull", b"nu", b'","', b'": ', b'":', b'"}', b'"},', b'", "', b'{"',
    b'["', b'"]', b"]}", b"}}", b"[]", b"{}", b", ", b": ", b'":{"', b'":["', b'""', b'"a', b'"a"', b'a"', b"ab",
    b'ab"', b"abd", b'{"a":', b'{"b": 1', b',"b"', b'b":', b'"c":0', b"\\u", b"\\u00", b"0041", b'\\"', b"\\\\",
    b"\\n", b"00", b"000", b"10", b"15", b"12", b"1.", b".5", b"-1", b"e1", b"0.", b"1e", b"E+", b"  ", b"\n",
    b"\n  ", b"\n    ", b"  \n", b",\n  \"", b"\xc3", b"\xc3\xa9", b"\xa9\"", b"\xc3\xa9\"", b"\xf0\x9f\x98\x80",
    b"\xf0\x9f", b"\x98\x80", b"\xe2\x80\xa8", b"\xed\xa0", b"2024", b"-02", b"-29", b"127.", b"0.0.", b"0000-",
    b"a/b", b"", b"1", b'"',
]  # fmt: skip
SETTINGS = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@functools.cache
def small() -> tuple[mf.Compiler, Walker]:
    tokens = [bytes([byte]) for byte in range(256)] + [b"</s>", b"<eot>", *WORDS]
    vocabulary = mf.Vocabulary.from_tokens(tokens, eos_token_ids=[256, 257])
    return mf.Compiler(vocabulary), Walker(vocabulary)


@functools.cache
def real() -> tuple[mf.Compiler, Walker]:
    return llama_compiler(), Walker(llama())


def compile_or_refute(compiler: mf.Compiler, schema: Any) -> mf.Grammar | None:
    """None where no value satisfies the schema, which is then tried."""
    try:
        return compiler.json_schema(schema)
    except mf.UnsatisfiableError:
        event("unsatisfiable")
        validator = strategies.validator(schema)
        for value in small_values(schema):
            assert not validator.is_valid(value), f"called unsatisfiable, but {value!r} satisfies it"
        return None


def small_values(schema: Any) -> list[Any]:
    """Values made of what the schema mentions."""
    mentioned: list[Any] = []

    def visit(node: Any) -> None:
        mentioned.append(node)
        for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            visit(inner)

    visit(schema)
    scalars = [None, True, False, 0, 1, -1, 2, 5, 70, strategies.Fraction(3, 2), "", "a", "b", "ab", "bb", "ba0", "1"]
    numbers = [node for node in strategies.exact(mentioned) if isinstance(node, int | strategies.Fraction)]
    scalars += [value for number in numbers for value in (number, number + 1, number - strategies.Fraction(1, 2))]
    scalars += [node for node in mentioned if isinstance(node, str) and not node.startswith("http")]
    scalars = list({(type(value), value): value for value in scalars}.values())[:60]
    containers = [node for node in strategies.exact(mentioned) if isinstance(node, dict | list)]
    few: list[Any] = [None, True, 0, 1, 2, "", "a", "ab", [], {}]
    lists = [list(items) for size in range(3) for items in itertools.product(few, repeat=size)]
    keys = ["a", "b", "ab", "c", ""]
    objects = [{key: value} for key in keys for value in few]
    objects += [
        dict(zip(pair, [v, w], strict=True))
        for pair in itertools.combinations(keys, 2)
        for v in few[::3]
        for w in few[::3]
    ]
    objects += [dict.fromkeys(triple, value) for triple in itertools.combinations(keys, 3) for value in few[1:4]]
    return [*scalars, *containers, *lists, *objects]


def check(schema: Any, text: bytes) -> None:
    draft4 = isinstance(schema, dict) and schema.get("$schema") == strategies.DIALECTS["draft4"]
    try:
        value = strategies.parse_exactly(text.decode(), draft4=draft4)
    except strategies.TooLargeError:
        event("a number of more than 2000 digits")
        return
    errors = [error.message[:300] for error in strategies.validator(schema).iter_errors(value)]
    assert not errors, f"{text!r} does not satisfy the schema: {errors}"


def compare_with_definition(walker: Walker) -> Callable[[mf.Matcher, np.ndarray[Any, Any]], None]:
    everything = range(walker.vocabulary.size)

    def look(matcher: mf.Matcher, ids: np.ndarray[Any, Any]) -> None:
        assert set(ids.tolist()) == walker.expected(matcher, everything)

    return look


@SETTINGS
@given(schema=strategies.schemas(), seed=st.integers(0, 2**32 - 1))
def test_every_mask_of_a_small_vocabulary(schema: Any, seed: int) -> None:
    compiler, walker = small()
    grammar = compile_or_refute(compiler, schema)
    if grammar is None:
        return
    dice = random.Random(seed)
    look = compare_with_definition(walker)
    for free_steps in (0, 12):
        check(schema, walker.walk(grammar, dice, free_steps=free_steps, look=look, schema=schema))


@settings(SETTINGS, max_examples=600)
@given(schema=strategies.schemas(), seed=st.integers(0, 2**32 - 1))
def test_many_walks(schema: Any, seed: int) -> None:
    compiler, walker = small()
    grammar = compile_or_refute(compiler, schema)
    if grammar is None:
        return
    dice = random.Random(seed)
    for free_steps in (3, 10, 30, 60):
        text = walker.walk(grammar, dice, free_steps=free_steps, look=lambda matcher, ids: None, schema=schema)
        check(schema, text)


@SETTINGS
@given(schema=strategies.schemas(), seed=st.integers(0, 2**32 - 1))
def test_walks_over_a_real_vocabulary(schema: Any, seed: int) -> None:
    compiler, walker = real()
    grammar = compile_or_refute(compiler, schema)
    if grammar is None:
        return
    dice = random.Random(seed)

    def look(matcher: mf.Matcher, ids: np.ndarray[Any, Any]) -> None:
        some = {dice.randrange(walker.vocabulary.size) for _ in range(20)} | {int(dice.choice(ids)) for _ in range(5)}
        assert walker.expected(matcher, iter(some)) == some & set(ids.tolist())

    for free_steps in (0, 8, 25):
        check(schema, walker.walk(grammar, dice, free_steps=free_steps, look=look, schema=schema))


@SETTINGS
@given(schema=strategies.schemas(), seed=st.integers(0, 2**32 - 1))
def test_compact_walks(schema: Any, seed: int) -> None:
    compiler, walker = small()
    try:
        grammar = compiler.json_schema(schema, whitespace="compact")
    except mf.UnsatisfiableError:
        return
    dice = random.Random(seed)
    for free_steps in (0, 20):
        text = walker.walk(grammar, dice, free_steps=free_steps, look=lambda matcher, ids: None, schema=schema)
        check(schema, text)
        outside_strings = re.sub(rb'"(\\.|[^"\\])*"', b"", text)
        assert not re.search(rb"\s", outside_strings)
