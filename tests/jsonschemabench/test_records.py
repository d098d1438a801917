"""What is written is read back the same, and a file that an interruption cut short is still readable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maskforge.jsonschemabench.records import (
    EngineRecord,
    InstanceRecord,
    RunRecord,
    SchemaRecord,
    WalkRecord,
    read_run,
)

RUN = RunRecord(
    date="2026-11-22T10:00:00+00:00",
    command="maskforge bench masks",
    machine={"processor": "p", "cores": 2},
    engines={"a": EngineRecord("1.0", 5, 6), "b": EngineRecord(missing="not installed")},
    settings={"walks": 1},
    data=["own"],
    clock="cpu",
    clock_ns=300,
)
SCHEMA = SchemaRecord(
    "a",
    "split",
    "name",
    "ok",
    compile_ns=7,
    first_ns=9,
    instances=[InstanceRecord(True, True, "", [2, 3], [1], [1, 1], 1)],
    instances_planned=1,
    valid_planned=1,
    walks=[WalkRecord(True, False, "why", "", 3, 1, "text")],
    walks_planned=1,
    memory_before_bytes=10,
    memory_peak_bytes=20,
)


def test_records_survive_json() -> None:
    assert RunRecord.from_record(json.loads(json.dumps(RUN.record()))) == RUN
    assert SchemaRecord.from_record(json.loads(json.dumps(SCHEMA.record()))) == SCHEMA


def test_a_line_that_was_not_finished_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    lines = [json.dumps(RUN.record()), json.dumps({"kind": "resumed"}), json.dumps(SCHEMA.record())]
    path.write_text("\n".join([*lines, json.dumps(SCHEMA.record())[:50]]), encoding="utf-8")
    assert read_run(path) == (RUN, [SCHEMA])


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(json.dumps(SCHEMA.record()) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match="does not begin"):
        read_run(path)
    with pytest.raises(ValueError, match="format 99"):
        RunRecord.from_record({**RUN.record(), "format": 99})
    with pytest.raises(ValueError, match="status 'odd'"):
        SchemaRecord.from_record({**SCHEMA.record(), "status": "odd"})
