"""The packaged suite: its labels are those of the specification, and together its schemas have every keyword.

The oracle is `jsonschema` with formats asserted, and with numbers read exactly: as binary fractions 0.07 would be no
multiple of 0.01. Where it is wrong, EXCEPTIONS says why; there, as everywhere, maskforge has to agree with the label.
"""

from __future__ import annotations

import decimal
import functools
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from importlib import resources
from typing import Any, NoReturn

import jsonschema
import jsonschema_specifications
import pytest

import maskforge as mf
from maskforge.jsonschemabench.cases import Case
from maskforge.jsonschemabench.own_suite import (
    DOCUMENTS,
    FAMILIES,
    KEYWORDS,
    name_of,
    own_cases,
    read_family,
    text_of,
)
from tests.schema.support import DIALECTS, allows, allows_tokens, llama_compiler

CASES = {found.name: found for found in own_cases()}
ENTRIES = {name_of(family, entry["description"]): entry for family in FAMILIES for entry in read_family(family)}

PATTERN = "Python's `re` is not ECMA-262: "
EMAIL = "the oracle takes every text with an @ for an address"
# The instances that the oracle judges otherwise, by case and description.
EXCEPTIONS = {
    ("strings---anchored-pattern", "line break at the end"): PATTERN + "`$` also holds before a final line break",
    ("strings---dot-is-no-line-break", "paragraph separator"): PATTERN + "`.` takes all line ends but the line feed",
    ("strings---decimal-digits-are-ascii", "Arabic digits"): PATTERN + "`\\d` knows Unicode",
    ("strings---decimal-digits-are-ascii", "fullwidth"): PATTERN + "`\\d` knows Unicode",
    ("strings---word-characters-are-ascii", "accent"): PATTERN + "`\\w` knows Unicode",
    ("formats---time", "leap second"): "the oracle has no leap seconds in `time`",
    ("formats---email", "two dots"): EMAIL,
    ("formats---email", "nothing before"): EMAIL,
    ("formats---email", "space"): EMAIL,
    ("formats---idn-email", "nothing after"): EMAIL,
    (
        "dialects---2019-09-unevaluated-items-beside-a-list",
        "contains evaluates nothing here",
    ): "`contains` evaluates items since 2020-12 only; the oracle does so in 2019-09, too",
}
# The schemas that the oracle cannot read.
UNREADABLE = {"strings---unicode-property": PATTERN + "no `\\p{...}`"}
# Schemas that their metaschema refuses although they are right.
BEYOND_METASCHEMA = {
    "dialects---an-embedded-resource-of-another-draft": "the metaschema of the whole does not know the part's dialect",
}
# Where fewer than two texts are valid, since the one value has one spelling.
FEW_VALID = {
    "types---null-only",
    "constants---null-constant",
    "constants---false-is-not-zero",
    "strings---empty-text-only",
    "booleans---false",
}
FORMATS = set(
    "date date-time duration email hostname idn-email idn-hostname ipv4 ipv6 iri iri-reference json-pointer regex "
    "relative-json-pointer time uri uri-reference uri-template uuid".split()
)


def refuse_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is not JSON", name, 0)


def exact(text: str) -> Any:
    """Parsed with decimal fractions."""
    return json.loads(text, parse_float=Decimal, parse_constant=refuse_constant)


def is_integer(checker: Any, value: Any) -> bool:
    if isinstance(value, Decimal):
        return value == value.to_integral_value()
    return isinstance(value, int) and not isinstance(value, bool)


@functools.cache
def validator_type(dialect: type[Any]) -> Any:
    if dialect is jsonschema.Draft4Validator:  # there 1.0 is no integer
        return dialect
    return jsonschema.validators.extend(dialect, type_checker=dialect.TYPE_CHECKER.redefine("integer", is_integer))


@pytest.fixture(autouse=True)
def long_decimals() -> Iterator[None]:
    with decimal.localcontext(decimal.Context(prec=1000, Emax=10**6, Emin=-(10**6))):
        yield


def case_id(found: Case) -> str:
    return found.name


@pytest.mark.parametrize("found", CASES.values(), ids=case_id)
def test_the_oracle_agrees_with_the_labels(found: Case) -> None:
    if found.name in UNREADABLE:
        pytest.skip(UNREADABLE[found.name])
    schema = exact(found.schema)
    dialect = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    if unchecked := set(values_of(schema, "format")) & FORMATS - set(dialect.FORMAT_CHECKER.checkers):
        pytest.skip(f"jsonschema checks {', '.join(sorted(unchecked))} with its extra `format` only")
    if found.name not in BEYOND_METASCHEMA:
        dialect.check_schema(schema)
    validator = validator_type(dialect)(schema, format_checker=dialect.FORMAT_CHECKER)
    wrong = []
    for test in ENTRIES[found.name]["tests"]:
        try:
            valid = validator.is_valid(exact(text_of(test)))
        except json.JSONDecodeError:
            valid = False
        if valid != test["valid"] and (found.name, test["description"]) not in EXCEPTIONS:
            wrong.append((test["description"], text_of(test)))
    assert wrong == []


@pytest.mark.parametrize("family", FAMILIES)
def test_maskforge_agrees_with_the_labels(family: str) -> None:
    """Byte by byte, and end-of-sequence after the last one."""
    wrong = [
        (found.name, instance)
        for found in own_cases([family])
        for instance in found.instances
        if allows(found.schema, instance.text) != instance.valid
    ]
    assert wrong == []


