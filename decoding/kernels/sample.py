"""Masked sampling in two launches: mask, temperature, greedy or top-k / top-p / min-p, and the draw.

    1. scan   one program a segment of a row: maximum and sum of exp() of its allowed logits (and, if asked for, of the
              forbidden ones). Where a pooled mask is a list of tokens the program ends at once: nothing is read.
    2. draw   one program a row: finds the threshold below which the filters drop tokens, and draws.

Filters are thresholds: top-k keeps what is at least the k-th largest logit, top-p what is at least the largest
threshold above which lies a share p of the rest, min-p what is at least min_p times as likely as the likeliest. So
equal logits stay or go together, and no order among them is invented. A threshold is found by bisection over the bits
of a float, which are ordered like the numbers; in a long row four ways at a time, reading only segments whose maximum
reaches the bracket.

The draw inverts the distribution function: with u from Philox, the first token, in the order of ids, whose cumulated
mass exceeds u times the total. Every path (lists, bitmasks, the CPU's) draws by that rule from the same u, so they
agree but for rounding.

Nothing is allocated and nothing waits, so both launches can be captured in a CUDA graph. Covered by
tests/decoding/test_kernels.py (interpreter) and tests/gpu/test_pool_gpu.py; `plain.py` beside this is the same in plain
PyTorch.
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
    bitmask_words,
    mask_is_fresh,
    pooled_words,
)

if TYPE_CHECKING:
    from maskforge.decoding.mask_pool import MaskRows
    from maskforge.decoding.sampling import SampleBuffers

# How the rows are masked.
NO_MASK, BITMASK, POOL = 0, 1, 2
_SHORT_LIST = 256  # lists up to here are drawn by a smaller program

_NOTHING = tl.constexpr(-float("inf"))
_LOG2E = tl.constexpr(1.4426950408889634)
_LN2 = tl.constexpr(0.6931471805599453)
_LOWEST = tl.constexpr(-2139095040)  # the key of the smallest float32 above -inf


@triton.jit
def _clean(x):
    """float32 logits without NaN (never drawn) and without the second zero, so that bits are ordered like numbers."""
    x = x.to(tl.float32)
    return tl.where(x == x, x + 0.0, _NOTHING)


@triton.jit
def _key(x):
    """The bits of a float32 as an int32 of the same order."""
    bits = x.to(tl.int32, bitcast=True)
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)


@triton.jit
def _value(key):
    """The float32 of a key: the inverse of `_key`."""
    return (key ^ ((key >> 31) & 0x7FFFFFFF)).to(tl.float32, bitcast=True)


@triton.jit
def _mass(x, peak, scale):
    """exp((x - peak) / temperature) for x <= peak; `scale` is log2(e) / temperature. Both may be infinite."""
    return tl.where(x == _NOTHING, 0.0, tl.where(x == peak, 1.0, tl.exp2((x - peak) * scale)))


@triton.jit
def _uniform(seed, step, stream):
    """A float64 in [0, 1): the first two words of Philox4x32-10, key `seed`, counter (step, step >> 32, stream, 0)."""
    low = step.to(tl.uint32)
    high = (step >> 32).to(tl.uint32)
    first, second, third, fourth = tl.philox(seed, low, high, stream.to(tl.uint32), low * 0)
    # 53 bits, so that 1.0 is never reached.
    bits = (first.to(tl.uint64) << 21) ^ (second.to(tl.uint64) >> 11)
    return bits.to(tl.float64) * 1.1102230246251565e-16


@triton.jit
def _list_threshold(keys, weights, target, low, high):
    """The largest key at or above which `weights` add up to `target` or more. Requires that at `low` they do."""
    floor = low.to(tl.int64)
    ceiling = high.to(tl.int64) + 1
    while ceiling - floor > 1:
        middle = floor + (ceiling - floor) // 2
        enough = tl.sum(tl.where(keys >= middle.to(tl.int32), weights, 0.0), axis=0) >= target
        floor = tl.where(enough, middle, floor)
        ceiling = tl.where(enough, ceiling, middle)
    return floor.to(tl.int32)


@triton.jit
def _pick(mass, place, target):
    """The first place whose cumulated mass exceeds `target`; rounding may leave none, then the last with any mass."""
    cumulated = tl.cumsum(mass, axis=0)
    far = 0x7FFFFFFF
    first = tl.min(tl.where((cumulated > target) & (mass > 0.0), place, far), axis=0)
    last = tl.max(tl.where(mass > 0.0, place, -1), axis=0)
    return tl.where(first == far, last, first)


@triton.jit
def _draw_from_list(row, ids, count, width, temperature, top_k, top_p, min_p, uniform, BLOCK: tl.constexpr):
    """A token of a list of `count` <= BLOCK ids; -1 where none of their logits is above -inf. All in registers."""
    place = tl.arange(0, BLOCK)
    token = tl.load(ids + place, mask=place < count, other=0)
    x = _clean(tl.load(row + token, mask=(place < count) & (token < width), other=_NOTHING))
    peak = tl.max(x, axis=0)
    greedy = temperature <= 0.0
    scale = _LOG2E / tl.where(greedy, 1.0, temperature)
    mass = _mass(x, peak, scale)
    mass = tl.where(greedy, tl.where(x == peak, 1.0, 0.0), mass)
    if not greedy:
        keys = _key(x)
        low = tl.min(keys, axis=0)
        high = tl.max(keys, axis=0)
        if (top_k > 0) & (top_k < count):
            low = _list_threshold(keys, tl.where(place < count, 1.0, 0.0), top_k.to(tl.float32), low, high)
            mass = tl.where(keys >= low, mass, 0.0)
        if top_p < 1.0:
            low = _list_threshold(keys, mass, top_p * tl.sum(mass, axis=0), low, high)
            mass = tl.where(keys >= low, mass, 0.0)
        mass = tl.where(mass >= min_p, mass, 0.0)
    total = tl.sum(mass, axis=0).to(tl.float64)
    target = tl.where(greedy, 0.0, (uniform * total).to(tl.float32))
    chosen = _pick(mass, place, target)
    drawn = tl.sum(tl.where(place == chosen, token, 0), axis=0)
    return tl.where(peak == _NOTHING, -1, drawn)


@triton.jit
def _allowed(row, words, word_count, segment, width, WORDS: tl.constexpr, MASKED: tl.constexpr):
    """float32 [WORDS, 32]: the logits of a segment, -inf where they are not allowed. `words`: the row's bitmask."""
    lane = tl.arange(0, 32)
    token = segment * (WORDS * 32) + tl.arange(0, WORDS)[:, None] * 32 + lane[None, :]
    if MASKED:
        bits = bitmask_words(words, segment, word_count, WORDS)
        # Whole words are read, so that the predicate does not keep loads from being wide.
        read = tl.broadcast_to((bits != 0)[:, None], (WORDS, 32))
        if (segment + 1) * (WORDS * 32) > width:
            read = read & (token < width)
        x = _clean(tl.load(row + token, mask=read, other=_NOTHING))
        x = tl.where(((bits[:, None] >> lane[None, :]) & 1) != 0, x, _NOTHING)
    else:
        x = _clean(tl.load(row + token, mask=token < width, other=_NOTHING))
    return x


