"""Distributions and counts of a cold run, and the tables that show them. Times are in nanoseconds until printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from maskforge.jsonschemabench.statistics import COLUMNS, distribution


@dataclass(slots=True)
class Reading:
    """One engine reading one instance, end-of-sequence included."""

    valid: bool
    accepted: bool = False
    stopped: str = ""
    """Why the engine gave up, or the contradiction that it showed; "" when it decided."""
    mask_ns: list[int] = field(default_factory=list)
    accept_ns: list[int] = field(default_factory=list)
    matcher_bytes: int | None = None

    @property
    def right(self) -> bool:
        return not self.stopped and self.accepted == self.valid


@dataclass(slots=True)
class Outcome:
    """One engine on one schema."""

    schema: str
    engine: str
    compile_ns: int = 0
    first_ns: int | None = None
    """Compile and first mask together; None when there was no mask."""
    refused: str = ""
    unsatisfiable: bool = False
    readings: list[Reading] = field(default_factory=list)

    @property
    def compiled(self) -> bool:
        return not self.refused

    @property
    def right(self) -> bool:
        """Every instance read right; or called unsatisfiable, and no instance says otherwise."""
        if self.refused:
            return self.unsatisfiable and not any(reading.valid for reading in self.readings)
        return all(reading.right for reading in self.readings)

    def record(self) -> dict[str, Any]:
        """The line of the JSON lines file."""
        return {
            "kind": "schema",
            "schema": self.schema,
            "engine": self.engine,
            "compile_ns": self.compile_ns,
            "first_ns": self.first_ns,
            "refused": self.refused,
            "unsatisfiable": self.unsatisfiable,
            "right": self.right,
            "instances": [
                {
                    "valid": reading.valid,
                    "accepted": reading.accepted,
                    "stopped": reading.stopped,
                    "mask_ns": reading.mask_ns,
                    "accept_ns": reading.accept_ns,
                    "matcher_bytes": reading.matcher_bytes,
                }
                for reading in self.readings
            ],
        }


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Over the outcomes of one engine."""
    compiled = [outcome for outcome in outcomes if outcome.compiled]
    return {
        "schemas": len(outcomes),
        "right": sum(outcome.right for outcome in outcomes),
        "refused": sum(bool(outcome.refused) and not outcome.unsatisfiable for outcome in outcomes),
        "unsatisfiable": sum(outcome.unsatisfiable for outcome in outcomes),
        "stopped": sum(any(reading.stopped for reading in outcome.readings) for outcome in compiled),
        "valid_rejected": sum(
            any(reading.valid and not reading.accepted and not reading.stopped for reading in outcome.readings)
            for outcome in compiled
        ),
        "invalid_accepted": sum(
            any(not reading.valid and reading.accepted and not reading.stopped for reading in outcome.readings)
            for outcome in compiled
        ),
    }


Pairs = Sequence[tuple[Outcome, ...]]


def masks(pairs: Pairs, position: int, which: str) -> list[int]:
    """Mask times of the engine at `position` of each tuple.

    which: "both" for the valid instances that all the engines accept, so every engine answered at the same places;
    "all" for every mask that was made.
    """
    found: list[int] = []
    for outcomes in pairs:
        for index, reading in enumerate(outcomes[position].readings):
            if which == "both" and not all(
                outcome.compiled and outcome.readings[index].valid and outcome.readings[index].accepted
                for outcome in outcomes
            ):
                continue
            found += reading.mask_ns
    return found


def steps(pairs: Pairs, position: int) -> list[int]:
    """Mask and accept of a token together, over the same instances as `masks(..., "both")`."""
    found: list[int] = []
    for outcomes in pairs:
        for index, reading in enumerate(outcomes[position].readings):
            if all(
                outcome.compiled and outcome.readings[index].valid and outcome.readings[index].accepted
                for outcome in outcomes
            ):
                found += [fill + accept for fill, accept in zip(reading.mask_ns, reading.accept_ns, strict=True)]
    return found


def firsts(pairs: Pairs, position: int, which: str) -> list[int]:
    """Compile and first mask: "both" over the schemas that all engines compile, "all" over those that this one does."""
    return [
        outcomes[position].first_ns
        for outcomes in pairs
        if outcomes[position].first_ns is not None
        and (which == "all" or all(outcome.first_ns is not None for outcome in outcomes))
    ]


def compiles(pairs: Pairs, position: int) -> list[int]:
    return [outcomes[position].compile_ns for outcomes in pairs if all(outcome.compiled for outcome in outcomes)]


