"""GRID (PyPI: grid-guardrail, with its compiled kernel): the schema becomes an LALR(1) grammar and a scanner."""

from __future__ import annotations

import ctypes
import json
from importlib.metadata import version
from time import perf_counter_ns
from typing import Any

from maskforge.jsonschemabench.engines.base import Refused, Run


class Grid:
    """Its default mode, which records what it does not enforce and goes on."""

    name = "grid"

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        import grid.trie.walk
        from grid.errors import GridError
        from grid.grammar.projection import RoleProjection
        from grid.guide import GridGuide
        from grid.jsonschema import compile_json_schema_grammar
        from grid.jsonschema.compiler import Unsupported
        from grid.jsonschema.rx import RxUnsupported
        from grid.lalr.compile import compile_tables
        from grid.lexer.dfa import build_scanner
        from grid.models.hf_adapter import HFTokenizerAdapter
        from grid.trie.build import build_trie

        kernel = "compiled kernel" if grid.trie.walk._USE_RUST else "no kernel, Python only"
        self.version = f"{version('grid-guardrail')} ({kernel})"
        self._errors = (GridError, Unsupported, RxUnsupported, ValueError, NotImplementedError)
        self._grammar, self._tables, self._scanner = compile_json_schema_grammar, compile_tables, build_scanner
        self._projection, self._guide_type = RoleProjection, GridGuide
        start = perf_counter_ns()
        self._adapter = HFTokenizerAdapter(tokenizer)
        self._trie = build_trie(self._adapter)
        self.setup_ns = perf_counter_ns() - start

    def begin_schema(self) -> None:
        pass

    def compile(self, schema_text: str) -> Any:
        try:
            grammar, _ = self._grammar(json.loads(schema_text))
            tables = self._tables(self._projection.full(grammar).build())
            scanner = self._scanner(grammar.terminals, grammar.terminal_order)
            return self._guide_type(tables=tables, dfa=scanner, trie=self._trie, adapter=self._adapter)
        except self._errors as error:
            raise Refused(f"{type(error).__name__}: {error}") from None

    def begin(self, compiled: Any, address: int, words: int) -> Run:
        import numpy as np

        bitmask = np.frombuffer((ctypes.c_uint32 * words).from_address(address), dtype=np.uint32)
        state = compiled.initial_state
        native_fill, native_next = compiled.fill_bitmask, compiled.get_next_state

        def fill() -> None:
            native_fill(state, bitmask)

        def accept(token: int) -> bool:
            nonlocal state
            state = native_next(state, token)  # an assertion of its own fails where the token is not allowed
            return True

        return Run(fill, accept, lambda: None, lambda: None, lambda: "")

    def memory(self) -> dict[str, int]:
        return {}
