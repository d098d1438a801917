"""An engine may crash, hang, eat memory or lie: it costs that schema, and everything else is measured. Runs resume."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from maskforge.jsonschemabench import machine, metrics
from maskforge.jsonschemabench.cases import Case, case
from maskforge.jsonschemabench.records import RunRecord, SchemaRecord, read_run
from maskforge.jsonschemabench.runner import CannotResume, Settings, keep_others_out, run

BAD = "tests.jsonschemabench.bad_engines:Bad"
SECOND = "tests.jsonschemabench.bad_engines:Second"
UNABLE = "tests.jsonschemabench.bad_engines:CannotBeSetUp"
ROOT = Path(__file__).resolve().parents[2]
SETTINGS = Settings(time_limit_s=2.0, memory_limit_mib=256, walks=1, walk_tokens=20)

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits need /proc")


@pytest.fixture(autouse=True, scope="module")
def adapters_can_be_imported() -> Iterator[None]:
    """In the worker processes too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        yield


def titled(title: str) -> Case:
    return case(title, {"title": title, "type": "integer"}, [(1, True), ("a", False)], split="titles")


def run_quietly(names: list[str], cases: list[Case], out: Path, **options: Any) -> RunRecord:
    return run(names, [cases], out, console=Console(file=io.StringIO()), **{"settings": SETTINGS, **options})


TITLES = [
    "allow all", "abort", "exit", "abort in a mask", "hang", "sleep", "eat", "refuse", "unsatisfiable", "error",
    "reject all", "throw in a mask", "flag an error", "contradict", "only end",
]  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, adapters_can_be_imported: None) -> dict[str, SchemaRecord]:
    """One run of the bad engine over all that it can do, by title."""
    out = tmp_path_factory.mktemp("run") / "run.jsonl"
    record = run_quietly([BAD, UNABLE], [titled(title) for title in TITLES], out)
    assert record.engines[BAD].version == "1"
    assert record.engines[UNABLE].missing == "RuntimeError: this tokenizer is not for it"
    read, schemas = read_run(out)
    assert read == record
    assert [schema.schema for schema in schemas] == TITLES, "every schema has its line, in order"
    return {schema.schema: schema for schema in schemas}


@pytest.mark.parametrize(
    ("title", "status", "reason"),
    [
        ("abort", "crash", "while compiling: signal SIGABRT: terminate called"),
        ("exit", "crash", "while compiling: exit status 3"),
        ("abort in a mask", "crash", "in instance 1 of 2: signal SIGABRT"),
        ("hang", "timeout", "while compiling: over 2 s of processor time"),
        ("sleep", "timeout", "while compiling: idle for 10 s"),
        ("eat", "memory", "while compiling: over 256 MiB more than before"),
        ("refuse", "refused", "no such keyword"),
        ("unsatisfiable", "unsatisfiable", "nothing satisfies it"),
        ("error", "error", "KeyError: 'properties'"),
    ],
)
def test_what_ends_a_schema(found: dict[str, SchemaRecord], title: str, status: str, reason: str) -> None:
    record = found[title]
    assert (record.status, record.reason) == (status, reason)
    assert not record.instances and not record.walks
    assert (record.instances_planned, record.valid_planned, record.walks_planned) == (2, 1, 1)
    assert (record.compile_ns is None) == (title not in ("abort in a mask", "refuse", "unsatisfiable"))


def test_an_engine_that_allows_everything(found: dict[str, SchemaRecord]) -> None:
    record = found["allow all"]
    assert record.status == "ok" and record.reason == ""
    assert [instance.accepted for instance in record.instances] == [True, True]
    assert metrics.invalid_accepted(record) and not metrics.valid_rejected(record) and not metrics.right(record)
    assert not metrics.empirical(record)
    for instance in record.instances:
        assert len(instance.mask_ns) == len(instance.accept_ns) == len(instance.warm_mask_ns) >= 2
        assert instance.forced_masks == 0
    assert record.compile_ns is not None and record.first_ns == record.compile_ns + record.instances[0].mask_ns[0]
    assert record.memory_before_bytes and record.memory_peak_bytes and record.memory_peak_bytes > 0


def test_an_engine_that_rejects_everything(found: dict[str, SchemaRecord]) -> None:
    record = found["reject all"]
    assert [(instance.accepted, instance.stopped) for instance in record.instances] == [(False, "")] * 2
    assert metrics.valid_rejected(record) and not metrics.invalid_accepted(record)
    assert record.walks[0].stopped == "a mask without any token after 0 tokens"
    assert not metrics.empirical(record)


