"""llama.cpp's grammars (PyPI: llama-cpp-python), with a model file that holds nothing but the vocabulary."""

from __future__ import annotations

import ctypes
import json
import tempfile
from importlib.metadata import version
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from maskforge.jsonschemabench.engines.base import Refused, Run, SetupFailed


class LlamaCpp:
    """The grammar sampler applied to all candidates, which is how a full mask is had from it."""

    name = "llama.cpp"

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        import llama_cpp
        import numpy as np

        self.version = f"llama-cpp-python {version('llama-cpp-python')}"
        self._library = llama_cpp
        self._silent = llama_cpp.llama_log_callback(lambda level, text, data: None)  # kept: C holds the pointer
        llama_cpp.llama_log_set(self._silent, ctypes.c_void_p(0))
        start = perf_counter_ns()
        llama_cpp.llama_backend_init()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "vocabulary.gguf"
            write_vocabulary(tokenizer, vocab_size, path)
            parameters = llama_cpp.llama_model_default_params()
            parameters.vocab_only = True
            self._model = llama_cpp.llama_model_load_from_file(str(path).encode(), parameters)
        if not self._model:
            raise SetupFailed("llama.cpp does not load the vocabulary")
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        entry = np.dtype([("id", np.intc), ("logit", np.single), ("p", np.single)], align=True)
        self._candidates = np.zeros(vocab_size, dtype=entry)
        self._candidates["id"] = np.arange(vocab_size)
        self._array = llama_cpp.llama_token_data_array(
            data=self._candidates.ctypes.data_as(llama_cpp.llama_token_data_p),
            size=vocab_size,
            selected=-1,
            sorted=False,
        )
        self.setup_ns = perf_counter_ns() - start

    def begin_schema(self) -> None:
        pass

    def _sampler(self, grammar: bytes) -> Any:
        return self._library.llama_sampler_init_grammar(self._vocabulary, grammar, b"root")

    def compile(self, schema_text: str) -> Any:
        try:
            grammar = self._library.LlamaGrammar.from_json_schema(schema_text, verbose=False)._grammar.encode()
        except Exception as error:  # its converter raises what it comes across: ValueError, KeyError, AssertionError
            raise Refused(f"{type(error).__name__}: {error}") from None
        sampler = self._sampler(grammar)
        if not sampler:
            raise Refused("llama.cpp does not parse the grammar that was made from the schema")
        return _Grammar(self._library, sampler)

    def begin(self, compiled: Any, address: int, words: int) -> Run:
        import numpy as np

        library, array, candidates = self._library, ctypes.byref(self._array), self._candidates
        running = compiled.clone()
        bitmask = np.frombuffer((ctypes.c_uint8 * (4 * words)).from_address(address), dtype=np.uint8)
        allowed = np.zeros(32 * words, dtype=bool)
        candidates["logit"] = 0.0

        def publish() -> None:
            allowed[: len(candidates)] = candidates["logit"] > -np.inf
            bitmask[:] = np.packbits(allowed, bitorder="little")
            candidates["logit"] = 0.0

        def accept(token: int) -> bool:
            library.llama_sampler_accept(running.sampler, token)  # ends the process where the token is not allowed
            return True

        return Run(
            fill=lambda: library.llama_sampler_apply(running.sampler, array),
            accept=accept,
            check=lambda: None,
            memory_bytes=lambda: None,
            expected=lambda: "",
            publish=publish,
        )

    def memory(self) -> dict[str, int]:
        return {}


class _Grammar:
    """A sampler that is freed with the object."""

    def __init__(self, library: Any, sampler: Any) -> None:
        self._library = library
        self.sampler = sampler

    def clone(self) -> _Grammar:
        return _Grammar(self._library, self._library.llama_sampler_clone(self.sampler))

    def __del__(self) -> None:
        self._library.llama_sampler_free(self.sampler)


def write_vocabulary(tokenizer: Any, vocab_size: int, path: Path) -> None:
    """A GGUF file of a byte-level BPE tokenizer without any weights. Raises SetupFailed for other kinds."""
    import gguf

    backend = json.loads(tokenizer.backend_tokenizer.to_str())
    model = backend["model"]
    if model["type"] != "BPE" or "ByteLevel" not in json.dumps(backend.get("decoder")):
        raise SetupFailed("the vocabulary for llama.cpp can be made of a byte-level BPE tokenizer only")
    names = {token: name for name, token in tokenizer.get_vocab().items() if token < vocab_size}
    special = set(tokenizer.all_special_ids) | {token["id"] for token in backend["added_tokens"] if token["special"]}
    kinds = [
        gguf.TokenType.UNUSED
        if token not in names
        else gguf.TokenType.CONTROL
        if token in special
        else gguf.TokenType.NORMAL
        for token in range(vocab_size)
    ]
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")  # how texts are split does not matter: tokens are given by their ids
    writer.add_token_list([names.get(token, f"[unused {token}]") for token in range(vocab_size)])
    writer.add_token_types(kinds)
    writer.add_token_merges([pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]])
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_add_bos_token(False)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
