"""How long do fill and accept take for a whole batch, on one thread and on several?

    maskforge bench batch --engines maskforge,xgrammar,llguidance --batch 1,8,64,256 --threads 1,2

Every row of a batch reads a text of its own. *One grammar*: all rows have the same schema and stand at different
places; *many grammars*: each has a schema of its own. A step fills the masks of all rows, checks that each has the
token that comes next (not timed) and accepts it in all rows. At the end of its text a row begins again.

The first pass over the steps is *cold*: compiler and matchers are new, no mask was ever made. The second pass is
*warm*: the same matchers, put back to their starts, make the same steps again. An engine that makes its masks when it
compiles has done that work before the first pass; the compile times are in the table.

A server has the model run between the token that a row accepts and its next mask. `--model-ms` puts that time there:
the caller sleeps, as it does while a GPU computes, and what an engine does meanwhile is not timed. Without it the next
masks are asked for at once.

Times are elapsed time, because threads are what is asked about: on a busy machine they measure the others as well. The
engines and the numbers of threads take turns within each round; tables show medians over the steps of all rounds.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from time import perf_counter_ns
from typing import Any

from maskforge.bench.batch_engines import Batch, BatchEngine
from maskforge.bench.workload import Writing

Clock = Callable[[], int]
ONE_GRAMMAR, MANY_GRAMMARS = "one grammar", "many grammars"
FIRST = '{"type": "null"}'
"""Compiled, and one mask made of it, before the clock runs: what an engine only does once is no part of a step."""
SETTLE_S = 0.05
"""Before each pass: threads that did something else end, so that they are no part of a step. Some give back what an
engine was told to forget; those with which torch clears a bitmask go on looking for work for some milliseconds."""
STAGGER = 5  # tokens by which each row is further in its text than the row before, with one grammar


class Disagreement(Exception):
    """An engine masks or refuses a token of a valid text, or refuses its schema."""


@dataclass(slots=True)
class BatchRecord:
    """One engine, one round of one setting."""

    engine: str
    workload: str
    """ONE_GRAMMAR or MANY_GRAMMARS."""
    batch: int
    threads: int
    state: str
    """"cold" or "warm"."""
    round: int = 0
    fill_ns: list[int] = field(default_factory=list)
    """For the whole batch, step by step."""
    accept_ns: list[int] = field(default_factory=list)
    compile_ns: int = 0
    """Of all grammars of the batch together, before the cold pass."""
    native: bool = True
    """Whether the engine's own batch calls were used."""
    failed: str = ""

    def record(self) -> dict[str, Any]:
        return {"kind": "batch", **asdict(self)}


def measure(
    engine: BatchEngine,
    workload: str,
    writings: Sequence[Writing],
    eos: int,
    threads: int,
    steps: int,
    clock: Clock = perf_counter_ns,
    model: Callable[[], None] | None = None,
) -> tuple[BatchRecord, BatchRecord]:
    """The cold and the warm pass over `steps`. A failure is said in the record, which then has no times.

    model: runs before each fill, not timed.
    """
    schemas = list(dict.fromkeys(writing.schema for writing in writings))
    cold, warm = (
        BatchRecord(engine.name, workload, len(writings), threads, state, native=engine.native)
        for state in ("cold", "warm")
    )
    starts = [STAGGER * row % len(writing.token_ids) for row, writing in enumerate(writings)]
    try:
        engine.forget()
        engine.batch([engine.compile(FIRST)], threads).fill()
        start = clock()
        grammars = {schema: engine.compile(schema) for schema in schemas}
        cold.compile_ns = warm.compile_ns = clock() - start
        batch = engine.batch([grammars[writing.schema] for writing in writings], threads)
        for found in (cold, warm):
            for row, writing in enumerate(writings):
                batch.restart(row, writing.token_ids[: starts[row]])
            time.sleep(SETTLE_S)
            found.fill_ns, found.accept_ns = _read(batch, writings, starts, eos, steps, clock, model)
    except Exception as error:  # whatever an engine throws costs it this setting, not the run
        cold.failed = warm.failed = f"{type(error).__name__}: {error}"
        for found in (cold, warm):
            found.fill_ns, found.accept_ns = [], []
    return cold, warm


def _read(
    batch: Batch,
    writings: Sequence[Writing],
    starts: Sequence[int],
    eos: int,
    steps: int,
    clock: Clock,
    model: Callable[[], None] | None,
) -> tuple[list[int], list[int]]:
    """Fill and accept times of each step. Raises Disagreement at a token that is masked or refused: a row that stops
    would make the next steps cheaper."""
    fill_ns, accept_ns = [], []
    texts = [[*writing.token_ids, eos] for writing in writings]
    places = list(starts)
    for _ in range(steps):
        tokens = [text[place] for text, place in zip(texts, places, strict=True)]
        if model is not None:
            model()
        start = clock()
        batch.fill()
        fill_ns.append(clock() - start)
        allowed = batch.allowed(tokens)
        if not all(allowed):
            row = allowed.index(False)
            raise Disagreement(f"masks token {places[row]} of {writings[row].name}")
        start = clock()
        accepted = batch.accept(tokens)
        accept_ns.append(clock() - start)
        for row, answer in enumerate(accepted):
            if not answer:
                raise Disagreement(f"refuses token {places[row]} of {writings[row].name}, which its mask allows")
            places[row] += 1
            if places[row] == len(texts[row]):
                places[row] = 0
                batch.restart(row)
    return fill_ns, accept_ns


def takes(engine: BatchEngine, writing: Writing, eos: int) -> bool:
    """Whether the engine compiles the schema and reads the whole text."""
    steps = len(writing.token_ids) + 1
    return not measure(engine, MANY_GRAMMARS, [writing], eos, threads=1, steps=steps)[0].failed


@dataclass(frozen=True, slots=True)
class Plan:
    batches: Sequence[int]
    threads: Sequence[int]
    steps: int
    rounds: int
    model_ms: float = 0
    """How long the model runs before each fill."""

    def model(self) -> Callable[[], None] | None:
        return None if self.model_ms == 0 else lambda: time.sleep(self.model_ms / 1e3)

    def settings(self, engines: Sequence[BatchEngine]) -> int:
        """How many pairs of passes there are for one workload."""
        return len(self.batches) * self.rounds * sum(len(self.threads) if engine.native else 1 for engine in engines)


def run(
    engines: Sequence[BatchEngine],
    workload: str,
    writings: Sequence[Writing],
    eos: int,
    plan: Plan,
    clock: Clock = perf_counter_ns,
) -> Iterator[BatchRecord]:
    """Every setting; row r of a batch reads `writings[r]`, over again where the batch is larger."""
    collecting = gc.isenabled()
    for size in plan.batches:
        rows = [writings[row % len(writings)] for row in range(size)]
        turns = [
            (engine, count) for engine in engines for count in (plan.threads if engine.native else plan.threads[:1])
        ]
        for number in range(plan.rounds):
            shift = number % len(turns)
            for engine, threads in turns[shift:] + turns[:shift]:
                gc.collect()
                gc.disable()
                try:
                    count = threads if engine.native else 1
                    pair = measure(engine, workload, rows, eos, count, plan.steps, clock, plan.model())
                finally:
                    if collecting:
                        gc.enable()
                for record in pair:
                    record.round = number
                    yield record
