"""Bitmasks applied to logits on the CPU, against the definition written in plain PyTorch."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from maskforge import MisuseError, allocate_token_bitmask, apply_token_bitmask_inplace  # noqa: E402
from tests.decoding.reference import random_bitmask, reference_apply  # noqa: E402

DTYPES = (torch.float32, torch.float16, torch.bfloat16)
SIZES = (1, 31, 32, 33, 100, 1000, 4099)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("vocab", SIZES)
@pytest.mark.parametrize("rows", (1, 3))
def test_against_the_definition(dtype: Any, vocab: int, rows: int) -> None:
    generator = torch.Generator().manual_seed(vocab)
    for density in (0.0, 0.01, 0.5, 0.99, 1.0):
        bitmask = random_bitmask(rows, vocab, density, generator)
        logits = torch.randn(rows, vocab, generator=generator).to(dtype)
        expected = reference_apply(logits, bitmask)
        apply_token_bitmask_inplace(logits, bitmask)
        assert torch.equal(logits, expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_strided_rows_and_row_indices(dtype: Any) -> None:
    generator = torch.Generator().manual_seed(1)
    wide = torch.randn(6, 300, generator=generator).to(dtype)
    logits = wide[::2, 7:207]  # rows apart, not aligned
    bitmask = random_bitmask(6, 200, 0.3, generator)[::3]
    for indices in ([2, 0], torch.tensor([2, 0]), torch.tensor([2, 0], dtype=torch.int32)):
        work = wide.clone()
        expected = work.clone()
        expected[::2, 7:207] = reference_apply(logits, bitmask, [2, 0])
        apply_token_bitmask_inplace(work[::2, 7:207], bitmask, indices)
        assert torch.equal(work, expected)  # nothing beside the rows was touched


def test_logits_wider_and_narrower_than_the_bitmask() -> None:
    bitmask = allocate_token_bitmask(2, 64)
    logits = torch.zeros(2, 100)
    apply_token_bitmask_inplace(logits, bitmask)
    assert torch.equal(logits[:, :64], torch.zeros(2, 64))
    assert bool((logits[:, 64:] == -float("inf")).all())
    logits = torch.zeros(3, 100)
    apply_token_bitmask_inplace(logits, bitmask, [2, 0])
    assert bool((logits[1] == 0).all()) and bool((logits[[0, 2], 64:] == -float("inf")).all())
    narrow = torch.zeros(2, 5)
    bitmask[:, 0] = 0b10001
    apply_token_bitmask_inplace(narrow, bitmask)
    assert (narrow == 0).tolist() == [[True, False, False, False, True]] * 2


def test_one_dimension_and_nothing_to_do() -> None:
    logits = torch.zeros(40)
    bitmask = torch.tensor([1, 2], dtype=torch.int32)
    apply_token_bitmask_inplace(logits, bitmask)
    assert (logits == 0).nonzero().flatten().tolist() == [0, 33]
    apply_token_bitmask_inplace(torch.zeros(0, 40), torch.zeros(0, 2, dtype=torch.int32))
    untouched = torch.zeros(2, 40)
    apply_token_bitmask_inplace(untouched, torch.zeros(0, 2, dtype=torch.int32), [])
    assert bool((untouched == 0).all())


def test_nan_and_infinities_of_masked_logits_go_away() -> None:
    logits = torch.tensor([[float("nan"), float("inf"), 1.0, float("nan")]])
    apply_token_bitmask_inplace(logits, torch.tensor([[0b0100]], dtype=torch.int32))
    assert logits.tolist() == [[-float("inf"), -float("inf"), 1.0, -float("inf")]]


def test_allocate() -> None:
    bitmask = allocate_token_bitmask(3, 65)
    assert bitmask.shape == (3, 3) and bitmask.dtype == torch.int32 and bool((bitmask == -1).all())
    for arguments in ((-1, 5), (1, 0)):
        with pytest.raises(MisuseError):
            allocate_token_bitmask(*arguments)


LOGITS = torch.zeros(2, 64)
BITMASK = torch.zeros(2, 2, dtype=torch.int32)


@pytest.mark.parametrize(
    ("logits", "bitmask", "indices", "words"),
    [
        ([0.0], BITMASK, None, "torch.Tensor"),
        (LOGITS, [[0]], None, "torch.Tensor"),
        (LOGITS.double(), BITMASK, None, "float64"),
        (LOGITS.int(), BITMASK, None, "int32"),
        (LOGITS, BITMASK.long(), None, "int64"),
        (LOGITS, BITMASK.bool(), None, "bool"),
        (LOGITS[None], BITMASK, None, "shape"),
        (LOGITS, BITMASK[None], None, "shape"),
        (torch.tensor(0.0), BITMASK, None, "shape"),
        (LOGITS.T.contiguous().T, BITMASK, None, "contiguous"),
        (LOGITS, BITMASK.T.contiguous().T, None, "contiguous"),
        (LOGITS[:, ::2], BITMASK, None, "contiguous"),
        (LOGITS[:1], BITMASK, None, "pass indices"),
        (LOGITS, BITMASK, [0], "indices"),
        (LOGITS, BITMASK, [0, 2], "outside"),
        (LOGITS, BITMASK, [-1, 0], "outside"),
        (LOGITS, BITMASK, [0.0, 1.0], "integer"),
        (LOGITS, BITMASK, torch.tensor([0.0, 1.0]), "integer"),
        (LOGITS, BITMASK, [True, False], "integer"),
        (LOGITS, BITMASK, torch.tensor(1), "indices"),
        (LOGITS.to("meta"), BITMASK, None, "meta"),
        (LOGITS.to("meta"), BITMASK.to("meta"), None, "meta"),
        (LOGITS.to_sparse(), BITMASK, None, "strided"),
    ],
)
def test_misuse(logits: Any, bitmask: Any, indices: Any, words: str) -> None:
    with pytest.raises(MisuseError, match=words):
        apply_token_bitmask_inplace(logits, bitmask, indices)
