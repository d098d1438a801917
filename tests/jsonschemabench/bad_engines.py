"""An engine that does what a schema's title tells it to: what engines do at their worst. Allows everything otherwise.

Used by its name, "tests.jsonschemabench.bad_engines:Bad", from a process of its own.
"""

from __future__ import annotations

import ctypes
import json
import os
import time
from typing import Any

from maskforge.jsonschemabench.engines.base import Refused, Run, Stopped


def eat() -> None:
    eaten = [bytearray(os.urandom(1) * 2**26) for _ in range(12)]
    time.sleep(3600 if eaten else 0)


def hang() -> None:
    while True:
        pass


class Bad:
    name = "bad"
    version = "1"
    setup_ns = 1

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        self._vocab_size = vocab_size
        self._eos = tokenizer.eos_token_id

    def begin_schema(self) -> None:
        pass

    def compile(self, schema_text: str) -> Any:
        title = json.loads(schema_text).get("title", "")
        if title == "abort":
            print("last words", flush=True)
            os.write(2, b"terminate called\n")
            os.abort()
        elif title == "exit":
            os._exit(3)
        elif title == "hang":
            hang()
        elif title == "sleep":
            time.sleep(3600)
        elif title == "eat":
            eat()
        elif title == "refuse":
            raise Refused("no such keyword")
        elif title == "unsatisfiable":
            raise Refused("nothing satisfies it", unsatisfiable=True)
        elif title == "error":
            raise KeyError("properties")
        return title

    def begin(self, compiled: Any, address: int, words: int) -> Run:
        buffer = (ctypes.c_uint32 * words).from_address(address)
        accepted = 0

        def fill() -> None:
            if compiled == "abort in a mask" and accepted == 1:
                os.abort()
            if compiled == "throw in a mask":
                raise RuntimeError("internal error")
            everything = 0 if compiled in ("reject all", "dead end") else 0xFFFFFFFF
            for word in range(words):
                left = self._vocab_size - 32 * word
                buffer[word] = everything if left >= 32 else everything & ((1 << left) - 1)
            if compiled == "only end":
                for word in range(words):
                    buffer[word] = 0
                buffer[self._eos >> 5] = 1 << (self._eos & 31)

        def accept(token: int) -> bool:
            nonlocal accepted
            accepted += 1
            return compiled != "contradict"

        def check() -> None:
            if compiled == "flag an error" and accepted == 1:
                raise Stopped("out of fuel")

        return Run(fill, accept, check, lambda: None, lambda: "")

    def memory(self) -> dict[str, int]:
        return {}


class CannotBeSetUp(Bad):
    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        raise RuntimeError("this tokenizer is not for it")


class Second(Bad):
    name = "second"
