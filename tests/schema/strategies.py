"""Hypothesis strategies: schemas with every keyword that the engine enforces, and values that such schemas talk about.

Names, texts and numbers come from small pools, so that keywords meet. Patterns are written twice, because the oracle
reads Python's dialect of regular expressions and not ECMA-262's.
"""

from __future__ import annotations

import datetime
import functools
import ipaddress
import json
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import jsonschema
from hypothesis import strategies as st

from tests.schema.annotations import Oracle, applies, uses_unevaluated
from tests.schema.support import DIALECTS

DRAFTS = list(DIALECTS)
LATER = ("draft2019-09", "draft2020-12")

# ECMA-262 -> the same language for Python's re.search.
PATTERNS = {
    "^a": "^a",
    "b$": r"b\Z",
    "a": "a",
    "^[ab]*$": r"^[ab]*\Z",
    "^[ab]{0,2}$": r"^[ab]{0,2}\Z",
    "^[ab]$": r"^[ab]\Z",
    "^[abc]$": r"^[abc]\Z",
    "^2024-02-": "^2024-02-",
    "^.{2}$": "^[^\\n\\r\u2028\u2029]{2}\\Z",
    "[0-9]": "[0-9]",
    "^(a|ab)(c|bd)$": r"^(a|ab)(c|bd)\Z",
    "^[^a]+$": r"^[^a]+\Z",
    "^\\d{1,3}$": r"^[0-9]{1,3}\Z",
    "c|^$": r"c|^\Z",
    "\\u00e9$": "\u00e9\\Z",
    "^(?=.*b)a": "^(?=[^\\n\\r\u2028\u2029]*b)a",
}
NAMES = ["a", "b", "ab", "c", "", "\u00e9", 'q"\\', "\U0001f600"]
TEXTS = [
    *NAMES,
    "abd",
    "ac",
    "aaa",
    "15",
    "2024-02-29",
    "127.0.0.1",
    "a/b",
    "\n",
    "00000000-0000-0000-0000-000000000000",
    "23:59:60Z",
    "2023-02-28T00:00:00.5+01:00",
    "P1DT2H",
    "::1",
    "/a~1b",
]
NUMBERS = [0, 1, -1, 2, 3, 7, 10, 0.5, 1.5, -2.5, 0.1, 1.0, 100, 1e3, 12345678901234567890, 0.25, -1e-3, 1e22]
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]
# The last is no format, so it means nothing.
FORMATS = [
    *("date", "ipv4", "uuid", "time", "date-time", "duration", "ipv6", "json-pointer", "hostname"),
    "date-of-birth",
]

names = st.sampled_from(NAMES[:5]) | st.sampled_from(NAMES)
texts = st.sampled_from(TEXTS)
numbers = st.sampled_from(NUMBERS)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)
counts = st.integers(0, 3)


@st.composite
def schemas(draw: st.DrawFn, draft: str | None = None) -> dict[str, Any] | bool:
    """A schema of one dialect, with definitions that may be recursive."""
    if draft is None:
        draft = draw(st.sampled_from([*DRAFTS, "draft2020-12", "draft2020-12"]))
    if draft != "draft4" and draw(st.integers(0, 60)) == 0:
        return draw(st.booleans())
    root = draw(subschemas(draft, 3, in_place=False))
    schema = (
        {"$schema": DIALECTS[draft], **root} if isinstance(root, dict) else {"$schema": DIALECTS[draft], "allOf": [{}]}
    )
    home = definitions(draft)
    schema[home] = {
        "leaf": draw(subschemas(draft, 1, in_place=True, references=False)),
        "tree": draw(subschemas(draft, 2, in_place=False)),
    }
    return schema


def definitions(draft: str) -> str:
    return "$defs" if draft in LATER else "definitions"


