"""Python types: what pydantic serialises is accepted, and what is accepted validates."""

from __future__ import annotations

import dataclasses
import enum
import json
import random
from typing import Annotated, Any, Literal

import pydantic
import pytest
from typing_extensions import NotRequired, TypedDict

import maskforge as mf
from maskforge.grammar.types import type_schema
from tests.grammar.test_compiler import accepts
from tests.matcher.support import byte_vocabulary


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Address(pydantic.BaseModel):
    street: str
    number: Annotated[int, pydantic.Field(ge=1, le=9999)]


class Person(pydantic.BaseModel):
    name: Annotated[str, pydantic.Field(min_length=1, max_length=20)]
    homes: list[Address] = []
    colour: Colour | None = None


class Open(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    a: int


class Tree(pydantic.BaseModel):
    left: Tree | None = None
    right: Tree | None = None


@dataclasses.dataclass
class Point:
    x: float
    y: float = 0.0


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]
    good: bool


def call(city: str, days: int = 3, *, units: Literal["metric", "imperial"] = "metric") -> None:
    """A tool."""


CASES: list[tuple[Any, list[str], list[str]]] = [
    (
        Person,
        ['{"name": "Ada"}', '{"colour": "red", "name": "Ada", "homes": [{"street": "", "number": 7}]}'],
        ['{"name": ""}', "{}", '{"name": "Ada", "age": 3}', '{"name": "A", "homes": [{"street": "", "number": 0}]}'],
    ),
    (Open, ['{"a": 1}', '{"a": 1, "b": [2]}'], ['{"b": 1}']),
    (Tree, ["{}", '{"left": {"right": null}, "right": {}}'], ['{"left": 1}', '{"left": {"middle": {}}}']),
    (Point, ['{"x": 1}', '{"x": 1.5, "y": -2}'], ['{"y": 1}', '{"x": 1, "z": 2}']),
    (Movie, ['{"title": "M"}', '{"year": 1931, "title": "M"}'], ['{"title": "M", "year": "1931"}', '{"year": 1}']),
    (Literal["a", 1, None], ['"a"', "1", "null"], ['"b"', "2"]),
    (Colour, ['"red"', '"blue"'], ['"green"', "null"]),
    (int | list[bool], ["3", "[true, false]"], ['"3"', "[1]"]),
    (
        Annotated[Cat | Dog, pydantic.Field(discriminator="kind")],
        ['{"kind": "cat", "lives": 9}', '{"good": true, "kind": "dog"}'],
        ['{"kind": "cat", "good": true}', '{"kind": "cow"}', '{"lives": 9}'],
    ),
    (dict[str, int], ["{}", '{"a": 1}'], ['{"a": "1"}']),
    (tuple[int, str], ['[1, "a"]'], ["[1]", '["a", 1]', '[1, "a", 2]']),
    (
        call,
        ['{"city": "Rome"}', '{"units": "metric", "city": "Rome", "days": 1}'],
        ['{"days": 1}', '{"city": "", "x": 1}'],
    ),
]


def name_of(case: Any) -> str:
    return getattr(case, "__name__", None) or str(case)


@pytest.fixture(scope="module")
def compiler() -> mf.Compiler:
    return mf.Compiler(byte_vocabulary())


@pytest.mark.parametrize("output_type, good, bad", CASES, ids=[name_of(case[0]) for case in CASES])
def test_types(compiler: mf.Compiler, output_type: Any, good: list[str], bad: list[str]) -> None:
    grammar = compiler.output_type(output_type)
    for text in good:
        assert accepts(grammar, text), text
        for indent in (None, 2):
            assert accepts(grammar, json.dumps(json.loads(text), indent=indent))
    for text in bad:
        assert not accepts(grammar, text), text


@pytest.mark.parametrize("output_type", [case[0] for case in CASES[:-1]], ids=[name_of(case[0]) for case in CASES[:-1]])
def test_random_outputs_validate(compiler: mf.Compiler, output_type: Any) -> None:
    adapter = pydantic.TypeAdapter(output_type)
    grammar = compiler.output_type(output_type, whitespace="compact")
    for seed in range(5):
        draw, matcher, text = random.Random(seed), grammar.matcher(), b""
        while len(text) < 2000 and not matcher.is_terminated():
            allowed = matcher.allowed_tokens()
            # Exponents make integers that JSON Schema knows and no Python number holds.
            allowed = [token for token in allowed if token not in (ord("e"), ord("E"))] or allowed
            # What closes something comes more often, so that texts end.
            short = [token for token in allowed if token == 256 or token in b'"}]']
            token = draw.choice(short if short and draw.random() < 0.5 else allowed)
            assert matcher.accept_token(token)
            text += bytes([token]) if token < 256 else b""
        if matcher.is_terminated():
            adapter.validate_json(text)


def test_objects_are_closed_unless_their_type_is_open() -> None:
    assert type_schema(Person)["additionalProperties"] is False
    assert type_schema(Person)["$defs"]["Address"]["additionalProperties"] is False
    assert type_schema(Movie)["additionalProperties"] is False
    assert type_schema(Open)["additionalProperties"] is True
    assert type_schema(dict[str, int])["additionalProperties"] == {"type": "integer"}


def test_options_are_passed_on(compiler: mf.Compiler) -> None:
    grammar = compiler.output_type(Point, whitespace="compact")
    assert accepts(grammar, '{"x":1,"y":2}') and not accepts(grammar, '{"x": 1}')
    for option in ("whitespace", "property_order", "on_refused"):
        with pytest.raises(mf.MisuseError, match=option):
            compiler.output_type(Point, **{option: "nothing"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "output_type", [object(), 3, type("Plain", (), {}), "Undefined"], ids=["object", "3", "class", "name"]
)
def test_what_has_no_schema_is_unsupported(compiler: mf.Compiler, output_type: object) -> None:
    with pytest.raises(mf.UnsupportedError, match="no JSON schema"):
        compiler.output_type(output_type)
