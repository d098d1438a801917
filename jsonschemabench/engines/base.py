"""The engines that are compared, behind one small interface, so that all of them are driven by the same loop.

An adapter adds nothing to what is timed: `compile` is the engine's own way from schema text to a matcher, and the calls
of a `Run` are the engine's own native methods, already bound. Engines that answer in another form than a bitmask (a
list of token ids, logits) are timed in their own form; `publish` brings it into the common one afterwards.
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


class SetupFailed(Exception):
    """The engine cannot work with this tokenizer at all."""


def nothing() -> None:
    pass


@dataclass(slots=True)
class Run:
    """One text being read. What is timed are `fill()` and `accept(token)`, nothing else."""

    fill: Callable[[], Any]
    """Finds the tokens that may come next; an engine with bitmasks writes the whole bitmask."""
    accept: Callable[[int], Any]
    """Reads a token; truthy when it was allowed."""
    check: Callable[[], None]
    """Raises Stopped where the engine reports errors by a flag; called after `fill` and `accept`, not timed."""
    memory_bytes: Callable[[], int | None]
    expected: Callable[[], str]
    """What may come next, in words, for the list of slow masks."""
    publish: Callable[[], None] = nothing
    """Writes the bitmask where `fill` answered in another form; called after `fill`, not timed."""


def bit_writer(address: int, words: int) -> Callable[[Any], None]:
    """A function that writes a sequence of token ids as a bitmask of `words` int32 at `address`."""
    import ctypes

    import numpy as np

    bitmask = np.frombuffer((ctypes.c_uint8 * (4 * words)).from_address(address), dtype=np.uint8)
    allowed = np.zeros(32 * words, dtype=bool)

    def write(ids: Any) -> None:
        allowed[:] = False
        if len(ids):
            allowed[np.asarray(ids, dtype=np.int64)] = True
        bitmask[:] = np.packbits(allowed, bitorder="little")

    return write


def token_bytes(tokenizer: Any, vocab_size: int) -> list[bytes]:
    """The bytes of every token, b"" for special ones, for engines that have no way of their own to find them."""
    import maskforge

    vocabulary = maskforge.Vocabulary.from_huggingface(tokenizer, vocab_size=vocab_size)
    special = set(tokenizer.all_special_ids)
    return [b"" if token in special else vocabulary.token(token) for token in range(vocab_size)]


class Engine(Protocol):
    """Engines that resolve references to other documents also have `use_registry(registry)`, called before `compile`,
    not timed."""

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
