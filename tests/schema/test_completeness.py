"""Every way that printers write a value which satisfies the schema is accepted, and no value that does not satisfy it.

Pairs of random schemas and values, judged by `jsonschema`; and the forms that people and other engines stumble over,
one by one.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import maskforge as mf
from tests.schema import strategies
from tests.schema.support import DIALECTS, accepts, allows, byte_compiler

SETTINGS = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
SPACES = ["", "", "", " ", "  ", "\t", "\n", " \n  ", "\r\n\t"]


def shuffled(value: Any, dice: random.Random) -> Any:
    """The same value with its members in another order."""
    if isinstance(value, list):
        return [shuffled(item, dice) for item in value]
    if not isinstance(value, dict):
        return value
    members = [(key, shuffled(inner, dice)) for key, inner in value.items()]
    dice.shuffle(members)
    return dict(members)


def texts(value: Any, dice: random.Random) -> Iterator[str]:
    for indent in (None, 2, 4, 0, "\t"):
        for separators in (None, (",", ":")) if indent is None else [None]:
            for ensure_ascii in (True, False):
                yield json.dumps(shuffled(value, dice), indent=indent, separators=separators, ensure_ascii=ensure_ascii)
    compact = json.dumps(value, separators=(",", ":"))
    yield f"\n{compact}\n"
    yield escaped(compact, dice)
    yield spaced(compact, dice)


def spaced(compact: str, dice: random.Random) -> str:
    """The JSON text with white space wherever it may be, as far as the policy in docs/json-schema.md goes."""
    parts = re.findall(r'"(?:\\.|[^"\\])*"|[^"{}\[\],:]+|[{}\[\],:]', compact)
    return "".join(dice.choice(SPACES) + part for part in [*parts, ""])


def escaped(text: str, dice: random.Random) -> str:
    """The JSON text with some characters of its strings, keys included, as escapes."""
    out: list[str] = []
    inside = False
    position = 0
    while position < len(text):
        character = text[position]
        if inside and character == "\\":
            length = 6 if text[position + 1] == "u" else 2
            out.append(text[position : position + length])
            position += length
            continue
        if character == '"':
            inside = not inside
        elif inside and dice.random() < 0.5:
            character = (
                "\\/" if character == "/" and dice.random() < 0.5 else f"\\u{ord(character):04{dice.choice('xX')}}"
            )
        out.append(character)
        position += 1
    return "".join(out)


def spellings(value: Any) -> list[str]:
    """Other ways to write a number; nothing for other values."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return []
    exact = Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
    tenfold = exact * 10
    found = [f"{repr(value)}e0", f"{repr(value)}E+00", f"{repr(value)}0e-0" if "." in repr(value) else f"{value}.0"]
    if "e" in repr(value):
        return []
    if tenfold.denominator == 1:
        found += [f"{int(tenfold)}e-1", f"{int(100 * tenfold)}E-003"]
    return found


def judge(schema: Any, value: Any) -> bool:
    # Through text, so that 1.0 is what its spelling says in the schema's dialect.
    draft4 = isinstance(schema, dict) and schema.get("$schema") == DIALECTS["draft4"]
    exact = strategies.parse_exactly(json.dumps(value), draft4=draft4)
    return bool(strategies.validator(schema).is_valid(exact))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """A schema and a value that is often one that the schema mentions."""
    schema = draw(strategies.schemas())
    mentioned: list[Any] = []

    def visit(node: Any) -> None:
        if isinstance(node, dict):
            for key, inner in node.items():
                if key in ("const", "enum"):
                    mentioned.extend(inner if isinstance(inner, list) else [inner])
                visit(inner)
        elif isinstance(node, list):
            for inner in node:
                visit(inner)

    visit(schema)
    value = draw(strategies.values | st.sampled_from(mentioned) if mentioned else strategies.values)
    return schema, value


@SETTINGS
@given(pair=pairs(), more=st.lists(strategies.values, min_size=6, max_size=6), seed=st.integers(0, 2**32 - 1))
def test_values_are_accepted_in_every_form_or_in_none(pair: tuple[Any, Any], more: list[Any], seed: int) -> None:
    schema, value = pair
    dice = random.Random(seed)
    try:
        grammar = byte_compiler().json_schema(schema)
    except mf.UnsatisfiableError:
        for each in [value, *more]:
            assert not judge(schema, each), f"called unsatisfiable, but {each!r} satisfies it"
        return
    draft4 = isinstance(schema, dict) and schema.get("$schema") == DIALECTS["draft4"]
    for each in [value, *more]:
        valid = judge(schema, each)
        event("valid" if valid else "invalid")
        for text in texts(each, dice):
            assert accepts(grammar, text) == valid, f"{text} is {'valid' if valid else 'invalid'}"
        if not draft4:
            for text in spellings(each):
                assert accepts(grammar, text) == valid, f"{text} is {'valid' if valid else 'invalid'}"


