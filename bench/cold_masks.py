"""How long do masks and compiles take, cold, beside llguidance?

    python -m maskforge.bench.cold_masks --data FOLDER --sample FILE --tokenizer FOLDER [--limit N] [--json OUT]

One process, one thread, one run. Every schema is seen once and every engine reads the same tokens of the same
instances, schema by schema, with the order of the engines alternating. A text is read the way a server would: write
the bitmask of the next token into a buffer, see that the token is in it, accept the token; after the last one the same
with end-of-sequence. Timed are only the native calls that compile, write a bitmask and accept, garbage collection off.

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
import json
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from time import perf_counter_ns, process_time_ns
from typing import IO, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from maskforge.bench.summary import Outcome, Reading, page, summarize, tables
from maskforge.jsonschemabench import machine
from maskforge.jsonschemabench.cases import Case, built_in_cases, maskbench_cases
from maskforge.jsonschemabench.engines.base import Engine, Refused, Run
from maskforge.jsonschemabench.engines.llguidance import Llguidance
from maskforge.jsonschemabench.engines.maskforge import Maskforge

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

    def measure(self, case: Case, token_ids: Sequence[Sequence[int]], first: int) -> tuple[Outcome, ...]:
        """All engines on one schema, beginning with engine `first`; the outcomes are in the order of `engines`."""
        found: dict[int, Outcome] = {}
        for turn in range(len(self.engines)):
            position = (first + turn) % len(self.engines)
            found[position] = self._measure(position, case, token_ids)
        return tuple(found[position] for position in range(len(self.engines)))

    def _measure(self, position: int, case: Case, token_ids: Sequence[Sequence[int]]) -> Outcome:
        engine, clock = self.engines[position], self._clock
        outcome = Outcome(case.name, engine.name)
        outcome.readings = [Reading(instance.valid) for instance in case.instances]
        engine.begin_schema()
        start = clock()
        try:
            compiled = engine.compile(case.schema)
        except Refused as refusal:
            outcome.compile_ns = clock() - start
            outcome.refused = str(refusal) or "refused"
            outcome.unsatisfiable = refusal.unsatisfiable
            return outcome
        outcome.compile_ns = clock() - start
        for index, (reading, ids) in enumerate(zip(outcome.readings, token_ids, strict=True)):
            run = engine.begin(compiled, self._address, self._words)
            self._read(run, ids, reading, self.slowest[position], case.name, index)
            if index == 0 and reading.mask_ns:
                outcome.first_ns = outcome.compile_ns + reading.mask_ns[0]
        return outcome

    def _read(
        self, run: Run, ids: Sequence[int], reading: Reading, slowest: Slowest, schema: str, instance: int
    ) -> None:
        buffer, clock, fill, accept, check = self._buffer, self._clock, run.fill, run.accept, run.check
        try:
            for step, token in enumerate([*ids, self._eos]):
                start = clock()
                fill()
                mask_ns = clock() - start
                check()
                reading.mask_ns.append(mask_ns)
                slowest.add(mask_ns, schema, instance, step, run)
                if not buffer[token >> 5] >> (token & 31) & 1:
                    return
                start = clock()
                accepted = accept(token)
                reading.accept_ns.append(clock() - start)
                check()
                if not accepted:
                    reading.stopped = f"refuses token {token} that its mask allows, at step {step}"
                    return
            reading.accepted = True
        except Exception as error:  # whatever an engine throws costs it this instance, not the run
            reading.stopped = f"{type(error).__name__}: {error}"
        finally:
            reading.matcher_bytes = run.memory_bytes()


def command_line(arguments: Sequence[str]) -> str:
    """The command as it is typed: `python -m` knows modules, `sys.argv` has their files."""
    module = "maskforge.bench" if Path(arguments[0]).stem == "__main__" else "maskforge.bench.cold_masks"
    return shlex.join(["python", "-m", module, *arguments[1:]])


def load_tokenizer(folder: Path | None) -> Any:
    if folder is None:
        from maskforge.cli.tiny_model import train_tokenizer

        return train_tokenizer()
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def run_cases(harness: Harness, cases: Iterable[Case], tokenizer: Any) -> Iterator[tuple[Outcome, ...]]:
    """The outcomes, schema by schema, with garbage collection off while engines work."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        for number, case in enumerate(cases):
            token_ids = [tokenizer.encode(instance.text, add_special_tokens=False) for instance in case.instances]
            if number % SETTLE_EVERY == 0:
                gc.collect()
            yield harness.measure(case, token_ids, first=number % len(harness.engines))
    finally:
        if collecting:
            gc.enable()


