"""Every case of the apply kernel on one device: `main` runs them in Triton's interpreter, tests/gpu on a GPU."""

import torch

from maskforge.decoding.kernels.apply_bitmask import apply_bitmask
from tests.decoding.reference import random_bitmask, reference_apply

SIZES = (1, 31, 33, 1000, 2048, 2049, 5000)
DTYPES = (torch.float32, torch.float16, torch.bfloat16)


def run_cases(device: str) -> int:
    """How many cases there were; an assertion fails where one differs from the reference."""
    generator = torch.Generator().manual_seed(5)
    count = 0
    for dtype in DTYPES:
        for vocab in SIZES:
            for density in (0.0, 0.5, 1.0):
                bitmask = random_bitmask(3, vocab, density, generator)
                logits = torch.randn(3, vocab, generator=generator).to(dtype)
                check(logits, bitmask, None, device)
                check(logits, bitmask[:2], [2, 0], device)
                count += 2
        wide = torch.randn(4, 3000, generator=generator).to(dtype)
        bitmask = random_bitmask(4, 2500, 0.3, generator)
        check(wide[:, 3:2503], bitmask, None, device)  # strided, not aligned
        check(wide, bitmask, None, device)  # logits wider than the bitmask
        check(wide[:, :100], bitmask, None, device)  # and narrower
        check(wide, bitmask[::2], torch.tensor([3, 1]), device)
        check(wide[::2], bitmask[1:3], [1, 0], device)
        check(wide, bitmask, [1, -1, 0, 7], device)  # rows that are not there
        check(wide, bitmask, None, device, mask_rows=[2, -1, 2, 9])
        check(wide[:2], bitmask[:1], None, device, mask_rows=[0, 0])
        count += 8
    return count


def check(
    logits: torch.Tensor,
    bitmask: torch.Tensor,
    rows: list[int] | torch.Tensor | None,
    device: str,
    mask_rows: list[int] | None = None,
) -> None:
    if mask_rows is not None:
        pairs = [(row, source) for row, source in enumerate(mask_rows) if 0 <= source < len(bitmask)]
        masks, indices = bitmask[[source for _, source in pairs]], [row for row, _ in pairs]
    else:
        order = list(range(len(bitmask))) if rows is None else [int(row) for row in rows]
        masks = bitmask[[i for i, row in enumerate(order) if 0 <= row < len(logits)]]
        indices = [row for row in order if 0 <= row < len(logits)]
    expected = reference_apply(logits, masks, indices)
    # A frame around the rows shows whether anything beside them is touched.
    frame = torch.full((len(logits) * 2, logits.shape[1] + 50), 7.0, dtype=logits.dtype, device=device)
    target = frame[::2, 9 : 9 + logits.shape[1]]
    target.copy_(logits)

    def on_device(values: list[int] | torch.Tensor | None) -> torch.Tensor | None:
        return None if values is None else torch.as_tensor(values, dtype=torch.int32).to(device)

    apply_bitmask(target, bitmask.to(device), on_device(rows), mask_rows=on_device(mask_rows))
    assert torch.equal(target.cpu(), expected), (logits.shape, logits.dtype, rows, mask_rows)
    target.fill_(7.0)
    assert bool((frame == 7.0).all())


if __name__ == "__main__":
    print(run_cases("cpu"), "cases agree")
