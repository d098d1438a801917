"""An oracle for `unevaluatedProperties` and `unevaluatedItems`, straight from the specification: a schema gives the set
of member names and item positions that it evaluates, or nothing where it fails.

Keywords without subschemas are left to `jsonschema`. Its own `unevaluated*` departs from the specification in 2019-09;
tests/schema/test_unevaluated.py records where, and that the two agree in 2020-12.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import jsonschema

LEAVES = {
    *("type", "enum", "const", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum"),
    *("exclusiveMaximum", "multipleOf", "required", "minProperties", "maxProperties", "dependentRequired", "minItems"),
    *("maxItems",),
}


@dataclass
class Evaluated:
    names: set[str] = field(default_factory=set)
    positions: set[int] = field(default_factory=set)

    def add(self, other: Evaluated | None) -> bool:
        if other is not None:
            self.names |= other.names
            self.positions |= other.positions
        return other is not None


class Oracle:
    """Judges values by one schema of draft 2019-09 or 2020-12, written for Python's regular expressions.

    leaf: makes the validator of a schema that has no subschemas.
    """

    def __init__(self, schema: Any, leaf: Callable[[dict[str, Any]], jsonschema.protocols.Validator]) -> None:
        self.root = schema
        dialect = schema.get("$schema", "") if isinstance(schema, dict) else ""
        self.dialect: dict[str, Any] = {"$schema": dialect} if dialect else {}
        self.latest = "2019-09" not in dialect
        self.leaf = leaf
        self.leaves: dict[int, Any] = {}

    def is_valid(self, value: Any) -> bool:
        return self.evaluate(self.root, value) is not None

    def iter_errors(self, value: Any) -> Iterator[jsonschema.ValidationError]:
        if not self.is_valid(value):
            yield jsonschema.ValidationError(f"{value!r} is not valid")

    def evaluate(self, schema: Any, value: Any) -> Evaluated | None:
        if isinstance(schema, bool):
            return Evaluated() if schema else None
        if id(schema) not in self.leaves:
            leaf = {keyword: schema[keyword] for keyword in LEAVES & schema.keys()}
            self.leaves[id(schema)] = self.leaf({**self.dialect, **leaf}) if leaf else None
        leaf = self.leaves[id(schema)]
        if leaf is not None and not leaf.is_valid(value):
            return None
        found = Evaluated()
        if not self.in_place(schema, value, found):
            return None
        if isinstance(value, dict) and not self.members(schema, value, found):
            return None
        if isinstance(value, list) and not self.items(schema, value, found):
            return None
        return found

    def in_place(self, schema: dict[str, Any], value: Any, found: Evaluated) -> bool:
        good = True
        if "$ref" in schema:
            target = self.root
            for part in schema["$ref"].removeprefix("#").split("/")[1:]:
                target = target[part]
            good &= found.add(self.evaluate(target, value))
        for inner in schema.get("allOf", []):
            good &= found.add(self.evaluate(inner, value))
        if "anyOf" in schema:
            good &= sum(found.add(self.evaluate(inner, value)) for inner in schema["anyOf"]) > 0
        if "oneOf" in schema:
            good &= sum(found.add(self.evaluate(inner, value)) for inner in schema["oneOf"]) == 1
        if "not" in schema:
            good &= self.evaluate(schema["not"], value) is None
        if "if" in schema:
            branch = "then" if found.add(self.evaluate(schema["if"], value)) else "else"
            good &= found.add(self.evaluate(schema.get(branch, True), value))
        if isinstance(value, dict):
            for name, inner in schema.get("dependentSchemas", {}).items():
                good &= name not in value or found.add(self.evaluate(inner, value))
        return good

    def members(self, schema: dict[str, Any], value: dict[str, Any], found: Evaluated) -> bool:
        good = True
        own: set[str] = set()
        for name, inner in value.items():
            asked = [schema["properties"][name]] if name in schema.get("properties", {}) else []
            asked += [each for pattern, each in schema.get("patternProperties", {}).items() if re.search(pattern, name)]
            if not asked and "additionalProperties" in schema:
                asked = [schema["additionalProperties"]]
            good &= all(self.evaluate(each, inner) is not None for each in asked)
            if asked:
                own.add(name)
            if "propertyNames" in schema:
                good &= self.evaluate(schema["propertyNames"], name) is not None
        found.names |= own
        if "unevaluatedProperties" in schema:
            rest = value.keys() - found.names
            good &= all(self.evaluate(schema["unevaluatedProperties"], value[name]) is not None for name in rest)
            found.names |= rest
        return good

    def items(self, schema: dict[str, Any], value: list[Any], found: Evaluated) -> bool:
        prefix = schema.get("prefixItems", []) if self.latest else []
        rest = schema.get("items")
        if not self.latest and isinstance(rest, list):
            prefix, rest = rest, schema.get("additionalItems")
        good = all(self.evaluate(inner, item) is not None for inner, item in zip(prefix, value, strict=False))
        found.positions |= set(range(min(len(prefix), len(value))))
        if rest is not None:
            good &= all(self.evaluate(rest, item) is not None for item in value[len(prefix) :])
            found.positions |= set(range(len(value)))
        if "contains" in schema:
            matching = {i for i, item in enumerate(value) if self.evaluate(schema["contains"], item) is not None}
            good &= schema.get("minContains", 1) <= len(matching) <= schema.get("maxContains", len(value))
            if self.latest:
                found.positions |= matching
        if "unevaluatedItems" in schema:
            left = set(range(len(value))) - found.positions
            good &= all(self.evaluate(schema["unevaluatedItems"], value[i]) is not None for i in left)
            found.positions |= left
        return good


def uses_unevaluated(schema: Any) -> bool:
    return '"unevaluated' in json.dumps(schema)
