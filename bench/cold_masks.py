"""How long do masks and compiles take, cold, beside llguidance? In one process, in seconds: for tuning.

    maskforge bench cold --data FOLDER --sample FILE --tokenizer FOLDER [--limit N] [--worst N] [--out FOLDER]

One process, one thread, one run. Every schema is seen once and every engine reads the same tokens of the same
instances. The engines take turns, schema by schema (`--turn 1`) or after several, with their order alternating: the
fewer schemas in a turn, the more each engine finds the processor's caches full of what another one did; with all of
them in one turn each engine is measured by itself. A text is read the way a server would: write
the bitmask of the next token into a buffer, see that the token is in it, accept the token; after the last one the same
with end-of-sequence. Timed are only the native calls that compile, write a bitmask and accept, garbage collection off.
Nothing is isolated and nothing has a limit; `maskforge bench masks` is for results, and for other engines.

Times are processor time of the whole process unless `--clock wall`: on a machine with other work, wall time measures
who else was running. Both clocks cost each measurement a fraction of a microsecond, which is printed and not
subtracted.

What a schema leaves behind in an engine stays there: maskforge has one `Compiler` for the run (`--fresh`: a new one for
each schema, so that nothing at all is shared), llguidance one tokenizer.

Without --data it reads the few built-in schemas, without --tokenizer a small tokenizer that is trained on the spot.
"""

from __future__ import annotations

import ctypes
import gc
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter_ns, process_time_ns
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from maskforge.bench import output
from maskforge.bench.commands import names_in
from maskforge.bench.report import text
from maskforge.bench.report.build import build
from maskforge.bench.workload import load_tokenizer
from maskforge.cli.errors import InputError
from maskforge.jsonschemabench import machine
from maskforge.jsonschemabench.cases import Case, built_in_cases, maskbench_cases
from maskforge.jsonschemabench.engines.base import Engine, Refused, Run
from maskforge.jsonschemabench.engines.llguidance import Llguidance
from maskforge.jsonschemabench.engines.maskforge import Maskforge
from maskforge.jsonschemabench.records import EngineRecord, InstanceRecord, SchemaRecord

Clock = Callable[[], int]
CLOCKS: dict[str, Clock] = {"cpu": process_time_ns, "wall": perf_counter_ns}
SETTLE_EVERY = 50  # schemas between two collections of garbage


@dataclass(order=True, slots=True)
class SlowMask:
    ns: int
    schema: str
    instance: int
    step: int
    expected: str


