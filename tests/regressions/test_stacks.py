"""What a call answers does not depend on how large the stack of its thread is.

Threads of macOS have 512 KiB, those of musl 128 KiB, and a program may ask for less than the 8 MiB that are usual. Each
case runs in a process of its own, since what must not happen takes the process down.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import maskforge as mf
from tests.schema.support import byte_vocabulary

ROOT = Path(__file__).resolve().parents[2]
LARGE = 256 << 10  # KiB; of the thread whose answers count as right
SIZES = (128, 512)  # KiB


def nested(opening: str, inner: str, closing: str) -> Callable[[int], str]:
    return lambda depth: opening * depth + inner + closing * depth


def chain(link: dict[str, Any], last: dict[str, Any]) -> Callable[[int], str]:
    """Schemas that refer to one another, none inside another; `link` has "NEXT" where the reference stands."""

    def make(depth: int) -> str:
        text = json.dumps(link)
        links = {f"d{i}": json.loads(text.replace("NEXT", f"#/$defs/d{i + 1}")) for i in range(depth)}
        return json.dumps({"$defs": links | {f"d{depth}": last}, "$ref": "#/$defs/d0"})

    return make


def with_dialect(dialect: str, text: str) -> str:
    return '{"$schema": "https://json-schema.org/draft/' + dialect + '/schema", ' + text[1:]


def array_of(depth: int) -> str:
    return "[" * depth + "]" * depth


SCHEMAS: dict[str, Callable[[int], str]] = {
    "items": nested('{"type":"array","items":', '{"type":"null"}', "}"),
    "items_required": nested('{"type":"array","minItems":1,"items":', '{"type":"null"}', "}"),
    "prefix_items": nested('{"type":"array","minItems":1,"prefixItems":[', '{"type":"null"}', "]}"),
    "contains": nested('{"type":"array","contains":', '{"type":"null"}', "}"),
    "unique_items": nested('{"type":"array","uniqueItems":true,"minItems":1,"items":', '{"enum":[1,2]}', "}"),
    "properties": nested('{"type":"object","properties":{"a":', '{"type":"null"}', "}}"),
    "properties_required": nested(
        '{"type":"object","required":["a"],"additionalProperties":false,"properties":{"a":', '{"type":"null"}', "}}"
    ),
    "pattern_properties": nested('{"type":"object","minProperties":1,"patternProperties":{"^a":', "false", "}}"),
    "dependent_schemas": nested('{"dependentSchemas":{"a":', '{"required":["b"]}', "}}"),
    "unsatisfiable": nested('{"type":"array","minItems":1,"items":', "false", "}"),
    "all_of": nested('{"allOf":[', '{"type":"null"}', "]}"),
    "any_of": nested('{"anyOf":[{"type":"null"},', '{"type":"string"}', "]}"),
    "any_of_objects": nested('{"anyOf":[{"required":["a"]},', '{"required":["b"]}', "]}"),
    "one_of": nested('{"oneOf":[{"required":["a"]},', '{"required":["b"]}', "]}"),
    "not": nested('{"not":', '{"type":"null"}', "}"),
    "not_objects": nested('{"not":{"required":["a"],"properties":{"a":', '{"type":"null"}', "}}}"),
    "if": nested('{"if":{"required":["a"]},"then":', '{"type":"null"}', "}"),
    "unevaluated": nested('{"unevaluatedProperties":false,"anyOf":[{"properties":{"a":true}},', "true", "]}"),
    "dynamic": lambda depth: with_dialect(
        "2020-12", nested('{"type":"array","items":', '{"$dynamicRef":"#x","$dynamicAnchor":"x"}', "}")(depth)
    ),
    "anchor": lambda depth: with_dialect(
        "2020-12", '{"$ref":"#x","$defs":{"y":' + nested('{"items":', '{"$anchor":"x"}', "}")(depth) + "}}"
    ),
    "const_array": lambda depth: '{"const":' + array_of(depth) + "}",
    "const_object": lambda depth: '{"const":' + nested('{"a":', "1", "}")(depth) + "}",
    "enum": lambda depth: '{"enum":[1,' + array_of(depth) + "," + nested('{"a":', "1", "}")(depth) + "]}",
    "default": lambda depth: '{"type":"null","default":' + array_of(depth) + "}",
    "examples": lambda depth: '{"type":"null","examples":[' + nested('{"a":[', "1", "]}")(depth // 2) + "]}",
    "pattern": lambda depth: json.dumps({"type": "string", "pattern": PATTERNS["groups"](depth)}),
    "chain_all_of": chain({"allOf": [{"$ref": "NEXT"}]}, {"type": "null"}),
    "chain_ref": chain({"$ref": "NEXT"}, {"type": "null"}),
    "chain_any_of": chain({"anyOf": [{"$ref": "NEXT"}, {"type": "string"}]}, {"type": "null"}),
    "chain_not": chain({"not": {"$ref": "NEXT"}}, {"type": "null"}),
    "chain_required": chain({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "NEXT"}}}, {}),
    "chain_items": chain({"type": "array", "minItems": 1, "items": {"$ref": "NEXT"}}, {"type": "null"}),
    "not_closed": lambda depth: "[" * depth,
}

PATTERNS: dict[str, Callable[[int], str]] = {
    "groups": nested("(", "a", ")"),
    "repeated": nested("(?:a", "b", ")*"),
    "counted": nested("(?:x", "y", "z){2,3}"),
    "optional": nested("(a", "b", ")?"),
    "alternatives": nested("(a|b", "c", "|d)"),
    "lookahead": nested("(?=a", "b", ")a"),
    "negative_lookahead": nested("(?!a", "b", ")"),
    "lookbehind": nested("(?<=a", "b", ")"),
    "carets": nested("(^|a", "b", ")"),
    "chain": lambda depth: "a(b|c)" * depth,
}

DEPTHS = {"schema": (40, 400, 1450, 2900), "pattern": (40, 200, 480)}
TEXTS = [b"[" * 40, b'{"a":' * 40, b'[{"a":' * 10, b"null", b'"a', b"aaabbb", b"a", b"x" * 40]


def outcome(call: Callable[[], Any]) -> str:
    try:
        return repr(call())
    except mf.MaskforgeError as error:
        return f"{type(error).__name__}: {error}"


def what_it_says(grammar: mf.Grammar) -> list[str]:
    found = [outcome(lambda: len(grammar.report))]
    for text in TEXTS:
        matcher = grammar.matcher()
        found.append(outcome(lambda m=matcher: m.allowed_tokens()))  # type: ignore[misc]
        found.append(outcome(lambda m=matcher, t=text: m.validate_tokens(list(t))))  # type: ignore[misc]
        found.append(outcome(lambda m=matcher, t=text: m.accept_bytes(t)))  # type: ignore[misc]
        found.append(outcome(lambda m=matcher: (m.is_accepting(), m.allowed_tokens())))  # type: ignore[misc]
        found.append(outcome(lambda m=matcher: m.forced_tokens()[:50]))  # type: ignore[misc]
        found.append(outcome(matcher.expected))
    return found


def answers(kind: str, name: str) -> list[Any]:
    """With a compiler of its own: what is known from another thread would not be looked for again."""
    compiler = mf.Compiler(byte_vocabulary())
    found: list[Any] = []
    for depth in DEPTHS[kind]:
        grammar: list[mf.Grammar] = []

        def make(depth: int = depth, grammar: list[mf.Grammar] = grammar) -> None:
            if kind == "pattern":
                grammar.append(compiler.regex(PATTERNS[name](depth)))
            else:
                order = "schema" if depth % 100 == 0 else "any"
                grammar.append(compiler.json_schema(SCHEMAS[name](depth), property_order=order))

        found.append(outcome(make))
        if grammar:
            found.append(what_it_says(grammar[0]))
    return found


def in_thread(stack: int, call: Callable[[], Any]) -> Any:
    found: list[Any] = []
    threading.stack_size(stack << 10)
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    thread.join()
    threading.stack_size(0)
    assert found, f"the thread with {stack} KiB ended with an exception"
    return found[0]


def check(kind: str, name: str) -> None:
    right = in_thread(LARGE, lambda: answers(kind, name))
    print(name, [each for each in right if isinstance(each, str)])
    assert any(isinstance(each, list) or ": " in each for each in right)
    for stack in SIZES:
        found = in_thread(stack, lambda: answers(kind, name))
        for here, there in zip(right, found, strict=True):
            assert here == there, (name, stack)


def run(code: str, stack_of_main: int | None = None) -> None:
    def limit() -> None:
        if stack_of_main is not None:
            resource.setrlimit(resource.RLIMIT_STACK, (stack_of_main << 10, resource.RLIM_INFINITY))

    result = subprocess.run(
        [sys.executable, "-c", f"from tests.regressions.test_stacks import *; {code}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=limit,
    )
    assert result.returncode == 0, (result.returncode, result.stdout[-4000:])


@pytest.mark.parametrize(("kind", "name"), [("schema", n) for n in SCHEMAS] + [("pattern", n) for n in PATTERNS])
def test_answers_do_not_depend_on_the_stack(kind: str, name: str) -> None:
    run(f"check({kind!r}, {name!r})")


def test_the_main_thread_may_have_a_small_stack() -> None:
    run(
        "right = in_thread(LARGE, lambda: answers('schema', 'items_required'));"
        "assert answers('schema', 'items_required') == right",
        stack_of_main=512,
    )


def test_batches_and_children_of_small_threads() -> None:
    run("in_thread(128, use_batch); in_thread(128, use_child)")


def deep_matchers() -> list[mf.Matcher]:
    compiler = mf.Compiler(byte_vocabulary())
    return [compiler.json_schema(SCHEMAS[name](1400)).matcher() for name in ("items_required", "enum", "unique_items")]


def use_batch() -> None:
    matchers = deep_matchers()
    executor = mf.BatchExecutor(threads=2)
    step = [ord("[")] * len(matchers)
    drafts = executor.draft_mask_ids(matchers, [step] * len(matchers))
    for i in range(len(step) + 1):
        assert executor.mask_ids(matchers) == [draft[i] for draft in drafts]
        assert all(executor.accept(matchers, step))


def use_child() -> None:
    """A child of fork() has one thread, which is this one."""
    child = os.fork()
    if child == 0:
        deep_matchers()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
