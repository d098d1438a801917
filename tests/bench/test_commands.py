"""The commands of `maskforge bench` on small input, and what they say when something is not there."""

from __future__ import annotations

import json
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from maskforge.bench.engines import chosen, numbers, set_up
from maskforge.bench.masks import select
from maskforge.bench.output import command_line
from maskforge.cli import app
from maskforge.cli.errors import InputError
from maskforge.jsonschemabench import engines
from maskforge.jsonschemabench.cases import Case
from maskforge.jsonschemabench.engines import ENGINES
from maskforge.jsonschemabench.splits import Cases
from tests.bench.test_report import Page


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["bench", *arguments])


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def keys(path: Path) -> list[tuple[str, str, str]]:
    return [(line["engine"], line["split"], line["schema"]) for line in lines(path) if line["kind"] == "schema"]


def masks(out: Path, *more: str) -> Any:
    return invoke(
        "masks", "--engines", "maskforge", "--data", "built-in", "--walk-tokens", "60", "--out", str(out), *more
    )


def test_masks_and_resuming(tmp_path: Path) -> None:
    result = masks(tmp_path)
    assert result.exit_code == 0, result.output
    path, page = tmp_path / "masks.jsonl", tmp_path / "report.html"
    complete = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(keys(path)) == 4
    row = Page(page.read_text(encoding="utf-8")).row("Schemas, all splits together", "maskforge")
    assert (row["schemas"], row["declared"], row["right"]) == ("4", "100.0%", "100.0%")
    assert "maskforge" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "mask, cold, µs" in result.output

    again = masks(tmp_path)
    assert again.exit_code == 2 and "--resume" in again.output
    assert path.read_text(encoding="utf-8") == "".join(complete)

    # Interrupted in the middle of its third schema.
    path.write_text("".join(complete[:3]) + complete[3][:40], encoding="utf-8")
    resumed = masks(tmp_path, "--resume")
    assert resumed.exit_code == 0, resumed.output
    after = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert after[:3] == complete[:3]
    assert sorted(keys(path)) == sorted(
        {(each["engine"], each["split"], each["schema"]) for each in map(json.loads, complete[1:])}
    )
    assert Page(page.read_text(encoding="utf-8")).row("Schemas, all splits together", "maskforge")["schemas"] == "4"

    other = masks(tmp_path, "--resume", "--walks", "3")
    assert other.exit_code == 2 and "walks" in other.output


def test_masks_of_maskbench_files(tmp_path: Path) -> None:
    for name, kind in (("Github_easy---one", "string"), ("Github_easy---two", "integer"), ("Snowplow---three", "null")):
        tests = [{"description": "", "valid": kind == "integer", "data": 7}]
        content = {"description": "", "meta": {}, "schema": {"type": kind}, "tests": tests}
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    out = tmp_path / "out"
    shared = ["--engines", "maskforge", "--walks", "0", "--no-warm", "--out", str(out)]
    result = invoke("masks", "--data", str(tmp_path), "--split", "Github_easy", "--limit", "1", *shared)
    assert result.exit_code == 0, result.output
    assert [schema for _, _, schema in keys(out / "masks.jsonl")] == ["Github_easy---one"]
    assert lines(out / "masks.jsonl")[0]["data"] == ["maskbench (Github_easy, 1 of them)"]
    nothing = invoke("masks", "--data", f"maskbench={tmp_path}", "--split", "none", *shared[:-1], str(tmp_path / "x"))
    assert nothing.exit_code == 2 and "no schema in none" in nothing.output
    absent = invoke("masks", "--data", "suite=/no/such/folder", *shared[:-1], str(tmp_path / "y"))
    assert absent.exit_code == 2 and "/no/such/folder" in absent.output
    wrong = invoke("masks", "--data", "sweet=/tmp", *shared[:-1], str(tmp_path / "z"))
    assert wrong.exit_code == 2 and "no data set is called 'sweet'" in wrong.output


