"""Engines as a server drives them: many matchers, one call that fills all their masks, one that accepts all tokens.

Every call is the one that the engine offers for batches. For an engine without one, the rows are done one by one in
Python on one thread, which is what its users have to do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, Protocol


class Batch(Protocol):
    """The matchers of one batch, row by row, and the buffer of their masks."""

    def fill(self) -> None:
        """The mask of every row. Timed."""

    def accept(self, token_ids: list[int]) -> Sequence[Any]:
        """One token a row; truthy where it was allowed. Timed."""

    def restart(self, row: int, token_ids: Sequence[int] = ()) -> None:
        """The row begins its text again and reads these tokens of it."""

    def allowed(self, token_ids: list[int]) -> list[bool]:
        """Whether each row's mask, as filled last, has the row's token."""


class BatchEngine(Protocol):
    name: str
    version: str
    native: bool
    """Whether it has batch calls; without them there is one thread whatever is asked."""

    def forget(self) -> None:
        """Drops what was learnt from masks and grammars, where that can be dropped."""

    def compile(self, schema: str) -> Any:
        """Raises whatever the engine raises where it does not take the schema."""

    def batch(self, grammars: Sequence[Any], threads: int) -> Batch:
        """A new matcher for each grammar, at the start of its text."""


class _Rows:
    """The bitmask of a batch."""

    def __init__(self, rows: int, vocab_size: int) -> None:
        import torch

        self.bitmask = torch.zeros((rows, (vocab_size + 31) // 32), dtype=torch.int32)

    def allowed(self, token_ids: list[int]) -> list[bool]:
        words = self.bitmask[list(range(len(token_ids))), [token >> 5 for token in token_ids]].tolist()
        return [bool(word >> (token & 31) & 1) for word, token in zip(words, token_ids, strict=True)]


class MaskforgeBatches:
    name, native = "maskforge", True

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        import maskforge

        self._package = maskforge
        self.version = maskforge.__version__
        self._vocabulary = maskforge.Vocabulary.from_huggingface(tokenizer, vocab_size=vocab_size)
        self._executors: dict[int, Any] = {}
        self.forget()

    def forget(self) -> None:
        self._compiler = self._package.Compiler(self._vocabulary)

    def compile(self, schema: str) -> Any:
        return self._compiler.json_schema(schema)

    def batch(self, grammars: Sequence[Any], threads: int) -> Batch:
        if threads not in self._executors:  # its threads persist, as in a server
            self._executors[threads] = self._package.BatchExecutor(threads)
        return _MaskforgeBatch(grammars, self._executors[threads], self._vocabulary.size)


class _MaskforgeBatch(_Rows):
    def __init__(self, grammars: Sequence[Any], executor: Any, vocab_size: int) -> None:
        super().__init__(len(grammars), vocab_size)
        self._matchers = [grammar.matcher() for grammar in grammars]
        self._executor = executor

    def fill(self) -> None:
        self._executor.fill(self._matchers, self.bitmask)

    def accept(self, token_ids: list[int]) -> Sequence[Any]:
        found: Sequence[Any] = self._executor.accept(self._matchers, token_ids)
        return found

    def restart(self, row: int, token_ids: Sequence[int] = ()) -> None:
        self._matchers[row].reset()
        for token_id in token_ids:
            self._matchers[row].accept_token(token_id)


class XGrammarBatches:
    """Its masks are made when a grammar is compiled, on one thread here; so `forget` drops nothing."""

    name, native = "xgrammar", True

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        import xgrammar

        self._package = xgrammar
        self.version = version("xgrammar")
        info = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=vocab_size)
        self._vocab_size = vocab_size
        self._compiler = xgrammar.GrammarCompiler(info, max_threads=1)
        self._callers: dict[int, Any] = {}

    def forget(self) -> None:
        pass

    def compile(self, schema: str) -> Any:
        return self._compiler.compile_json_schema(schema)

    def batch(self, grammars: Sequence[Any], threads: int) -> Batch:
        if threads not in self._callers:
            self._callers[threads] = self._package.BatchGrammarMatcher(max_threads=threads)
        matchers = [self._package.GrammarMatcher(grammar) for grammar in grammars]
        return _XGrammarBatch(matchers, self._callers[threads], self._vocab_size)


class _XGrammarBatch(_Rows):
    def __init__(self, matchers: list[Any], caller: Any, vocab_size: int) -> None:
        super().__init__(len(matchers), vocab_size)
        self._matchers, self._caller = matchers, caller

    def fill(self) -> None:
        self._caller.batch_fill_next_token_bitmask(self._matchers, self.bitmask)

    def accept(self, token_ids: list[int]) -> Sequence[Any]:
        found: Sequence[Any] = self._caller.batch_accept_token(self._matchers, token_ids)
        return found

    def restart(self, row: int, token_ids: Sequence[int] = ()) -> None:
        self._matchers[row].reset()
        for token_id in token_ids:
            self._matchers[row].accept_token(token_id)


class LlguidanceBatches:
    name, native = "llguidance", True

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        import llguidance.hf
        import llguidance.torch

        self._package = llguidance
        self.version = version("llguidance")
        self._vocab_size = vocab_size
        self._tokenizer = llguidance.hf.from_tokenizer(
            tokenizer, n_vocab=vocab_size, slices=llguidance.LLTokenizer.json_slices()
        )
        self._executors: dict[int, Any] = {}

    def forget(self) -> None:
        pass  # what it learns belongs to a matcher

    def compile(self, schema: str) -> Any:
        """A matcher that other matchers are copied from: a copy shares what was computed for it."""
        grammar = self._package.LLMatcher.grammar_from_json_schema(schema)
        matcher = self._package.LLMatcher(self._tokenizer, grammar, log_level=0)
        if matcher.is_error():
            raise ValueError(matcher.get_error())
        return matcher

    def batch(self, grammars: Sequence[Any], threads: int) -> Batch:
        if threads not in self._executors:
            self._executors[threads] = self._package.LLExecutor(threads)
        return _LlguidanceBatch([grammar.deep_copy() for grammar in grammars], self._executors[threads], self)

    @property
    def vocab_size(self) -> int:
        return self._vocab_size


class _LlguidanceBatch(_Rows):
    def __init__(self, matchers: list[Any], executor: Any, engine: LlguidanceBatches) -> None:
        super().__init__(len(matchers), engine.vocab_size)
        import llguidance.torch

        self._matchers, self._executor = matchers, executor
        self._pairs = [(matcher, row) for row, matcher in enumerate(matchers)]
        self._fill = llguidance.torch.fill_next_token_bitmask_par
        self._accept = llguidance.torch.consume_token_par

    def fill(self) -> None:
        self._fill(self._executor, self._pairs, self.bitmask)

    def accept(self, token_ids: list[int]) -> Sequence[Any]:
        found: Sequence[Any] = self._accept(self._executor, list(zip(self._matchers, token_ids, strict=True)))
        return found

    def restart(self, row: int, token_ids: Sequence[int] = ()) -> None:
        self._matchers[row].reset()
        for token_id in token_ids:
            self._matchers[row].consume_token(token_id)


class OneByOne:
    """An engine of jsonschemabench, its rows in a loop. Not for llguidance, whose adapter has one matcher for all texts
    of a schema. Bringing an answer into the row of the bitmask is part of the time: the batch needs it there."""

    native = False

    def __init__(self, engine: Any, vocab_size: int) -> None:
        self._engine, self._vocab_size = engine, vocab_size
        self.name, self.version = engine.name, engine.version

    def forget(self) -> None:
        self._engine.begin_schema()

    def compile(self, schema: str) -> Any:
        return self._engine.compile(schema)

    def batch(self, grammars: Sequence[Any], threads: int) -> Batch:
        return _LoopedBatch(self._engine, grammars, self._vocab_size)


class _LoopedBatch(_Rows):
    def __init__(self, engine: Any, grammars: Sequence[Any], vocab_size: int) -> None:
        super().__init__(len(grammars), vocab_size)
        self._engine, self._grammars = engine, grammars
        self._runs = [self._begin(row) for row in range(len(grammars))]

    def _begin(self, row: int) -> Any:
        words = self.bitmask.shape[1]
        return self._engine.begin(self._grammars[row], self.bitmask.data_ptr() + 4 * words * row, words)

    def fill(self) -> None:
        for run in self._runs:
            run.fill()
            run.publish()

    def allowed(self, token_ids: list[int]) -> list[bool]:
        for run in self._runs:
            run.check()
        return super().allowed(token_ids)

    def accept(self, token_ids: list[int]) -> Sequence[Any]:
        return [run.accept(token_id) for run, token_id in zip(self._runs, token_ids, strict=True)]

    def restart(self, row: int, token_ids: Sequence[int] = ()) -> None:
        self._runs[row] = self._begin(row)
        for token_id in token_ids:
            self._runs[row].fill()  # lm-format-enforcer goes from one prefix to the next when it is asked for a mask
            self._runs[row].publish()
            self._runs[row].accept(token_id)


NATIVE: dict[str, Callable[[Any, int], BatchEngine]] = {
    "maskforge": MaskforgeBatches,
    "xgrammar": XGrammarBatches,
    "llguidance": LlguidanceBatches,
}