class Slowest:
    """The `limit` slowest masks of one engine, with what could come next there."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.heap: list[SlowMask] = []

    def add(self, ns: int, schema: str, instance: int, step: int, run: Run) -> None:
        if self.limit and (len(self.heap) < self.limit or ns > self.heap[0].ns):
            mask = SlowMask(ns, schema, instance, step, run.expected())
            if len(self.heap) < self.limit:
                heapq.heappush(self.heap, mask)
            else:
                heapq.heapreplace(self.heap, mask)


class Harness:
    """The engines, the buffer that both write to, and the loop that drives them."""

    def __init__(
        self, engines: Sequence[Engine], vocab_size: int, eos: int, *, clock: Clock = perf_counter_ns, worst: int = 0
    ) -> None:
        self.engines = engines
        self._eos = eos
        self._clock = clock
        self._words = (vocab_size + 31) // 32
        self._buffer = (ctypes.c_uint32 * self._words)()
        self._address = ctypes.addressof(self._buffer)
        self.slowest = [Slowest(worst) for _ in engines]
        self.matcher_bytes: list[list[int]] = [[] for _ in engines]
        """What each matcher held at the end of its text."""

    def measure(
        self, cases: Sequence[Case], token_ids: Sequence[Sequence[Sequence[int]]], first: int
    ) -> list[tuple[SchemaRecord, ...]]:
        """Each engine on all these schemas in a row, beginning with engine `first`; for each schema its records, in the
        order of `engines`. `token_ids`: by schema and instance."""
        found: dict[int, list[SchemaRecord]] = {}
        for turn in range(len(self.engines)):
            position = (first + turn) % len(self.engines)
            found[position] = [self._measure(position, case, ids) for case, ids in zip(cases, token_ids, strict=True)]
        return list(zip(*(found[position] for position in range(len(self.engines))), strict=True))

    def _measure(self, position: int, case: Case, token_ids: Sequence[Sequence[int]]) -> SchemaRecord:
        engine, clock = self.engines[position], self._clock
        record = SchemaRecord(
            engine.name,
            case.split,
            case.name,
            "ok",
            instances_planned=len(case.instances),
            valid_planned=sum(instance.valid for instance in case.instances),
        )
        engine.begin_schema()
        start = clock()
        try:
            compiled = engine.compile(case.schema)
        except Refused as refusal:
            record.compile_ns = clock() - start
            record.status = "unsatisfiable" if refusal.unsatisfiable else "refused"
            record.reason = str(refusal) or "refused"
            return record
        record.compile_ns = clock() - start
        for index, ids in enumerate(token_ids):
            instance = InstanceRecord(case.instances[index].valid)
            record.instances.append(instance)
            run = engine.begin(compiled, self._address, self._words)
            self._read(run, ids, instance, position, case.name, index)
            if index == 0 and instance.mask_ns:
                record.first_ns = record.compile_ns + instance.mask_ns[0]
        return record

    def _read(
        self, run: Run, ids: Sequence[int], instance: InstanceRecord, position: int, schema: str, index: int
    ) -> None:
        buffer, clock, fill, accept, check = self._buffer, self._clock, run.fill, run.accept, run.check
        slowest = self.slowest[position]
        try:
            for step, token in enumerate([*ids, self._eos]):
                start = clock()
                fill()
                mask_ns = clock() - start
                check()
                run.publish()
                instance.mask_ns.append(mask_ns)
                slowest.add(mask_ns, schema, index, step, run)
                if not buffer[token >> 5] >> (token & 31) & 1:
                    return
                start = clock()
                accepted = accept(token)
                instance.accept_ns.append(clock() - start)
                check()
                if not accepted:
                    instance.stopped = f"refuses token {token} that its mask allows, at step {step}"
                    return
            instance.accepted = True
        except Exception as error:  # whatever an engine throws costs it this instance, not the run
            instance.stopped = f"{type(error).__name__}: {error}"
        finally:
            size = run.memory_bytes()
            if size is not None:
                self.matcher_bytes[position].append(size)


def run_cases(
    harness: Harness, cases: Iterable[Case], tokenizer: Any, turn: int = 1
) -> Iterator[tuple[SchemaRecord, ...]]:
    """The records, schema by schema, with garbage collection off while engines work."""
    remaining, turns, seen = iter(cases), 0, 0
    collecting = gc.isenabled()
    gc.disable()
    try:
        while block := list(islice(remaining, turn)):
            token_ids = [
                [tokenizer.encode(instance.text, add_special_tokens=False) for instance in case.instances]
                for case in block
            ]
            if seen % SETTLE_EVERY == 0 or turn > 1:
                gc.collect()
            yield from harness.measure(block, token_ids, first=turns % len(harness.engines))
            turns += 1
            seen += len(block)
    finally:
        if collecting:
            gc.enable()


def slowest_of(harness: Harness) -> Iterator[Table]:
    for engine, slowest in zip(harness.engines, harness.slowest, strict=True):
        if slowest.heap:
            table = Table("µs", "schema", "instance", "step", "expected", title=f"slowest masks of {engine.name}")
            for mask in sorted(slowest.heap, reverse=True):
                numbers = f"{mask.ns / 1e3:,.0f}", mask.schema, str(mask.instance), str(mask.step)
                table.add_row(*numbers, Text(mask.expected))
            yield table


def memory_of(harness: Harness) -> list[str]:
    lines = [f"Peak memory of the process, all engines and the tokenizer: {_mebibytes(machine.peak_memory_bytes())}."]
    for engine, sizes in zip(harness.engines, harness.matcher_bytes, strict=True):
        shared = ", ".join(f"{name.replace('_', ' ')} {_mebibytes(size)}" for name, size in engine.memory().items())
        if sizes:
            average = f"{sum(sizes) / len(sizes) / 1024:.1f} KiB on average at the end of a text"
            most = f"{max(sizes) / 1024:.0f} KiB at most"
            lines.append(f"A matcher of {engine.name}: {average}, {most}; shared by all schemas: {shared}.")
    return lines


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"


def main(
    data: Annotated[Path | None, typer.Option(help="Folder of MaskBench files; without it, the built-in ones.")] = None,
    sample: Annotated[Path | None, typer.Option(help="File with the names of the schemas to read.")] = None,
    tokenizer: Annotated[Path | None, typer.Option(help="Folder of a Hugging Face tokenizer.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N schemas.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for every time as JSON lines, the HTML report and its summary.")
    ] = None,
    fresh: Annotated[bool, typer.Option(help="A new compiler for each schema: nothing is shared.")] = False,
    turn: Annotated[int, typer.Option(min=1, help="Schemas that one engine reads before the next reads them.")] = 1,
    only: Annotated[list[str] | None, typer.Option(help="Engines to run; repeat for several. Default: all.")] = None,
    clock: Annotated[Literal["cpu", "wall"], typer.Option(help="Processor time of the process, or elapsed.")] = "cpu",
    worst: Annotated[int, typer.Option(min=0, help="Also list the N slowest masks; disturbs the next one.")] = 0,
) -> None:
    """Mask and compile times, cold, of maskforge and llguidance over the same schemas in one run."""
    console = Console()
    names = names_in(sample)
    cases: Iterable[Case] = maskbench_cases(data, names) if data else built_in_cases()
    total = len(names) if names else None
    if limit:
        cases, total = islice(cases, limit), min(limit, total or limit)
    reader = load_tokenizer(tokenizer)
    vocab_size = len(reader)
    makers = {
        "maskforge": lambda: Maskforge(reader, vocab_size, fresh),
        "llguidance": lambda: Llguidance(reader, vocab_size),
    }
    chosen = only or list(makers)
    if unknown := set(chosen) - set(makers):
        raise InputError(f"no engine is called {', '.join(sorted(unknown))}; there are {', '.join(makers)}")
    engines = [makers[name]() for name in chosen]
    harness = Harness(engines, vocab_size, reader.eos_token_id, clock=CLOCKS[clock], worst=worst)
    run = output.run_record(
        {engine.name: EngineRecord(engine.version, engine.setup_ns) for engine in engines},
        {
            "tokenizer": tokenizer.name if tokenizer else "trained here",
            "vocabulary": vocab_size,
            "a new compiler for each schema": fresh,
            "schemas in a turn of an engine": turn,
        },
        [f"maskbench ({sample.name})" if sample else "maskbench" if data else "built-in"],
        machine.clock_ns(CLOCKS[clock]),
        clock=clock,
    )
    lines = [run.record()]
    path = out / "cold.jsonl" if out else None
    with output.lines_to(path) if path else nullcontext(lambda _: None) as write:
        write(lines[0])
        with output.progress("reading", total) as step:
            for records in run_cases(harness, cases, reader, turn):
                for record in records:
                    lines.append(record.record())
                    write(lines[-1])
                step()
    if out and path:
        output.finish(console, out, path)
    else:
        text.show(build(lines), console)
    for table in slowest_of(harness):
        console.print(table)
    for line in memory_of(harness):
        console.print(line, soft_wrap=True, highlight=False)


if __name__ == "__main__":
    typer.run(main)
