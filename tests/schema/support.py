"""What the tests of schemas share: vocabularies, drivers, the data that lies beside the repository, and the oracle."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import maskforge as mf

SHARED = Path(os.environ.get("MASKFORGE_SHARED", Path(__file__).resolve().parents[3] / "shared"))
HERE = Path(__file__).resolve().parent
EOS = 256

DIALECTS = {
    "draft4": "http://json-schema.org/draft-04/schema#",
    "draft6": "http://json-schema.org/draft-06/schema#",
    "draft7": "http://json-schema.org/draft-07/schema#",
    "draft2019-09": "https://json-schema.org/draft/2019-09/schema",
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
}


def shared_folder(name: str) -> Path:
    """A folder of data that is not part of the repository; skips the test where it is absent."""
    folder = SHARED / name
    if not folder.exists():
        pytest.skip(f"{folder} is not there: set MASKFORGE_SHARED to the folder that holds {name}")
    return folder


@functools.cache
def byte_vocabulary() -> mf.Vocabulary:
    """Token b is byte b; 256 ends the sequence."""
    return mf.Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[EOS])


@functools.cache
def byte_compiler() -> mf.Compiler:
    return mf.Compiler(byte_vocabulary())


@functools.cache
def llama() -> mf.Vocabulary:
    """A vocabulary of 128,256 tokens; skips the test where its tokenizer is absent."""
    return llama_with_tokenizer()[0]


@functools.cache
def llama_with_tokenizer() -> tuple[mf.Vocabulary, Any]:
    transformers = pytest.importorskip("transformers")
    folder = shared_folder("tokenizers/llama3_1")
    config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), eos_token=config["eos_token"], clean_up_tokenization_spaces=False
    )
    return mf.Vocabulary.from_huggingface(tokenizer), tokenizer


@functools.cache
def llama_compiler() -> mf.Compiler:
    return mf.Compiler(llama())


def accepts(grammar: mf.Grammar, text: str | bytes) -> bool:
    """Whether the text as a whole is in the language."""
    data = text.encode() if isinstance(text, str) else text
    matcher = grammar.matcher()
    return matcher.accept_bytes(data) == len(data) and matcher.is_accepting()


def allows_tokens(grammar: mf.Grammar, text: str | bytes) -> bool:
    """Whether the masks of `llama_compiler()` allow each token of the text at its step, and end-of-sequence after it.

    Every mask on the way must agree with `accept_token` about the token, and allow some token: there are no dead ends.
    """
    vocabulary, tokenizer = llama_with_tokenizer()
    bitmask = mf.allocate_token_bitmask(1, vocabulary.size)
    words = bitmask.numpy()[0]
    matcher = grammar.matcher()
    decoded = text if isinstance(text, str) else text.decode()
    for position, token in enumerate([*tokenizer.encode(decoded, add_special_tokens=False), tokenizer.eos_token_id]):
        assert matcher.fill_next_token_bitmask(bitmask), f"nothing is allowed at token {position} of {decoded[:200]}"
        allowed = bool(words[token >> 5] >> (token & 31) & 1)
        assert matcher.accept_token(token) == allowed, f"mask and accept disagree at {position} of {decoded[:200]}"
        if not allowed:
            return False
    return True


def allows(schema: Any, text: str | bytes, **options: Any) -> bool:
    """As `accepts`, for a schema; one that no value satisfies allows nothing."""
    try:
        grammar = byte_compiler().json_schema(schema, **options)
    except mf.UnsatisfiableError:
        return False
    return accepts(grammar, text)


def oracle(schema: Any, registry: Any = None) -> jsonschema.protocols.Validator:
    """The validator of the schema's own dialect, 2020-12 by default, with formats asserted."""
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    options = {} if registry is None else {"registry": registry}
    return kind(schema, format_checker=kind.FORMAT_CHECKER, **options)


class Ratchet:
    """Counts in a committed file that may only get better. Run with MASKFORGE_UPDATE_BASELINES=1 to write new ones."""

    def __init__(self, name: str) -> None:
        self.path = HERE / f"{name}_baseline.json"
        self.counts: dict[str, Any] = json.loads(self.path.read_text()) if self.path.exists() else {}

    def check(self, key: str, reached: dict[str, int], more_is_better: tuple[str, ...]) -> None:
        if os.environ.get("MASKFORGE_UPDATE_BASELINES"):
            self.counts = json.loads(self.path.read_text()) if self.path.exists() else {}
            self.counts[key] = reached
            self.path.write_text(json.dumps(dict(sorted(self.counts.items())), indent=2) + "\n")
            return
        assert key in self.counts, f"no baseline for {key} in {self.path.name}"
        for name, count in reached.items():
            before = self.counts[key].get(name, 0)
            worse = count < before if name in more_is_better else count > before
            assert not worse, f"{key}: {name} was {before} and is now {count}"
