"""External references come from the registry, and nothing is fetched."""

from __future__ import annotations

import json

import pytest
import referencing
import referencing.jsonschema
from referencing.exceptions import NoSuchResource

import maskforge as mf
from maskforge.grammar.references import reachable_resources
from tests.grammar.test_compiler import accepts
from tests.matcher.support import byte_vocabulary


def registry_of(**contents: object) -> referencing.Registry:
    def retrieve(uri: str) -> referencing.Resource:
        raise AssertionError(f"{uri} was fetched")

    pairs = [
        (f"http://example.test/{name}", referencing.jsonschema.DRAFT202012.create_resource(schema))  # type: ignore[arg-type]
        for name, schema in contents.items()
    ]
    return referencing.Registry(retrieve=retrieve).with_resources(pairs)


def test_only_what_is_reachable_is_passed_on() -> None:
    registry = registry_of(
        a={"items": {"$ref": "b#/$defs/x"}},
        b={"$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"type": "integer"}}},
        c={"type": "string"},
    )
    text = json.dumps({"$ref": "http://example.test/a"})
    found = reachable_resources(text, registry)
    assert set(found) == {"http://example.test/a", "http://example.test/b"}
    assert json.loads(found["http://example.test/b"])["$defs"]["y"] == {"type": "integer"}
    assert reachable_resources('{"$ref": "#/$defs/a", "$defs": {"a": {}}}', registry) == {}
    assert reachable_resources('{"$ref": "http://example.test/missing"}', registry) == {}
    assert reachable_resources('{"$ref": "http://[broken"}', registry) == {}
    assert reachable_resources('{"$ref": "http://example.test/a"', registry) == {}  # the compile says what is wrong


def test_identifiers_change_the_base() -> None:
    registry = registry_of(**{"deep/a": {"$id": "http://example.test/other/", "items": {"$ref": "z"}}, "other/z": {}})
    text = json.dumps({"$id": "http://example.test/deep/root", "$ref": "a"})
    assert set(reachable_resources(text, registry)) == {"http://example.test/deep/a", "http://example.test/other/z"}
    named = referencing.jsonschema.DRAFT202012.create_resource({"$id": "http://example.test/by-id", "type": "null"})
    registry = referencing.Registry().with_resource("urn:any", named)
    assert set(reachable_resources('{"$ref": "http://example.test/by-id"}', registry)) == {"http://example.test/by-id"}
    assert set(reachable_resources('{"$ref": "urn:any"}', registry)) == {"urn:any"}


def test_metaschemas_are_at_hand() -> None:
    found = reachable_resources('{"$ref": "http://json-schema.org/draft-07/schema#"}', None)
    assert json.loads(found["http://json-schema.org/draft-07/schema"])["title"] == "Core schema meta-schema"


def test_references_are_resolved() -> None:
    compiler = mf.Compiler(byte_vocabulary())
    registry = registry_of(
        tree={
            "type": "object",
            "properties": {"children": {"type": "array", "items": {"$ref": "tree"}}, "leaf": {"$ref": "leaf#/$defs/x"}},
            "additionalProperties": False,
        },
        leaf={"$defs": {"x": {"enum": [1, 2]}}},
    )
    grammar = compiler.json_schema({"$ref": "http://example.test/tree"}, registry=registry)
    assert accepts(grammar, '{"children": [{"leaf": 1}, {"children": []}]}')
    assert not accepts(grammar, '{"children": [{"leaf": 3}]}')
    assert not accepts(grammar, '{"children": [{"other": 1}]}')


def test_a_missing_resource_is_an_error_and_not_a_download() -> None:
    compiler = mf.Compiler(byte_vocabulary())
    registry = registry_of(a={"$ref": "missing"})
    for given in (None, registry):
        with pytest.raises(mf.SpecError, match="missing"):
            compiler.json_schema({"properties": {"p": {"$ref": "http://example.test/missing"}}}, registry=given)
    with pytest.raises(mf.SpecError, match="missing"):
        compiler.json_schema({"$ref": "http://example.test/a"}, registry=registry)
    with pytest.raises(NoSuchResource):
        referencing.Registry()["http://example.test/missing"]
