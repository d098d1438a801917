"""Applying bitmasks on a GPU."""

import pytest

torch = pytest.importorskip("torch")
if not torch.cuda.is_available():
    pytest.skip("there is no CUDA device", allow_module_level=True)
pytest.importorskip("triton")

from maskforge import MisuseError, apply_token_bitmask_inplace  # noqa: E402
from tests.decoding.kernel_cases import run_cases  # noqa: E402
from tests.decoding.reference import random_bitmask, reference_apply  # noqa: E402


def test_kernel() -> None:
    assert run_cases("cuda") > 100


@pytest.mark.parametrize("dtype", (torch.float32, torch.float16, torch.bfloat16))
def test_real_width(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(6)
    bitmask = random_bitmask(5, 128_256, 0.4, generator)
    logits = torch.randn(8, 128_512, generator=generator).to(dtype)
    indices = [7, 0, 3, 2, 5]
    expected = reference_apply(logits, bitmask, indices)
    on_device = logits.cuda()
    apply_token_bitmask_inplace(on_device, bitmask.cuda(), indices)
    assert torch.equal(on_device.cpu(), expected)


def test_devices_must_agree() -> None:
    with pytest.raises(MisuseError, match="move one"):
        apply_token_bitmask_inplace(torch.zeros(1, 32, device="cuda"), torch.zeros(1, 1, dtype=torch.int32))


def test_on_another_stream() -> None:
    stream = torch.cuda.Stream()
    logits = torch.zeros(2, 4096, device="cuda")
    bitmask = torch.zeros(2, 128, dtype=torch.int32, device="cuda")
    torch.cuda.synchronize()
    with torch.cuda.stream(stream):
        apply_token_bitmask_inplace(logits, bitmask)
    stream.synchronize()
    assert bool((logits == -float("inf")).all())
