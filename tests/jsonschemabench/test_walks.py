"""A walk stays in the mask, is the same for the same seed, and finds the names that its place in the text requires."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from typing import Any

import pytest

from maskforge.jsonschemabench.engines.base import Run, token_bytes
from maskforge.jsonschemabench.engines.maskforge import Maskforge
from maskforge.jsonschemabench.validator import judge
from maskforge.jsonschemabench.walks import Scanner, Walker, required_names

ORDER = {
    "definitions": {"line": {"type": "object", "required": ["sku", "a/b"], "properties": {"sku": {"$ref": "#"}}}},
    "required": ["id", "lines"],
    "allOf": [{"required": ["extra"]}],
    "properties": {
        "lines": {"type": "array", "items": {"$ref": "#/definitions/line"}},
        "pair": {"prefixItems": [{"required": ["first"]}], "items": {"required": ["rest"]}},
        "self": {"$ref": "#/properties/self"},
    },
    "additionalProperties": {"anyOf": [{"required": ["one"]}, {"required": ["two"]}]},
}


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ([], ["id", "lines", "extra"]),
        (["lines", 0], ["sku", "a/b"]),
        (["lines", 7, "sku"], ["id", "lines", "extra"]),
        (["pair", 0], ["first", "rest"]),
        (["pair", 1], ["rest"]),
        (["self"], []),
        (["other"], ["one", "two"]),
        (["lines", 0, "unknown", 3], []),
    ],
)
def test_required_names(path: list[str | int], names: list[str]) -> None:
    assert required_names(ORDER, path) == names


@pytest.mark.parametrize("schema", [True, {"required": True}, {"required": [1]}, {"$ref": "#/a/0"}, {"allOf": {}}])
def test_odd_schemas_have_no_names(schema: Any) -> None:
    assert required_names(schema, []) == []


@pytest.mark.parametrize(
    ("text", "in_string", "key_expected", "path", "keys"),
    [
        ("", False, False, [], set()),
        ("{", False, True, [], set()),
        ('{"a', True, False, [], set()),
        ('{"a"', False, False, [], {"a"}),
        ('{"a": 1,', False, True, [], {"a"}),
        ('{"a": [1, {', False, True, ["a", 1], set()),
        ('{"a": [1, {"b": "}],"', False, False, ["a", 1], {"b"}),
        ('{"a": [1, {"b": "}],"}', False, False, ["a"], set()),
        ('{"a": [1, {"b": 2}], ', False, True, [], {"a"}),
        ('["x\\"{', True, False, [], set()),
        ('{"\\u0061": {', False, True, ["a"], set()),
        ('{"": {', False, True, [""], set()),
    ],
)
def test_scanner(text: str, in_string: bool, key_expected: bool, path: list[str | int], keys: set[str]) -> None:
    scanner = Scanner()
    scanner.read(text.encode())
    assert (scanner.in_string, scanner.key_expected, scanner.keys) == (in_string, key_expected, keys)
    if scanner.stack:
        assert scanner.path == path


class World:
    """The engine of this package with a small tokenizer, and a walker for it."""

    def __init__(self) -> None:
        from maskforge.cli.tiny_model import train_tokenizer

        self.tokenizer = train_tokenizer()
        size = len(self.tokenizer)
        self.words = (size + 31) // 32
        self.buffer = (ctypes.c_uint32 * self.words)()
        self.engine = Maskforge(self.tokenizer, size)
        contents = token_bytes(self.tokenizer, size)
        self.walker = Walker(contents, self.tokenizer.eos_token_id, self.tokenizer.encode, self.buffer)

    def begin(self, schema: Any) -> Callable[[], Run]:
        compiled = self.engine.compile(json.dumps(schema))
        return lambda: self.engine.begin(compiled, ctypes.addressof(self.buffer), self.words)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


PERSON = {
    "type": "object",
    "required": ["name", "address"],
    "properties": {
        "name": {"type": "string", "minLength": 3},
        "address": {"type": "object", "required": ["street", "number"], "properties": {"number": {"type": "integer"}}},
    },
}


def test_walks_end_with_valid_texts(world: World) -> None:
    begin = world.begin(PERSON)
    texts = []
    for number in range(20):
        record = world.walker.walk(begin, PERSON, f"seed {number}", 1000, lambda: False)
        assert record.ended and not record.stopped, record
        assert judge(json.dumps(PERSON), record.text) == (True, ""), record.text
        texts.append(record.text)
        assert record.forced_tokens <= record.tokens
    assert len(set(texts)) > 10, "other seeds, other texts"
    assert world.walker.walk(begin, PERSON, "seed 3", 1000, lambda: False).text == texts[3]


def test_a_budget_ends_a_walk(world: World) -> None:
    record = world.walker.walk(world.begin(PERSON), PERSON, "", 5, lambda: False)
    assert (record.ended, record.valid, record.tokens, record.reason) == (False, None, 5, "no end after 5 tokens")
    record = world.walker.walk(world.begin(PERSON), PERSON, "", 5, lambda: True)
    assert (record.ended, record.tokens) == (False, 0)


def test_a_mistake_of_the_walk_is_not_the_engine_s(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise KeyError("x")

    monkeypatch.setattr(world.walker, "_choose", fails)
    record = world.walker.walk(world.begin(PERSON), PERSON, "", 5, lambda: False)
    assert (record.ended, record.stopped, record.reason) == (False, "", "the walk itself failed: KeyError: 'x'")


def test_the_only_token_is_counted_as_forced(world: World) -> None:
    schema = {"const": True}
    record = world.walker.walk(world.begin(schema), schema, "", 200, lambda: False)
    assert record.ended and record.text.strip() == "true"
    assert record.forced_tokens >= 1, "nothing but the rest of the word may follow a t"
