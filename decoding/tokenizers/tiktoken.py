"""tiktoken encodings: the tokens are byte strings already; special tokens are a separate, named set."""

from __future__ import annotations

from typing import Any

from maskforge._core import UnsupportedError


def tiktoken_tokens(encoding: Any) -> list[bytes]:
    """Token bytes of a `tiktoken.Encoding`; holes in its ids and its special tokens are never text."""
    if not hasattr(encoding, "n_vocab") or not hasattr(encoding, "decode_single_token_bytes"):
        raise UnsupportedError(f"a {type(encoding).__name__} is no tiktoken.Encoding")
    tokens = [b""] * encoding.n_vocab
    ranks = getattr(encoding, "_mergeable_ranks", None)
    if ranks is not None:  # the whole table at once
        for data, token_id in ranks.items():
            tokens[token_id] = data
        return tokens
    special = {encoding.encode_single_token(text) for text in encoding.special_tokens_set}
    for token_id in range(len(tokens)):
        if token_id not in special:
            try:
                tokens[token_id] = encoding.decode_single_token_bytes(token_id)
            except KeyError:
                continue
    return tokens


def tiktoken_eos(encoding: Any) -> list[int]:
    """The id of `<|endoftext|>`, as a list; empty if the encoding has none."""
    try:
        return [encoding.eot_token]
    except KeyError:
        return []
