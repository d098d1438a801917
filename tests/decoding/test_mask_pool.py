"""Pooled masks on the CPU: what rows say is what was added, under any bounds; stale ids are errors."""

import random

import pytest
import torch

import maskforge as mf
from maskforge import MaskPool, MisuseError, _core
from tests.decoding.pool_cases import DTYPES, SHAPES, framed, masks_of, pool_of
from tests.decoding.reference import random_bitmask, reference_apply
from tests.matcher.support import SCHEMAS, WORDS, vocabulary


@pytest.mark.parametrize(("vocab", "width", "stride"), SHAPES)
def test_apply(vocab: int, width: int, stride: int) -> None:
    generator = torch.Generator().manual_seed(1)
    pool = pool_of(vocab, "cpu")
    masks = masks_of(vocab, generator)
    ids = [pool.add(mask) for mask in masks]
    assert all(torch.equal(pool.bitmask(mask_id), mask) for mask_id, mask in zip(ids, masks, strict=True))
    rows = pool.rows(20)
    rows.set([*ids, -1, *ids])
    for dtype in DTYPES:
        logits = torch.randn(2 * len(ids) + 1, width, generator=generator).to(dtype)
        places = [*range(len(ids)), *range(len(ids) + 1, 2 * len(ids) + 1)]
        expected = reference_apply(logits, torch.stack([*masks, *masks]), places)
        target, frame = framed(logits, stride, "cpu")
        mf.apply_masks_inplace(target, rows)
        assert torch.equal(target, expected)
        target.fill_(7.0)
        assert bool((frame == 7.0).all())
    rows.check()


def test_draft_rows_are_rows() -> None:
    pool = pool_of(100, "cpu")
    masks = [random_bitmask(1, 100, 0.5, torch.Generator().manual_seed(seed))[0] for seed in range(3)]
    ids = [pool.add(mask) for mask in masks]
    rows = pool.rows(6)
    rows.set([ids[0], ids[1], -1, ids[2], ids[2], ids[0]])
    logits = torch.randn(2, 3, 100)
    expected = logits.view(6, 100).clone()
    for row, place in ((0, 0), (1, 1), (3, 2), (4, 2), (5, 0)):
        expected[row] = reference_apply(expected[row : row + 1], masks[place][None])[0]
    drawn = mf.sample(logits, rows, temperature=0)
    mf.apply_masks_inplace(logits, rows)
    assert torch.equal(logits.view(6, 100), expected)
    assert drawn.tolist() == expected.argmax(dim=1).tolist()
    with pytest.raises(MisuseError, match="follow"):
        mf.apply_masks_inplace(torch.zeros(3, 2, 100).transpose(0, 1), rows)


@pytest.mark.parametrize(("masks", "bases"), [(64, 16), (5, 2), (1, 1), (30, 1)])
def test_any_bounds(masks: int, bases: int) -> None:
    """Rows are the masks that were asked for or an error, whatever was evicted, uploaded and overwritten before."""
    draw = random.Random(masks)
    generator = torch.Generator().manual_seed(masks)
    pool = pool_of(3000, "cpu", masks=masks, bases=bases)
    contents = [random_bitmask(1, 3000, draw.choice([0.005, 0.02, 0.5, 0.9]), generator)[0] for _ in range(10)]
    for mask in list(contents):
        near = mask.clone()
        near[draw.randrange(len(mask))] ^= draw.randrange(1 << 30)
        contents.append(near)
    known: dict[int, int] = {}
    rows = pool.rows(3)
    errors = 0
    for _ in range(300):
        places = [draw.randrange(len(contents)) for _ in range(3)]
        ids = [pool.add(contents[place]) for place in places]
        known.update(zip(ids, places, strict=True))
        if draw.random() < 0.3:
            old = draw.choice(list(known))
            ids[0], places[0] = old, known[old]
        before = rows.host_slots.tolist()
        try:
            rows.set(ids)
        except MisuseError as error:
            assert "stale" in str(error)
            assert rows.host_slots.tolist() == before
            errors += 1
            continue
        logits = torch.zeros(3, 3000)
        mf.apply_masks_inplace(logits, rows)
        expected = reference_apply(torch.zeros(3, 3000), torch.stack([contents[place] for place in places]))
        assert torch.equal(logits, expected)
    assert (errors > 0) == (masks < 64)


