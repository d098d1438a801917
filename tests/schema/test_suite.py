"""The official JSON Schema Test Suite: every case is right, or its schema is refused by name.

Required and optional cases of five drafts, each read byte by byte and token by token (the masks of a real vocabulary,
up to end-of-sequence). A schema that is refused as unsatisfiable is right for an invalid instance.
Where the engine differs on purpose, a rule below says so; a rule that no case needs any more has to go.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import referencing
from referencing.jsonschema import specification_with

import maskforge as mf
from tests.schema.support import (
    DIALECTS,
    Ratchet,
    accepts,
    allows_tokens,
    byte_compiler,
    llama_compiler,
    shared_folder,
)
from tests.schema.test_formats import left_out

LATER = ("draft2019-09", "draft2020-12")
FALSE_ACCEPT, FALSE_REJECT = "false accept", "false reject"


@dataclass(frozen=True)
class Rule:
    """Cases of a file that come out otherwise than the suite says, and why."""

    reason: str
    drafts: tuple[str, ...]
    part: str
    file: str
    outcome: str
    applies: Callable[[dict[str, Any], dict[str, Any]], bool] = lambda group, case: True


RULES = [
    Rule(
        "formats of the specification are asserted in every dialect",
        ("draft2020-12",),
        "required",
        "format.json",
        FALSE_REJECT,
        lambda group, case: case["description"].endswith("is only an annotation by default"),
    ),
    Rule("the contents of strings are annotations", ("draft7",), "optional", "content.json", FALSE_ACCEPT),
    Rule(
        "`dependencies` is an annotation where `dependentRequired` and `dependentSchemas` have replaced it",
        LATER,
        "optional",
        "dependencies-compatibility.json",
        FALSE_ACCEPT,
    ),
    *(
        Rule(
            "formats leave out what their files in csrc/schema document",
            drafts,
            "format",
            file,
            FALSE_REJECT,
            lambda group, case: left_out(group["schema"]["format"], case["data"]),
        )
        for drafts, file in [
            (tuple(DIALECTS), "hostname.json"),
            (tuple(DIALECTS)[2:], "idn-hostname.json"),
        ]
    ),
]


@functools.cache
def registry() -> referencing.Registry[Any]:
    """The suite's remotes, at the addresses that it names them by."""
    folder = shared_folder("JSON-Schema-Test-Suite") / "remotes"
    found: list[tuple[str, referencing.Resource[Any]]] = []
    for path in sorted(folder.rglob("*.json")):
        contents = json.loads(path.read_text(encoding="utf-8"))
        draft = path.relative_to(folder).parts[0]
        default = specification_with(DIALECTS.get(draft, DIALECTS["draft2020-12"]))
        resource = referencing.Resource.from_contents(contents, default_specification=default)
        found.append((f"http://localhost:1234/{path.relative_to(folder).as_posix()}", resource))
    return referencing.Registry().with_resources(found)


def files(draft: str, part: str) -> list[Path]:
    folder = shared_folder("JSON-Schema-Test-Suite") / "tests" / draft
    places = {"required": folder, "optional": folder / "optional", "format": folder / "optional" / "format"}
    return sorted(places[part].glob("*.json"))


def in_dialect(schema: Any, draft: str) -> Any:
    return schema if not isinstance(schema, dict) or "$schema" in schema else {"$schema": DIALECTS[draft], **schema}


def text_of(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False)
    # Half of a surrogate pair has no UTF-8, but JSON can escape it.
    return "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in text).encode()


def outcomes(group: dict[str, Any], draft: str, unit: str) -> list[str]:
    """What comes of each case of a group."""
    cases = group["tests"]
    compiler, reads = {"bytes": (byte_compiler, accepts), "tokens": (llama_compiler, allows_tokens)}[unit]
    try:
        grammar = compiler().json_schema(in_dialect(group["schema"], draft), registry=registry())
        answers = [reads(grammar, text_of(case["data"])) for case in cases]
    except mf.UnsupportedError as error:
        assert error.message, "a refusal says what it refuses"
        return ["refused"] * len(cases)
    except mf.UnsatisfiableError:
        answers = [False] * len(cases)
    except mf.MaskforgeError as error:
        return [f"{type(error).__name__}: {error}"] * len(cases)
    return [
        "right" if answer == case["valid"] else FALSE_ACCEPT if answer else FALSE_REJECT
        for answer, case in zip(answers, cases, strict=True)
    ]


@pytest.mark.parametrize("unit", ["bytes", "tokens"])
@pytest.mark.parametrize("part", ["required", "optional", "format"])
@pytest.mark.parametrize("draft", DIALECTS)
def test_every_case_is_right_or_refused(draft: str, part: str, unit: str) -> None:
    counts = {"right": 0, "refused": 0, "by_rule": 0}
    wrong: list[tuple[str, str, str, str]] = []
    rules = {rule: 0 for rule in RULES if draft in rule.drafts and rule.part == part}
    for file in files(draft, part):
        for group in json.loads(file.read_text(encoding="utf-8")):
            for case, outcome in zip(group["tests"], outcomes(group, draft, unit), strict=True):
                if outcome in counts:
                    counts[outcome] += 1
                    continue
                rule = next(
                    (r for r in rules if (r.file, r.outcome) == (file.name, outcome) and r.applies(group, case)), None
                )
                if rule is None:
                    wrong.append((file.name, group["description"], case["description"], outcome))
                else:
                    rules[rule] += 1
                    counts["by_rule"] += 1
    assert wrong == []
    assert [rule.reason for rule, used in rules.items() if not used] == []
    Ratchet("suite").check(f"{draft}/{part}", counts, more_is_better=("right",))
