"""Batches: the loop times what it should, at the places where it should, and notices engines that disagree."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Sequence
from typing import Any

import pytest

from maskforge.bench.batch import MANY_GRAMMARS, ONE_GRAMMAR, STAGGER, Plan, measure, run, takes
from maskforge.bench.batch_engines import NATIVE, BatchEngine, OneByOne
from maskforge.bench.workload import Writing, everyday_sequences, load_tokenizer
from maskforge.jsonschemabench.engines import ENGINES

EOS = 0
TEXTS = [
    Writing("first", "A", tuple(range(1, 8))),
    Writing("second", "B", (11, 12)),
    Writing("third", "A", tuple(range(1, 8))),
]


class Toy:
    """Each row allows the next token of its text and no other; `twist` makes it misbehave at token 5."""

    name, version, native = "toy", "0", True

    def __init__(self, twist: str = "") -> None:
        self.twist = twist
        self.compiled: list[str] = []
        self.forgotten = 0
        self.batches: list[ToyBatch] = []

    def forget(self) -> None:
        self.forgotten += 1

    def compile(self, schema: str) -> str:
        if self.twist == "refuses" and schema == "B":
            raise ValueError("not B")
        self.compiled.append(schema)
        return schema

    def batch(self, grammars: Sequence[str], threads: int) -> ToyBatch:
        self.batches.append(ToyBatch(self, grammars, threads))
        return self.batches[-1]


class ToyBatch:
    def __init__(self, engine: Toy, grammars: Sequence[str], threads: int) -> None:
        self.engine, self.grammars, self.threads = engine, grammars, threads
        self.places = [0] * len(grammars)
        self.starts: list[tuple[int, int]] = []
        self.fills: list[tuple[int, ...]] = []

    def text(self, row: int) -> tuple[int, ...]:
        return ((11, 12) if self.grammars[row] == "B" else tuple(range(1, 8))) + (EOS,)

    def fill(self) -> None:
        self.fills.append(tuple(self.places))

    def allowed(self, token_ids: list[int]) -> list[bool]:
        return [
            token == self.text(row)[self.places[row]] and not (token == 5 and self.engine.twist == "masks")
            for row, token in enumerate(token_ids)
        ]

    def accept(self, token_ids: list[int]) -> list[bool]:
        answers = [not (token == 5 and self.engine.twist == "lies") for token in token_ids]
        self.places = [place + 1 for place in self.places]
        return answers

    def restart(self, row: int, token_ids: Sequence[int] = ()) -> None:
        assert tuple(token_ids) == self.text(row)[: len(token_ids)]
        self.places[row] = len(token_ids)
        self.starts.append((row, len(token_ids)))


def test_rows_are_staggered_read_and_begin_again() -> None:
    engine = Toy()
    ticks = itertools.count()
    cold, warm = measure(engine, MANY_GRAMMARS, TEXTS, EOS, 3, 4, clock=lambda: next(ticks))
    assert (cold.failed, warm.failed) == ("", "")
    batch = engine.batches[-1]
    assert batch.grammars == ["A", "B", "A"] and batch.threads == 3
    assert engine.compiled[-2:] == ["A", "B"]  # each schema once
    assert engine.forgotten == 1
    starts = [0, STAGGER % 2, 2 * STAGGER % 7]
    expected = [tuple(starts)]
    for _ in range(3):
        lengths = (8, 3, 8)
        expected.append(tuple((place + 1) % length for place, length in zip(expected[-1], lengths, strict=True)))
    assert batch.fills == expected * 2  # cold and warm make the same steps
    assert cold.fill_ns == warm.fill_ns == cold.accept_ns == warm.accept_ns == [1, 1, 1, 1]  # one tick each
    assert (cold.state, warm.state, cold.batch, cold.compile_ns) == ("cold", "warm", 3, 1)


def test_the_model_runs_before_each_fill_and_is_not_timed() -> None:
    engine = Toy()
    now = itertools.count()
    fills: list[int] = []

    def model() -> None:
        fills.append(len(engine.batches[-1].fills))
        for _ in range(100):
            next(now)

    for found in measure(engine, MANY_GRAMMARS, TEXTS, EOS, 1, 4, clock=lambda: next(now), model=model):
        assert found.fill_ns == found.accept_ns == [1, 1, 1, 1]
    assert fills == list(range(8))
    assert Plan([1], [1], steps=1, rounds=1).model() is None
    start = time.perf_counter()
    Plan([1], [1], steps=1, rounds=1, model_ms=20).model()()  # type: ignore[misc]
    assert time.perf_counter() - start > 0.015


@pytest.mark.parametrize(
    ("twist", "message"),
    [("masks", "masks token 4 of third"), ("lies", "refuses token 4 of third"), ("refuses", "ValueError: not B")],
)
def test_an_engine_that_disagrees_has_no_times(twist: str, message: str) -> None:
    for record in measure(Toy(twist), MANY_GRAMMARS, TEXTS, EOS, 1, 6):
        assert message in record.failed
        assert record.fill_ns == record.accept_ns == []


def test_texts_that_an_engine_does_not_take() -> None:
    assert takes(Toy(), TEXTS[0], EOS) and takes(Toy("masks"), TEXTS[1], EOS)
    assert not takes(Toy("masks"), TEXTS[0], EOS)
    assert not takes(Toy("refuses"), TEXTS[1], EOS)


def test_engines_and_threads_take_turns() -> None:
    first, second, looped = Toy(), Toy(), Toy()
    first.name, second.name, looped.name = "first", "second", "looped"
    looped.native = False
    plan = Plan([1, 5], [1, 2], steps=1, rounds=2)
    records = list(run([first, second, looped], ONE_GRAMMAR, TEXTS[::2], EOS, plan))
    assert len(records) == 2 * plan.settings([first, second, looped]) == 2 * 20
    turns = [(r.engine, r.threads, r.batch, r.round) for r in records if r.state == "cold"]
    order = [("first", 1), ("first", 2), ("second", 1), ("second", 2), ("looped", 1)]
    assert [turn[:2] for turn in turns[:5]] == order
    assert [turn[:2] for turn in turns[5:10]] == order[1:] + order[:1]
    assert [turn[2:] for turn in turns[::5]] == [(1, 0), (1, 1), (5, 0), (5, 1)]
    assert {r.workload for r in records} == {ONE_GRAMMAR}
    assert json.loads(json.dumps(records[0].record()))["kind"] == "batch"


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return load_tokenizer(None)


def test_everyday_texts_are_valid_and_different(tokenizer: Any) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    for one_grammar in (True, False):
        writings = everyday_sequences(tokenizer, 24, 40, one_grammar=one_grammar)
        assert len({writing.schema for writing in writings}) == (1 if one_grammar else 24)
        assert len({writing.token_ids for writing in writings}) == 24
        for writing in writings:
            assert len(writing.token_ids) >= 40
            value = json.loads(tokenizer.decode(list(writing.token_ids)))
            jsonschema.Draft202012Validator(json.loads(writing.schema)).validate(value)


@pytest.mark.parametrize("name", [*NATIVE, "maskforge, one by one"])
@pytest.mark.parametrize("one_grammar", [True, False])
def test_real_engines_read_the_everyday_texts(tokenizer: Any, name: str, one_grammar: bool) -> None:
    base = name.partition(",")[0]
    if ENGINES[base].missing:
        pytest.skip(ENGINES[base].missing)
    size = len(tokenizer)
    engine: BatchEngine
    if name == base:
        engine = NATIVE[base](tokenizer, size)
    else:
        engine = OneByOne(ENGINES[base].make(tokenizer, size), size)
    writings = everyday_sequences(tokenizer, 5, 30, one_grammar=one_grammar)
    for record in measure(engine, ONE_GRAMMAR, writings, tokenizer.eos_token_id, 2, 40):
        assert record.failed == ""
        assert len(record.fill_ns) == 40


@pytest.mark.parametrize("name", [*NATIVE, "maskforge, one by one"])
def test_a_token_that_is_not_allowed_is_noticed(tokenizer: Any, name: str) -> None:
    base = name.partition(",")[0]
    if ENGINES[base].missing:
        pytest.skip(ENGINES[base].missing)
    size = len(tokenizer)
    adapter = NATIVE[base](tokenizer, size) if name == base else OneByOne(ENGINES[base].make(tokenizer, size), size)
    (right,) = everyday_sequences(tokenizer, 1, 30, one_grammar=True)
    wrong = Writing("wrong", right.schema, (*right.token_ids[:9], *tokenizer.encode("}}"), *right.token_ids[9:]))
    cold, _ = measure(adapter, ONE_GRAMMAR, [wrong], tokenizer.eos_token_id, 1, 20)
    assert "masks token" in cold.failed
