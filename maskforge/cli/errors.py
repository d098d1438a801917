"""What a command does with an error: one readable line and an exit code, never a traceback."""

import functools
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

# The exit codes of every command.
OK = 0
NOT_FULFILLED = 1  # the text is not allowed, a constraint is refused, the output was not finished
ERROR = 2  # the input cannot be worked with: bad spec, missing file, wrong option

Command = TypeVar("Command", bound=Callable[..., Any])


class InputError(Exception):
    """What the user gave cannot be used; the text says why and what to do."""


def fail(message: str) -> NoReturn:
    Console(stderr=True).print(f"[bold red]error:[/] {escape(message)}", soft_wrap=True, highlight=False)
    raise typer.Exit(ERROR)


def readable_errors(command: Command) -> Command:
    """Turns the errors that a user can cause into one line and exit code 2. Programming errors keep their traceback."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        from maskforge import MaskforgeError

        try:
            return command(*args, **kwargs)
        except InputError as error:
            fail(str(error))
        except MaskforgeError as error:
            fail(one_line(f"{kind_of(error)}: {error}"))
        except BrokenPipeError:  # `maskforge report ... | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(OK) from None
        except OSError as error:
            fail(one_line(str(error)))

    return run  # type: ignore[return-value]


def kind_of(error: Exception) -> str:
    """`UnsatisfiableError` becomes "unsatisfiable"."""
    name = type(error).__name__.removesuffix("Error").lower()
    return {"spec": "malformed", "unsupported": "not supported", "fuel": "too much work"}.get(name, name)


def one_line(text: str) -> str:
    return " ".join(text.split())
