"""Decoding: vocabularies, matchers, bitmasks and the Hugging Face logits processor.

Nothing here imports PyTorch before a tensor is first needed.
"""

from __future__ import annotations

from maskforge._core import Matcher
from maskforge.decoding.batch import BatchExecutor
from maskforge.decoding.bitmask import allocate_token_bitmask, apply_token_bitmask_inplace
from maskforge.decoding.logits_processor import LogitsProcessor
from maskforge.decoding.mask_pool import MaskPool, MaskRows
from maskforge.decoding.sampling import Sample, Sampler, apply_masks_inplace, sample
from maskforge.decoding.vocabulary import Vocabulary

__all__ = [
    "BatchExecutor",
    "LogitsProcessor",
    "MaskPool",
    "MaskRows",
    "Matcher",
    "Sample",
    "Sampler",
    "Vocabulary",
    "allocate_token_bitmask",
    "apply_masks_inplace",
    "apply_token_bitmask_inplace",
    "sample",
]
