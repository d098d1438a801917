"""The engines that are compared, behind one small interface, so that all of them are driven by the same loop.

An adapter adds nothing to what is timed: `compile` is the engine's own way from schema text to a matcher, and the calls
of a `Run` are the engine's own native methods, already bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


class Refused(Exception):
    """The engine does not take this schema. `unsatisfiable`: because, it says, no value satisfies it."""

    def __init__(self, message: str, unsatisfiable: bool = False) -> None:
        super().__init__(message)
        self.unsatisfiable = unsatisfiable


class Stopped(Exception):
    """The engine gave up on a compiled schema while it was used: out of fuel, an internal error."""


@dataclass(slots=True)
class Run:
    """One text being read. What is timed are `fill()` and `accept(token)`, nothing else."""

    fill: Callable[[], Any]
    """Writes the whole bitmask of the next token."""
    accept: Callable[[int], Any]
    """Reads a token; truthy when it was allowed."""
    check: Callable[[], None]
    """Raises Stopped where the engine reports errors by a flag; called after `fill` and `accept`, not timed."""
    memory_bytes: Callable[[], int | None]
    expected: Callable[[], str]
    """What may come next, in words, for the list of slow masks."""


class Engine(Protocol):
    name: str
    version: str
    setup_ns: int

    def begin_schema(self) -> None:
        """Before each schema, not timed."""

    def compile(self, schema_text: str) -> Any:
        """Timed. From JSON text to something that can begin a text; raises Refused."""

    def begin(self, compiled: Any, address: int, words: int) -> Run:
        """A text from its start, not timed; masks are written to `words` int32 at `address`."""

    def memory(self) -> dict[str, int]:
        """What the engine shares between schemas, in bytes by name; empty where it does not say."""
