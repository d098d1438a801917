"""Matchers against a naive model of them: the list of accepted tokens, replayed from the start for every question."""

from __future__ import annotations

import functools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import maskforge as mf
from tests.matcher.support import EOS, PATTERNS, SCHEMAS, WORDS, compile_all, mask_ids, vocabulary

COUNT = len(SCHEMAS) + len(PATTERNS)
SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@functools.cache
def grammars() -> list[mf.Grammar]:
    return compile_all(mf.Compiler(vocabulary()))


def replay(grammar: mf.Grammar, tokens: list[int]) -> mf.Matcher:
    matcher = grammar.matcher()
    for token in tokens:
        assert matcher.accept_token(token)
    return matcher


def draw_tokens(matcher: mf.Matcher, data: st.DataObject, most: int) -> list[int]:
    """Accepts random allowed tokens, at most `most` of them."""
    tokens: list[int] = []
    for _ in range(data.draw(st.integers(0, most), label="length")):
        if matcher.is_terminated():
            break
        token = data.draw(st.sampled_from(matcher.allowed_tokens()), label="token")
        assert matcher.accept_token(token)
        tokens.append(token)
    return tokens


def observe(matcher: mf.Matcher) -> tuple[object, ...]:
    return (
        matcher.allowed_tokens(),
        matcher.is_accepting(),
        matcher.is_terminated(),
        matcher.num_tokens,
        matcher.expected(),
        matcher.forced_tokens(),
    )


@pytest.mark.parametrize("which", range(COUNT))
@SETTINGS
@given(data=st.data())
def test_a_mask_bit_is_what_accept_says(which: int, data: st.DataObject) -> None:
    matcher = grammars()[which].matcher()
    draw_tokens(matcher, data, 10)
    if matcher.is_terminated():
        assert mask_ids(matcher) == [EOS]
        return
    before = observe(matcher)
    allowed = mask_ids(matcher)
    assert allowed == matcher.allowed_tokens()
    assert allowed, "a dead end"
    for token in range(len(WORDS)):
        branch = matcher.fork()
        assert branch.accept_token(token) == (token in allowed), WORDS[token]
        assert matcher.validate_tokens([token]) == (token in allowed)
        if token not in allowed:
            assert observe(branch) == before, "a refused token changed the matcher"
    assert observe(matcher) == before, "a fork is not independent"


@pytest.mark.parametrize("which", range(COUNT))
@SETTINGS
@given(data=st.data())
def test_rollback_undoes_accept(which: int, data: st.DataObject) -> None:
    matcher = grammars()[which].matcher()
    tokens: list[int] = []
    for _ in range(data.draw(st.integers(1, 5), label="rounds")):
        tokens += draw_tokens(matcher, data, 8)
        count = data.draw(st.integers(0, len(tokens)), label="rollback")
        matcher.rollback(count)
        del tokens[len(tokens) - count :]
        assert observe(matcher) == observe(replay(grammars()[which], tokens))


@pytest.mark.parametrize("which", range(COUNT))
@SETTINGS
@given(data=st.data())
def test_forks_go_their_own_ways(which: int, data: st.DataObject) -> None:
    matcher = grammars()[which].matcher()
    tokens = draw_tokens(matcher, data, 6)
    branch = matcher.fork()
    mine = tokens + draw_tokens(matcher, data, 6)
    theirs = tokens + draw_tokens(branch, data, 6)
    assert observe(matcher) == observe(replay(grammars()[which], mine))
    assert observe(branch) == observe(replay(grammars()[which], theirs))
    branch.rollback(len(theirs))  # the history came along
    assert observe(branch) == observe(grammars()[which].matcher())
    matcher.reset()
    assert observe(matcher) == observe(grammars()[which].matcher())


@pytest.mark.parametrize("which", range(COUNT))
@SETTINGS
@given(data=st.data())
def test_validate_is_accept_without_a_trace(which: int, data: st.DataObject) -> None:
    matcher = grammars()[which].matcher()
    draw_tokens(matcher, data, 6)
    drafts = data.draw(st.lists(st.integers(-1, len(WORDS) + 1), max_size=3), label="noise")
    if data.draw(st.booleans(), label="good start"):
        drafts = draw_tokens(matcher.fork(), data, 5) + drafts
    before = observe(matcher)
    count = matcher.validate_tokens(drafts)
    assert observe(matcher) == before
    branch, accepted = matcher.fork(), 0
    for token in drafts:
        if branch.is_terminated() or not 0 <= token < len(WORDS) or not branch.accept_token(token):
            break
        accepted += 1
    assert count == accepted


@pytest.mark.parametrize("which", range(COUNT))
@SETTINGS
@given(data=st.data())
def test_bytes_are_tokens_spelled_out(which: int, data: st.DataObject) -> None:
    by_tokens, by_bytes = grammars()[which].matcher(), grammars()[which].matcher()
    tokens = draw_tokens(by_tokens, data, 8)
    if by_tokens.is_terminated():
        by_tokens.rollback(1)
        tokens.pop()
    text = b"".join(WORDS[token] for token in tokens)
    assert by_bytes.accept_bytes(text) == len(text)
    assert by_bytes.num_tokens == (1 if text else 0)
    assert by_bytes.allowed_tokens() == by_tokens.allowed_tokens()
    assert by_bytes.is_accepting() == by_tokens.is_accepting()


@pytest.mark.parametrize("which", range(COUNT))
@SETTINGS
@given(data=st.data())
def test_forced_tokens_have_no_alternative(which: int, data: st.DataObject) -> None:
    matcher = grammars()[which].matcher()
    draw_tokens(matcher, data, 8)
    if matcher.is_terminated():
        assert matcher.forced_tokens() == []
        return
    for token in matcher.forced_tokens():
        assert matcher.allowed_tokens() == [token]
        assert matcher.accept_token(token)
    assert matcher.is_terminated() or len(matcher.allowed_tokens()) != 1
