"""Applying pooled masks by their slots: a step sends one int32 a row, the masks are on the device already.

One program masks a segment of a row: it looks up the base and the flips of the segment, and stores as
`apply_bitmask` does. Covered by tests/decoding/test_kernels.py (interpreter) and tests/gpu/test_pool_gpu.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

from maskforge.decoding.kernels.launch import device_of
from maskforge.decoding.kernels.tiles import (
    FLIPS_AT_ONCE,
    SEGMENT,
    SEGMENT_WORDS,
    forbid,
    mask_is_fresh,
    pooled_words,
)

if TYPE_CHECKING:
    from maskforge.decoding.mask_pool import MaskRows


@triton.jit
def _apply_mask_ids_kernel(
    logits,
    slots,
    stamp,
    stale,
    heads,
    stamps,
    bases,
    base_stamps,
    flips,
    segments,
    width,
    words,
    most_masks,
    most_flips,
    logits_stride,
    row_segments,
    WORDS: tl.constexpr,
    FLIPS: tl.constexpr,
):
    # One dimension, in which neighbours write to neighbouring memory and of which there may be 2^31.
    row = (tl.program_id(0) // row_segments).to(tl.int64)
    segment = tl.program_id(0) % row_segments
    slot = tl.load(slots + row).to(tl.int64)
    if slot != -1:
        fresh = mask_is_fresh(slot, tl.load(stamp), stamps, heads, base_stamps, most_masks)
        some = tl.where((slot >= 0) & (slot < most_masks), slot, 0)
        bits = pooled_words(some, segment, heads, bases, flips, segments, words, most_flips, WORDS, FLIPS)
        # Never a wrong mask: where it is stale nothing is allowed, and the host can ask which row it was.
        forbid(logits + row * logits_stride, segment, tl.where(fresh, bits, 0), width, WORDS)
        if not fresh:
            tl.atomic_max(stale, row.to(tl.int32) + 1)


def apply_mask_ids(logits: torch.Tensor, rows: MaskRows) -> None:
    """One launch on the current stream, no allocation, no synchronisation.

    logits: float32, float16 or bfloat16 [at most rows.capacity, width], a row contiguous; on the pool's device.
    Rows set to -1 stay as they are; a row whose mask was evicted loses all its tokens and is reported by `rows.check`.
    """
    if not logits.numel():
        return
    pool = rows.pool
    row_segments = triton.cdiv(logits.shape[1], SEGMENT)
    with device_of(logits):
        _apply_mask_ids_kernel[(logits.shape[0] * row_segments,)](
            logits,
            rows.slots,
            rows.stamp,
            rows.stale,
            pool.heads,
            pool.stamps,
            pool.bases,
            pool.base_stamps,
            pool.flips,
            pool.segments,
            logits.shape[1],
            pool.words,
            pool.most_masks,
            pool.most_flips,
            logits.stride(0),
            row_segments,
            WORDS=SEGMENT_WORDS,
            FLIPS=FLIPS_AT_ONCE,
            num_warps=4,
        )