def write_line(out: IO[str] | None, record: dict[str, Any]) -> None:
    if out is not None:
        out.write(json.dumps(record) + "\n")


def print_tables(console: Console, summary: dict[str, Any]) -> None:
    for title, header, rows in tables(summary):
        table = Table(title=title, title_justify="left", title_style="bold")
        for position, column in enumerate(header):
            table.add_column(column, justify="right" if position else "left")
        for row in rows:
            table.add_row(*row)
        console.print(table)


def print_slowest(console: Console, harness: Harness) -> None:
    for engine, slowest in zip(harness.engines, harness.slowest, strict=True):
        if slowest.heap:
            table = Table("µs", "schema", "instance", "step", "expected", title=f"slowest masks of {engine.name}")
            for mask in sorted(slowest.heap, reverse=True):
                numbers = f"{mask.ns / 1e3:,.0f}", mask.schema, str(mask.instance), str(mask.step)
                table.add_row(*numbers, Text(mask.expected))
            console.print(table)


def memory_of(engines: Sequence[Engine], pairs: Sequence[tuple[Outcome, ...]]) -> dict[str, Any]:
    found: dict[str, Any] = {"peak_process_bytes": machine.peak_memory_bytes()}
    for position, engine in enumerate(engines):
        sizes = [
            reading.matcher_bytes
            for outcomes in pairs
            for reading in outcomes[position].readings
            if reading.matcher_bytes is not None
        ]
        found[engine.name] = engine.memory()
        if sizes:
            found[engine.name] |= {"matcher_avg_bytes": sum(sizes) // len(sizes), "matcher_max_bytes": max(sizes)}
    return found


def main(
    data: Annotated[Path | None, typer.Option(help="Folder of MaskBench files; without it, the built-in ones.")] = None,
    sample: Annotated[Path | None, typer.Option(help="File with the names of the schemas to read.")] = None,
    tokenizer: Annotated[Path | None, typer.Option(help="Folder of a Hugging Face tokenizer.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N schemas.")] = None,
    json_lines: Annotated[
        Path | None, typer.Option("--json", help="Write every time, one JSON line per schema.")
    ] = None,
    markdown_out: Annotated[
        Path | None, typer.Option("--markdown", help="Write the results as a Markdown page.")
    ] = None,
    fresh: Annotated[bool, typer.Option(help="A new compiler for each schema: nothing is shared.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Engines to run; repeat for several. Default: all.")] = None,
    clock: Annotated[Literal["cpu", "wall"], typer.Option(help="Processor time of the process, or elapsed.")] = "cpu",
    worst: Annotated[int, typer.Option(min=0, help="Also list the N slowest masks; disturbs the next one.")] = 0,
) -> None:
    """Mask and compile times, cold, of maskforge and llguidance over the same schemas in one run."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    names = sample.read_text(encoding="utf-8").split() if sample else None
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
        raise typer.BadParameter(f"no engine is called {', '.join(sorted(unknown))}; there are {', '.join(makers)}")
    harness = Harness(
        [makers[name]() for name in chosen], vocab_size, reader.eos_token_id, clock=CLOCKS[clock], worst=worst
    )
    about = {
        "kind": "run",
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": command_line(sys.argv),
        "machine": machine.describe(),
        "engines": {engine.name: engine.version for engine in harness.engines},
        "setup_ms": {engine.name: round(engine.setup_ns / 1e6, 1) for engine in harness.engines},
        "vocab_size": vocab_size,
        "clock_ns": machine.clock_ns(CLOCKS[clock]),
        "clock": clock,
        "fresh": fresh,
    }
    pairs = []
    with open(json_lines, "w", encoding="utf-8") if json_lines else nullcontext() as out:
        write_line(out, about)
        with Progress(console=console, transient=True, auto_refresh=False) as progress:  # no second thread
            task = progress.add_task("reading", total=total)
            for outcomes in run_cases(harness, cases, reader):
                pairs.append(outcomes)
                progress.advance(task)
                progress.refresh()
                for outcome in outcomes:
                    write_line(out, outcome.record())
        summary = summarize(pairs, chosen)
        summary["memory"] = memory_of(harness.engines, pairs)
        summary["load_at_end"] = machine.load()
        for engine, slowest in zip(harness.engines, harness.slowest, strict=True):
            for mask in sorted(slowest.heap, reverse=True):
                write_line(out, {"kind": "slow mask", "engine": engine.name, **asdict(mask)})
        write_line(out, {"kind": "summary", **summary})
    print_tables(console, summary)
    print_slowest(console, harness)
    console.print_json(data={**about, "memory": summary["memory"], "load_at_end": summary["load_at_end"]})
    if markdown_out:
        markdown_out.write_text(page(about, summary), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
