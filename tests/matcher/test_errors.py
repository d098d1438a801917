"""Every misuse is a Python exception of the right type, and changes nothing."""

from __future__ import annotations

import json
import pickle

import pytest
import torch

import maskforge as mf
from maskforge import _core
from tests.matcher.support import EOS, WORDS, byte_vocabulary, mask_ids, vocabulary


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


@pytest.fixture(scope="module")
def compiler() -> mf.Compiler:
    return mf.Compiler(vocabulary())


def test_the_hierarchy() -> None:
    for error in (mf.SpecError, mf.UnsatisfiableError, mf.FuelError, mf.MisuseError):
        assert issubclass(error, mf.MaskforgeError)
    for error in (mf.SpecError, mf.UnsatisfiableError, mf.MisuseError):
        assert issubclass(error, ValueError)
    assert issubclass(mf.UnsupportedError, mf.SpecError)
    assert not issubclass(mf.FuelError, ValueError)
    error = pickle.loads(pickle.dumps(mf.UnsupportedError("no", "/a/b")))
    assert (type(error), error.message, error.where, str(error)) == (mf.UnsupportedError, "no", "/a/b", "no (at /a/b)")


@pytest.mark.parametrize(
    "bitmask",
    [
        torch.zeros((1, 3), dtype=torch.int64),
        torch.zeros((1, 3), dtype=torch.float32),
        torch.zeros((1, 2), dtype=torch.int32),
        torch.zeros((1, 1, 3), dtype=torch.int32),
        torch.zeros((), dtype=torch.int32),
        torch.zeros((1, 3), dtype=torch.int32, device="meta"),
        torch.zeros((1, 6), dtype=torch.int32)[:, ::2],
        torch.zeros((1, 3), dtype=torch.int32).to_sparse(),
        torch.zeros((1, 3), dtype=torch.int32).expand(3, 3),
        [[0, 0, 0]],
        None,
    ],
    ids=[
        "int64",
        "float32",
        "narrow",
        "3d",
        "0d",
        "device",
        "columns",
        "sparse",
        "expanded",
        "list",
        "none",
    ],
)
def test_a_wrong_bitmask(compiler: mf.Compiler, bitmask: object) -> None:
    assert compiler.vocabulary.bitmask_words == 3
    matcher = compiler.regex("a+").matcher()
    with pytest.raises(mf.MisuseError):
        matcher.fill_next_token_bitmask(bitmask)  # type: ignore[arg-type]


def test_a_wrong_row(compiler: mf.Compiler) -> None:
    matcher = compiler.regex("a+").matcher()
    bitmask = mf.allocate_token_bitmask(2, compiler.vocabulary.size)
    for row in (2, -1, 10**9, -(10**30), 10**5000):
        with pytest.raises(mf.MisuseError):
            matcher.fill_next_token_bitmask(bitmask, row=row)
    assert bool((bitmask == -1).all())


def test_a_wrong_token(compiler: mf.Compiler) -> None:
    matcher = compiler.regex("a+").matcher()
    for token in (-1, len(WORDS), 2**31, 2**63, 10**30, 10**5000, Unprintable(), -(2**63) - 1, True, "a", None, 1.0):
        with pytest.raises(mf.MisuseError):
            matcher.accept_token(token)  # type: ignore[arg-type]
    for count in (1, -1, 2**40):
        with pytest.raises(mf.MisuseError):
            matcher.rollback(count)
    with pytest.raises(mf.MisuseError):
        matcher.accept_bytes("a")  # type: ignore[arg-type]
    assert matcher.validate_tokens([-1]) == matcher.validate_tokens([len(WORDS)]) == 0
    assert matcher.num_tokens == 0


def test_use_after_termination(compiler: mf.Compiler) -> None:
    matcher = compiler.regex("a*").matcher()
    matcher.accept_token(EOS)
    for token in (EOS, WORDS.index(b"a"), 0):
        with pytest.raises(mf.MisuseError, match="terminated"):
            matcher.accept_token(token)
    with pytest.raises(mf.MisuseError, match="terminated"):
        matcher.accept_bytes(b"a")
    assert matcher.validate_tokens([EOS]) == 0
    assert mask_ids(matcher) == [EOS]
    matcher.rollback(1)
    assert matcher.accept_token(WORDS.index(b"a"))


