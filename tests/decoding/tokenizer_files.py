"""The tokenizers that tests run on: real ones where they are at hand, and a small one that is always there."""

import importlib.util
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(os.environ.get("MASKFORGE_SHARED", Path(__file__).resolve().parents[3] / "shared"))
HUGGINGFACE = ("llama3_1", "qwen3", "gpt2")
TEKKEN = ("tekken_240718.json", "tekken_240911.json")
SENTENCEPIECE = ("tokenizer.model.v1", "mistral_instruct_tokenizer_240323.model.v3")


@cache
def huggingface_tokenizer(name: str) -> Any:
    transformers = pytest.importorskip("transformers")
    folder = SHARED / "tokenizers" / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: set MASKFORGE_SHARED to the folder that holds tokenizers/")
    config = json.loads((folder / "tokenizer_config.json").read_text())
    return transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), eos_token=config["eos_token"], clean_up_tokenization_spaces=False
    )


def mistral_file(name: str) -> Path:
    # Found without importing the package, which takes seconds.
    spec = importlib.util.find_spec("mistral_common")
    if spec is None or spec.origin is None:
        pytest.skip("mistral-common is not installed")
    path = Path(spec.origin).parent / "data" / name
    if not path.is_file():
        pytest.skip(f"this mistral-common has no {name}")
    return path


@cache
def sentencepiece_processor(name: str) -> Any:
    sentencepiece = pytest.importorskip("sentencepiece")
    return sentencepiece.SentencePieceProcessor(model_file=str(mistral_file(name)))


@cache
def tekken_tokenizer(name: str) -> Any:
    pytest.importorskip("mistral_common")
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer

    return Tekkenizer.from_file(mistral_file(name))


# Text in many scripts, with bytes that tokenizers cut inside of characters.
TEXTS = (
    '{"name": "Zoë", "tags": ["a", "b"], "n": -1.5e+10, "ok": true, "none": null}',
    "  two spaces,\ttab\r\nnewlines\n\n\n   and trailing   ",
    "Ünïcödé – naïve café, 東京, Москва, القاهرة, हिन्दी, 한국어, ไทย",
    "emoji 👩‍👩‍👧‍👦 🏳️‍🌈 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \u0000\u0001\u007f",
    "def f(x):\n    return x ** 2  # ¡ünïcode! <|endoftext|> <s> [INST] ▁ Ġ <0x41>",
)
