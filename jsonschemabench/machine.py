"""Where a benchmark ran: a result without this says nothing."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def load() -> list[float]:
    """Load averages: above the number of cores, times say little and only ratios count."""
    try:
        return [round(value, 2) for value in os.getloadavg()]
    except OSError:
        return []


def peak_memory_bytes() -> int:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def describe() -> dict[str, Any]:
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": load(),
    }


def clock_ns(clock: Callable[[], int], rounds: int = 2000) -> int:
    """What an empty measurement reads: it is part of every time."""
    readings = []
    for _ in range(rounds):
        start = clock()
        readings.append(clock() - start)
    return sorted(readings)[rounds // 2]
