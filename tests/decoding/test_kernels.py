"""The Triton kernels on the CPU, in Triton's interpreter, against definitions in plain PyTorch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton")
torch = pytest.importorskip("torch")


@pytest.mark.parametrize(
    ("program", "options"),
    [
        ("kernel_cases.py", []),
        ("pool_cases.py", ["--quick"]),
        pytest.param("pool_cases.py", [], marks=pytest.mark.slow),
    ],
)
def test_in_the_interpreter(program: str, options: list[str]) -> None:
    # In a process of its own: the interpreter is chosen when a kernel is defined, for the whole process.
    environment = {**os.environ, "TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    result = subprocess.run(
        [sys.executable, str(Path(__file__).with_name(program)), *options],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "cases agree" in result.stdout
