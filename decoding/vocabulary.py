"""The vocabulary of a model as the masks need it: the bytes of every token and which tokens end the sequence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import index
from typing import Any

from maskforge import _core
from maskforge._core import MisuseError


class Vocabulary:
    """Token bytes by id. Immutable, safe to share between threads; building one for 128k tokens takes about 0.2 s.

    Tokens that are never text (special, control, unused, the tail of a model that is wider than its tokenizer) have no
    bytes and are never allowed by a mask, except that the end-of-sequence ids are allowed where the text may end.
    Tokens may be duplicates of one another and need not be UTF-8 by themselves.

    The bytes are those of a token in the middle of a text. SentencePiece tokenizers drop one space at the very start
    of a text; a model that continues a prompt is past that point.
    """

    __slots__ = ("_core",)

    def __init__(
        self, tokens: Sequence[bytes], eos_token_ids: int | Iterable[int], vocab_size: int | None = None
    ) -> None:
        """`tokens[i]` are the bytes of token `i`, `b""` where it is never text.

        `vocab_size` is the width of the model's logits where that is not `len(tokens)`: the ids in between are never
        allowed, tokens beyond it do not exist for the model.
        """
        words = list(tokens)
        for token_id, token in enumerate(words):
            if type(token) is not bytes:
                raise MisuseError(f"token {token_id} is a {type(token).__name__}, not bytes")
        if vocab_size is not None:
            size = index(vocab_size)
            if size < 1:
                raise MisuseError(f"vocab_size must be at least 1, not {size}")
            del words[size:]
            words.extend([b""] * (size - len(words)))
        self._core = _core.Vocabulary(words, _eos_ids(eos_token_ids, len(words)))

    @classmethod
    def from_tokens(
        cls, tokens: Sequence[bytes], eos_token_ids: int | Iterable[int], *, vocab_size: int | None = None
    ) -> Vocabulary:
        """From the bytes themselves; see the class."""
        return cls(tokens, eos_token_ids, vocab_size)

    @classmethod
    def from_huggingface(
        cls, tokenizer: Any, vocab_size: int | None = None, eos_token_ids: int | Iterable[int] | None = None
    ) -> Vocabulary:
        """From a `transformers` tokenizer or a `tokenizers.Tokenizer`.

        vocab_size: the width of the model's logits, `model.config.vocab_size`; by default the tokenizer's own size.
        eos_token_ids: all ids that end the sequence, `model.generation_config.eos_token_id`; by default the
        tokenizer's. Raises UnsupportedError where the text of a token depends on its neighbours (WordPiece).
        """
        from maskforge.decoding.tokenizers.huggingface import huggingface_eos, huggingface_tokens

        eos = huggingface_eos(tokenizer) if eos_token_ids is None else eos_token_ids
        return cls(huggingface_tokens(tokenizer), _known_eos(eos), vocab_size)

    @classmethod
    def from_tiktoken(
        cls, encoding: Any, eos_token_ids: int | Iterable[int] | None = None, *, vocab_size: int | None = None
    ) -> Vocabulary:
        """From a `tiktoken.Encoding`; ends with `<|endoftext|>` unless `eos_token_ids` says otherwise."""
        from maskforge.decoding.tokenizers.tiktoken import tiktoken_eos, tiktoken_tokens

        tokens = tiktoken_tokens(encoding)
        return cls(tokens, _known_eos(tiktoken_eos(encoding) if eos_token_ids is None else eos_token_ids), vocab_size)

    @classmethod
    def from_sentencepiece(
        cls, processor: Any, eos_token_ids: int | Iterable[int] | None = None, *, vocab_size: int | None = None
    ) -> Vocabulary:
        """From a `sentencepiece.SentencePieceProcessor` or the path of a model file."""
        from maskforge.decoding.tokenizers.sentencepiece import (
            load_sentencepiece,
            sentencepiece_eos,
            sentencepiece_tokens,
        )

        model = load_sentencepiece(processor)
        eos = sentencepiece_eos(model) if eos_token_ids is None else eos_token_ids
        return cls(sentencepiece_tokens(model), _known_eos(eos), vocab_size)

    @classmethod
    def from_mistral(
        cls, tokenizer: Any, eos_token_ids: int | Iterable[int] | None = None, *, vocab_size: int | None = None
    ) -> Vocabulary:
        """From a tokenizer of mistral-common: `MistralTokenizer`, `Tekkenizer` or `SentencePieceTokenizer`."""
        from maskforge.decoding.tokenizers.mistral import mistral_eos, mistral_tokens

        tokens = mistral_tokens(tokenizer)
        return cls(tokens, _known_eos(mistral_eos(tokenizer) if eos_token_ids is None else eos_token_ids), vocab_size)

    @property
    def core(self) -> Any:
        """The native vocabulary."""
        return self._core

    @property
    def size(self) -> int:
        """How many token ids there are: the width of the logits that a mask is for."""
        return int(self._core.size)

    def __len__(self) -> int:
        return self.size

    @property
    def bitmask_words(self) -> int:
        """The 32-bit words of one row of a bitmask, `ceil(size / 32)`."""
        return int(self._core.bitmask_words)

    @property
    def eos_token_ids(self) -> list[int]:
        """The ids that end the sequence, ascending."""
        return list(self._core.eos_token_ids)

    @property
    def fingerprint(self) -> int:
        """A hash of all bytes and ids: equal vocabularies have equal ones."""
        return int(self._core.fingerprint)

    def token(self, token_id: int) -> bytes:
        """The bytes of a token; `b""` where it is never text."""
        position = index(token_id)
        if not 0 <= position < self.size:
            raise MisuseError(f"token id {position} is outside the vocabulary of {self.size} tokens")
        return bytes(self._core.token(position))

    def decode(self, token_ids: Iterable[int]) -> bytes:
        """The bytes of a sequence of tokens. Not UTF-8 where the sequence ends inside a character."""
        return b"".join(self.token(token_id) for token_id in token_ids)

    def __repr__(self) -> str:
        return f"Vocabulary(size={self.size}, eos_token_ids={self.eos_token_ids})"


def _known_eos(eos_token_ids: int | Iterable[int]) -> list[int]:
    ids = [eos_token_ids] if isinstance(eos_token_ids, int) else list(eos_token_ids)
    if not ids:
        raise MisuseError(
            "the tokenizer names no end-of-sequence token: pass eos_token_ids, as in model.generation_config"
        )
    return ids


def _eos_ids(eos_token_ids: int | Iterable[int], size: int) -> list[int]:
    ids = [eos_token_ids] if isinstance(eos_token_ids, int) else list(eos_token_ids)
    for token_id in ids:
        if isinstance(token_id, bool) or not hasattr(token_id, "__index__"):
            raise MisuseError(f"end-of-sequence id {token_id!r} is not an integer")
        if not 0 <= index(token_id) < size:
            raise MisuseError(f"end-of-sequence id {token_id} is outside the vocabulary of {size} tokens")
    return sorted({index(token_id) for token_id in ids})
