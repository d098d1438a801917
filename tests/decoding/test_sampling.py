"""Masked sampling on the CPU against its definition: which tokens, how often, and the mass that the mask removed."""

import math
from typing import Any

import pytest
import torch

import maskforge as mf
from maskforge import MisuseError, Sampler
from maskforge.decoding.kernels.plain import uniform
from tests.decoding.pool_cases import (
    DEFAULTS,
    DTYPES,
    SETTINGS,
    SHAPES,
    assert_distribution,
    check_removed,
    masks_of,
    pool_of,
)
from tests.decoding.reference import allowed_tokens, random_bitmask, reference_distribution, reference_draw

NOTHING = -float("inf")


def test_the_generator_is_philox() -> None:
    """Known answers of Philox4x32-10, as Random123 publishes them: the first two words of each."""
    low = 0xFFFFFFFF
    cases = [
        ((0, 0), (0, 0, 0), (0x6627E8D5, 0xE169C58D)),
        # The counter's last word is always 0 here, so of the published vectors only the first applies; this one was
        # computed with the reference's rounds in exact integers below.
        ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344, 0xA4093822), None),
    ]
    for (key_low, key_high), (step_low, step_high, stream), known in cases:
        counter, key = [step_low, step_high, stream, 0], [key_low, key_high]
        for _ in range(10):
            first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
            counter = [
                *(second >> 32 ^ counter[1] ^ key[0], second & low),
                *(first >> 32 ^ counter[3] ^ key[1], first & low),
            ]
            key = [(key[0] + 0x9E3779B9) & low, (key[1] + 0xBB67AE85) & low]
        assert known is None or (counter[0], counter[1]) == known
        seed = key_high << 32 | key_low
        number = uniform(
            torch.tensor([seed - (1 << 64) if seed >> 63 else seed]),
            torch.tensor([step_high << 32 | step_low]),
            torch.tensor([stream - (1 << 32) if stream >> 31 else stream], dtype=torch.int32),
        )
        assert float(number) == ((counter[0] << 21) ^ (counter[1] >> 11)) / 2**53


@pytest.mark.parametrize(("vocab", "width", "stride"), SHAPES)
def test_tokens_are_those_of_the_definition(vocab: int, width: int, stride: int) -> None:
    generator = torch.Generator().manual_seed(21)
    pool = pool_of(vocab, "cpu")
    masks = masks_of(vocab, generator)
    rows = pool.rows(len(masks) + 1)
    rows.set([*(pool.add(mask) for mask in masks), -1])
    allowed = [allowed_tokens(mask, width) for mask in masks] + [torch.ones(width, dtype=torch.bool)]
    for number, setting in enumerate(SETTINGS):
        dtype = DTYPES[number % 3]
        logits = (torch.randn(len(allowed), stride, generator=generator) * 3).to(dtype)[:, :width]
        if number % 4 == 1:
            logits = logits.round()
            logits[:, ::7] = NOTHING
            logits[:, 1::11] = float("nan")
        seeds = [number * 100 + row for row in range(len(allowed))]
        numbers = uniform(torch.tensor(seeds), torch.full((len(seeds),), 3), torch.zeros(len(seeds), dtype=torch.int32))
        expected = [
            reference_draw(reference_distribution(logits[row], allowed[row], **setting), float(numbers[row]))
            for row in range(len(allowed))
        ]
        before = logits.clone()
        assert mf.sample(logits, rows, seed=seeds, step=3, **setting).tolist() == expected, setting
        found = mf.sample(logits, rows, seed=seeds, step=3, return_removed=True, **setting)
        assert found.token_ids.tolist() == expected
        check_removed(logits, allowed, [DEFAULTS | setting] * len(allowed), found.log_removed, 1)
        bitmask = torch.stack(masks)
        assert mf.sample(logits[:-1], bitmask, seed=seeds[:-1], step=3, **setting).tolist() == expected[:-1]
        assert mf.sample(logits[-1], seed=seeds[-1:], step=3, **setting).tolist() == expected[-1:]
        assert torch.equal(logits.nan_to_num(), before.nan_to_num())


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"temperature": 0.6},
        {"top_k": 7},
        {"top_p": 0.8},
        {"min_p": 0.1},
        {"top_k": 20, "top_p": 0.9, "min_p": 0.02},
    ],
)
@pytest.mark.parametrize("listed", [True, False])
def test_frequencies(setting: dict[str, Any], listed: bool) -> None:
    """100,000 draws: over rows of one step, and over steps of one row's seed."""
    generator = torch.Generator().manual_seed(22)
    vocab, draws = 60, 50_000
    mask = random_bitmask(1, vocab, 0.6, generator)[0]
    logits = torch.randn(vocab, generator=generator) * 2
    exact = reference_distribution(logits, allowed_tokens(mask, vocab), **setting)
    pool = pool_of(vocab, "cpu")
    masks: Any = mask.expand(draws, -1).contiguous()
    if listed:
        masks = pool.rows(draws)
        masks.set([pool.add(mask)] * draws)
    repeated = logits.expand(draws, vocab).contiguous()
    by_row = mf.sample(repeated, masks, seed=5, step=9, **setting)
    by_step = mf.sample(repeated, masks, seed=[6] * draws, step=list(range(draws)), **setting)
    for drawn in (by_row, by_step, torch.cat([by_row, by_step])):
        assert_distribution(torch.bincount(drawn, minlength=vocab).double(), exact)
    assert not torch.equal(by_row, by_step)