@triton.jit
def _row_threshold(
    row,
    words,
    word_count,
    peaks,
    count,
    width,
    peak,
    scale,
    low,
    high,
    target,
    BY_MASS: tl.constexpr,
    WORDS: tl.constexpr,
    MASKED: tl.constexpr,
):
    """A key as `_list_threshold` finds it, or one that keeps the same tokens, for a whole row: by count or BY_MASS.

    Four ways at a time. Ends early where at most one token lies in the bracket.
    """
    floor = low.to(tl.int64)
    ceiling = high.to(tl.int64) + 1
    between = width + 1
    while (ceiling - floor > 1) & (between > 1):
        quarter = (ceiling - floor) // 4
        third = floor + tl.maximum(3 * quarter, 1)
        second = floor + tl.maximum(2 * quarter, 1)
        first = floor + tl.maximum(quarter, 1)
        count_0 = tl.zeros((WORDS, 32), tl.int32)
        count_4 = tl.zeros((WORDS, 32), tl.int32)
        count_1 = tl.zeros((WORDS, 32), tl.int32)
        count_2 = tl.zeros((WORDS, 32), tl.int32)
        count_3 = tl.zeros((WORDS, 32), tl.int32)
        mass_1 = tl.zeros((WORDS, 32), tl.float32)
        mass_2 = tl.zeros((WORDS, 32), tl.float32)
        mass_3 = tl.zeros((WORDS, 32), tl.float32)
        for segment in range(0, count):
            if _key(tl.load(peaks + segment)) >= floor.to(tl.int32):
                x = _allowed(row, words, word_count, segment, width, WORDS, MASKED)
                keys = _key(x)
                in_1 = keys >= first.to(tl.int32)
                in_2 = keys >= second.to(tl.int32)
                in_3 = keys >= third.to(tl.int32)
                count_0 += (keys >= floor.to(tl.int32)).to(tl.int32)
                count_1 += in_1.to(tl.int32)
                count_2 += in_2.to(tl.int32)
                count_3 += in_3.to(tl.int32)
                count_4 += (keys >= ceiling.to(tl.int32)).to(tl.int32)
                if BY_MASS:
                    mass = _mass(x, peak, scale)
                    mass_1 += tl.where(in_1, mass, 0.0)
                    mass_2 += tl.where(in_2, mass, 0.0)
                    mass_3 += tl.where(in_3, mass, 0.0)
        n_0 = tl.sum(tl.sum(count_0, axis=1), axis=0)
        n_1 = tl.sum(tl.sum(count_1, axis=1), axis=0)
        n_2 = tl.sum(tl.sum(count_2, axis=1), axis=0)
        n_3 = tl.sum(tl.sum(count_3, axis=1), axis=0)
        n_4 = tl.sum(tl.sum(count_4, axis=1), axis=0)
        if BY_MASS:
            enough_1 = tl.sum(tl.sum(mass_1, axis=1), axis=0) >= target
            enough_2 = tl.sum(tl.sum(mass_2, axis=1), axis=0) >= target
            enough_3 = tl.sum(tl.sum(mass_3, axis=1), axis=0) >= target
        else:
            enough_1 = n_1.to(tl.float32) >= target
            enough_2 = n_2.to(tl.float32) >= target
            enough_3 = n_3.to(tl.float32) >= target
        below = tl.where(enough_3, n_3, tl.where(enough_2, n_2, tl.where(enough_1, n_1, n_0)))
        above = tl.where(enough_3, n_4, tl.where(enough_2, n_3, tl.where(enough_1, n_2, n_1)))
        new_floor = tl.where(enough_3, third, tl.where(enough_2, second, tl.where(enough_1, first, floor)))
        ceiling = tl.where(enough_3, ceiling, tl.where(enough_2, third, tl.where(enough_1, second, first)))
        floor = new_floor
        between = below - above
    return floor.to(tl.int32)


