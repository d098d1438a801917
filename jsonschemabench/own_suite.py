"""The suite that is packaged: schemas written for it, with valid and invalid instances, so that all runs with no data.

`suite/FAMILY.json` is a list of {"description", "schema", "tests": [{"description", "valid", "data"}]}. Instead of
"data" a test may have "text", the instance as it is to be written: where the spelling of a number, escapes or white
space are the point, or where a text is no JSON at all. Some families are about keywords, the others are documents as
applications exchange them. The labels follow the specification with `format` asserted; they are checked by
tests/jsonschemabench/test_own_suite.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any

from maskforge.jsonschemabench.cases import Case, Instance, instance_text

KEYWORDS = (
    "types",
    "constants",
    "numbers",
    "strings",
    "formats",
    "arrays",
    "objects",
    "applicators",
    "booleans",
    "references",
    "unevaluated",
    "dialects",
    "annotations",
)
DOCUMENTS = (
    "tool-calls",
    "requests",
    "configuration",
    "commerce",
    "calendars",
    "geography",
    "messages",
    "packages",
    "health",
    "science",
    "media",
)
FAMILIES = KEYWORDS + DOCUMENTS


def read_family(family: str) -> list[dict[str, Any]]:
    """The content of a family's file. Raises FileNotFoundError for a family that there is not."""
    file = resources.files("maskforge.jsonschemabench").joinpath("suite").joinpath(f"{family}.json")
    entries: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return entries


def name_of(family: str, description: str) -> str:
    """As MaskBench names its files, with the split in front: "numbers---both-bounds"."""
    return f"{family}---{re.sub(r'[^a-z0-9]+', '-', description.lower()).strip('-')}"


def text_of(test: dict[str, Any]) -> str:
    """The instance of a test as it is read."""
    text: str = test["text"] if "text" in test else instance_text(test["data"])
    return text


def own_cases(families: Sequence[str] = FAMILIES) -> Iterator[Case]:
    """The cases in the order of the files, the family as split; of each the valid instances first, as in `case`."""
    for family in families:
        for entry in read_family(family):
            instances = [Instance(text_of(test), test["valid"]) for test in entry["tests"]]
            instances.sort(key=lambda instance: not instance.valid)
            name = name_of(family, entry["description"])
            yield Case(name, json.dumps(entry["schema"]), tuple(instances), split=family)
