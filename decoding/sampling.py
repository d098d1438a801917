"""Drawing the next tokens under masks, for decoding loops of your own.

`sample` is the whole of it for most; `Sampler` has the same with preallocated memory at fixed addresses, for CUDA
graphs. How it is computed: decoding/kernels/sample.py and docs/kernels.md.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple

from maskforge._core import MisuseError
from maskforge.decoding.bitmask import _check_rows, _check_tensor
from maskforge.decoding.mask_pool import SEGMENT, MaskRows
from maskforge.decoding.pinned import PinnedRing, full_device

if TYPE_CHECKING:
    from typing import TypeAlias

    import torch

    PerRow: TypeAlias = float | Sequence[float] | torch.Tensor

_DTYPES = ("torch.float32", "torch.float16", "torch.bfloat16")
_SAMPLERS_KEPT = 4


class Sample(NamedTuple):
    """What `sample` returns when it is asked for the removed mass.

    token_ids: int64 [rows].
    log_removed: float32 [rows], the log of the probability that the unmasked distribution gives to what the mask
        forbids, at the same temperature (1 for greedy rows) and before top-k, top-p and min-p; -inf where that is
        nothing. `log1p(-exp(log_removed))` is the log of the probability of an allowed token.
    """

    token_ids: torch.Tensor
    log_removed: torch.Tensor


class SampleBuffers:
    """What a step of sampling reads and writes besides logits and masks: allocated once, at fixed addresses."""

    def __init__(self, capacity: int, width: int, device: torch.device) -> None:
        import torch

        segments = -(-width // SEGMENT)

        def empty(*shape: int, dtype: torch.dtype) -> torch.Tensor:
            return torch.empty(shape, dtype=dtype, device=device)

        # One buffer for all settings, so that setting them is one copy: 8-byte numbers first.
        self.settings = torch.zeros(9 * capacity, dtype=torch.int32, device=device)
        parts = self.settings.split([2 * capacity] * 2 + [capacity] * 5)
        self.seeds, self.steps = parts[0].view(torch.int64), parts[1].view(torch.int64)
        self.temperatures, self.top_ps, self.min_ps = (part.view(torch.float32) for part in parts[2:5])
        self.top_ks, self.streams = parts[5], parts[6]
        self.words = empty(capacity, -(-width // 32), dtype=torch.int32)
        self.peaks, self.masses = (empty(capacity, segments, dtype=torch.float32) for _ in range(2))
        self.dropped_peaks, self.dropped_masses = (empty(capacity, segments, dtype=torch.float32) for _ in range(2))
        self.token_ids = torch.full((capacity,), -1, dtype=torch.int64, device=device)
        self.log_removed = torch.zeros(capacity, dtype=torch.float32, device=device)


class Sampler:
    """Masked sampling for up to `capacity` rows of `width` logits on one device.

        sampler = Sampler(64, model.config.vocab_size, "cuda")
        sampler.set(temperature=0.7, top_p=0.95, seed=1)
        rows = pool.rows(64)
        ... rows.set(pool.ids(matchers)); token_ids = sampler.run(logits, rows)

    `run` allocates nothing and waits for nothing: it may be captured in a CUDA graph. Every run is the next step of the
    random sequence, in replays too. What it returns is overwritten by the next run. Not thread-safe.
    """

    def __init__(self, capacity: int, width: int, device: torch.device | str) -> None:

        self.capacity, self.width = index(capacity), index(width)
        if self.capacity < 1 or self.width < 1:
            raise MisuseError(f"sampling from {capacity} rows of {width} logits cannot be")
        self.device = full_device(device)
        if self.device.type not in ("cpu", "cuda"):
            raise MisuseError(f"sampling works on CPU and CUDA devices, not on {self.device}")
        self._ring = PinnedRing(self.device)
        self._buffers = SampleBuffers(self.capacity, self.width, self.device)
        self.set()

    def set(
        self,
        *,
        temperature: PerRow = 1.0,
        top_k: int | Sequence[int] | torch.Tensor = 0,
        top_p: PerRow = 1.0,
        min_p: PerRow = 0.0,
        seed: int | Sequence[int] | torch.Tensor = 0,
        step: int | Sequence[int] | torch.Tensor = 0,
    ) -> None:
        """Settings of the rows, each one number for all or one a row (rows that are left out keep the default).

        temperature: at least 0; 0 is greedy: the largest allowed logit, of equal ones the first.
        top_k: keeps the tokens whose logit is at least the k-th largest; 0 keeps all.
        top_p: of these, keeps the likeliest that together have at least this share; 1 keeps all.
        min_p: of these, keeps those at least so many times as likely as the likeliest; 0 keeps all.
            Equal logits stay or go together. Filters look at allowed tokens only.
        seed: 64 bits. One for all: rows draw independently of one another. One a row: what a row draws depends on
            its seed and step alone, not on its place in the batch.
        step: how many tokens were drawn with the seed before. `run` adds one.
        """
        import torch

        own = _is_column(seed)
        values = [
            self._column("seed", seed, torch.int64, 0, None, None),
            self._column("step", step, torch.int64, 0, 0, None),
            self._column("temperature", temperature, torch.float32, 1.0, 0.0, None),
            self._column("top_p", top_p, torch.float32, 1.0, 0.0, 1.0),
            self._column("min_p", min_p, torch.float32, 0.0, 0.0, 1.0),
            self._column("top_k", top_k, torch.int32, 0, 0, None),
            torch.zeros(self.capacity, dtype=torch.int32) if own else torch.arange(self.capacity, dtype=torch.int32),
        ]
        self._ring.copy([(self._buffers.settings, torch.cat([value.view(torch.int32) for value in values]).numpy())])

    def run(
        self, logits: torch.Tensor, masks: MaskRows | torch.Tensor | None = None, *, removed: bool = False
    ) -> torch.Tensor:
        """Token ids, int64 [rows]; arguments as those of `sample`. With `removed`, `log_removed` is filled too."""
        logits = self._checked(logits, masks)
        rows = masks if isinstance(masks, MaskRows) else None
        bitmask = None if masks is None or rows is not None else masks
        # Where the host knows that every row has a list there is nothing to scan. A graph must do for any rows.
        scan = removed or rows is None or self._capturing() or not self._all_lists(rows, logits.shape[0])
        if logits.device.type == "cpu":
            from maskforge.decoding.kernels import plain

            plain.sample(logits, self._buffers, bitmask=bitmask, rows=rows, removed=removed)
        else:
            from maskforge.decoding.kernels.sample import sample as launch

            launch(logits, self._buffers, bitmask=bitmask, rows=rows, removed=removed, scan=scan)
        return self._buffers.token_ids[: logits.shape[0]]

    @property
    def log_removed(self) -> torch.Tensor:
        """float32 [capacity], of the last run with `removed`."""
        return self._buffers.log_removed

    def _column(self, name: str, value: Any, dtype: Any, default: float, least: Any, most: Any) -> torch.Tensor:
        import torch

        if _is_column(value):
            given = torch.as_tensor(value).detach().cpu()
            if given.ndim != 1 or len(given) > self.capacity:
                raise MisuseError(f"{name} is one number, or one for each of at most {self.capacity} rows")
            if given.dtype == torch.bool or (not dtype.is_floating_point and given.dtype.is_floating_point):
                raise MisuseError(f"{name} has dtype {given.dtype}")
            column = torch.full((self.capacity,), default, dtype=dtype)
            column[: len(given)] = given.to(dtype)
        else:
            value = value.item() if isinstance(value, torch.Tensor) else value
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
                raise MisuseError(f"{name} is a number, not {value!r}")
            if not dtype.is_floating_point:
                if not isinstance(value, int):
                    raise MisuseError(f"{name} is a whole number, not {value!r}")
                value &= 2**64 - 1 if name == "seed" else -1
                value -= 2**64 if value >= 2**63 else 0
            column = torch.full((self.capacity,), value, dtype=dtype)
        wrong = column != column
        wrong |= column < least if least is not None else False
        wrong |= column > most if most is not None else False
        if bool(wrong.any()):
            bounds = f"at least {least}" if most is None else f"between {least} and {most}"
            raise MisuseError(f"{name} must be {bounds}, not {column[wrong][0].item()}")
        return column

    def _checked(self, logits: torch.Tensor, masks: Any) -> torch.Tensor:
        import torch

        if isinstance(logits, torch.Tensor) and logits.ndim == 3:
            logits = logits.flatten(0, 1)  # draft rows: a view where the strides allow it
        _check_tensor("logits", logits)
        if str(logits.dtype) not in _DTYPES:
            raise MisuseError(f"logits are {logits.dtype}; float32, float16 and bfloat16 can be sampled")
        logits = logits.unsqueeze(0) if logits.ndim == 1 else logits
        _check_rows("logits", logits)
        if logits.device != self.device:
            raise MisuseError(f"logits are on {logits.device} and the sampler on {self.device}")
        if logits.shape[0] > self.capacity or logits.shape[1] != self.width:
            raise MisuseError(
                f"logits of shape {tuple(logits.shape)} for a sampler of {self.capacity} rows of {self.width} logits"
            )
        if isinstance(masks, MaskRows):
            check_pool_rows(logits, masks)
        elif masks is not None:
            _check_tensor("the bitmask", masks)
            if masks.ndim != 2 or masks.shape[0] != logits.shape[0] or str(masks.dtype) != "torch.int32":
                raise MisuseError(
                    f"the bitmask is {masks.dtype} {tuple(masks.shape)}, not torch.int32 with {logits.shape[0]} rows"
                )
            _check_rows("the bitmask", masks)
            if masks.device != logits.device:
                raise MisuseError(f"logits are on {logits.device} and the bitmask on {masks.device}")
        return logits

    def _capturing(self) -> bool:
        import torch

        return self.device.type == "cuda" and torch.cuda.is_current_stream_capturing()

    @staticmethod
    def _all_lists(rows: MaskRows, count: int) -> bool:
        return bool(rows.pool.few_allowed(rows.host_slots[:count]).all())


def _is_column(value: Any) -> bool:
    """Whether a setting has a number for each row; a tensor without dimensions is one number."""
    import torch

    if isinstance(value, torch.Tensor):
        return value.ndim > 0
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def check_pool_rows(logits: torch.Tensor, rows: MaskRows) -> None:
    """MisuseError where pooled masks cannot be for these logits, [rows, width]."""
    if logits.shape[0] > rows.capacity:
        raise MisuseError(f"{logits.shape[0]} rows of logits, but masks for at most {rows.capacity}")
    if logits.device != rows.slots.device:
        raise MisuseError(f"logits are on {logits.device} and the masks on {rows.slots.device}")


def apply_masks_inplace(logits: torch.Tensor, rows: MaskRows) -> None:
    """Sets the logits of tokens that are not allowed to -inf, in place, by masks of a `MaskPool`.

    logits: float32, float16 or bfloat16, [rows, width], [width] or (draft rows) [sequences, positions, width], on the
        pool's device, the tokens of a row contiguous; at most `rows.capacity` rows in all. Logits beyond the vocabulary
        (a model wider than its tokenizer) become -inf, except in rows without a constraint.
    CPU tensors take plain PyTorch, CUDA tensors one launch on the current stream, which a CUDA graph may capture.
    Raises MisuseError for a wrong dtype, shape, layout or device; `rows.check()` tells of masks that were evicted.
    """
    import torch

    if isinstance(logits, torch.Tensor) and logits.ndim == 3:
        if not logits.is_contiguous() and logits.stride(0) != logits.shape[1] * logits.stride(1):
            raise MisuseError("the rows of a sequence must follow those of the one before")
        logits = logits.view(-1, logits.shape[-1])
    _check_tensor("logits", logits)
    if str(logits.dtype) not in _DTYPES:
        raise MisuseError(f"logits are {logits.dtype}; float32, float16 and bfloat16 can be masked")
    logits = logits.unsqueeze(0) if logits.ndim == 1 else logits
    _check_rows("logits", logits)
    if not isinstance(rows, MaskRows):
        raise MisuseError(f"rows are a {type(rows).__name__}, not the MaskRows of a MaskPool")
    check_pool_rows(logits, rows)
    if logits.device.type == "cpu":
        from maskforge.decoding.kernels import plain

        plain.apply_mask_ids(logits, rows)
    else:
        from maskforge.decoding.kernels.apply_mask_ids import apply_mask_ids

        apply_mask_ids(logits, rows)


def sample(
    logits: torch.Tensor,
    masks: MaskRows | torch.Tensor | None = None,
    *,
    temperature: PerRow = 1.0,
    top_k: int | Sequence[int] | torch.Tensor = 0,
    top_p: PerRow = 1.0,
    min_p: PerRow = 0.0,
    seed: int | Sequence[int] | torch.Tensor = 0,
    step: int | Sequence[int] | torch.Tensor = 0,
    return_removed: bool = False,
) -> Any:
    """Draws one token a row from what the masks allow; the logits stay as they are.

    logits: float32, float16 or bfloat16, [rows, width] or [width]; or [sequences, positions, width] for draft rows,
        whose masks follow one another in the same order. NaN counts as -inf.
    masks: `MaskRows` of a `MaskPool` on the same device, set for at least these rows; or a bitmask on the same device,
        int32 [rows, words]; or None. Logits beyond the bitmask are not allowed.
    temperature, top_k, top_p, min_p, seed, step: as in `Sampler.set`. Give the number of the step (or a new seed) each
        time: the same arguments draw the same tokens, on CPU and GPU up to the rounding of probabilities.
    return_removed: also the log of the probability that the masks took away, as a `Sample`.

    Returns int64 [rows], on the logits' device; -1 for a row in which no allowed token has a logit above -inf. On CUDA
    two launches on the current stream; settings are copied to the device first, which `Sampler` spares.
    Raises MisuseError for a wrong dtype, shape, layout, device or setting.
    """
    import torch

    if not isinstance(logits, torch.Tensor) or logits.ndim not in (1, 2, 3):
        raise MisuseError("logits are a tensor of one, two or three dimensions")
    width = logits.shape[-1]
    count = logits.numel() // width if width else 0
    if not count:
        none = torch.empty(0, dtype=torch.int64, device=logits.device)
        return Sample(none, none.float()) if return_removed else none
    settings: dict[str, Any] = {
        "temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p, "seed": seed, "step": step
    }  # fmt: skip
    for name, value in settings.items():
        if _is_column(value) and len(value) != count:
            raise MisuseError(f"{len(value)} numbers for {name}, but {count} rows: give one, or one for each")
    sampler = _sampler(count, width, logits.device)
    sampler.set(**settings)
    tokens = sampler.run(logits, masks, removed=return_removed).clone()
    return Sample(tokens, sampler.log_removed[:count].clone()) if return_removed else tokens


_local = threading.local()


def _sampler(count: int, width: int, device: torch.device) -> Sampler:
    """One for each thread, stream and width: two calls that overlap must not share memory."""
    import torch

    kept: dict[Any, Sampler] = _local.__dict__.setdefault("samplers", {})
    stream = torch.cuda.current_stream(device).cuda_stream if device.type == "cuda" else 0
    key = (device, stream, width)
    found = kept.pop(key, None)
    if found is None or found.capacity < count:
        found = Sampler(1 << (count - 1).bit_length(), width, device)
    kept[key] = found  # the latest last
    while len(kept) > _SAMPLERS_KEPT:
        del kept[next(iter(kept))]
    return found
