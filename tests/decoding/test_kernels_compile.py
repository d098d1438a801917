"""The kernels compile for a Hopper GPU, without one: what the interpreter lets pass and the compiler does not is found
here, and so is a store that should be 16 bytes wide and is not, or a register that spills.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

triton = pytest.importorskip("triton")

if os.environ.get("TRITON_INTERPRET") == "1":
    pytest.skip("kernels are interpreted, not compiled", allow_module_level=True)

from maskforge.decoding.kernels import apply_bitmask, apply_mask_ids, sample, tiles  # noqa: E402

POINTERS = {
    "*i64": ("stamp", "stamps", "base_stamps", "seeds", "steps", "token_ids"),
    "*fp32": (
        *("temperatures", "top_ps", "min_ps", "peaks", "masses", "dropped_peaks", "dropped_masses", "log_removed"),
    ),
    "*i32": (
        *("bitmask", "indices", "slots", "stale", "heads", "bases", "flips", "segments", "top_ks", "streams"),
        "row_words",
    ),
}
ALIGNED = ("width", "logits_stride", "bitmask_stride")  # multiples of 16, as those of most models
POOL = {"WORDS": tiles.SEGMENT_WORDS, "FLIPS": tiles.FLIPS_AT_ONCE}
LISTS = {"WORDS": 64, "LIST": 4096, "SHORT_LIST": 256, "SEGMENTS": 64}
APPLY, BY_ID = apply_bitmask._apply_bitmask_kernel, apply_mask_ids._apply_mask_ids_kernel
SCAN, DRAW = sample._scan_kernel, sample._draw_kernel
# (kernel, warps, constants); the rest of the combinations take long.
CASES = [
    (APPLY, 4, {"SCATTER": False, "GATHER": False, "WORDS": 64}),
    (BY_ID, 4, POOL),
    (SCAN, 4, {"MODE": sample.POOL, "REMOVED": False, **POOL}),
    (DRAW, 8, {"MODE": sample.POOL, "REMOVED": True, **LISTS}),
]
MORE = [
    (APPLY, 4, {"SCATTER": True, "GATHER": False, "WORDS": 64}),
    (APPLY, 4, {"SCATTER": False, "GATHER": True, "WORDS": 64}),
    (SCAN, 4, {"MODE": sample.NO_MASK, "REMOVED": False, **POOL}),
    (SCAN, 4, {"MODE": sample.BITMASK, "REMOVED": True, **POOL}),
    (SCAN, 4, {"MODE": sample.POOL, "REMOVED": True, **POOL}),
    (DRAW, 8, {"MODE": sample.NO_MASK, "REMOVED": False, **LISTS}),
    (DRAW, 8, {"MODE": sample.BITMASK, "REMOVED": False, **LISTS}),
    (DRAW, 8, {"MODE": sample.POOL, "REMOVED": False, **LISTS}),
]


def compiled(kernel: Any, warps: int, constants: dict[str, Any], dtype: str, ones: bool = False) -> Any:
    """The kernel for sm_90; with `ones` all its numbers are 1, which Triton makes constants of their own."""
    try:
        from triton.backends.compiler import GPUTarget
        from triton.compiler import ASTSource
    except ImportError:
        pytest.skip("this Triton has another interface to its compiler")
    types = {name: kind for kind, names in POINTERS.items() for name in names} | {"logits": f"*{dtype}"}
    signature: dict[str, str] = {}
    fixed: dict[tuple[int], Any] = {}
    hints: dict[tuple[int], Any] = {}
    for place, name in enumerate(kernel.arg_names):
        if name in constants:
            signature[name], fixed[(place,)] = "constexpr", constants[name]
            continue
        if ones and name not in types:
            signature[name], fixed[(place,)] = "constexpr", 1
            continue
        signature[name] = types.get(name, "i32")
        if signature[name].startswith("*") or name in ALIGNED:
            hints[(place,)] = [["tt.divisibility", 16]]
    source = ASTSource(kernel, signature, fixed, hints)
    return triton.compile(source, target=GPUTarget("cuda", 90, 32), options={"num_warps": warps})


def spilled_bytes(binary: bytes, folder: Path) -> int:
    tool = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
    if not tool.exists():
        pytest.skip("this Triton brings no cuobjdump")
    (folder / "kernel.cubin").write_bytes(binary)
    command = [str(tool), "--dump-resource-usage", str(folder / "kernel.cubin")]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sum(int(number) for number in re.findall(r"(?:STACK|LOCAL):(\d+)", report))


@pytest.mark.skipif(sys.platform != "linux", reason="Triton compiles on Linux")
@pytest.mark.parametrize(
    ("kernel", "warps", "constants", "dtype"),
    [
        *[(*case, "fp32") for case in CASES],
        *[pytest.param(*case, "fp32", marks=pytest.mark.slow) for case in MORE],
        *[pytest.param(*case, dtype, marks=pytest.mark.slow) for case in CASES + MORE for dtype in ("bf16", "fp16")],
    ],
)
def test_kernel_compiles(
    kernel: Any, warps: int, constants: dict[str, Any], dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "cache"))
    found = compiled(kernel, warps, constants, dtype)
    wide = r"(st|ld)\.global\S*\.v4\.b32"
    accesses = {match.group(1) for match in re.finditer(wide, found.asm["ptx"])}
    assert ("st" if kernel.__name__.startswith("_apply") else "ld") in accesses
    assert spilled_bytes(found.asm["cubin"], tmp_path) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="Triton compiles on Linux")
@pytest.mark.parametrize(
    ("kernel", "warps", "constants"), [*CASES, *[pytest.param(*case, marks=pytest.mark.slow) for case in MORE]]
)
def test_sizes_of_one_compile(
    kernel: Any, warps: int, constants: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "cache"))
    assert compiled(kernel, warps, constants, "fp32", ones=True).asm["cubin"]
