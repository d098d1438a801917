"""Applying a token bitmask on the device: one program masks 32 * WORDS logits of a row.

A program reads each of its words once, spreads it over 32 lanes and stores -inf only where the bit is 0, so allowed
logits are neither read nor written: the traffic is the bitmask plus what is masked out. Covered by
tests/decoding/test_apply_kernel.py (interpreter) and tests/gpu/test_apply_gpu.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import triton
import triton.language as tl

_WORDS = 64  # of a program: 2048 logits


@triton.jit
def _apply_bitmask_kernel(
    logits,
    bitmask,
    row_indices,
    vocab,
    words,
    logits_stride,
    bitmask_stride,
    MAPPED: tl.constexpr,
    WORDS: tl.constexpr,
):
    row = tl.program_id(0).to(tl.int64)
    target = row
    if MAPPED:
        target = tl.load(row_indices + row).to(tl.int64)
    word = tl.program_id(1) * WORDS + tl.arange(0, WORDS)
    # Beyond the bitmask nothing is allowed.
    bits = tl.load(bitmask + row * bitmask_stride + word, mask=word < words, other=0)
    lane = tl.arange(0, 32)
    token = word[:, None] * 32 + lane[None, :]
    masked = ((bits[:, None] >> lane[None, :]) & 1) == 0
    tl.store(logits + target * logits_stride + token, -float("inf"), mask=masked & (token < vocab))


def apply_bitmask(
    logits: torch.Tensor, bitmask: torch.Tensor, rows: Sequence[int] | torch.Tensor | None = None
) -> None:
    """Arguments as checked by `apply_token_bitmask_inplace`: 2-D, contiguous rows, on one device, at least one row."""
    mapped = rows is not None
    if mapped:
        indices = rows if isinstance(rows, torch.Tensor) else torch.tensor(rows, dtype=torch.int32)
        indices = indices.to(device=logits.device, dtype=torch.int32, non_blocking=True)
    else:
        indices = bitmask  # any pointer: never read
    vocab, words = logits.shape[1], bitmask.shape[1]
    grid = (bitmask.shape[0], triton.cdiv(vocab, 32 * _WORDS))
    device = torch.cuda.device(logits.device) if logits.is_cuda else None
    arguments = (logits, bitmask, indices, vocab, words, logits.stride(0), bitmask.stride(0))
    if device is None:  # the interpreter
        _apply_bitmask_kernel[grid](*arguments, MAPPED=mapped, WORDS=_WORDS)
        return
    with device:
        _apply_bitmask_kernel[grid](*arguments, MAPPED=mapped, WORDS=_WORDS, num_warps=4)
