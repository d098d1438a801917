"""The engines that are compared: `base` has the interface, every other module one engine.

An engine is made in the process that uses it and nowhere else; here stand only its name and what it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maskforge.jsonschemabench.engines.base import Engine

_HERE = "maskforge.jsonschemabench.engines"


@dataclass(frozen=True, slots=True)
class Entry:
    adapter: str
    """"module:class", called with (tokenizer, vocab_size)."""
    package: str
    """The module that has to be there."""
    extra: str = ""
    """The optional extra of this project that brings it; "" when nothing more is needed."""

    @property
    def missing(self) -> str:
        """Why the engine cannot be had here, with the remedy; "" when it can."""
        if find_spec(self.package) is not None:
            return ""
        remedy = f': pip install "maskforge[{self.extra}]"' if self.extra else ""
        return f"{self.package} is not installed{remedy}"

    def make(self, tokenizer: Any, vocab_size: int) -> Engine:
        module, _, name = self.adapter.partition(":")
        engine: Engine = getattr(import_module(module), name)(tokenizer, vocab_size)
        return engine


ENGINES = {
    "maskforge": Entry(f"{_HERE}.maskforge:Maskforge", "maskforge"),
    "llguidance": Entry(f"{_HERE}.llguidance:Llguidance", "llguidance", "engine-llguidance"),
    "xgrammar": Entry(f"{_HERE}.xgrammar:XGrammar", "xgrammar", "engine-xgrammar"),
    "xgrammar-nonstrict": Entry(f"{_HERE}.xgrammar:XGrammarNonStrict", "xgrammar", "engine-xgrammar"),
    "outlines": Entry(f"{_HERE}.outlines:Outlines", "outlines_core", "engine-outlines"),
    "lm-format-enforcer": Entry(
        f"{_HERE}.lm_format_enforcer:LmFormatEnforcer", "lmformatenforcer", "engine-lm-format-enforcer"
    ),
    "llama.cpp": Entry(f"{_HERE}.llama_cpp:LlamaCpp", "llama_cpp", "engine-llama-cpp"),
    "grid": Entry(f"{_HERE}.grid:Grid", "grid", "engine-grid"),
}


def available() -> dict[str, str]:
    """Every engine by name: "" where it can be used, otherwise why not and what installs it."""
    return {name: entry.missing for name, entry in ENGINES.items()}


def entry(name: str) -> Entry:
    """Of a name in ENGINES, or "module:class" for an adapter that is not listed there."""
    if name in ENGINES:
        return ENGINES[name]
    if ":" in name:
        return Entry(name, name.partition(":")[0])
    raise ValueError(f"no engine is called {name!r}; there are {', '.join(ENGINES)}")
