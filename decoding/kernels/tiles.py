"""What the kernels share: the words of a mask for one segment of a row, and whether a pooled mask is still what it was.

A *segment* is 2,048 tokens, 64 words of a mask: one program's work. A pooled mask (`decoding/mask_pool.py`) is a base
with a short list of tokens about which the base is wrong, its *flips*, sorted and indexed by segment. Triton cannot
scatter into registers, so the flips of a segment are compared with all of its words, 32 flips at a time: a few integer
operations for each logit, and no second pass over the logits.
"""

from __future__ import annotations

import triton
import triton.language as tl

SEGMENT_WORDS = 64
SEGMENT = 32 * SEGMENT_WORDS
FLIPS_AT_ONCE = 32


@triton.jit
def mask_is_fresh(slot, stamp, stamps, heads, base_stamps, most_masks):
    """Whether slot and base still hold what they held when the row was set: both were written before `stamp`.

    A base that was written again after the mask that refers to it is another base.
    """
    known = (slot >= 0) & (slot < most_masks)
    written = tl.load(stamps + slot, mask=known, other=0)
    base = tl.load(heads + 2 * slot, mask=known, other=-1)
    base_written = tl.load(base_stamps + base, mask=known & (base >= 0), other=0)
    return known & (written > 0) & (written <= stamp) & (base_written <= written)


@triton.jit
def bitmask_words(bitmask, segment, words, WORDS: tl.constexpr):
    """int32 [WORDS]: a segment of a bitmask row; beyond its end nothing is allowed."""
    word = segment * WORDS + tl.arange(0, WORDS)
    return tl.load(bitmask + word, mask=word < words, other=0)


@triton.jit
def pooled_words(
    slot, segment, heads, bases, flips, segments, words, most_flips, WORDS: tl.constexpr, FLIPS: tl.constexpr
):
    """int32 [WORDS]: a segment of the mask in a slot (int64, one that exists).

    Only three loads follow one another, slot, index and flips; nothing here waits to know whether the mask is fresh.
    """
    base = tl.load(heads + 2 * slot).to(tl.int64)
    word = segment * WORDS + tl.arange(0, WORDS)
    bits = tl.load(bases + base * words + word, mask=word < tl.where(base >= 0, words, 0), other=0)
    last = (words + WORDS - 1) // WORDS  # segments of a mask; logits may have more
    index = segments + slot * (last + 1) + segment
    begin = tl.load(index, mask=segment < last, other=0)
    end = tl.load(index + 1, mask=segment < last, other=0)
    for start in range(begin, end, FLIPS):
        place = start + tl.arange(0, FLIPS)
        # No word equals -1.
        flip = tl.load(flips + slot * most_flips + place, mask=place < end, other=-1)
        bit = tl.where(place < end, 1, 0) << (flip & 31)
        here = (flip >> 5)[None, :] == word[:, None]
        # Flips are distinct, so their bits add up without carries.
        bits = bits ^ tl.sum(tl.where(here, bit[None, :], 0), axis=1)
    return bits


@triton.jit
def forbid(row, segment, bits, width, WORDS: tl.constexpr):
    """Stores -inf to the tokens of a segment of a row of logits whose bit is 0.

    Words without any bit, most of them where few tokens are allowed, are stored by themselves: there the predicate is
    the same for 32 neighbours, and the stores become 16 bytes wide.
    """
    lane = tl.arange(0, 32)
    token = segment * (WORDS * 32) + tl.arange(0, WORDS)[:, None] * 32 + lane[None, :]
    forbidden = ((bits[:, None] >> lane[None, :]) & 1) == 0
    empty = tl.broadcast_to((bits == 0)[:, None], (WORDS, 32))
    if (segment + 1) * (WORDS * 32) <= width:
        tl.store(row + token, -float("inf"), mask=empty)
        tl.store(row + token, -float("inf"), mask=forbidden & (bits != 0)[:, None])
    else:
        tl.store(row + token, -float("inf"), mask=forbidden & (token < width))
