"""The data sets, all of them as Cases that know their split: `load(name, path)`.

- "maskbench": files of MaskBench, schemas with instances. Path: the folder of the files, or the one above its `data`.
- "jsonschemabench": schemas without instances, for coverage by what is written under the masks. Path: a clone of
  guidance-ai/jsonschemabench or its folder `data`, one folder a split. Without a path from the hub, by `datasets`.
- "suite": the JSON Schema Test Suite, every draft it has that has a dialect; a group of tests is a case, a draft a
  split. Path: the folder with `tests` and `remotes`.
- "own": the suite packaged with this project. "built-in": a handful of schemas. No path.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskforge.jsonschemabench.cases import Case, built_in_cases, case, maskbench_cases

HUB = "epfl-dlab/JSONSchemaBench"
JSONSCHEMABENCH_SPLITS = (
    "Glaiveai2K",
    "Github_trivial",
    "Github_easy",
    "Snowplow",
    "Github_medium",
    "Kubernetes",
    "WashingtonPost",
    "Github_hard",
    "JsonSchemaStore",
    "Github_ultra",
)
"""From easy to hard, as its paper orders them."""
DIALECTS = {
    "draft4": "http://json-schema.org/draft-04/schema#",
    "draft6": "http://json-schema.org/draft-06/schema#",
    "draft7": "http://json-schema.org/draft-07/schema#",
    "draft2019-09": "https://json-schema.org/draft/2019-09/schema",
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
}


class DataMissing(Exception):
    """A data set is not where it was said to be, or cannot be fetched. Says what to do."""


@dataclass(frozen=True, slots=True)
class Cases:
    """Read one by one while they are iterated over, again from the start each time."""

    name: str
    read: Callable[[], Iterator[Case]]
    total: int | None = None
    """None where it is not known before reading."""

    def __iter__(self) -> Iterator[Case]:
        return self.read()


def load(name: str, path: Path | None = None, names: Sequence[str] | None = None) -> Cases:
    """A data set by name.

    names: of MaskBench only these files, in this order (the lines of a sample). Raises DataMissing, and ValueError
    where the arguments do not fit together.
    """
    if name not in LOADERS:
        raise ValueError(f"no data set is called {name!r}; there are {', '.join(LOADERS)}")
    if names is not None and name != "maskbench":
        raise ValueError(f"a list of names is for maskbench, not for {name}")
    if path is not None and not path.exists():
        raise DataMissing(f"{path} does not exist")
    return LOADERS[name](path, names)


def _needs(path: Path | None, name: str, what: str) -> Path:
    if path is None:
        raise DataMissing(f"{name} needs a path: {what}")
    return path


def _maskbench(path: Path | None, names: Sequence[str] | None) -> Cases:
    folder = _needs(path, "maskbench", "the folder of its JSON files")
    folder = folder / "data" if (folder / "data").is_dir() else folder
    found = sorted(file.stem for file in folder.glob("*.json"))
    if not found:
        raise DataMissing(
            f"{folder} has no JSON files: give the folder `maskbench/data` of guidance-ai/jsonschemabench"
        )
    chosen = [name.removesuffix(".json") for name in names] if names is not None else found
    if absent := set(chosen) - set(found):
        raise DataMissing(f"{len(absent)} of the names are not in {folder}, among them {min(absent)}")
    return Cases("maskbench", lambda: maskbench_cases(folder, chosen), len(chosen))


def _jsonschemabench(path: Path | None, names: Sequence[str] | None) -> Cases:
    if path is None:
        return Cases("jsonschemabench", _from_hub)
    folder = path / "data" if (path / "data").is_dir() else path
    files = [(split.name, file) for split in sorted(folder.iterdir()) for file in sorted(split.glob("*.json"))]
    order = {split: position for position, split in enumerate(JSONSCHEMABENCH_SPLITS)}
    files.sort(key=lambda entry: order.get(entry[0], len(order)))  # stable: names stay sorted in a split
    if not files:
        raise DataMissing(f"{folder} has no <split>/*.json: give a clone of guidance-ai/jsonschemabench")

    def read() -> Iterator[Case]:
        for split, file in files:
            yield case(file.stem, json.loads(file.read_text(encoding="utf-8")), [], split=split)

    return Cases("jsonschemabench", read, len(files))


def _from_hub() -> Iterator[Case]:
    try:
        from datasets import load_dataset
    except ImportError:
        remedy = "pip install datasets, or give the path of a clone of guidance-ai/jsonschemabench"
        raise DataMissing(f"{HUB} is read from the hub by `datasets`, which is not installed: {remedy}") from None
    for split in JSONSCHEMABENCH_SPLITS:
        try:
            parts = load_dataset(HUB, split)
        except Exception as error:  # what it raises depends on what is in the way: network, hub, proxy, name
            remedy = "give the path of a clone of guidance-ai/jsonschemabench"
            raise DataMissing(
                f"{HUB} does not come from the hub ({type(error).__name__}: {error}): {remedy}"
            ) from error
        for part in parts.values():  # its train, val and test: the paper counts them together
            for row in part:
                yield case(row["unique_id"], json.loads(row["json_schema"]), [], split=split)


def _suite(path: Path | None, names: Sequence[str] | None) -> Cases:
    folder = _needs(path, "suite", "the folder of the JSON Schema Test Suite")
    files = [(draft, file) for draft in DIALECTS for file in sorted((folder / "tests" / draft).rglob("*.json"))]
    if not files:
        raise DataMissing(f"{folder} has no tests/draft*: give a clone of json-schema-org/JSON-Schema-Test-Suite")
    remotes = str((folder / "remotes").resolve()) if (folder / "remotes").is_dir() else ""

    def read() -> Iterator[Case]:
        for draft, file in files:
            place = file.relative_to(folder / "tests" / draft)
            split = f"{draft}, optional" if place.parts[0] == "optional" else draft
            for number, group in enumerate(json.loads(file.read_text(encoding="utf-8"))):
                schema, tests = group["schema"], [(test["data"], test["valid"]) for test in group["tests"]]
                if isinstance(schema, dict) and "$schema" not in schema:
                    schema = {"$schema": DIALECTS[draft], **schema}  # else an engine cannot know which one is meant
                name = f"{place.with_suffix('').as_posix()} {number}: {group['description']}"
                yield case(name, schema, tests, split=split, remotes=remotes)

    return Cases("suite", read)


def remote_registry(folder: Path) -> Any:
    """The suite's `remotes` as a `referencing.Registry`, at the addresses by which its schemas name them."""
    import referencing
    from referencing.jsonschema import specification_with

    found = []
    for file in sorted(folder.rglob("*.json")):
        place = file.relative_to(folder)
        default = specification_with(DIALECTS.get(place.parts[0], DIALECTS["draft2020-12"]))
        contents = json.loads(file.read_text(encoding="utf-8"))
        resource = referencing.Resource.from_contents(contents, default_specification=default)
        found.append((f"http://localhost:1234/{place.as_posix()}", resource))
    return referencing.Registry().with_resources(found)


def _own(path: Path | None, names: Sequence[str] | None) -> Cases:
    from maskforge.jsonschemabench.own_suite import own_cases

    cases = list(own_cases())
    return Cases("own", lambda: iter(cases), len(cases))


def _built_in(path: Path | None, names: Sequence[str] | None) -> Cases:
    from dataclasses import replace

    cases = [replace(found, split="built-in") for found in built_in_cases()]
    return Cases("built-in", lambda: iter(cases), len(cases))


LOADERS: dict[str, Callable[[Path | None, Sequence[str] | None], Cases]] = {
    "maskbench": _maskbench,
    "jsonschemabench": _jsonschemabench,
    "suite": _suite,
    "own": _own,
    "built-in": _built_in,
}
