"""The Python side of matchers and batches: arguments are checked before native code sees them, and the laws hold."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from maskforge import BatchExecutor, Compiler, Matcher, MisuseError, Vocabulary, allocate_token_bitmask  # noqa: E402
from tests.decoding.tiny_models import EOS, SIZE, tokens  # noqa: E402

VOCABULARY = Vocabulary.from_tokens(tokens(), EOS)
GRAMMAR = Compiler(VOCABULARY).regex("(yes|no|maybe)[0-9]{0,3}")
IDS = {VOCABULARY.token(i): i for i in range(VOCABULARY.size) if VOCABULARY.token(i)}
YES, NO, ONE = IDS[b"yes"], IDS[b"no"], IDS[b"1"]


def bits(row: Any) -> list[int]:
    return [32 * w + b for w, word in enumerate(row.tolist()) for b in range(32) if word >> b & 1]


def test_a_text() -> None:
    matcher = GRAMMAR.matcher()
    assert isinstance(matcher, Matcher) and matcher.vocabulary is VOCABULARY
    assert not matcher.is_accepting()
    assert matcher.validate_tokens([YES, ONE, EOS, EOS]) == 3
    assert matcher.accept_token(YES) and not matcher.accept_token(NO)
    assert matcher.is_accepting() and matcher.num_tokens == 1
    assert matcher.accept_bytes(b"23") == 2 and matcher.accept_bytes(b"4x") == 1
    fork = matcher.fork()
    assert matcher.accept_token(EOS) and matcher.is_terminated()
    assert not fork.is_terminated() and fork.accept_token(ONE)
    with pytest.raises(MisuseError):
        matcher.accept_token(ONE)
    matcher.rollback(2)
    assert matcher.num_tokens == 1 and not matcher.is_terminated()
    matcher.reset()
    assert matcher.num_tokens == 0 and matcher.memory_bytes() > 0
    assert "Matcher" in repr(matcher) and isinstance(matcher.expected(), str)
    assert matcher.accept_token(IDS[b"m"]) and matcher.accept_token(IDS[b"a"])
    assert isinstance(matcher.forced_tokens(), list)


def test_fill_equals_accept() -> None:
    matcher = GRAMMAR.matcher()
    for step in (YES, ONE, ONE, EOS):
        bitmask = allocate_token_bitmask(3, SIZE + 64)
        assert matcher.fill_next_token_bitmask(bitmask, 1)
        assert bool((bitmask[[0, 2]] == -1).all())  # the other rows are as they were
        mask = bits(bitmask[1])
        assert mask == matcher.allowed_tokens()
        assert mask == [token for token in range(SIZE) if matcher.validate_tokens([token])]
        assert matcher.accept_token(step)
    row = torch.zeros(VOCABULARY.bitmask_words, dtype=torch.int32)
    assert matcher.fill_next_token_bitmask(row)
    assert bits(row) == [EOS]


GOOD = torch.zeros(2, 4, dtype=torch.int32)


@pytest.mark.parametrize(
    ("bitmask", "row"),
    [
        ([[0] * 4], 0),
        (GOOD.long(), 0),
        (GOOD.float(), 0),
        (GOOD[:, :3], 0),
        (GOOD[None], 0),
        (GOOD.to("meta"), 0),
        (GOOD.T.contiguous().T, 0),
        (torch.zeros(2, 8, dtype=torch.int32)[:, ::2], 0),
        (GOOD[:1].expand(2, 4), 0),
        (GOOD, 2),
        (GOOD, -1),
        (GOOD[:0], 0),
    ],
)
def test_fill_misuse(bitmask: Any, row: int) -> None:
    matcher = GRAMMAR.matcher()
    with pytest.raises(MisuseError):
        matcher.fill_next_token_bitmask(bitmask, row)
    with pytest.raises(MisuseError):
        BatchExecutor(1).fill([matcher], bitmask, [row])


def test_strided_rows() -> None:
    wide = torch.full((4, 10), 7, dtype=torch.int32)
    view = wide[::2, 3:7]
    assert GRAMMAR.matcher().fill_next_token_bitmask(view, 1)
    assert bits(view[1]) == GRAMMAR.matcher().allowed_tokens()
    view.fill_(7)
    assert bool((wide == 7).all())


@pytest.mark.parametrize("token", (-1, SIZE, 2**31, 2**63, -(2**63) - 1, True, 1.0, "1", None))
def test_token_misuse(token: Any) -> None:
    matcher = GRAMMAR.matcher()
    with pytest.raises(MisuseError):
        matcher.accept_token(token)
    assert matcher.num_tokens == 0
    with pytest.raises(MisuseError):
        BatchExecutor(2).accept([matcher], [token])


def test_other_misuse() -> None:
    matcher = GRAMMAR.matcher()
    assert matcher.validate_tokens([-1]) == 0 and matcher.validate_tokens([SIZE]) == 0
    for wrong in (-1, 1):
        with pytest.raises(MisuseError):
            matcher.rollback(wrong)
    with pytest.raises(MisuseError):
        matcher.accept_bytes("yes")  # type: ignore[arg-type]
    # An integer of another library is one.
    assert matcher.accept_token(torch.tensor(YES))  # type: ignore[arg-type]


def test_batch() -> None:
    batch = BatchExecutor(2)
    matchers = [GRAMMAR.matcher() for _ in range(5)]
    assert batch.accept([*matchers[:2], None, matchers[2]], [YES, ONE, 7, NO]) == [True, False, True, True]
    bitmask = torch.zeros(6, VOCABULARY.bitmask_words, dtype=torch.int32)
    assert batch.fill([matchers[0], None, *matchers[1:]], bitmask) == [True] * 6
    for row, matcher in zip((0, 2, 3, 4, 5), matchers, strict=True):
        assert bits(bitmask[row]) == matcher.allowed_tokens()
    assert bool((bitmask[1] == -1).all())
    batch.fill(matchers[:2], bitmask, [5, 0])
    assert bits(bitmask[5]) == matchers[0].allowed_tokens()
    assert bits(bitmask[0]) == matchers[1].allowed_tokens()
    for rows in ([0], [0, 0], [0, 6], [-1, 0], [0.0, 1.0]):
        with pytest.raises(MisuseError):
            batch.fill(matchers[:2], bitmask, rows)  # type: ignore[arg-type]
    for threads in (0, -1, 10_000, True, 1.5):
        with pytest.raises(MisuseError):
            BatchExecutor(threads)  # type: ignore[arg-type]
    with pytest.raises(MisuseError):
        batch.accept(matchers, [YES])
    with pytest.raises(MisuseError):
        batch.accept([GRAMMAR], [YES])  # type: ignore[list-item]
