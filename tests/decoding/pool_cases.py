"""Every case of the kernels of pooled masks and of sampling on one device: as a program in Triton's interpreter,
from tests/gpu on a GPU. With --quick only small shapes, and no frequencies: those the tests of the fallback count,
whose tokens the kernels must draw too.
"""

import sys
from typing import Any

import torch

from maskforge import MaskPool, MisuseError, Sampler, _core
from maskforge.decoding.kernels.apply_mask_ids import apply_mask_ids
from maskforge.decoding.kernels.plain import uniform
from maskforge.decoding.kernels.sample import sample
from tests.decoding.reference import (
    allowed_tokens,
    random_bitmask,
    reference_apply,
    reference_distribution,
    reference_draw,
)

DTYPES = (torch.float32, torch.float16, torch.bfloat16)
NOTHING = -float("inf")
# (vocabulary, width of the logits, their stride)
SHAPES = ((1, 1, 1), (31, 40, 64), (2048, 2048, 2048), (2049, 2049, 2060), (5000, 4900, 5024), (9000, 9100, 9100))
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"temperature": 0.0},
    {"temperature": 0.3},
    {"temperature": 2.0, "top_k": 1},
    {"top_k": 5},
    {"top_k": 300, "temperature": 3.0},
    {"top_p": 0.0},
    {"top_p": 0.5},
    {"top_p": 0.97, "temperature": 1.5},
    {"min_p": 0.05},
    {"min_p": 1.0},
    {"top_k": 40, "top_p": 0.8, "min_p": 0.02},
    {"top_k": 1 << 30, "top_p": 0.999999},
)


