"""mistral-common: tekken (tiktoken behind a block of special ids) and SentencePiece, recognised by their parts."""

from __future__ import annotations

from typing import Any

from maskforge._core import UnsupportedError
from maskforge.decoding.tokenizers.sentencepiece import load_sentencepiece, sentencepiece_tokens


def unwrap_mistral(tokenizer: Any) -> Any:
    """The text tokenizer inside a `MistralTokenizer`, or the tokenizer itself; None where it is neither."""
    instruct = getattr(tokenizer, "instruct_tokenizer", None)
    inner = tokenizer if instruct is None else instruct.tokenizer
    return inner if hasattr(inner, "n_words") and hasattr(inner, "eos_id") else None


def mistral_tokens(tokenizer: Any) -> list[bytes]:
    """Token bytes of a `MistralTokenizer`, `Tekkenizer` or `SentencePieceTokenizer` of mistral-common."""
    inner = unwrap_mistral(tokenizer)
    if inner is None:
        raise UnsupportedError(f"a {type(tokenizer).__name__} is no tokenizer of mistral-common")
    if not hasattr(inner, "id_to_byte_piece"):
        return sentencepiece_tokens(load_sentencepiece(inner))
    specials = inner.num_special_tokens  # tekken: special ids come first, the byte strings follow
    ranks = getattr(inner, "_tekken_token2id_nospecial", None)
    if ranks is None:
        return [b"" if i < specials else inner.id_to_byte_piece(i) for i in range(inner.n_words)]
    tokens = [b""] * inner.n_words
    for data, rank in ranks.items():
        tokens[rank + specials] = data
    return tokens


def mistral_eos(tokenizer: Any) -> list[int]:
    """The id of `</s>`, as a list."""
    inner = unwrap_mistral(tokenizer)
    return [] if inner is None else [int(inner.eos_id)]
