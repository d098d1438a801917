"""The loop of the cold run judges engines right, also those that lie, stop or refuse; the command says what it saw."""

from __future__ import annotations

import ctypes
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maskforge.bench.cold_masks import Harness, run_cases
from maskforge.cli import app
from maskforge.jsonschemabench.cases import Case, built_in_cases, case, instance_text, maskbench_cases
from maskforge.jsonschemabench.engines.base import Refused, Run, Stopped
from maskforge.jsonschemabench.metrics import right
from maskforge.jsonschemabench.records import SchemaRecord

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
    return harness.measure([case("c", {}, [(index, True) for index in range(len(ids))])], [ids], 0)[0][0]


def test_a_text_is_accepted_with_its_end() -> None:
    outcome = judge("", [[1, 2, 40], [1, 2], [1, 2, 41], [1, 2, 40, 40]])
    assert [each.accepted for each in outcome.instances] == [True, False, False, False]
    assert [len(each.mask_ns) for each in outcome.instances] == [4, 3, 3, 4]
    assert [len(each.accept_ns) for each in outcome.instances] == [4, 2, 2, 3]
    assert not any(each.stopped for each in outcome.instances)
    assert outcome.first_ns == outcome.compile_ns + outcome.instances[0].mask_ns[0]
    assert outcome.status == "ok" and (outcome.instances_planned, outcome.valid_planned) == (4, 4)


@pytest.mark.parametrize(("twist", "message"), [("stops", "fuel"), ("flags", "flag"), ("lies", "refuses token 40")])
def test_engines_that_give_up(twist: str, message: str) -> None:
    reading = judge(twist, [[1, 2, 40]]).instances[0]
    assert message in reading.stopped
    assert not reading.accepted and not reading.right


def test_an_engine_that_allows_all_accepts_what_is_invalid() -> None:
    harness = Harness([Toy(twist="allows all")], VOCAB, EOS)
    outcome = harness.measure([case("c", {}, [("x", False)])], [[[60, 5]]], 0)[0][0]
    assert outcome.instances[0].accepted and not right(outcome)


def test_a_refusal_has_no_masks() -> None:
    outcome = judge("refuses", [[1, 2, 40]])
    assert (outcome.status, outcome.reason) == ("refused", "not today") and not right(outcome)
    assert outcome.first_ns is None and outcome.instances == []


@pytest.mark.parametrize(("turn", "order"), [(1, "abbaab"), (2, "aabbba"), (9, "aaabbb")])
def test_the_order_of_engines_alternates(turn: int, order: str) -> None:
    class Tokenizer:
        def encode(self, text: str, add_special_tokens: bool) -> list[int]:
            assert not add_special_tokens
            return [1, 2, 40]

    log: list[str] = []
    harness = Harness([Toy("a", log=log), Toy("b", log=log)], VOCAB, EOS)
    cases = [case(str(number), {}, [(0, True)]) for number in range(3)]
    outcomes = list(run_cases(harness, cases, Tokenizer(), turn))
    assert "".join(log) == order
    assert [[outcome.engine for outcome in pair] for pair in outcomes] == [["a", "b"]] * 3
    assert all(right(outcome) for pair in outcomes for outcome in pair)


def test_the_clock_ticks_only_inside_the_engine() -> None:
    """With a clock that counts how often it is read, every time is one tick."""
    ticks = iter(range(10_000))
    clock: Callable[[], int] = lambda: next(ticks)  # noqa: E731
    harness = Harness([Toy()], VOCAB, EOS, clock=clock)
    outcome = harness.measure([case("c", {}, [(0, True)])], [[[1, 2, 40]]], 0)[0][0]
    assert outcome.compile_ns == 1
    assert outcome.instances[0].mask_ns == outcome.instances[0].accept_ns == [1, 1, 1, 1]


def test_the_slowest_masks_are_kept() -> None:
    readings = iter([0, 0, *(tick for cost in (5, 9, 7, 8) for tick in (0, cost, 0, 0))])
    harness = Harness([Toy()], VOCAB, EOS, clock=lambda: next(readings), worst=2)
    harness.measure([case("c", {}, [(0, True)])], [[[1, 2, 40]]], 0)
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


def test_the_command(tmp_path: Path) -> None:
    """Without data: the built-in schemas and a small tokenizer, beside llguidance."""
    pytest.importorskip("llguidance")
    result = CliRunner().invoke(app, ["bench", "cold", "--out", str(tmp_path), "--worst", "2"])
    assert result.exit_code == 0, result.output
    assert "compile and first mask" in result.output
    assert "slowest masks of maskforge" in result.output and "A matcher of maskforge" in result.output
    records = [json.loads(line) for line in (tmp_path / "cold.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [record["kind"] for record in records] == ["run"] + ["schema"] * 8
    assert records[0]["engines"].keys() == {"maskforge", "llguidance"}
    ours = [SchemaRecord.from_record(record) for record in records[1:] if record["engine"] == "maskforge"]
    assert len(ours) == 4 and all(right(record) for record in ours), ours
    assert "llguidance / maskforge, what both handle" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_a_fresh_compiler_for_each_schema() -> None:
    options = ["--fresh", "--only", "maskforge", "--limit", "2", "--clock", "wall"]
    result = CliRunner().invoke(app, ["bench", "cold", *options])
    assert result.exit_code == 0, result.output
    assert re.search(r"maskforge │ +2 │ +100.0% │ +100.0%", result.output)


def test_an_engine_that_is_not_known() -> None:
    result = CliRunner().invoke(app, ["bench", "cold", "--only", "grid"])
    assert result.exit_code == 2
    assert "no engine is called grid" in result.output
