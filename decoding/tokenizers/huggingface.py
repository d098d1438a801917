"""Hugging Face tokenizers: what a token's bytes are is decided by the decoder component, not by the class name.

A fast tokenizer decodes by passing its tokens through a decoder, `ByteLevel` for GPT-2's descendants, for
SentencePiece's something like `Sequence[Replace("▁", " "), ByteFallback, Fuse, Strip]`. We run the same steps on
each token alone. That is exact when the decoder maps token by token and concatenates; decoders for which it does not
(WordPiece puts spaces between words and takes them back before punctuation) are refused, because then a token has no
bytes of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from maskforge._core import MisuseError, UnsupportedError
from maskforge.decoding.tokenizers.byte_level import byte_level_token
from maskforge.decoding.tokenizers.mistral import mistral_tokens, unwrap_mistral
from maskforge.decoding.tokenizers.sentencepiece import WORD_START, piece_bytes

_BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")


def huggingface_tokens(tokenizer: Any) -> list[bytes]:
    """Token bytes of a `transformers` tokenizer (fast, SentencePiece or mistral-common) or a `tokenizers.Tokenizer`."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None and hasattr(tokenizer, "get_added_tokens_decoder"):
        backend = tokenizer  # a bare tokenizers.Tokenizer
    if backend is not None:
        return _fast_tokens(backend, getattr(tokenizer, "all_special_ids", ()))
    if getattr(tokenizer, "sp_model", None) is not None:
        return _sentencepiece_backed_tokens(tokenizer)
    inner = unwrap_mistral(getattr(tokenizer, "tokenizer", None))
    if inner is not None:
        return mistral_tokens(inner)
    raise UnsupportedError(
        f"cannot read the token bytes of a {type(tokenizer).__name__}: no fast backend, no SentencePiece model; "
        "use Vocabulary.from_tiktoken, from_sentencepiece, from_mistral or from_tokens"
    )


def huggingface_eos(tokenizer: Any) -> list[int]:
    """The tokenizer's own end-of-sequence id, as a list; empty if it has none."""
    eos = getattr(tokenizer, "eos_token_id", None)
    if eos is None:
        return []
    return [int(eos)] if isinstance(eos, int) else [int(token_id) for token_id in eos]


def _fast_tokens(backend: Any, special_ids: Any) -> list[bytes]:
    vocabulary: dict[str, int] = backend.get_vocab(with_added_tokens=True)
    added = backend.get_added_tokens_decoder()
    if not vocabulary:
        raise MisuseError("the tokenizer has no tokens")
    size = max(max(vocabulary.values()), max(added, default=0)) + 1
    texts: list[str | None] = [None] * size
    for text, token_id in vocabulary.items():
        texts[token_id] = text
    # Two ids may share one text, an added token and a token of the model; get_vocab names only one of them.
    for token_id, token in added.items():
        texts[token_id] = token.content
    never_text = {token_id for token_id, token in added.items() if token.special}
    never_text.update(token_id for token_id in special_ids if 0 <= token_id < size)
    for token_id in never_text:
        texts[token_id] = None
    return _decode_each(texts, _decoder_steps(backend))


def _component(component: Any) -> dict[str, Any] | None:
    """A component of a tokenizer as the JSON that tokenizer.json holds for it."""
    if component is None:
        return None
    parsed: dict[str, Any] = json.loads(component.__getstate__())
    return parsed


def _flatten(spec: dict[str, Any] | None, parts_key: str) -> list[dict[str, Any]]:
    if spec is None:
        return []
    if spec["type"] == "Sequence":
        return [step for part in spec[parts_key] for step in _flatten(part, parts_key)]
    return [spec]


def _decoder_steps(backend: Any) -> list[dict[str, Any]]:
    steps = _flatten(_component(backend.decoder), "decoders")
    if not steps:
        # Without a decoder the library joins tokens with spaces, which no model means. The encoding side still says it.
        for step in _flatten(_component(backend.pre_tokenizer), "pretokenizers"):
            if step["type"] in ("ByteLevel", "Metaspace"):
                steps.append(step)
    if not steps:
        raise UnsupportedError(
            "the tokenizer has no decoder and no ByteLevel or Metaspace pre-tokenizer, so its tokens have no bytes; "
            "set tokenizer.backend_tokenizer.decoder, or use Vocabulary.from_tokens"
        )
    return steps


def _decode_each(texts: list[str | None], steps: list[dict[str, Any]]) -> list[bytes]:
    """Runs the decoder's steps on every token alone; `None` and finished tokens pass through untouched."""
    finished: dict[int, bytes] = {}  # tokens that are bytes already
    fused = False
    encode: Callable[[str], bytes] = str.encode
    work: list[str] = [text or "" for text in texts]
    for step in steps:
        kind = step["type"]
        if fused and kind not in ("Fuse", "Strip"):
            raise UnsupportedError(
                f"the tokenizer's decoder has a {kind} step on the joined text, so tokens have no bytes of their own"
            )
        if kind == "ByteLevel":
            fused = True
            encode = byte_level_token
        elif kind == "Metaspace":
            work = [text.replace(step["replacement"], " ") for text in work]
        elif kind == "Replace":
            pattern = step["pattern"].get("String")
            if pattern is None:
                raise UnsupportedError(
                    f"the tokenizer's decoder replaces by a regular expression, {step['pattern']}; plain text is known"
                )
            work = [text.replace(pattern, step["content"]) for text in work] if pattern else work
        elif kind == "ByteFallback":
            for i, text in enumerate(work):
                if len(text) == 6 and i not in finished and (match := _BYTE_TOKEN.fullmatch(text)):
                    finished[i] = bytes([int(match[1], 16)])
        elif kind == "Fuse":
            fused = True
        elif kind == "Strip":
            # On the joined text it concerns only the two ends of the text, not what a token means inside.
            if not fused:
                work = [_strip(text, step) for text in work]
        else:
            raise UnsupportedError(
                f"the tokenizer's decoder is {kind}, whose text for a token depends on its neighbours; "
                "byte-level BPE, SentencePiece-like decoders and tiktoken are known"
            )
    encoded = [encode(text) for text in work]
    for i, data in finished.items():
        encoded[i] = data
    return encoded


def _strip(text: str, step: dict[str, Any]) -> str:
    start, end = 0, len(text)
    while start < min(step["start"], end) and text[start] == step["content"]:
        start += 1
    limit = max(start, end - step["stop"])
    while end > limit and text[end - 1] == step["content"]:
        end -= 1
    return text[start:end]


def _sentencepiece_backed_tokens(tokenizer: Any) -> list[bytes]:
    """A tokenizer over a SentencePiece model; its ids may be shifted against the model's, so pieces match by text."""
    processor = tokenizer.sp_model
    by_piece = {processor.id_to_piece(i): i for i in range(processor.get_piece_size())}
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    added: dict[int, Any] = dict(getattr(tokenizer, "added_tokens_decoder", {}))
    tokens = [b""] * (max([*vocabulary.values(), *added]) + 1)
    for text, token_id in vocabulary.items():
        tokens[token_id] = piece_bytes(processor, by_piece[text]) if text in by_piece else b""
    for token_id, token in added.items():
        tokens[token_id] = b"" if token.special else token.content.replace(WORD_START, " ").encode("utf-8")
    for token_id in tokenizer.all_special_ids:
        tokens[token_id] = b""
    return tokens
