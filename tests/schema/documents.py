"""Schemas in several resources: identifiers, anchors, references static and dynamic, a registry, `$vocabulary`.

A schema of strategies.py refers to its two definitions by JSON pointers. Here each definition moves somewhere (behind
an anchor, into a resource of its own, into the registry), and each reference is written in one of the ways that lead
there. No reference is a cycle that consumes nothing: the recursive ones lie at child positions, see
`strategies.subschemas`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import jsonschema
import referencing
import referencing.jsonschema
from hypothesis import strategies as st

from tests.schema import strategies
from tests.schema.annotations import Oracle, subschemas
from tests.schema.focused import focused_schemas
from tests.schema.strategies import LATER
from tests.schema.support import DIALECTS

BASE = "http://localhost/dir/"
META = "http://localhost/meta"

VOCABULARIES = {
    "draft2019-09": {
        "applicator": (
            *("properties", "patternProperties", "additionalProperties", "propertyNames", "items", "additionalItems"),
            *("contains", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"),
            *("unevaluatedProperties", "unevaluatedItems"),
        ),
        "validation": (
            *("type", "enum", "const", "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum"),
            *("exclusiveMaximum", "multipleOf", "required", "minProperties", "maxProperties", "dependentRequired"),
            *("minItems", "maxItems", "uniqueItems", "minContains", "maxContains"),
        ),
        "format": ("format",),
    }
}
VOCABULARIES["draft2020-12"] = {
    "applicator": (*VOCABULARIES["draft2019-09"]["applicator"][:-2], "prefixItems"),
    "unevaluated": ("unevaluatedProperties", "unevaluatedItems"),
    "validation": VOCABULARIES["draft2019-09"]["validation"],
    "format-annotation": ("format",),
}


@dataclass
class Document:
    """A schema, the other documents that it refers to, and what judges read instead where that differs."""

    schema: Any
    draft: str
    resources: dict[str, Any] = field(default_factory=dict)
    plain: Any = None  # without `$vocabulary`
    mixed: bool = False  # several dialects
    kind: str = ""  # of the values that it is about, see focused.py

    def registry(self) -> referencing.Registry:
        pairs = [
            (uri, referencing.Resource.from_contents(contents, referencing.jsonschema.DRAFT202012))
            for uri, contents in self.resources.items()
        ]
        return referencing.Registry().with_resources(pairs)

    def oracle(self) -> Oracle:
        """The judge straight from the specification."""
        resources = {} if self.plain is not None else self.resources
        return Oracle(
            strategies.exact(strategies.for_python(self.schema if self.plain is None else self.plain)),
            strategies.leaf_validator,
            {uri: strategies.exact(strategies.for_python(contents)) for uri, contents in resources.items()},
        )

    def other(self) -> jsonschema.protocols.Validator | None:
        """`jsonschema`, where it follows the specification: see test_unevaluated.py and test_dynamic_references.py."""
        text = repr([self.schema, self.resources])
        if self.mixed or "$recursiveAnchor" in text or ("unevaluated" in text and self.draft == "draft2019-09"):
            return None
        if re.search(r"'\$ref': '[^']*#node", text):
            return None  # it binds a `$ref` to a dynamic anchor dynamically
        plain = self.schema if self.plain is None else self.plain
        contents = {uri: strategies.exact(strategies.for_python(each)) for uri, each in self.resources.items()}
        registry = Document(None, self.draft, contents).registry()
        return strategies.leaf_validator(strategies.exact(strategies.for_python(plain)), registry=registry)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    draft = draw(st.sampled_from([*DIALECTS, "draft2020-12", "draft2020-12"]))
    form = draw(st.integers(0, 12))
    if form > 9:
        kind, schema = draw(focused_schemas(draft))
        return Document(schema, draft, kind=kind)
    if form < 4:
        return Document(draw(strategies.schemas(draft)), draft)
    if draft in LATER and form == 4:
        return Document(draw(strategies.evaluation_schemas(draft)), draft)
    if draft in LATER and form == 5:
        return draw(with_vocabularies(draft))
    return draw(with_resources(draft))


@st.composite
def with_vocabularies(draw: st.DrawFn, draft: str) -> Document:
    """The meta-schema leaves out some vocabularies."""
    schema = draw(strategies.evaluation_schemas(draft) if draw(st.booleans()) else strategies.schemas(draft))
    if isinstance(schema, bool):
        return Document(schema, draft)
    known = VOCABULARIES[draft]
    left_out = draw(st.sets(st.sampled_from(sorted(known)), min_size=1))
    prefix = DIALECTS[draft].removesuffix("schema") + "vocab/"
    vocabularies = {prefix + name: draw(st.booleans()) for name in known if name not in left_out}
    vocabularies[prefix + "core"] = True
    if draw(st.booleans()):
        vocabularies["http://localhost/vocab/unknown"] = False
    meta = {"$id": META, "$schema": DIALECTS[draft], "$vocabulary": vocabularies}
    silent = {keyword for name in left_out for keyword in known[name]}
    plain = without(schema, silent)
    return Document({**schema, "$schema": META}, draft, {META: meta}, plain)


def without(schema: Any, keywords: set[str]) -> Any:
    """The schema without these keywords, everywhere."""
    if not isinstance(schema, dict):
        return schema
    found = {keyword: value for keyword, value in schema.items() if keyword not in keywords}
    return mapped(found, lambda keyword, inner: without(inner, keywords))


def mapped(schema: dict[str, Any], change: Any) -> dict[str, Any]:
    """A copy with change(keyword, subschema) in the place of each subschema."""
    found = {keyword: value.copy() if isinstance(value, dict | list) else value for keyword, value in schema.items()}
    for keyword, container, key in list(subschemas(found)):
        container[key] = change(keyword, container[key])
    return found


@st.composite
def with_resources(draw: st.DrawFn, draft: str) -> Document:
    schema = draw(strategies.schemas(draft))
    home = strategies.definitions(draft)
    if isinstance(schema, bool):
        return Document(schema, draft)
    # References below keys, which the schema by itself has now and then.
    linked = {"$ref": f"#/{home}/tree"}
    for node in (schema, schema[home]["tree"]):
        if isinstance(node, dict) and draw(st.booleans()):
            node["properties"] = {**node.get("properties", {}), draw(st.sampled_from(["a", "c"])): linked}
    kinds = {}
    for name in ("leaf", "tree"):
        boolean = isinstance(schema[home][name], bool)
        kinds[name] = (
            "pointer" if boolean else draw(st.sampled_from(["pointer", "anchor", "id", "id", "registry", "registry"]))
        )
    # The anchor "node" of some resources, by which the recursive references go.
    holders = draw(st.sets(st.sampled_from(["root", "leaf", "tree", "tree"]))) if draft in LATER else set()
    identifier = "id" if draft == "draft4" else "$id"

    def own(name: str) -> bool:
        return name == "root" or kinds[name] in ("id", "registry")

    def absolute(name: str) -> str:
        return f"{BASE}{name}" if own(name) else f"{BASE}root#/{home}/{name}"

    def reference(where: str, to: str) -> dict[str, Any]:
        """where: the resource that refers. A reference to the tree never applies in place."""
        place = "root" if where != "root" and not own(where) else where
        forms = [{"$ref": absolute(to)}]
        if own(to):
            forms += [{"$ref": to}, {"$ref": "#"}] if place == to else [{"$ref": to}]
        else:
            forms += [{"$ref": f"#/{home}/{to}" if place == "root" else f"root#/{home}/{to}"}]
            if kinds[to] == "anchor":
                forms += [{"$ref": f"#{to}" if place == "root" else f"root#{to}"}] * 2
        if to in holders and own(to) and draft == "draft2020-12":
            forms += [{"$ref": f"{to}#node"}]
        if to == "tree" and draft == "draft2020-12":
            forms += [{"$dynamicRef": f"{name}#node"} for name in sorted(holders) if own(name)]
            forms += [{"$dynamicRef": "#node"}] * 4 if place in holders and own(place) else []
        if to == "tree":
            forms += [{"$recursiveRef": "#"}] * 3 if draft == "draft2019-09" else []
            forms += [{"$ref": "#"}, {"$ref": f"{BASE}root"}]
        return draw(st.sampled_from(forms))

    def rewritten(node: Any, where: str) -> Any:
        if not isinstance(node, dict):
            return node
        found = mapped(
            {keyword: value for keyword, value in node.items() if keyword != home},
            lambda keyword, inner: rewritten(inner, where),
        )
        if "$ref" in node:
            del found["$ref"]
            found |= reference(where, node["$ref"].split("/")[-1])
        return found

    def marked(name: str, node: Any, dialect: str = draft) -> Any:
        """With what names it, before everything else."""
        if isinstance(node, bool):
            return node
        marks: dict[str, Any] = {}
        if own(name):
            marks[identifier] = f"{BASE}root" if name == "root" else draw(st.sampled_from([name, f"{BASE}{name}"]))
        elif kinds[name] == "anchor":
            marks |= {"$anchor": name} if draft in LATER else {identifier: f"#{name}"}
        if name in holders and own(name):
            marks |= {"$dynamicAnchor": "node"} if draft == "draft2020-12" else {"$recursiveAnchor": True}
        if "$ref" in node and marks and draft not in LATER:
            node = {"allOf": [node]}  # a `$ref` would hide the marks
        return {**marks, **node}

    root = {keyword: value for keyword, value in schema.items() if keyword not in (home, "$schema")}
    found = {"$schema": DIALECTS[draft], **marked("root", rewritten(root, "root")), home: {}}
    resources: dict[str, Any] = {}
    mixed = False
    for name in ("leaf", "tree"):
        dialect = draft
        node = schema[home][name]
        if kinds[name] == "registry" and name == "leaf" and draft != "draft4" and draw(st.booleans()):
            # A leaf of another dialect. Not of draft 4, which takes other numbers for integers.
            dialect = draw(st.sampled_from([other for other in ("draft6", "draft7", *LATER) if other != draft]))
            drawn = draw(strategies.subschemas(dialect, 1, in_place=True, references=False))
            if isinstance(drawn, dict) and name not in holders:
                node = drawn
                mixed = True
            else:
                dialect = draft
        there = marked(name, rewritten(node, name))
        if kinds[name] == "registry":
            resources[f"{BASE}{name}"] = {"$schema": DIALECTS[dialect], **there}
        else:
            found[home][name] = there
    return Document(found, draft, resources, mixed=mixed)
