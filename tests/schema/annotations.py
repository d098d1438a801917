"""An oracle straight from the specification: a schema gives the set of member names and item positions that it
evaluates, or nothing where it fails. References are followed along the resources that an evaluation came through.

Keywords without subschemas are left to `jsonschema`. As a whole `jsonschema` departs from the specification in places:
tests/schema/test_unevaluated.py records where for `unevaluated*`, and that the two agree in 2020-12.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urljoin

import jsonschema

from tests.schema.support import DIALECTS

LEAVES = {
    *("type", "enum", "const", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum"),
    *("exclusiveMaximum", "multipleOf", "required", "minProperties", "maxProperties", "dependentRequired", "minItems"),
    *("maxItems", "uniqueItems"),
}
DRAFTS = list(DIALECTS)
# The dialects that have a keyword, where not all do.
SINCE = {
    **dict.fromkeys(("const", "contains", "propertyNames"), "draft6"),
    **dict.fromkeys(("if", "then", "else"), "draft7"),
    **dict.fromkeys(("dependentRequired", "dependentSchemas", "minContains", "maxContains"), "draft2019-09"),
    **dict.fromkeys(("unevaluatedProperties", "unevaluatedItems", "$recursiveRef"), "draft2019-09"),
    **dict.fromkeys(("prefixItems", "$dynamicRef"), "draft2020-12"),
}
UNTIL = {"dependencies": "draft7", "additionalItems": "draft2019-09", "$recursiveRef": "draft2019-09"}

MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies")
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
SINGLES = (
    *("items", "additionalItems", "contains", "not", "if", "then", "else", "propertyNames", "additionalProperties"),
    *("unevaluatedProperties", "unevaluatedItems"),
)


def subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """(keyword, the container that holds it, its key there) of every schema directly inside this one."""
    for keyword in MAPS:
        if isinstance(schema.get(keyword), dict):
            yield from ((keyword, schema[keyword], name) for name, inner in schema[keyword].items() if is_schema(inner))
    for keyword in LISTS:
        if isinstance(schema.get(keyword), list):
            yield from ((keyword, schema[keyword], index) for index in range(len(schema[keyword])))
    for keyword in SINGLES:
        if keyword in schema and is_schema(schema[keyword]):
            yield keyword, schema, keyword


def is_schema(value: Any) -> bool:
    return isinstance(value, dict | bool)


def applies(keyword: str, draft: str) -> bool:
    place = DRAFTS.index(draft)
    return DRAFTS.index(SINCE.get(keyword, DRAFTS[0])) <= place <= DRAFTS.index(UNTIL.get(keyword, DRAFTS[-1]))


@dataclass
class Evaluated:
    names: set[str] = field(default_factory=set)
    positions: set[int] = field(default_factory=set)

    def add(self, other: Evaluated | None) -> bool:
        if other is not None:
            self.names |= other.names
            self.positions |= other.positions
        return other is not None


@dataclass
class Place:
    """What is known of a schema before any value is."""

    keywords: dict[str, Any]  # those that mean something here
    base: str  # the URI of its resource
    draft: str
    leaf: Any  # the validator of what has no subschemas; None where there is nothing


class Oracle:
    """Judges values by one schema, written for Python's regular expressions.

    leaf: makes the validator of a schema that has no subschemas.
    resources: other documents by their URIs.
    """

    def __init__(
        self,
        schema: Any,
        leaf: Callable[[dict[str, Any]], jsonschema.protocols.Validator],
        resources: Mapping[str, Any] | None = None,
    ) -> None:
        self.root = schema
        self.leaf = leaf
        self.resources: dict[str, Any] = {}
        self.anchors: dict[tuple[str, str], Any] = {}
        self.dynamic: dict[tuple[str, str], Any] = {}  # "" names a `$recursiveAnchor`
        self.places: dict[int, Place] = {}
        for uri, contents in [("", schema), *(resources or {}).items()]:
            self.resources.setdefault(uri, contents)
            self.index(contents, uri, "draft2020-12")

    def index(self, schema: Any, base: str, draft: str) -> None:
        if not isinstance(schema, dict):
            return
        for known, uri in DIALECTS.items():
            if schema.get("$schema") == uri:
                draft = known
        hidden = DRAFTS.index(draft) <= DRAFTS.index("draft7") and "$ref" in schema
        identifier = schema.get("id" if draft == "draft4" else "$id")
        if isinstance(identifier, str) and not hidden:
            uri, _, fragment = identifier.partition("#")
            if uri:
                base = urljoin(base, uri)
                self.resources.setdefault(base, schema)
            if fragment:
                self.anchors[base, fragment] = schema
        if draft in ("draft2019-09", "draft2020-12") and "$anchor" in schema:
            self.anchors[base, schema["$anchor"]] = schema
        if draft == "draft2020-12" and "$dynamicAnchor" in schema:
            self.anchors[base, schema["$dynamicAnchor"]] = self.dynamic[base, schema["$dynamicAnchor"]] = schema
        if draft == "draft2019-09" and schema.get("$recursiveAnchor") is True:
            self.dynamic[base, ""] = schema
        keywords = {keyword: schema[keyword] for keyword in schema if applies(keyword, draft)}
        if hidden:
            keywords = {"$ref": schema["$ref"]}
        leaf = {keyword: keywords[keyword] for keyword in LEAVES & keywords.keys()}
        judge = self.leaf({"$schema": DIALECTS[draft], **leaf}) if leaf else None
        self.places[id(schema)] = Place(keywords, base, draft, judge)
        for _, container, key in subschemas(schema):
            self.index(container[key], base, draft)

    def is_valid(self, value: Any) -> bool:
        return self.evaluate(self.root, value, ()) is not None

    def iter_errors(self, value: Any) -> Iterator[jsonschema.ValidationError]:
        if not self.is_valid(value):
            yield jsonschema.ValidationError(f"{value!r} is not valid")

    def evaluate(self, schema: Any, value: Any, way: tuple[str, ...]) -> Evaluated | None:
        """way: the resources that the evaluation came through."""
        if isinstance(schema, bool):
            return Evaluated() if schema else None
        place = self.places[id(schema)]
        if not way or way[-1] != place.base:
            way = (*way, place.base)
        if place.leaf is not None and not place.leaf.is_valid(value):
            return None
        found = Evaluated()
        if not self.in_place(place, value, found, way):
            return None
        if isinstance(value, dict) and not self.members(place, value, found, way):
            return None
        if isinstance(value, list) and not self.items(place, value, found, way):
            return None
        return found

    def resolve(self, reference: str, base: str) -> tuple[Any, str]:
        """The schema, and the fragment where it is a name."""
        uri, _, fragment = (
            urljoin(base, reference).partition("#") if reference[:1] != "#" else (base, "", reference[1:])
        )
        if fragment and fragment[0] != "/":
            return self.anchors[uri, fragment], fragment
        found = self.resources[uri]
        for part in fragment.split("/")[1:]:
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            found = found[int(key) if isinstance(found, list) else key]
        return found, ""

    def outermost(self, name: str, static: Any, way: tuple[str, ...]) -> Any:
        """What a dynamic reference binds to: a name that is no dynamic anchor where it leads is an ordinary one."""
        if not isinstance(static, dict):
            return static
        if self.dynamic.get((self.places[id(static)].base, name)) is not static:
            return static
        return next(self.dynamic[base, name] for base in way if (base, name) in self.dynamic)

    def in_place(self, place: Place, value: Any, found: Evaluated, way: tuple[str, ...]) -> bool:
        schema = place.keywords
        good = True
        if "$ref" in schema:
            good &= found.add(self.evaluate(self.resolve(schema["$ref"], place.base)[0], value, way))
        if "$dynamicRef" in schema:
            static, name = self.resolve(schema["$dynamicRef"], place.base)
            target = self.outermost(name, static, (*way, self.base_of(static, place))) if name else static
            good &= found.add(self.evaluate(target, value, way))
        if "$recursiveRef" in schema:
            static, _ = self.resolve(schema["$recursiveRef"], place.base)
            good &= found.add(self.evaluate(self.outermost("", static, way), value, way))
        for inner in schema.get("allOf", []):
            good &= found.add(self.evaluate(inner, value, way))
        if "anyOf" in schema:
            good &= sum(found.add(self.evaluate(inner, value, way)) for inner in schema["anyOf"]) > 0
        if "oneOf" in schema:
            good &= sum(found.add(self.evaluate(inner, value, way)) for inner in schema["oneOf"]) == 1
        if "not" in schema:
            good &= self.evaluate(schema["not"], value, way) is None
        if "if" in schema:
            branch = "then" if found.add(self.evaluate(schema["if"], value, way)) else "else"
            good &= found.add(self.evaluate(schema.get(branch, True), value, way))
        if isinstance(value, dict):
            for name, inner in {**schema.get("dependentSchemas", {}), **schema.get("dependencies", {})}.items():
                if name in value and isinstance(inner, list):
                    good &= set(inner) <= value.keys()
                elif name in value:
                    good &= found.add(self.evaluate(inner, value, way))
        return good

    def base_of(self, schema: Any, place: Place) -> str:
        return self.places[id(schema)].base if isinstance(schema, dict) else place.base

    def members(self, place: Place, value: dict[str, Any], found: Evaluated, way: tuple[str, ...]) -> bool:
        schema = place.keywords
        good = True
        own: set[str] = set()
        for name, inner in value.items():
            asked = [schema["properties"][name]] if name in schema.get("properties", {}) else []
            asked += [each for pattern, each in schema.get("patternProperties", {}).items() if re.search(pattern, name)]
            if not asked and "additionalProperties" in schema:
                asked = [schema["additionalProperties"]]
            good &= all(self.evaluate(each, inner, way) is not None for each in asked)
            if asked:
                own.add(name)
            if "propertyNames" in schema:
                good &= self.evaluate(schema["propertyNames"], name, way) is not None
        found.names |= own
        if "unevaluatedProperties" in schema:
            rest = value.keys() - found.names
            good &= all(self.evaluate(schema["unevaluatedProperties"], value[name], way) is not None for name in rest)
            found.names |= rest
        return good

    def items(self, place: Place, value: list[Any], found: Evaluated, way: tuple[str, ...]) -> bool:
        schema = place.keywords
        latest = place.draft == "draft2020-12"
        prefix = schema.get("prefixItems", []) if latest else []
        rest = schema.get("items")
        if not latest and isinstance(rest, list):
            prefix, rest = rest, schema.get("additionalItems")
        good = all(self.evaluate(inner, item, way) is not None for inner, item in zip(prefix, value, strict=False))
        found.positions |= set(range(min(len(prefix), len(value))))
        if rest is not None:
            good &= all(self.evaluate(rest, item, way) is not None for item in value[len(prefix) :])
            found.positions |= set(range(len(value)))
        if "contains" in schema:
            matching = {i for i, item in enumerate(value) if self.evaluate(schema["contains"], item, way) is not None}
            good &= schema.get("minContains", 1) <= len(matching) <= schema.get("maxContains", len(value))
            if latest:
                found.positions |= matching
        if "unevaluatedItems" in schema:
            left = set(range(len(value))) - found.positions
            good &= all(self.evaluate(schema["unevaluatedItems"], value[i], way) is not None for i in left)
            found.positions |= left
        return good


def uses_unevaluated(schema: Any) -> bool:
    return '"unevaluated' in json.dumps(schema)
