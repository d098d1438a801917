"""External references come from the registry, and nothing is fetched."""

from __future__ import annotations

import contextlib
import json

import pytest
import referencing
import referencing.jsonschema
from referencing.exceptions import NoSuchResource

import maskforge as mf
from maskforge.grammar.references import reachable_resources
from tests.grammar.test_compiler import accepts
from tests.matcher.support import byte_vocabulary

DIALECTS = [f"http://json-schema.org/draft-0{n}/schema{end}" for n in (4, 6, 7) for end in ("", "#")]
DIALECTS += [f"https://json-schema.org/draft/{year}/schema" for year in ("2019-09", "2020-12")]


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


def test_a_look_at_the_text_tells_what_needs_resources() -> None:
    """The registry is looked at only where the text may refer to anything else."""
    compiler = mf.Compiler(byte_vocabulary())
    looked: list[object] = []

    class Watched:
        def crawl(self) -> referencing.Registry:
            looked.append(self)
            return referencing.Registry()

    def asks(text: str) -> bool:
        looked.clear()
        with contextlib.suppress(mf.MaskforgeError):
            compiler.json_schema(text, registry=Watched())  # type: ignore[arg-type]
        return bool(looked)

    inside = {"$defs": {"a": {}}, "items": {"$ref": "#/$defs/a"}, "contains": {"$dynamicRef": "#"}}
    for uri in DIALECTS:
        for text in (json.dumps({"$schema": uri, **inside}), json.dumps({"$schema": uri, **inside}, indent=1)):
            assert not asks(text), uri
    assert not asks('{"enum": ["$ref", "$schema", {"$defs": "x"}], "$id": "http://example.test/a"}')
    for uri in ("http://example.test/a", "a", "", "https://json-schema.org/draft/2020-12/schema"):
        for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            assert asks(json.dumps({keyword: uri}))
            assert asks(f'{{"type": "object", "{keyword}" :\n"{uri}"}}')
    for uri in (
        "http://example.test/a",
        "http://json-schema.org/schema#",
        f"{DIALECTS[0]}/x",
        "https://json-schema.org",
    ):
        assert asks(json.dumps({"items": {"$schema": uri}}))


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


def test_a_resource_that_cannot_be_crawled_leaves_the_others() -> None:
    # `referencing` takes either all or none of the members of `dependencies` for schemas.
    mixed = {"dependencies": {"a": {"$ref": "inner"}, "b": ["c"]}, "definitions": {"i": {"$id": "inner"}}}
    draft7 = referencing.jsonschema.DRAFT7
    outer = {"definitions": {"i": {"$id": "in", "type": "null"}}}
    registry = referencing.Registry().with_resources(
        [
            ("http://example.test/mixed", draft7.create_resource(mixed)),
            ("http://example.test/mixed2", draft7.create_resource({"dependencies": {"a": {}, "b": ["c"]}})),
            ("http://example.test/outer", draft7.create_resource(outer)),
        ]
    )
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "allOf": [{"$ref": "http://example.test/mixed2"}]}
    grammar = mf.Compiler(byte_vocabulary()).json_schema(schema, registry=registry)
    assert accepts(grammar, "{}") and not accepts(grammar, '{"b": 1}')
    schema["items"] = {"$ref": "http://example.test/in"}  # type: ignore[assignment]
    grammar = mf.Compiler(byte_vocabulary()).json_schema(schema, registry=registry)
    assert accepts(grammar, "[null]") and not accepts(grammar, "[1]")


@pytest.mark.parametrize("draft", ["2019-09", "2020-12"])
def test_vocabularies_decide_which_keywords_mean_something(draft: str) -> None:
    dialect = f"https://json-schema.org/draft/{draft}/"
    schema = {
        "$schema": "http://example.test/meta",
        "type": "object",
        "properties": {"a": {"format": "date"}},
        "unevaluatedProperties": False,
    }

    def allowed(*vocabularies: str) -> list[str]:
        uris = {f"{dialect}vocab/{name}": True for name in ("core", *vocabularies)}
        meta = {"$id": "http://example.test/meta", "$schema": f"{dialect}schema", "$vocabulary": uris}
        registry = registry_of(meta=meta)
        grammar = mf.Compiler(byte_vocabulary()).json_schema(schema, registry=registry)
        silent = {entry.keyword for entry in grammar.report if "vocabulary" in entry.reason}
        expected = {"type"} if "validation" not in vocabularies else set()
        expected |= {"properties"} if "applicator" not in vocabularies else set()
        evaluates = "unevaluated" if draft == "2020-12" else "applicator"
        expected |= {"unevaluatedProperties"} if evaluates not in vocabularies else set()
        assert silent - {"format"} == expected
        return [text for text in ("1", '{"a": "2024-01-01"}', '{"a": "x"}', '{"b": 1}') if accepts(grammar, text)]

    form = "format" if draft == "2019-09" else "format-annotation"
    rest = () if draft == "2019-09" else ("unevaluated",)
    assert allowed("applicator", "validation", form, *rest) == ['{"a": "2024-01-01"}']
    assert allowed("applicator", form, *rest) == ["1", '{"a": "2024-01-01"}']
    assert allowed("applicator", "validation", *rest) == ['{"a": "2024-01-01"}', '{"a": "x"}']
    assert allowed("validation", form) == ['{"a": "2024-01-01"}', '{"a": "x"}', '{"b": 1}']
    if rest:
        assert allowed("applicator", "validation", form) == ['{"a": "2024-01-01"}', '{"b": 1}']


def test_a_vocabulary_that_is_demanded_and_unknown_is_refused() -> None:
    for demanded in (True, False):
        vocabulary = {"https://json-schema.org/draft/2020-12/vocab/core": True, "http://example.test/units": demanded}
        meta = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$vocabulary": vocabulary}
        schema = {"$schema": "http://example.test/meta", "unit": "m"}
        compiler, registry = mf.Compiler(byte_vocabulary()), registry_of(meta=meta)
        if demanded:
            with pytest.raises(mf.UnsupportedError, match="units"):
                compiler.json_schema(schema, registry=registry)
        grammar = compiler.json_schema(schema, registry=registry, on_refused="report")
        refused = [entry.keyword for entry in grammar.report if entry.status == "refused"]
        assert refused == (["$schema"] if demanded else [])
