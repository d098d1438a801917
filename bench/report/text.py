"""A report as Markdown, and as tables on a terminal. Plots show as the table behind them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as TerminalTable
from rich.text import Text

from maskforge.bench.report.content import Report, Table


def markdown(report: Report) -> str:
    blocks = [f"# {report.title}"]
    blocks += ["\n".join(f"- {name}: {text}" for name, text in facts) for facts in report.runs]
    for section in report.sections:
        blocks += [f"## {section.title}", *section.paragraphs]
        for table in section.tables():
            blocks += [f"**{table.title}**", _markdown_table(table)]
            if table.note:
                blocks.append(table.note)
    return "\n\n".join(block for block in blocks if block) + "\n"


def _markdown_table(table: Table) -> str:
    lines = [_line(table.header), "|---|" + "---:|" * (len(table.header) - 1)]
    return "\n".join([*lines, *(_line(row) for row in table.rows)])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def show(report: Report, console: Console) -> None:
    """The tables; where the console is a file or a pipe, wide enough that no cell is cut."""
    if not console.is_terminal:
        console = Console(file=console.file, width=180)
    for section in report.sections:
        console.print(Text(f"\n{section.title}", style="bold underline"))
        for table in section.tables():
            # Not the table's own title and caption: those are broken to the width of a narrow table.
            console.print(Text(table.title, style="bold"), soft_wrap=True)
            console.print(_terminal_table(table))
            if table.note:
                console.print(Text(table.note, style="dim"), soft_wrap=True)


def _terminal_table(table: Table) -> TerminalTable:
    shown = TerminalTable()
    for place, column in enumerate(table.header):
        shown.add_column(Text(column), justify="right" if place else "left")
    for row in table.rows:
        shown.add_row(*(Text(cell) for cell in row))
    return shown
