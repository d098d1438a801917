"""What the commands `batch` and `generate` do: choose engines and texts, measure, write, report."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from rich.console import Console

from maskforge.bench import output
from maskforge.bench.engines import chosen, set_up
from maskforge.bench.workload import everyday_sequences, load_tokenizer, maskbench_sequences
from maskforge.cli.errors import InputError
from maskforge.jsonschemabench import machine
from maskforge.jsonschemabench.engines import entry

BATCH_ENGINES = ("maskforge", "llguidance", "xgrammar")
"""Those with batch calls: what runs unless told otherwise."""
GENERATE_ENGINES = ("maskforge", "llguidance", "xgrammar")
LEAST_TOKENS = 24  # of a text in a batch
EVERYDAY = "orders (made here)"


def names_in(sample: Path | None) -> list[str] | None:
    return sample.read_text(encoding="utf-8").split() if sample else None


def read_batches(
    console: Console,
    folder: Path,
    *,
    engines: str | None = None,
    batches: Sequence[int],
    threads: Sequence[int],
    steps: int,
    rounds: int,
    model_ms: float = 0,
    tokenizer: Path | None = None,
    data: Path | None = None,
    sample: Path | None = None,
) -> None:
    from maskforge.bench.batch import MANY_GRAMMARS, ONE_GRAMMAR, Plan, run, takes
    from maskforge.bench.batch_engines import NATIVE, BatchEngine, OneByOne

    names = chosen(engines, BATCH_ENGINES)
    reader = load_tokenizer(tokenizer)
    size = len(reader)

    def make(name: str) -> BatchEngine:
        if name in NATIVE:
            return NATIVE[name](reader, size)
        return OneByOne(entry(name).make(reader, size), size)

    made, about = set_up(names, make)
    workloads = {
        one: everyday_sequences(reader, max(batches), LEAST_TOKENS, one_grammar=one is ONE_GRAMMAR)
        for one in (ONE_GRAMMAR, MANY_GRAMMARS)
    }
    if data is not None:
        texts = maskbench_sequences(reader, data, names_in(sample), LEAST_TOKENS)
        with console.status("finding texts that all engines take"):
            agreed = (text for text in texts if all(takes(engine, text, reader.eos_token_id) for engine in made))
            workloads[MANY_GRAMMARS] = list(islice(agreed, max(batches)))
        made, anew = set_up([engine.name for engine in made], make)  # these have seen the texts
        about |= anew
        if not workloads[MANY_GRAMMARS]:
            raise InputError(f"no schema in {data} has a valid instance of {LEAST_TOKENS} tokens that all engines take")
    plan = Plan(batches, threads, steps, rounds, model_ms)
    settings = {
        "tokenizer": tokenizer.name if tokenizer else "trained here",
        "vocabulary": size,
        "steps": steps,
        "rounds": rounds,
        "threads": list(threads),
        "model between accept and fill, ms": model_ms,
        "different texts": len(workloads[MANY_GRAMMARS]),
    }
    sources = [EVERYDAY, *([data.name] if data else [])]
    path = folder / "batch.jsonl"
    with (
        output.lines_to(path) as write,
        output.progress("batch", 2 * len(workloads) * plan.settings(made)) as step,
    ):
        write(output.run_record(about, settings, sources, machine.clock_ns(perf_counter_ns)).record())
        for workload, writings in workloads.items():
            for record in run(made, workload, writings, reader.eos_token_id, plan):
                write(record.record())
                step()
    output.finish(console, folder, path)


def generate_texts(
    console: Console,
    folder: Path,
    *,
    engines: str | None = None,
    batches: Sequence[int],
    new_tokens: int,
    rounds: int,
    model: Path | None = None,
    tokenizer: Path | None = None,
    device: str | None = None,
    dtype: str = "auto",
    one_grammar: bool = True,
) -> None:
    from maskforge.bench.generate import Generator, run
    from maskforge.bench.processors import processors

    names = chosen(engines, GENERATE_ENGINES)
    network, reader = _model(model, tokenizer, device, dtype)
    size = int(network.get_output_embeddings().weight.shape[0])

    writings = everyday_sequences(reader, max(batches), new_tokens, one_grammar=one_grammar)
    made, about = set_up(names, lambda name: processors(name, reader, size, one_grammar=one_grammar))
    settings = {
        "model": model.name if model else "random weights",
        "parameters": network.num_parameters(),
        "device": str(network.device),
        "dtype": str(network.dtype).removeprefix("torch."),
        "vocabulary": size,
        "grammars": "one" if one_grammar else "one a row",
        "new tokens": new_tokens,
        "rounds": rounds,
        "threads of PyTorch": _torch_threads(),
    }
    path = folder / "generate.jsonl"
    with (
        output.lines_to(path) as write,
        output.progress("generate", len(batches) * (rounds + 1) * len(made)) as step,
    ):
        write(output.run_record(about, settings, [EVERYDAY], machine.clock_ns(perf_counter_ns)).record())
        for record in run(Generator(network, reader, new_tokens), made, writings, batches, rounds):
            write(record.record())
            step()
    output.finish(console, folder, path)


def _model(folder: Path | None, tokenizer: Path | None, device: str | None, dtype: str) -> tuple[Any, Any]:
    if folder is not None:
        from maskforge.cli.generate import load

        return load(str(folder), device, dtype)
    from maskforge.cli.tiny_model import random_model

    reader = load_tokenizer(tokenizer)
    network = random_model(reader)
    return network.to(device) if device else network, reader


def _torch_threads() -> int:
    import torch

    return torch.get_num_threads()
