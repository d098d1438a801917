"""Pooled masks and masked sampling on a GPU: the cases of the interpreter, and what only a GPU has: streams, graphs and
large tensors.
"""

import pytest

torch = pytest.importorskip("torch")
if not torch.cuda.is_available():
    pytest.skip("there is no CUDA device", allow_module_level=True)
pytest.importorskip("triton")

import maskforge as mf  # noqa: E402
from maskforge import MaskPool, MisuseError, Sampler, _core  # noqa: E402
from tests.decoding.pool_cases import masks_of, pool_of, run_cases  # noqa: E402
from tests.decoding.reference import random_bitmask, reference_apply  # noqa: E402
from tests.matcher.support import compile_all, vocabulary  # noqa: E402


def test_kernels() -> None:
    assert run_cases("cuda", quick=False) > 1000


@pytest.mark.parametrize("dtype", (torch.float32, torch.float16, torch.bfloat16))
def test_real_widths(dtype: torch.dtype) -> None:
    for vocab, width in ((128_256, 128_256), (128_257, 128_512), (262_144, 262_144)):
        generator = torch.Generator().manual_seed(6)
        pool = pool_of(vocab, "cuda")
        masks = masks_of(vocab, generator)
        rows = pool.rows(len(masks) + 1)
        rows.set([-1, *(pool.add(mask) for mask in masks)])
        logits = torch.randn(len(masks) + 1, width, generator=generator).to(dtype)
        expected = reference_apply(logits, torch.stack(masks), range(1, len(masks) + 1))
        on_device = logits.cuda()
        drawn = mf.sample(on_device, rows, temperature=0)
        mf.apply_masks_inplace(on_device, rows)
        assert torch.equal(on_device.cpu(), expected)
        greedy = [row.argmax().item() if row.max() > -float("inf") else -1 for row in expected]
        assert drawn.tolist() == greedy
        for setting in ({}, {"top_k": 50, "top_p": 0.9, "temperature": 0.7}, {"min_p": 0.05}):
            for row, token in enumerate(mf.sample(logits.cuda(), rows, seed=3, **setting).tolist()):
                assert token == -1 or expected[row, token] > -float("inf")
        rows.check()


def test_the_cpu_draws_the_same() -> None:
    """Up to the rounding of probabilities: of 2,000 draws at most a few may differ."""
    generator = torch.Generator().manual_seed(7)
    vocab = 50_000
    masks = masks_of(vocab, generator)[1:]
    logits = torch.randn(len(masks), vocab, generator=generator) * 3
    found = []
    for device in ("cpu", "cuda"):
        pool = pool_of(vocab, device)
        rows = pool.rows(len(masks))
        rows.set([pool.add(mask) for mask in masks])
        here = logits.to(device)
        drawn = [mf.sample(here, rows, seed=1, step=step, top_p=0.9, temperature=1.2).tolist() for step in range(300)]
        found.append(torch.tensor(drawn))
    assert int((found[0] != found[1]).sum()) <= 3


def test_beyond_two_to_the_31_elements() -> None:
    vocab, batch = 262_144, 8_200
    if torch.cuda.mem_get_info()[0] < 3 * 2 * vocab * batch:
        pytest.skip("the card has not enough memory free")
    pool = pool_of(vocab, "cuda")
    mask = random_bitmask(1, vocab, 0.5, torch.Generator().manual_seed(8))[0]
    logits = torch.zeros(batch, vocab, dtype=torch.bfloat16, device="cuda")
    rows = pool.rows(batch)
    rows.set([-1] * (batch - 1) + [pool.add(mask)])
    mf.apply_masks_inplace(logits, rows)
    assert torch.equal(logits[-1:].cpu(), reference_apply(torch.zeros(1, vocab).bfloat16(), mask[None]))
    assert bool((logits[:-1] == 0).all())
    logits[-1] = 0
    bitmask = mask[None].cuda()
    mf.apply_token_bitmask_inplace(logits, bitmask, [batch - 1])
    assert torch.equal(logits[-1:].cpu(), reference_apply(torch.zeros(1, vocab).bfloat16(), mask[None]))
    assert bool((logits[:-1] == 0).all())
    assert int(mf.sample(logits, rows, temperature=0)[-1]) == int(logits[-1].float().argmax())


