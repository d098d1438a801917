"""Random models through `generate` in every decoding mode: what comes out is in the grammar.

A finished text must match the pattern by Python's `re`; one that the length limit cut off must be a viable prefix.
"""

import re
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from maskforge import Compiler, LogitsProcessor, Vocabulary  # noqa: E402
from tests.decoding.tiny_models import BOS, EOS, PAD, SIZE, tiny_llama, tokens  # noqa: E402

VOCABULARY = Vocabulary.from_tokens(tokens(), EOS)
COMPILER = Compiler(VOCABULARY)
SENTENCE = r"(yes|no|maybe)( [a-z]{1,5}){2,6}!"
NUMBER = r"-?[0-9]{3,12}(\.[0-9]{1,4})?"
SHORT = r"yes|no"
PATTERNS = (SENTENCE, NUMBER, SHORT)
GRAMMARS = {pattern: COMPILER.regex(pattern) for pattern in PATTERNS}
PROMPTS = torch.tensor([[PAD, PAD, BOS, 40, 41], [BOS, 50, 51, 52, 53]])  # left-padded
MASK = (PROMPTS != PAD).long()


def check(pattern: str, generated: Any, finished: bool | None = None) -> bytes:
    """The generated ids of one row: in the grammar, nothing but padding after its end."""
    ids = generated.tolist()
    ended = EOS in ids
    text_ids = ids[: ids.index(EOS)] if ended else ids
    if ended:
        assert set(ids[len(text_ids) + 1 :]) <= {EOS, PAD}
    while not ended and text_ids and text_ids[-1] == PAD:
        text_ids = text_ids[:-1]
    text = VOCABULARY.decode(text_ids)
    if ended:
        assert re.fullmatch(pattern.encode(), text), text
    matcher = GRAMMARS[pattern].matcher()
    assert matcher.validate_tokens(text_ids) == len(text_ids), text
    if finished is not None:
        assert ended == finished, text
    return text


GREEDY: dict[str, Any] = {"do_sample": False}
MODES: dict[str, dict[str, Any]] = {
    "greedy": GREEDY,
    "greedy without cache": {"do_sample": False, "use_cache": False},
    "sampling": {"do_sample": True, "top_k": 0},
    "sampling, hot": {"do_sample": True, "top_k": 50, "temperature": 3.0},
    "several samples": {"do_sample": True, "num_return_sequences": 3},
    "beams": {"do_sample": False, "num_beams": 4},
    "all beams": {"do_sample": False, "num_beams": 4, "num_return_sequences": 4},
    "beams, early": {"do_sample": False, "num_beams": 3, "early_stopping": True, "num_return_sequences": 2},
    "sampled beams": {"do_sample": True, "num_beams": 3},
    "repetition penalty": {"do_sample": False, "repetition_penalty": 1.5},
    "min_new_tokens": {"do_sample": True, "min_new_tokens": 8},
}


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("mode", MODES)
def test_batched_modes(mode: str, pattern: str) -> None:
    options = MODES[mode]
    processor = LogitsProcessor(GRAMMARS[pattern])
    for seed in range(3):
        torch.manual_seed(seed)
        out = tiny_llama(seed).generate(
            PROMPTS, attention_mask=MASK, logits_processor=[processor], max_new_tokens=60, **options
        )
        assert len(out) == len(PROMPTS) * options.get("num_return_sequences", 1)
        few = pattern == SHORT and mode == "all beams"  # four beams, two texts: the others are cut off
        for row, generated in enumerate(out[:, PROMPTS.shape[1] :]):
            if not few or row % 4 < 2:
                check(pattern, generated)


ASSISTED: dict[str, dict[str, Any]] = {
    "prompt lookup": {"prompt_lookup_num_tokens": 3},
    "prompt lookup, long": {"prompt_lookup_num_tokens": 10, "max_matching_ngram_size": 1},
    "assistant": {"assistant_model": 7},
    "the model as its own assistant": {"assistant_model": 0},
    "early exit": {"assistant_early_exit": 1},
}


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("sample", (False, True))
@pytest.mark.parametrize("mode", ASSISTED)
def test_assisted_modes(mode: str, sample: bool, pattern: str) -> None:
    options = dict(ASSISTED[mode])
    if "assistant_model" in options:
        options["assistant_model"] = tiny_llama(options["assistant_model"])
    processor = LogitsProcessor(GRAMMARS[pattern])
    for seed in range(3):
        torch.manual_seed(seed)
        prompt = PROMPTS[1:] + seed
        out = tiny_llama(0).generate(
            prompt, logits_processor=[processor], max_new_tokens=60, do_sample=sample, **options
        )
        check(pattern, out[0, prompt.shape[1] :])
        if not sample:  # assistance changes the speed, not the text
            alone = tiny_llama(0).generate(
                prompt, logits_processor=[LogitsProcessor(GRAMMARS[pattern])], max_new_tokens=60, do_sample=False
            )
            assert out.tolist() == alone.tolist()