def test_uploads_happen_once() -> None:
    pool = pool_of(3000, "cpu")
    generator = torch.Generator().manual_seed(3)
    masks = [random_bitmask(1, 3000, density, generator)[0] for density in (0.01, 0.9, 0.5)]
    rows, more = pool.rows(3), pool.rows(3)
    rows.set([pool.add(mask) for mask in masks])
    assert pool.uploads == 5  # three masks, two bases
    addresses = [pool.flips.data_ptr(), pool.bases.data_ptr(), rows.slots.data_ptr()]
    for _ in range(5):
        rows.set([pool.add(mask) for mask in reversed(masks)])
        more.set([pool.add(masks[1])])
    assert pool.uploads == 5
    assert addresses == [pool.flips.data_ptr(), pool.bases.data_ptr(), rows.slots.data_ptr()]
    assert pool.memory_bytes() > 4 * pool.flips.numel()


def test_what_was_overwritten_is_refused() -> None:
    pool = pool_of(3000, "cpu", masks=1, bases=1)
    first, second = (random_bitmask(1, 3000, 0.5, torch.Generator().manual_seed(seed))[0] for seed in (1, 2))
    rows, other = pool.rows(1), pool.rows(1)
    rows.set([pool.add(first)])
    other.set([pool.add(second)])
    for use in (lambda: mf.apply_masks_inplace(torch.zeros(1, 3000), rows), lambda: mf.sample(torch.zeros(3000), rows)):
        with pytest.raises(MisuseError, match="evicted"):
            use()
    mf.apply_masks_inplace(torch.zeros(1, 3000), other)


def test_pool_of_a_compiler() -> None:
    compiler = mf.Compiler(vocabulary())
    grammar = compiler.json_schema(SCHEMAS[6])
    matchers = [grammar.matcher(), None, compiler.regex("(ab)+").matcher()]
    bitmask = mf.allocate_token_bitmask(2, len(WORDS))
    for row, matcher in enumerate([matchers[0], matchers[2]]):
        assert matcher is not None
        matcher.fill_next_token_bitmask(bitmask, row)
    expected = reference_apply(torch.zeros(3, len(WORDS)), bitmask, [0, 2])
    for source in (compiler, grammar, matchers[0], compiler.mask_pool):
        pool = MaskPool(source, "cpu")
        rows = pool.rows(3)
        rows.set(pool.ids(matchers))
        logits = torch.zeros(3, len(WORDS))
        mf.apply_masks_inplace(logits, rows)
        assert torch.equal(logits, expected)
    stranger = mf.Compiler(vocabulary()).regex("a").matcher()
    with pytest.raises(MisuseError, match="another compiler"):
        pool.ids([stranger])


def test_misuse() -> None:
    pool = pool_of(100, "cpu")
    mask = torch.full((4,), -1, dtype=torch.int32)
    rows = pool.rows(2)
    for wrong in ([1, 2, 3], [-2], [7], [1 << 62], [[1]]):
        with pytest.raises(MisuseError):
            rows.set(wrong)  # type: ignore[arg-type]
    for bits in (mask[:3], mask.long(), [1], mask[None]):
        with pytest.raises(MisuseError):
            pool.add(bits)  # type: ignore[arg-type]
    for call in (
        lambda: MaskPool("a", "cpu"),
        lambda: MaskPool(_core.MaskPool(4), "meta"),
        lambda: pool.rows(0),
        lambda: pool.bitmask(12345),
        lambda: mf.apply_masks_inplace(torch.zeros(3, 100), rows),
        lambda: mf.apply_masks_inplace(torch.zeros(2, 100).double(), rows),
        lambda: mf.apply_masks_inplace(torch.zeros(100, 2).t(), rows),
        lambda: mf.apply_masks_inplace(torch.zeros(2, 100), mask),  # type: ignore[arg-type]
        lambda: mf.apply_masks_inplace([1.0], rows),  # type: ignore[arg-type]
    ):
        with pytest.raises(MisuseError):
            call()