@triton.jit
def _shares(
    row,
    words,
    word_count,
    peaks,
    count,
    width,
    peak,
    scale,
    threshold,
    min_p,
    SEGMENTS: tl.constexpr,
    WORDS: tl.constexpr,
    MASKED: tl.constexpr,
):
    """float32 [SEGMENTS]: the mass of each segment's tokens at or above a key and at least `min_p`."""
    place = tl.arange(0, SEGMENTS)
    shares = tl.zeros((SEGMENTS,), tl.float32)
    for segment in range(0, count):
        if _key(tl.load(peaks + segment)) >= threshold:
            x = _allowed(row, words, word_count, segment, width, WORDS, MASKED)
            mass = _mass(x, peak, scale)
            mass = tl.where((_key(x) >= threshold) & (mass >= min_p), mass, 0.0)
            shares = tl.where(place == segment, tl.sum(tl.sum(mass, axis=1), axis=0), shares)
    return shares


@triton.jit
def _draw_from_row(
    row,
    words,
    word_count,
    peaks,
    masses,
    width,
    temperature,
    top_k,
    top_p,
    min_p,
    uniform,
    SEGMENTS: tl.constexpr,
    WORDS: tl.constexpr,
    MASKED: tl.constexpr,
):
    """A token of a row whose segments were scanned; -1 where no allowed logit is above -inf."""
    count = (width + WORDS * 32 - 1) // (WORDS * 32)
    place = tl.arange(0, SEGMENTS)
    segment_peaks = tl.load(peaks + place, mask=place < count, other=_NOTHING)
    peak = tl.max(segment_peaks, axis=0)
    drawn = -1
    if peak != _NOTHING:
        greedy = temperature <= 0.0
        scale = _LOG2E / tl.where(greedy, 1.0, temperature)
        high = _key(peak)
        threshold = tl.where(greedy, high, _LOWEST)
        shares = tl.load(masses + place, mask=place < count, other=0.0) * _mass(segment_peaks, peak, scale)
        if greedy:
            shares = tl.where(segment_peaks == peak, 1.0, 0.0)
        else:
            if (top_k > 0) & (top_k < width):
                if top_k <= count:
                    # The k-th largest maximum of a segment: k tokens are at least that.
                    keys = _key(segment_peaks)
                    ones = tl.where(place < count, 1.0, 0.0)
                    floor = _list_threshold(keys, ones, top_k.to(tl.float32), tl.min(keys, axis=0), high)
                    threshold = tl.maximum(threshold, floor)
                threshold = _row_threshold(
                    row, words, word_count, peaks, count, width, peak, scale, threshold, high, top_k.to(tl.float32),
                    False, WORDS, MASKED
                )  # fmt: skip
                shares = _shares(
                    row, words, word_count, peaks, count, width, peak, scale, threshold, 0.0, SEGMENTS, WORDS, MASKED
                )
            if top_p < 1.0:
                total = tl.sum(shares, axis=0)
                # Tokens below this have, all together, less than half of the share that may be dropped; the sum is
                # rounded to the next float at most.
                least = (1.0 - top_p) * 0.5 * total / width
                floor = tl.maximum(threshold, tl.minimum(_key(peak + tl.log2(least) / scale) - 1, high))
                threshold = _row_threshold(
                    row, words, word_count, peaks, count, width, peak, scale, floor, high, top_p * total, True, WORDS,
                    MASKED
                )  # fmt: skip
            if (top_p < 1.0) | (min_p > 0.0):
                shares = _shares(
                    row, words, word_count, peaks, count, width, peak, scale, threshold, min_p, SEGMENTS, WORDS, MASKED
                )
        exact = shares.to(tl.float64)
        total = tl.sum(exact, axis=0)
        target = tl.where(greedy, 0.0, uniform * total)
        segment = _pick(exact, place, target)
        before = tl.sum(tl.where(place < segment, exact, 0.0), axis=0)
        share = tl.sum(tl.where(place == segment, exact, 0.0), axis=0)

        # Once more the segment in which the token lies.
        inner = tl.arange(0, WORDS * 32)
        token = segment * (WORDS * 32) + inner
        x = _clean(tl.load(row + token, mask=token < width, other=_NOTHING))
        if MASKED:
            bits = tl.load(words + token // 32, mask=(token < width) & (token // 32 < word_count), other=0)
            x = tl.where(((bits >> (token & 31)) & 1) != 0, x, _NOTHING)
        mass = _mass(x, peak, scale)
        mass = tl.where((_key(x) >= threshold) & (mass >= tl.where(greedy, 0.0, min_p)), mass, 0.0)
        rest = (target - before) / share * tl.sum(mass, axis=0)
        drawn = segment * (WORDS * 32) + _pick(mass, inner, rest.to(tl.float32))
    return drawn


@triton.jit
def _log_total(peaks, masses, count, scale, SEGMENTS: tl.constexpr):
    """(maximum, log2 of the sum of exp relative to it) over the segments of a row."""
    place = tl.arange(0, SEGMENTS)
    segment_peaks = tl.load(peaks + place, mask=place < count, other=_NOTHING)
    peak = tl.max(segment_peaks, axis=0)
    masses = tl.load(masses + place, mask=place < count, other=0.0)
    return peak, tl.log2(tl.sum(masses * _mass(segment_peaks, peak, scale), axis=0))


@triton.jit
def _scan_kernel(
    logits,
    bitmask,
    slots,
    heads,
    bases,
    flips,
    segments,
    temperatures,
    row_words,
    peaks,
    masses,
    dropped_peaks,
    dropped_masses,
    width,
    mask_words,
    most_masks,
    most_flips,
    logits_stride,
    bitmask_stride,
    row_segments,
    MODE: tl.constexpr,
    REMOVED: tl.constexpr,
    WORDS: tl.constexpr,
    FLIPS: tl.constexpr,
):
    row = (tl.program_id(0) // row_segments).to(tl.int64)
    segment = tl.program_id(0) % row_segments
    wanted = True
    bits = tl.zeros((WORDS,), tl.int32) - 1
    if MODE == 1:
        bits = bitmask_words(bitmask + row * bitmask_stride, segment, mask_words, WORDS)
    if MODE == 2:
        slot = tl.load(slots + row).to(tl.int64)
        if slot != -1:
            # A stale mask is found in the second launch; here any slot that exists will do.
            slot = tl.where((slot >= 0) & (slot < most_masks), slot, 0)
            if not REMOVED:
                wanted = tl.load(heads + 2 * slot) >= 0
            if wanted:
                bits = pooled_words(slot, segment, heads, bases, flips, segments, mask_words, most_flips, WORDS, FLIPS)
    if wanted:
        target = logits + row * logits_stride
        lane = tl.arange(0, 32)
        word = segment * WORDS + tl.arange(0, WORDS)
        token = word[:, None] * 32 + lane[None, :]
        temperature = tl.load(temperatures + row)
        scale = _LOG2E / tl.where(temperature <= 0.0, 1.0, temperature)
        allowed = ((bits[:, None] >> lane[None, :]) & 1) != 0
        read = tl.broadcast_to((bits != 0)[:, None], (WORDS, 32))
        if REMOVED:
            read = tl.full((WORDS, 32), True, tl.int1)
        if (segment + 1) * (WORDS * 32) > width:
            read = read & (token < width)
        x = _clean(tl.load(target + token, mask=read, other=_NOTHING))
        at = row * row_segments + segment
        kept = tl.where(allowed, x, _NOTHING)
        peak = tl.max(tl.max(kept, axis=1), axis=0)
        tl.store(peaks + at, peak)
        tl.store(masses + at, tl.sum(tl.sum(_mass(kept, peak, scale), axis=1), axis=0))
        if REMOVED:
            dropped = tl.where(allowed, _NOTHING, x)
            dropped_peak = tl.max(tl.max(dropped, axis=1), axis=0)
            tl.store(dropped_peaks + at, dropped_peak)
            tl.store(dropped_masses + at, tl.sum(tl.sum(_mass(dropped, dropped_peak, scale), axis=1), axis=0))
        if MODE == 2:  # so that the second launch need not look up flips again
            row_width = (width + 31) // 32
            tl.store(row_words + row * row_width + word, bits, mask=word < row_width)


@triton.jit
def _draw_kernel(
    logits,
    bitmask,
    slots,
    stamp,
    stale,
    heads,
    stamps,
    base_stamps,
    flips,
    temperatures,
    top_ks,
    top_ps,
    min_ps,
    seeds,
    steps,
    streams,
    row_words,
    peaks,
    masses,
    dropped_peaks,
    dropped_masses,
    token_ids,
    log_removed,
    width,
    mask_words,
    most_masks,
    most_flips,
    logits_stride,
    bitmask_stride,
    MODE: tl.constexpr,
    REMOVED: tl.constexpr,
    LIST: tl.constexpr,
    SHORT_LIST: tl.constexpr,
    SEGMENTS: tl.constexpr,
    WORDS: tl.constexpr,
):
    row = tl.program_id(0).to(tl.int64)
    step = tl.load(steps + row)
    uniform = _uniform(tl.load(seeds + row), step, tl.load(streams + row))
    tl.store(steps + row, step + 1)
    temperature = tl.load(temperatures + row)
    top_k = tl.load(top_ks + row)
    top_p = tl.load(top_ps + row)
    min_p = tl.load(min_ps + row)

    target = logits + row * logits_stride
    count = (width + WORDS * 32 - 1) // (WORDS * 32)
    words = bitmask + row * bitmask_stride
    word_count = mask_words
    fresh = True
    listed = 0
    if MODE == 2:
        word_count = (width + 31) // 32
        words = row_words + row * word_count
        slot = tl.load(slots + row).to(tl.int64)
        if slot != -1:
            fresh = mask_is_fresh(slot, tl.load(stamp), stamps, heads, base_stamps, most_masks)
            if fresh:
                listed = (tl.load(heads + 2 * slot) < 0).to(tl.int32)
    drawn = tl.full((), -1, tl.int32)
    if fresh:
        if MODE == 2:
            if listed > 0:
                ids = flips + slot * most_flips
                length = tl.load(heads + 2 * slot + 1)
                if length <= SHORT_LIST:
                    drawn = _draw_from_list(
                        target, ids, length, width, temperature, top_k, top_p, min_p, uniform, SHORT_LIST
                    )
                else:
                    drawn = _draw_from_list(target, ids, length, width, temperature, top_k, top_p, min_p, uniform, LIST)
        if listed == 0:
            drawn = _draw_from_row(
                target, words, word_count, peaks + row * count, masses + row * count, width, temperature, top_k, top_p,
                min_p, uniform, SEGMENTS, WORDS, MODE != 0,
            )  # fmt: skip
    elif MODE == 2:
        tl.atomic_max(stale, row.to(tl.int32) + 1)
    tl.store(token_ids + row, drawn.to(tl.int64))
    if REMOVED:
        removed = tl.full((), float("nan"), tl.float32)
        if fresh:
            scale = _LOG2E / tl.where(temperature <= 0.0, 1.0, temperature)
            at = row * count
            kept_peak, kept = _log_total(peaks + at, masses + at, count, scale, SEGMENTS)
            dropped_peak, dropped = _log_total(dropped_peaks + at, dropped_masses + at, count, scale, SEGMENTS)
            # log2 of dropped / kept.
            odds = (dropped_peak - kept_peak) * scale + dropped - kept
            removed = (tl.minimum(odds, 0.0) - tl.log2(1.0 + tl.exp2(-tl.abs(odds)))) * _LN2
            removed = tl.where(dropped_peak == _NOTHING, _NOTHING, removed)
            removed = tl.where((kept_peak == _NOTHING) & (dropped_peak != _NOTHING), 0.0, removed)
        tl.store(log_removed + row, removed)


def sample(
    logits: torch.Tensor,
    buffers: SampleBuffers,
    *,
    bitmask: torch.Tensor | None = None,
    rows: MaskRows | None = None,
    removed: bool = False,
    scan: bool = True,
) -> None:
    """Draws a token for each row into `buffers.token_ids` and advances `buffers.steps`; two launches, nothing else.

    logits: float32, float16 or bfloat16 [rows, width], a row contiguous. Masked by a bitmask (int32 [rows, words] on
    the same device), by pooled masks, or not at all; arguments were checked by `maskforge.decoding.sampling`.
    removed: also fills `buffers.log_removed`; every logit is read then.
    scan: False leaves the first launch out. Only where every row has a list and `removed` is off.
    """
    count, width = logits.shape
    if not count:
        return
    segments = triton.cdiv(width, SEGMENT)
    mode = POOL if rows is not None else BITMASK if bitmask is not None else NO_MASK
    anything = buffers.token_ids  # for pointers that are never read
    if rows is not None:
        pool = rows.pool
        slots, stamp, stale, heads, stamps = rows.slots, rows.stamp, rows.stale, pool.heads, pool.stamps
        bases, base_stamps, flips, starts = pool.bases, pool.base_stamps, pool.flips, pool.segments
        words, most_masks, most_flips = pool.words, pool.most_masks, pool.most_flips
    else:
        slots = stamp = stale = heads = stamps = bases = base_stamps = flips = starts = anything
        words, most_masks, most_flips = 0 if bitmask is None else bitmask.shape[1], 0, 1
    mask = anything if bitmask is None else bitmask
    mask_stride = 0 if bitmask is None else bitmask.stride(0)
    with device_of(logits):
        if scan:
            _scan_kernel[(count * segments,)](
                *(logits, mask, slots, heads, bases, flips, starts),
                *(buffers.temperatures, buffers.words, buffers.peaks, buffers.masses),
                *(buffers.dropped_peaks, buffers.dropped_masses),
                *(width, words, most_masks, most_flips, logits.stride(0), mask_stride, segments),
                MODE=mode,
                REMOVED=removed,
                WORDS=SEGMENT_WORDS,
                FLIPS=FLIPS_AT_ONCE,
                num_warps=4,
            )
        _draw_kernel[(count,)](
            *(logits, mask, slots, stamp, stale, heads, stamps, base_stamps, flips),
            *(buffers.temperatures, buffers.top_ks, buffers.top_ps, buffers.min_ps),
            *(buffers.seeds, buffers.steps, buffers.streams),
            *(buffers.words, buffers.peaks, buffers.masses, buffers.dropped_peaks, buffers.dropped_masses),
            *(buffers.token_ids, buffers.log_removed),
            *(width, words, most_masks, most_flips, logits.stride(0), mask_stride),
            MODE=mode,
            REMOVED=removed,
            LIST=triton.next_power_of_2(most_flips),
            SHORT_LIST=_SHORT_LIST,
            SEGMENTS=triton.next_power_of_2(segments),
            WORDS=SEGMENT_WORDS,
            num_warps=8,
        )
