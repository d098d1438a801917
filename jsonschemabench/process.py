"""A child process that answers questions, line by line, within limits of time and memory.

Linux tells the processor time and the memory of a child by `/proc`; elsewhere time is elapsed time and memory is not
limited. A child that is over a limit is killed: nothing that runs in it can be trusted to stop by itself.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import IO, Any

POLL_S = 0.05
IDLE_FACTOR = 5  # a child that sleeps uses no processor time: it is ended after this many times the limit
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Ended(Exception):
    """The child is gone. `status` is "crash", "timeout" or "memory"."""

    def __init__(self, status: str, reason: str, memory_bytes: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.memory_bytes = memory_bytes


def processor_seconds(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
    except (OSError, IndexError):
        return None


def resident_bytes(pid: int) -> int | None:
    try:
        return PAGE * int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    except (OSError, IndexError):
        return None


class Child:
    """`python -m module`, to which lines of JSON are sent and which sends some back, the last one marked "done"."""

    def __init__(self, module: str) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()
        single = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
        environment = {
            **os.environ,
            **dict.fromkeys(single, "1"),
            "TOKENIZERS_PARALLELISM": "false",
            "PYTHONSAFEPATH": "1",  # the folder that one happens to be in is no place to import from
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            start_new_session=True,  # an interrupt is for the parent, which ends its children itself
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self._rest = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)

    def ask(self, question: dict[str, Any], seconds: float, memory_growth: int | None) -> Iterator[dict[str, Any]]:
        """Every line of the answer to its last one. Raises Ended, after which the child cannot be asked again."""
        pid = self._process.pid
        cpu_before, memory_before, start = processor_seconds(pid), resident_bytes(pid), monotonic()
        cpu_seen, idle, looked = cpu_before, 0.0, start
        try:
            self._input.write(json.dumps(question).encode() + b"\n")
            self._input.flush()
        except OSError:
            raise self._crashed() from None
        while True:
            ready = self._selector.select(POLL_S)
            if ready:
                content = os.read(self._output.fileno(), 1 << 20)
                if not content:
                    raise self._crashed()
                *lines, self._rest = (self._rest + content).split(b"\n")
                for line in lines:
                    answer = json.loads(line)
                    last = answer["event"] == "done"  # asked before whoever takes it changes it
                    yield answer
                    if last:
                        return
            now, memory, cpu = monotonic(), resident_bytes(pid), processor_seconds(pid)
            used = now - start if cpu is None or cpu_before is None else cpu - cpu_before
            # A child that only waits for its turn on a busy machine is not idle; and while this process was stopped,
            # no time passed for either of them.
            idle = 0.0 if cpu is not None and cpu != cpu_seen else idle + min(now - looked, 2 * POLL_S)
            cpu_seen, looked = cpu, now
            if used > seconds or idle > IDLE_FACTOR * seconds:
                self.close()
                what = "of processor time" if used > seconds and cpu is not None else "elapsed"
                raise Ended("timeout", f"over {seconds:g} s {what}" if used > seconds else f"idle for {idle:.0f} s")
            if memory_growth is not None and memory is not None and memory_before is not None:
                if memory - memory_before > memory_growth:
                    self.close()
                    raise Ended("memory", f"over {memory_growth / 2**20:,.0f} MiB more than before", memory)

    def _crashed(self) -> Ended:
        code = self._process.wait()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 2000))
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        self.close()
        return Ended("crash", ": ".join([how, *lines[-1:]]))

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for stream in (self._input, self._output, self._errors):
            try:
                stream.close()
            except OSError:  # what was not flushed has nobody to go to
                pass
        self._selector.close()


def private_channel() -> IO[str]:
    """In the child: where its answers go. Whatever else is printed, by native code too, goes to the error stream."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers
