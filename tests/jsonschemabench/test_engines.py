"""Every engine that is installed reads the same tokens through one interface, and agrees on what none gets wrong."""

from __future__ import annotations

import ctypes
import json
from pathlib import Path
from typing import Any

import pytest

from maskforge.jsonschemabench.engines import ENGINES, available, entry
from maskforge.jsonschemabench.engines.base import Engine, bit_writer, token_bytes

SCHEMAS: list[tuple[Any, list[tuple[str, bool]]]] = [
    (
        {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "string", "maxLength": 5}},
            "required": ["a"],
            "additionalProperties": False,
        },
        [('{"a": 12, "b": "xyz"}', True), ('{"a": 12}', True), ('{"b": "x"}', False), ('{"a": "x"}', False)],
    ),
    ({"enum": ["red", "green"]}, [('"red"', True), ('"green"', True), ('"blue"', False), ('"re"', False)]),
    (
        {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 3},
        [("[true, false]", True), ("[]", False), ("[true", False), ("[true, true, true, true]", False)],
    ),
]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from maskforge.cli.tiny_model import train_tokenizer

    return train_tokenizer()


def make(name: str, tokenizer: Any) -> Engine:
    if reason := available()[name]:
        pytest.skip(reason)
    return entry(name).make(tokenizer, len(tokenizer))


def accepts(engine: Engine, compiled: Any, tokens: list[int], vocab_size: int) -> bool:
    words = (vocab_size + 31) // 32
    buffer = (ctypes.c_uint32 * words)()
    run = engine.begin(compiled, ctypes.addressof(buffer), words)
    for token in tokens:
        run.fill()
        run.check()
        run.publish()
        if not buffer[token >> 5] >> (token & 31) & 1:
            return False
        assert run.accept(token), f"token {token} is allowed by the mask and refused"
        run.check()
    return True


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_reads_three_schemas(name: str, tokenizer: Any) -> None:
    engine = make(name, tokenizer)
    assert engine.name == name and engine.version and engine.setup_ns >= 0
    for schema, instances in SCHEMAS:
        engine.begin_schema()
        compiled = engine.compile(json.dumps(schema))
        for _ in range(2):  # a compiled schema serves any number of texts
            for text, valid in instances:
                tokens = [*tokenizer.encode(text), tokenizer.eos_token_id]
                assert accepts(engine, compiled, tokens, len(tokenizer)) is valid, f"{schema}: {text}"
    assert isinstance(engine.memory(), dict)


def test_what_is_missing_names_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maskforge.jsonschemabench.engines.find_spec", lambda name: None)
    for name, reason in available().items():
        remedy = f'pip install "maskforge[{ENGINES[name].extra}]"' if ENGINES[name].extra else "is not installed"
        assert remedy in reason


def test_every_extra_that_is_named_exists() -> None:
    tomllib = pytest.importorskip("tomllib")  # Python 3.11
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert {found.extra for found in ENGINES.values()} - {""} <= set(extras)
    for name, requirements in extras.items():
        if name.startswith("engine-"):
            assert name in {found.extra for found in ENGINES.values()}
            assert requirements


def test_an_adapter_of_ones_own_is_named_by_its_module() -> None:
    assert entry("json:loads").package == "json" and not entry("json:loads").missing
    assert entry("no_such_package:X").missing == "no_such_package is not installed"
    with pytest.raises(ValueError, match="no engine is called"):
        entry("no such engine")


def test_bits_are_written_lowest_first() -> None:
    buffer = (ctypes.c_uint32 * 2)()
    write = bit_writer(ctypes.addressof(buffer), 2)
    write([0, 5, 32, 63])
    assert list(buffer) == [1 | 1 << 5, 1 | 1 << 31]
    write([])
    assert list(buffer) == [0, 0]


def test_special_tokens_have_no_bytes(tokenizer: Any) -> None:
    contents = token_bytes(tokenizer, len(tokenizer))
    assert contents[tokenizer.eos_token_id] == b""
    assert b"".join(contents[token] for token in tokenizer.encode('{"é": 1}')) == '{"é": 1}'.encode()
