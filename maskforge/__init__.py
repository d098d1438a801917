"""Constrained decoding: JSON Schema, regular expressions and grammars become token masks.

The public interface of the package. It is a facade: names are fetched from the part that owns them when they are first
used, so `import maskforge` costs next to nothing and does not load PyTorch.

    import maskforge as mf

    vocabulary = mf.Vocabulary.from_huggingface(tokenizer)
    grammar = mf.Compiler(vocabulary).json_schema(schema)
    model.generate(..., logits_processor=[mf.LogitsProcessor(grammar)])
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maskforge._core import FuelError as FuelError
    from maskforge._core import MaskforgeError as MaskforgeError
    from maskforge._core import MisuseError as MisuseError
    from maskforge._core import SpecError as SpecError
    from maskforge._core import UnsatisfiableError as UnsatisfiableError
    from maskforge._core import UnsupportedError as UnsupportedError
    from maskforge.decoding import BatchExecutor as BatchExecutor
    from maskforge.decoding import LogitsProcessor as LogitsProcessor
    from maskforge.decoding import MaskPool as MaskPool
    from maskforge.decoding import MaskRows as MaskRows
    from maskforge.decoding import Matcher as Matcher
    from maskforge.decoding import Sample as Sample
    from maskforge.decoding import Sampler as Sampler
    from maskforge.decoding import Vocabulary as Vocabulary
    from maskforge.decoding import allocate_token_bitmask as allocate_token_bitmask
    from maskforge.decoding import apply_masks_inplace as apply_masks_inplace
    from maskforge.decoding import apply_token_bitmask_inplace as apply_token_bitmask_inplace
    from maskforge.decoding import sample as sample
    from maskforge.grammar import Compiler as Compiler
    from maskforge.grammar import Grammar as Grammar

# Which module owns which public name.
_OWNERS = {
    "BatchExecutor": "maskforge.decoding",
    "Compiler": "maskforge.grammar",
    "Grammar": "maskforge.grammar",
    "LogitsProcessor": "maskforge.decoding",
    "MaskPool": "maskforge.decoding",
    "MaskRows": "maskforge.decoding",
    "Matcher": "maskforge.decoding",
    "Sample": "maskforge.decoding",
    "Sampler": "maskforge.decoding",
    "Vocabulary": "maskforge.decoding",
    "allocate_token_bitmask": "maskforge.decoding",
    "apply_masks_inplace": "maskforge.decoding",
    "apply_token_bitmask_inplace": "maskforge.decoding",
    "sample": "maskforge.decoding",
    "FuelError": "maskforge._core",
    "MaskforgeError": "maskforge._core",
    "MisuseError": "maskforge._core",
    "SpecError": "maskforge._core",
    "UnsatisfiableError": "maskforge._core",
    "UnsupportedError": "maskforge._core",
}

__all__ = [
    "BatchExecutor",
    "Compiler",
    "FuelError",
    "Grammar",
    "LogitsProcessor",
    "MaskPool",
    "MaskRows",
    "MaskforgeError",
    "Matcher",
    "MisuseError",
    "Sample",
    "Sampler",
    "SpecError",
    "UnsatisfiableError",
    "UnsupportedError",
    "Vocabulary",
    "allocate_token_bitmask",
    "apply_masks_inplace",
    "apply_token_bitmask_inplace",
    "sample",
]

try:
    __version__ = version("maskforge")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0"


def __getattr__(name: str) -> Any:
    owner = _OWNERS.get(name)
    if owner is None:
        raise AttributeError(f"module 'maskforge' has no attribute {name!r}")
    value = getattr(import_module(owner), name)
    globals()[name] = value  # the next access does not come here
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_OWNERS])
