"""Copies to a device that the host does not wait for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_BUFFERS = 4  # so many copies may be under way before the host waits for the oldest


def full_device(device: torch.device | str) -> torch.device:
    """The device with its number: "cuda" is the current one, now and not whenever it is used."""
    import torch

    found = torch.device(device)
    if found.type == "cuda" and found.index is None:
        return torch.device("cuda", torch.cuda.current_device())
    return found


class PinnedRing:
    """Page-locked buffers in turn: one may be written again when its copy is done, so with a few nobody waits.

    On a CPU it just copies. Not thread-safe.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._ring: list[tuple[torch.Tensor, Any]] = []
        self._turn = 0

    def copy(self, pairs: Sequence[tuple[torch.Tensor, Any]]) -> None:
        """Copies int32 arrays into contiguous 1-D tensors of as many 4-byte numbers, in order, on this stream."""
        import torch

        if self._device.type == "cpu":
            for target, values in pairs:
                target.view(torch.int32).copy_(torch.from_numpy(values))
            return
        with torch.cuda.device(self._device):
            buffer, event = self._next(sum(len(values) for _, values in pairs))
            begin = 0
            for target, values in pairs:
                part = buffer[begin : begin + len(values)]
                part.copy_(torch.from_numpy(values))
                target.view(torch.int32).copy_(part, non_blocking=True)
                begin += len(values)
            event.record()

    def _next(self, size: int) -> tuple[torch.Tensor, Any]:
        import torch

        place, self._turn = self._turn % _BUFFERS, self._turn + 1
        if place == len(self._ring):
            self._ring.append((torch.empty(0, dtype=torch.int32), torch.cuda.Event()))
        buffer, event = self._ring[place]
        event.synchronize()
        if len(buffer) < size:
            buffer = torch.empty(1 << (size - 1).bit_length(), dtype=torch.int32, pin_memory=True)
            self._ring[place] = (buffer, event)
        return buffer, event
