"""Sections from `batch` records: time of a step against batch size, and what a second thread brings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from maskforge.bench.report.content import Axis, Plot, Record, Section, Series, Table, number

Key = tuple[str, str, int, int, str]
"""Workload, state, batch, threads, engine."""
MEASURES = {"fill": "fill_ns", "accept": "accept_ns"}


def sections(records: Sequence[Record]) -> list[Section]:
    groups: dict[Key, list[Record]] = defaultdict(list)
    failed: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for record in records:
        if record["failed"]:
            failed[record["engine"], record["workload"], record["failed"]].add(record["batch"])
        else:
            key = record["workload"], record["state"], record["batch"], record["threads"], record["engine"]
            groups[key].append(record)
    if not groups and not failed:
        return []
    section = Section(
        "Batches",
        [
            "The time of one step for a whole batch: the masks of all rows, then a token accepted in all rows. Medians "
            "over the steps of all rounds, elapsed time. One grammar: all rows have the same schema and stand at "
            "different places. Many grammars: each row has its own. Cold: no mask was ever made. Warm: the same steps "
            "once more.",
        ],
    )
    engines = list(dict.fromkeys(record["engine"] for record in records))
    looped = sorted({record["engine"] for record in records if not record["native"]})
    if looped:
        section.paragraphs.append(
            f"{', '.join(looped)}: no batch call, so the rows are done in a loop in Python on one thread."
        )
    compiles = _compiles(groups)
    for workload in dict.fromkeys(key[0] for key in groups):
        for state in ("cold", "warm"):
            chosen = {key: found for key, found in groups.items() if key[:2] == (workload, state)}
            if chosen:
                section.parts += [_plot(workload, state, chosen, engines), _scaling(workload, state, chosen, engines)]
    section.parts = [part for part in section.parts if not isinstance(part, Table) or part.rows]
    section.parts += [compiles] if compiles.rows else []
    if failed:
        rows = [
            [engine, workload, ", ".join(map(str, sorted(sizes))), message]
            for (engine, workload, message), sizes in failed.items()
        ]
        section.parts.append(Table("What failed", ["", "workload", "batch", "message"], rows))
    return [section]


def step_us(records: Sequence[Record], measure: str) -> float:
    """The median step of all rounds, in microseconds."""
    return median(value for record in records for value in record[MEASURES[measure]]) / 1e3


def pass_ms(records: Sequence[Record]) -> float:
    """Fill and accept of all steps together, the median of the rounds, in milliseconds."""
    return median(sum(record["fill_ns"]) + sum(record["accept_ns"]) for record in records) / 1e6


def _plot(workload: str, state: str, groups: dict[Key, list[Record]], engines: Sequence[str]) -> Plot:
    names: dict[tuple[str, int], str] = {}
    for _, _, _, threads, engine in groups:
        names[engine, threads] = f"{engine}, {threads} thread" + ("s" if threads > 1 else "")
    order = sorted(names, key=lambda pair: (engines.index(pair[0]), pair[1]))
    sizes = sorted({key[2] for key in groups})
    series, body = [], []
    for engine, threads in order:
        points = []
        for size in sizes:
            found = groups.get((workload, state, size, threads, engine))
            if found:
                fill, accept = step_us(found, "fill"), step_us(found, "accept")
                points.append((float(size), fill))
                body.append(
                    [
                        engine,
                        str(size),
                        str(threads),
                        number(fill),
                        number(accept),
                        number((fill + accept) / size),
                        number(pass_ms(found)),
                    ]
                )
        series.append(Series(names[engine, threads], points))
    title = f"{workload}, {state}: masks of a batch"
    columns = ["", "batch", "threads", "fill, µs", "accept, µs", "both, µs a row", "all steps of a round, ms"]
    return Plot(
        title,
        "lines",
        Axis("sequences in the batch", "log", sizes),
        Axis("fill, µs", "log"),
        series,
        Table(f"{workload}, {state}", columns, body),
    )


def _scaling(workload: str, state: str, groups: dict[Key, list[Record]], engines: Sequence[str]) -> Table:
    """The time with several threads as a share of the time with one; rounds are paired, the median is shown."""
    rows = []
    keys = sorted(groups, key=lambda key: (engines.index(key[4]), key[2], key[3]))
    for _, _, size, threads, engine in keys:
        alone = groups.get((workload, state, size, 1, engine))
        if threads == 1 or not alone or size == 1:
            continue
        several = groups[workload, state, size, threads, engine]
        cells = []
        for measure in ("fill_ns", "accept_ns"):
            by_round = {record["round"]: sum(record[measure]) for record in alone}
            pairs = [
                sum(record[measure]) / by_round[record["round"]] for record in several if by_round.get(record["round"])
            ]
            cells.append(f"{median(pairs):.2f}" if pairs else "")
        rows.append([engine, str(size), str(threads), *cells])
    return Table(
        f"{workload}, {state}: time as a share of the time with one thread",
        ["", "batch", "threads", "fill", "accept"],
        rows,
        "Over all steps of a round; the median of the rounds.",
    )


def _compiles(groups: dict[Key, list[Record]]) -> Table:
    found: dict[tuple[str, int, str], int] = {}
    for (workload, _, size, _, engine), records in groups.items():
        key = workload, size, engine
        found[key] = max(found.get(key, 0), *(record["compile_ns"] for record in records))
    rows = [[engine, workload, str(size), number(ns / 1e6)] for (workload, size, engine), ns in found.items()]
    return Table(
        "Compiling the grammars of a batch before the cold pass, ms; the longest",
        ["", "workload", "batch", "compile, ms"],
        rows,
    )
