"""A batch does what its rows do one by one; failures and odd rows leave the others alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading

import pytest
import torch

import maskforge as mf
from maskforge import _core
from maskforge.decoding import BatchExecutor
from tests.matcher.support import EOS, WORDS, compile_all, mask_ids, vocabulary


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_a_batch_equals_its_rows(threads: int) -> None:
    draw = random.Random(threads)
    compiler = mf.Compiler(vocabulary())
    grammars = compile_all(compiler)
    executor = BatchExecutor(threads)
    batch = [draw.choice(grammars).matcher() if i % 7 else None for i in range(33)]
    single = [None if matcher is None else matcher.fork() for matcher in batch]
    rows = list(range(0, 66, 2))
    draw.shuffle(rows)
    for _ in range(40):
        bitmask = torch.full((66, compiler.vocabulary.bitmask_words), 77, dtype=torch.int32)
        executor.fill(batch, bitmask, rows)
        assert bool((bitmask[1::2] == 77).all())
        tokens = []
        for matcher, row in zip(single, rows, strict=True):
            alone = mf.allocate_token_bitmask(1, compiler.vocabulary.size)
            if matcher is not None:
                matcher.fill_next_token_bitmask(alone)
            assert bitmask[row].tolist() == alone[0].tolist()
            good = matcher is not None and draw.random() < 0.8
            tokens.append(draw.choice(matcher.allowed_tokens()) if good and matcher else draw.randrange(2, len(WORDS)))
        ended = [i for i, matcher in enumerate(single) if matcher is not None and matcher.is_terminated()]
        for i in ended:
            single[i].reset()  # type: ignore[union-attr]
            batch[i].reset()  # type: ignore[union-attr]
            tokens[i] = 2
        expected = [matcher is None or matcher.accept_token(t) for matcher, t in zip(single, tokens, strict=True)]
        assert executor.accept(batch, tokens) == expected


def test_nothing_happens_when_a_batch_is_wrong() -> None:
    grammar = mf.Compiler(vocabulary()).regex("a*")
    executor = BatchExecutor(3)
    first, second, ended = grammar.matcher(), grammar.matcher(), grammar.matcher()
    ended.accept_token(EOS)
    a = WORDS.index(b"a")
    for matchers, tokens in [
        ([first, second, first], [a, a, a]),
        ([first, second], [a]),
        ([first, second], [a, len(WORDS)]),
        ([first, second], [a, -1]),
        ([first, ended], [a, EOS]),
        ([first, "no matcher"], [a, a]),
    ]:
        with pytest.raises(mf.MisuseError):
            executor.accept(matchers, tokens)
        assert (first.num_tokens, second.num_tokens, ended.num_tokens) == (0, 0, 1)
    bitmask = mf.allocate_token_bitmask(2, grammar.vocabulary.size)
    for matchers, rows in [
        ([first, second], [0, 0]),
        ([first, second], [0, 2]),
        ([first, second], [0, -1]),
        ([first, second], [0]),
        ([first, second, ended], None),
    ]:
        with pytest.raises(mf.MisuseError):
            executor.fill(matchers, bitmask, rows)
        assert bool((bitmask == -1).all())
    executor.fill([first, first], bitmask)  # one matcher, two rows: fine
    assert bitmask[0].tolist() == bitmask[1].tolist()
    executor.fill([], bitmask)
    assert executor.accept([], []) == []


def test_a_batch_is_all_or_nothing_when_fuel_runs_out() -> None:
    core = _core.Engine(vocabulary().core, accept_fuel=0, fill_fuel=0)
    rows = [core.regex("[a-c]+").matcher() for _ in range(8)] + [core.regex("\u00e9+").matcher()]
    executor = _core.BatchExecutor(3)
    with pytest.raises(mf.FuelError, match="of the batch"):
        executor.accept(rows, [WORDS.index(b"a")] * 8 + [WORDS.index(b"\xc3")])
    assert [matcher.num_tokens for matcher in rows] == [0] * 9


def test_native_calls_check_what_they_can() -> None:
    executor = _core.BatchExecutor(2)
    matcher = _core.Engine(vocabulary().core).regex("a").matcher()
    bitmask = torch.zeros((2, 4), dtype=torch.int32)
    with pytest.raises(mf.MisuseError, match="null"):
        executor.fill([matcher], 0, 4, 1, 4)
    with pytest.raises(mf.MisuseError, match="overlap"):
        executor.fill([matcher, matcher], bitmask.data_ptr(), 1, 2, 4)
    with pytest.raises(mf.MisuseError, match="too short"):
        executor.fill([matcher], bitmask.data_ptr(), 4, 1, 0)
    with pytest.raises(mf.MisuseError, match="neither a matcher nor None"):
        executor.accept([matcher, 3], [1, 1])
    with pytest.raises(mf.MisuseError):
        _core.BatchExecutor(0)
    with pytest.raises(mf.MisuseError):
        _core.BatchExecutor(-1)


def test_one_executor_for_many_threads() -> None:
    grammar = mf.Compiler(vocabulary()).json_schema(True)
    executor = BatchExecutor(3)
    start = mask_ids(grammar.matcher())
    wrong: list[object] = []

    def work() -> None:
        bitmask = mf.allocate_token_bitmask(5, grammar.vocabulary.size)
        for _ in range(60):
            rows = [grammar.matcher() for _ in range(5)]
            executor.fill(rows, bitmask)
            token = start[0]
            if executor.accept(rows, [token] * 5) != [True] * 5 or len({tuple(row) for row in bitmask.tolist()}) != 1:
                wrong.append(bitmask)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("threads", [1, 3])
def test_masks_that_are_prepared_are_those_that_are_asked_for(threads: int) -> None:
    executor = BatchExecutor(threads)
    draw = random.Random(threads)
    for _ in range(20):
        grammars = compile_all(mf.Compiler(vocabulary()))
        rows = [draw.choice(grammars).matcher() if i % 5 else None for i in range(12)]
        executor.prepare(rows)
        executor.prepare([])
        executor.prepare(rows[::-1])
        for matcher in rows:
            if matcher is not None:
                matcher.accept_token(draw.choice(matcher.allowed_tokens()))  # while threads are at it
        executor.prepare(rows)
        bitmask = mf.allocate_token_bitmask(12, vocabulary().size)
        executor.fill(rows, bitmask)
        for matcher, row in zip(rows, bitmask, strict=True):
            alone = mf.allocate_token_bitmask(1, vocabulary().size).fill_(-1)
            if matcher is not None:
                matcher.fork().fill_next_token_bitmask(alone)
            assert row.tolist() == alone[0].tolist()
    with pytest.raises(mf.MisuseError, match="neither a matcher nor None"):
        executor.prepare([1])  # type: ignore[list-item]


AT_THE_END = """
import maskforge as mf
from maskforge import _core

