"""Logits processors for Hugging Face `generate`: each engine's own where it brings one that works, else a thin one.

The thin one does what such processors do (accept the last token, fill the bitmask row by row, apply it) over the
engine's native calls, and applies the bitmask with this package's function, the same for all engines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, Protocol

from maskforge.jsonschemabench.engines import ENGINES, entry
from maskforge.jsonschemabench.engines.base import Engine, Run, Stopped

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
    """Any engine of jsonschemabench but llguidance, whose adapter has one matcher for all texts of a schema."""

    processor = THIN

    def __init__(self, engine: Engine, vocab_size: int) -> None:
        self._engine, self._vocab_size = engine, vocab_size
        self.name, self.version = engine.name, engine.version

    def compile(self, schema: str) -> Any:
        self._engine.begin_schema()
        return self._engine.compile(schema)

    def make(self, grammars: Sequence[Any]) -> Callable[[Any, Any], Any]:
        return _Thin(grammars, self._engine.begin, self._vocab_size)


class OutlinesProcessors:
    """The processor of the package `outlines`, which takes one grammar for all rows of a batch."""

    name, processor = "outlines", OWN

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        from outlines.backends.outlines_core import OutlinesCoreLogitsProcessor

        self._adapter = ENGINES["outlines"].make(tokenizer, vocab_size)
        self._processor_type = OutlinesCoreLogitsProcessor
        self.version = self._adapter.version

    def compile(self, schema: str) -> Any:
        index, _ = self._adapter.compile(schema)
        return index

    def make(self, grammars: Sequence[Any]) -> Callable[[Any, Any], Any]:
        found: Callable[[Any, Any], Any] = self._processor_type(grammars[0], "torch")
        return found


class LlguidanceProcessors:
    name, processor = "llguidance", THIN

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        from maskforge.bench.batch_engines import LlguidanceBatches

        self._engine = LlguidanceBatches(tokenizer, vocab_size)
        self.version = self._engine.version

    def compile(self, schema: str) -> Any:
        return self._engine.compile(schema)

    def make(self, grammars: Sequence[Any]) -> Callable[[Any, Any], Any]:
        return _Thin(grammars, self._begin, self._engine.vocab_size)

    @staticmethod
    def _begin(grammar: Any, address: int, words: int) -> Run:
        matcher = grammar.deep_copy()
        native_fill, size = matcher.unsafe_compute_mask_ptr, 4 * words

        def check() -> None:
            if matcher.is_error():
                raise Stopped(matcher.get_error())

        return Run(lambda: native_fill(address, size), matcher.consume_token, check, lambda: None, lambda: "")


class _Thin:
    def __init__(self, grammars: Sequence[Any], begin: Callable[[Any, int, int], Run], vocab_size: int) -> None:
        import torch

        words = (vocab_size + 31) // 32
        self._bitmask = torch.zeros((len(grammars), words), dtype=torch.int32)
        address = self._bitmask.data_ptr()
        self._runs = [begin(grammar, address + 4 * words * row, words) for row, grammar in enumerate(grammars)]
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


KNOWN: dict[str, Callable[[Any, int], ProcessorEngine]] = {
    "maskforge": MaskforgeProcessors,
    "xgrammar": XGrammarProcessors,
    "llguidance": LlguidanceProcessors,
}


def processors(name: str, tokenizer: Any, vocab_size: int, *, one_grammar: bool) -> ProcessorEngine:
    """An engine's own processor where it brings one that can do what is asked, else a thin one over its adapter.

    one_grammar: all rows of a batch have the same.
    """
    if name in KNOWN:
        return KNOWN[name](tokenizer, vocab_size)
    if name == "outlines" and one_grammar and find_spec("outlines") is not None:
        return OutlinesProcessors(tokenizer, vocab_size)
    return ThinProcessors(entry(name).make(tokenizer, vocab_size), vocab_size)
