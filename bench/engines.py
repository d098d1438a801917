"""The engines that are compared, behind one small interface, so that all of them are driven by the same loop.

An adapter adds nothing to what is timed: `compile` is the engine's own way from schema text to a matcher, and the calls
of a `Run` are the engine's own native methods, already bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from time import perf_counter_ns
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


class Maskforge:
    """This package, with one `Compiler` for all schemas, or with `fresh` a new one for each."""

    name = "maskforge"

    def __init__(self, tokenizer: Any, vocab_size: int, fresh: bool = False) -> None:
        import maskforge

        # The names of the errors and the parts are fetched when first used: not while the clock runs.
        self._errors = (maskforge.SpecError, maskforge.FuelError)
        self._unsatisfiable = maskforge.UnsatisfiableError
        self._compiler_type = maskforge.Compiler
        self._fresh = fresh
        self.version = maskforge.__version__
        start = perf_counter_ns()
        self._vocabulary = maskforge.Vocabulary.from_huggingface(tokenizer, vocab_size=vocab_size)
        self._compiler = maskforge.Compiler(self._vocabulary)
        self.setup_ns = perf_counter_ns() - start
        self._compiler.json_schema("{}").matcher()

    def begin_schema(self) -> None:
        if self._fresh:
            self._compiler = self._compiler_type(self._vocabulary)

    def compile(self, schema_text: str) -> Any:
        try:
            grammar = self._compiler.json_schema(schema_text)
            return grammar, grammar.matcher()
        except self._unsatisfiable as error:
            raise Refused(str(error), unsatisfiable=True) from None
        except self._errors as error:
            raise Refused(f"{type(error).__name__}: {error}") from None

    def begin(self, compiled: Any, address: int, words: int) -> Run:
        matcher = compiled[0].matcher()
        core = matcher.core
        native_fill = core.fill_next_token_bitmask
        return Run(
            fill=lambda: native_fill(address, words),
            accept=core.accept_token,
            check=lambda: None,
            memory_bytes=core.memory_bytes,
            expected=core.expected,
        )

    def memory(self) -> dict[str, int]:
        return {
            "shared_bytes": self._compiler.memory_bytes(),
            "memo_bytes": self._compiler.statistics()["memo_bytes"],
        }

    def statistics(self) -> dict[str, int]:
        return self._compiler.statistics()


class Llguidance:
    """llguidance with the slices that it offers for JSON Schema, everything else at its defaults.

    All texts of a schema use one matcher, reset in between, so that what it learnt from one serves the next.
    """

    name = "llguidance"

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        import llguidance
        import llguidance.hf

        self.version = version("llguidance")
        self._matcher_type = llguidance.LLMatcher
        start = perf_counter_ns()
        self._tokenizer = llguidance.hf.from_tokenizer(
            tokenizer, n_vocab=vocab_size, slices=llguidance.LLTokenizer.json_slices()
        )
        self.setup_ns = perf_counter_ns() - start

    def begin_schema(self) -> None:
        pass

    def compile(self, schema_text: str) -> _LlguidanceGrammar:
        try:
            grammar = self._matcher_type.grammar_from_json_schema(schema_text)
        except ValueError as error:
            raise Refused(str(error)) from None
        matcher = self._matcher_type(self._tokenizer, grammar, log_level=0)
        if matcher.is_error():
            message = matcher.get_error()
            raise Refused(message, unsatisfiable="nsatisfiable" in message)
        return _LlguidanceGrammar(grammar, matcher)

    def begin(self, compiled: _LlguidanceGrammar, address: int, words: int) -> Run:
        if compiled.used and not compiled.matcher.reset():  # it does not come back from an error
            compiled.matcher = self._matcher_type(self._tokenizer, compiled.text, log_level=0)
        compiled.used = True
        matcher = compiled.matcher
        native_fill = matcher.unsafe_compute_mask_ptr
        size = 4 * words

        def check() -> None:
            if matcher.is_error():
                raise Stopped(matcher.get_error())

        return Run(
            fill=lambda: native_fill(address, size),
            accept=matcher.consume_token,
            check=check,
            memory_bytes=lambda: None,
            expected=lambda: "",
        )

    def memory(self) -> dict[str, int]:
        return {}


@dataclass(slots=True)
class _LlguidanceGrammar:
    text: str
    matcher: Any
    used: bool = False
