"""The logits processor says the same by mask ids, as on a GPU, as by bitmasks, in every decoding mode."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from maskforge import Compiler, LogitsProcessor, _core  # noqa: E402
from maskforge.decoding import logits_processor  # noqa: E402
from tests.decoding.test_logits_processor import GRAMMARS, MASK, MODES, PROMPTS, SENTENCE, SHORT, VOCABULARY  # noqa: E402
from tests.decoding.tiny_models import PAD, SIZE, tiny_llama  # noqa: E402


class Both(transformers.LogitsProcessor):
    """Asks two processors, one of them with pooled masks, and compares."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, grammar: Any) -> None:
        self.patch = monkeypatch
        self.plain, self.pooled = LogitsProcessor(grammar), LogitsProcessor(grammar)
        self.calls = 0

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        expected = self.plain(input_ids, scores)
        with self.patch.context() as patch:
            patch.setattr(logits_processor, "_POOLED", {"cpu"})
            found = self.pooled(input_ids, scores)
        assert torch.equal(found, expected)
        self.calls += 1
        return expected


def pools(processor: LogitsProcessor) -> list[Any]:
    return list(processor._pooled.values())


@pytest.mark.parametrize("mode", MODES)
def test_every_mode(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    both = Both(monkeypatch, [GRAMMARS[SENTENCE], None if "beam" not in mode else GRAMMARS[SHORT]])
    tiny_llama(1).generate(
        PROMPTS,
        attention_mask=MASK,
        pad_token_id=PAD,
        max_new_tokens=20,
        logits_processor=transformers.LogitsProcessorList([both]),
        **MODES[mode],
    )
    assert both.calls > 3 and len(pools(both.pooled)) == 1 and not pools(both.plain)


def test_rows_that_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    both = Both(monkeypatch, GRAMMARS[SENTENCE])
    for count in (1, 9, 30, 2):
        both(torch.ones(count, 3, dtype=torch.int64), torch.randn(count, SIZE + 5))
    assert pools(both.pooled)[0].capacity >= 30


def test_a_pool_without_room_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = _core.Engine(VOCABULARY.core, pool_masks=1, pool_bases=1, owner=VOCABULARY)
    patterns = [SENTENCE, SHORT, "[0-9]{3}"]
    both = Both(monkeypatch, [engine.regex(pattern) for pattern in patterns])
    both(torch.ones(3, 2, dtype=torch.int64), torch.randn(3, SIZE))
    both(torch.ones(6, 2, dtype=torch.int64), torch.randn(6, SIZE))
    assert both.calls == 2


def test_grammars_of_two_compilers_take_bitmasks(monkeypatch: pytest.MonkeyPatch) -> None:
    both = Both(monkeypatch, [GRAMMARS[SENTENCE], Compiler(VOCABULARY).regex(SHORT)])
    both(torch.ones(2, 2, dtype=torch.int64), torch.randn(2, SIZE))
    assert not pools(both.pooled)
