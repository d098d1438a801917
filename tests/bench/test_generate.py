"""Generation: every run writes the given text, pairs alternate, and an engine that forbids the text is found out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch

from maskforge.bench.generate import Generator, Replay, run
from maskforge.bench.processors import OWN, THIN, ProcessorEngine, ThinProcessors, processors
from maskforge.bench.workload import everyday_sequences, load_tokenizer
from maskforge.cli.tiny_model import random_model
from maskforge.jsonschemabench.engines import ENGINES

TOKENS = 12


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return load_tokenizer(None)


@pytest.fixture(scope="module")
def model(tokenizer: Any) -> Any:
    return random_model(tokenizer)


class Toy:
    """Leaves the scores alone, or masks token number `at` of every text."""

    version, processor = "0", "its own"

    def __init__(self, name: str = "toy", at: int | None = None, log: list[str] | None = None) -> None:
        self.name, self.at, self.log = name, at, [] if log is None else log

    def compile(self, schema: str) -> str:
        if self.name == "refuses":
            raise ValueError("not this one")
        return schema

    def make(self, grammars: Sequence[Any]) -> Callable[[Any, Any], Any]:
        self.log.append(f"{self.name} {len(grammars)}")
        calls = itertools.count()

        def process(input_ids: Any, scores: Any) -> Any:
            return torch.full_like(scores, -float("inf")) if next(calls) == self.at else scores

        return process


def test_replay_forces_tokens_and_remembers_masked_ones() -> None:
    replay = Replay(torch.tensor([[5, 6], [7, 8]]), prompt_length=3)
    scores = torch.zeros(2, 10)
    assert replay(torch.zeros(2, 3, dtype=torch.long), scores).argmax(-1).tolist() == [5, 7]
    assert replay.masked_rows() == []
    scores[1, 8] = -float("inf")
    assert replay(torch.zeros(2, 4, dtype=torch.long), scores).argmax(-1).tolist() == [6, 8]
    assert replay.masked_rows() == [1]


def test_pairs_take_turns_and_the_first_round_is_zero(model: Any, tokenizer: Any) -> None:
    log: list[str] = []
    engines: list[ProcessorEngine] = [Toy("a", log=log), Toy("b", log=log)]
    writings = everyday_sequences(tokenizer, 2, TOKENS, one_grammar=False)
    ticks = itertools.count(step=10)
    generator = Generator(model, tokenizer, TOKENS, clock=lambda: next(ticks))
    records = list(run(generator, engines, writings, [1, 3], rounds=1))
    assert [(r.engine, r.batch, r.round) for r in records] == [
        ("a", 1, 0),
        ("b", 1, 0),
        ("b", 1, 1),
        ("a", 1, 1),
        ("a", 3, 0),
        ("b", 3, 0),
        ("b", 3, 1),
        ("a", 3, 1),
    ]
    assert log == ["a 1", "b 1", "b 1", "a 1", "a 3", "b 3", "b 3", "a 3"]
    assert {(r.with_ns, r.without_ns, r.new_tokens, r.failed) for r in records} == {(10, 10, TOKENS, "")}


@pytest.mark.parametrize("at", [0, 7])
def test_an_engine_that_masks_a_valid_token_has_failed(model: Any, tokenizer: Any, at: int) -> None:
    writings = everyday_sequences(tokenizer, 2, TOKENS, one_grammar=True)
    generator = Generator(model, tokenizer, TOKENS)
    (record,) = run(generator, [Toy(at=at)], writings, [2], rounds=0)
    assert "masks a token of everyday 0" in record.failed


def test_an_engine_that_refuses_has_failed(model: Any, tokenizer: Any) -> None:
    writings = everyday_sequences(tokenizer, 1, TOKENS, one_grammar=True)
    records = list(run(Generator(model, tokenizer, TOKENS), [Toy("refuses"), Toy()], writings, [1], rounds=0))
    assert [record.failed for record in records] == ["ValueError: not this one", ""]


@pytest.mark.parametrize(
    ("name", "processor"),
    [
        ("maskforge", OWN),
        ("maskforge", THIN),
        ("xgrammar", OWN),
        ("llguidance", THIN),
        pytest.param("outlines", OWN, marks=pytest.mark.slow),  # it compiles a kernel with torch.compile
        ("outlines", THIN),
        ("lm-format-enforcer", THIN),
    ],
)
def test_real_processors_allow_the_text(model: Any, tokenizer: Any, name: str, processor: str) -> None:
    if ENGINES[name].missing:
        pytest.skip(ENGINES[name].missing)
    if (name, processor) == ("outlines", OWN):
        pytest.importorskip("outlines")
    size = model.config.vocab_size
    alone = everyday_sequences(tokenizer, 2, TOKENS, one_grammar=True)
    different = everyday_sequences(tokenizer, 2, TOKENS, one_grammar=False)
    if name == "maskforge" and processor == THIN:
        engine: ProcessorEngine = ThinProcessors(ENGINES[name].make(tokenizer, size), size)
    else:
        engine = processors(name, tokenizer, size, one_grammar=name != "outlines" or processor == OWN)
    assert engine.processor == processor
    writings = alone if name == "outlines" and processor == OWN else [*different, alone[1]]  # two share a grammar
    for record in run(Generator(model, tokenizer, TOKENS), [engine], writings, [1, len(writings)], rounds=1):
        assert record.failed == ""
        assert record.with_ns > 0 and record.without_ns > 0
