"""The process that one engine lives in: set up once, then one schema after the other, each answer sent at once.

A schema's answer comes in parts (compiled; each instance; each walk), so that when the process ends in the middle,
whoever asked keeps what was measured and knows where it ended.
"""

from __future__ import annotations

import ctypes
import gc
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from time import perf_counter_ns, process_time_ns
from typing import IO, Any

import numpy as np

from maskforge.jsonschemabench import engines
from maskforge.jsonschemabench.engines.base import Engine, Refused, Run, SetupFailed, token_bytes
from maskforge.jsonschemabench.process import private_channel
from maskforge.jsonschemabench.records import InstanceRecord
from maskforge.jsonschemabench.walks import Walker

Clock = Callable[[], int]
CLOCKS: dict[str, Clock] = {"cpu": process_time_ns, "wall": perf_counter_ns}
FIRST = '{"type": "null"}'
"""Compiled, and one mask made of it, before the first schema: what an engine only does once (loading code, making
tables for the vocabulary) belongs to setting up. The same for every engine."""


def status_bytes(name: str) -> int | None:
    """A line of this process's /proc/self/status: VmRSS, VmHWM."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith(f"{name}:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass
    return None


def reset_peak() -> bool:
    """Peak memory counts from now on. Linux only."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
        return True
    except OSError:
        return False


@lru_cache(maxsize=1)
def registry(folder: str) -> Any:
    from maskforge.jsonschemabench.splits import remote_registry

    return remote_registry(Path(folder))


class Worker:
    def __init__(self, engine: Engine, settings: dict[str, Any], vocab_size: int, eos: int) -> None:
        self._engine = engine
        self._clock = CLOCKS[settings["clock"]]
        self._settings = settings
        self._eos = eos
        self._words = (vocab_size + 31) // 32
        self._buffer = (ctypes.c_uint32 * self._words)()
        self._address = ctypes.addressof(self._buffer)
        self._array = np.frombuffer(self._buffer, dtype=np.uint32)
        self.walker: Walker | None = None
        self.send: Callable[[dict[str, Any]], None] = lambda answer: None

    @property
    def buffer(self) -> Any:
        return self._buffer

    def warm_up(self) -> None:
        try:
            run = self._engine.begin(self._engine.compile(FIRST), self._address, self._words)
            run.fill()
            run.check()
        except Exception:  # what it makes of real schemas will be seen
            pass

    def handle(self, task: dict[str, Any]) -> None:
        """One schema: "begun"; "refused", or "compiled", "first", "instance"s, "warm"s, "walk"s; then "done"."""
        gc.collect()
        gc.disable()
        resettable = reset_peak()
        self.send({"event": "begun", "memory_bytes": status_bytes("VmRSS")})
        if hasattr(self._engine, "use_registry"):
            self._engine.use_registry(registry(task["remotes"]) if task["remotes"] else None)
        self._engine.begin_schema()
        start = self._clock()
        try:
            compiled = self._engine.compile(task["schema"])
        except Refused as refusal:
            spent = self._clock() - start
            status = "unsatisfiable" if refusal.unsatisfiable else "refused"
            self.send({"event": "refused", "status": status, "reason": str(refusal) or "refused", "compile_ns": spent})
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            self.send({"event": "refused", "status": "error", "reason": reason, "compile_ns": None})
        else:
            self.send({"event": "compiled", "compile_ns": self._clock() - start})
            self._use(compiled, task)
        gc.enable()
        self.send({"event": "done", "memory_peak_bytes": status_bytes("VmHWM") if resettable else None})

    def _use(self, compiled: Any, task: dict[str, Any]) -> None:
        texts, begun = task["tokens"], process_time_ns()
        records = [InstanceRecord(valid) for valid in task["valid"]]
        if not records:  # the first mask is worth knowing all the same
            alone = InstanceRecord(True)
            self._read(compiled, [], alone, alone.mask_ns, alone.accept_ns)
            self.send({"event": "first", "mask_ns": alone.mask_ns})
        for record, ids in zip(records, texts, strict=True):
            self._read(compiled, ids, record, record.mask_ns, record.accept_ns)
            self.send({"event": "instance", **asdict(record)})
        # The rest only describes further what was measured: an engine that took a large part of its time does without.
        if process_time_ns() - begun > 1e9 * self._settings["time_limit_s"] / 4:
            self.send({"event": "skipped"})
            return
        if self._settings["warm"]:
            for index, (record, ids) in enumerate(zip(records, texts, strict=True)):
                again = InstanceRecord(record.valid)
                self._read(compiled, ids, again, again.mask_ns, again.accept_ns)
                forced = self._forced(compiled, ids) if record.accepted else None
                self.send({"event": "warm", "index": index, "warm_mask_ns": again.mask_ns, "forced_masks": forced})
        self._walk(compiled, task)

    def _begin(self, compiled: Any) -> Run:
        return self._engine.begin(compiled, self._address, self._words)

    def _read(
        self, compiled: Any, ids: Sequence[int], record: InstanceRecord, mask_ns: list[int], accept_ns: list[int]
    ) -> None:
        buffer, clock = self._buffer, self._clock
        try:
            run = self._begin(compiled)
            fill, accept, check, publish = run.fill, run.accept, run.check, run.publish
            for step, token in enumerate([*ids, self._eos]):
                start = clock()
                fill()
                mask_ns.append(clock() - start)
                check()
                publish()
                if not buffer[token >> 5] >> (token & 31) & 1:
                    return
                start = clock()
                accepted = accept(token)
                accept_ns.append(clock() - start)
                check()
                if not accepted:
                    record.stopped = f"refuses token {token} that its mask allows, at step {step}"
                    return
            record.accepted = True
        except Exception as error:  # whatever an engine throws costs it this instance, not the run
            record.stopped = f"{type(error).__name__}: {error}"

    def _forced(self, compiled: Any, ids: Sequence[int]) -> int | None:
        """How many masks along a text allow one token only. Not timed, so that counting disturbs no time."""
        forced = 0
        try:
            run = self._begin(compiled)
            for token in [*ids, self._eos]:
                run.fill()
                run.publish()
                used = self._array[self._array != 0]
                forced += len(used) == 1 and int(used[0]).bit_count() == 1
                run.accept(token)
        except Exception:  # it did not when it was measured
            return None
        return forced

    def _walk(self, compiled: Any, task: dict[str, Any]) -> None:
        if self.walker is None:
            return
        schema = json.loads(task["schema"])
        end = process_time_ns() + int(1e9 * self._settings["time_limit_s"] / 4)
        for number in range(self._settings["walks"]):
            seed = f"{self._settings['walk_seed']} {task['name']} {number}"
            record = self.walker.walk(
                lambda: self._begin(compiled),
                schema,
                seed,
                self._settings["walk_tokens"],
                lambda: process_time_ns() > end,
            )
            self.send({"event": "walk", **asdict(record)})


