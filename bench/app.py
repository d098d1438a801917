"""The commands of `maskforge bench` and their options. What they do is elsewhere and imported when it runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from maskforge.cli.errors import InputError, readable_errors

app = typer.Typer(
    name="bench",
    help="Engines side by side: masks, generation, batches, kernels. Results go to a folder with an HTML report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Engines = Annotated[
    str | None,
    typer.Option(metavar="NAME,...", help="Which engines; by default those of the usual ones that are there."),
]
Out = Annotated[Path, typer.Option(help="Folder of the results. Commands that share one make one report.")]
Tokenizer = Annotated[
    Path | None, typer.Option(help="Folder of a Hugging Face tokenizer; without it, a small one is trained.")
]
Sample = Annotated[Path | None, typer.Option(help="File with the names of the schemas to take from --data.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Only N schemas of each data set, evenly spread.")]
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
RESULTS = Path("bench-results")


@app.command()
@readable_errors
def masks(
    engines: Engines = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=FOLDER]",
            help="own (the default), built-in, maskbench=FOLDER, jsonschemabench[=FOLDER] or suite=FOLDER; repeatable.",
        ),
    ] = None,
    split: Annotated[list[str] | None, typer.Option(help="Only this split; repeatable.")] = None,
    sample: Sample = None,
    tokenizer: Tokenizer = None,
    limit: Limit = None,
    time_limit: Annotated[float, typer.Option(min=0.1, help="Seconds of processor time for a schema.")] = 60.0,
    memory_limit: Annotated[
        int, typer.Option(min=1, help="MiB by which a schema may raise an engine's memory.")
    ] = 4096,
    walks: Annotated[int, typer.Option(min=0, help="Random walks for each schema; what they write is validated.")] = 1,
    walk_tokens: Annotated[int, typer.Option(min=1, help="After so many tokens a walk has not ended.")] = 400,
    seed: Annotated[int, typer.Option(help="Of the walks.")] = 0,
    warm: Annotated[bool, typer.Option(help="Read all instances twice: warm masks, forced tokens.")] = True,
    clock: Annotated[Literal["cpu", "wall"], typer.Option(help="Processor time, or elapsed time.")] = "cpu",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that --out holds.")] = False,
    out: Out = RESULTS,
) -> None:
    """Coverage, right and wrong, compile and mask times: each schema isolated, with limits; a run can be resumed."""
    from maskforge.bench.masks import read_masks
    from maskforge.jsonschemabench.runner import Settings

    read_masks(
        _console(),
        out,
        engines=engines,
        data=data or ["own"],
        splits=split or [],
        sample=sample,
        tokenizer=tokenizer,
        limit=limit,
        resume=resume,
        settings=Settings(
            time_limit_s=time_limit,
            memory_limit_mib=memory_limit,
            clock=clock,
            warm=warm,
            walks=walks,
            walk_tokens=walk_tokens,
            walk_seed=seed,
        ),
    )


@app.command()
@readable_errors
def batch(
    engines: Engines = None,
    batch: Annotated[str, typer.Option(metavar="N,...", help="Sizes of the batch.")] = "1,4,16,64,256",
    threads: Annotated[str, typer.Option(metavar="N,...", help="Numbers of threads. Default: 1 and the CPUs.")] = "",
    steps: Annotated[int, typer.Option(min=1, help="Steps of a pass.")] = 32,
    rounds: Annotated[int, typer.Option(min=1, help="How often every setting is measured.")] = 5,
    model_ms: Annotated[
        float, typer.Option(min=0, help="Time that a model takes between accept and fill; the caller sleeps.")
    ] = 0,
    tokenizer: Tokenizer = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of MaskBench files for many grammars; without it, texts are made.")
    ] = None,
    sample: Sample = None,
    out: Out = RESULTS,
) -> None:
    """Fill and accept for whole batches, on one thread and on several, with masks known and unknown."""
    from maskforge.bench.commands import read_batches
    from maskforge.bench.engines import numbers

    read_batches(
        _console(),
        out,
        engines=engines,
        batches=numbers(batch, "--batch"),
        threads=numbers(threads or f"1,{_cpus()}", "--threads"),
        steps=steps,
        rounds=rounds,
        model_ms=model_ms,
        tokenizer=tokenizer,
        data=data,
        sample=sample,
    )


@app.command()
@readable_errors
def generate(
    engines: Engines = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder of a model; without it, a tiny one, weights random.")
    ] = None,
    batch: Annotated[str, typer.Option(metavar="N,...", help="Sizes of the batch.")] = "1,4,16,64",
    grammars: Annotated[Literal["one", "many"], typer.Option(help="One for all rows, or one a row.")] = "one",
    new_tokens: Annotated[int, typer.Option(min=1, help="Of each row.")] = 64,
    rounds: Annotated[int, typer.Option(min=1, help="Pairs of runs, with and without, that count.")] = 5,
    tokenizer: Tokenizer = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda, ...; a model's default is cuda if there is one.")
    ] = None,
    dtype: Annotated[str, typer.Option(help="Of --model: auto, float32, float16 or bfloat16.")] = "auto",
    out: Out = RESULTS,
) -> None:
    """Tokens per second of Hugging Face `generate` with and without each engine's logits processor."""
    from maskforge.bench.commands import generate_texts
    from maskforge.bench.engines import numbers

    generate_texts(
        _console(),
        out,
        engines=engines,
        batches=numbers(batch, "--batch"),
        new_tokens=new_tokens,
        rounds=rounds,
        model=model,
        tokenizer=tokenizer,
        device=device,
        dtype=dtype,
        one_grammar=grammars == "one",
    )


