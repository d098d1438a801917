"""The benchmark of kernels, with few rows on the CPU: what it times computes what it should, and its records are
complete.
"""

import json
from pathlib import Path

import pytest
import torch
import typer
from typer.testing import CliRunner

from maskforge.bench import kernels
from maskforge.bench.kernel_operations import Case, Inputs, operations

CPU = torch.device("cpu")
CASE = Case("float32", batch=10, vocab=3000, allowed=100)
FIELDS = ["name", "dtype", "batch", "vocab", "allowed", "ns", "bytes_per_second", "device", "kind"]


def application() -> typer.Typer:
    app = typer.Typer()
    app.command()(kernels.main)
    return app


def test_masks_allow_what_the_case_says() -> None:
    inputs = Inputs(CASE, CPU, 2)
    assert len(inputs.logits) == 2 and (~inputs.forbidden).sum(dim=1).tolist() == [100] * 10
    bits = (inputs.bitmask[:, :, None] >> torch.arange(32, dtype=torch.int32)) & 1
    assert torch.equal(bits.flatten(1)[:, :3000] == 0, inputs.forbidden)


@pytest.mark.parametrize("allowed", [1, 100, 2900])
def test_operations_mask_and_draw(allowed: int) -> None:
    case = Case("bfloat16", batch=10, vocab=3000, allowed=allowed)
    seen = []
    for operation in operations(case, CPU, 1):
        seen.append(operation.name)
        result = operation.calls[0]()
        forbidden = Inputs(case, CPU, 1).forbidden
        if operation.name.startswith("apply,"):
            logits = operation.calls[0].__defaults__[0]  # type: ignore[attr-defined]
            assert torch.equal(logits == -float("inf"), forbidden), operation.name
            assert operation.bytes == 10 * (3000 - allowed) * 2
        else:
            drawn = result.flatten()
            assert not bool(forbidden[torch.arange(10), drawn].any()), operation.name
            assert operation.bytes == 10 * allowed * 2
    for name in (
        "apply, bitmask",
        "apply, mask ids",
        "apply, torch masked_fill_",
        "sample, mask ids",
        "sample, bitmask",
    ):
        assert name in seen
    assert "apply and sample, torch, top-p 0.9" in seen


def test_records(tmp_path: Path) -> None:
    out = tmp_path / "kernels.jsonl"
    options = ["--device", "cpu", "--batches", "2", "--vocabs", "500,2000", "--allowed", "1,1000", "--json", str(out)]
    result = CliRunner().invoke(application(), options)
    assert result.exit_code == 0, result.output
    assert "no GPU" in result.output
    records = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert all(list(record) == FIELDS and record["kind"] == "kernel" and record["ns"] > 0 for record in records)
    assert records[0]["name"] == "copy" and all(record["device"] == "CPU" for record in records)
    cases = {(record["vocab"], record["allowed"]) for record in records[1:]}
    assert cases == {(500, 1), (2000, 1), (2000, 1000)}  # 1000 of 500 cannot be


@pytest.mark.parametrize("options", [["--batches", "0"], ["--vocabs", "a"], ["--dtypes", "int8"], ["--allowed", ""]])
def test_bad_options_are_said(options: list[str]) -> None:
    result = CliRunner().invoke(application(), ["--device", "cpu", *options])
    assert result.exit_code != 0 and isinstance(result.exception, kernels.InputError)


def test_a_refused_operation_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(calls: object) -> float:
        raise RuntimeError("no such instruction")

    timed = kernels.time_on_cpu
    monkeypatch.setattr(kernels, "copy_rate", lambda device: (1.0, 1))
    monkeypatch.setattr(kernels, "time_on_cpu", refuse)
    notes: list[str] = []
    records = list(kernels.run("cpu", ["float32"], [1], [100], [1], notes.append))
    assert [record.name for record in records] == ["copy"] and len(notes) > 5
    assert "RuntimeError: no such instruction" in notes[-1]
    assert timed([lambda: None]) >= 0
