"""From JSON lines files to a report: facts of the runs, then the sections of every kind of record that is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from maskforge.bench.report import batch, generate, kernels, masks
from maskforge.bench.report.content import Record, Report
from maskforge.jsonschemabench.records import RunRecord, SchemaRecord, read_lines

TITLE = "Constrained decoding, engines side by side"


def load(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """The records of all files, in order. Raises ValueError for a line that is no record."""
    found: list[dict[str, Any]] = []
    for path in paths:
        for number, record in enumerate(read_lines(path), 1):
            if not isinstance(record, dict) or "kind" not in record:
                raise ValueError(f"{path}, line {number} is no record of a benchmark")
            found.append(record)
    return found


def build(records: Sequence[Record], title: str = TITLE) -> Report:
    runs = [RunRecord.from_record(dict(record)) for record in records if record["kind"] == "run"]
    latest: dict[tuple[str, str, str], SchemaRecord] = {}
    for record in records:
        if record["kind"] == "schema":
            schema = SchemaRecord.from_record(dict(record))
            latest[schema.key] = schema  # of a run that was resumed, the last one

    def of(kind: str) -> list[Record]:
        return [record for record in records if record["kind"] == kind]

    sections = [
        *masks.sections(list(latest.values())),
        *generate.sections(of("generate")),
        *batch.sections(of("batch")),
        *kernels.sections(of("kernel")),
    ]
    about = [_facts(run) for run in runs]
    if resumed := of("resumed"):
        about.append([("Resumed", record["date"]) for record in resumed])
    return Report(title, about, sections)


def _facts(run: RunRecord) -> list[tuple[str, str]]:
    host = run.machine
    facts = [
        ("Command", run.command),
        ("Date", run.date),
        (
            "Machine",
            ", ".join(
                str(part)
                for part in (
                    host.get("processor"),
                    f"{host['cores']} cores" if host.get("cores") else None,
                    host.get("system"),
                    f"Python {host['python']}" if host.get("python") else None,
                    *host.get("devices", ()),
                    f"load {host['load'][0]} at the start" if host.get("load") else None,
                )
                if part
            ),
        ),
    ]
    present = [
        f"{name} {engine.version}" + (f" (set up in {setup})" if setup else "")
        for name, engine in run.engines.items()
        if not engine.missing
        for setup in [masks.setup_text(engine.setup_ns, engine.setup_memory_bytes)]
    ]
    if present:
        facts.append(("Engines", "; ".join(present)))
    facts += [(f"Not run: {name}", engine.missing) for name, engine in run.engines.items() if engine.missing]
    if run.data:
        facts.append(("Data", ", ".join(run.data)))
    if run.settings:
        facts.append(("Settings", ", ".join(f"{name} {_setting(value)}" for name, value in run.settings.items())))
    clock = {"cpu": "processor time of the engine's process", "wall": "elapsed time"}.get(run.clock, run.clock)
    facts.append(("Times", f"{clock}; reading the clock takes {run.clock_ns:,} ns, which is part of every time"))
    return facts


def _setting(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "/".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