@st.composite
def subschemas(
    draw: st.DrawFn, draft: str, depth: int, *, in_place: bool, references: bool = True
) -> dict[str, Any] | bool:
    """in_place: it applies to the same value as the schema around it, so a reference to what refers may be a cycle."""
    if draft != "draft4" and draw(st.integers(0, 12)) == 0:
        return draw(st.sampled_from([True, True, False]))
    schema: dict[str, Any] = {}
    if draw(st.integers(0, 2)):
        schema["type"] = draw(
            st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True)
        )
    families = [annotations, string_keywords, number_keywords, value_keywords, object_keywords, array_keywords]
    if depth > 0:
        families += [object_keywords, array_keywords, applicators, applicators]
        if draft in LATER:
            families.append(evaluation_keywords)
    for family in draw(st.lists(st.sampled_from(families), min_size=1, max_size=2 if depth > 1 else 1)):
        schema.update(draw(family(draft, depth, references)))
    if draw(st.integers(0, 15)) == 0:
        schema = {**draw(foreign_keywords(draft)), **schema}
    if references and draw(st.integers(0, 5)) == 0:
        # A reference from inside the recursive definition to itself must lie below a child position.
        target = "leaf" if in_place or depth >= 2 else draw(st.sampled_from(["leaf", "tree", "tree"]))
        schema["$ref"] = f"#/{definitions(draft)}/{target}"
    return schema


def annotations(draft: str, depth: int, references: bool) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from([{"title": "t"}, {"default": 1}, {"description": "d", "examples": [1]}])


def string_keywords(draft: str, depth: int, references: bool) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "minLength": counts,
            "maxLength": st.integers(1, 12),
            "pattern": st.sampled_from(list(PATTERNS)),
            "format": st.sampled_from(FORMATS),
        },
    )


@st.composite
def foreign_keywords(draw: st.DrawFn, draft: str) -> dict[str, Any]:
    """A keyword that another dialect has and this one ignores."""
    foreign: dict[str, Any] = {
        "const": 1,
        "contains": False,
        "propertyNames": False,
        "if": True,
        "then": False,
        "dependentRequired": {"a": ["b"]},
        "dependentSchemas": {"a": False},
        "dependencies": {"a": ["b"]},
        "prefixItems": [False],
        "unevaluatedProperties": False,
        "unevaluatedItems": False,
        "$recursiveRef": "#",
        "$dynamicRef": "#none",
        "unknown": False,
    }
    keyword = draw(st.sampled_from([word for word in foreign if word == "unknown" or not applies(word, draft)]))
    return {keyword: foreign[keyword]}


@st.composite
def number_keywords(draw: st.DrawFn, draft: str, depth: int, references: bool) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    low, high = draw(numbers), draw(numbers)
    for keyword, value in (("Minimum", low), ("Maximum", high)):
        form = draw(st.integers(0, 3))
        if form == 1:
            schema[keyword.lower()] = value
        elif form == 2:
            if draft == "draft4":
                schema[keyword.lower()] = value
                schema["exclusive" + keyword] = draw(st.booleans())
            else:
                schema["exclusive" + keyword] = value
    if draw(st.integers(0, 2)) == 0:
        schema["multipleOf"] = draw(st.sampled_from([1, 2, 3, 0.5, 0.1, 1.5, 7, 0.01, 0.25, 1e-3, 4, 1000]))
    return schema


@st.composite
def value_keywords(draw: st.DrawFn, draft: str, depth: int, references: bool) -> dict[str, Any]:
    if draft != "draft4" and draw(st.booleans()):
        return {"const": draw(values)}
    return {"enum": draw(st.lists(values, min_size=1, max_size=4))}


@st.composite
def object_keywords(draw: st.DrawFn, draft: str, depth: int, references: bool) -> dict[str, Any]:
    inner = subschemas(draft, max(depth - 1, 0), in_place=False, references=references) if depth > 0 else leaves(draft)
    same = subschemas(draft, max(depth - 1, 0), in_place=True, references=references) if depth > 0 else leaves(draft)
    name_lists = st.lists(names, min_size=1, max_size=3, unique=True)
    optional: dict[str, st.SearchStrategy[Any]] = {
        "properties": st.dictionaries(names, inner, min_size=1, max_size=3),
        "required": name_lists,
        "additionalProperties": st.booleans() | inner,
        "patternProperties": st.dictionaries(st.sampled_from(list(PATTERNS)), inner, min_size=1, max_size=2),
        "minProperties": counts,
        "maxProperties": counts,
    }
    if draft != "draft4":
        optional["propertyNames"] = leaves(draft)
    if draft in ("draft4", "draft6", "draft7"):
        optional["dependencies"] = st.dictionaries(names, name_lists | same, min_size=1, max_size=2)
    else:
        optional["dependentRequired"] = st.dictionaries(names, name_lists, min_size=1, max_size=2)
        optional["dependentSchemas"] = st.dictionaries(names, same, min_size=1, max_size=2)
        optional["unevaluatedProperties"] = st.booleans() | inner
    chosen = draw(st.lists(st.sampled_from(sorted(optional)), min_size=1, max_size=3, unique=True))
    return {keyword: draw(optional[keyword]) for keyword in chosen}