def test_batch_generate_and_one_report_of_both(tmp_path: Path) -> None:
    out = str(tmp_path)
    result = invoke(
        *("batch", "--engines", "maskforge", "--batch", "1,3", "--threads", "2,1", "--steps", "3", "--rounds", "2"),
        *("--model-ms", "0.5", "--out", out),
    )
    assert result.exit_code == 0, result.output
    found = lines(tmp_path / "batch.jsonl")
    assert found[0]["settings"]["model between accept and fill, ms"] == 0.5
    assert found[0]["kind"] == "run" and found[0]["engines"]["maskforge"]["version"]
    assert len(found) == 1 + 2 * 2 * 2 * 2 * 2  # workloads, sizes, threads, rounds, cold and warm
    assert not any(record["failed"] for record in found[1:])
    assert "time as a share of the time with one thread" in result.output

    result = invoke(
        *("generate", "--engines", "maskforge", "--batch", "2", "--new-tokens", "4", "--rounds", "1", "--out", out)
    )
    assert result.exit_code == 0, result.output
    assert "tokens/s" in result.output and "share of the time" not in result.output
    assert [record["round"] for record in lines(tmp_path / "generate.jsonl")[1:]] == [0, 1]
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "Batches" in page.words and "Generation" in page.words

    again = tmp_path / "again"
    result = invoke("report", str(tmp_path / "generate.jsonl"), str(tmp_path / "batch.jsonl"), "--out", str(again))
    assert result.exit_code == 0, result.output
    tables = Page((again / "report.html").read_text(encoding="utf-8")).tables
    assert tables == page.tables and tables


