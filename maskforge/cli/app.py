"""The commands and their options. What they do is in the module of the same name; heavy imports happen inside."""

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

from maskforge.bench.app import app as bench
from maskforge.cli import specs
from maskforge.cli.errors import NOT_FULFILLED, OK, InputError, readable_errors
from maskforge.cli.specs import byte_vocabulary, read_bytes, read_spec

app = typer.Typer(
    name="maskforge",
    help="Token masks from JSON Schema, regular expressions and grammars.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(bench)

Schema = Annotated[
    str | None, typer.Option("--schema", metavar="FILE|JSON", help="A JSON Schema: a file, - or the JSON itself.")
]
Regex = Annotated[
    str | None,
    typer.Option("--regex", metavar="PATTERN", help="A pattern that the whole text matches (ECMA-262, flag u)."),
]
Grammar = Annotated[str | None, typer.Option("--grammar", metavar="FILE", help="A context-free grammar.")]
Syntax = Annotated[specs.Syntax, typer.Option("--syntax", help="The syntax of --grammar.")]
Whitespace = Annotated[specs.Whitespace, typer.Option("--whitespace", help="Between JSON tokens.")]
PropertyOrder = Annotated[specs.PropertyOrder, typer.Option("--property-order", help="Of JSON objects.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False) -> None:
    if version:
        from maskforge import __version__

        print(__version__)
        raise typer.Exit(OK)


@app.command()
@readable_errors
def demo(
    seed: Annotated[int, typer.Option(help="Of the random weights and of the sampling.")] = 0,
    max_new_tokens: Annotated[
        int, typer.Option(min=1, help="The demo fails when the text is not finished by then.")
    ] = 800,
    delay: Annotated[float, typer.Option(min=0, help="Seconds to wait after each token, to watch.")] = 0.01,
    show_schema: Annotated[bool, typer.Option(help="Print the schema first.")] = True,
) -> None:
    """A small model with random weights writes valid JSON under the mask; nothing is downloaded."""
    from maskforge.cli.demo import run_demo

    console = Console()
    raise typer.Exit(
        run_demo(
            console,
            seed=seed,
            max_new_tokens=max_new_tokens,
            delay=delay if console.is_terminal else 0,
            show_schema=show_schema,
        )
    )


@app.command()
@readable_errors
def generate(
    model: Annotated[str, typer.Option("--model", "-m", help="A local folder or a name on the Hugging Face hub.")],
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="The text to continue, or - for the standard input.")],
    schema: Schema = None,
    regex: Regex = None,
    grammar: Grammar = None,
    syntax: Syntax = "lark",
    whitespace: Whitespace = "flexible",
    property_order: PropertyOrder = "any",
    chat: Annotated[bool, typer.Option(help="Wrap the prompt in the model's chat template, if it has one.")] = True,
    max_new_tokens: Annotated[int, typer.Option(min=1)] = 512,
    greedy: Annotated[
        bool, typer.Option("--greedy", help="Take the likeliest allowed token instead of sampling.")
    ] = False,
    temperature: Annotated[float, typer.Option(min=0.0)] = 0.7,
    top_k: Annotated[int, typer.Option(min=0, help="0 is off.")] = 0,
    top_p: Annotated[float, typer.Option(min=0.0, max=1.0, help="1 is off.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Makes sampling repeatable.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, ...; by default cuda where there is one.")] = None,
    dtype: Annotated[str, typer.Option(help="auto, float32, float16 or bfloat16.")] = "auto",
    stream: Annotated[bool, typer.Option(help="Print the text as it grows.")] = True,
) -> None:
    """Let a model write a text that a spec allows. The text goes to the standard output and nothing else does."""
    from maskforge.cli.generate import Sampling, run_generate

    spec = read_spec(schema, regex, grammar, syntax, whitespace, property_order)
    if prompt == "-":
        prompt = sys.stdin.read()
    sampling = Sampling(max_new_tokens, greedy or temperature == 0, temperature, top_k, top_p, seed)
    raise typer.Exit(run_generate(model, prompt, spec, sampling, chat=chat, device=device, dtype=dtype, stream=stream))


@app.command()
@readable_errors
def check(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]", help="The text to check, or - for the standard input. A last newline is left out."
        ),
    ] = None,
    text: Annotated[str | None, typer.Option("--text", "-t", help="The text itself, instead of a file.")] = None,
    schema: Schema = None,
    regex: Regex = None,
    grammar: Grammar = None,
    syntax: Syntax = "lark",
    whitespace: Whitespace = "flexible",
    property_order: PropertyOrder = "any",
    as_json: AsJson = False,
) -> None:
    """Is this text allowed? If not: at which character, and what was expected there."""
    from maskforge import Compiler
    from maskforge.cli.check import check_text, show

    if (file is None) == (text is None):
        raise InputError("give the text to check: a file, - or --text")
    if file == "-" and schema == "-":
        raise InputError("the standard input can be the schema or the text, not both")
    spec = read_spec(schema, regex, grammar, syntax, whitespace, property_order)
    data = text.encode() if text is not None else without_last_newline(read_bytes(str(file), "the text"))
    result = check_text(spec.compile(Compiler(byte_vocabulary())), data)
    if as_json:
        print_json(result.as_json())
    else:
        show(result, data, Console())
    raise typer.Exit(OK if result.allowed else NOT_FULFILLED)


@app.command()
@readable_errors
def report(
    schema: Schema = None,
    regex: Regex = None,
    grammar: Grammar = None,
    syntax: Syntax = "lark",
    as_json: AsJson = False,
) -> None:
    """What of a spec is enforced, annotation, or refused and why. Exit code 1 when something is refused."""
    from maskforge import Compiler
    from maskforge.cli.report import count_by_status, report_rows, show

    spec = read_spec(schema, regex, grammar, syntax)
    rows = report_rows(spec.compile(Compiler(byte_vocabulary()), on_refused="report"))
    if as_json:
        print_json(rows)
    else:
        show(rows, Console())
    raise typer.Exit(NOT_FULFILLED if count_by_status(rows)["refused"] else OK)


def without_last_newline(data: bytes) -> bytes:
    """Editors end a file with a newline that is not meant."""
    return data.removesuffix(b"\n").removesuffix(b"\r")


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def main() -> None:
    app()