@st.composite
def array_keywords(draw: st.DrawFn, draft: str, depth: int, references: bool) -> dict[str, Any]:
    inner = subschemas(draft, max(depth - 1, 0), in_place=False, references=references) if depth > 0 else leaves(draft)
    prefix = st.lists(inner, min_size=1, max_size=2)
    optional: dict[str, st.SearchStrategy[Any]] = {
        "minItems": counts,
        "maxItems": counts,
        "uniqueItems": st.sampled_from([True, True, True, False]),
    }
    if draft == "draft2020-12":
        optional |= {"prefixItems": prefix, "items": inner}
    else:
        optional |= {"items": inner | prefix, "additionalItems": inner}
    if draft != "draft4":
        optional["contains"] = inner
    if draft in LATER:
        optional |= {"minContains": counts, "maxContains": counts, "unevaluatedItems": st.booleans() | inner}
    chosen = draw(st.lists(st.sampled_from(sorted(optional)), min_size=1, max_size=3, unique=True))
    return {keyword: draw(optional[keyword]) for keyword in chosen}


@st.composite
def applicators(draw: st.DrawFn, draft: str, depth: int, references: bool) -> dict[str, Any]:
    inner = subschemas(draft, max(depth - 1, 0), in_place=True, references=references)
    branches = st.lists(inner, min_size=1, max_size=3)
    keyword = draw(st.sampled_from(["allOf", "anyOf", "oneOf", "not", "if"]))
    if keyword == "not":
        return {"not": draw(inner)}
    if keyword != "if":
        return {keyword: draw(branches)}
    schema = {"if": draw(inner)}
    if draw(st.booleans()):
        schema["then"] = draw(inner)
    if draw(st.booleans()):
        schema["else"] = draw(inner)
    return schema


@st.composite
def evaluation_keywords(draw: st.DrawFn, draft: str, depth: int, references: bool) -> dict[str, Any]:
    """`unevaluated*` around applicators whose branches evaluate different members or items."""
    of_objects = draw(st.booleans())
    leaf = st.sampled_from([True, True, {"const": 0}, {"const": 1}, {"type": "string"}, {"type": "integer"}])
    rest = st.sampled_from([False, False, False, True, {"const": 0}, {"type": "integer"}])
    few = st.sampled_from(NAMES[:4])

    def branch(left: int) -> st.SearchStrategy[dict[str, Any] | bool]:
        optional: dict[str, st.SearchStrategy[Any]]
        if of_objects:
            optional = {
                "properties": st.dictionaries(few, leaf, min_size=1, max_size=3),
                "required": st.lists(few, min_size=1, max_size=2, unique=True),
                "patternProperties": st.dictionaries(st.sampled_from(["^a", "b$", "a"]), leaf, min_size=1, max_size=2),
            }
            rare: dict[str, st.SearchStrategy[Any]] = {
                "additionalProperties": leaf,
                "unevaluatedProperties": rest,
                "maxProperties": counts,
                "minProperties": counts,
            }
        else:
            prefix = st.lists(leaf, min_size=1, max_size=3)
            optional = {"prefixItems" if draft == "draft2020-12" else "items": prefix, "minItems": counts}
            rare = {"contains": leaf, "unevaluatedItems": rest, "maxItems": counts}
            if draft == "draft2020-12":
                rare["items"] = leaf
                optional["contains"] = leaf
            else:
                rare["additionalItems"] = leaf
        plain = st.fixed_dictionaries({}, optional=optional)
        inner = branch(left - 1) if left else plain
        choices = [plain, plain, st.fixed_dictionaries({}, optional=optional | rare)]
        if left:
            lists = st.lists(inner, min_size=1, max_size=3)
            applied: dict[str, st.SearchStrategy[Any]] = {
                **dict.fromkeys(("allOf", "anyOf", "oneOf"), lists),
                **dict.fromkeys(("not", "if", "then", "else"), inner),
            }
            if of_objects:
                applied["dependentSchemas"] = st.dictionaries(few, inner, min_size=1, max_size=2)
            for keyword in applied:
                wanted = {keyword: applied[keyword]}
                if keyword in ("then", "else"):
                    wanted["if"] = inner
                choices.append(st.fixed_dictionaries(wanted, optional=optional))
        return st.one_of(choices) | st.booleans() if left < 2 else st.one_of(choices[3:])

    schema = draw(branch(2))
    assert isinstance(schema, dict)
    if references and draw(st.integers(0, 3)) == 0:
        schema["$ref"] = f"#/{definitions(draft)}/leaf"
    schema["unevaluatedProperties" if of_objects else "unevaluatedItems"] = draw(rest)
    return schema


