"""Applying a token bitmask on the device: one program masks a segment of a row.

A program reads each of its words once, spreads it over 32 lanes and stores -inf only where the bit is 0, so allowed
logits are neither read nor written: the traffic is the bitmask plus what is masked out. Covered by
tests/decoding/test_kernels.py (interpreter) and tests/gpu/test_apply_gpu.py.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

from maskforge.decoding.kernels.launch import device_of
from maskforge.decoding.kernels.tiles import SEGMENT, SEGMENT_WORDS, bitmask_words, forbid


@triton.jit
def _apply_bitmask_kernel(
    logits,
    bitmask,
    indices,
    logits_rows,
    bitmask_rows,
    width,
    words,
    logits_stride,
    bitmask_stride,
    row_segments,
    SCATTER: tl.constexpr,  # indices[i]: the row of the logits for row i of the bitmask
    GATHER: tl.constexpr,  # indices[i]: the row of the bitmask for row i of the logits
    WORDS: tl.constexpr,
):
    # One dimension, in which neighbours write to neighbouring memory. 64 bits: rows times width may pass 2^31.
    target = (tl.program_id(0) // row_segments).to(tl.int64)
    segment = tl.program_id(0) % row_segments
    source = target
    if SCATTER:
        target = tl.load(indices + target).to(tl.int64)
    if GATHER:
        source = tl.load(indices + source).to(tl.int64)
    # A row without a mask, and never memory that is not ours.
    if (target >= 0) & (target < logits_rows) & (source >= 0) & (source < bitmask_rows):
        bits = bitmask_words(bitmask + source * bitmask_stride, segment, words, WORDS)
        forbid(logits + target * logits_stride, segment, bits, width, WORDS)


def apply_bitmask(
    logits: torch.Tensor,
    bitmask: torch.Tensor,
    indices: torch.Tensor | None = None,
    *,
    mask_rows: torch.Tensor | None = None,
) -> None:
    """One launch on the current stream, no allocation, no synchronisation.

    logits: float32, float16 or bfloat16 [rows, width], a row contiguous; rows may be strided.
    bitmask: int32 [mask rows, words] on the same device.
    indices: int32 [mask rows] on the same device: the row of the logits that row i of the bitmask is for.
    mask_rows: int32 [rows] on the same device: the row of the bitmask for row i of the logits. Of both at most one.
    An index outside the rows, such as -1, means: no constraint.
    """
    if not bitmask.shape[0] or not logits.numel():
        return
    mapping = indices if indices is not None else mask_rows if mask_rows is not None else bitmask  # then never read
    count = logits.shape[0] if mask_rows is not None else bitmask.shape[0]
    row_segments = triton.cdiv(logits.shape[1], SEGMENT)
    with device_of(logits):
        _apply_bitmask_kernel[(count * row_segments,)](
            logits,
            bitmask,
            mapping,
            logits.shape[0],
            bitmask.shape[0],
            logits.shape[1],
            bitmask.shape[1],
            logits.stride(0),
            bitmask.stride(0),
            row_segments,
            SCATTER=indices is not None,
            GATHER=mask_rows is not None,
            WORDS=SEGMENT_WORDS,
            num_warps=4,
        )
