"""Calls in every order that decoding loops make them in, without a model: each mask is the one of a fresh matcher."""

import warnings
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from maskforge import Compiler, LogitsProcessor, MisuseError, Vocabulary  # noqa: E402
from tests.decoding.tiny_models import EOS, PAD, SIZE, tokens  # noqa: E402

VOCABULARY = Vocabulary.from_tokens(tokens(), EOS)
GRAMMAR = Compiler(VOCABULARY).regex(r"([a-f]{1,3} ){0,40}(yes|no)")
NUMBER = Compiler(VOCABULARY).regex(r"[0-9]{2,40}")
IDS = {VOCABULARY.token(i): i for i in range(VOCABULARY.size) if VOCABULARY.token(i)}
A, B, SPACE, YES, NO, ONE, TWO = (IDS[word] for word in (b"a", b"b", b" ", b"yes", b"no", b"1", b"2"))
PROMPT = [9, 8, 7]


def allowed(processor: LogitsProcessor, rows: Sequence[Sequence[int]], width: int = SIZE) -> list[list[int]]:
    """The ids that keep their score, of each row."""
    scores = torch.arange(len(rows) * width, dtype=torch.float32).view(len(rows), width)
    before = scores.clone()
    masked = processor(torch.tensor([list(row) for row in rows]), scores)
    assert torch.equal(scores, before)
    kept = masked != -float("inf")
    assert torch.equal(masked[kept], scores[kept])
    return [row.nonzero().flatten().tolist() for row in kept]


def expected(generated: Sequence[int], grammar: Any = GRAMMAR) -> list[int]:
    """The mask by the definition: a matcher of its own, from the start of the text."""
    matcher = grammar.matcher()
    for token in generated:
        if matcher.is_terminated() or not matcher.accept_token(token):
            return [EOS]
    return list(matcher.allowed_tokens())


def check(processor: LogitsProcessor, prompts: Sequence[list[int]], rows: Sequence[list[int]]) -> None:
    masks = allowed(processor, [prompt + row for prompt, row in zip(prompts, rows, strict=True)])
    assert masks == [expected(row) for row in rows]


def test_a_draft_that_the_grammar_does_not_allow() -> None:
    """Some draft models never ask the processor. The first draft looks like a longer prompt; the text goes on."""
    processor = LogitsProcessor(GRAMMAR)
    check(processor, [PROMPT], [[]])
    for draft in ([ONE], [ONE, A], [ONE, A, B]):
        allowed(processor, [PROMPT + draft])  # whatever it says here is never used
    check(processor, [PROMPT], [[A]])
    check(processor, [PROMPT], [[A, ONE]])  # later drafts are recognised: they leave the grammar
    check(processor, [PROMPT], [[A, ONE, A]])
    check(processor, [PROMPT], [[A, SPACE]])
    check(processor, [PROMPT], [[]])


def test_such_drafts_after_a_prompt_that_looked_like_one() -> None:
    processor = LogitsProcessor(GRAMMAR)
    check(processor, [PROMPT], [[]])
    check(processor, [PROMPT], [[A]])
    for prompt in ([*PROMPT, 50], [*PROMPT, 50, 51], [*PROMPT, 50, 51, 52]):
        check(processor, [prompt], [[]])
        for length in range(1, 8):
            allowed(processor, [prompt + [ONE] * length])
        check(processor, [prompt], [[A]])
        for length in range(1, 8):
            allowed(processor, [[*prompt, A] + [ONE] * length])
        check(processor, [prompt], [[A, B]])


def test_an_assistant_with_another_tokenizer_takes_turns() -> None:
    processor = LogitsProcessor(GRAMMAR)
    foreign = [33, 34]
    generated: list[int] = []
    for token in (A, B, SPACE, A, SPACE, YES):
        for length in range(10):  # the assistant's ids: other prompts, ids beyond the vocabulary
            allowed(processor, [foreign + [500 + len(generated)] * length], width=600)
        check(processor, [PROMPT], [generated])
        allowed(processor, [[*PROMPT, *generated, ONE, A]])  # a draft that came out of it
        generated.append(token)
        foreign += [40, 41]
    check(processor, [PROMPT], [generated])


def test_shrinking_and_repeating_prefixes() -> None:
    processor = LogitsProcessor(GRAMMAR)
    path = [A, B, SPACE, B, SPACE, A, A, SPACE, NO, EOS]
    for length in (0, 1, 2, 3, 1, 2, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 4, 5, 10, 0):
        check(processor, [PROMPT], [path[:length]])


def test_rows_change_places() -> None:
    processor = LogitsProcessor(GRAMMAR)
    check(processor, [PROMPT] * 3, [[], [], []])
    check(processor, [PROMPT] * 3, [[A], [B], [YES]])
    check(processor, [PROMPT] * 3, [[YES, EOS], [A, A], [A, B]])
    check(processor, [PROMPT] * 3, [[A, B, SPACE], [A, B, A], [A, A, ONE]])
    check(processor, [PROMPT] * 3, [[A, A, ONE, ONE], [A, B, SPACE, YES], [A, B, A, SPACE]])


