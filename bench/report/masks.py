"""Sections from `schema` records: coverage, right and wrong, times, and what engines said when they refused.

The counting is jsonschemabench's (`metrics`); here it becomes tables and plots.
"""

from __future__ import annotations

from collections.abc import Sequence

from maskforge.bench.report.content import Axis, Plot, Section, Series, Table, duration, number, percent
from maskforge.jsonschemabench import metrics
from maskforge.jsonschemabench.records import SchemaRecord
from maskforge.jsonschemabench.statistics import quantile

BASE = "maskforge"
"""The engine that others are compared with; where it did not take part, the first."""
CURVE = (*(place / 100 for place in range(1, 100)), 0.995, 0.999, 0.9995, 0.9999, 0.99999, 1.0)
SHOWN = {"p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "p99.99": 0.9999, "max": 1.0}
MEASURES = {
    "mask, cold": ("µs", 1e3),
    "mask, warm": ("µs", 1e3),
    "accept": ("µs", 1e3),
    "mask and accept, cold": ("µs", 1e3),
    "compile": ("ms", 1e6),
    "compile and first mask": ("ms", 1e6),
}
MOST_REASONS = 6  # that are listed for an engine


def sections(records: Sequence[SchemaRecord]) -> list[Section]:
    if not records:
        return []
    return [_coverage(records), _times(records), *_resources(records), *_refusals(records)]


def engines_of(records: Sequence[SchemaRecord]) -> list[str]:
    """In the order of their first record, BASE first."""
    names = list(dict.fromkeys(record.engine for record in records))
    return sorted(names, key=lambda name: name != BASE)


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)


def _coverage(records: Sequence[SchemaRecord]) -> Section:
    rows = {(row.engine, row.split): row for row in metrics.rows(records)}
    names = engines_of(records)
    whole = [rows[name, metrics.ALL_SPLITS] for name in names]
    splits = list(dict.fromkeys(record.split for record in records))
    section = Section(
        "Coverage",
        [
            "Declared coverage is the share of schemas that an engine takes and works through. Right are the schemas "
            "whose instances are all read as the data set labels them. Empirical coverage is the share of schemas for "
            "which what random walks wrote under the masks is valid; compliance is the share of the declared ones.",
        ],
    )
    section.parts.append(
        Table(
            "Schemas, all splits together",
            [
                "",
                "schemas",
                "declared",
                "right",
                "empirical",
                "compliance",
                "unproven",
                "valid rejected",
                "invalid accepted",
            ],
            [
                [
                    row.engine,
                    f"{row.schemas:,}",
                    _share(row.declared_coverage),
                    _share(row.right_share),
                    _share(row.empirical_coverage),
                    _share(row.compliance),
                    f"{row.unproven:,}" if row.walked else "–",
                    f"{row.valid_rejected:,}",
                    f"{row.invalid_accepted:,}",
                ]
                for row in whole
            ],
            "The last three are numbers of schemas; unproven are those of which no walk ended. – where nothing was "
            "asked (no instances, no walks).",
        )
    )
    section.parts.append(
        Table(
            "Schemas that were not worked through",
            [
                "",
                "refused",
                "said to be unsatisfiable",
                "gave up while used",
                "timeout",
                "crash",
                "out of memory",
                "error",
            ],
            [
                [
                    row.engine,
                    *(
                        f"{count:,}"
                        for count in (
                            row.refused,
                            row.unsatisfiable,
                            row.gave_up,
                            row.timeouts,
                            row.crashes,
                            row.out_of_memory,
                            row.errors,
                        )
                    ),
                ]
                for row in whole
            ],
        )
    )
    for title, attribute in (
        ("Schemas fully right, by split", "right_share"),
        ("Declared coverage, by split", "declared_coverage"),
        ("Empirical coverage, by split", "empirical_coverage"),
    ):
        if any(getattr(row, attribute) is not None for row in whole):
            section.parts.append(_by_split(title, attribute, rows, names, splits))
    return section


def _by_split(
    title: str,
    attribute: str,
    rows: dict[tuple[str, str], metrics.Row],
    names: Sequence[str],
    splits: Sequence[str],
) -> Plot:
    def value(name: str, split: str) -> float | None:
        row = rows.get((name, split))
        found: float | None = None if row is None else getattr(row, attribute)
        return found

    def schemas(split: str) -> int:
        return max(rows[name, split].schemas for name in names if (name, split) in rows)

    series = []
    for name in names:
        found = [(float(place), value(name, split)) for place, split in enumerate(splits)]
        series.append(Series(name, [(place, 100 * share) for place, share in found if share is not None]))
    table = Table(
        title,
        ["split", "schemas", *names],
        [
            [split, f"{schemas(split):,}", *(_share(value(name, split)) for name in names)]
            for split in [*splits, metrics.ALL_SPLITS]
        ],
    )
    return Plot(title, "bars", Axis("split"), Axis("schemas, %"), series, table, groups=splits)


