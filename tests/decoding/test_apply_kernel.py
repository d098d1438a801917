"""The Triton kernel on the CPU, in Triton's interpreter, against plain PyTorch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton")
torch = pytest.importorskip("torch")


def test_in_the_interpreter() -> None:
    # In a process of its own: the interpreter is chosen when a kernel is defined, for the whole process.
    environment = {**os.environ, "TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    result = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("kernel_cases.py"))],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "cases agree" in result.stdout