def test_finished_rows_keep_coming() -> None:
    processor = LogitsProcessor(GRAMMAR)
    prompts = [PROMPT, [4, 5, 6]]
    rows: list[list[int]] = [[], []]
    for first, second in ((YES, A), (EOS, B), (PAD, SPACE), (PAD, A), (PAD, SPACE), (PAD, NO), (PAD, EOS), (PAD, PAD)):
        rows = [[*rows[0], first], [*rows[1], second]]
        check(processor, prompts, [row[:-1] for row in rows])
        check(processor, prompts, rows)


def test_a_conversation_after_one_row_finished() -> None:
    """The finished row's padding is not mistaken for the next turn."""
    processor = LogitsProcessor(GRAMMAR)
    rows = [[*PROMPT], [4, 5, 6]]
    for pair in ((YES, A), (EOS, B), (PAD, SPACE), (PAD, A)):
        allowed(processor, rows)
        rows = [[*row, token] for row, token in zip(rows, pair, strict=True)]
    prompts = [[*row, 50, 51] for row in rows]
    check(processor, prompts, [[], []])
    check(processor, prompts, [[A], [NO]])


def test_a_conversation_after_a_call_past_the_end() -> None:
    """What follows an end-of-sequence token is padding only as long as it is one id, over and over."""
    processor = LogitsProcessor(GRAMMAR)
    for generated in ([], [YES], [YES, EOS], [YES, EOS, PAD]):
        check(processor, [PROMPT], [generated])
    turn = [*PROMPT, YES, EOS, 50, 51]
    check(processor, [turn], [[]])
    check(processor, [turn], [[A]])


def test_other_batch_sizes_begin_new_texts() -> None:
    processor = LogitsProcessor(GRAMMAR)
    check(processor, [PROMPT], [[]])
    check(processor, [PROMPT] * 4, [[]] * 4)
    check(processor, [PROMPT] * 4, [[A], [A], [B], [A]])
    check(processor, [PROMPT], [[A]])
    check(processor, [PROMPT, PROMPT], [[], []])


def test_prompt_length_makes_every_call_stand_alone() -> None:
    processor = LogitsProcessor(GRAMMAR, prompt_length=len(PROMPT))
    check(processor, [PROMPT], [[A, B, SPACE]])
    check(processor, [PROMPT, PROMPT], [[A, B, SPACE, A], [YES, EOS, PAD, PAD]])
    check(processor, [[1, 2, 3]], [[NO]])
    check(processor, [PROMPT], [[A, ONE, SPACE]])
    check(processor, [PROMPT], [[]])
    with pytest.raises(MisuseError, match="prompt_length"):
        allowed(processor, [PROMPT[:2]])


PATHS = st.lists(st.sampled_from([A, B, SPACE, SPACE, YES, NO, ONE]), max_size=12)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from([1, 4, 60, 8192]))
def test_any_walk(data: st.DataObject, max_states: int) -> None:
    """Rows that grow by a token from any row of the step before, with drafts of up to 12 tokens in between."""
    processor = LogitsProcessor(GRAMMAR, max_states=max_states)
    count = data.draw(st.integers(1, 3))
    prompts = [PROMPT] * count
    rows: list[list[int]] = [[] for _ in range(count)]
    check(processor, prompts, rows)
    for _ in range(data.draw(st.integers(1, 15))):
        parents = [data.draw(st.integers(0, count - 1)) for _ in rows]
        chosen = [data.draw(st.sampled_from(expected(rows[parent]))) for parent in parents]
        if rows[0] and not any(EOS in row for row in rows):  # drafts from the prompt have a test of their own
            drafts = [data.draw(PATHS) for _ in rows]
            for length in range(1, min(len(draft) for draft in drafts) + 1):
                check(processor, prompts, [row + draft[:length] for row, draft in zip(rows, drafts, strict=True)])
        rows = [[*rows[parent], token] for parent, token in zip(parents, chosen, strict=True)]
        check(processor, prompts, rows)


def test_states_are_bounded() -> None:
    processor = LogitsProcessor(GRAMMAR, max_states=64)
    for prompt in range(20):
        generated: list[int] = []
        for step in range(60):
            check(processor, [[prompt, 3]], [generated])
            assert processor._sessions.states <= 64 + 1
            generated.append((A, SPACE)[step % 2])
    processor.reset()
    assert processor._sessions.states == 0


def test_beyond_what_is_remembered() -> None:
    """A prefix that was pruned is computed again."""
    processor = LogitsProcessor(GRAMMAR, max_states=8)
    path = [A, SPACE] * 20
    for length in [*range(31), 2, 3, 30, 5, 31, *range(32, 41)]:
        check(processor, [PROMPT], [path[:length]])


