"""Runs engines over data sets, side by side: every engine in a process of its own, schema by schema in turns.

One process works at a time, so that engines do not compete, and schema i is given to all of them before schema i + 1,
so that whatever else the machine does meets them alike; who begins alternates. A schema that takes an engine over a
limit, or crashes it, costs that schema and a restart. Every result is written as soon as it is there: a run that was
interrupted goes on where it stopped when it is started again with the same settings and the same file.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from maskforge.jsonschemabench import engines, machine, validator
from maskforge.jsonschemabench.cases import Case
from maskforge.jsonschemabench.process import Child, Ended
from maskforge.jsonschemabench.records import (
    EngineRecord,
    InstanceRecord,
    RunRecord,
    SchemaRecord,
    WalkRecord,
    read_lines,
)
from maskforge.jsonschemabench.worker import CLOCKS

SETUP_S = 600.0
VALIDATION_S = 10.0
RESTARTS = 3  # an engine that cannot be set up again after a crash is given up after so many times


class CannotResume(Exception):
    """The file holds a run with other settings, or one that is still going on. Says which."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run depends on beside its engines and data; recorded, and compared when a run resumes."""

    time_limit_s: float = 60.0
    """Processor time that an engine may use for a schema, with all its instances and walks."""
    memory_limit_mib: int | None = 4096
    """By how much a schema may raise the memory of an engine's process."""
    clock: str = "cpu"
    warm: bool = True
    """Read all instances a second time, for warm masks and the share of forced tokens."""
    walks: int = 0
    """Random walks for each schema."""
    walk_tokens: int = 400
    """After so many tokens a walk counts as one that did not end."""
    walk_seed: int = 0


class Tokenizer:
    """The tokenizer of a run, and a folder from which the workers load the same one."""

    def __init__(self, folder: Path | None, stack: ExitStack) -> None:
        """folder: of a Hugging Face tokenizer; None for a small one that is trained here."""
        from transformers import AutoTokenizer

        if folder is None:
            from maskforge.cli.tiny_model import train_tokenizer

            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            train_tokenizer().save_pretrained(folder)
            self.name = "trained here"
        else:
            self.name = folder.resolve().name
        self.folder = folder
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self.vocab_size = len(self._tokenizer)
        self.eos = self._tokenizer.eos_token_id
        if self.eos is None:
            raise ValueError(f"the tokenizer {self.name} has no end-of-sequence token")

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return ids

    def about(self) -> dict[str, Any]:
        tokens = json.dumps(sorted(self._tokenizer.get_vocab().items())).encode()
        digest = hashlib.sha256(tokens).hexdigest()[:16]
        return {"tokenizer": self.name, "tokenizer_sha256": digest, "vocab_size": self.vocab_size, "eos": self.eos}


