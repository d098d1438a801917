"""The data sets are read as they lie on disk, lazily, and what is not there is said clearly."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from maskforge.jsonschemabench.splits import DIALECTS, DataMissing, load, remote_registry
from tests.schema.support import shared_folder


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_maskbench(tmp_path: Path) -> None:
    tests = [{"valid": False, "data": 1}, {"valid": True, "data": "é"}]
    for name in ("Github_easy---o1", "BFCL_java_1", "Kubernetes---k"):
        write(tmp_path / "data" / f"{name}.json", {"schema": {"type": "string"}, "tests": tests})
    cases = load("maskbench", tmp_path)
    assert cases.total == 3
    assert [(case.name, case.split) for case in cases] == [
        ("BFCL_java_1", "BFCL"),
        ("Github_easy---o1", "Github_easy"),
        ("Kubernetes---k", "Kubernetes"),
    ]
    assert [instance.text for instance in next(iter(cases)).instances] == ['"é"', "1"], "valid ones first"
    sample = load("maskbench", tmp_path / "data", ["Kubernetes---k.json"])
    assert [case.name for case in sample] == ["Kubernetes---k"]
    with pytest.raises(DataMissing, match="1 of the names"):
        load("maskbench", tmp_path, ["absent"])


def test_jsonschemabench_from_a_clone(tmp_path: Path) -> None:
    write(tmp_path / "data" / "Github_hard" / "o2.json", {"type": "object"})
    write(tmp_path / "data" / "Github_easy" / "o10.json", {"type": "null"})
    write(tmp_path / "data" / "Github_easy" / "o1.json", {"type": "array"})
    for path in (tmp_path, tmp_path / "data"):
        cases = load("jsonschemabench", path)
        assert cases.total == 3
        assert [(case.split, case.name, case.schema, case.instances) for case in cases] == [
            ("Github_easy", "o1", '{"type": "array"}', ()),
            ("Github_easy", "o10", '{"type": "null"}', ()),
            ("Github_hard", "o2", '{"type": "object"}', ()),
        ]


class FakeHub:
    def __init__(self, works: bool) -> None:
        self.works, self.asked = works, list[tuple[str, str]]()

    def load_dataset(self, name: str, split: str) -> Any:
        self.asked.append((name, split))
        if not self.works:
            raise ConnectionError("no way out")
        row = {"unique_id": f"{split}-1", "json_schema": '{"type": "null"}'}
        return {"train": [row], "test": [{**row, "unique_id": f"{split}-2"}]}


def test_jsonschemabench_from_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = FakeHub(works=True)
    monkeypatch.setitem(sys.modules, "datasets", hub)
    cases = load("jsonschemabench")
    assert hub.asked == [], "nothing is fetched before it is read"
    found = [(case.split, case.name) for case in cases]
    assert found[:2] == [("Glaiveai2K", "Glaiveai2K-1"), ("Glaiveai2K", "Glaiveai2K-2")] and len(found) == 20


def test_a_hub_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)  # importing it fails
    with pytest.raises(DataMissing, match="pip install datasets"):
        next(iter(load("jsonschemabench")))
    monkeypatch.setitem(sys.modules, "datasets", FakeHub(works=False))
    with pytest.raises(DataMissing, match="no way out"):
        next(iter(load("jsonschemabench")))


def test_suite(tmp_path: Path) -> None:
    group = {
        "description": "d",
        "schema": {"$ref": "http://localhost:1234/r.json"},
        "tests": [{"data": 1, "valid": True}],
    }
    declared = {**group, "schema": {"$schema": "urn:own"}}
    write(tmp_path / "tests" / "draft7" / "ref.json", [group, declared])
    write(tmp_path / "tests" / "draft4" / "optional" / "format" / "uri.json", [{**group, "schema": {}}])
    write(tmp_path / "tests" / "draft6" / "boolean.json", [{**group, "schema": True}])
    write(tmp_path / "remotes" / "r.json", {"type": "integer"})
    cases = list(load("suite", tmp_path))
    assert [(case.split, case.name) for case in cases] == [
        ("draft4, optional", "optional/format/uri 0: d"),
        ("draft6", "boolean 0: d"),
        ("draft7", "ref 0: d"),
        ("draft7", "ref 1: d"),
    ]
    schemas = [json.loads(case.schema) for case in cases]
    assert schemas[0] == {"$schema": DIALECTS["draft4"]} and schemas[1] is True
    assert schemas[2] == {"$schema": DIALECTS["draft7"], **group["schema"]} and schemas[3] == {"$schema": "urn:own"}  # type: ignore[dict-item]
    registry = remote_registry(Path(cases[0].remotes))
    assert registry.contents("http://localhost:1234/r.json") == {"type": "integer"}


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no data set is called 'x'; there are maskbench"):
        load("x")
    with pytest.raises(DataMissing, match="does not exist"):
        load("maskbench", tmp_path / "absent")
    for name in ("maskbench", "suite"):
        with pytest.raises(DataMissing, match="needs a path"):
            load(name)
    for name in ("maskbench", "suite", "jsonschemabench"):
        with pytest.raises(DataMissing, match="give"):
            load(name, tmp_path)
    with pytest.raises(ValueError, match="for maskbench"):
        load("suite", tmp_path, ["a"])


def test_built_in_cases_have_distinct_names() -> None:
    cases = list(load("built-in"))
    assert len({(case.split, case.name) for case in cases}) == len(cases) == load("built-in").total


def test_the_real_suite() -> None:
    cases = list(load("suite", shared_folder("JSON-Schema-Test-Suite")))
    assert len({(case.split, case.name) for case in cases}) == len(cases)
    assert {case.split for case in cases} >= set(DIALECTS)
    required = [case for case in cases if case.split == "draft2020-12"]
    assert sum(len(case.instances) for case in required) == 1299


def test_the_real_sample() -> None:
    folder = shared_folder("maskbench")
    names = (folder / "sample.txt").read_text(encoding="utf-8").split()
    cases = load("maskbench", folder, names)
    assert cases.total == len(names)
    assert next(iter(cases)).name == names[0]


def test_the_own_suite() -> None:
    cases = load("own")
    assert cases.total is not None and cases.total > 200
    found = list(cases)
    assert len({(case.split, case.name) for case in found}) == len(found) == cases.total
    assert all(case.split and case.instances for case in found)
