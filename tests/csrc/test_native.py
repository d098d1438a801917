"""Compiles every tests/csrc/test_*.cc against the core and runs it; each program returns nonzero on failure.

The core is compiled once, into build/native-tests, with its assertions on. MASKFORGE_SANITIZE=address,undefined builds
everything with sanitizers in a folder of its own (`make test-asan`), MASKFORGE_WERROR=ON makes warnings errors.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = sorted(path.stem for path in (ROOT / "tests" / "csrc").glob("test_*.cc"))
SANITIZE = os.environ.get("MASKFORGE_SANITIZE", "")
BUILD = ROOT / "build" / ("native-tests" + ("-" + SANITIZE.replace(",", "-") if SANITIZE else ""))


def tool(name: str) -> str:
    """cmake and ninja come with the test dependencies, beside this interpreter; those of the system serve as well."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@contextmanager
def build_lock() -> Iterator[None]:
    """Tests run in several processes and share one build folder."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run_tool(*command: str) -> None:
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout[-8000:]}"


def build(program: str) -> None:
    with build_lock():
        cmake = tool("cmake")
        if not (BUILD / "build.ninja").exists():
            run_tool(
                *(cmake, "-S", str(ROOT), "-B", str(BUILD), "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}"),
                *("-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O1"),
                *("-DMASKFORGE_PYTHON=OFF", "-DMASKFORGE_TESTS=ON", f"-DMASKFORGE_SANITIZE={SANITIZE}"),
                f"-DMASKFORGE_WERROR={os.environ.get('MASKFORGE_WERROR', 'OFF')}",
            )
        run_tool(cmake, "--build", str(BUILD), "--target", program, "-j", os.environ.get("MASKFORGE_BUILD_JOBS", "2"))


@pytest.mark.parametrize("program", PROGRAMS)
def test_native(program: str) -> None:
    build(program)
    environment = os.environ | {"ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
    result = subprocess.run(
        [BUILD / program],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",  # what is unlike may be any bytes
        timeout=600,
    )
    assert result.returncode == 0, result.stdout[-8000:]