class Judge:
    """The validator of what walks write, restarted when a text keeps it busy for too long."""

    def __init__(self) -> None:
        self._child: Child | None = None

    def judge(self, case: Case, walk: WalkRecord) -> None:
        """Fills `valid` and `reason` of a walk that ended, and drops the text of one that is as it should be."""
        if walk.ended and not walk.stopped:
            question = {"schema": case.schema, "text": walk.text, "remotes": case.remotes}
            if self._child is None:
                self._child = Child("maskforge.jsonschemabench.validator")
            try:
                for answer in self._child.ask(question, VALIDATION_S, None):
                    walk.valid, walk.reason = answer["valid"], answer["reason"]
            except Ended as end:
                self.close()
                walk.valid, walk.reason = None, f"the validator cannot say: {end}"
        if walk.valid or (walk.valid is None and not walk.stopped):
            walk.text = ""

    def close(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None


class EngineProcess:
    """One engine: its worker, set up again whenever it ended."""

    def __init__(self, name: str, settings: Settings, tokenizer: Tokenizer) -> None:
        self.name = name
        self.about = EngineRecord()
        self._settings = settings
        self._question = {
            "engine": name,
            "tokenizer": str(tokenizer.folder),
            "vocab_size": tokenizer.vocab_size,
            "eos": tokenizer.eos,
            "settings": asdict(settings),
        }
        self._child: Child | None = None
        self._failed = 0

    def start(self) -> None:
        """Sets the engine up. What it says of itself, or why it cannot take part, is in `about`."""
        missing = engines.entry(self.name).missing
        answer: dict[str, Any] = {"missing": missing} if missing else {}
        if not missing:
            self._child = Child("maskforge.jsonschemabench.worker")
            try:
                answer = list(self._child.ask(self._question, SETUP_S, None))[-1]
            except Ended as end:
                answer = {"missing": f"its set-up ended: {end.status}: {end}"}
        if "missing" in answer:
            self.close()
            self.about = EngineRecord(missing=answer["missing"])
        else:
            self.about = EngineRecord(answer["version"], answer["setup_ns"], answer["memory_bytes"])

    def run(self, case: Case, tokens: Sequence[Sequence[int]], judge: Judge) -> SchemaRecord:
        record = SchemaRecord(
            self.name,
            case.split,
            case.name,
            "ok",
            instances_planned=len(case.instances),
            valid_planned=sum(instance.valid for instance in case.instances),
            walks_planned=self._settings.walks,
        )
        if self._child is None:
            self._restart()
        if self._child is None:
            record.status, record.reason = "error", f"it could not be set up again: {self.about.missing}"
            return record
        question = {
            "name": f"{case.split} {case.name}",
            "schema": case.schema,
            "remotes": case.remotes,
            "tokens": tokens,
            "valid": [instance.valid for instance in case.instances],
        }
        limit = self._settings.memory_limit_mib
        progress = Stage(record)
        try:
            for answer in self._child.ask(question, self._settings.time_limit_s, limit * 2**20 if limit else None):
                progress.take(answer)
        except Ended as end:
            self.close()
            record.status, record.reason = end.status, f"{progress.where()}: {end}"
            record.memory_peak_bytes = end.memory_bytes
        for walk in record.walks:
            judge.judge(case, walk)
        return record

    def _restart(self) -> None:
        if self._failed < RESTARTS:
            before = self.about
            self.start()
            if self._child is None:
                self._failed += 1
            else:
                self._failed, self.about = 0, before

    def close(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None


class Stage:
    """Puts the parts of a worker's answer into a record, and knows how far it came."""

    def __init__(self, record: SchemaRecord) -> None:
        self._record = record
        self._warm = 0

    def take(self, answer: dict[str, Any]) -> None:
        record, kind = self._record, answer.pop("event")
        if kind == "begun":
            record.memory_before_bytes = answer["memory_bytes"]
        elif kind == "refused":
            record.status, record.reason = answer["status"], answer["reason"]
            record.compile_ns = answer["compile_ns"]
        elif kind == "compiled":
            record.compile_ns = answer["compile_ns"]
        elif kind == "instance":
            record.instances.append(InstanceRecord(**answer))
        elif kind == "warm":
            self._warm += 1
            instance = record.instances[answer["index"]]
            instance.warm_mask_ns, instance.forced_masks = answer["warm_mask_ns"], answer["forced_masks"]
        elif kind == "walk":
            record.walks.append(WalkRecord(**answer))
        elif kind == "done":
            record.memory_peak_bytes = answer["memory_peak_bytes"]
        if kind in ("first", "instance") and record.first_ns is None and answer["mask_ns"]:
            record.first_ns = (record.compile_ns or 0) + answer["mask_ns"][0]

    def where(self) -> str:
        record = self._record
        if record.compile_ns is None:
            return "while compiling"
        if len(record.instances) < record.instances_planned:
            return f"in instance {len(record.instances) + 1} of {record.instances_planned}"
        if not record.walks and self._warm < record.instances_planned:
            return f"in the second pass over instance {self._warm + 1}"
        return f"in walk {len(record.walks) + 1}"


def run(
    names: Sequence[str],
    data: Sequence[Iterable[Case]],
    out: Path,
    *,
    settings: Settings | None = None,
    tokenizer: Path | None = None,
    command: str = "",
    data_names: Sequence[str] = (),
    total: int | None = None,
    console: Console | None = None,
) -> RunRecord:
    """Engines over data sets, results appended to the JSON lines file `out`. Returns the record of the run.

    names: of engines, as in `engines.ENGINES`; those that cannot be had are recorded as missing. data_names and total:
    for the record and the progress bar. Raises CannotResume where `out` holds a run with other settings, or where
    another process is writing one to it.
    """
    settings = settings or Settings()
    console = console or Console(stderr=True)
    with ExitStack() as stack:
        shared = Tokenizer(tokenizer, stack)
        processes = [EngineProcess(name, settings, shared) for name in names]
        record = RunRecord(
            date=_now(),
            command=command,
            machine=machine.describe(),
            engines={},
            settings={**asdict(settings), **shared.about(), "formats": validator.formats() if settings.walks else []},
            data=list(data_names),
            clock=settings.clock,
            clock_ns=machine.clock_ns(CLOCKS[settings.clock]),
        )
        before = begun(out)
        if before is not None:
            same_settings(out, before, record)  # before the engines are set up, which takes a while
        for process in processes:
            stack.callback(process.close)
            console.print(f"setting up {process.name} ...", end=" ")
            process.start()
            console.print(process.about.missing or process.about.version, markup=False)
        record.engines = {process.name: process.about for process in processes}
        lines = stack.enter_context(open(out, "a", encoding="utf-8"))
        keep_others_out(out, lines)
        done: set[tuple[str, str, str]] = set()
        if before is None:
            _write(lines, record.record())
        else:
            same_engines(out, before, record)
            _write(lines, {"kind": "resumed", "date": _now(), "machine": record.machine})
            done = {
                (line["engine"], line["split"], line["schema"]) for line in read_lines(out) if line["kind"] == "schema"
            }
            record = before
        judge = Judge()
        stack.callback(judge.close)
        taking_part = [process for process in processes if not process.about.missing]
        _run_all(taking_part, data, shared, judge, done, lines, total, console)
    return record


def keep_others_out(out: Path, lines: IO[str]) -> None:
    """Two runs that resume the same file would both write what is missing. Raises CannotResume for the second."""
    import fcntl  # not on Windows, where nothing runs anyway

    try:
        fcntl.flock(lines, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until the file is closed, or the process gone
    except BlockingIOError:
        raise CannotResume(f"{out}: another run is writing to it") from None
    except OSError:
        pass  # a file system without locks


def _run_all(
    processes: Sequence[EngineProcess],
    data: Sequence[Iterable[Case]],
    tokenizer: Tokenizer,
    judge: Judge,
    done: set[tuple[str, str, str]],
    lines: IO[str],
    total: int | None,
    console: Console,
) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        bar = progress.add_task("schemas", total=total)
        for number, case in enumerate(case for part in data for case in part):
            waiting = [process for process in processes if (process.name, case.split, case.name) not in done]
            if waiting:
                tokens = [tokenizer.encode(instance.text) for instance in case.instances]
                for process in rotated(waiting, number):
                    progress.update(bar, description=f"{process.name}: {case.name[:40]}")
                    _write(lines, process.run(case, tokens, judge).record())
            progress.advance(bar)


def rotated(processes: Sequence[EngineProcess], number: int) -> Iterator[EngineProcess]:
    for turn in range(len(processes)):
        yield processes[(number + turn) % len(processes)]


def begun(out: Path) -> RunRecord | None:
    """The record of the run that the file holds; None when it holds nothing. Cuts off a line that was not finished."""
    if not out.exists():
        return None
    content = out.read_bytes()
    if not content.endswith(b"\n"):
        content = content[: content.rfind(b"\n") + 1]
        out.write_bytes(content)
    if not content:
        return None
    first = next(read_lines(out))
    if first.get("kind") != "run":
        raise CannotResume(f"{out} is no file of a run")
    return RunRecord.from_record(first)


def same_settings(out: Path, there: RunRecord, here: RunRecord) -> None:
    """Raises CannotResume, naming what differs."""
    pairs = {name: (there.settings.get(name), here.settings.get(name)) for name in {**there.settings, **here.settings}}
    pairs["data"] = there.data, here.data
    pairs["processor"] = there.machine.get("processor"), here.machine.get("processor")
    _same(out, pairs)


def same_engines(out: Path, there: RunRecord, here: RunRecord) -> None:
    """As `same_settings`, for the engines and their versions."""

    def about(run: RunRecord, name: str) -> str | None:
        engine = run.engines.get(name)
        return engine and (engine.version or engine.missing)

    _same(
        out, {f"engine {name}": (about(there, name), about(here, name)) for name in {**there.engines, **here.engines}}
    )


def _same(out: Path, pairs: dict[str, tuple[Any, Any]]) -> None:
    differing = [f"{name}: {there!r} there, {here!r} here" for name, (there, here) in pairs.items() if there != here]
    if differing:
        raise CannotResume(f"{out} holds another run: {'; '.join(differing)}. Choose another file, or remove this one.")


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _write(lines: IO[str], record: dict[str, Any]) -> None:
    lines.write(json.dumps(record) + "\n")
    lines.flush()
