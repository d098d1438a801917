"""What do masking and masked sampling cost on a device, beside XGrammar's kernels and plain PyTorch?

    python -m maskforge.bench.kernels [--batches 1,64] [--vocabs 128256] [--allowed 1,2600] [--json OUT]

On a GPU an operation is captured in a CUDA graph that runs it many times, over enough copies of the logits that they
do not stay in the cache, and the median of several replays, by the device's events, is divided by the number of runs.
What cannot be captured, uploads from the host above all, is timed the same way without a graph; its name has the word
"host". Rates count the bytes that the operation cannot do without (what is forbidden is written, or what is allowed is
read), so they can be set beside the rate of a plain copy, which is measured first and counts reads and writes.

Without a GPU it measures the CPU's fallback, by the clock on the wall, and says so.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from maskforge.cli.errors import InputError

CACHE_BYTES = 200 << 20  # several times the cache of any GPU: so much logits are gone through before they come again
MOST_BYTES = 24 << 30  # of logits in one case
REPLAYS = 15
CPU_BUDGET_NS = 200_000_000  # of one operation


@dataclass(frozen=True)
class KernelRecord:
    """One line of the results. `ns` is the median time of one call."""

    name: str
    dtype: str
    batch: int
    vocab: int
    allowed: int
    ns: float
    bytes_per_second: float | None
    device: str
    kind: str = "kernel"


def run(
    device_name: str, dtypes: Sequence[str], batches: Sequence[int], vocabs: Sequence[int], allowed: Sequence[int],
    note: Callable[[str], None],
) -> Iterator[KernelRecord]:  # fmt: skip
    """Measures every case; what cannot be run is noted."""
    import torch

    from maskforge.bench.kernel_operations import DTYPES, Case, operations

    unknown = sorted(set(dtypes) - set(DTYPES))
    if unknown:
        raise InputError(f"{unknown[0]} is none of the types {', '.join(DTYPES)}")
    device = torch.device(device_name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError("PyTorch sees no CUDA device here")
    gpu = device.type == "cuda"
    label = torch.cuda.get_device_name(device) if gpu else "CPU"
    if not gpu:
        note("There is no GPU in this run: these are the fallbacks on the CPU.")
    rate, size = copy_rate(device)
    yield KernelRecord("copy", "uint8", 1, size, size, size * 2e9 / rate, rate, label)
    cases = [
        Case(dtype, batch, vocab, count)
        for dtype in dtypes
        for vocab in vocabs
        for batch in batches
        for count in allowed
        if count <= vocab
    ]
    for case in cases:
        row_bytes = case.vocab * case.batch * case.item
        if row_bytes > MOST_BYTES:
            note(f"{case} is left out: too large")
            continue
        copies = max(1, min(32, -(-CACHE_BYTES // row_bytes))) if gpu else 1
        for operation in operations(case, device, copies):
            try:
                timed = time_on_gpu(operation.calls, operation.capturable) if gpu else time_on_cpu(operation.calls)
            except Exception as error:  # another package's kernel, or one that this card or compiler refuses
                reason = next(iter(str(error).splitlines()), "")
                note(f"{operation.name}, {case}: {type(error).__name__}: {reason}")
                continue
            name = operation.name if operation.capturable or not gpu else f"{operation.name} (host)"
            moved = None if operation.bytes is None else operation.bytes / timed * 1e9
            yield KernelRecord(name, case.dtype, case.batch, case.vocab, case.allowed, timed, moved, label)


def copy_rate(device: Any) -> tuple[float, int]:
    """Bytes a second, read plus written, of a copy on the device; and how many bytes were copied."""
    import torch

    gpu = device.type == "cuda"
    size = 2 << 30 if gpu else 64 << 20
    source = torch.randint(0, 255, (size,), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    calls = [lambda: target.copy_(source)]
    return 2 * size / (time_on_gpu(calls, True) if gpu else time_on_cpu(calls)) * 1e9, size


def time_on_cpu(calls: Sequence[Callable[[], Any]]) -> float:
    """The median nanoseconds of a call."""
    for call in calls:
        call()
    times: list[int] = []
    while not times or (sum(times) < CPU_BUDGET_NS and len(times) < 50):
        for call in calls:
            start = perf_counter_ns()
            call()
            times.append(perf_counter_ns() - start)
    return float(median(times))


def time_on_gpu(calls: Sequence[Callable[[], Any]], capturable: bool) -> float:
    """The median nanoseconds of a call, from several rounds of many calls each."""
    import torch

    repeats = max(1, 24 // len(calls))

    def round_of_calls() -> None:
        for _ in range(repeats):
            for call in calls:
                call()

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):  # compiles, and allocates what is kept
            for call in calls:
                call()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    play: Callable[[], Any] = round_of_calls
    if capturable:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            round_of_calls()
        play = graph.replay
    play()
    times = []
    for _ in range(REPLAYS):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        play()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) * 1e6 / (repeats * len(calls)))
    return float(median(times))


def table(records: Sequence[KernelRecord]) -> Table:
    view = Table(title=f"Kernels on {records[0].device}" if records else "Kernels")
    for heading in ("operation", "dtype", "batch", "vocabulary", "allowed", "µs", "GB/s", "of copy"):
        view.add_column(heading, justify="left" if heading in ("operation", "dtype") else "right", no_wrap=True)
    copy = next((record.bytes_per_second for record in records if record.name == "copy"), None)
    for record in records:
        rate = record.bytes_per_second
        share = f"{rate / copy:.0%}" if rate and copy and record.name.startswith("apply,") else ""
        view.add_row(
            *(record.name, record.dtype, str(record.batch), str(record.vocab), str(record.allowed)),
            *(f"{record.ns / 1e3:.2f}", f"{rate / 1e9:.1f}" if rate else "", share),
        )
    return view


def _numbers(text: str, name: str) -> list[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise InputError(f"--{name} takes positive numbers with commas between them, not {text!r}")
    return [int(part) for part in parts]


def main(
    batches: Annotated[str, typer.Option(help="Rows of logits, several with commas.")] = "",
    vocabs: Annotated[str, typer.Option(help="Widths of the logits.")] = "",
    allowed: Annotated[str, typer.Option(help="Tokens that each mask allows.")] = "1,100,2600,120000",
    dtypes: Annotated[str, typer.Option(help="float32, float16, bfloat16.")] = "",
    device: Annotated[str, typer.Option(help="cuda, cuda:1, cpu; by default a GPU where there is one.")] = "",
    out: Annotated[Path | None, typer.Option("--json", help="Writes one JSON record a line.")] = None,
) -> None:
    """Masking and masked sampling on this machine's device, beside XGrammar's kernels and plain PyTorch."""
    import torch

    console = Console()
    if not console.is_terminal:
        console = Console(width=130)  # wide enough for the table
    where = device or ("cuda" if torch.cuda.is_available() else "cpu")
    gpu = where.startswith("cuda")
    plan = {
        "dtypes": [part.strip() for part in (dtypes or ("bfloat16,float32" if gpu else "float32")).split(",")],
        "batches": _numbers(batches or ("1,8,64,256,1024" if gpu else "1,16"), "batches"),
        "vocabs": _numbers(vocabs or ("32768,128256,262144" if gpu else "32768,128256"), "vocabs"),
        "allowed": _numbers(allowed, "allowed"),
    }
    records = []
    file = out.open("w", encoding="utf-8") if out is not None else None
    try:
        for record in run(where, **plan, note=lambda text: console.print(text, markup=False, style="yellow")):
            records.append(record)
            if file is not None:
                file.write(json.dumps(asdict(record)) + "\n")
                file.flush()
            if sys.stderr.isatty():
                print(f"\r{len(records)} measured", end="", file=sys.stderr)
    finally:
        if file is not None:
            file.close()
    console.print(table(records))


if __name__ == "__main__":
    typer.run(main)
