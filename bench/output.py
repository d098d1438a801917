"""Where a benchmark's results go: one folder with JSON lines, the HTML report and its summary.

A command writes a JSON lines file of its own; the report is made from all that are in the folder, so that several
commands with one `--out` make one report.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from maskforge.bench.report import html, text
from maskforge.bench.report.build import build, load
from maskforge.bench.report.content import Report
from maskforge.cli.errors import InputError
from maskforge.jsonschemabench import machine
from maskforge.jsonschemabench.records import EngineRecord, RunRecord

REPORT, SUMMARY = "report.html", "summary.md"


def command_line(arguments: Sequence[str]) -> str:
    """The command as it is typed: `python -m` knows modules, `sys.argv` has their files."""
    program = Path(arguments[0])
    if program.name == "__main__.py":
        module = {"bench": "maskforge.bench", "maskforge": "maskforge"}.get(program.parent.name, program.parent.name)
        return shlex.join(["python", "-m", module, *arguments[1:]])
    return shlex.join([program.name, *arguments[1:]])


def run_record(
    engines: Mapping[str, EngineRecord],
    settings: Mapping[str, Any],
    data: Sequence[str],
    clock_ns: int,
    clock: str = "wall",
) -> RunRecord:
    """Of a run that begins now."""
    return RunRecord(
        date=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        command=command_line(sys.argv),
        machine=machine.describe(),
        engines=dict(engines),
        settings=dict(settings),
        data=list(data),
        clock=clock,
        clock_ns=clock_ns,
    )


@contextmanager
def lines_to(path: Path) -> Iterator[Any]:
    """A function that writes a record as a line, at once, so that an interrupted run keeps what it measured."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:

        def write(record: Mapping[str, Any]) -> None:
            out.write(json.dumps(record) + "\n")
            out.flush()

        yield write


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Any]:
    """A function that counts one more done."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    # Drawn by hand: a thread that draws would run while times are taken.
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task(title, total=total)

        def step() -> None:
            bar.advance(task)
            bar.refresh()

        yield step


def render(paths: Iterable[Path], folder: Path) -> Report:
    """Writes the report of these files and its summary into the folder."""
    try:
        report = build(load(paths))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"cannot read the results: {error}") from None
    if not report.sections:
        raise InputError("there are no results to report")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / REPORT).write_text(html.page(report), encoding="utf-8")
    (folder / SUMMARY).write_text(text.markdown(report), encoding="utf-8")
    return report


def finish(console: Console, folder: Path, path: Path) -> None:
    """Tables of this file on the console, the report of the whole folder into it."""
    paths = sorted(folder.glob("*.jsonl"))
    report = render(paths, folder)
    text.show(report if paths == [path] else build(load([path])), console)
    console.print(f"written to {folder}: {path.name}, {REPORT}, {SUMMARY}", soft_wrap=True)
