"""The definitions that kernels are compared with, written for clarity."""

from collections.abc import Sequence
from typing import Any


def random_bitmask(rows: int, vocab: int, density: float, generator: Any) -> Any:
    """int32 [rows, ceil(vocab / 32)]; a bit is set with probability `density`, bits beyond the vocabulary at random."""
    import torch

    words = (vocab + 31) // 32
    bits = (torch.rand(rows, words * 32, generator=generator) < density).view(rows, words, 32).long()
    values = (bits << torch.arange(32)).sum(-1)
    return torch.where(values >= 2**31, values - 2**32, values).to(torch.int32)


def reference_apply(logits: Any, bitmask: Any, indices: Sequence[int] | None = None) -> Any:
    """The logits after masking, as a new tensor."""
    import torch

    masked = logits.clone()
    for i, row in enumerate(range(len(bitmask)) if indices is None else indices):
        bits = (bitmask[i].long()[:, None] >> torch.arange(32)) & 1
        allowed = torch.zeros(masked.shape[1], dtype=torch.bool)
        width = min(masked.shape[1], bits.numel())
        allowed[:width] = bits.flatten()[:width] == 1
        masked[row][~allowed] = -float("inf")
    return masked
