"""What a report is made of: sections with paragraphs, tables and plots. The renderers know nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Record = Mapping[str, Any]


@dataclass(slots=True)
class Table:
    """Cells are text as it is shown; the first column names the row, the others are numbers as a rule."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    detail: bool = False
    """Only on the page: where plots cannot be, another table says nearly the same."""


@dataclass(slots=True)
class Series:
    """One line or one colour of bars. `points` are (x, y); for bars x is the position of the group."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(slots=True)
class Axis:
    """scale: "linear", "log", or "nines" for shares from 0 to 1 whose distance from 1 matters."""

    label: str
    scale: str = "linear"
    ticks: Sequence[float] = ()
    """Where the ticks stand, on a log axis; by default at powers of ten."""


@dataclass(slots=True)
class Plot:
    """kind: "lines", or "bars" with one group for each name in `groups`. `table`: the numbers that it shows."""

    title: str
    kind: str
    x: Axis
    y: Axis
    series: Sequence[Series]
    table: Table
    groups: Sequence[str] = ()


@dataclass(slots=True)
class Section:
    title: str
    paragraphs: list[str] = field(default_factory=list)
    parts: list[Table | Plot] = field(default_factory=list)

    def tables(self) -> list[Table]:
        """Every table once but details, those behind plots included: what is shown where plots cannot be."""
        found: list[Table] = []
        for part in self.parts:
            table = part.table if isinstance(part, Plot) else part
            if not table.detail and not any(table is known for known in found):
                found.append(table)
        return found


@dataclass(slots=True)
class Report:
    title: str
    runs: list[list[tuple[str, str]]]
    """What ran, where and when: of each run, pairs of a name and a text."""
    sections: list[Section]


def number(value: float) -> str:
    """Three digits or so, whatever the size."""
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"


def percent(share: float) -> str:
    """A share as percent; never "100.0%" for less than all, never "0.0%" for more than nothing."""
    text = f"{100 * share:.1f}%"
    if text == "100.0%" and share < 1:
        return ">99.9%"
    if text == "0.0%" and share > 0:
        return "<0.1%"
    return text


def duration(ns: float) -> str:
    """A time with its unit."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if abs(ns) >= size:
            return f"{number(ns / size)} {unit}"
    return f"{ns:.0f} ns"