def test_a_step_is_a_function_of_seed_and_step() -> None:
    logits = torch.randn(6, 500, generator=torch.Generator().manual_seed(23))
    first = mf.sample(logits, seed=3, step=4).tolist()
    assert mf.sample(logits, seed=3, step=4).tolist() == first
    assert mf.sample(logits, seed=3, step=5).tolist() != first != mf.sample(logits, seed=4, step=4).tolist()
    # With a seed of its own a row draws the same anywhere in any batch.
    seeds = [2**63 + 7, -1, 5, 6, 7, 8]
    mixed = mf.sample(logits, seed=[seed - 2**64 if seed >= 2**63 else seed for seed in seeds], step=11)
    for row, seed in enumerate(seeds):
        alone = mf.sample(logits[row], seed=[seed - 2**64 if seed >= 2**63 else seed], step=11)
        assert alone.tolist() == [mixed[row]]
    sampler = Sampler(6, 500, "cpu")
    sampler.set(seed=3, step=4)
    assert sampler.run(logits).tolist() == first
    assert sampler.run(logits).tolist() == mf.sample(logits, seed=3, step=5).tolist()


def test_settings_of_rows_and_greedy_ties() -> None:
    logits = torch.tensor([[1.0, 5.0, 5.0, 2.0]]).repeat(4, 1)
    drawn = mf.sample(
        logits, temperature=[0, 0.0, 1, 1], top_k=[0, 0, 1, 0], min_p=torch.tensor([0.0, 0, 0, 1]), seed=8, step=1
    )
    assert drawn[:2].tolist() == [1, 1] and set(drawn[2:].tolist()) <= {1, 2}
    counts = torch.bincount(mf.sample(logits[:1].repeat(20_000, 1), top_k=1, seed=2), minlength=4)
    assert counts[0] == counts[3] == 0 and abs(int(counts[1]) - 10_000) < 400  # ties stay together
    infinite = torch.tensor([[1.0, math.inf, math.inf, 2.0]])
    assert int(mf.sample(infinite, temperature=0)) == 1 and int(mf.sample(infinite, seed=3)) in (1, 2)


def test_nothing_to_draw() -> None:
    logits = torch.full((3, 40), NOTHING)
    logits[1] = 0.0
    bitmask = torch.tensor([[-1, -1], [0, 0], [-1, -1]], dtype=torch.int32)
    found = mf.sample(logits, bitmask, return_removed=True)
    assert found.token_ids.tolist() == [-1, -1, -1] and found.log_removed.tolist() == [NOTHING, 0.0, NOTHING]
    assert mf.sample(torch.zeros(0, 40)).shape == (0,)
    assert mf.sample(torch.zeros(0, 40), return_removed=True).log_removed.shape == (0,)


def test_misuse() -> None:
    logits = torch.zeros(2, 40)
    bitmask = torch.zeros(2, 2, dtype=torch.int32)
    pool = pool_of(40, "cpu")
    for arguments, options in (
        ((logits.double(),), {}),
        ((logits.t(),), {}),
        (([1.0],), {}),
        ((logits, bitmask[:1]), {}),
        ((logits, bitmask.long()), {}),
        ((logits, pool.rows(1)), {}),
        ((logits,), {"temperature": -1.0}),
        ((logits,), {"temperature": float("nan")}),
        ((logits,), {"temperature": "hot"}),
        ((logits,), {"top_p": 1.5}),
        ((logits,), {"min_p": -0.1}),
        ((logits,), {"top_k": -1}),
        ((logits,), {"top_k": [1.5, 2.0]}),
        ((logits,), {"top_k": [1, 2, 3]}),
        ((logits,), {"temperature": True}),
        ((logits,), {"step": -1}),
    ):
        with pytest.raises(MisuseError):
            mf.sample(*arguments, **options)
    with pytest.raises(MisuseError):
        Sampler(0, 5, "cpu")
    with pytest.raises(MisuseError):
        Sampler(1, 5, "meta")
    with pytest.raises(MisuseError):
        Sampler(2, 41, "cpu").run(logits)
