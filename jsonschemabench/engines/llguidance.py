"""llguidance (PyPI: llguidance), the engine of guidance."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from time import perf_counter_ns
from typing import Any

from maskforge.jsonschemabench.engines.base import Refused, Run, Stopped


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
