"""The lines of a run's JSON lines file, and how they are read back.

The first line is a `RunRecord`, every other line a `SchemaRecord`: one engine on one schema. Times are in nanoseconds.
Nothing derived is stored: whether a schema was right, a coverage, a quantile is computed from these by `metrics`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FORMAT = 1
"""Changes when a file written before can no longer be read."""

STATUSES = {
    "ok": "compiled, and read and written to the end",
    "refused": "the engine said that it does not take the schema",
    "unsatisfiable": "the engine said that no value satisfies the schema",
    "timeout": "over the time limit, the process was ended",
    "crash": "the engine's process died",
    "memory": "over the memory limit, the process was ended",
    "error": "the engine threw what is no refusal",
}


@dataclass(slots=True)
class InstanceRecord:
    """An engine reading an instance token by token, end-of-sequence included, to the first token that it masks."""

    valid: bool
    """What the data set says."""
    accepted: bool = False
    """The mask allowed every token and, after them, end-of-sequence."""
    stopped: str = ""
    """Why the engine gave up, or how its mask and its accept contradict each other; "" when it decided."""
    mask_ns: list[int] = field(default_factory=list)
    """A time for each mask; the first of the first instance is the schema's first mask."""
    accept_ns: list[int] = field(default_factory=list)
    warm_mask_ns: list[int] = field(default_factory=list)
    """The same masks again with the same compiled grammar, after all instances were read once."""
    forced_masks: int | None = None
    """How many of the masks allowed one token only; counted for accepted instances, None for others."""

    @property
    def right(self) -> bool:
        return not self.stopped and self.accepted == self.valid


@dataclass(slots=True)
class WalkRecord:
    """A text written under the masks by a random walk."""

    ended: bool
    """End-of-sequence was reached within the budget."""
    valid: bool | None = None
    """What the validator says of a text that ended; None when it did not end, or the validator could not say."""
    reason: str = ""
    """Why it is not valid, why it did not end, or why the validator could not say."""
    stopped: str = ""
    """Why the engine gave up, or its contradiction: a mask without any token, a token allowed and then refused."""
    tokens: int = 0
    forced_tokens: int = 0
    """Tokens that were the only one allowed."""
    text: str = ""
    """Kept when it is not valid or the walk was stopped."""


@dataclass(slots=True)
class SchemaRecord:
    """One engine on one schema."""

    engine: str
    split: str
    schema: str
    status: str
    """One of STATUSES."""
    reason: str = ""
    """What the engine said, or where it was when it was ended; "" for "ok"."""
    compile_ns: int | None = None
    """None when compiling did not end; for "refused" and "unsatisfiable" the time until the engine said so."""
    first_ns: int | None = None
    """Compile and first mask together, also where there is no instance; None when no mask was made."""
    instances: list[InstanceRecord] = field(default_factory=list)
    """Those that were read to their end, in the order of the case: none when the schema was refused."""
    instances_planned: int = 0
    valid_planned: int = 0
    """How many of the planned ones the data set calls valid."""
    walks: list[WalkRecord] = field(default_factory=list)
    walks_planned: int = 0
    memory_before_bytes: int | None = None
    """Resident memory of the engine's process when it was given the schema."""
    memory_peak_bytes: int | None = None
    """The most resident memory while it worked on it."""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.engine, self.split, self.schema

    @property
    def compiled(self) -> bool:
        return self.compile_ns is not None and self.status not in ("refused", "unsatisfiable", "error")

    def record(self) -> dict[str, Any]:
        return {"kind": "schema", **asdict(self)}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> SchemaRecord:
        content = {key: value for key, value in record.items() if key != "kind"}
        content["instances"] = [InstanceRecord(**instance) for instance in content["instances"]]
        content["walks"] = [WalkRecord(**walk) for walk in content["walks"]]
        if content["status"] not in STATUSES:
            raise ValueError(f"a schema's record has the unknown status {content['status']!r}")
        return cls(**content)


@dataclass(slots=True)
class EngineRecord:
    """An engine of a run, as it said of itself when it was set up."""

    version: str = ""
    setup_ns: int | None = None
    setup_memory_bytes: int | None = None
    """Resident memory of its process after set-up, the tokenizer included."""
    missing: str = ""
    """Why it did not take part: not installed (with the command that installs it), or what its set-up threw."""


@dataclass(slots=True)
class RunRecord:
    date: str
    """ISO 8601, UTC."""
    command: str
    machine: dict[str, Any]
    """As `machine.describe()`."""
    engines: dict[str, EngineRecord]
    """By name, in the order of the run, those that are missing included."""
    settings: dict[str, Any]
    """Limits, walks, tokenizer, vocabulary size. A run resumes only where these are the same."""
    data: list[str]
    """The data sets, as they were named: "maskbench", "suite", ..."""
    clock: str
    """"cpu": processor time of the engine's process; "wall": elapsed time."""
    clock_ns: int
    """What an empty measurement reads; it is part of every time."""
    format: int = FORMAT

    def record(self) -> dict[str, Any]:
        return {"kind": "run", **asdict(self)}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> RunRecord:
        if record.get("format") != FORMAT:
            raise ValueError(f"a run of format {record.get('format')}, this version reads {FORMAT}")
        content = {key: value for key, value in record.items() if key != "kind"}
        content["engines"] = {name: EngineRecord(**engine) for name, engine in content["engines"].items()}
        return cls(**content)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file. The last one is left out when an interrupted run did not write it to its end."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                yield json.loads(line)


def read_run(path: Path) -> tuple[RunRecord, list[SchemaRecord]]:
    """Raises ValueError when the file does not begin with a run."""
    lines = read_lines(path)
    first = next(lines, {})
    if first.get("kind") != "run":
        raise ValueError(f"{path} does not begin with the record of a run")
    schemas = [SchemaRecord.from_record(line) for line in lines if line["kind"] == "schema"]
    return RunRecord.from_record(first), schemas
