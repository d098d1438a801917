"""lm-format-enforcer (same name on PyPI), by its core: its integration does not import with transformers 5."""

from __future__ import annotations

import json
import logging
from importlib.metadata import version
from time import perf_counter_ns
from typing import Any

from maskforge.jsonschemabench.engines.base import Refused, Run, Stopped, bit_writer


class LmFormatEnforcer:
    """Its default form, lists of token ids. The work of a token is done when the next list is asked for."""

    name = "lm-format-enforcer"

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        import lmformatenforcer
        from lmformatenforcer.tokenenforcer import TokenEnforcerTokenizerData

        self.version = version("lm-format-enforcer")
        self._parser_type = lmformatenforcer.JsonSchemaParser
        self._enforcer_type = lmformatenforcer.TokenEnforcer
        self._own_error = lmformatenforcer.LMFormatEnforcerException
        self._problems = _Problems()
        start = perf_counter_ns()
        self._data = TokenEnforcerTokenizerData(
            _regular_tokens(tokenizer, vocab_size),
            lambda tokens: tokenizer.decode(tokens).rstrip("�"),
            tokenizer.eos_token_id,
            False,
            vocab_size,
        )
        self.setup_ns = perf_counter_ns() - start

    def begin_schema(self) -> None:
        self._problems.seen = ""

    def compile(self, schema_text: str) -> Any:
        try:
            return self._enforcer_type(self._data, self._parser_type(json.loads(schema_text)))
        except Exception as error:
            named = isinstance(error, (self._own_error, ValueError, NotImplementedError))
            if not named and type(error) is not Exception:
                raise  # a KeyError, say, is no refusal; a bare Exception is how it refuses most things
            raise Refused(f"{type(error).__name__}: {error}") from None

    def begin(self, compiled: Any, address: int, words: int) -> Run:
        read: list[int] = []
        allowed: list[list[int]] = [[]]
        get_allowed_tokens, write = compiled.get_allowed_tokens, bit_writer(address, words)

        def fill() -> None:
            allowed[0] = get_allowed_tokens(read).allowed_tokens

        def accept(token: int) -> bool:
            read.append(token)
            return True

        def check() -> None:
            if self._problems.seen:  # it logs its own failures and goes on with "only end-of-sequence is allowed"
                problem, self._problems.seen = self._problems.seen, ""
                raise Stopped(problem)

        return Run(fill, accept, check, lambda: None, lambda: "", publish=lambda: write(allowed[0]))

    def memory(self) -> dict[str, int]:
        return {}


class _Problems(logging.Handler):
    """What lm-format-enforcer logs instead of raising it: the last error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen = ""
        logging.getLogger().addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if "LMFormatEnforcer" in record.getMessage():
            cause = record.exc_info[1] if record.exc_info else None
            self.seen = f"it met a problem of its own: {type(cause).__name__}: {cause}"


def _regular_tokens(tokenizer: Any, vocab_size: int) -> list[tuple[int, str, bool]]:
    """(id, text, begins a word) of every token that is not special, as its own integration finds them: a token's text
    is what it adds after a "0", since some tokenizers strip the blank at the start of a text."""
    zero = tokenizer.encode("0", add_special_tokens=False)[-1]
    special = set(tokenizer.all_special_ids)
    ids = [token for token in range(vocab_size) if token not in special]
    after = tokenizer.batch_decode([[zero, token] for token in ids])
    alone = tokenizer.batch_decode([[token] for token in ids])
    return [
        (token, text[1:], len(text) - 1 > len(single)) for token, text, single in zip(ids, after, alone, strict=True)
    ]