@app.command()
@readable_errors
def short(
    engines: Engines = None,
    tokenizer: Tokenizer = None,
    limit: Annotated[int, typer.Option(min=1, help="Schemas of the own suite, evenly spread.")] = 60,
    out: Out = RESULTS / "short",
) -> None:
    """Masks, generation and batches in small numbers, with no data needed. Replaces an earlier one in --out."""
    from maskforge.bench.short import compare

    compare(_console(), out, engines=engines, tokenizer=tokenizer, limit=limit)


@app.command(context_settings=PASSED_ON, add_help_option=False)
@readable_errors
def kernels(context: typer.Context) -> None:
    """The kernels that apply masks to logits, on this machine's device."""
    if find_spec("maskforge.bench.kernels") is None:
        raise InputError("this installation has no benchmark of kernels")
    from maskforge.bench.kernels import main

    _pass_on(main, context)


@app.command(context_settings=PASSED_ON, add_help_option=False)
@readable_errors
def cold(context: typer.Context) -> None:
    """Masks and compiles of maskforge and llguidance in one process, schema by schema in turns; for tuning."""
    from maskforge.bench.cold_masks import main

    _pass_on(main, context)


@app.command()
@readable_errors
def report(
    files: Annotated[list[Path], typer.Argument(help="JSON lines that the other commands wrote.")],
    out: Out = RESULTS,
) -> None:
    """Make the report and its summary again, from results of one run or of several."""
    from maskforge.bench.output import REPORT, SUMMARY, render
    from maskforge.bench.report import text

    console = _console()
    text.show(render(files, out), console)
    console.print(f"written to {out}: {REPORT}, {SUMMARY}", soft_wrap=True)


def _pass_on(main: Callable[..., Any], context: typer.Context) -> None:
    """Runs another command with the arguments as they were given; it has options and a help text of its own."""
    inner = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    inner.command(context_settings={"help_option_names": ["-h", "--help"]})(main)
    command = typer.main.get_command(inner)
    with command.make_context(context.command_path, list(context.args)) as made:
        command.invoke(made)


def _console() -> Console:
    return Console()


def _cpus() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every platform
        return os.cpu_count() or 1