@st.composite
def evaluation_schemas(draw: st.DrawFn, draft: str | None = None) -> dict[str, Any]:
    """Schemas with `unevaluated*` at the top, or just below an applicator."""
    if draft is None:
        draft = draw(st.sampled_from(LATER))
    schema = draw(evaluation_keywords(draft, 2, True))
    around = draw(st.integers(0, 5))
    if around == 0:
        schema = {"not": schema}
    elif around == 1:
        other = draw(evaluation_keywords(draft, 2, True))
        schema = {draw(st.sampled_from(["anyOf", "oneOf", "allOf"])): [schema, other]}
    return {
        "$schema": DIALECTS[draft],
        **schema,
        "$defs": {"leaf": {k: v for k, v in draw(evaluation_keywords(draft, 1, False)).items() if draw(st.booleans())}},
    }


@st.composite
def leaves(draw: st.DrawFn, draft: str) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    if draw(st.booleans()):
        schema["type"] = draw(st.sampled_from(TYPES))
    family = draw(st.sampled_from([string_keywords, number_keywords, value_keywords]))
    schema.update(draw(family(draft, 0, False)))
    return schema


# ---- the oracle -----------------------------------------------------------------------------------------------------

CHECKER = jsonschema.FormatChecker(formats=["ipv4"])
TIME = "([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)([.][0-9]+)?([Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
DURATION = (
    "P([0-9]+W|(?=.)([0-9]+Y([0-9]+M([0-9]+D)?)?|[0-9]+M([0-9]+D)?|[0-9]+D)?"
    "(T(?=.)([0-9]+H([0-9]+M([0-9]+S)?)?|[0-9]+M([0-9]+S)?|[0-9]+S))?)"
)


@CHECKER.checks("date")
def is_date(value: object) -> bool:
    if not isinstance(value, str):
        return True
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return False
    try:
        # Python's calendar has no year 0; the years come again after 400.
        datetime.date(2000 + int(value[:4]) % 400, int(value[5:7]), int(value[8:]))
    except ValueError:
        return False
    return True


@CHECKER.checks("hostname")
def is_hostname(value: object) -> bool:
    """A-labels, which are not generated, do not come in these tests."""
    label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    return not isinstance(value, str) or (len(value) <= 253 and bool(re.fullmatch(rf"{label}([.]{label})*", value)))


@CHECKER.checks("uuid")
def is_uuid(value: object) -> bool:
    digit = "[0-9a-fA-F]"
    return not isinstance(value, str) or bool(
        re.fullmatch("-".join(f"{digit}{{{n}}}" for n in (8, 4, 4, 4, 12)), value)
    )


@CHECKER.checks("time")
def is_time(value: object) -> bool:
    """RFC 3339, section 5.6; a leap second is the last one of a day in UTC."""
    if not isinstance(value, str):
        return True
    found = re.fullmatch(TIME, value)
    if not found or found[3] != "60":
        return found is not None
    minutes = int(found[1]) * 60 + int(found[2])
    if found[6]:
        offset = int(found[7]) * 60 + int(found[8])
        minutes -= offset if found[6] == "+" else -offset
    return minutes % 1440 == 1439


