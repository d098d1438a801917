"""What the benchmark of kernels times: ours and others', on the same logits and masks.

An operation is prepared for a case and then called again and again; it works in place or on memory of its own, so calls
do not add up. Others are called through their public interfaces, with what they need prepared outside the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch

import maskforge as mf
from maskforge import _core

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
DISTINCT_MASKS = 8  # of a batch: rows take them in turn


@dataclass(frozen=True)
class Case:
    dtype: str
    batch: int
    vocab: int
    allowed: int  # tokens that each mask allows, at random places

    @property
    def item(self) -> int:
        return DTYPES[self.dtype].itemsize

    @property
    def mask_bytes(self) -> int:
        return self.batch * 4 * ((self.vocab + 31) // 32)

    @property
    def apply_bytes(self) -> int:
        """The least that masking has to move: -inf to what is forbidden."""
        return self.batch * (self.vocab - self.allowed) * self.item

    @property
    def sample_bytes(self) -> int:
        """The least that sampling has to move: the logits of what is allowed."""
        return self.batch * self.allowed * self.item


@dataclass(frozen=True)
class Operation:
    """One thing to time. `calls` has one callable for each set of inputs, which the clock takes in turn."""

    name: str
    calls: list[Callable[[], Any]]
    bytes: int | None
    capturable: bool = True  # in a CUDA graph; otherwise it is timed with what its launches cost the host


class Inputs:
    """Logits and masks of one case, in `copies` so that repeated calls do not measure a cache."""

    def __init__(self, case: Case, device: torch.device, copies: int) -> None:
        generator = torch.Generator().manual_seed(case.allowed * 31 + case.batch)
        words = (case.vocab + 31) // 32
        allowed = torch.zeros(DISTINCT_MASKS, words * 32, dtype=torch.bool)
        for row in range(DISTINCT_MASKS):
            allowed[row, torch.randperm(case.vocab, generator=generator)[: case.allowed]] = True
        bits = (allowed.view(DISTINCT_MASKS, words, 32).long() << torch.arange(32)).sum(-1)
        masks = torch.where(bits >= 2**31, bits - 2**32, bits).to(torch.int32)
        turn = torch.arange(case.batch) % DISTINCT_MASKS
        self.host_bitmask = masks[turn].contiguous()
        if device.type == "cuda":
            self.host_bitmask = self.host_bitmask.pin_memory()
        self.bitmask = self.host_bitmask.to(device)
        self.forbidden = ~allowed[turn, : case.vocab].to(device)
        self.pool = mf.MaskPool(_core.MaskPool(words, masks=64, bases=16), device)
        self.ids = [self.pool.add(masks[row]) for row in turn.tolist()]
        self.rows = self.pool.rows(case.batch)
        self.rows.set(self.ids)
        self.logits = [
            torch.randn(case.batch, case.vocab, device=device).mul_(3).to(DTYPES[case.dtype]) for _ in range(copies)
        ]


def operations(case: Case, device: torch.device, copies: int) -> Iterator[Operation]:
    inputs = Inputs(case, device, copies)
    rows, bitmask, gpu = inputs.rows, inputs.bitmask, device.type == "cuda"

    def apply(name: str, call: Callable[[torch.Tensor], Any], capturable: bool = True) -> Operation:
        return Operation(name, [lambda x=x: call(x) for x in inputs.logits], case.apply_bytes, capturable)

    yield apply("apply, bitmask", lambda x: mf.apply_token_bitmask_inplace(x, bitmask))
    yield apply("apply, mask ids", lambda x: mf.apply_masks_inplace(x, rows))
    yield apply("apply, torch masked_fill_", lambda x: x.masked_fill_(inputs.forbidden, -float("inf")))
    for backend, function in xgrammar_kernels(device):
        yield apply(f"apply, xgrammar {backend}", lambda x, function=function: function(x, bitmask))
    if gpu:  # what a step of serving does: masks that were made on the host reach the logits
        yield apply(
            "upload and apply, bitmask",
            lambda x: mf.apply_token_bitmask_inplace(x, bitmask.copy_(inputs.host_bitmask, non_blocking=True)),
            False,
        )
        yield apply(
            "upload and apply, mask ids", lambda x: (rows.set(inputs.ids), mf.apply_masks_inplace(x, rows)), False
        )

    # Afresh, since the logits of above are masked by now.
    inputs.logits = [torch.randn_like(x, dtype=torch.float32).mul_(3).to(x.dtype) for x in inputs.logits]
    spare = torch.empty_like(inputs.logits[0])
    for label, settings in (("", {}), (", greedy", {"temperature": 0.0}), (", top-p 0.9", {"top_p": 0.9})):
        sampler = mf.Sampler(case.batch, case.vocab, device)
        sampler.set(seed=1, **settings)
        yield Operation(
            f"sample, mask ids{label}",
            [lambda x=x, sampler=sampler: sampler.run(x, rows) for x in inputs.logits],
            case.sample_bytes,
        )
        yield Operation(
            f"sample, bitmask{label}",
            [lambda x=x, sampler=sampler: sampler.run(x, bitmask) for x in inputs.logits],
            case.sample_bytes,
        )

        def by_torch(x: torch.Tensor, label: str = label) -> torch.Tensor:
            """Masks a copy and draws from it as PyTorch has it: the copy stands for logits that may be overwritten."""
            mf.apply_token_bitmask_inplace(spare.copy_(x), bitmask)
            if label == ", greedy":
                return spare.argmax(dim=-1)
            probabilities = torch.softmax(spare, dim=-1, dtype=torch.float32)
            if label:
                ordered, order = probabilities.sort(dim=-1, descending=True)
                dropped = ordered.cumsum(dim=-1) - ordered > 0.9
                probabilities = torch.zeros_like(ordered).scatter_(1, order, ordered.masked_fill(dropped, 0.0))
            # torch.multinomial does this too, but waits for the device to see that the probabilities are sound.
            return probabilities.div_(torch.empty_like(probabilities).exponential_()).argmax(dim=-1)

        yield Operation(
            f"apply and sample, torch{label}",
            [lambda x=x, by_torch=by_torch: by_torch(x) for x in inputs.logits],
            case.sample_bytes,
        )


def xgrammar_kernels(device: torch.device) -> Iterator[tuple[str, Callable[[torch.Tensor, torch.Tensor], Any]]]:
    """XGrammar's ways to apply a bitmask on a device, where it is installed; they are tried by whoever times them."""
    if find_spec("xgrammar") is None:
        return
    import xgrammar

    for backend in ("triton", "cuda") if device.type == "cuda" else ("cpu",):
        yield (
            backend,
            lambda logits, bitmask, backend=backend: xgrammar.apply_token_bitmask_inplace(
                logits, bitmask, backend=backend
            ),
        )
