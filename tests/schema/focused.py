"""Schemas that speak about one kind of value with all of its keywords at once, below nested applicators, and the small
values of that kind, all of which can be judged. Where everything is about the same few values, constraints meet.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

from hypothesis import strategies as st

from tests.schema.annotations import applies
from tests.schema.strategies import LATER, PATTERNS, counts, definitions
from tests.schema.support import DIALECTS

KEYS = ["a", "b", "ab", "c"]
FEW: list[Any] = [0, 1, "x", None]
KINDS = ("object", "array", "string", "number")
LEAVES: list[Any] = [
    *({}, {"enum": [0]}, {"enum": [0, 1]}, {"type": "string"}, {"type": "integer"}, {"not": {"enum": [0]}}),
    *({"enum": [0, "x"]}, {"type": ["null", "number"]}, {"minimum": 1}, {"maxLength": 0}),
]
ITEMS: list[Any] = [*LEAVES, {"enum": [[0], [1]]}, {"type": "array", "items": {"enum": [0, 1]}, "maxItems": 1}]
NUMBERS: list[Any] = [-2, -1, 0, 1, 2, 3, 4, 5, 6, 10, 12, 0.5, 1.5, -0.5, 2.5, 0.1, 0.3, 0.75, 100, 1000]
KEY_PATTERNS = ["^a", "b$", "a", "^[ab]*$", "^[ab]$", "^[abc]$", "c|^$", "^[^a]+$"]
TEXTS = ["".join(letters) for size in range(4) for letters in itertools.product("ab", repeat=size)]
TEXTS += ["c", "ac", "abd", "abc", "bc", "1", "15", "12a", "\u00e9", "a\n"]


@functools.cache
def domain(kind: str) -> list[Any]:
    """Small values: all that differ in a way that the keywords see."""
    found: list[Any] = [None, 0, "a", [], {}]
    if kind == "object":
        for size in range(1, 4):
            for keys in itertools.combinations(KEYS, size):
                found += [dict(zip(keys, values, strict=True)) for values in itertools.product(FEW[:3], repeat=size)]
        found += [{"": 0}, {"a": None}, {"a": 0, "b": 0, "ab": 0, "c": 0}, {"a": 1, "b": "x", "ab": 0, "c": 1}]
    elif kind == "array":
        items = [*FEW, [0], [1], {"a": 0}]
        found += [list(values) for size in (1, 2, 3) for values in itertools.product(items, repeat=size)]
        found += [list(values) for values in itertools.product([0, 1], repeat=4)]
    elif kind == "string":
        found += TEXTS
    else:
        found += NUMBERS
    return found


@st.composite
def focused_schemas(draw: st.DrawFn, draft: str) -> tuple[str, dict[str, Any]]:
    """The kind and the schema."""
    kind = draw(st.sampled_from([*KINDS, "object", "array"]))
    schema = draw(parts(draft, kind, 2))
    if draw(st.integers(0, 3)):
        schema.setdefault("type", kind)
    leaf = draw(parts(draft, kind, 0))
    return kind, {"$schema": DIALECTS[draft], **schema, definitions(draft): {"leaf": leaf, "tree": {}}}


@st.composite
def parts(draw: st.DrawFn, draft: str, kind: str, depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    own = own_keywords(draft, kind)
    chosen = draw(st.lists(st.sampled_from(sorted(own)), max_size=3 if depth else 2, unique=True))
    for keyword in chosen:
        schema[keyword] = draw(own[keyword])
    if draft == "draft4":
        for keyword, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if bound in schema and draw(st.booleans()):
                schema[keyword] = draw(st.booleans())
    if depth:
        inner = parts(draft, kind, depth - 1)
        lists = st.lists(inner, min_size=1, max_size=3)
        words = ["allOf", "anyOf", "oneOf", "oneOf", "not", *(["if"] if applies("if", draft) else [])]
        if kind == "object":
            words.append("dependentSchemas" if draft in LATER else "dependencies")
        for keyword in draw(st.lists(st.sampled_from(words), min_size=depth - 1, max_size=2, unique=True)):
            if keyword == "if":
                schema |= {
                    word: draw(inner) for word in ("if", *draw(st.sampled_from([["then"], ["else"], ["then", "else"]])))
                }
            elif keyword in ("dependentSchemas", "dependencies"):
                schema[keyword] = draw(st.dictionaries(st.sampled_from(KEYS), inner, min_size=1, max_size=2))
            else:
                schema[keyword] = draw(inner if keyword == "not" else lists)
        if draw(st.integers(0, 7)) == 0:
            schema["$ref"] = f"#/{definitions(draft)}/leaf"
    return schema


def own_keywords(draft: str, kind: str) -> dict[str, st.SearchStrategy[Any]]:
    """The keywords of a kind of values, with what they may be set to."""
    found: dict[str, st.SearchStrategy[Any]]
    leaves = st.sampled_from(ITEMS if kind == "array" else LEAVES)
    if kind == "object":
        names = st.lists(st.sampled_from(KEYS), min_size=1, max_size=2, unique=True)
        texts = st.sampled_from(
            [{"pattern": pattern} for pattern in KEY_PATTERNS]
            + [{"enum": ["a", "b"]}, {"maxLength": 1}, {"minLength": 2}, {"not": {"enum": ["a"]}}]
        )
        found = {
            "properties": st.dictionaries(st.sampled_from(KEYS), leaves, min_size=1, max_size=3),
            "patternProperties": st.dictionaries(st.sampled_from(KEY_PATTERNS), leaves, min_size=1, max_size=3),
            "additionalProperties": leaves if draft == "draft4" else leaves | st.just(False),
            "required": names,
            "minProperties": counts,
            "maxProperties": counts,
            "propertyNames": texts,
            "dependentRequired": st.dictionaries(st.sampled_from(KEYS), names, min_size=1, max_size=2),
            "unevaluatedProperties": leaves | st.just(False),
        }
    elif kind == "array":
        prefix = st.lists(leaves, min_size=1, max_size=3)
        found = {
            "minItems": counts,
            "maxItems": counts,
            "uniqueItems": st.just(True),
            "contains": leaves,
            "minContains": counts,
            "maxContains": counts,
            "prefixItems": prefix,
            "items": leaves if draft == "draft2020-12" else leaves | prefix,
            "additionalItems": leaves,
            "unevaluatedItems": leaves | st.just(False),
        }
    elif kind == "string":
        found = {
            "minLength": counts,
            "maxLength": counts,
            "pattern": st.sampled_from(list(PATTERNS)),
        }
    else:
        numbers = st.sampled_from(NUMBERS)
        found = {
            "minimum": numbers,
            "maximum": numbers,
            "multipleOf": st.sampled_from([number for number in NUMBERS if number > 0] + [0.25, 7, 1e-3]),
            "type": st.sampled_from(["integer", "number"]),
        }
        if draft != "draft4":
            found |= {"exclusiveMinimum": numbers, "exclusiveMaximum": numbers}
    values = st.sampled_from(domain(kind))
    found |= {"enum": st.lists(values, min_size=1, max_size=4), "const": values}
    return {keyword: strategy for keyword, strategy in found.items() if applies(keyword, draft)}
