"""`$dynamicRef` and `$recursiveRef`: random webs of resources that refer to one another, and the metaschemas.

Webs are judged by walking them as the specification says, and by `jsonschema` as well where that follows it.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

import maskforge as mf
from tests.schema.support import DIALECTS, accepts, byte_compiler, oracle

BASE = "http://localhost/"
LEAVES = [{}, {"type": "integer"}, {"type": "string"}, {"const": 0}, {"const": "x"}]


def chains() -> list[Any]:
    """Linked lists of up to four nodes with a value here and there."""
    found: list[Any] = [{}, {"value": 0}, {"value": 1}, {"value": "x"}, {"value": None}]
    for _ in range(3):
        found += [{"next": inner} for inner in found] + [{"value": 0, "next": inner} for inner in found[-5:]]
    return [0, *({json.dumps(value): value for value in found}.values())]


CHAINS = chains()


@st.composite
def webs(draw: st.DrawFn) -> dict[str, Any]:
    """Resources r0 to r3: nodes of a list, with anchors at the root or below `$defs`, and references between them."""
    recursive = draw(st.booleans())
    count = draw(st.integers(2, 4))
    places = [(anchor, home) for anchor in ("m", "n") for home in ("root", "inner")]
    anchors: list[dict[str, str]] = []
    for _ in range(count):
        chosen = draw(st.lists(st.sampled_from(places), max_size=2, unique_by=(lambda p: p[0], lambda p: p[1])))
        anchors.append(dict(chosen))

    def reference(here: int) -> dict[str, Any]:
        there = draw(st.integers(0, count - 1))
        choices: list[dict[str, Any]] = [{"$ref": f"r{there}"}, {"$ref": f"r{there}#/$defs/inner"}]
        if recursive:
            choices += [{"$recursiveRef": "#"}] * 3
        else:
            choices += [{"$dynamicRef": f"r{there}#{anchor}"} for anchor in anchors[there]] * 2
            choices += [{"$dynamicRef": f"#{anchor}"} for anchor in anchors[here]] * 3
            choices += [{"$ref": f"r{there}#{anchor}"} for anchor in anchors[there]]
            choices += [{"$dynamicRef": f"r{there}#/$defs/inner"}, {"$dynamicRef": f"r{there}"}]
        return draw(st.sampled_from(choices))

    def node(here: int) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "object", "properties": {"value": draw(st.sampled_from(LEAVES))}}
        schema["properties"]["next"] = reference(here)
        if draw(st.integers(0, 3)) == 0:
            schema["required"] = ["value"]
        if draw(st.integers(0, 3)) == 0:
            schema["unevaluatedProperties"] = False
        return schema

    resources: dict[str, Any] = {}
    for here in range(count):
        root, inner = node(here), node(here)
        for anchor, home in anchors[here].items():
            if not recursive:
                (root if home == "root" else inner)["$dynamicAnchor"] = anchor
        if recursive and draw(st.booleans()):
            root["$recursiveAnchor"] = draw(st.sampled_from([True, True, False]))
        resources[f"r{here}"] = {"$id": f"r{here}", **root, "$defs": {"inner": inner}}
    start = draw(st.sampled_from([{"$ref": f"r{i}{part}"} for i in range(count) for part in ("", "#/$defs/inner")]))
    dialect = DIALECTS["draft2019-09" if recursive else "draft2020-12"]
    return {"$schema": dialect, "$id": f"{BASE}start", **start, "$defs": resources}


class Walk:
    """A web, walked along a chain with the list of resources that the way led through."""

    def __init__(self, web: dict[str, Any]) -> None:
        self.start = web
        self.resources = web["$defs"]

    def is_valid(self, chain: Any) -> bool:
        return self.follow("$ref", self.start["$ref"], "", [], chain)

    def follow(self, keyword: str, reference: str, here: str, way: list[str], chain: Any) -> bool:
        name, _, fragment = reference.partition("#")
        there = name or here
        resource = self.resources[there]
        inner = resource["$defs"]["inner"]
        schema = resource
        if fragment == "/$defs/inner":
            schema = inner
        elif fragment:
            schema = next(each for each in (resource, inner) if each.get("$dynamicAnchor") == fragment)
        if keyword == "$dynamicRef" and fragment in ("m", "n"):
            for passed in way:
                both = (self.resources[passed], self.resources[passed]["$defs"]["inner"])
                found = [each for each in both if each.get("$dynamicAnchor") == fragment]
                if found:
                    there, schema = passed, found[0]
                    break
        if keyword == "$recursiveRef" and resource.get("$recursiveAnchor") is True:
            there = next(passed for passed in way if self.resources[passed].get("$recursiveAnchor") is True)
            schema = self.resources[there]
        return self.matches(schema, there, [*way, there], chain)

    def matches(self, schema: dict[str, Any], here: str, way: list[str], chain: Any) -> bool:
        if not isinstance(chain, dict) or not set(schema.get("required", [])) <= chain.keys():
            return False
        if "value" in chain and not oracle(schema["properties"]["value"]).is_valid(chain["value"]):
            return False
        ((keyword, reference),) = schema["properties"]["next"].items()
        return "next" not in chain or self.follow(keyword, reference, here, way, chain["next"])


@settings(max_examples=300, deadline=None)
@given(web=webs())
def test_webs_of_resources(web: dict[str, Any]) -> None:
    expected = [Walk(web).is_valid(value) for value in CHAINS]
    # Two departures of `jsonschema` from the specification: its search for a recursive anchor ends at the first
    # resource without one, and it binds a `$ref` to a dynamic anchor dynamically.
    anchored = [resource.get("$recursiveAnchor") is True for resource in web["$defs"].values()]
    text = json.dumps(web)
    if (all(anchored) or "$recursiveRef" not in text) and not re.search(r'"\$ref": "r.#[mn]"', text):
        event("two judges")
        assert [oracle(web).is_valid(value) for value in CHAINS] == expected
    try:
        grammar = byte_compiler().json_schema(web)
    except mf.UnsatisfiableError:
        assert not any(expected)
        return
    assert [accepts(grammar, json.dumps(value)) for value in CHAINS] == expected


@pytest.mark.parametrize("draft", DIALECTS)
def test_schemas_are_valid_by_the_metaschema_at_every_depth(draft: str) -> None:
    options: dict[str, Any] = {"on_refused": "report"}  # where `uniqueItems` is refused
    grammar = byte_compiler().json_schema({"$schema": DIALECTS[draft], "$ref": DIALECTS[draft]}, **options)
    good, bad = {"minLength": 1}, {"minLength": -1}
    places: list[Any] = [lambda inner: inner, lambda inner: {"properties": {"a": inner}}, lambda inner: {"not": inner}]
    places += [lambda inner: {"items": {"allOf": [True if draft != "draft4" else {}, inner]}}]
    if draft in ("draft2019-09", "draft2020-12"):
        places += [lambda inner: {"$defs": {"x": {"unevaluatedProperties": inner}}}]
    for place in places:
        assert accepts(grammar, json.dumps(place(good)))
        assert not accepts(grammar, json.dumps(place(bad)))


def test_a_metaschema_can_be_extended() -> None:
    # Its own anchor replaces that of the metaschema: every subschema has a note, or is a boolean.
    extension = {
        "$id": "http://localhost/noted",
        "$dynamicAnchor": "meta",
        "$ref": DIALECTS["draft2020-12"],
        "if": {"type": "object"},
        "then": {"required": ["note"]},
    }
    grammar = byte_compiler().json_schema(extension, on_refused="report")
    assert accepts(grammar, '{"note": 1, "items": {"note": 2, "allOf": [true, {"note": 3, "minLength": 1}]}}')
    assert not accepts(grammar, '{"note": 1, "items": {"note": 2, "allOf": [true, {"minLength": 1}]}}')
    assert not accepts(grammar, '{"note": 1, "items": {"note": 2, "allOf": [true, {"note": 3, "minLength": -1}]}}')


def test_many_resources_with_anchors_cost_little() -> None:
    # Each question is one per scope, not one per way: all ways through here lead to the same scope.
    count = 60
    resources = {
        f"r{i}": {
            "$id": f"r{i}",
            "$dynamicAnchor": "n",
            "properties": {f"k{j}": {"$ref": f"r{j}"} for j in range(count)} | {"n": {"$dynamicRef": "#n"}},
            "required": ["v"],
        }
        for i in range(count)
    }
    schema = {"$id": f"{BASE}root", "$dynamicAnchor": "n", "required": ["w"], "$ref": "r0", "$defs": resources}
    grammar = byte_compiler().json_schema(schema)
    assert accepts(grammar, '{"v": 0, "w": 0, "k7": {"v": 0, "k9": {"v": 0}, "n": {"v": 0, "w": 0}}}')
    assert not accepts(grammar, '{"v": 0, "w": 0, "k7": {"v": 0, "n": {"v": 0}}}')


def test_references_that_the_dialect_does_not_have_mean_nothing() -> None:
    grammar = byte_compiler().json_schema({"$schema": DIALECTS["draft7"], "anyOf": [{"$dynamicRef": "nowhere"}]})
    assert [entry.status for entry in grammar.report if entry.keyword == "$dynamicRef"] == ["annotation"]


def test_a_dynamic_reference_that_leads_nowhere() -> None:
    with pytest.raises(mf.SpecError, match="dynamicRef.*leads nowhere"):
        byte_compiler().json_schema({"properties": {"a": {"$dynamicRef": "#b"}}})
