"""The short comparison of `make bench`: what the long ones do, with few schemas and small numbers, in one report."""

from __future__ import annotations

import os
from pathlib import Path

from rich.console import Console

from maskforge.bench.commands import generate_texts, read_batches
from maskforge.bench.engines import chosen
from maskforge.bench.masks import read_masks
from maskforge.jsonschemabench.engines import ENGINES
from maskforge.jsonschemabench.runner import Settings

QUICK = ("maskforge", "llguidance", "xgrammar")
"""Of the installed engines those that take seconds; the others are asked for by name."""


def compare(
    console: Console,
    folder: Path,
    *,
    engines: str | None = None,
    tokenizer: Path | None = None,
    limit: int = 60,
) -> None:
    names = ",".join(chosen(engines, tuple(name for name in ENGINES if name in QUICK)))
    (folder / "masks.jsonl").unlink(missing_ok=True)
    threads = sorted({1, min(2, os.cpu_count() or 1)})
    read_masks(
        console,
        folder,
        engines=names,
        tokenizer=tokenizer,
        limit=limit,
        settings=Settings(time_limit_s=10.0, memory_limit_mib=2048, walks=1, walk_tokens=200),
    )
    read_batches(
        console, folder, engines=names, batches=[1, 8, 64], threads=threads, steps=16, rounds=3, tokenizer=tokenizer
    )
    generate_texts(console, folder, engines=names, batches=[1, 8], new_tokens=32, rounds=3, tokenizer=tokenizer)