def set_up(question: dict[str, Any]) -> tuple[Worker, dict[str, Any]]:
    """The engine in its worker, and what it says of itself. Raises what the engine's set-up raises."""
    from transformers import AutoTokenizer

    settings = question["settings"]
    tokenizer = AutoTokenizer.from_pretrained(question["tokenizer"])
    vocab_size, eos = question["vocab_size"], question["eos"]
    entry = engines.entry(question["engine"])
    if entry.missing:
        raise SetupFailed(entry.missing)
    engine = entry.make(tokenizer, vocab_size)
    worker = Worker(engine, settings, vocab_size, eos)
    if settings["walks"]:

        def encode(text: str) -> list[int]:
            ids: list[int] = tokenizer.encode(text, add_special_tokens=False)
            return ids

        worker.walker = Walker(token_bytes(tokenizer, vocab_size), eos, encode, worker.buffer)
    worker.warm_up()
    gc.collect()
    gc.freeze()  # what is there now stays: collections between schemas need not look at it
    about = {"version": engine.version, "setup_ns": engine.setup_ns, "memory_bytes": status_bytes("VmRSS")}
    return worker, about


def main() -> None:
    answers: IO[str] = private_channel()

    def send(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    try:
        worker, about = set_up(json.loads(sys.stdin.readline()))
    except Exception as error:
        reason = str(error) if isinstance(error, SetupFailed) else f"{type(error).__name__}: {error}"
        send({"event": "done", "missing": reason})
        return
    worker.send = send
    send({"event": "done", **about})
    for line in sys.stdin:
        worker.handle(json.loads(line))


if __name__ == "__main__":
    main()
