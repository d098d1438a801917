"""Which engines take part: chosen by name, or all that are installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import Any, TypeVar

from maskforge.cli.errors import InputError
from maskforge.jsonschemabench.engines import ENGINES, entry
from maskforge.jsonschemabench.records import EngineRecord

Made = TypeVar("Made")


def chosen(names: str | None, default: Sequence[str]) -> list[str]:
    """The engines of a comma-separated list, in its order; without one, those of `default` that are installed.

    "module:class" names an adapter that is not among ENGINES. Raises InputError for a name that is unknown, and for an
    engine that is not installed, with what installs it.
    """
    if names is None:
        return [name for name in default if not ENGINES[name].missing]
    found = list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    if not found:
        raise InputError(f"--engines names none; there are {', '.join(ENGINES)}")
    try:
        missing = [reason for reason in (entry(name).missing for name in found) if reason]
    except ValueError as error:
        raise InputError(str(error)) from None
    if missing:
        raise InputError("; ".join(missing))
    return found


def set_up(names: Sequence[str], make: Callable[[str], Made]) -> tuple[list[Made], dict[str, EngineRecord]]:
    """The engines that could be set up, and what the run says of all of them: one that fails takes no part."""
    made: list[Made] = []
    records: dict[str, EngineRecord] = {}
    for name in names:
        start = perf_counter_ns()
        try:
            engine = make(name)
        except Exception as error:
            records[name] = EngineRecord(missing=f"its set-up failed: {type(error).__name__}: {error}")
        else:
            version: Any = getattr(engine, "version", "")
            records[name] = EngineRecord(version=str(version), setup_ns=perf_counter_ns() - start)
            made.append(engine)
    return made, records


def numbers(text: str, option: str) -> list[int]:
    """The positive whole numbers of "1,8,64", ascending."""
    try:
        found = sorted({int(part) for part in text.split(",")})
    except ValueError:
        found = []
    if not found or found[0] < 1:
        raise InputError(f"{option} takes whole numbers from 1 on, with commas between them, not {text!r}")
    return found