@SETTINGS
@given(schema=strategies.schemas(), seed=st.integers(0, 2**32 - 1))
def test_the_order_of_the_schema_allows_every_value_in_some_order(schema: Any, seed: int) -> None:
    # What is accepted in that order is accepted in any, and each value has an order in which it is accepted.
    dice = random.Random(seed)
    try:
        ordered = byte_compiler().json_schema(schema, property_order="schema", whitespace="compact")
    except mf.UnsatisfiableError:
        with pytest.raises(mf.UnsatisfiableError):
            byte_compiler().json_schema(schema)
        return
    grammar = byte_compiler().json_schema(schema)
    for keys in (["a"], ["a", "b"], ["b", "ab", "c"]):
        value: dict[str, Any] = {key: dice.choice([0, 1, None, "a", [], {}]) for key in keys}
        orders = [dict(members) for members in itertools.permutations(value.items())]
        answers = {accepts(ordered, json.dumps(order, separators=(",", ":"))) for order in orders}
        assert (True in answers) == accepts(grammar, json.dumps(value)), value


@SETTINGS
@given(pair=pairs())
def test_compact_texts(pair: tuple[Any, Any]) -> None:
    schema, value = pair
    try:
        grammar = byte_compiler().json_schema(schema, whitespace="compact")
    except mf.UnsatisfiableError:
        return
    valid = judge(schema, value)
    compact = json.dumps(value, separators=(",", ":"))
    assert accepts(grammar, compact) == valid
    for loose in (json.dumps(value), json.dumps(value, indent=1)):
        assert accepts(grammar, loose) == (valid and loose == compact)


# ---- one by one -----------------------------------------------------------------------------------------------------

ANY_INTEGER = {"type": "integer"}
TWO_KEYS = {
    "type": "object",
    "properties": {"a/b": {"const": 1}, "\U0001f600": {"const": 2}},
    "additionalProperties": False,
}

ACCEPTED = [
    (ANY_INTEGER, ["0", "-0", "1.0", "1e3", "1E+3", "10e-1", "1.50e1", "-2.000", "0.0e-5", "120e-1"]),
    ({"type": "integer", "minimum": 7, "maximum": 120}, ["7", "7.0", "1.2e2", "1.2E+02", "0.7e1", "70e-1", "120.00"]),
    ({"multipleOf": 0.01}, ["4.02", "402e-2", "0.0402e+2", "-1.5", "0"]),
    ({"exclusiveMinimum": 0, "maximum": 1e-3}, ["0.001", "1e-3", "1e-400", "0.0001"]),
    ({"const": 1.5}, ["1.5", "15e-1", "0.15E1", "1.50"]),
    ({"enum": ["abc", "a/b", "\u00e9", "\U0001f600", '"', "\n"]},
     ['"abc"', r'"\u0061bc"', r'"ab\u0063"', '"a/b"', r'"a\/b"', r'"a\u002Fb"', r'"a\u002fb"', '"\u00e9"', r'"\u00e9"',
      r'"\u00E9"', '"\U0001f600"', r'"\ud83d\ude00"', r'"\uD83D\uDE00"', r'"\""', r'"\u0022"', r'"\n"', r'"\u000a"']),
    ({"type": "string", "maxLength": 1},
     ['""', '"a"', r'"\u0041"', r'"\/"', r'"\\"', r'"\t"', '"\u00e9"', '"\U0001f600"', r'"\ud83d\ude00"', r'"\u0000"']),
    ({"pattern": "^A/$"}, ['"A/"', r'"\u0041/"', r'"A\/"', r'"\u0041\u002f"', "1", "null"]),
    (TWO_KEYS,
     ['{"a/b":1}', r'{"a\/b":1}', r'{"\u0061\u002fb": 1}', r'{"\ud83d\ude00": 2, "a/b": 1}', '{"\U0001f600":2}']),
    ({"type": "object", "required": ["a", "b"]},
     ['{"a":1,"b":2}', '{"b":1,"a":2}', '{"c":0,"b":1,"a":2}', '{"b":0,"c":1,"a":2}', r'{"\u0062":0,"\u0061":2}']),
    (True, ["0", " 0", "\n{ }\n", "[ ]", "[\n]", "[]", "{}", "\t\t[1\t]", "\r\n[\r\n  1\r\n]\r\n"]),
]  # fmt: skip

