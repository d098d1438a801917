"""This package itself."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any

from maskforge.jsonschemabench.engines.base import Refused, Run


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
        self._registry: Any = None
        self.version = maskforge.__version__
        start = perf_counter_ns()
        self._vocabulary = maskforge.Vocabulary.from_huggingface(tokenizer, vocab_size=vocab_size)
        self._compiler = maskforge.Compiler(self._vocabulary)
        self.setup_ns = perf_counter_ns() - start
        self._compiler.json_schema("{}").matcher()

    def begin_schema(self) -> None:
        if self._fresh:
            self._compiler = self._compiler_type(self._vocabulary)

    def use_registry(self, registry: Any) -> None:
        self._registry = registry

    def compile(self, schema_text: str) -> Any:
        try:
            grammar = self._compiler.json_schema(schema_text, registry=self._registry)
            return grammar, grammar.matcher()
        except self._unsatisfiable as error:
            raise Refused(str(error), unsatisfiable=True) from None
        except self._errors as error:
            raise Refused(f"{type(error).__name__}: {error}") from None

    def begin(self, compiled: Any, address: int, words: int) -> Run:
        matcher = compiled[0].matcher()
        fill_row = matcher.fill_row
        return Run(
            fill=lambda: fill_row(address, words),
            accept=matcher.accept_token,
            check=lambda: None,
            memory_bytes=matcher.memory_bytes,
            expected=matcher.expected,
        )

    def memory(self) -> dict[str, int]:
        return {
            "shared_bytes": self._compiler.memory_bytes(),
            "memo_bytes": self._compiler.statistics()["memo_bytes"],
        }

    def statistics(self) -> dict[str, int]:
        return self._compiler.statistics()