@pytest.mark.parametrize("pattern", ["[]", "a[]", "a$b", "(?!)", "[^\\s\\S]"])
def test_an_empty_language(compiler: mf.Compiler, pattern: str) -> None:
    with pytest.raises(mf.UnsatisfiableError):
        compiler.regex(pattern)


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"not": {}},
        {"enum": []},
        {"allOf": [{"type": "string"}, {"type": "integer"}]},
        {"type": "integer", "minimum": 3, "maximum": 2},
        {"type": "string", "minLength": 3, "maxLength": 2},
        {"type": "object", "required": ["a"], "properties": {"a": False}},
        {"type": "array", "items": False, "minItems": 1},
        {
            "$ref": "#/$defs/list",
            "$defs": {"list": {"type": "array", "items": {"$ref": "#/$defs/list"}, "minItems": 1}},
        },
        {"type": "string", "pattern": "^a$", "enum": ["b", "c"]},
    ],
    ids=str,
)
def test_an_unsatisfiable_schema(compiler: mf.Compiler, schema: object) -> None:
    with pytest.raises(mf.UnsatisfiableError) as caught:
        compiler.json_schema(schema)  # type: ignore[arg-type]
    assert isinstance(caught.value, ValueError) and caught.value.message


@pytest.mark.parametrize("pattern", ["(", "[b-a]", "a{2,1}", "\\", "*", "(?<n>a)(?<n>b)c\\k<m>"])
def test_a_malformed_pattern(compiler: mf.Compiler, pattern: str) -> None:
    with pytest.raises(mf.SpecError) as caught:
        compiler.regex(pattern)
    assert "offset" in caught.value.where


def test_what_is_not_regular_is_refused(compiler: mf.Compiler) -> None:
    with pytest.raises(mf.UnsupportedError) as caught:
        compiler.regex("(a|b)\\1")
    assert caught.value.where == "offset 5"


@pytest.mark.parametrize(
    "schema",
    [
        "",
        "{",
        "[]",
        "3",
        '"x"',
        '{"type": "strin"}',
        '{"type": 3}',
        '{"minLength": "3"}',
        '{"properties": []}',
        "{} {}",
    ],
)
def test_a_malformed_schema(compiler: mf.Compiler, schema: str) -> None:
    with pytest.raises(mf.SpecError):
        compiler.json_schema(schema)


def test_errors_say_where(compiler: mf.Compiler) -> None:
    with pytest.raises(mf.SpecError) as caught:
        compiler.json_schema({"properties": {"a/b": {"minLength": -1}}})
    assert caught.value.where.startswith("/properties/a~1b")
    assert caught.value.where in str(caught.value)


def test_fuel_ends_hostile_work_and_changes_nothing() -> None:
    core = _core.Engine(byte_vocabulary().core, compile_fuel=50)
    with pytest.raises(mf.FuelError):
        core.json_schema(json.dumps({"enum": [str(i) for i in range(10_000)]}))
    matcher = core.regex("a").matcher()  # the engine is as good as new
    assert matcher.accept_bytes(b"a") == 1

    # What was computed stays, so every attempt gets further, as long as one step fits the limit.
    text = b'[1, {"a": [{"b": null, "c": "d"}]}, true, "\\u00e9", -1.5e+7, false]'
    for fuel in (1, 3, 10, 30, 100, 300, 1000):
        starved = _core.Engine(byte_vocabulary().core, accept_fuel=fuel).json_schema("true").matcher()
        accepted, attempts = 0, 0
        while accepted == 0 and attempts < 100:
            attempts += 1
            try:
                accepted = starved.accept_bytes(text)
            except mf.FuelError:
                assert starved.num_tokens == 0 and starved.accept_bytes(b"x") == 0
        if accepted and attempts > 1:
            assert accepted == len(text) and starved.is_accepting()
            return
    raise AssertionError("no limit was tight but enough")


def test_wrong_vocabularies() -> None:
    for vocabulary_like in (None, 3, [b"a"], _core.Vocabulary([b"a"], [])):
        with pytest.raises(mf.MisuseError):
            mf.Compiler(vocabulary_like)
    with pytest.raises(mf.MisuseError):
        _core.Vocabulary([], [])
    with pytest.raises(mf.MisuseError):
        _core.Vocabulary([b"a"], [1])
    with pytest.raises(mf.MisuseError):
        _core.Vocabulary([b"a"], [-1])
    with pytest.raises(mf.MisuseError):
        _core.Vocabulary([b"a", "b"], [0])  # type: ignore[list-item]
    with pytest.raises(mf.MisuseError):
        _core.Vocabulary([b"a"], [0]).token(1)
    for limit in (-1, "1", 1.5, True):
        with pytest.raises(mf.MisuseError):
            mf.Compiler(vocabulary(), memory_limit_bytes=limit)  # type: ignore[arg-type]
