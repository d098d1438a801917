"""Launching on the device of a tensor."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch


def device_of(tensor: torch.Tensor) -> AbstractContextManager[object]:
    """Makes the tensor's GPU the current one; nothing for the CPU, where Triton's interpreter runs."""
    return torch.cuda.device(tensor.device) if tensor.is_cuda else nullcontext()