def test_batch_takes_only_texts_that_all_engines_read(tmp_path: Path) -> None:
    text = "a text of some tokens, long enough to be taken, " * 3
    for name, valid in (("right", True), ("also", True), ("labelled wrong", True)):
        schema = {"const": text} if name != "labelled wrong" else {"const": "another"}
        tests = [{"description": "", "valid": valid, "data": text}]
        content = {"description": "", "meta": {}, "schema": {"title": name, **schema}, "tests": tests}
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    shared = ["--engines", "maskforge", "--batch", "2", "--threads", "1", "--steps", "2", "--rounds", "1"]
    result = invoke("batch", *shared, "--data", str(tmp_path), "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    assert lines(tmp_path / "out" / "batch.jsonl")[0]["settings"]["different texts"] == 2
    (tmp_path / "right.json").unlink()
    (tmp_path / "also.json").unlink()
    result = invoke("batch", *shared, "--data", str(tmp_path), "--out", str(tmp_path / "out"))
    assert result.exit_code == 2 and "that all engines take" in result.output


def test_generate_with_a_model_from_a_folder(tmp_path: Path) -> None:
    from maskforge.cli.tiny_model import random_model, train_tokenizer

    tokenizer = train_tokenizer(vocab_size=600)
    tokenizer.save_pretrained(tmp_path / "model")
    random_model(tokenizer, vocab_size=640).save_pretrained(tmp_path / "model")  # wider than the tokenizer
    shared = ["--engines", "maskforge", "--batch", "1", "--new-tokens", "3", "--rounds", "1", "--device", "cpu"]
    result = invoke("generate", "--model", str(tmp_path / "model"), *shared, "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    run, *pairs = lines(tmp_path / "generate.jsonl")
    assert (run["settings"]["model"], run["settings"]["vocabulary"], run["settings"]["dtype"]) == (
        "model",
        640,
        "float32",
    )
    assert [pair["failed"] for pair in pairs] == ["", ""]
    result = invoke("generate", "--model", str(tmp_path), *shared, "--out", str(tmp_path))
    assert result.exit_code == 2 and "cannot load the model" in result.output


def test_a_limit_is_spread_evenly() -> None:
    cases = [Case(str(number), "{}", (), split="odd" if number % 2 else "even") for number in range(10)]
    numbered = Cases("numbers", lambda: iter(cases), 10)
    assert select(numbered, [], None) is numbered
    assert [each.name for each in select(numbered, [], 3)] == ["0", "3", "6"]
    assert [each.name for each in select(numbered, ["odd"], None)] == ["1", "3", "5", "7", "9"]
    assert [each.name for each in select(numbered, ["even"], 2)] == ["0", "4"]
    assert select(numbered, [], 99).total == 10


@pytest.mark.slow
def test_short(tmp_path: Path) -> None:
    result = invoke("short", "--engines", "maskforge", "--limit", "3", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    words = Page((tmp_path / "report.html").read_text(encoding="utf-8")).words
    assert {"Coverage", "Times", "Generation", "Batches"} <= set(words)
    assert invoke("short", "--engines", "maskforge", "--limit", "2", "--out", str(tmp_path)).exit_code == 0
    assert len(keys(tmp_path / "masks.jsonl")) == 2


@pytest.fixture
def no_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    """GRID is not installed, whatever is."""
    found = engines.find_spec
    monkeypatch.setattr(engines, "find_spec", lambda name: None if name == ENGINES["grid"].package else found(name))


@pytest.mark.parametrize("command", ["masks", "batch", "generate", "short"])
def test_an_engine_that_is_not_installed(command: str, no_grid: None, tmp_path: Path) -> None:
    result = invoke(command, "--engines", "maskforge,grid", "--out", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert 'grid is not installed: pip install "maskforge[engine-grid]"' in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["masks", "batch", "generate", "short"])
def test_an_engine_that_is_not_known(command: str) -> None:
    result = invoke(command, "--engines", "maskforge,gird")
    assert result.exit_code == 2
    assert "'gird'" in result.output and "llguidance" in result.output


def test_engines_that_are_chosen(no_grid: None) -> None:
    assert chosen(None, ("maskforge", "grid")) == ["maskforge"]
    assert chosen(" maskforge,maskforge ,", ()) == ["maskforge"]
    with pytest.raises(InputError, match="names none"):
        chosen(",", ())


def test_an_engine_whose_set_up_fails_takes_no_part() -> None:
    def make(name: str) -> str:
        if name == "bad":
            raise RuntimeError("no such tokenizer")
        return name

    made, records = set_up(["good", "bad"], make)
    assert made == ["good"]
    assert records["bad"].missing == "its set-up failed: RuntimeError: no such tokenizer"
    assert records["good"].missing == ""


@pytest.mark.parametrize("text", ["", "0", "1,x", "-1"])
def test_numbers_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="--batch takes whole numbers"):
        numbers(text, "--batch")


def test_numbers_are_sorted() -> None:
    assert numbers("8,1, 64,8", "--batch") == [1, 8, 64]


def test_report_of_what_is_no_result(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    for content, message in (("", "no results"), ('{"a": 1}\n', "is no record"), ('{"kind": "run"}\n', "cannot read")):
        path.write_text(content, encoding="utf-8")
        result = invoke("report", str(path), "--out", str(tmp_path))
        assert result.exit_code == 2 and message in result.output, result.output
    assert invoke("report", str(tmp_path / "none.jsonl")).exit_code == 2
    assert not (tmp_path / "report.html").exists()


def test_kernels_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def main(rows: Annotated[int, typer.Option()] = 1) -> None:
        """How fast?"""
        seen["rows"] = rows

    module = ModuleType("maskforge.bench.kernels")
    module.main = main  # type: ignore[attr-defined]
    module.__spec__ = ModuleSpec("maskforge.bench.kernels", None)
    monkeypatch.setitem(sys.modules, "maskforge.bench.kernels", module)
    assert invoke("kernels", "--rows", "5").exit_code == 0
    assert seen == {"rows": 5}
    helped = invoke("kernels", "--help")
    assert helped.exit_code == 0 and "--rows" in helped.output and "How fast?" in helped.output
    assert invoke("kernels", "--columns", "5").exit_code == 2


def test_the_command_line_is_the_one_that_was_typed() -> None:
    assert command_line(["/x/bench/__main__.py", "masks", "a b"]) == "python -m maskforge.bench masks 'a b'"
    assert command_line(["/x/maskforge/__main__.py", "bench"]) == "python -m maskforge bench"
    assert command_line(["/usr/bin/maskforge", "bench", "short"]) == "maskforge bench short"


def test_the_benchmarks_cost_the_command_line_nothing() -> None:
    """`maskforge check` must not load what only benchmarks need."""
    import subprocess

    code = (
        "import sys, maskforge.cli;"
        "loaded = [name for name in sys.modules if name.startswith(('maskforge.jsonschemabench', 'maskforge.bench.'))];"
        "assert loaded == ['maskforge.bench.app'], loaded;"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
