"""The loop of the cold run judges engines right, also those that lie, stop or refuse; the command says what it saw."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maskforge.bench.cold_masks import Harness, command_line, run_cases
from maskforge.jsonschemabench.cases import Case, built_in_cases, case, instance_text, maskbench_cases
from maskforge.jsonschemabench.engines.base import Refused, Run, Stopped

EOS = 3
VOCAB = 70  # three words of a bitmask


class Toy:
    """Allows exactly the tokens 1, 2, 40 and then end-of-sequence; `twist` makes it misbehave."""

    version = "0"
    setup_ns = 0
    language = (1, 2, 40, EOS)

    def __init__(self, name: str = "toy", twist: str = "", log: list[str] | None = None) -> None:
        self.name, self.twist, self.log = name, twist, [] if log is None else log

    def begin_schema(self) -> None:
        self.log.append(self.name)

    def compile(self, schema_text: str) -> Any:
        if self.twist == "refuses":
            raise Refused("not today")
        return schema_text

    def begin(self, compiled: Any, address: int, words: int) -> Run:
        assert words == 3
        buffer = (ctypes.c_uint32 * words).from_address(address)
        position = 0

        def fill() -> None:
            if self.twist == "stops" and position == 1:
                raise RuntimeError("out of fuel")
            for word in range(words):
                buffer[word] = 0xFFFFFFFF if self.twist == "allows all" else 0
            if position < len(self.language):
                token = self.language[position]
                buffer[token >> 5] |= 1 << (token & 31)

        def accept(token: int) -> bool:
            nonlocal position
            if self.twist == "lies" and position == 2:
                return False
            position += 1
            return True

        def check() -> None:
            if self.twist == "flags" and position == 2:
                raise Stopped("flag")

        return Run(fill, accept, check, lambda: 1234, lambda: "the next token")

    def memory(self) -> dict[str, int]:
        return {}


def judge(twist: str, ids: list[list[int]]) -> Any:
    harness = Harness([Toy(twist=twist)], VOCAB, EOS)
    return harness.measure(case("c", {}, [(index, True) for index in range(len(ids))]), ids, 0)[0]


def test_a_text_is_accepted_with_its_end() -> None:
    outcome = judge("", [[1, 2, 40], [1, 2], [1, 2, 41], [1, 2, 40, 40]])
    assert [reading.accepted for reading in outcome.readings] == [True, False, False, False]
    assert [len(reading.mask_ns) for reading in outcome.readings] == [4, 3, 3, 4]
    assert [len(reading.accept_ns) for reading in outcome.readings] == [4, 2, 2, 3]
    assert not any(reading.stopped for reading in outcome.readings)
    assert outcome.first_ns == outcome.compile_ns + outcome.readings[0].mask_ns[0]
    assert outcome.readings[0].matcher_bytes == 1234


@pytest.mark.parametrize(("twist", "message"), [("stops", "fuel"), ("flags", "flag"), ("lies", "refuses token 40")])
def test_engines_that_give_up(twist: str, message: str) -> None:
    reading = judge(twist, [[1, 2, 40]]).readings[0]
    assert message in reading.stopped
    assert not reading.accepted and not reading.right


def test_an_engine_that_allows_all_accepts_what_is_invalid() -> None:
    harness = Harness([Toy(twist="allows all")], VOCAB, EOS)
    outcome = harness.measure(case("c", {}, [("x", False)]), [[60, 5]], 0)[0]
    assert outcome.readings[0].accepted and not outcome.right


def test_a_refusal_has_no_masks() -> None:
    outcome = judge("refuses", [[1, 2, 40]])
    assert outcome.refused == "not today" and not outcome.right
    assert outcome.first_ns is None and outcome.readings[0].mask_ns == []


def test_the_order_of_engines_alternates() -> None:
    class Tokenizer:
        def encode(self, text: str, add_special_tokens: bool) -> list[int]:
            assert not add_special_tokens
            return [1, 2, 40]

    log: list[str] = []
    harness = Harness([Toy("a", log=log), Toy("b", log=log)], VOCAB, EOS)
    cases = [case(str(number), {}, [(0, True)]) for number in range(3)]
    outcomes = list(run_cases(harness, cases, Tokenizer()))
    assert log == ["a", "b", "b", "a", "a", "b"]
    assert [[outcome.engine for outcome in pair] for pair in outcomes] == [["a", "b"]] * 3
    assert all(outcome.right for pair in outcomes for outcome in pair)


def test_the_clock_ticks_only_inside_the_engine() -> None:
    """With a clock that counts how often it is read, every time is one tick."""
    ticks = iter(range(10_000))
    clock: Callable[[], int] = lambda: next(ticks)  # noqa: E731
    harness = Harness([Toy()], VOCAB, EOS, clock=clock)
    outcome = harness.measure(case("c", {}, [(0, True)]), [[1, 2, 40]], 0)[0]
    assert outcome.compile_ns == 1
    assert outcome.readings[0].mask_ns == outcome.readings[0].accept_ns == [1, 1, 1, 1]


def test_the_slowest_masks_are_kept() -> None:
    readings = iter([0, 0, *(tick for cost in (5, 9, 7, 8) for tick in (0, cost, 0, 0))])
    harness = Harness([Toy()], VOCAB, EOS, clock=lambda: next(readings), worst=2)
    harness.measure(case("c", {}, [(0, True)]), [[1, 2, 40]], 0)
    found = sorted(harness.slowest[0].heap)
    assert [(mask.ns, mask.step, mask.expected) for mask in found] == [
        (8, 3, "the next token"),
        (9, 1, "the next token"),
    ]


def test_maskbench_files(tmp_path: Path) -> None:
    content = {
        "description": "",
        "meta": {},
        "schema": {"type": "string"},
        "tests": [
            {"description": "", "valid": False, "data": 1},
            {"description": "", "valid": True, "data": "é"},
            {"description": "", "valid": True, "data": "\ud800"},
        ],
    }
    (tmp_path / "b---x.1.json").write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "a.json").write_text(json.dumps({**content, "tests": []}), encoding="utf-8")
    assert [found.name for found in maskbench_cases(tmp_path)] == ["a", "b---x.1"]
    (found,) = maskbench_cases(tmp_path, ["b---x.1"])
    assert found.schema == '{"type": "string"}'
    assert [(instance.text, instance.valid) for instance in found.instances] == [
        ('"é"', True),
        ('"\\ud800"', True),
        ("1", False),
    ]
    assert instance_text({"a": [1, 2.0]}) == '{"a": [1, 2.0]}'


@pytest.mark.parametrize("found", built_in_cases(), ids=lambda found: found.name)
def test_built_in_labels_are_right(found: Case) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(found.schema))
    assert {instance.valid for instance in found.instances} == {True, False}
    for instance in found.instances:
        assert validator.is_valid(json.loads(instance.text)) == instance.valid, instance.text


def test_the_command_line_is_the_one_that_was_typed() -> None:
    assert command_line(["/x/bench/cold_masks.py", "--limit", "2"]) == (
        "python -m maskforge.bench.cold_masks --limit 2"
    )
    assert command_line(["/x/bench/__main__.py", "masks", "a b"]) == "python -m maskforge.bench masks 'a b'"


def test_the_command(tmp_path: Path) -> None:
    """Without data: the built-in schemas and a small tokenizer, beside llguidance."""
    pytest.importorskip("llguidance")
    from maskforge.bench.__main__ import app

    lines, page = tmp_path / "out.jsonl", tmp_path / "out.md"
    result = CliRunner().invoke(app, ["masks", "--json", str(lines), "--markdown", str(page), "--worst", "2"])
    assert result.exit_code == 0, result.output
    assert "compile and first mask" in result.output
    records = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    kinds = [record["kind"] for record in records]
    assert kinds == ["run"] + ["schema"] * 8 + ["slow mask"] * 4 + ["summary"]
    assert records[0]["engines"].keys() == {"maskforge", "llguidance"}
    ours = [record for record in records if record.get("engine") == "maskforge" and record["kind"] == "schema"]
    assert all(record["right"] for record in ours), ours
    assert records[-1]["counts"]["maskforge"]["right"] == 4
    assert "| llguidance / maskforge |" in page.read_text(encoding="utf-8")


def test_a_fresh_compiler_for_each_schema(tmp_path: Path) -> None:
    from maskforge.bench.__main__ import app

    result = CliRunner().invoke(app, ["masks", "--fresh", "--only", "maskforge", "--limit", "2", "--clock", "wall"])
    assert result.exit_code == 0, result.output
    assert "2 schemas" in result.output
