"""Real schemas with valid and invalid instances: MaskBench's, a stratified fifth of the half that is at hand.

Every instance must come out as labelled. A schema may be refused, but only by name; what was reached is in
maskbench_baseline.json and may only improve.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import maskforge as mf
from tests.schema.support import Ratchet, accepts, allows_tokens, byte_compiler, llama_compiler, shared_folder

TOKEN_LEVEL_SLICE = 12  # every so manieth schema is also walked token by token


def sample() -> Iterator[tuple[str, dict[str, Any]]]:
    folder = shared_folder("maskbench")
    for name in (folder / "sample.txt").read_text(encoding="utf-8").split():
        yield name, json.loads((folder / "data" / f"{name}.json").read_text(encoding="utf-8"))


def instance_text(case: dict[str, Any]) -> str:
    return json.dumps(case["data"], ensure_ascii=False)


def test_instances_come_out_as_labelled() -> None:
    counts = {"right": 0, "refused": 0, "unsatisfiable": 0}
    wrong: dict[str, list[str]] = {}
    total = 0
    for name, problem in sample():
        total += 1
        try:
            grammar = byte_compiler().json_schema(problem["schema"])
        except mf.UnsupportedError as error:
            assert error.message and error.where, f"{name}: a refusal names the keyword and where it stands"
            counts["refused"] += 1
            continue
        except mf.UnsatisfiableError:
            counts["unsatisfiable"] += 1
            mistakes = [f"valid, but the schema is called unsatisfiable: {instance_text(case)[:200]}"
                        for case in problem["tests"] if case["valid"]]  # fmt: skip
        except mf.MaskforgeError as error:
            mistakes = [f"{type(error).__name__}: {error}"]
        else:
            mistakes = [
                f"{'valid, but rejected' if case['valid'] else 'invalid, but accepted'}: {instance_text(case)[:200]}"
                for case in problem["tests"]
                if accepts(grammar, instance_text(case)) != case["valid"]
            ]
        if mistakes:
            wrong[name] = mistakes
        else:
            counts["right"] += 1
    assert wrong == {}
    assert counts["right"] >= 0.9 * total
    Ratchet("maskbench").check("sample", counts, more_is_better=("right",))


def test_every_token_of_a_valid_instance_is_allowed_at_its_step() -> None:
    walked = 0
    for number, (name, problem) in enumerate(sample()):
        if number % TOKEN_LEVEL_SLICE:
            continue
        try:
            grammar = llama_compiler().json_schema(problem["schema"])
        except (mf.UnsupportedError, mf.UnsatisfiableError):
            continue
        for case in problem["tests"]:
            text = instance_text(case)
            assert allows_tokens(grammar, text) == case["valid"], f"{name}: {text[:200]}"
            walked += 1
    assert walked > 100
