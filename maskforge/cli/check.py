"""Is a text allowed by a spec, and if not, where does it leave it and what was expected there?"""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from maskforge import Grammar

CONTEXT = 40  # characters shown before and after the place


@dataclass(frozen=True)
class Verdict:
    """`status`: "allowed"; "rejected" at a character; or "incomplete": right so far, but the text may not end there.

    The place is that of the first character that no allowed text has there: `byte` and `character` count from 0,
    `line` and `column` from 1. It is the end of the text when the status is not "rejected".
    """

    status: str
    byte: int
    character: int
    line: int
    column: int
    found: str | None
    expected: str | None

    @property
    def allowed(self) -> bool:
        return self.status == "allowed"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def check_text(grammar: "Grammar", data: bytes) -> Verdict:
    matcher = grammar.matcher()
    accepted = matcher.accept_bytes(data)
    if accepted < len(data):
        # The matcher is as it was; take it to the start of the offending character to ask what it wanted there.
        start = start_of_character(data, accepted)
        matcher.accept_bytes(data[:start])
        return verdict("rejected", data, start, matcher.expected())
    if not matcher.is_accepting():
        return verdict("incomplete", data, len(data), matcher.expected())
    return verdict("allowed", data, len(data), None)


def start_of_character(data: bytes, position: int) -> int:
    """The position itself, or that of the lead byte when it points into a UTF-8 sequence."""
    start = position
    while start > 0 and position - start < 3 and 0x80 <= data[start] < 0xC0:
        start -= 1
    return start


def verdict(status: str, data: bytes, position: int, expected: str | None) -> Verdict:
    before = data[:position].decode(errors="replace")
    rest = data[position : position + 8].decode(errors="replace")
    line_start = before.rfind("\n") + 1
    return Verdict(
        status=status,
        byte=position,
        character=len(before),
        line=before.count("\n") + 1,
        column=len(before) - line_start + 1,
        found=rest[0] if status == "rejected" and rest else None,
        expected=expected,
    )


def show(result: Verdict, data: bytes, console: Console) -> None:
    if result.allowed:
        console.print("[bold green]allowed[/]")
        return
    where = f"line {result.line}, column {result.column} (character {result.character}, byte {result.byte})"
    if result.status == "incomplete":
        console.print(f"[bold yellow]incomplete[/]: right so far, but the text may not end at {where}", soft_wrap=True)
    else:
        console.print(f"[bold red]not allowed[/] at {where}", soft_wrap=True)
    console.print(excerpt(data, result), soft_wrap=True, highlight=False)
    console.print(Text.assemble(("expected: ", "bold"), result.expected or "nothing"), soft_wrap=True)


def excerpt(data: bytes, result: Verdict) -> Text:
    """The line around the place, with a mark below it."""
    before = data[: result.byte].decode(errors="replace").rpartition("\n")[2][-CONTEXT:]
    after = data[result.byte :].decode(errors="replace").partition("\n")[0][:CONTEXT]
    visible_before, visible_after = printable(before), printable(after)
    return Text.assemble(
        "  ", visible_before, (visible_after, "red"), "\n  " + " " * len(visible_before), ("^", "bold red")
    )


def printable(text: str) -> str:
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
