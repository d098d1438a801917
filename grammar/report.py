"""What a compile says about every constraint of a spec. Nothing is dropped silently."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, overload

Status = Literal["enforced", "annotation", "refused"]


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """One constraint."""

    pointer: str
    """JSON pointer to the keyword in the schema; "" for a whole regex."""
    keyword: str
    status: Status
    """"enforced": no output violates it. "annotation": it has no validation meaning. "refused": it is not enforced."""
    reason: str
    """Why it is an annotation or was refused; "" when enforced."""

    def __str__(self) -> str:
        text = f"{self.status:<10}  {self.pointer or '(root)'}"
        return f"{text}: {self.reason}" if self.reason else text


class Report(Sequence[ReportEntry]):
    """The entries in the order of the spec; `str()` of it is a table for people."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Sequence[ReportEntry]) -> None:
        self._entries = tuple(entries)

    @property
    def enforced(self) -> tuple[ReportEntry, ...]:
        return self._with("enforced")

    @property
    def annotations(self) -> tuple[ReportEntry, ...]:
        return self._with("annotation")

    @property
    def refused(self) -> tuple[ReportEntry, ...]:
        """Constraints that an output may violate; empty unless the spec was compiled with on_refused="report"."""
        return self._with("refused")

    def _with(self, status: Status) -> tuple[ReportEntry, ...]:
        return tuple(entry for entry in self._entries if entry.status == status)

    @overload
    def __getitem__(self, position: int) -> ReportEntry: ...
    @overload
    def __getitem__(self, position: slice) -> Report: ...
    def __getitem__(self, position: int | slice) -> ReportEntry | Report:
        found = self._entries[position]
        return found if isinstance(found, ReportEntry) else Report(found)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[ReportEntry]:
        return iter(self._entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Report) and self._entries == other._entries

    def __hash__(self) -> int:
        return hash(self._entries)

    def __str__(self) -> str:
        """Refusals first, since they are what matters; then a line of counts."""
        lines = [str(entry) for group in (self.refused, self.enforced, self.annotations) for entry in group]
        counts = f"{len(self.enforced)} enforced, {len(self.annotations)} annotations, {len(self.refused)} refused"
        return "\n".join([*lines, counts])

    def __repr__(self) -> str:
        return f"Report({list(self._entries)!r})"


def read_report(text: str) -> Report:
    """From what the native core prints."""
    return Report([ReportEntry(**entry) for entry in json.loads(text)])
