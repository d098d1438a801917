"""How much of JSON Schema does an engine take, does it get it right, and what do its masks cost?

    maskforge bench masks --engines maskforge,llguidance --data maskbench=FOLDER --sample FILE --tokenizer FOLDER

jsonschemabench does the work: every engine in a process of its own, schema by schema in turns, under limits. Here
stand the command around it, its data sets by name, and the report.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from maskforge.bench import output
from maskforge.bench.commands import names_in
from maskforge.bench.engines import chosen
from maskforge.cli.errors import InputError
from maskforge.jsonschemabench import runner
from maskforge.jsonschemabench.engines import ENGINES
from maskforge.jsonschemabench.splits import LOADERS, Cases, DataMissing, load


def read_masks(
    console: Console,
    folder: Path,
    *,
    engines: str | None = None,
    data: Sequence[str] = ("own",),
    splits: Sequence[str] = (),
    sample: Path | None = None,
    tokenizer: Path | None = None,
    limit: int | None = None,
    resume: bool = False,
    settings: runner.Settings,
) -> None:
    path = folder / "masks.jsonl"
    if path.exists() and not resume:
        raise InputError(f"{path} is there already: --resume goes on with it; or choose another --out, or remove it")
    # Unless they were asked for by name, engines that are not installed do not end the run; the report says so.
    names = list(ENGINES) if engines is None else chosen(engines, ())
    try:
        sets = [select(open_data(each, names_in(sample)), splits, limit) for each in data]
        folder.mkdir(parents=True, exist_ok=True)
        runner.run(
            names,
            sets,
            path,
            settings=settings,
            tokenizer=tokenizer,
            command=output.command_line(sys.argv),
            data_names=[_described(each, splits, sample, limit) for each in data],
            total=_total(sets),
            console=Console(stderr=True),
        )
    except (DataMissing, runner.CannotResume) as error:
        raise InputError(str(error)) from None
    output.finish(console, folder, path)


def open_data(text: str, names: Sequence[str] | None) -> Cases:
    """ "own", "maskbench=FOLDER", ...; a folder alone is one of MaskBench files."""
    name, _, place = text.partition("=")
    if name not in LOADERS and not place:
        name, place = "maskbench", text
    try:
        return load(name, Path(place) if place else None, names if name == "maskbench" else None)
    except ValueError as error:
        raise InputError(f"--data {text}: {error}") from None


def select(cases: Cases, splits: Sequence[str], limit: int | None) -> Cases:
    """Those of the given splits; with a limit, so many of them, evenly spread. InputError when there are none."""
    if not splits and limit is None:
        return cases
    found = [each for each in cases if not splits or each.split in splits]
    if not found:
        raise InputError(f"{cases.name} has no schema in {', '.join(splits)}")
    count = min(limit or len(found), len(found))
    chosen = [found[place * len(found) // count] for place in range(count)]
    return Cases(cases.name, lambda: iter(chosen), count)


def _total(sets: Sequence[Cases]) -> int | None:
    totals = [each.total for each in sets]
    return None if None in totals else sum(total for total in totals if total is not None)


def _described(text: str, splits: Sequence[str], sample: Path | None, limit: int | None) -> str:
    """For the record of the run, which must not depend on where files lie."""
    name, _, place = text.partition("=")
    name = name if name in LOADERS else "maskbench"
    parts: list[Any] = [*splits]
    if sample is not None and name == "maskbench":
        parts.append(sample.name)
    if limit is not None:
        parts.append(f"{limit} of them")
    return f"{name} ({', '.join(parts)})" if parts else name
