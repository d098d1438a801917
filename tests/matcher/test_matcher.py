"""What a matcher does at the edges: the end of the sequence, rows of a bitmask, diagnostics, memory, threads."""

from __future__ import annotations

import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import torch

import maskforge as mf
from tests.matcher.support import EOS, WORDS, byte_vocabulary, compile_all, mask_ids, vocabulary


def test_the_end_of_the_sequence() -> None:
    words = [b"a", b"b", b"", b"</s>", b"<eot>"]
    compiler = mf.Compiler(mf.Vocabulary.from_tokens(words, eos_token_ids=[4, 3]))
    matcher = compiler.regex("ab*").matcher()
    assert mask_ids(matcher) == [0]
    assert not matcher.accept_token(3)
    assert matcher.accept_token(0)
    assert mask_ids(matcher) == [1, 3, 4]
    assert matcher.is_accepting() and not matcher.is_terminated()
    assert matcher.accept_token(4)
    assert matcher.is_accepting() and matcher.is_terminated()
    assert mask_ids(matcher) == [3, 4]  # a finished row of a batch keeps coming
    assert matcher.validate_tokens([3]) == 0
    assert matcher.fork().is_terminated()
    matcher.rollback(1)  # it counts as a token
    assert matcher.accept_token(1) and matcher.num_tokens == 2


def test_the_text_of_an_end_of_sequence_token_is_not_text() -> None:
    matcher = mf.Compiler(vocabulary()).regex("</s>.*").matcher()
    assert WORDS[EOS] == b"</s>"
    assert EOS not in mask_ids(matcher) and not matcher.accept_token(EOS)


def test_a_vocabulary_that_cannot_spell_the_language() -> None:
    matcher = mf.Compiler(mf.Vocabulary.from_tokens([b"a", b""], eos_token_ids=[1])).regex("b+").matcher()
    bitmask = mf.allocate_token_bitmask(1, 2)
    assert matcher.fill_next_token_bitmask(bitmask) is False
    assert bitmask.tolist() == [[0]]


def test_only_one_row_is_written_and_its_tail_is_zero() -> None:
    matcher = mf.Compiler(vocabulary()).json_schema({"type": "boolean"}).matcher()
    needed = matcher.vocabulary.bitmask_words
    bitmask = torch.full((3, needed + 2), -1, dtype=torch.int32)
    assert matcher.fill_next_token_bitmask(bitmask, row=1)
    assert bool((bitmask[0] == -1).all()) and bool((bitmask[2] == -1).all())
    assert bitmask[1, needed:].tolist() == [0, 0]
    strided = torch.full((4, needed), -1, dtype=torch.int32)[::2]
    matcher.fill_next_token_bitmask(strided, row=1)
    assert strided[1].tolist() == bitmask[1, :needed].tolist()
    flat = torch.zeros(needed, dtype=torch.int32)
    matcher.fill_next_token_bitmask(flat)
    assert flat.tolist() == bitmask[1, :needed].tolist()


def test_bytes_are_read_together_or_not_at_all() -> None:
    matcher = mf.Compiler(byte_vocabulary()).regex("abc(def)?").matcher()
    assert matcher.accept_bytes(b"abx") == 2
    assert matcher.num_tokens == 0 and mask_ids(matcher) == [ord("a")]
    assert matcher.accept_bytes(b"") == 0 and matcher.num_tokens == 0
    assert matcher.accept_bytes(b"abc") == 3 and matcher.num_tokens == 1
    assert matcher.accept_bytes(b"defg") == 3 and matcher.num_tokens == 1
    matcher.rollback(1)
    assert mask_ids(matcher) == [ord("a")]


def test_forced_tokens() -> None:
    matcher = mf.Compiler(byte_vocabulary()).json_schema({"const": "kilo"}, whitespace="compact").matcher()
    matcher.accept_bytes(b'"k')
    # Each of the other letters could be written as an escape as well.
    assert matcher.forced_tokens() == []
    matcher = mf.Compiler(byte_vocabulary()).regex("x(abcde|abcdf)y*").matcher()
    assert bytes(matcher.forced_tokens()) == b"xabcd"
    assert matcher.num_tokens == 0
    ends = mf.Compiler(byte_vocabulary()).regex("no").matcher()
    assert ends.forced_tokens() == [ord("n"), ord("o"), 256]
    assert mf.Compiler(byte_vocabulary()).regex("a{1500}").matcher().forced_tokens() == [ord("a")] * 1024