def _times(records: Sequence[SchemaRecord]) -> Section:
    table, names = metrics.by_schema(records), engines_of(records)
    base = names[0]
    section = Section(
        "Times",
        [
            "Cold: the engine met the schema for the first time. Warm: the same masks once more, after all instances "
            "were read. Each table has what every engine handled by itself, then how many times longer an engine took "
            f"than {base} over what both of them handled: the valid instances that both accept, the schemas that both "
            "compile.",
        ],
    )
    for measure, (unit, unit_ns) in MEASURES.items():
        body = _rows(metrics.time_rows(table, measure, names, common=False), unit_ns)
        if not body:
            continue
        if len(names) == 2:
            both = metrics.time_rows(table, measure, names, common=True)
            body += _rows({f"{name}, what both handle": row for name, row in both.items()}, unit_ns)
        for name in names[1:]:
            ratios = metrics.ratios(table, measure, name, base)
            if ratios:
                cells = [f"{number(ratios[column])}×" if column in ratios else "" for column in metrics.TIME_COLUMNS]
                count = len(metrics.times(table, measure, base, (name, base)))
                body.append([f"{name} / {base}, what both handle", *cells, f"{count:,}"])
        section.parts.append(Table(f"{measure}, {unit}", ["", *metrics.TIME_COLUMNS, "count"], body))
        if measure in ("mask, cold", "mask, warm", "compile and first mask"):
            section.parts.append(_curves(measure, unit, unit_ns, table, names))
    return section


def _rows(found: dict[str, dict[str, float]], unit_ns: float) -> list[list[str]]:
    return [
        [name, *(number(row[column] / unit_ns) for column in metrics.TIME_COLUMNS), f"{int(row['count']):,}"]
        for name, row in found.items()
        if row["count"]
    ]


def _curves(measure: str, unit: str, unit_ns: float, table: metrics.Table, names: Sequence[str]) -> Plot:
    series, body = [], []
    for name in names:
        ordered = sorted(metrics.times(table, measure, name))
        if not ordered:
            continue
        points = {share: quantile(ordered, share) / unit_ns for share in CURVE if share == 1 or _told(share, ordered)}
        series.append(Series(name, [(time, share) for share, time in points.items()]))
        cells = [
            number(quantile(ordered, share) / unit_ns) if share == 1 or _told(share, ordered) else "–"
            for share in SHOWN.values()
        ]
        body.append([name, *cells])
    return Plot(
        f"{measure}: the share that took no longer",
        "lines",
        Axis(f"{measure}, {unit}", "log"),
        Axis("share", "nines"),
        series,
        Table(f"{measure}, {unit}: the time that this share did not exceed", ["", *SHOWN], body, detail=True),
    )


def _told(share: float, values: Sequence[int]) -> bool:
    """Whether there are values enough beyond the share that it says something."""
    return (1 - share) * len(values) >= 1


def _resources(records: Sequence[SchemaRecord]) -> list[Section]:
    by_name = {row.engine: row for row in metrics.rows(records) if row.split == metrics.ALL_SPLITS}

    def mebibytes(size: int | None) -> str:
        return "–" if size is None else f"{size / 2**20:,.0f}"

    rows = []
    for name in engines_of(records):
        row = by_name[name]
        cells = [mebibytes(row.memory_peak_bytes), mebibytes(row.memory_growth_bytes)]
        rows.append([name, *cells, _share(row.forced_share), _share(row.walk_forced_share)])
    if all(set(row[1:]) == {"–"} for row in rows):
        return []
    header = ["", "most", "most that one schema added", "forced, of masks of valid instances", "forced, of walks"]
    table = Table("Resident memory of the engine's process in MiB; tokens without a choice", header, rows)
    return [Section("Memory and forced tokens", [], [table])]


def _refusals(records: Sequence[SchemaRecord]) -> list[Section]:
    rows = []
    for name in engines_of(records):
        for status in ("refused", "error", "timeout", "memory", "crash"):
            found = metrics.reasons(records, name, status)
            rows += [[name, status, reason or "–", f"{count:,}"] for reason, count in found[:MOST_REASONS]]
            rest = sum(count for _, count in found[MOST_REASONS:])
            if rest:
                rows.append([name, status, f"{len(found) - MOST_REASONS} other reasons", f"{rest:,}"])
    wrong = [
        [record.engine, record.schema, what]
        for record in records
        for what, judge in (("valid rejected", metrics.valid_rejected), ("invalid accepted", metrics.invalid_accepted))
        if record.engine == BASE and judge(record)
    ]
    parts = []
    if rows:
        parts.append(Table("Reasons, most frequent first", ["", "how it ended", "reason", "schemas"], rows))
    if wrong:
        parts.append(Table(f"Where {BASE} is wrong", ["", "schema", "what"], wrong[:50]))
    if not parts:
        return []
    return [
        Section(
            "Why schemas were not worked through", ["In the engines' own words, names and numbers left out."], parts
        )
    ]


def setup_text(setup_ns: int | None, memory_bytes: int | None) -> str:
    """What an engine needed once for the vocabulary."""
    found = [] if setup_ns is None else [duration(setup_ns)]
    if memory_bytes is not None:
        found.append(f"{memory_bytes / 2**20:,.0f} MiB")
    return ", ".join(found)