@pytest.mark.parametrize(
    ("title", "stopped"),
    [
        ("throw in a mask", "RuntimeError: internal error"),
        ("flag an error", "Stopped: out of fuel"),
        ("contradict", "refuses token"),
    ],
)
def test_what_costs_an_instance(found: dict[str, SchemaRecord], title: str, stopped: str) -> None:
    record = found[title]
    assert record.status == "ok", "the process goes on"
    assert all(stopped in instance.stopped and not instance.right for instance in record.instances)
    assert stopped in record.walks[0].stopped
    assert metrics.gave_up(record) and not metrics.right(record)


def test_a_walk_that_can_only_end(found: dict[str, SchemaRecord]) -> None:
    (walk,) = found["only end"].walks
    assert (walk.ended, walk.valid, walk.tokens, walk.forced_tokens) == (True, False, 1, 1)
    assert walk.reason.startswith("no JSON")


def test_rows_of_the_run(found: dict[str, SchemaRecord]) -> None:
    row = metrics.rows(found.values())[0]
    assert (row.schemas, row.declared, row.crashes, row.timeouts, row.out_of_memory) == (15, 6, 3, 2, 1)
    assert (row.refused, row.unsatisfiable, row.errors, row.gave_up) == (1, 1, 1, 4)


FEW = [titled("allow all"), titled("reject all"), titled("only end")]


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"

    def interrupted() -> Iterator[Case]:
        yield from FEW[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([BAD, SECOND], [interrupted()], out, settings=SETTINGS, console=Console(file=io.StringIO()))
    before = out.read_bytes()
    assert before.count(b"\n") == 1 + 2 * 2
    cut = before[:-40]  # as if the machine had gone down while the last line was written
    out.write_bytes(cut)
    run_quietly([BAD, SECOND], FEW, out)
    after = out.read_bytes()
    assert after.startswith(cut[: cut.rfind(b"\n") + 1]), "what was there is not measured again"
    _, schemas = read_run(out)
    keys = [schema.key for schema in schemas]
    assert len(keys) == len(set(keys)) == 2 * 3
    run_quietly([BAD, SECOND], FEW, out)
    assert len(read_run(out)[1]) == 2 * 3, "a finished run has nothing left to do"
    kinds = [json.loads(line)["kind"] for line in out.read_text(encoding="utf-8").splitlines()]
    assert kinds.count("run") == 1 and kinds.count("resumed") == 2


def test_a_schema_without_instances_has_a_first_mask(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    run_quietly([BAD], [case("bare", {}, [], split="s"), case("throw", {"title": "throw in a mask"}, [])], out)
    bare, throws = read_run(out)[1]
    assert bare.status == "ok" and not bare.instances and bare.walks
    assert bare.compile_ns is not None and bare.first_ns is not None and bare.first_ns >= bare.compile_ns
    assert throws.first_ns is None


def test_engines_take_turns(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    run_quietly([BAD, SECOND], FEW, out, settings=Settings())
    order = [(schema.schema, schema.engine) for schema in read_run(out)[1]]
    assert order == [
        ("allow all", BAD), ("allow all", SECOND),
        ("reject all", SECOND), ("reject all", BAD),
        ("only end", BAD), ("only end", SECOND),
    ]  # fmt: skip


def test_a_run_with_other_settings_does_not_resume(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    run_quietly([BAD], FEW[:1], out, data_names=["a"])
    content = out.read_bytes()
    with pytest.raises(CannotResume, match="time_limit_s: 2.0 there, 60.0 here"):
        run_quietly([BAD], FEW, out, settings=Settings(), data_names=["a"])
    with (
        pytest.raises(CannotResume, match="processor: .* there, 'another' here"),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(machine, "processor", lambda: "another")
        run_quietly([BAD], FEW, out, data_names=["a"])
    with pytest.raises(CannotResume, match="engine .*Second: None there"):
        run_quietly([BAD, SECOND], FEW, out, data_names=["a"])
    with pytest.raises(CannotResume, match="data: .'a'. there, .'b'. here"):
        run_quietly([BAD], FEW, out, data_names=["b"])
    assert out.read_bytes() == content
    out.write_text('{"kind": "other"}\n', encoding="utf-8")
    with pytest.raises(CannotResume, match="no file of a run"):
        run_quietly([BAD], FEW, out)


def test_a_run_that_goes_on_does_not_resume(tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    run_quietly([BAD], FEW[:1], out)
    content = out.read_bytes()
    with open(out, "a", encoding="utf-8") as lines:
        keep_others_out(out, lines)
        with pytest.raises(CannotResume, match="another run is writing to it"):
            run_quietly([BAD], FEW, out)
        assert out.read_bytes() == content
    run_quietly([BAD], FEW, out)
    assert out.read_bytes().startswith(content) and len(out.read_bytes()) > len(content)


def test_an_engine_that_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no engine is called 'guess'; there are maskforge"):
        run_quietly(["guess"], FEW, tmp_path / "run.jsonl")
    assert not (tmp_path / "run.jsonl").exists()