def test_several_grammars_share_rows_out_in_order() -> None:
    processor = LogitsProcessor([GRAMMAR, None, NUMBER])
    rows = [PROMPT] * 6
    masks = allowed(processor, rows)
    assert masks == [expected([])] * 2 + [list(range(SIZE))] * 2 + [expected([], NUMBER)] * 2
    masks = allowed(processor, [[*PROMPT, token] for token in (A, YES, 5, 6, ONE, TWO)])
    assert masks[:2] == [expected([A]), expected([YES])]
    assert masks[4:] == [expected([ONE], NUMBER), expected([TWO], NUMBER)]
    with pytest.raises(MisuseError, match="3 grammars"):
        allowed(processor, [PROMPT] * 4)
    allowed(processor, rows)  # and it still works


def test_wider_scores() -> None:
    processor = LogitsProcessor([GRAMMAR, None])
    masks = allowed(processor, [PROMPT, PROMPT], width=SIZE + 45)
    assert masks == [expected([]), list(range(SIZE + 45))]


@pytest.mark.parametrize("dtype", (torch.float32, torch.float16, torch.bfloat16))
def test_rows_with_nothing_left_get_what_the_grammar_allows(dtype: Any) -> None:
    processor = LogitsProcessor(GRAMMAR)
    ids = torch.tensor([PROMPT, PROMPT])
    scores = torch.zeros(2, SIZE, dtype=dtype)
    scores[0, expected([])] = -float("inf")
    masked = processor(ids, scores)
    assert (masked != -float("inf"))[0].nonzero().flatten().tolist() == expected([])
    assert (masked != -float("inf"))[1].nonzero().flatten().tolist() == expected([])
    assert masked.dtype == dtype


def test_a_vocabulary_that_cannot_write_the_text() -> None:
    poor = Vocabulary.from_tokens([b"", b"a"], 0)
    processor = LogitsProcessor(Compiler(poor).regex("ab?c|a"))
    scores = torch.zeros(1, 2)
    assert processor(torch.tensor([[1]]), scores).tolist() == [[-float("inf"), 0.0]]
    assert processor(torch.tensor([[1, 1]]), scores).tolist() == [[0.0, -float("inf")]]
    stuck = LogitsProcessor(Compiler(poor).regex("ab"))
    stuck(torch.tensor([[1]]), scores)
    with pytest.warns(RuntimeWarning, match="row 0"):
        assert stuck(torch.tensor([[1, 1]]), scores).tolist() == [[0.0, -float("inf")]]


def test_scores_that_hold_nothing_of_what_is_allowed() -> None:
    """The pruned head of a draft model has no end-of-sequence: a row of -inf would be no distribution to draw from."""
    late = Vocabulary.from_tokens([b"a", b"b", b"c", b""], 3)
    processor = LogitsProcessor(Compiler(late).regex("ab?c"), prompt_length=1)
    scores = torch.arange(2.0).view(1, 2)
    prompt = [1]
    assert processor(torch.tensor([prompt]), scores).tolist() == [[0.0, -float("inf")]]
    with pytest.warns(RuntimeWarning, match="row 0"):
        assert processor(torch.tensor([[*prompt, 0, 1]]), scores).tolist() == scores.tolist()  # only "c" is allowed
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert processor(torch.tensor([[*prompt, 0, 0]]), scores).tolist() == scores.tolist()  # it left the grammar


def test_misuse() -> None:
    with pytest.raises(MisuseError, match="Compiler"):
        LogitsProcessor("a*")
    with pytest.raises(MisuseError, match="no grammar"):
        LogitsProcessor([None])
    with pytest.raises(MisuseError, match="no grammar"):
        LogitsProcessor([])
    endless = Vocabulary.from_tokens([b"a"], [])
    with pytest.raises(MisuseError, match="end-of-sequence"):
        LogitsProcessor(Compiler(endless).regex("a"))
    other = Compiler(Vocabulary.from_tokens([b"", b"a"], 0)).regex("a")
    with pytest.raises(MisuseError, match="one vocabulary"):
        LogitsProcessor([GRAMMAR, other])
    for value in (-1, True, 1.0):
        with pytest.raises(MisuseError):
            LogitsProcessor(GRAMMAR, prompt_length=value)  # type: ignore[arg-type]
    with pytest.raises(MisuseError):
        LogitsProcessor(GRAMMAR, max_states=0)
    processor = LogitsProcessor(GRAMMAR)
    ids, scores = torch.tensor([PROMPT]), torch.zeros(1, SIZE)
    for bad_ids, bad_scores in (
        (ids[0], scores),
        (ids, scores[0]),
        (ids.float(), scores),
        (ids, scores.double()),
        (ids, scores.int()),
        (torch.cat([ids, ids]), scores),
        (ids, scores[:, :0]),
        (ids.tolist(), scores),
    ):
        with pytest.raises(MisuseError):
            processor(bad_ids, bad_scores)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(processor, [PROMPT], [[]])  # and it still works
    empty = processor(torch.zeros(0, 3, dtype=torch.long), torch.zeros(0, SIZE))
    assert empty.shape == (0, SIZE)
