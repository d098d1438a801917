"""Masks that live where the logits are: uploaded once, then named by one int32 a row.

    host:    matcher ──> mask id (the engine's pool: csrc/masks/mask_pool.h)
                            │   MaskRows.set: what the device lacks is uploaded, 4 bytes a row are sent
    device:  slots ──> heads, flips, segments ──> bases          (decoding/kernels/tiles.py reads them)

The device has a slot for each slot of the host's pool, of a fixed size, so that pointers never change and nothing is
allocated: a CUDA graph may have captured them. Which masks are kept is the host's decision; here a slot is overwritten
when another mask arrives for it.

An id is never given out twice, so on the host a stale one is recognised. On the device every slot and base bears the
number of the upload that wrote it, and a step sends with its slots the number of the last upload: a slot or a base
that was written later is not what the step meant, and the kernels refuse it (`MaskRows.check`).
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import TYPE_CHECKING, Any

from maskforge._core import Matcher, MisuseError
from maskforge.decoding.batch import BatchExecutor, default_executor
from maskforge.decoding.pinned import PinnedRing, full_device

if TYPE_CHECKING:
    import torch

    from maskforge import _core

SEGMENT = 2048  # tokens; as in decoding/kernels/tiles.py, which needs Triton
UNCONSTRAINED = -1  # the id of a row without a mask


class StaleMaskError(MisuseError):
    """The mask of an id was evicted from its pool. Asking the matcher again gives an id that is good."""


class MaskPool:
    """The masks of one compiler on one device.

        pool = MaskPool(compiler, "cuda")
        rows = pool.rows(batch_size)
        rows.set(pool.ids(matchers))
        apply_masks_inplace(logits, rows)      # or sample(logits, rows, ...)

    source: a `Compiler`, a `Grammar` or a `Matcher`, whose grammars share masks; or the native pool.
    device: "cuda", "cuda:1", ...; on "cpu" everything works the same way in plain PyTorch.

    Memory on the device: with the defaults 4,096 slots of 4 bytes a mask word and 256 bases: about 70 MB for 128k
    tokens. Bounds are those of the host's pool. Uploads go through the current stream of the device; a caller with
    several streams orders them. Not thread-safe: one thread at a time for a pool and its rows.
    """

    def __init__(self, source: Any, device: torch.device | str) -> None:
        import numpy as np
        import torch

        self._host = native_pool(source)
        self.device = full_device(device)
        if self.device.type not in ("cpu", "cuda"):
            raise MisuseError(f"masks can live on CPU and CUDA devices, not on {self.device}")
        host = self._host
        self._identity = host.identity
        self.words, self.most_masks, self.most_flips = host.words, host.most_masks, host.most_flips
        self.most_bases = host.most_bases
        self.num_segments = -(-self.words * 32 // SEGMENT)
        self._slot_mask = (1 << host.slot_bits) - 1

        def zeros(*shape: int, dtype: torch.dtype = torch.int32) -> torch.Tensor:
            return torch.zeros(shape, dtype=dtype, device=self.device)

        # What a slot holds: (base or -1, number of flips); its flips, ascending; where in them each segment begins.
        self.heads = zeros(self.most_masks, 2)
        self.flips = zeros(self.most_masks, self.most_flips)
        self.segments = zeros(self.most_masks, self.num_segments + 1)
        self.bases = zeros(self.most_bases, self.words)
        # The number of the upload that wrote a slot or a base; 0: none did.
        self.stamps = zeros(self.most_masks, dtype=torch.int64)
        self.base_stamps = zeros(self.most_bases, dtype=torch.int64)

        # The same on the host: what is where. -1 is nothing.
        self._ids = np.full(self.most_masks, -1, dtype=np.int64)
        self._base_of = np.full(self.most_masks, -1, dtype=np.int64)
        self._counts = np.zeros(self.most_masks, dtype=np.int64)
        self._serials = np.full(self.most_bases, -1, dtype=np.int64)
        self._uploads = 0
        self._ring = PinnedRing(self.device)

    @property
    def host(self) -> _core.MaskPool:
        """The native pool whose ids this one understands."""
        return self._host

    @property
    def uploads(self) -> int:
        """How many masks and bases were sent to the device so far."""
        return self._uploads

    def memory_bytes(self) -> int:
        """On the device."""
        tensors = (self.heads, self.flips, self.segments, self.bases, self.stamps, self.base_stamps)
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def ids(self, matchers: Sequence[Matcher | None], executor: BatchExecutor | None = None) -> list[int]:
        """The mask ids of the next tokens, in one native call; -1 for None, a row without a constraint."""
        for matcher in matchers:
            if matcher is not None:
                self.require(matcher)
        return (executor or default_executor()).mask_ids(matchers)

    def require(self, matcher: Matcher) -> None:
        """MisuseError where a matcher's masks are those of another compiler."""
        if not self.has(matcher):
            raise MisuseError("the matcher belongs to another compiler than the mask pool: their mask ids differ")

    def has(self, matcher: Matcher) -> bool:
        """Whether a matcher's masks are those of this pool."""
        return bool(matcher.mask_pool_identity == self._identity)

    def add(self, bitmask: torch.Tensor) -> int:
        """The id of a mask of your own: int32 [words] in CPU memory, as many words as the vocabulary's masks have."""
        import torch

        if not isinstance(bitmask, torch.Tensor) or bitmask.dtype != torch.int32 or bitmask.device.type != "cpu":
            raise MisuseError("a mask is a torch.int32 tensor in CPU memory")
        if bitmask.shape != (self.words,):
            raise MisuseError(f"a mask of shape {tuple(bitmask.shape)}, not ({self.words},)")
        bitmask = bitmask.contiguous()
        return self._host.add(bitmask.data_ptr(), self.words)

    def bitmask(self, mask_id: int) -> torch.Tensor:
        """A mask as int32 [words] in CPU memory; StaleMaskError where it was evicted."""
        import torch

        words = torch.empty(self.words, dtype=torch.int32)
        self._find(mask_id).write(words.data_ptr(), self.words)
        return words

    def rows(self, capacity: int) -> MaskRows:
        """Room for the masks of a batch of up to `capacity` rows, at fixed addresses."""
        return MaskRows(self, capacity)

    def resolve(self, ids: Sequence[int]) -> Any:
        """int32 array of the slots of masks, -1 for -1, after uploading what is not on the device.

        Raises StaleMaskError for an id whose mask was evicted; nothing is changed for ids that are on the device.
        """
        import numpy as np

        wanted = np.asarray(ids, dtype=np.int64)
        if wanted.ndim != 1:
            raise MisuseError("mask ids are a list of integers")
        slots = wanted & self._slot_mask
        constrained = wanted != UNCONSTRAINED
        nonsense = constrained & ((wanted < 0) | (slots >= self.most_masks))
        if bool(nonsense.any()):
            raise MisuseError(f"{int(wanted[nonsense][0])} is no mask id")
        missing = np.unique(wanted[constrained & (self._ids[np.where(constrained, slots, 0)] != wanted)])
        if len(missing):
            self._upload([self._find(int(mask_id)) for mask_id in missing])
            # Two ids of one slot, of which at least one is stale by now: the second overwrote the first.
            lost = constrained & (self._ids[np.where(constrained, slots, 0)] != wanted)
            if bool(lost.any()):
                raise _stale(int(wanted[lost][0]))
        return np.where(constrained, slots, UNCONSTRAINED).astype(np.int32)

    @property
    def stamp(self) -> int:
        """The number of the last upload."""
        return self._uploads

    def few_allowed(self, slots: Any) -> Any:
        """Whether the mask in each slot (an array) is a list of the allowed tokens; False for -1."""
        import numpy as np

        known = slots >= 0
        return known & (self._base_of[np.where(known, slots, 0)] < 0)

    def flips_of(self, slot: int) -> torch.Tensor:
        """int32: the flips of the mask in a slot."""
        return self.flips[slot, : int(self._counts[slot])]

    def _find(self, mask_id: int) -> _core.PooledMask:
        found = self._host.find(index(mask_id))
        if found is None:
            raise _stale(mask_id)
        return found

    def _upload(self, masks: list[_core.PooledMask]) -> None:
        import numpy as np

        pairs: list[tuple[torch.Tensor, Any]] = []
        for mask in masks:  # bases first: a mask must not be older than its base
            if mask.base is not None and self._serials[mask.base[0]] != mask.base[1]:
                slot, serial = mask.base
                self._ids[self._base_of == slot] = UNCONSTRAINED  # their content changes
                self._serials[slot] = serial
                pairs += [(self.bases[slot], np.frombuffer(bytearray(mask.base_bits()), dtype=np.int32))]
                pairs += [self._stamp_of(self.base_stamps, slot)]
        lost = None
        for mask in masks:
            if mask.base is not None and self._serials[mask.base[0]] != mask.base[1]:
                lost = mask.id  # two bases of one slot: one of them has been evicted while we looked
            else:
                pairs += self._mask_parts(mask)
        self._ring.copy([(target, values) for target, values in pairs if len(values)])
        if lost is not None:
            raise _stale(lost)

    def _mask_parts(self, mask: _core.PooledMask) -> list[tuple[torch.Tensor, Any]]:
        import numpy as np

        slot = mask.id & self._slot_mask
        flips = np.frombuffer(bytearray(mask.flips()), dtype=np.int32)
        base = UNCONSTRAINED if mask.base is None else mask.base[0]
        starts = np.searchsorted(flips, np.arange(self.num_segments + 1) * SEGMENT).astype(np.int32)
        self._ids[slot], self._base_of[slot], self._counts[slot] = mask.id, base, len(flips)
        return [
            (self.flips[slot, : len(flips)], flips),
            (self.segments[slot], starts),
            (self.heads[slot], np.array([base, len(flips)], dtype=np.int32)),
            self._stamp_of(self.stamps, slot),
        ]

    def _stamp_of(self, stamps: torch.Tensor, slot: int) -> tuple[torch.Tensor, Any]:
        """The number of one more upload, for the slot that it writes."""
        import numpy as np

        self._uploads += 1
        return stamps[slot : slot + 1], np.array([self._uploads], dtype=np.int64).view(np.int32)