REJECTED = [
    (ANY_INTEGER,
     ["1.5", "1e-1", "15e-2", "01", "+1", "1.", ".5", "1e", "0x1", "-", "NaN", "Infinity", '"1"', "1 2", ""]),
    ({"type": "integer", "minimum": 7, "maximum": 120}, ["6", "121", "6.9e0", "1.21e2", "7.5", "-7", "7e-1", "1e3"]),
    ({"multipleOf": 0.01}, ["4.025", "4025e-3", "1e-3"]),
    ({"enum": ["abc"]}, ['"abd"', r'"\u0061b"', r'"\u0061bcd"', '"abc', "abc", "'abc'"]),
    ({"type": "string", "maxLength": 1}, ['"ab"', r'"\u0041\u0042"', '"\U0001f600a"', r'"\ud83d\ude00\ud83d\ude00"']),
    ({"type": "string"}, ['"\n"', '"\x00"', '"\x1f"', r'"\x41"', r'"\u12"', r'"\u00g0"', r'"\'"', '"\\"', '"a']),
    (TWO_KEYS,
     ['{"a/b":2}', r'{"a\/b":2}', '{"ab":1}', r'{"\ud83d\ude01": 2}', '{"a/b":1,}', "{,}", '{"a/b" 1}', '{a:1}']),
    (True,
     ['{"a":1,"a":2}', r'{"a":1,"\u0061":2}', "[1,]", "[,1]", "[1 2]", "{]", "[}", "1]", "", " ", "nul", "truee"]),
    ({"type": "object", "required": ["a", "b"]}, ['{"a":1}', '{"a":1,"B":2}', "{}"]),
]  # fmt: skip


@pytest.mark.parametrize("schema, forms", ACCEPTED, ids=lambda part: json.dumps(part)[:40])
def test_accepted_forms(schema: Any, forms: list[str]) -> None:
    assert [form for form in forms if not allows(schema, form)] == []


@pytest.mark.parametrize("schema, forms", REJECTED, ids=lambda part: json.dumps(part)[:40])
def test_rejected_forms(schema: Any, forms: list[str]) -> None:
    assert [form for form in forms if allows(schema, form)] == []


def test_bytes_that_are_no_text_are_never_accepted() -> None:
    for broken in (
        b'"\xff"',
        b'"\xc0\x80"',
        b'"\xed\xa0\x80"',
        b'"\xf4\x90\x80\x80"',
        b'"\xc3"',
        b'"\x80"',
        b"\xef\xbb\xbf0",
    ):
        assert not allows(True, broken), broken
        assert not allows({"type": "string", "maxLength": 5}, broken), broken


@pytest.mark.parametrize("draft", DIALECTS)
def test_integers_by_value_except_in_draft_4(draft: str) -> None:
    schema = {"$schema": DIALECTS[draft], "type": "integer"}
    assert allows(schema, "3")
    assert allows(schema, "3.0") == (draft != "draft4")
    assert not allows(schema, "3.5")


def test_printers_of_deep_values_with_any_indent() -> None:
    value: Any = [{"a": [1, {"b": []}, "x"], "c": {}}, None]
    for _ in range(6):
        value = {"k": value, "l": [value]}
    for indent in (None, 0, 1, 2, 3, 4, 8, "\t"):
        assert allows(True, json.dumps(value, indent=indent)), indent


def test_whitespace_is_bounded() -> None:
    # So that no model can idle in it. How much is allowed is policy; that it ends is not.
    matcher = byte_compiler().json_schema(True).matcher()
    assert matcher.accept_bytes(b"[" + b" " * 100_000) < 10_000
    matcher = byte_compiler().json_schema(True).matcher()
    assert matcher.accept_bytes(b"[" + b"\n" * 1000) < 100
    compact = byte_compiler().json_schema(True, whitespace="compact")
    assert accepts(compact, '{"a":[1,2]}') and not accepts(compact, '{"a": [1,2]}') and not accepts(compact, " 1")
