"""Sections from `generate` records: what a processor costs beside a model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from maskforge.bench.report.content import Axis, Plot, Record, Section, Series, Table, number


def sections(records: Sequence[Record]) -> list[Section]:
    groups: dict[tuple[str, int], list[Record]] = defaultdict(list)
    failed: dict[tuple[str, str], set[int]] = defaultdict(set)
    for record in records:
        if record["failed"]:
            failed[record["engine"], record["failed"]].add(record["batch"])
        elif record["round"] > 0:  # the first warms up
            groups[record["engine"], record["batch"]].append(record)
    if not groups and not failed:
        return []
    processors = {record["engine"]: record["processor"] for record in records}
    thin = [engine for engine, processor in processors.items() if processor != "its own"]
    section = Section(
        "Generation",
        [
            "Hugging Face `generate` with and without each engine's logits processor, in turns, on the same text: a "
            "last processor makes `generate` choose the tokens of a valid text in every run and checks that the engine "
            "allows them. Medians over the rounds; the overhead is that of each pair, its spread the smallest and the "
            "largest of them.",
            "Processors: "
            + "; ".join(f"{engine}: {processor}" for engine, processor in processors.items())
            + ("." if not thin else ". A thin one drives the engine's native calls row by row."),
        ],
    )
    engines = list(dict.fromkeys(record["engine"] for record in records))
    sizes = sorted({size for _, size in groups})
    series, body = [], []
    for engine in engines:
        points = []
        for size in sizes:
            found = groups.get((engine, size))
            if found:
                row = figures(found)
                points.append((float(size), row["added_us"]))
                body.append(
                    [
                        engine,
                        str(size),
                        number(row["without_tokens_per_second"]),
                        number(row["with_tokens_per_second"]),
                        number(row["without_us"]),
                        number(row["with_us"]),
                        f"{row['overhead']:+.1f}%",
                        f"{row['least']:+.1f} to {row['most']:+.1f}%",
                        str(len(found)),
                    ]
                )
        if points:
            series.append(Series(engine, points))
    table = Table(
        "Tokens per second and microseconds per token, without and with the processor",
        [
            "",
            "batch",
            "tokens/s without",
            "tokens/s with",
            "µs/token without",
            "µs/token with",
            "overhead",
            "spread",
            "rounds",
        ],
        body,
    )
    if body:
        section.parts.append(table)
        section.parts.append(
            Plot(
                "What the processor adds to a step of the whole batch",
                "lines",
                Axis("sequences in the batch", "log", sizes),
                Axis("added, µs a step", "linear"),
                series,
                table,
            )
        )
    if failed:
        rows = [[engine, ", ".join(map(str, sorted(sizes))), message] for (engine, message), sizes in failed.items()]
        section.parts.append(Table("What failed", ["", "batch", "message"], rows))
    return [section]


def figures(records: Sequence[Record]) -> dict[str, float]:
    """Of one engine and batch size. Times in microseconds per token of one row's share, overheads in percent."""
    tokens = records[0]["batch"] * records[0]["new_tokens"]
    with_ns, without_ns = (median(record[key] for record in records) for key in ("with_ns", "without_ns"))
    overheads = [100 * (record["with_ns"] / record["without_ns"] - 1) for record in records]
    added = median(record["with_ns"] - record["without_ns"] for record in records)
    return {
        "with_us": with_ns / tokens / 1e3,
        "without_us": without_ns / tokens / 1e3,
        "with_tokens_per_second": tokens / with_ns * 1e9,
        "without_tokens_per_second": tokens / without_ns * 1e9,
        "overhead": median(overheads),
        "least": min(overheads),
        "most": max(overheads),
        "added_us": added / records[0]["new_tokens"] / 1e3,
    }