tokens = [bytes([byte]) for byte in range(256)]
compiler = mf.Compiler(mf.Vocabulary.from_tokens([*tokens, b""], eos_token_ids=[256]))
executor = _core.BatchExecutor(3)
rows = [compiler.regex("[a-z]{%d}é[^x]*" % i).matcher() for i in range(2, 60)]
executor.accept(rows, [97] * len(rows))
executor.prepare(rows)
"""


def test_a_process_may_end_while_masks_are_prepared() -> None:
    for _ in range(3):
        ended = subprocess.run([sys.executable, "-c", AT_THE_END], capture_output=True, text=True, timeout=60)
        assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork()")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_an_executor_works_in_a_forked_child() -> None:
    grammar = mf.Compiler(vocabulary()).regex("[ab]*")
    executor = _core.BatchExecutor(3)
    rows = [grammar.matcher() for _ in range(6)]
    token = WORDS.index(b"a")
    assert executor.accept(rows, [token] * 6) == [True] * 6
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # a pool whose threads are gone would wait for ever
        good = all(executor.accept(rows, [token] * 6) == [True] * 6 for _ in range(5))
        os._exit(0 if good and rows[0].num_tokens == 6 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert executor.accept(rows, [token] * 6) == [True] * 6
    assert rows[0].num_tokens == 2