def test_expected_says_what_may_come() -> None:
    matcher = mf.Compiler(byte_vocabulary()).json_schema({"type": "integer"}).matcher()
    assert "'-'" in matcher.expected() and "'0'-'9'" in matcher.expected()
    assert "the end of the text" not in matcher.expected()
    matcher.accept_bytes(b"12")
    assert "'0'-'9'" in matcher.expected() and "the end of the text" in matcher.expected()
    matcher.accept_token(256)
    assert matcher.expected() == "nothing: the sequence has ended"


def test_a_matcher_costs_kilobytes() -> None:
    matcher = mf.Compiler(byte_vocabulary()).json_schema(True).matcher()
    assert matcher.memory_bytes() < 2000
    depth = 5000
    for _ in range(depth):
        matcher.accept_token(ord("["))
    shallow = matcher.memory_bytes()
    for byte in b"[1, 22, 333, " * 1000:
        assert matcher.accept_token(byte)
    assert matcher.memory_bytes() - shallow < 13_000 * 100  # a copy of the stack for each token would be 260 MB
    assert matcher.fork().memory_bytes() < 2 * matcher.memory_bytes()
    matcher.rollback(13_000)
    assert matcher.accept_bytes(b"]" * depth) == depth
    assert matcher.is_accepting()


def walk(grammar: mf.Grammar, seed: int, steps: int) -> list[tuple[int, ...]]:
    """All masks of a random walk that a seed decides."""
    draw = random.Random(seed)
    matcher, masks = grammar.matcher(), []
    for _ in range(steps):
        allowed = mask_ids(matcher)
        masks.append(tuple(allowed))
        if matcher.is_terminated():
            matcher.reset()
        elif draw.random() < 0.1 and matcher.num_tokens:
            matcher.rollback(draw.randint(1, matcher.num_tokens))
        else:
            assert matcher.accept_token(draw.choice(allowed))
    return masks


def test_threads_on_one_cold_grammar_see_what_one_thread_sees() -> None:
    expected = [[walk(grammar, seed, 40) for seed in range(8)] for grammar in compile_all(mf.Compiler(vocabulary()))]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            for which, grammar in enumerate(compile_all(mf.Compiler(vocabulary()))):
                assert list(pool.map(lambda seed, g=grammar: walk(g, seed, 40), range(8))) == expected[which]
    finally:
        sys.setswitchinterval(interval)


def test_threads_that_share_a_matcher_corrupt_nothing() -> None:
    grammar = mf.Compiler(vocabulary()).json_schema(True)
    shared = grammar.matcher()
    failures: list[BaseException] = []

    def hammer(seed: int) -> None:
        draw = random.Random(seed)
        try:
            for _ in range(300):
                action = draw.random()
                if action < 0.6:
                    shared.accept_token(draw.randrange(2, len(WORDS)))
                elif action < 0.8:
                    mask_ids(shared)
                elif action < 0.9:
                    branch = shared.fork()
                    branch.rollback(branch.num_tokens)
                    assert branch.allowed_tokens() == grammar.matcher().allowed_tokens()
                else:
                    shared.validate_tokens([2, 3, 4])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=hammer, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    shared.rollback(shared.num_tokens)
    assert shared.allowed_tokens() == grammar.matcher().allowed_tokens()


def test_threads_compile_together() -> None:
    compiler = mf.Compiler(byte_vocabulary())
    schemas = [{"type": "object", "properties": {f"p{i}": {"const": i}}, "required": [f"p{i}"]} for i in range(30)]

    def check(i: int) -> bool:
        matcher = compiler.json_schema(schemas[i % 30]).matcher()
        text = f'{{"p{i % 30}": {i % 30}}}'.encode()
        return matcher.accept_bytes(text) == len(text) and matcher.is_accepting()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(check, range(240)))