@CHECKER.checks("date-time")
def is_date_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return value[10:11] in ("T", "t") and is_date(value[:10]) and is_time(value[11:])


@CHECKER.checks("duration")
def is_duration(value: object) -> bool:
    """RFC 3339, appendix A."""
    return not isinstance(value, str) or bool(re.fullmatch(DURATION, value))


@CHECKER.checks("ipv6")
def is_ipv6(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        ipaddress.IPv6Address(value)
    except ValueError:
        return False
    return "%" not in value


@CHECKER.checks("json-pointer")
def is_json_pointer(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch("(/([^~/]|~[01])*)*", value, re.DOTALL))


def exact(value: Any) -> Any:
    """Numbers as fractions where floating point would round, patterns as Python reads them."""
    if isinstance(value, float):
        return Fraction(repr(value))
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    return value


def for_python(schema: Any) -> Any:
    """The schema with patterns as Python reads them. Values in enum and const stay as they are."""
    if isinstance(schema, list):
        return [for_python(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword == "pattern" and isinstance(value, str):
            found[keyword] = PATTERNS[value]
        elif keyword == "patternProperties":
            found[keyword] = {PATTERNS[pattern]: for_python(inner) for pattern, inner in value.items()}
        elif keyword in ("properties", "$defs", "definitions", "dependentSchemas", "dependencies"):
            found[keyword] = {name: for_python(inner) for name, inner in value.items()}
        elif keyword in ("enum", "const", "default", "examples"):
            found[keyword] = value
        elif keyword == "additionalItems" and isinstance(schema.get("items"), bool):
            continue  # means nothing there, which jsonschema does not know
        else:
            found[keyword] = for_python(value)
    return found


def canonical(value: Any) -> Any:
    """Equal for equal JSON values and no others: 1 is 1.0 and not true."""
    if isinstance(value, list):
        return "array", tuple(canonical(item) for item in value)
    if isinstance(value, dict):
        return "object", frozenset((key, canonical(item)) for key, item in value.items())
    return "boolean" if isinstance(value, bool) else "other", value


def are_unique(
    validator: jsonschema.protocols.Validator, unique: bool, value: Any, schema: Any
) -> Iterator[jsonschema.ValidationError]:
    """`uniqueItems`; jsonschema's own takes [[1], [true], [1]] for unique."""
    if unique and validator.is_type(value, "array") and len({canonical(item) for item in value}) < len(value):
        yield jsonschema.ValidationError(f"{value!r} has equal items")


@functools.cache
def validator_class(dialect: str) -> type[jsonschema.protocols.Validator]:
    kind = jsonschema.validators.validator_for({"$schema": dialect}, default=jsonschema.Draft202012Validator)
    return jsonschema.validators.extend(kind, {"uniqueItems": are_unique})


def leaf_validator(schema: Any, **options: Any) -> jsonschema.protocols.Validator:
    """`jsonschema`'s validator of a schema's own dialect, with equality of items by value."""
    dialect = schema.get("$schema", "") if isinstance(schema, dict) else ""
    return validator_class(dialect)(schema, format_checker=CHECKER, **options)


def validator(schema: Any) -> jsonschema.protocols.Validator | Oracle:
    prepared = exact(for_python(schema))
    return Oracle(prepared, leaf_validator) if uses_unevaluated(schema) else leaf_validator(prepared)


class TooLargeError(Exception):
    """A number that cannot be written out."""


def parse_exactly(text: str, *, draft4: bool) -> Any:
    """The value of a JSON text with no rounding. In draft 4, 1.0 is not an integer; elsewhere it is."""

    def number(digits: str) -> Any:
        exponent = re.search("[eE](.*)", digits)
        if exponent and abs(int(exponent[1])) > 2000:
            raise TooLargeError(digits)
        value = Fraction(digits)
        return int(value) if value.denominator == 1 and not draft4 else value

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        assert len(found) == len(pairs), f"a key comes twice: {text}"
        return found

    return json.loads(text, parse_float=number, object_pairs_hook=members)
