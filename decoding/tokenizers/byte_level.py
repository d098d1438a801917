"""Byte-level BPE: tokens are spelled in an alphabet of 256 printable characters, one for each byte.

GPT-2 chose the alphabet, and Llama 3, Qwen, DeepSeek and many others keep it: a byte whose Latin-1 character is visible
stands for itself, the other 68 bytes take the characters from U+0100 on, in order. So a space (0x20) is written `Ġ`
(U+0120) and a newline `Ċ` (U+010A).
"""

from __future__ import annotations

from collections.abc import Iterable


def _translation() -> dict[int, int]:
    """Code point of the alphabet -> byte; the other code points below 256 -> one that Latin-1 cannot encode."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in set(visible)]
    table = {byte: byte for byte in visible}
    table.update({0x100 + position: byte for position, byte in enumerate(hidden)})
    for byte in hidden:
        table[byte] = 0xFFFF
    return table


_TRANSLATION = _translation()
# Code points of 0x100 and above that are not in the alphabet stay as they are, so Latin-1 cannot encode them either.
assert len(_TRANSLATION) == 256 + 68


def byte_level_token(text: str) -> bytes:
    """The bytes of one token. A token with any character outside the alphabet (added tokens) is its UTF-8 text."""
    try:
        return text.translate(_TRANSLATION).encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")


def byte_level_tokens(texts: Iterable[str]) -> list[bytes]:
    """`byte_level_token` of each."""
    return [byte_level_token(text) for text in texts]
