"""What a compile says about every constraint of a spec: enforced, annotation, or refused."""

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from maskforge import Grammar

STYLES = {"enforced": "green", "annotation": "dim", "refused": "bold red"}
ORDER = {"refused": 0, "enforced": 1, "annotation": 2}


def report_rows(grammar: "Grammar") -> list[dict[str, Any]]:
    """One row a constraint: pointer, keyword, status, reason; in the order of the spec."""
    return [
        {"pointer": entry.pointer, "keyword": entry.keyword, "status": str(entry.status), "reason": entry.reason}
        for entry in grammar.report
    ]


def count_by_status(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {status: sum(row["status"] == status for row in rows) for status in ("enforced", "annotation", "refused")}


def show(rows: list[dict[str, Any]], console: Console) -> None:
    table = Table(show_edge=False, pad_edge=False)
    for column in ("status", "where", "keyword", "why"):
        table.add_column(column, overflow="fold")
    for row in sorted(rows, key=lambda row: ORDER.get(row["status"], 0)):
        style = STYLES.get(row["status"], "")
        table.add_row(
            Text(row["status"], style=style),
            Text(row["pointer"] or "(root)"),
            row["keyword"],
            Text(row["reason"] or ""),
        )
    if rows:
        console.print(table)
    counts = count_by_status(rows)
    console.print(", ".join(f"{number} {status}" for status, number in counts.items()), highlight=False)
