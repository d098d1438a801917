"""Small models with random weights, and the vocabulary they speak."""

from functools import cache
from typing import Any

import pytest

EOS, PAD, BOS = 0, 1, 2
# Letters, digits, punctuation and some longer tokens: many ways to write the same text.
WORDS = [
    *(bytes([byte]) for byte in range(0x20, 0x7F)),
    *(b"yes", b"no", b"ma", b"ybe", b" a", b" the", b"th", b"he", b"123", b'": ', b'{"', b'"}', b", ", b"true", b"al"),
    *(b"\n", "é".encode(), "東".encode()[:2], "東".encode()[2:], b"\xff"),
]
SIZE = 128


def tokens() -> list[bytes]:
    """The bytes of each id: three that are never text, the words, and unused ids up to SIZE."""
    return [b"", b"", b"", *WORDS, *[b""] * (SIZE - 3 - len(WORDS))]


@cache
def tiny_llama(seed: int, vocab_size: int = SIZE, layers: int = 2, scale: float = 1.0) -> Any:
    """A Llama of a few thousand weights; `scale` sharpens its opinions so that beams and samples differ."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    config = transformers.LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        eos_token_id=EOS,
        bos_token_id=BOS,
        pad_token_id=PAD,
    )
    torch.set_num_threads(1)  # such small matrices only lose by threads, and badly where other tests run beside them
    torch.manual_seed(seed)
    model = transformers.LlamaForCausalLM(config).eval()
    with torch.no_grad():
        model.lm_head.weight.mul_(20.0 * scale)
    model.generation_config.eos_token_id = EOS
    model.generation_config.pad_token_id = PAD
    return model
