"""XGrammar (PyPI: xgrammar), as it is and in its most permissive form."""

from __future__ import annotations

import ctypes
from importlib.metadata import version
from time import perf_counter_ns
from typing import Any

from maskforge.jsonschemabench.engines.base import Refused, Run


class XGrammar:
    """Default options of `compile_json_schema`: strict mode, any whitespace. One thread, no cache of grammars."""

    name = "xgrammar"
    options: dict[str, Any] = {}

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        import xgrammar

        self.version = version("xgrammar")
        self._matcher_type = xgrammar.GrammarMatcher
        start = perf_counter_ns()
        info = xgrammar.TokenizerInfo.from_huggingface(
            tokenizer, vocab_size=vocab_size, stop_token_ids=[tokenizer.eos_token_id]
        )
        self._compiler = xgrammar.GrammarCompiler(info, max_threads=1, cache_enabled=False)
        self.setup_ns = perf_counter_ns() - start

    def begin_schema(self) -> None:
        pass

    def compile(self, schema_text: str) -> Any:
        try:
            compiled = self._compiler.compile_json_schema(schema_text, **self.options)
            return compiled, self._matcher_type(compiled)
        except (RuntimeError, ValueError) as error:  # all that its core reports is a RuntimeError
            raise Refused(str(error)) from None

    def begin(self, compiled: Any, address: int, words: int) -> Run:
        import torch

        bitmask = torch.frombuffer((ctypes.c_int32 * words).from_address(address), dtype=torch.int32).view(1, words)
        matcher = self._matcher_type(compiled[0])
        native_fill = matcher.fill_next_token_bitmask
        return Run(
            fill=lambda: native_fill(bitmask),
            accept=matcher.accept_token,
            check=lambda: None,
            memory_bytes=lambda: None,
            expected=lambda: "",
        )

    def memory(self) -> dict[str, int]:
        return {"cache_bytes": self._compiler.get_cache_size_bytes()}


class XGrammarNonStrict(XGrammar):
    """Properties and items that the schema does not name are allowed, as JSON Schema says."""

    name = "xgrammar-nonstrict"
    options = {"strict_mode": False, "any_whitespace": True}
