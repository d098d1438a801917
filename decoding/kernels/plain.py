"""The kernels' operations in plain PyTorch: the fallback on a CPU, by the same rules and with the same random numbers.

`apply_mask_ids` and `sample` take what the functions of the same names in this folder take. Covered by
tests/decoding/test_mask_pool.py and test_sampling.py, which compare them with definitions of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from maskforge.decoding.mask_pool import StaleMaskError

if TYPE_CHECKING:
    from maskforge.decoding.mask_pool import MaskPool, MaskRows
    from maskforge.decoding.sampling import SampleBuffers

_NOTHING = -float("inf")


def apply_mask_ids(logits: torch.Tensor, rows: MaskRows) -> None:
    """See apply_mask_ids.py. Stale rows cannot be on a CPU: what `set` checked is what is used."""
    pool, slots = rows.pool, rows.host_slots[: logits.shape[0]]
    _require_fresh(rows)
    lists = pool.few_allowed(slots)
    for row in lists.nonzero()[0].tolist():
        ids = pool.flips_of(int(slots[row]))
        ids = ids[ids < logits.shape[1]]
        kept = logits[row, ids]
        logits[row] = _NOTHING
        logits[row, ids] = kept
    dense = ((slots >= 0) & ~lists).nonzero()[0].tolist()
    if dense:
        from maskforge.decoding.bitmask import apply_token_bitmask_inplace

        apply_token_bitmask_inplace(logits, _bitmask(pool, [int(slots[row]) for row in dense]), dense)


def sample(
    logits: torch.Tensor,
    buffers: SampleBuffers,
    *,
    bitmask: torch.Tensor | None = None,
    rows: MaskRows | None = None,
    removed: bool = False,
    scan: bool = True,
) -> None:
    """See sample.py."""
    count = logits.shape[0]
    uniforms = uniform(buffers.seeds[:count], buffers.steps[:count], buffers.streams[:count])
    buffers.steps[:count] += 1
    dense = torch.arange(count)
    if rows is not None:
        _require_fresh(rows)
        slots = rows.host_slots[:count]
        lists = torch.from_numpy(rows.pool.few_allowed(slots))
        if not removed and bool(lists.any()):
            listed = lists.nonzero().flatten()
            buffers.token_ids[listed] = _draw_lists(logits, listed, slots, rows.pool, buffers, uniforms)
            dense = (~lists).nonzero().flatten()
        if not len(dense):
            return
        constrained = torch.from_numpy(slots >= 0)[dense]
        allowed = torch.ones(len(dense), logits.shape[1], dtype=torch.bool)
        if bool(constrained.any()):
            chosen = [int(slots[row]) for row in dense[constrained].tolist()]
            allowed[constrained] = _bits(_bitmask(rows.pool, chosen), logits.shape[1])
    elif bitmask is not None:
        allowed = _bits(bitmask, logits.shape[1])
    else:
        allowed = torch.ones(count, logits.shape[1], dtype=torch.bool)
    x = _clean(logits if len(dense) == count else logits[dense])
    kept = x.masked_fill(~allowed, _NOTHING)
    chosen_places = _draw(kept, buffers, dense, uniforms)
    buffers.token_ids[dense] = chosen_places
    if removed:
        temperature = buffers.temperatures[dense].double()
        temperature = torch.where(temperature <= 0, 1.0, temperature)[:, None]
        total = torch.logsumexp(x.double() / temperature, dim=1)
        dropped = torch.logsumexp(x.double().masked_fill(allowed, _NOTHING) / temperature, dim=1)
        buffers.log_removed[dense] = torch.where(dropped == _NOTHING, _NOTHING, dropped - total).float()


def uniform(seeds: torch.Tensor, steps: torch.Tensor, streams: torch.Tensor) -> torch.Tensor:
    """float64 in [0, 1) of each row: Philox4x32-10 (Salmon et al. 2011), key `seed`, counter (step, step >> 32,
    stream, 0).

    Its first two words make the 53 bits of the number.
    """
    low = 0xFFFFFFFF
    counter = [steps & low, (steps >> 32) & low, streams.long() & low, torch.zeros_like(steps)]
    key = [seeds & low, (seeds >> 32) & low]
    for _ in range(10):
        high_0, low_0 = _multiply(0xD2511F53, counter[0])
        high_2, low_2 = _multiply(0xCD9E8D57, counter[2])
        counter = [high_2 ^ counter[1] ^ key[0], low_2, high_0 ^ counter[3] ^ key[1], low_0]
        key = [(key[0] + 0x9E3779B9) & low, (key[1] + 0xBB67AE85) & low]
    return ((counter[0] << 21) ^ (counter[1] >> 11)).double() * 2.0**-53


def _multiply(factor: int, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """High and low 32 bits of a product of 32-bit numbers, in halves, since int64 is signed."""
    low = factor * (value & 0xFFFF)
    high = factor * (value >> 16) + (low >> 16)
    return high >> 16, ((high & 0xFFFF) << 16) | (low & 0xFFFF)


def _clean(x: torch.Tensor) -> torch.Tensor:
    x = x.float()
    return torch.where(x.isnan(), _NOTHING, x)


def _draw_lists(
    logits: torch.Tensor,
    listed: torch.Tensor,
    slots: Any,
    pool: MaskPool,
    buffers: SampleBuffers,
    uniforms: torch.Tensor,
) -> torch.Tensor:
    """The tokens of rows whose masks are lists: only the logits of these are read."""
    lists = [pool.flips_of(int(slots[row])) for row in listed.tolist()]
    ids = torch.nn.utils.rnn.pad_sequence(lists, batch_first=True, padding_value=logits.shape[1]).long()
    if ids.shape[1] == 0:
        return torch.full((len(lists),), -1)
    inside = ids < logits.shape[1]
    x = logits[listed[:, None], torch.where(inside, ids, 0)]
    place = _draw(_clean(x).masked_fill(~inside, _NOTHING), buffers, listed, uniforms)
    return torch.where(place < 0, -1, ids.gather(1, place.clamp(min=0)[:, None])[:, 0])


def _draw(x: torch.Tensor, buffers: SampleBuffers, rows: torch.Tensor, uniforms: torch.Tensor) -> torch.Tensor:
    """A column for each row of x, float32 [rows, n] with -inf for what is not allowed; -1 where everything is."""
    temperature = buffers.temperatures[rows]
    greedy = temperature <= 0
    peak = x.amax(dim=1, keepdim=True)
    if bool(greedy.all()):
        return torch.where(peak[:, 0] == _NOTHING, -1, (x == peak).float().argmax(dim=1))
    scale = 1.0 / torch.where(greedy, 1.0, temperature)[:, None]
    mass = torch.where(x == peak, 1.0, torch.exp((x - peak) * scale)).masked_fill(x == _NOTHING, 0.0)
    mass = torch.where(greedy[:, None], (x == peak).float(), mass)
    top_k, top_p, min_p = buffers.top_ks[rows], buffers.top_ps[rows], buffers.min_ps[rows]
    filtered = ~greedy & (top_k > 0) & (top_k < x.shape[1])
    if bool(filtered.any()):
        k = torch.where(filtered, top_k, x.shape[1]).long()
        largest = x.topk(int(k[filtered].max()), dim=1).values
        least = largest.gather(1, (k.clamp(max=largest.shape[1]) - 1)[:, None])
        mass = mass.masked_fill(filtered[:, None] & (x < least), 0.0)
    filtered = ~greedy & (top_p < 1)
    if bool(filtered.any()):
        values, order = x.sort(dim=1, descending=True)
        cumulated = mass.gather(1, order).double().cumsum(dim=1)
        enough = (cumulated >= top_p[:, None].double() * cumulated[:, -1:]).float()
        least = values.gather(1, enough.argmax(dim=1, keepdim=True))
        mass = mass.masked_fill(filtered[:, None] & (x < least), 0.0)
    mass = mass.masked_fill(~greedy[:, None] & (mass < min_p[:, None]), 0.0)
    cumulated = mass.double().cumsum(dim=1)
    target = torch.where(greedy, 0.0, uniforms[rows])[:, None] * cumulated[:, -1:]
    place = torch.searchsorted(cumulated, target, right=True)[:, 0].clamp(max=x.shape[1] - 1)
    beyond = mass.gather(1, place[:, None])[:, 0] == 0  # rounding left none: then the last with any mass
    if bool(beyond.any()):
        place[beyond] = x.shape[1] - 1 - (mass[beyond].flip(1) > 0).float().argmax(dim=1)
    return torch.where(peak[:, 0] == _NOTHING, -1, place)


def _bitmask(pool: MaskPool, slots: list[int]) -> torch.Tensor:
    """int32 [slots, words]."""
    out = torch.zeros(len(slots), pool.words, dtype=torch.int32)
    for place, slot in enumerate(slots):
        base = int(pool.heads[slot, 0])
        if base >= 0:
            out[place] = pool.bases[base]
        flips = pool.flips_of(slot)
        bits = torch.bitwise_left_shift(torch.ones((), dtype=torch.int64), flips.long() & 31)
        changed = torch.zeros(pool.words, dtype=torch.int64).index_add_(0, flips >> 5, bits)
        out[place] ^= changed.to(torch.int32)
    return out


def _bits(bitmask: torch.Tensor, width: int) -> torch.Tensor:
    """bool [rows, width]; False beyond the bitmask."""
    bits = ((bitmask[:, :, None] >> torch.arange(32, dtype=torch.int32)) & 1).bool().flatten(1)[:, :width]
    return torch.nn.functional.pad(bits, (0, width - bits.shape[1]))


def _require_fresh(rows: MaskRows) -> None:
    """What the kernels find out on the device."""
    pool, slots = rows.pool, rows.host_slots
    used = torch.from_numpy(slots[slots >= 0]).long()
    written = pool.stamps[used]
    base = pool.heads[used, 0].long()
    base_written = torch.where(base >= 0, pool.base_stamps[base.clamp(min=0)], 0)
    if bool(((written > rows.stamp) | (base_written > written)).any()):
        raise StaleMaskError(
            "a mask was evicted from the pool after the rows were set: set them again before each step"
        )