@pytest.mark.parametrize("family", FAMILIES)
def test_masks_of_a_large_vocabulary_agree_with_the_labels(family: str) -> None:
    # One compiler for all schemas, as in a server: what one left behind once sent another into an endless recursion.
    for found in own_cases([family]):
        try:
            grammar = llama_compiler().json_schema(found.schema)
        except mf.UnsatisfiableError:
            assert not any(instance.valid for instance in found.instances)
            continue
        for instance in found.instances:
            assert allows_tokens(grammar, instance.text) == instance.valid, f"{found.name}: {instance.text}"


def test_the_exceptions_exist() -> None:
    known = {(name, test["description"]) for name, entry in ENTRIES.items() for test in entry["tests"]}
    assert set(EXCEPTIONS) <= known
    assert (UNREADABLE.keys() | BEYOND_METASCHEMA.keys() | FEW_VALID) <= CASES.keys()


def test_the_loader_has_everything_in_the_files() -> None:
    folder = resources.files("maskforge.jsonschemabench").joinpath("suite")
    assert {file.name for file in folder.iterdir()} == {f"{family}.json" for family in FAMILIES}
    for name, found in CASES.items():
        texts = [(text_of(test), test["valid"]) for test in ENTRIES[name]["tests"]]
        assert sorted((instance.text, instance.valid) for instance in found.instances) == sorted(texts)
        labels = [instance.valid for instance in found.instances]
        assert labels == sorted(labels, reverse=True), "valid ones come first"
        assert json.loads(found.schema) == ENTRIES[name]["schema"]
        assert found.name.startswith(f"{found.split}---") and found.split in FAMILIES
    with pytest.raises(FileNotFoundError):
        read_family("no-such-family")


def test_names_and_shape() -> None:
    assert len(CASES) == sum(len(read_family(family)) for family in FAMILIES), "a name occurs twice"
    assert len(CASES) >= 300
    for name, entry in ENTRIES.items():
        assert re.fullmatch(r"[a-z-]+---[a-z0-9]+(-[a-z0-9]+)*", name)
        assert entry.keys() == {"description", "schema", "tests"}, name
        descriptions = [test["description"] for test in entry["tests"]]
        assert all(descriptions) and len(set(descriptions)) == len(descriptions), name
        for test in entry["tests"]:
            assert test.keys() in ({"description", "valid", "data"}, {"description", "valid", "text"}), name
        labels = [test["valid"] for test in entry["tests"]]
        assert labels.count(False) >= 2, name
        assert labels.count(True) >= 2 or name in FEW_VALID, name
    schemas = [json.dumps(entry["schema"], sort_keys=True) for entry in ENTRIES.values()]
    assert len(set(schemas)) == len(schemas), "a schema occurs twice"


def test_sizes_vary() -> None:
    assert sum(len(read_family(family)) for family in DOCUMENTS) >= 80
    for family in DOCUMENTS:
        for entry in read_family(family):
            assert json.dumps(entry["schema"], indent=2).count("\n") >= 15, entry["description"]
    lengths = [len(instance.text) for found in CASES.values() for instance in found.instances]
    assert sum(length >= 300 for length in lengths) >= 60
    assert sum(length >= 1000 for length in lengths) >= 15


# Where the subschemas of a schema are, in all dialects together.
ONE = set(
    "additionalItems additionalProperties contains contentSchema else if items not propertyNames then unevaluatedItems "
    "unevaluatedProperties".split()
)
MANY = {"allOf", "anyOf", "items", "oneOf", "prefixItems"}
NAMED = {"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"}


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    """The schema and those inside it; a keyword's name in another place, as under `properties`, is none."""
    if not isinstance(schema, dict):
        return
    yield schema
    for keyword, value in schema.items():
        if keyword in ONE:
            yield from subschemas(value)
        if keyword in MANY and isinstance(value, list):
            for part in value:
                yield from subschemas(part)
        if keyword in NAMED:
            for part in value.values():
                yield from subschemas(part)


def values_of(schema: Any, keyword: str) -> list[Any]:
    return [found[keyword] for found in subschemas(schema) if keyword in found]


def keywords_of(metaschema: str) -> set[str]:
    """What a metaschema, and the vocabularies that it is made of, name."""
    registry = jsonschema_specifications.REGISTRY
    resource = registry[metaschema.removesuffix("#")].contents
    found = set(resource["properties"])
    for part in resource.get("allOf", []):
        found |= set(registry.resolver(metaschema).lookup(part["$ref"]).contents["properties"])
    return found


@pytest.mark.parametrize("draft", DIALECTS)
def test_every_keyword_of_a_dialect_occurs(draft: str) -> None:
    keywords = keywords_of(DIALECTS[draft])
    assert len(keywords) > 30
    used = {keyword for entry in ENTRIES.values() for schema in subschemas(entry["schema"]) for keyword in schema}
    assert keywords - used == set()


def test_every_dialect_and_format_occurs() -> None:
    schemas = [entry["schema"] for entry in ENTRIES.values()]
    assert {value for schema in schemas for value in values_of(schema, "$schema")} == set(DIALECTS.values())
    formats = {value for schema in schemas for value in values_of(schema, "format")}
    assert formats >= FORMATS
    assert formats - FORMATS, "one that no specification has"


def test_keyword_families_and_documents_are_told_apart() -> None:
    assert not set(KEYWORDS) & set(DOCUMENTS)
    assert set(KEYWORDS) | set(DOCUMENTS) == set(FAMILIES)
