"""Schemas made to hurt: each ends in right answers or in a clear error, with bounded work and bounded memory.

The cases of hostile.py run in processes of their own, which end where they would take the machine with them.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import maskforge as mf
from tests.regressions.hostile import CASES
from tests.schema.support import accepts, byte_compiler

ROOT = Path(__file__).resolve().parents[2]
GROWTH_MIB = 512  # of the memory of a process that compiles a case in both property orders
ADDRESS_SPACE = 4 << 30
GUARD_SECONDS = 120  # of processor time; a guard against a hang, far above what any case takes

# What ends in an error, in both property orders; everything else is right.
ERRORS = {
    "UnsatisfiableError": {
        *("exclusive_equals_doubled", "equal_branches", "pigeons", "pigeon_keys", "more_properties_than_names"),
        *("values_that_never_end", "mutual_recursion_that_never_ends"),
    },
    "SpecError": {"deeper_schema_than_there_can_be"},
    "UnsupportedError": {
        *("open_questions", "exclusive_open_questions", "overlapping_patterns"),
        *("deep_required_references", "many_multiples", "not_many_multiples", "references_that_consume_nothing"),
        *("alternatives_that_consume_nothing", "negation_that_consumes_nothing", "large_cycle_that_consumes_nothing"),
        *("dynamic_cycle_that_consumes_nothing", "cycle_below_a_key", "pattern_nested_deeply"),
    },
    "FuelError": {
        *("random_clauses", "many_needs_of_items", "pattern_of_lookaheads", "lengths_and_patterns"),
        *("dynamic_scopes_in_exponential_numbers",),
    },
}
EXPECTED = {name: error for error, names in ERRORS.items() for name in names}


def bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (GUARD_SECONDS, GUARD_SECONDS))


@pytest.mark.parametrize("name", CASES)
def test_right_answers_or_a_clear_error(name: str) -> None:
    command = [sys.executable, "-m", "tests.regressions.hostile", name]
    done = subprocess.run(command, cwd=ROOT, preexec_fn=bounded, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["wrong"] == []
    assert [found["any"], found["schema"]] == [EXPECTED.get(name, "ok")] * 2, found
    assert name not in EXPECTED or found["message"]
    assert found["MiB"] < GROWTH_MIB


def test_every_exception_is_a_case() -> None:
    assert EXPECTED.keys() <= CASES.keys()


def test_references_that_consume_nothing() -> None:
    with pytest.raises(mf.UnsupportedError, match="consumes nothing"):
        byte_compiler().json_schema(
            {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}
        )


def test_exclusive_branches_that_evaluate_different_members() -> None:
    branches = [
        {"type": "object", "properties": {f"k{i}": {"type": "integer"}, f"k{i + 1}": {"type": "string"}}}
        | {"required": [f"k{i}"]}
        for i in range(60)
    ]
    grammar = byte_compiler().json_schema({"oneOf": branches, "unevaluatedProperties": False})
    assert accepts(grammar, '{"k4": "x", "k3": 5}')
    assert not accepts(grammar, '{"k3": 5, "k9": "x"}')


def test_counts_and_patterns_below_conditions() -> None:
    # The second branch holds whatever follows, and so does the third: a search over all kinds of keys finds nothing.
    counted = {
        "patternProperties": {"^a": {"type": "string"}, "a": {"const": 1}},
        "properties": {"b": {"type": "integer"}},
        "required": ["b"],
        "minProperties": 1,
        "maxProperties": 3,
        "additionalProperties": {"const": 1},
    }
    schema = {
        "oneOf": [
            {"dependentSchemas": {"ab": counted}, "properties": {"ab": {"const": 1}}},
            {"properties": {"b": {"const": 1}}, "patternProperties": {"b$": {"type": "integer"}}, "required": ["b"]},
            {"properties": {"b": True, "c": True}},
        ],
        "unevaluatedProperties": {"type": "integer"},
    }
    grammar = byte_compiler().json_schema(schema)
    assert not accepts(grammar, '{"b": 1}')
    assert accepts(grammar, '{"ab": 1, "b": 0}')


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 10**6, "maxLength": 10**9},
        {"type": "array", "minItems": 10**6},
        {"type": "object", "minProperties": 10**5},
    ],
    ids=["lengths", "items", "properties"],
)
def test_far_bounds_cost_what_near_ones_cost(schema: Any) -> None:
    matcher = byte_compiler().json_schema(schema).matcher()
    assert matcher.accept_bytes({"string": b'"', "array": b"[", "object": b"{"}[schema["type"]]) == 1
    assert ord({"string": '"', "array": "]", "object": "}"}[schema["type"]]) not in matcher.allowed_tokens()


def test_memory_of_long_objects_is_counted() -> None:
    # The lists of keys were taken for short ones, so that tables which had outgrown the limit lived on.
    compiler = mf.Compiler(byte_compiler().vocabulary, memory_limit_bytes=16 << 20)
    for start in (0, 10_000):
        matcher = compiler.json_schema(True, whitespace="compact").matcher()
        data = json.dumps(dict.fromkeys(range(start, start + 3000), 1), separators=(",", ":")).encode()
        before = compiler.memory_bytes()
        assert matcher.accept_bytes(data) == len(data)
        assert compiler.memory_bytes() - before > 3000 * 3000 * 4
    assert compiler.json_schema(True).matcher().accept_bytes(b"{}") == 2
    assert compiler.memory_bytes() < 16 << 20
