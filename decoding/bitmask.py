"""Token bitmasks and how they are applied to logits.

A bitmask is torch.int32 [rows, ceil(vocab / 32)]: token t is bit t % 32 of word t // 32, lowest bit first, 1 = allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import TYPE_CHECKING, Any

from maskforge import _core
from maskforge._core import MisuseError

if TYPE_CHECKING:
    import torch

_DTYPE_CODES = {"torch.float32": 0, "torch.float16": 1, "torch.bfloat16": 2}


def allocate_token_bitmask(batch_size: int, vocab_size: int, *, pin_memory: bool = False) -> torch.Tensor:
    """A bitmask in CPU memory that allows everything: int32 [batch_size, ceil(vocab_size / 32)], all bits 1.

    pin_memory: page-locked, so that a copy to a GPU can overlap with other work; needs CUDA.
    """
    import torch

    rows, tokens = index(batch_size), index(vocab_size)
    if rows < 0 or tokens < 1:
        raise MisuseError(f"a bitmask of {rows} rows for {tokens} tokens cannot be")
    return torch.full((rows, (tokens + 31) // 32), -1, dtype=torch.int32, pin_memory=pin_memory)


def apply_token_bitmask_inplace(
    logits: torch.Tensor,
    bitmask: torch.Tensor,
    indices: Sequence[int] | torch.Tensor | None = None,
    *,
    mask_rows: Sequence[int] | torch.Tensor | None = None,
) -> None:
    """Sets the logits of tokens that are not allowed to -inf, in place.

    logits: float32, float16 or bfloat16, [rows, vocab] or [vocab], the tokens of a row contiguous; rows may be strided.
    bitmask: int32 [rows, words] or [words] on the same device. Logits beyond the bitmask (a model wider than its
        tokenizer) become -inf; bits beyond the logits are ignored.
    indices: row `i` of the bitmask is for row `indices[i]` of the logits, the other rows stay as they are. By default
        row `i` is for row `i` and there must be as many of one as of the other.
    mask_rows: the other way round: row `i` of the logits gets row `mask_rows[i]` of the bitmask, or with -1 stays as it
        is; so rows may share one. One for each row of the logits; not together with `indices`.
        Either as an int32 tensor on the GPU of the logits is not read on the host, so that nothing waits and a CUDA
        graph can capture the call; an entry outside the rows means no constraint there.
    CPU tensors take a vectorised native loop, CUDA tensors a Triton kernel on the current stream.
    Raises MisuseError for a wrong dtype, shape, layout or device, or an index that is out of range.
    """
    _check_tensor("logits", logits)
    _check_tensor("bitmask", bitmask)
    if str(logits.dtype) not in _DTYPE_CODES:
        raise MisuseError(f"logits are {logits.dtype}; float32, float16 and bfloat16 can be masked")
    if logits.device != bitmask.device:
        raise MisuseError(f"logits are on {logits.device} and the bitmask on {bitmask.device}: move one to the other")
    if str(bitmask.dtype) != "torch.int32":
        raise MisuseError(f"the bitmask is {bitmask.dtype}, not torch.int32")
    logits = logits.unsqueeze(0) if logits.ndim == 1 else logits
    bitmask = bitmask.unsqueeze(0) if bitmask.ndim == 1 else bitmask
    _check_rows("logits", logits)
    _check_rows("bitmask", bitmask)
    if indices is not None and mask_rows is not None:
        raise MisuseError("indices and mask_rows say the same in two ways: pass one of them")
    if logits.device.type == "cuda":
        _apply_cuda(logits, bitmask, indices, mask_rows)
        return
    if mask_rows is not None:
        sources = _indices("mask_rows", mask_rows, logits.shape[0], bitmask.shape[0], least=-1)
        rows: list[int] | None = [row for row, source in enumerate(sources) if source >= 0]
        bitmask = bitmask[[source for source in sources if source >= 0]]
    else:
        rows = _row_list(indices, bitmask.shape[0], logits.shape[0])
    if bitmask.shape[0] == 0 or logits.shape[1] == 0:
        return
    if logits.device.type != "cpu":
        raise MisuseError(f"logits are on {logits.device}; CPU and CUDA are supported")
    _apply_cpu(logits, bitmask, rows)


def bitmask_rows(bitmask: torch.Tensor, min_words: int) -> tuple[int, int, int, int]:
    """Address, row stride in words, rows and words of a bitmask in CPU memory that native code may write to."""
    _check_tensor("bitmask", bitmask)
    if str(bitmask.dtype) != "torch.int32":
        raise MisuseError(f"the bitmask is {bitmask.dtype}, not torch.int32")
    if bitmask.device.type != "cpu":
        raise MisuseError(f"the bitmask is on {bitmask.device}: fill one in CPU memory and copy it")
    rows = bitmask.unsqueeze(0) if bitmask.ndim == 1 else bitmask
    _check_rows("bitmask", rows)
    if rows.shape[1] < min_words:
        raise MisuseError(f"the bitmask has {rows.shape[1]} words a row, the vocabulary needs {min_words}")
    if rows.shape[0] > 1 and rows.stride(0) < rows.shape[1]:
        raise MisuseError("rows of the bitmask overlap")
    return rows.data_ptr(), rows.stride(0), rows.shape[0], rows.shape[1]


def _check_tensor(name: str, tensor: Any) -> None:
    import torch

    if not isinstance(tensor, torch.Tensor):
        raise MisuseError(f"{name} is a {type(tensor).__name__}, not a torch.Tensor")
    if tensor.ndim not in (1, 2):
        raise MisuseError(f"{name} has shape {tuple(tensor.shape)}: one or two dimensions are known")
    if tensor.layout != torch.strided:
        raise MisuseError(f"{name} has layout {tensor.layout}, not strided")
    if tensor.is_conj() or tensor.is_neg():
        raise MisuseError(f"{name} is a lazy view (conjugated or negated): resolve it first")


def _check_rows(name: str, tensor: torch.Tensor) -> None:
    if tensor.shape[1] > 1 and tensor.stride(1) != 1:
        raise MisuseError(f"a row of {name} is not contiguous (strides {tuple(tensor.stride())})")


def _row_list(indices: Any, bitmask_rows: int, logits_rows: int) -> list[int] | None:
    """`indices` as a checked list; None for the identity."""
    if indices is None:
        if bitmask_rows != logits_rows:
            raise MisuseError(f"the bitmask has {bitmask_rows} rows and the logits {logits_rows}: pass indices")
        return None
    return _indices("indices", indices, bitmask_rows, logits_rows, least=0)


def _indices(name: str, indices: Any, count: int, rows: int, least: int) -> list[int]:
    values = indices.tolist() if hasattr(indices, "tolist") else list(indices)
    what = "a bitmask" if name == "indices" else "logits"
    if not isinstance(values, list) or len(values) != count:
        given = len(values) if isinstance(values, list) else "no"
        raise MisuseError(f"{given} {name} for {what} of {count} rows")
    for value in values:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise MisuseError(f"index {value!r} is not an integer")
        if not least <= index(value) < rows:
            other = "logits" if name == "indices" else "bitmask"
            raise MisuseError(f"index {value} is outside the {other} of {rows} rows")
    return [index(value) for value in values]


def _apply_cuda(logits: torch.Tensor, bitmask: torch.Tensor, indices: Any, mask_rows: Any) -> None:
    import torch

    from maskforge.decoding.kernels.apply_bitmask import apply_bitmask

    def mapping(name: str, values: Any, count: int, rows: int, least: int) -> torch.Tensor | None:
        if values is None:
            return None
        if isinstance(values, torch.Tensor) and values.device == logits.device and values.dtype == torch.int32:
            if values.shape != (count,) or not values.is_contiguous():
                raise MisuseError(f"{name} must be contiguous and of shape ({count},), not {tuple(values.shape)}")
            return values  # not read here: that would wait for the device
        checked = _indices(name, values, count, rows, least)
        return torch.tensor(checked, dtype=torch.int32).to(logits.device, non_blocking=True)

    if indices is None and mask_rows is None:
        _row_list(None, bitmask.shape[0], logits.shape[0])
    apply_bitmask(
        logits,
        bitmask,
        mapping("indices", indices, bitmask.shape[0], logits.shape[0], 0),
        mask_rows=mapping("mask_rows", mask_rows, logits.shape[0], bitmask.shape[0], -1),
    )


def _apply_cpu(logits: torch.Tensor, bitmask: torch.Tensor, rows: list[int] | None) -> None:
    covered = min(logits.shape[1], 32 * bitmask.shape[1])
    if covered < logits.shape[1]:
        if rows is None:
            logits[:, covered:] = -float("inf")
        else:
            logits[rows, covered:] = -float("inf")
    _core.apply_bitmask_cpu(
        logits.data_ptr(),
        _DTYPE_CODES[str(logits.dtype)],
        logits.stride(0),
        bitmask.shape[0],
        covered,
        bitmask.data_ptr(),
        bitmask.stride(0),
        rows,
    )
