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


def reference_distribution(
    logits: Any, allowed: Any, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0, min_p: float = 0.0
) -> Any:
    """float64 [width]: the probability of each token, by the definitions; all 0 where nothing can be drawn.

    logits: [width] of any float dtype; allowed: bool [width].
    """
    import torch

    x = logits.double()
    alive = allowed & ~x.isnan() & (x > -float("inf"))
    probability = torch.zeros(len(x), dtype=torch.float64)
    if not bool(alive.any()):
        return probability
    if temperature == 0:
        probability[int(torch.where(alive, x, -float("inf")).argmax())] = 1.0  # of equal ones the first
        return probability
    x = torch.where(alive, x, -float("inf"))
    values = sorted({float(value) for value in x[alive]}, reverse=True)

    def keep(enough: Any) -> None:
        """Keeps what is at least the largest value at which `enough(kept)` is true."""
        nonlocal x
        for value in values:
            kept = x >= value
            if enough(kept) or value == values[-1]:
                x = torch.where(kept, x, -float("inf"))
                return

    def share() -> Any:
        return torch.softmax(x / temperature, dim=0)

    if top_k > 0:
        keep(lambda kept: int(kept.sum()) >= top_k)
    if top_p < 1:
        before = share()
        keep(lambda kept: float(before[kept].sum()) >= top_p * (1 - 1e-12))
    if min_p > 0:
        before = share()
        x = torch.where(before >= min_p * before.max() * (1 - 1e-12), x, -float("inf"))
    return share()


def reference_draw(probability: Any, uniform: float) -> int:
    """The first token whose cumulated probability exceeds `uniform`; -1 where there is none to draw."""
    cumulated = probability.cumsum(0)
    if float(cumulated[-1]) == 0:
        return -1
    return int((cumulated > uniform * float(cumulated[-1])).nonzero()[0])


def allowed_tokens(bitmask: Any, width: int) -> Any:
    """bool [width] of one row of a bitmask; False beyond it."""
    import torch

    bits = ((bitmask.long()[:, None] >> torch.arange(32)) & 1).flatten()[:width] == 1
    return torch.nn.functional.pad(bits, (0, width - len(bits)))
