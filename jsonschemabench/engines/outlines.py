"""Outlines, by its core (PyPI: outlines-core): the schema becomes a regular expression, that one an index of states."""

from __future__ import annotations

from importlib.metadata import version
from time import perf_counter_ns
from typing import Any

from maskforge.jsonschemabench.engines.base import Refused, Run, token_bytes


class Outlines:
    name = "outlines"

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        import outlines_core
        from outlines_core.json_schema import build_regex_from_schema

        self.version = version("outlines-core")
        self._index_type = outlines_core.Index
        self._guide_type = outlines_core.Guide
        self._regex = build_regex_from_schema
        start = perf_counter_ns()
        ids: dict[bytes, list[int]] = {}
        for token, content in enumerate(token_bytes(tokenizer, vocab_size)):
            if content:
                ids.setdefault(content, []).append(token)
        self._eos = tokenizer.eos_token_id
        self._vocabulary = outlines_core.Vocabulary(self._eos, ids)
        self.setup_ns = perf_counter_ns() - start

    def begin_schema(self) -> None:
        pass

    def compile(self, schema_text: str) -> Any:
        try:
            index = self._index_type(self._regex(schema_text), self._vocabulary)
        except (ValueError, TypeError, RuntimeError) as error:
            raise Refused(str(error)) from None
        return index, self._guide_type(index)

    def begin(self, compiled: Any, address: int, words: int) -> Run:
        guide = self._guide_type(compiled[0])
        native_fill, native_advance, eos = guide.write_mask_into, guide.advance, self._eos

        def accept(token: int) -> bool:
            if token == eos:  # its mask has it, its index no transition for it
                return bool(guide.is_finished())
            native_advance(token, False)  # throws where the token is not allowed
            return True

        return Run(
            fill=lambda: native_fill(address, words, 4),
            accept=accept,
            check=lambda: None,
            memory_bytes=lambda: None,
            expected=lambda: "",
        )

    def memory(self) -> dict[str, int]:
        return {}