def summarize(pairs: Pairs, engines: Sequence[str]) -> dict[str, Any]:
    """Every distribution by measure and engine, and the counts by engine."""
    measures = {
        "mask": lambda position: masks(pairs, position, "both"),
        "mask and accept": lambda position: steps(pairs, position),
        "compile": lambda position: compiles(pairs, position),
        "compile and first mask": lambda position: firsts(pairs, position, "both"),
        "mask, all instances": lambda position: masks(pairs, position, "all"),
        "compile and first mask, all schemas": lambda position: firsts(pairs, position, "all"),
    }
    return {
        "times": {
            measure: {name: distribution(values(position)) for position, name in enumerate(engines)}
            for measure, values in measures.items()
        },
        "counts": {name: counts([pair[position] for pair in pairs]) for position, name in enumerate(engines)},
    }


def rows(times: dict[str, dict[str, float]], unit_ns: float) -> list[list[str]]:
    """A line per engine, and for each but the first how many times longer it takes than the first."""
    names = list(times)
    table = []
    for name in names:
        row = times[name]
        table.append([name, *(_number(row[column] / unit_ns) if row["count"] else "" for column in COLUMNS)])
        table[-1].append(f"{row['count']:,}")
    first = times[names[0]]
    for name in names[1:]:
        row = times[name]
        if row["count"] and first["count"]:
            ratios = [f"{row[column] / first[column]:.1f}x" if first[column] else "" for column in COLUMNS]
            table.append([f"{name} / {names[0]}", *ratios, ""])
    return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


UNITS = {"mask": ("µs", 1e3), "compile": ("ms", 1e6)}


def tables(summary: dict[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Title, header and rows of every table."""
    found = []
    for measure, times in summary["times"].items():
        unit, unit_ns = UNITS[measure.split()[0].rstrip(",")]
        found.append((f"{measure}, {unit}", ["", *COLUMNS, "count"], rows(times, unit_ns)))
    by_engine = summary["counts"]
    schemas = {row["schemas"] for row in by_engine.values()}
    keys = [key for key in next(iter(by_engine.values())) if key != "schemas"]
    body = [[name, *(f"{row[key]:,}" for key in keys)] for name, row in by_engine.items()]
    found.append((f"{max(schemas):,} schemas", ["", *(key.replace("_", " ") for key in keys)], body))
    return found


def markdown(summary: dict[str, Any]) -> str:
    parts = []
    for title, header, body in tables(summary):
        lines = [" | ".join(["", title, *header[1:], ""]).strip(), "|---|" + "---:|" * (len(header) - 1)]
        lines += [" | ".join(["", *row, ""]).strip() for row in body]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def page(about: dict[str, Any], summary: dict[str, Any]) -> str:
    """The results as a page of the documentation: what ran, where, when, and the tables."""
    host, memory = about["machine"], summary["memory"]
    names = list(about["engines"])
    versions = ", ".join(f"{name} {version}" for name, version in about["engines"].items())
    setups = ", ".join(f"{name} {about['setup_ms'][name] / 1e3:.1f} s" for name in names)
    clock = "processor time of the process" if about["clock"] == "cpu" else "elapsed time"
    loads = [load[0] for load in (host["load"], summary["load_at_end"]) if load]  # of the last minute
    lines = [
        "# Cold masks and compiles",
        "",
        f"`{about['command']}`",
        "",
        f"{about['date'][:10]}; {versions}; Python {host['python']}, {host['system']}, {host['processor']}, "
        f"{host['cores']} cores; vocabulary of {about['vocab_size']:,} tokens.",
        "",
        f"Times are {clock}, one thread, each with the {about['clock_ns']} ns that reading the clock takes"
        + (
            f". The machine had other work (load {' to '.join(map(str, loads))}), which slows all engines by sharing "
            "caches and memory with them: ratios say more than times."
            if max(loads, default=0) > 1.5
            else "."
        ),
        "",
        "Every schema is seen once; the engines read the same tokens of the same instances, end-of-sequence included, "
        "in turns. The tables cover what all of them handle: the valid instances that all accept, the schemas that all "
        "compile; those that say `all`, whatever each one handled by itself.",
        "",
        markdown(summary),
        f"Setting up once for the vocabulary: {setups}. Peak memory of the process, all engines and the tokenizer: "
        f"{_megabytes(memory['peak_process_bytes'])}.",
    ]
    for name in names:
        sizes = memory[name]
        if "matcher_avg_bytes" in sizes:
            lines.append(
                f"A matcher of {name}: {sizes['matcher_avg_bytes'] / 1024:.1f} KiB on average at the end of a text, "
                f"{sizes['matcher_max_bytes'] / 1024:.0f} KiB at most."
            )
        if "shared_bytes" in sizes:
            lines.append(
                f"What {name} shares between all schemas, at the end: {_megabytes(sizes['shared_bytes'])}, of that "
                f"{_megabytes(sizes['memo_bytes'])} masks."
            )
    if about["fresh"]:
        lines.append("maskforge had a new compiler for each schema, so that nothing was shared between schemas.")
    return "\n".join(lines) + "\n"


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