def test_drafts_are_accepted() -> None:
    """The assistant sees the mask, so a model that assists itself is always right: few calls of the target."""
    calls = 0

    def count(*_: Any) -> None:
        nonlocal calls
        calls += 1

    model, assistant = tiny_llama(0), tiny_llama(1000)  # of its own, so that the hook counts one of them
    assistant.load_state_dict(model.state_dict())
    assistant.generation_config.assistant_confidence_threshold = 0.0
    hook = model.register_forward_hook(count)
    try:
        out = model.generate(
            PROMPTS[1:],
            logits_processor=[LogitsProcessor(GRAMMARS[SENTENCE])],
            max_new_tokens=40,
            do_sample=False,
            assistant_model=assistant,
        )
    finally:
        hook.remove()
    check(SENTENCE, out[0, PROMPTS.shape[1] :])
    assert calls < (out.shape[1] - PROMPTS.shape[1]) / 2


@pytest.mark.parametrize("mode", ("greedy", "several samples", "all beams"))
def test_one_grammar_for_each_prompt(mode: str) -> None:
    patterns = (SENTENCE, NUMBER)
    processor = LogitsProcessor([GRAMMARS[pattern] for pattern in patterns])
    out = tiny_llama(1).generate(
        PROMPTS, attention_mask=MASK, logits_processor=[processor], max_new_tokens=60, **MODES[mode]
    )
    each = len(out) // len(PROMPTS)
    for row, generated in enumerate(out[:, PROMPTS.shape[1] :]):
        check(patterns[row // each], generated)


def test_rows_without_a_grammar_are_left_alone() -> None:
    free = tiny_llama(1).generate(PROMPTS, attention_mask=MASK, max_new_tokens=20, do_sample=False)
    out = tiny_llama(1).generate(
        PROMPTS,
        attention_mask=MASK,
        logits_processor=[LogitsProcessor([None, GRAMMARS[NUMBER]])],
        max_new_tokens=20,
        do_sample=False,
    )
    assert out[0].tolist() == free[0].tolist()
    check(NUMBER, out[1, PROMPTS.shape[1] :])


def test_one_processor_for_many_calls() -> None:
    """Other prompts, other lengths, a conversation that grows: the same texts as with a fresh processor."""
    shared = LogitsProcessor(GRAMMARS[SENTENCE])
    model = tiny_llama(2)
    prompt = PROMPTS[1:]
    for turn in range(6):
        out = model.generate(prompt, logits_processor=[shared], max_new_tokens=30, do_sample=False)
        fresh = model.generate(
            prompt, logits_processor=[LogitsProcessor(GRAMMARS[SENTENCE])], max_new_tokens=30, do_sample=False
        )
        assert out.tolist() == fresh.tolist()
        check(SENTENCE, out[0, prompt.shape[1] :])
        if turn == 2:
            prompt = torch.tensor([[BOS, 60 + turn]])  # shorter
        else:
            prompt = torch.cat([out, torch.tensor([[60 + turn, 61, 62]])], dim=1)
    # A batch after a single row, and the same batch again.
    for _ in range(2):
        out = model.generate(PROMPTS, attention_mask=MASK, logits_processor=[shared], max_new_tokens=30, do_sample=True)
        for generated in out[:, PROMPTS.shape[1] :]:
            check(SENTENCE, generated)


def test_a_prompt_that_is_another_and_one_token_more() -> None:
    """Looks like a first generated token of the other, but is none that the grammar allows."""
    shared = LogitsProcessor(GRAMMARS[NUMBER])
    for prompt in ([BOS, 50], [BOS, 50, 60], [BOS, 50, 60, 61], [BOS, 50]):
        ids = torch.tensor([prompt])
        out = tiny_llama(3).generate(ids, logits_processor=[shared], max_new_tokens=30, do_sample=False)
        assert check(NUMBER, out[0, len(prompt) :])


def test_prompt_length_and_reset() -> None:
    """Both say that an output fed back in is a new prompt, or that it is not."""
    model, grammar = tiny_llama(2), GRAMMARS[SENTENCE]
    prompt = PROMPTS[1:]
    begun = model.generate(prompt, logits_processor=[LogitsProcessor(grammar)], max_new_tokens=6, do_sample=False)
    length = prompt.shape[1]
    # A fresh processor that is told where the text began goes on with it.
    processor = LogitsProcessor(grammar, prompt_length=length)
    out = model.generate(begun, logits_processor=[processor], max_new_tokens=40, do_sample=False)
    check(SENTENCE, out[0, length:])
    # So does the same processor, untold.
    shared = LogitsProcessor(grammar)
    begun = model.generate(prompt, logits_processor=[shared], max_new_tokens=6, do_sample=False)
    assert model.generate(begun, logits_processor=[shared], max_new_tokens=40, do_sample=False).tolist() == out.tolist()
    # After a reset it begins a new text.
    shared.reset()
    out = model.generate(begun, logits_processor=[shared], max_new_tokens=40, do_sample=False)
    check(SENTENCE, out[0, begun.shape[1] :])


def test_model_wider_than_its_tokenizer() -> None:
    wide = tiny_llama(4, vocab_size=SIZE + 37)
    for mode in ("greedy", "several samples", "all beams"):
        out = wide.generate(
            PROMPTS,
            attention_mask=MASK,
            logits_processor=[LogitsProcessor(GRAMMARS[SENTENCE])],
            max_new_tokens=40,
            **MODES[mode],
        )
        for generated in out[:, PROMPTS.shape[1] :]:
            check(SENTENCE, generated)


def test_padding_with_the_end_of_sequence_id() -> None:
    out = tiny_llama(5).generate(
        PROMPTS,
        attention_mask=MASK,
        logits_processor=[LogitsProcessor([GRAMMARS[SHORT], GRAMMARS[SENTENCE]])],
        max_new_tokens=60,
        do_sample=True,
        pad_token_id=EOS,
    )
    check(SHORT, out[0, PROMPTS.shape[1] :], finished=True)
    check(SENTENCE, out[1, PROMPTS.shape[1] :])


def test_texts_end_where_they_must() -> None:
    """With room enough every row ends by itself."""
    for pattern in PATTERNS:
        out = tiny_llama(6).generate(
            PROMPTS, attention_mask=MASK, logits_processor=[LogitsProcessor(GRAMMARS[pattern])], max_new_tokens=80
        )
        for generated in out[:, PROMPTS.shape[1] :]:
            check(pattern, generated, finished=True)


def test_few_states_are_enough() -> None:
    """A bound on the states costs work, never the text."""
    for mode, options in {**MODES, "assistant": {"assistant_model": tiny_llama(7), "do_sample": False}}.items():
        prompts, mask = (PROMPTS[1:], MASK[1:]) if mode == "assistant" else (PROMPTS, MASK)
        outputs = []
        for max_states in (1, 20, 8192):
            torch.manual_seed(1)
            processor = LogitsProcessor(GRAMMARS[SENTENCE], max_states=max_states)
            out = tiny_llama(0).generate(
                prompts, attention_mask=mask, logits_processor=[processor], max_new_tokens=40, **options
            )
            outputs.append(out.tolist())
        assert outputs[0] == outputs[1] == outputs[2], mode


def test_embeddings_instead_of_ids() -> None:
    model = tiny_llama(0)
    processor = LogitsProcessor(GRAMMARS[SENTENCE])
    for _ in range(2):
        out = model.generate(
            inputs_embeds=model.get_input_embeddings()(PROMPTS),
            attention_mask=MASK,
            logits_processor=[processor],
            max_new_tokens=60,
            do_sample=True,
        )
        for generated in out:
            check(SENTENCE, generated)


def test_scores_and_logits_of_generate() -> None:
    """What `generate` records before the processor keeps its values."""
    options: dict[str, Any] = {"max_new_tokens": 10, "do_sample": False, "return_dict_in_generate": True}
    out = tiny_llama(0).generate(
        PROMPTS,
        attention_mask=MASK,
        logits_processor=[LogitsProcessor(GRAMMARS[SENTENCE])],
        output_logits=True,
        output_scores=True,
        **options,
    )
    for logits, scores in zip(out.logits, out.scores, strict=True):
        assert bool(torch.isfinite(logits).all())
        kept = scores != -float("inf")
        assert bool(kept.any(dim=1).all()) and torch.equal(scores[kept], logits[kept])