def masks_of(vocab: int, generator: torch.Generator) -> list[torch.Tensor]:
    """A mask of every form: none, one, few and many allowed, near to one another and not, all."""
    words = (vocab + 31) // 32
    one = torch.zeros(words, dtype=torch.int32)
    one[words // 2] = 1
    many = random_bitmask(1, vocab, 0.9, generator)[0]
    near = many.clone()
    near[0] ^= -1
    near[-1] ^= 5
    near[words // 3] ^= 1 << 30
    last = torch.zeros(words, dtype=torch.int32)
    last[(vocab - 1) // 32] = 1 << ((vocab - 1) % 32) if (vocab - 1) % 32 < 31 else -(2**31)
    few = random_bitmask(1, vocab, 0.01, generator)[0]
    some = random_bitmask(1, vocab, 0.03, generator)[0]
    return [torch.zeros_like(one), one, last, few, some, many, near, torch.full_like(one, -1)]


def pool_of(vocab: int, device: str, **limits: int) -> MaskPool:
    return MaskPool(_core.MaskPool((vocab + 31) // 32, **limits), device)


def framed(logits: torch.Tensor, stride: int, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """A strided copy of logits on the device, and the poisoned memory that it lies in."""
    frame = torch.full((len(logits), stride + 16), 7.0, dtype=logits.dtype, device=device)
    target = frame[:, 3 : 3 + logits.shape[1]]
    target.copy_(logits)
    return target, frame


def apply_cases(device: str, shapes: Any = SHAPES) -> int:
    generator = torch.Generator().manual_seed(11)
    count = 0
    for vocab, width, stride in shapes:
        pool = pool_of(vocab, device)
        masks = masks_of(vocab, generator)
        ids = [pool.add(mask) for mask in masks]
        rows = pool.rows(len(ids) + 3)
        rows.set([*ids, -1, ids[3]])
        for dtype in DTYPES:
            logits = torch.randn(len(ids) + 2, width, generator=generator).to(dtype)
            expected = reference_apply(logits, torch.stack([*masks, masks[3]]), [*range(len(ids)), len(ids) + 1])
            target, frame = framed(logits, stride, device)
            apply_mask_ids(target, rows)
            assert torch.equal(target.cpu(), expected), (vocab, width, dtype)
            target.fill_(7.0)
            assert bool((frame == 7.0).all())
            count += len(logits)
        rows.check()
    return count


def stale_cases(device: str) -> int:
    """A mask that was overwritten after the rows were set is refused on the device."""
    pool = pool_of(3000, device, masks=2, bases=1)
    generator = torch.Generator().manual_seed(12)
    masks = masks_of(3000, generator)
    rows = pool.rows(2)
    other = pool.rows(2)
    for first, second in ((masks[3], masks[4]), (masks[5], ~masks[5]), (masks[5], masks[3])):
        pool = pool_of(3000, device, masks=2, bases=1)
        rows, other = pool.rows(2), pool.rows(2)
        rows.set([-1, pool.add(first)])
        logits = torch.zeros(2, 3000, device=device)
        apply_mask_ids(logits, rows)
        rows.check()
        for mask in (second, masks[1], masks[2], second):  # all slots and bases change hands
            other.set([pool.add(mask)])
        logits = torch.zeros(2, 3000, device=device)
        sampler = Sampler(2, 3000, device)
        apply_mask_ids(logits, rows)
        assert bool((logits[1] == NOTHING).all()) and bool((logits[0] == 0).all())
        refused(rows)
        for removed in (False, True):
            sample(torch.zeros(2, 3000, device=device), sampler._buffers, rows=rows, removed=removed)
            assert sampler._buffers.token_ids.tolist()[1] == -1 and sampler._buffers.token_ids.tolist()[0] >= 0
            refused(rows)
        rows.check()  # said once
    return 3


def refused(rows: Any) -> None:
    try:
        rows.check()
    except MisuseError as error:
        assert "row 1 " in str(error)
        return
    raise AssertionError("a stale mask was taken")


DEFAULTS = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0}


def rotated(number: int, rows: int) -> list[dict[str, Any]]:
    """A setting for each row; over all numbers below len(SETTINGS) every row has every setting."""
    return [DEFAULTS | SETTINGS[(number + row) % len(SETTINGS)] for row in range(rows)]


def columns(settings: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [setting[name] for setting in settings] for name in DEFAULTS}


def sample_cases(device: str, shapes: Any = SHAPES, rounds: int = len(SETTINGS)) -> int:
    """Tokens equal those of the definition for the same random number; the logits stay as they are."""
    generator = torch.Generator().manual_seed(13)
    count = 0
    for vocab, width, stride in shapes:
        pool = pool_of(vocab, device)
        masks = masks_of(vocab, generator)
        ids = [pool.add(mask) for mask in masks]
        rows = pool.rows(len(ids) + 1)
        rows.set([*ids, -1])
        allowed = [allowed_tokens(mask, width) for mask in masks] + [torch.ones(width, dtype=torch.bool)]
        sampler = Sampler(len(allowed), width, device)
        buffers = sampler._buffers
        for number in range(rounds):
            settings = rotated(number, len(allowed))
            dtype = DTYPES[(number + width) % 3]
            logits = (torch.randn(len(allowed), width, generator=generator) * 3).to(dtype)
            if number % 4 == 1:  # ties, infinities, NaN
                logits = logits.round()
                logits[:, ::7] = NOTHING
                logits[:, 1::11] = float("nan")
            target, frame = framed(logits, stride, device)
            before = frame.clone()
            sampler.set(seed=[number * 1000 + row for row in range(len(allowed))], step=number, **columns(settings))
            cpu = [part.cpu() for part in (buffers.seeds, buffers.steps, buffers.streams)]
            numbers = uniform(*cpu)
            expected = []
            for row in range(len(allowed)):
                distribution = reference_distribution(logits[row], allowed[row], **settings[row])
                expected.append(reference_draw(distribution, float(numbers[row])))
            bitmask = torch.stack(masks).to(device)
            for way in range(4):
                buffers.token_ids.fill_(-7)
                buffers.log_removed.fill_(7.0)
                buffers.steps.fill_(number)
                if way < 2:
                    sample(target, buffers, rows=rows, removed=way == 1)
                    drawn = buffers.token_ids.tolist()
                    assert drawn == expected, (vocab, width, dtype, number, way, drawn, expected)
                elif way == 2:
                    sample(target[:-1], buffers, bitmask=bitmask, removed=True)
                    assert buffers.token_ids.tolist()[:-1] == expected[:-1], (vocab, width, dtype, number)
                else:
                    sample(target[-1:], buffers, removed=False)
                    assert buffers.token_ids.tolist()[1:] == [-7] * (len(allowed) - 1)
                if way in (1, 2):
                    check_removed(logits, allowed, settings, buffers.log_removed.cpu(), way)
            assert buffers.steps.tolist() == [number + 1] + [number] * (len(allowed) - 1)
            assert bool(((frame == before) | frame.isnan()).all())
            count += 4 * len(allowed)
        rows.check()
    return count


def check_removed(logits: torch.Tensor, allowed: Any, settings: Any, found: torch.Tensor, way: int) -> None:
    temperatures = torch.tensor([setting["temperature"] or 1.0 for setting in settings])
    x = logits.double().nan_to_num(nan=NOTHING, neginf=NOTHING) / temperatures[:, None]
    for row in range(len(allowed) - (way == 2)):
        total = torch.logsumexp(x[row], 0)
        dropped = torch.logsumexp(torch.where(allowed[row], NOTHING, x[row]), 0)
        exact = NOTHING if dropped == NOTHING else float(dropped - total)
        assert abs(float(found[row]) - exact) < 2e-5 * (1 + abs(exact)) or exact == float(found[row]), (
            row,
            exact,
            found,
        )


def list_cases(device: str, rounds: int = len(SETTINGS)) -> int:
    """Where every row has a list the first launch can be left out."""
    generator = torch.Generator().manual_seed(14)
    pool = pool_of(9000, device)
    masks = masks_of(9000, generator)[:5]
    rows = pool.rows(5)
    rows.set([pool.add(mask) for mask in masks])
    assert bool(pool.few_allowed(rows.host_slots).all())
    logits = torch.randn(5, 9000, generator=generator).to(device)
    sampler = Sampler(5, 9000, device)
    buffers = sampler._buffers
    for number in range(rounds):
        sampler.set(seed=5, **columns(rotated(number, 5)))
        buffers.peaks.fill_(float("nan"))  # nothing may come from there
        sample(logits, buffers, rows=rows, scan=False)
        without = buffers.token_ids.tolist()
        buffers.steps.fill_(0)
        sample(logits, buffers, rows=rows)
        assert without == buffers.token_ids.tolist()
    return 5 * rounds


def frequency_cases(device: str, draws: int) -> int:
    """Chi-squared of many rows with the same logits, each with a number of its own, against the exact distribution."""
    generator = torch.Generator().manual_seed(15)
    vocab = 40
    mask = random_bitmask(1, vocab, 0.7, generator)[0]
    logits = torch.randn(vocab, generator=generator) * 1.5
    for setting in ({"temperature": 1.3}, {"top_k": 9, "top_p": 0.9, "min_p": 0.03}):
        exact = reference_distribution(logits, allowed_tokens(mask, vocab), **setting)
        pool = pool_of(vocab, device)
        for rows in (None, pool.rows(draws)):
            sampler = Sampler(draws, vocab, device)
            sampler.set(seed=17, **setting)
            repeated = logits.expand(draws, vocab).contiguous().to(device)
            if rows is None:
                sample(repeated, sampler._buffers, bitmask=mask.expand(draws, -1).contiguous().to(device))
            else:
                rows.set([pool.add(mask)] * draws)
                sample(repeated, sampler._buffers, rows=rows)
            counts = torch.bincount(sampler._buffers.token_ids.cpu(), minlength=vocab).double()
            assert_distribution(counts, exact)
    return 2 * draws


def assert_distribution(counts: torch.Tensor, exact: torch.Tensor) -> None:
    """Pearson's test: the statistic is below what chance exceeds once in 10^5 times (Wilson and Hilferty's bound)."""
    draws = counts.sum()
    assert bool((counts[exact == 0] == 0).all())
    big = exact * draws >= 5
    expected = torch.cat([exact[big] * draws, (exact[~big].sum() * draws)[None]])
    found = torch.cat([counts[big], counts[~big].sum()[None]])
    if expected[-1] < 5:  # too few to say anything about: with the others
        expected = torch.cat([expected[:-2], expected[-2:].sum()[None]])
        found = torch.cat([found[:-2], found[-2:].sum()[None]])
    statistic = float(((found - expected) ** 2 / expected).sum())
    degrees = len(expected) - 1
    bound = degrees * (1 - 2 / (9 * degrees) + 4.265 * (2 / (9 * degrees)) ** 0.5) ** 3
    assert statistic < bound, (statistic, bound, degrees)


def run_cases(device: str, quick: bool) -> int:
    shapes = (SHAPES[3],) if quick else SHAPES
    rounds = 1 if quick else len(SETTINGS)
    return (
        apply_cases(device, shapes)
        + stale_cases(device)
        + sample_cases(device, shapes, rounds)
        + list_cases(device, rounds)
        + (0 if quick else frequency_cases(device, 300 if device == "cpu" else 100_000))
    )


if __name__ == "__main__":
    print(run_cases("cpu", quick="--quick" in sys.argv), "cases agree")
