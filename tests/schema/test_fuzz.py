"""A short run of fuzz.py with documents of every form, and that a run would notice what is wrong."""

from __future__ import annotations

import collections
import functools
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import maskforge as mf
from tests.schema import fuzz
from tests.schema.documents import META, Document, documents
from tests.schema.support import DIALECTS
from tests.schema.walks import Walker


@functools.cache
def tools() -> tuple[mf.Compiler, Walker]:
    return fuzz.tools()


@settings(
    max_examples=150,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # shrinking a walk takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(document=documents(), seed=st.integers(0, 2**32 - 1))
def test_no_disagreement(document: Document, seed: int) -> None:
    assert fuzz.observed(*tools(), document, seed, collections.Counter()) is None


LATEST = DIALECTS["draft2020-12"]


@pytest.mark.parametrize(
    "schema, judged, kinds",
    [
        ({"type": "integer"}, {"type": "string"}, ("value", "text")),
        ({"type": "integer"}, {"type": "integer", "minimum": 0}, ("value", "text")),
        ({"type": "integer", "minimum": 0}, {"type": "integer"}, ("value",)),
        ({"allOf": [False]}, {"const": 1}, ("unsatisfiable",)),
        ({"type": "object", "required": ["a"]}, {"type": "object"}, ("value",)),
    ],
)
def test_disagreements_are_noticed(schema: Any, judged: Any, kinds: tuple[str, ...]) -> None:
    document = Document({"$schema": LATEST, **schema}, "draft2020-12", plain={"$schema": LATEST, **judged})
    found = {fuzz.observed(*tools(), document, seed, collections.Counter()) for seed in range(20)} - {None}
    assert found
    assert {str(problem).split(":")[0] for problem in found} <= set(kinds)


def test_a_case_is_made_smaller() -> None:
    wrong = Document({"$schema": LATEST, "properties": {"a": {"unknown": 1}, "b": {}}, "title": "t"}, "draft2020-12")
    case = {**fuzz.as_case(wrong, 0), "problem": "value: planted"}

    def observed(*arguments: Any) -> str | None:
        return "value: planted" if "unknown" in repr(arguments[2].schema) else None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fuzz, "observed", observed)
        assert fuzz.reduced(case)["schema"] == {"unknown": 1}


def test_all_forms_of_documents_are_drawn() -> None:
    seen: collections.Counter[str] = collections.Counter()

    def draw(document: Document) -> None:
        text = repr([document.schema, document.resources])
        seen.update(word for word in WORDS if f"'{word}'" in text)
        seen["registry"] += bool(document.resources) and document.plain is None
        seen["vocabulary"] += META in document.resources
        seen["several dialects"] += document.mixed
        seen[document.kind] += 1
        seen[document.draft] += 1

    # One run repeats itself more than several do.
    once = settings(max_examples=150, deadline=None, database=None, phases=[Phase.generate], derandomize=False)
    for number in range(6):
        hypothesis.seed(number)(once(given(document=documents())(draw)))()
    wanted = {*WORDS, "registry", "vocabulary", "several dialects", "object", "array", "string", "number", *DIALECTS}
    assert wanted - {word for word, count in seen.items() if count} == set()


WORDS = [
    *("not", "if", "then", "else", "allOf", "anyOf", "oneOf", "dependentRequired", "dependentSchemas", "dependencies"),
    *("contains", "minContains", "maxContains", "uniqueItems", "propertyNames", "minProperties", "maxProperties"),
    *("patternProperties", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef", "$anchor"),
    *("$id", "id", "$ref", "format", "multipleOf", "const", "enum", "prefixItems", "items", "additionalItems"),
    *("exclusiveMinimum", "exclusiveMaximum", "pattern", "$dynamicAnchor", "$recursiveAnchor"),
]
