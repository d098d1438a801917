"""Specs in every form they may be given in, options, caching, memory, and what is refused in Python already."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import MappingProxyType

import pytest

import maskforge as mf
from maskforge import _core
from maskforge.grammar import Grammar
from tests.matcher.support import byte_vocabulary


@pytest.fixture(scope="module")
def compiler() -> mf.Compiler:
    return mf.Compiler(byte_vocabulary())


def accepts(grammar: Grammar, text: str) -> bool:
    matcher = grammar.matcher()
    data = text.encode()
    return matcher.accept_bytes(data) == len(data) and matcher.is_accepting()


def test_a_schema_may_be_an_object_a_text_or_a_file(compiler: mf.Compiler, tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"n\u00e9": {"enum": ["\u00e9", 1.5, 10**30]}}, "required": ["n\u00e9"]}
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(schema, ensure_ascii=False, indent=3), encoding="utf-8")
    for form in (schema, json.dumps(schema), file):
        grammar = compiler.json_schema(form)
        assert accepts(grammar, '{"n\u00e9": "\u00e9"}')
        assert accepts(grammar, '{"n\\u00e9": 1.5}')
        assert accepts(grammar, f'{{"n\u00e9": {10**30}}}')
        assert not accepts(grammar, f'{{"n\u00e9": {10**30 + 1}}}')
    assert accepts(compiler.json_schema(True), "[null]")
    assert accepts(compiler.json_schema({}), "3")
    file.write_bytes(b'{"const": "\xff"}')
    with pytest.raises(mf.SpecError, match="UTF-8"):
        compiler.json_schema(file)
    with pytest.raises(FileNotFoundError):
        compiler.json_schema(tmp_path / "nothing.json")


@pytest.mark.parametrize(
    "schema",
    [
        {"minimum": math.nan},
        {"maximum": math.inf},
        {"const": -math.inf},
        {"enum": {1, 2}},
        {"const": object()},
        {"const": b"bytes"},
        MappingProxyType({}),
        int,
        None,
        3,
        [],
    ],
    ids=lambda schema: type(schema).__name__,  # stable: parallel workers must agree on the names
)
def test_what_is_not_a_schema(compiler: mf.Compiler, schema: object) -> None:
    with pytest.raises(mf.SpecError):
        compiler.json_schema(schema)  # type: ignore[arg-type]


def test_cycles_and_depth_are_errors(compiler: mf.Compiler) -> None:
    cycle: dict[str, object] = {}
    cycle["not"] = cycle
    with pytest.raises(mf.SpecError):
        compiler.json_schema(cycle)
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"items": deep}
    with pytest.raises(mf.SpecError):
        compiler.json_schema(deep)
    with pytest.raises(mf.MaskforgeError):
        compiler.json_schema('{"items":' * 100_000 + "{}" + "}" * 100_000)


def test_key_order_is_kept(compiler: mf.Compiler) -> None:
    schema = {"type": "object", "properties": {"b": {"const": 1}, "a": {"const": 2}}, "required": ["a", "b"]}
    assert accepts(compiler.json_schema(schema), '{"a": 2, "b": 1}')
    ordered = compiler.json_schema(schema, property_order="schema")
    assert accepts(ordered, '{"b": 1, "a": 2}') and not accepts(ordered, '{"a": 2, "b": 1}')


def test_whitespace(compiler: mf.Compiler) -> None:
    compact = compiler.json_schema(True, whitespace="compact")
    assert accepts(compact, '[1,{"a":2}]') and not accepts(compact, "[1, 2]")
    flexible = compiler.json_schema(True)
    for indent in (None, 1, 2, 4, 8, "\t"):
        assert accepts(flexible, json.dumps([1, {"a": [], "b": {}}, [[2]]], indent=indent))
    assert not accepts(flexible, "[" + " " * 10_000 + "]")


def test_wrong_options(compiler: mf.Compiler) -> None:
    for option in ("whitespace", "property_order", "on_refused"):
        with pytest.raises(mf.MisuseError, match=option):
            compiler.json_schema({}, **{option: "nothing"})  # type: ignore[arg-type]
    with pytest.raises(mf.MisuseError, match="Registry"):
        compiler.json_schema({}, registry={"a": {}})  # type: ignore[arg-type]
    for pattern in (b"a", None, 3):
        with pytest.raises(mf.SpecError):
            compiler.regex(pattern)  # type: ignore[arg-type]


def test_half_a_surrogate_pair(compiler: mf.Compiler) -> None:
    with pytest.raises(mf.SpecError, match="surrogate"):
        compiler.regex("a\ud800")
    with pytest.raises(mf.SpecError, match="surrogate"):
        compiler.json_schema('{"const": "\udc00"}')
    try:  # no text has it, but a description may
        compiler.json_schema({"description": "\ud800"})
    except mf.SpecError as error:
        assert "UTF-8" not in str(error)


def test_regex_matches_the_whole_text(compiler: mf.Compiler) -> None:
    grammar = compiler.regex(r"\d{4}-\d\d")
    assert accepts(grammar, "2024-11")
    assert not accepts(grammar, "2024-111") and not accepts(grammar, "x2024-11")


def test_grammars_come_later(compiler: mf.Compiler) -> None:
    for syntax in ("lark", "gbnf", "ebnf"):
        with pytest.raises(mf.UnsupportedError, match="context-free engine"):
            compiler.grammar("start: /a/", syntax=syntax)  # type: ignore[arg-type]
    with pytest.raises(mf.MisuseError):
        compiler.grammar("start: /a/", syntax="yacc")  # type: ignore[arg-type]


def test_the_report_names_every_keyword(compiler: mf.Compiler) -> None:
    schema = {
        "title": "t",
        "type": "object",
        "properties": {"a/b": {"type": "string", "minLength": 2, "x-unknown": 1}},
        "required": ["a/b"],
    }
    grammar = compiler.json_schema(schema)
    found = {(entry.pointer, entry.keyword, entry.status) for entry in grammar.report}
    assert {
        ("/title", "title", "annotation"),
        ("/type", "type", "enforced"),
        ("/required", "required", "enforced"),
        ("/properties/a~1b/type", "type", "enforced"),
        ("/properties/a~1b/minLength", "minLength", "enforced"),
        ("/properties/a~1b/x-unknown", "x-unknown", "annotation"),
    } <= found
    report = grammar.report
    assert list(report) == [*report] and len(report) == len(found) == len(list(report))
    assert not report.refused and len(report.enforced) + len(report.annotations) == len(report)
    assert [entry.reason for entry in report if entry.keyword == "x-unknown"] != [""]
    assert not any(entry.reason for entry in report.enforced)
    assert "/properties/a~1b/minLength" in str(report) and str(report).endswith("0 refused")
    assert report[0] == next(iter(report)) and list(report[1:]) == list(report)[1:]


def test_equal_specs_compile_once(compiler: mf.Compiler) -> None:
    fresh = mf.Compiler(byte_vocabulary())
    fresh.json_schema({"enum": [f"value {i}" for i in range(500)]})
    before = fresh.memory_bytes()
    for _ in range(50):
        fresh.json_schema({"enum": [f"value {i}" for i in range(500)]})
    assert fresh.memory_bytes() == before
    assert not accepts(fresh.json_schema(True, whitespace="compact"), "[1, 2]")
    assert accepts(fresh.json_schema(True, whitespace="flexible"), "[1, 2]")  # options are part of the key


@pytest.mark.parametrize("schema", [{"type": "object", "required": ["a"]}, {"pattern": "^a+$"}, {"enum": [1, "b"]}])
def test_a_compile_makes_the_first_mask(schema: object) -> None:
    compiler = mf.Compiler(byte_vocabulary())
    matcher = compiler.json_schema(schema).matcher()
    before = compiler.statistics()
    assert before["walks"] > 0
    assert before["masks"] == 0
    allowed = matcher.allowed_tokens()
    assert compiler.statistics()["walks"] == before["walks"]
    assert allowed == [token for token in range(256) if matcher.fork().accept_token(token)]


def test_a_first_mask_that_costs_too_much_is_said_by_fill() -> None:
    engine = _core.Engine(byte_vocabulary().core, fill_fuel=0)
    matcher = engine.json_schema({"type": "object"}).matcher()
    with pytest.raises(mf.FuelError):
        matcher.allowed_tokens()
    assert matcher.accept_bytes(b'{"a": 1}') == 8


def test_memory_is_bounded_and_old_matchers_live_on() -> None:
    compiler = mf.Compiler(byte_vocabulary(), memory_limit_bytes=4 << 20)
    first = compiler.json_schema({"type": "array", "items": {"enum": ["one", "two"]}})
    matcher = first.matcher()
    matcher.accept_bytes(b'["one",')
    mask = matcher.allowed_tokens()
    largest = 0
    for i in range(300):
        grammar = compiler.json_schema({"enum": [f"{i} {j} {'x' * (j % 50)}" for j in range(100)]})
        accepts(grammar, f'"{i} 7 {"x" * 7}"')
        largest = max(largest, compiler.memory_bytes())
    assert largest < 8 << 20  # a generation may pass the limit by what one compile adds
    assert matcher.allowed_tokens() == mask
    assert matcher.accept_bytes(b'"two"]') == 6 and matcher.is_accepting()
    assert accepts(first, '["one", "two"]')  # compiled once more where it is needed


def test_native_grammars_and_matchers_keep_what_they_need() -> None:
    matcher = _core.Engine(_core.Vocabulary([b"a", b"b", b""], [2])).regex("ab").matcher()
    assert matcher.accept_token(0) and matcher.accept_token(1) and matcher.accept_token(2)


@pytest.mark.parametrize(
    "impossible",
    [
        {"type": "string", "minLength": 2, "maxLength": 1},
        {"type": "string", "enum": []},
        {"type": "string", "format": "date", "maxLength": 3},
        {"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2},
        {"type": "array", "minItems": 1, "items": False},
        {"type": "array", "contains": False},
        {"type": "object", "required": ["x"], "additionalProperties": False},
        {"type": "object", "minProperties": 1, "propertyNames": False},
        {"type": ["array", "object"], "enum": [1]},
        {"type": ["null", "string"], "allOf": [{"type": "number"}]},
        {"type": "null", "not": {"const": None}},
        {"type": "boolean", "oneOf": [{}, {}]},
        {"type": "string", "if": {}, "then": False},
        {"const": [1], "maxItems": 0},
        {"const": {"x": 1}, "required": ["y"]},
    ],
)
def test_required_values_that_look_possible(compiler: mf.Compiler, impossible: dict[str, object]) -> None:
    """Most values are known to exist by a look at their schema; none of these does."""
    optional = {"properties": {"a": impossible, "b": {"type": impossible.get("type", "null")}}}
    grammar = compiler.json_schema({"type": "object", **optional})
    matcher = grammar.matcher()
    assert matcher.accept_bytes(b'{"b') == 3
    assert grammar.matcher().accept_bytes(b'{"a":') < 5
    with pytest.raises(mf.UnsatisfiableError):
        compiler.json_schema({"type": "object", **optional, "required": ["a"]})
    with pytest.raises(mf.UnsatisfiableError):
        compiler.json_schema(impossible)
