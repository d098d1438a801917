"""Logits processors for Hugging Face `generate`: each engine's own where it brings one that works, else a thin one.

The thin one does what such processors do (accept the last token, fill the bitmask row by row, apply it) over the
engine's native calls, and applies the bitmask with this package's function, the same for all engines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from maskforge.jsonschemabench.engines.base import Engine

OWN, THIN = "its own", "thin"


class ProcessorEngine(Protocol):
    name: str
    version: str
    processor: str
    """OWN or THIN."""

    def compile(self, schema: str) -> Any:
        """Raises whatever the engine raises where it does not take the schema."""

    def make(self, grammars: Sequence[Any]) -> Callable[[Any, Any], Any]:
        """A new processor for one `generate` call with one grammar a row."""


class MaskforgeProcessors:
    name, processor = "maskforge", OWN

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        import maskforge

        self.version = maskforge.__version__
        self._package = maskforge
        self._compiler = maskforge.Compiler(maskforge.Vocabulary.from_huggingface(tokenizer, vocab_size=vocab_size))

    def compile(self, schema: str) -> Any:
        return self._compiler.json_schema(schema)

    def make(self, grammars: Sequence[Any]) -> Callable[[Any, Any], Any]:
        found: Callable[[Any, Any], Any] = self._package.LogitsProcessor(list(grammars))
        return found


class XGrammarProcessors:
    name, processor = "xgrammar", OWN

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        from importlib.metadata import version

        import xgrammar
        import xgrammar.contrib.hf

        self.version = version("xgrammar")
        self._package = xgrammar
        info = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=vocab_size)
        self._compiler = xgrammar.GrammarCompiler(info, max_threads=1)

    def compile(self, schema: str) -> Any:
        return self._compiler.compile_json_schema(schema)

    def make(self, grammars: Sequence[Any]) -> Callable[[Any, Any], Any]:
        found: Callable[[Any, Any], Any] = self._package.contrib.hf.LogitsProcessor(list(grammars))
        return found


class ThinProcessors:
    """Any engine of jsonschemabench."""

    processor = THIN

    def __init__(self, engine: Engine, vocab_size: int) -> None:
        self._engine, self._vocab_size = engine, vocab_size
        self.name, self.version = engine.name, engine.version

    def compile(self, schema: str) -> Any:
        self._engine.begin_schema()
        return self._engine.compile(schema)

    def make(self, grammars: Sequence[Any]) -> Callable[[Any, Any], Any]:
        return _Thin(self._engine, grammars, self._vocab_size)


class _Thin:
    def __init__(self, engine: Engine, grammars: Sequence[Any], vocab_size: int) -> None:
        import torch

        words = (vocab_size + 31) // 32
        self._bitmask = torch.zeros((len(grammars), words), dtype=torch.int32)
        address = self._bitmask.data_ptr()
        self._runs = [engine.begin(grammar, address + 4 * words * row, words) for row, grammar in enumerate(grammars)]
        self._begun = False

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        from maskforge import apply_token_bitmask_inplace

        if self._begun:
            for run, token_id in zip(self._runs, input_ids[:, -1].tolist(), strict=True):
                run.accept(token_id)
        self._begun = True
        for run in self._runs:
            run.fill()
            run.check()
            run.publish()
        apply_token_bitmask_inplace(scores, self._bitmask.to(scores.device, non_blocking=True))
        return scores


OWN_PROCESSORS: dict[str, Callable[[Any, int], ProcessorEngine]] = {
    "maskforge": MaskforgeProcessors,
    "xgrammar": XGrammarProcessors,
}