def test_graph() -> None:
    """Captured once, replayed with other masks, logits and steps: the same tokens as without a graph."""
    generator = torch.Generator().manual_seed(9)
    vocab, batch = 40_000, 7
    pool = pool_of(vocab, "cuda")
    ids = [pool.add(mask) for mask in masks_of(vocab, generator)[1:]]
    rows, plain_rows = pool.rows(batch), pool.rows(batch)
    sampler, plain = Sampler(batch, vocab, "cuda"), Sampler(batch, vocab, "cuda")
    for one in (sampler, plain):
        one.set(seed=11, temperature=0.9, top_p=0.95)
    logits = torch.randn(batch, vocab, generator=generator).cuda()
    masked = logits.clone()

    def step() -> torch.Tensor:
        mf.apply_masks_inplace(masked, rows)
        return sampler.run(logits, rows, removed=True)

    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        rows.set(ids[:batch])
        step()  # compiles
    stream.synchronize()
    sampler.set(seed=11, temperature=0.9, top_p=0.95)
    graph = torch.cuda.CUDAGraph()
    torch.cuda.synchronize()
    with torch.cuda.graph(graph):
        tokens = step()
    for turn in range(5):
        order = [ids[(turn + row) % len(ids)] if (turn + row) % 5 else -1 for row in range(batch)]
        logits.copy_(torch.randn(batch, vocab, generator=generator))
        masked.copy_(logits)
        rows.set(order)
        plain_rows.set(order)
        graph.replay()
        expected = logits.clone()
        mf.apply_masks_inplace(expected, plain_rows)
        assert torch.equal(masked, expected)
        assert torch.equal(plain.run(logits, plain_rows, removed=True), tokens)
        assert torch.equal(plain.log_removed, sampler.log_removed)
    rows.check()


def test_a_stale_replay_is_refused() -> None:
    pool = MaskPool(_core.MaskPool(100, masks=1, bases=1), "cuda")
    first, second = (random_bitmask(1, 3200, 0.5, torch.Generator().manual_seed(seed))[0] for seed in (1, 2))
    rows, other = pool.rows(1), pool.rows(1)
    logits = torch.zeros(1, 3200, device="cuda")
    rows.set([pool.add(first)])
    mf.apply_masks_inplace(logits, rows)
    graph = torch.cuda.CUDAGraph()
    torch.cuda.synchronize()
    with torch.cuda.graph(graph):
        mf.apply_masks_inplace(logits, rows)
    other.set([pool.add(second)])
    graph.replay()
    assert bool((logits == -float("inf")).all())
    with pytest.raises(MisuseError, match="row 0 "):
        rows.check()


def test_steps_that_run_ahead() -> None:
    """The host sets rows far ahead of the device; every launch sees its own."""
    vocab = 5_000
    pool = pool_of(vocab, "cuda", masks=3, bases=1)
    generator = torch.Generator().manual_seed(10)
    masks = [random_bitmask(1, vocab, density, generator)[0] for density in (0.001, 0.5, 0.02, 0.9, 0.01)]
    rows = pool.rows(1)
    busy = torch.randn(4096, 4096, device="cuda")
    found = []
    for turn in range(60):
        busy = busy @ busy * 1e-3
        rows.set([pool.add(masks[turn % len(masks)])])
        logits = torch.zeros(1, vocab, device="cuda")
        mf.apply_masks_inplace(logits, rows)
        found.append(logits)
    rows.check()
    for turn, logits in enumerate(found):
        assert torch.equal(logits.cpu(), reference_apply(torch.zeros(1, vocab), masks[turn % len(masks)][None]))


def test_matchers() -> None:
    compiler = mf.Compiler(vocabulary())
    matchers = [grammar.matcher() for grammar in compile_all(compiler)]
    pool = MaskPool(compiler, "cuda")
    rows = pool.rows(len(matchers))
    logits = torch.randn(len(matchers), compiler.vocabulary.size, device="cuda")
    for step in range(20):
        rows.set(pool.ids(matchers))
        tokens = mf.sample(logits, rows, seed=1, step=step).tolist()
        for matcher, token in zip(matchers, tokens, strict=True):
            assert matcher.is_terminated() or matcher.accept_token(token)


def test_mappings_on_the_device_are_not_read() -> None:
    logits = torch.zeros(4, 5_000, device="cuda")
    bitmask = torch.zeros(2, 157, dtype=torch.int32, device="cuda")
    mapping = torch.tensor([3, -1], dtype=torch.int32, device="cuda")
    mf.apply_token_bitmask_inplace(logits, bitmask, mapping)
    graph = torch.cuda.CUDAGraph()
    torch.cuda.synchronize()
    with torch.cuda.graph(graph):
        mf.apply_token_bitmask_inplace(logits, bitmask, mapping)
    logits.zero_()
    graph.replay()
    assert (logits == 0).all(dim=1).tolist() == [True, True, True, False]
    logits.zero_()
    mask_rows = torch.tensor([1, -1, 0, 5], dtype=torch.int32, device="cuda")
    mf.apply_token_bitmask_inplace(logits, bitmask, mask_rows=mask_rows)
    assert (logits == 0).all(dim=1).tolist() == [False, True, False, True]