class MaskRows:
    """Which mask each row of a batch has, at a fixed address on the device. Made by `MaskPool.rows`.

    capacity: how many rows there can be. A CUDA graph that was captured with these rows reads what was last set.
    """

    def __init__(self, pool: MaskPool, capacity: int) -> None:
        import torch

        count = index(capacity)
        if count < 1:
            raise MisuseError(f"rows for a batch of {count} rows cannot be")
        self.pool = pool
        self.capacity = count
        # One buffer, so that a step is one copy: the stamp (int64), then the slots.
        self._buffer = torch.full((2 + count,), UNCONSTRAINED, dtype=torch.int32, device=pool.device)
        self.stamp = self._buffer[:2].view(torch.int64)
        self.slots = self._buffer[2:]
        self.stale = torch.zeros(1, dtype=torch.int32, device=pool.device)
        self._slots: Any = None  # the same on the host
        self._ring = PinnedRing(pool.device)
        self.set([])

    def set(self, ids: Sequence[int]) -> None:
        """Names the masks of rows 0, 1, ...; the rows behind them, up to the capacity, are without a constraint.

        ids: of masks, as `MaskPool.ids` or `Matcher.next_token_mask_id` gave them; -1 for a row without a constraint.
        What the device lacks is uploaded. Never part of a captured graph: call it before each replay.
        Raises StaleMaskError for an id whose mask was evicted; the rows are then as they were.
        """
        import numpy as np

        if len(ids) > self.capacity:
            raise MisuseError(f"{len(ids)} mask ids for {self.capacity} rows")
        slots = np.full(self.capacity, UNCONSTRAINED, dtype=np.int32)
        slots[: len(ids)] = self.pool.resolve(ids)
        self._slots = slots
        stamp = np.array([self.pool.stamp], dtype=np.int64).view(np.int32)
        self._ring.copy([(self._buffer, np.concatenate([stamp, slots]))])

    @property
    def host_slots(self) -> Any:
        """int32 array [capacity]: what the device was told."""
        return self._slots

    def check(self) -> None:
        """StaleMaskError where a kernel met a row whose mask was evicted since `set`. Waits for the device."""
        row = int(self.stale.item())
        if row:
            self.stale.zero_()
            raise StaleMaskError(
                f"the mask of row {row - 1} was evicted from the pool before it was used: all its tokens were "
                "forbidden. Set the rows again before each step"
            )


def native_pool(source: Any) -> _core.MaskPool:
    """The native pool of a compiler, grammar or matcher."""
    from maskforge import _core

    if isinstance(source, _core.MaskPool):
        return source
    pool = getattr(source, "mask_pool", None)
    if pool is None:
        make = getattr(source, "matcher", None)
        pool = getattr(make() if callable(make) else None, "mask_pool", None)
    if not isinstance(pool, _core.MaskPool):
        raise MisuseError(f"a {type(source).__name__} has no masks: pass a Compiler, a Grammar or a Matcher")
    return pool


def _stale(mask_id: int) -> StaleMaskError:
    return StaleMaskError(
        f"mask id {mask_id} is stale: its mask was evicted from the pool. Ask the matcher again; a pool must have "
        "room for all masks of a batch"
    )
