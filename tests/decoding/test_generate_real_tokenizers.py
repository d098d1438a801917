"""Random models that speak through real tokenizers: what they say is in the grammar, by `re` and `jsonschema`."""

import json
import re
from functools import cache
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from maskforge import Compiler, LogitsProcessor, Vocabulary  # noqa: E402
from tests.decoding.tiny_models import tiny_llama  # noqa: E402
from tests.decoding.tokenizer_files import huggingface_tokenizer  # noqa: E402

PATTERN = r'\{"name": "[A-Z][a-zé]{2,8}", "n": -?[0-9]{1,6}\}'
# Without numbers: a random model can write zeros behind a decimal point for ever.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 12},
        "kind": {"enum": ["cat", "dog", True, None]},
        "tags": {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 3},
    },
    "required": ["name", "kind", "tags"],
    "additionalProperties": False,
}


@cache
def compiler(name: str, width: int) -> Compiler:
    return Compiler(Vocabulary.from_huggingface(huggingface_tokenizer(name), vocab_size=width))


def speak(name: str, width: int, prompts: list[str], processor: LogitsProcessor, **options: Any) -> list[str]:
    """What a random model of that width says after the prompts; no row may run into the limit."""
    tokenizer = huggingface_tokenizer(name)
    tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left"
    inputs = tokenizer(prompts, return_tensors="pt", padding=True)
    out = tiny_llama(0, vocab_size=width).generate(
        **inputs,
        logits_processor=[processor],
        max_new_tokens=400,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **options,
    )
    generated = out[:, inputs["input_ids"].shape[1] :]
    assert bool((generated == tokenizer.eos_token_id).any(dim=1).all())
    return list(tokenizer.batch_decode(generated, skip_special_tokens=True, clean_up_tokenization_spaces=False))


WIDTHS = {"gpt2": 50304, "qwen3": 151936, "llama3_1": 128256}
PROMPTS = ["Say something:", "And now something completely different, please:"]
OPTIONS: dict[str, dict[str, Any]] = {
    "greedy": {"do_sample": False},
    "sampling": {"do_sample": True, "num_return_sequences": 2},
    "beams": {"do_sample": False, "num_beams": 3, "num_return_sequences": 3},
}


@pytest.mark.parametrize("mode", OPTIONS)
@pytest.mark.parametrize("name", WIDTHS)
def test_regex(name: str, mode: str) -> None:
    torch.manual_seed(0)
    processor = LogitsProcessor(compiler(name, WIDTHS[name]).regex(PATTERN))
    for text in speak(name, WIDTHS[name], PROMPTS, processor, **OPTIONS[mode]):
        assert re.fullmatch(PATTERN, text, re.ASCII), text


@pytest.mark.parametrize("sample", (False, True))
def test_assistant_with_another_tokenizer(sample: bool) -> None:
    torch.manual_seed(0)
    processor = LogitsProcessor(compiler("gpt2", WIDTHS["gpt2"]).regex(PATTERN))
    for _ in range(2):
        for prompt in PROMPTS:
            texts = speak(
                *("gpt2", WIDTHS["gpt2"], [prompt], processor),
                do_sample=sample,
                assistant_model=tiny_llama(1, vocab_size=WIDTHS["qwen3"]),
                tokenizer=huggingface_tokenizer("gpt2"),
                assistant_tokenizer=huggingface_tokenizer("qwen3"),
            )
            assert re.fullmatch(PATTERN, texts[0], re.ASCII), texts


@pytest.mark.parametrize("mode", OPTIONS)
@pytest.mark.parametrize("name", WIDTHS)
def test_json_schema(name: str, mode: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    torch.manual_seed(0)
    grammar = compiler(name, WIDTHS[name]).json_schema(SCHEMA, whitespace="compact")
    for text in speak(name, WIDTHS[name], PROMPTS, LogitsProcessor(grammar), **OPTIONS[mode]):
        jsonschema.validate(json.loads(text), SCHEMA)


def test_assisted_json() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    width = WIDTHS["gpt2"]
    processor = LogitsProcessor(compiler("gpt2", width).json_schema(SCHEMA, whitespace="compact"))
    for options in ({"prompt_lookup_num_tokens": 4}, {"assistant_model": tiny_llama(2, vocab_size=width)}):
        for prompt in PROMPTS:
            for sample in (False, True):
                torch.manual_seed(1)
                texts = speak("gpt2", width, [prompt], processor, do_sample=sample, **options)
                jsonschema.validate(json.loads(texts[0]), SCHEMA)
