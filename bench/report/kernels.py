"""Sections from `kernel` records: {"kind": "kernel", "name", "dtype", "batch", "vocab", "allowed", "ns",
"bytes_per_second", "device"}. `ns` is one time or a list of them; `bytes_per_second` may be null."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import Any

from maskforge.bench.report.content import Axis, Plot, Record, Section, Series, Table, number


def sections(records: Sequence[Record]) -> list[Section]:
    if not records:
        return []
    section = Section(
        "Kernels",
        [
            "The time of one call on logits that are on the device already. Bytes a second count what a call has to "
            "read and write at least.",
        ],
    )
    devices: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        devices[str(record["device"])].append(record)
    for device, found in devices.items():
        table = _table(device, found)
        section.parts.append(table)
        settings: dict[tuple[str, int, str], list[Record]] = defaultdict(list)
        for record in found:
            settings[record["dtype"], record["vocab"], str(record["allowed"])].append(record)
        for (dtype, vocab, allowed), members in settings.items():
            if len({record["batch"] for record in members}) > 1:
                section.parts.append(_plot(f"{device}: {dtype}, vocabulary {vocab:,}, {allowed} allowed", members))
    return [section]


def time_ns(value: Any) -> float:
    return float(median(value)) if isinstance(value, list) else float(value)


def _table(device: str, records: Sequence[Record]) -> Table:
    rows = []
    for record in records:
        rate = record.get("bytes_per_second")
        rows.append(
            [
                str(record["name"]),
                str(record["dtype"]),
                f"{record['batch']:,}",
                f"{record['vocab']:,}",
                str(record["allowed"]),
                number(time_ns(record["ns"]) / 1e3),
                "–" if rate is None else number(rate / 1e9),
            ]
        )
    return Table(f"{device}", ["", "dtype", "batch", "vocabulary", "allowed tokens", "µs", "GB/s"], rows)


def _plot(title: str, records: Sequence[Record]) -> Plot:
    series = []
    for name in dict.fromkeys(record["name"] for record in records):
        points = sorted((float(each["batch"]), time_ns(each["ns"]) / 1e3) for each in records if each["name"] == name)
        series.append(Series(str(name), points))
    sizes = sorted({float(each["batch"]) for each in records})
    return Plot(title, "lines", Axis("rows", "log", sizes), Axis("µs", "log"), series, _table(title, records))
