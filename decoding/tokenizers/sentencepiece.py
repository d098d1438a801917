"""SentencePiece models: pieces with `▁` for a space, and one piece `<0xAB>` for each byte where the model has byte
fallback.

Control pieces (`<s>`, `[INST]`), the unknown piece and unused pieces are never text. SentencePiece itself drops the
space of a `▁` at the very start of a text (the dummy prefix that it added); the bytes here are those in the middle
of a text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from maskforge._core import MisuseError, UnsupportedError

WORD_START = "\u2581"


def load_sentencepiece(processor: Any) -> Any:
    """A `SentencePieceProcessor` from itself, a path to a model file, or an object that holds one (`.sp_model`)."""
    if isinstance(processor, (str, Path)):
        from sentencepiece import SentencePieceProcessor

        if not Path(processor).is_file():
            raise MisuseError(f"there is no SentencePiece model at {processor}")
        return SentencePieceProcessor(model_file=str(processor))
    for attribute in ("sp_model", "_model"):
        inner = getattr(processor, attribute, None)
        if inner is not None and hasattr(inner, "id_to_piece"):
            return inner
    if not hasattr(processor, "id_to_piece"):
        raise UnsupportedError(
            f"a {type(processor).__name__} is neither a SentencePieceProcessor nor a path to a model"
        )
    return processor


def sentencepiece_tokens(processor: Any) -> list[bytes]:
    """Token bytes of a loaded `SentencePieceProcessor`, indexed by id."""
    return [piece_bytes(processor, piece_id) for piece_id in range(processor.get_piece_size())]


def piece_bytes(processor: Any, piece_id: int) -> bytes:
    """The bytes of one piece."""
    if processor.is_control(piece_id) or processor.is_unknown(piece_id) or processor.is_unused(piece_id):
        return b""
    piece: str = processor.id_to_piece(piece_id)
    if processor.is_byte(piece_id):
        return bytes([int(piece[3:5], 16)])
    return piece.replace(WORD_START, " ").encode("utf-8")


def sentencepiece_eos(processor: Any) -> list[int]:
    """The model's end-of-sequence id, as a list; empty if it has none."""
    eos = processor.eos_id()
    return [eos] if eos >= 0 else []
