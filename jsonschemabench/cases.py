"""Schemas with instances to read: MaskBench files, or a few built in so that a benchmark runs with no data at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Instance:
    text: str
    valid: bool


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    """Unique in its split."""
    schema: str
    """JSON text."""
    instances: tuple[Instance, ...]
    split: str = ""
    """The part of the data set that it is counted with."""
    remotes: str = ""
    """A folder of documents that the schema may refer to by address, as `splits.remote_registry` reads them."""


def instance_text(data: Any) -> str:
    """As MaskBench prints an instance. Half of a surrogate pair is no text: there, and only there, escapes are used."""
    text = json.dumps(data, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = json.dumps(data)
    return text


def case(name: str, schema: Any, instances: Sequence[tuple[Any, bool]], *, split: str = "", remotes: str = "") -> Case:
    """Valid instances come first, so that they are the ones that meet a schema cold."""
    texts = [Instance(instance_text(data), valid) for data, valid in instances]
    ordered = tuple(sorted(texts, key=lambda instance: not instance.valid))
    return Case(name, json.dumps(schema), ordered, split, remotes)


def maskbench_split(name: str) -> str:
    """The collection that a file of MaskBench comes from: what stands before "---", or before the first "_"."""
    return name.split("---")[0] if "---" in name else name.split("_")[0]


def read_case(path: Path) -> Case:
    """One file of MaskBench: {"schema": ..., "tests": [{"valid": ..., "data": ...}]}."""
    content = json.loads(path.read_text(encoding="utf-8"))
    tests = [(test["data"], test["valid"]) for test in content["tests"]]
    return case(path.stem, content["schema"], tests, split=maskbench_split(path.stem))


def maskbench_cases(data: Path, names: Sequence[str] | None = None) -> Iterator[Case]:
    """The files of a folder, or those named, in that order; read one by one."""
    if names is None:
        names = sorted(path.stem for path in data.glob("*.json"))
    for name in names:
        yield read_case(data / f"{name.removesuffix('.json')}.json")


def built_in_cases() -> list[Case]:
    person = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 64},
            "age": {"type": "integer", "minimum": 0, "maximum": 150},
            "email": {"type": "string", "format": "email"},
            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 4},
        },
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    tree = {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "label": {"type": "string"},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                },
                "required": ["label"],
            }
        },
        "$ref": "#/$defs/node",
    }
    order = {
        "type": "object",
        "properties": {
            "id": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4,8}$"},
            "status": {"enum": ["open", "paid", "sent", "returned"]},
            "total": {"type": "number", "minimum": 0},
            "placed": {"type": "string", "format": "date-time"},
        },
        "required": ["id", "status"],
    }
    choice = {
        "anyOf": [
            {"type": "object", "properties": {"kind": {"const": "circle"}, "radius": {"type": "number"}}},
            {"type": "object", "properties": {"kind": {"const": "square"}, "side": {"type": "number"}}},
        ],
        "type": "object",
        "required": ["kind"],
    }
    branch = {"label": "root", "children": [{"label": "left"}, {"label": "right", "children": []}]}
    return [
        case(
            "person",
            person,
            [
                ({"name": "Ada Lovelace", "age": 36, "email": "ada@example.org", "tags": ["a", "b"]}, True),
                ({"name": "Zoë", "age": 7}, True),
                ({"name": "", "age": 7}, False),
                ({"name": "Ada", "age": 151}, False),
                ({"name": "Ada", "age": 36, "tags": ["1", "2", "3", "4", "5"]}, False),
            ],
        ),
        case("tree", tree, [(branch, True), ({"label": "only"}, True), ({"label": 1}, False), ({}, False)]),
        case(
            "order",
            order,
            [
                ({"id": "AB-12345", "status": "paid", "total": 12.5, "placed": "2026-02-28T10:00:00Z"}, True),
                ({"id": "AB-12345", "status": "lost"}, False),
                ({"id": "A-1", "status": "open"}, False),
            ],
        ),
        case(
            "choice",
            choice,
            [
                ({"kind": "circle", "radius": 2.5}, True),
                ({"kind": "square", "side": 3}, True),
                ({"kind": "star"}, False),
            ],
        ),
    ]
