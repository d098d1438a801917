"""Mask ids name exactly the masks that fill_next_token_bitmask writes, one at a time, in batches and along drafts."""

import random
import threading

import pytest
import torch

import maskforge as mf
from maskforge import MisuseError, _core
from maskforge.decoding import BatchExecutor
from tests.matcher.support import EOS, WORDS, compile_all, vocabulary


def filled(matcher: mf.Matcher) -> list[int]:
    bitmask = mf.allocate_token_bitmask(1, matcher.vocabulary.size)
    matcher.fill_next_token_bitmask(bitmask)
    return bitmask[0].tolist()


def content(pool: _core.MaskPool, mask_id: int) -> list[int] | None:
    found = pool.find(mask_id)
    if found is None:
        return None
    words = torch.full((pool.words,), 77, dtype=torch.int32)
    found.write(words.data_ptr(), pool.words)
    assert found.allowed == sum(bin(word & 0xFFFFFFFF).count("1") for word in words.tolist())
    return words.tolist()


def walk(matcher: mf.Matcher, draw: random.Random, steps: int) -> list[mf.Matcher]:
    """The matcher after each of some random tokens."""
    states = [matcher.fork()]
    for _ in range(steps):
        allowed = [] if matcher.is_terminated() else matcher.allowed_tokens()
        if not allowed:
            break
        matcher.accept_token(draw.choice(allowed))
        states.append(matcher.fork())
    return states


def test_ids_are_masks() -> None:
    draw = random.Random(1)
    compiler = mf.Compiler(vocabulary())
    states = [state for grammar in compile_all(compiler) for state in walk(grammar.matcher(), draw, 20)]
    ids: dict[int, list[int]] = {}
    for state in states:
        mask_id = state.next_token_mask_id()
        assert content(compiler.mask_pool, mask_id) == filled(state)
        assert ids.setdefault(mask_id, filled(state)) == filled(state)
    assert len({tuple(mask) for mask in ids.values()}) == len(ids) < len(states)
    for threads in (1, 3):
        batch = [None, *states, states[0], None]
        found = BatchExecutor(threads).mask_ids(batch)
        assert found == [-1 if state is None else state.next_token_mask_id() for state in batch]
    assert all(state.mask_pool.identity == compiler.mask_pool.identity for state in states)
    assert mf.Compiler(vocabulary()).mask_pool.identity != compiler.mask_pool.identity


def test_drafts() -> None:
    draw = random.Random(2)
    compiler = mf.Compiler(vocabulary())
    matchers: list[mf.Matcher | None] = [None]
    drafts: list[list[int]] = [[1, 2, 3]]
    expected: list[list[int]] = [[-1] * 4]
    for grammar in compile_all(compiler):
        for start in walk(grammar.matcher(), draw, 6):
            draft = [draw.randrange(-1, len(WORDS) + 2) for _ in range(draw.randrange(4))]
            path = start.fork()
            for place in range(len(draft)):
                allowed = [] if path.is_terminated() else path.allowed_tokens()
                if allowed and draw.random() < 0.8:
                    draft[place] = draw.choice(allowed)
                    path.accept_token(draft[place])
            ids = [start.next_token_mask_id()]
            path = start.fork()
            for token in draft:
                inside = 0 <= token < len(WORDS) and not path.is_terminated()
                if not inside or not path.accept_token(token):
                    break
                ids.append(path.next_token_mask_id())
            ids += [-1] * (len(draft) + 1 - len(ids))
            before = filled(start)
            assert start.draft_mask_ids(draft) == ids
            assert filled(start) == before
            matchers.append(start)
            drafts.append(draft)
            expected.append(ids)
    assert any(EOS in draft for draft in drafts) and any(-1 in ids for ids in expected[1:])
    assert BatchExecutor(3).draft_mask_ids(matchers, drafts) == expected
    with pytest.raises(MisuseError):
        BatchExecutor(1).draft_mask_ids(matchers, drafts[1:])


def test_a_bounded_pool_recognises_stale_ids() -> None:
    words = vocabulary()
    engine = _core.Engine(words.core, pool_masks=3, pool_bases=1)
    pool = engine.mask_pool
    assert (pool.most_masks, pool.most_bases, pool.words) == (3, 1, words.bitmask_words)
    grammars = [engine.regex(pattern) for pattern in ("a*", "b{2}", "(12|1)0{2,3}", "true", "[^a]*")]
    ids = [grammar.matcher().next_token_mask_id() for grammar in grammars]
    assert len(set(ids)) == len(ids)
    assert sum(pool.find(mask_id) is not None for mask_id in ids) <= 3
    assert pool.find(ids[0]) is None and pool.find(ids[-1]) is not None
    again = grammars[0].matcher().next_token_mask_id()
    assert again not in ids and pool.statistics()["evictions"] > 0
    for nonsense in (-1, 0, 5, 1 << 62, -(1 << 62)):
        assert pool.find(nonsense) is None
    with pytest.raises(MisuseError):
        _core.Engine(words.core, pool_masks=0)
    with pytest.raises(MisuseError):
        _core.MaskPool(4, bases=0)


def test_fuel_ends_a_mask_id_as_it_ends_a_fill() -> None:
    engine = _core.Engine(vocabulary().core, fill_fuel=3)
    matcher = engine.json_schema('{"type": "array"}').matcher()
    with pytest.raises(mf.FuelError):
        matcher.next_token_mask_id()
    with pytest.raises(mf.FuelError, match="entry 1 of the batch"):
        _core.BatchExecutor(1).mask_ids([None, matcher])
    with pytest.raises(mf.FuelError, match="entry 0 of the batch"):
        _core.BatchExecutor(1).draft_mask_ids([matcher], [[]])


def test_threads_agree_on_ids() -> None:
    compiler = mf.Compiler(vocabulary())
    grammars = compile_all(compiler)
    found: list[dict[tuple[int, ...], int]] = [{} for _ in range(4)]
    wrong: list[str] = []

    def work(number: int) -> None:
        draw = random.Random(number)
        for _ in range(15):
            for state in walk(draw.choice(grammars).matcher(), draw, 10):
                mask, mask_id = tuple(filled(state)), state.next_token_mask_id()
                if found[number].setdefault(mask, mask_id) != mask_id:
                    wrong.append("one mask has two ids")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together: dict[tuple[int, ...], int] = {}
    for one in found:
        for mask, mask_id in one.items():
            assert together.setdefault(mask, mask_id) == mask_id
    assert not wrong and len(set(together.values())) == len(together) > 20
