"""Many rows in one native call: the GIL is released and persistent threads share the rows."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from maskforge import _core
from maskforge._core import MisuseError
from maskforge.decoding.bitmask import bitmask_rows
from maskforge.decoding.matcher import Matcher, _token_id

if TYPE_CHECKING:
    import torch

    from maskforge.decoding.vocabulary import Vocabulary


class BatchExecutor:
    """Fills and accepts for a batch of matchers. Keep one: its threads live as long as it does."""

    __slots__ = ("_core", "threads")

    def __init__(self, threads: int | None = None) -> None:
        """threads: how many work at once, the caller's included; by default the CPUs, at most 8."""
        count = _default_threads() if threads is None else threads
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 256:
            raise MisuseError(f"a batch executor has 1 to 256 threads, not {count!r}")
        self.threads = count
        self._core = _core.BatchExecutor(count)

    def fill(
        self, matchers: Sequence[Matcher | None], bitmask: torch.Tensor, rows: Sequence[int] | None = None
    ) -> list[bool]:
        """Writes the mask of `matchers[i]` into row `rows[i]` of the bitmask, by default row `i`.

        None allows every token. Requirements on the bitmask as for `Matcher.fill_next_token_bitmask`; the rows must
        differ, a matcher may come twice. Raises MisuseError before anything is written. When rows fail (FuelError), all
        others are filled nevertheless and the error of the first is raised.
        Returns for each matcher whether any token is allowed.
        """
        cores, vocabularies = _natives(matchers)
        needed = max((vocabulary.bitmask_words for vocabulary in vocabularies), default=0)
        address, stride, count, words = bitmask_rows(bitmask, needed)
        if rows is None:
            places: Sequence[int] = range(len(cores))
        else:
            places = [_token_id(row) for row in rows]
            if len(places) != len(cores):
                raise MisuseError(f"{len(places)} rows for {len(cores)} matchers")
            if len(set(places)) != len(places):
                raise MisuseError("two matchers cannot share a row of the bitmask")
        if places and not (0 <= min(places) and max(places) < count):
            place = next(place for place in places if not 0 <= place < count)
            raise MisuseError(f"row {place} is outside the bitmask of {count} rows")
        return self._core.fill(cores, address, stride, places, words)

    def mask_ids(self, matchers: Sequence[Matcher | None]) -> list[int]:
        """`matchers[i].next_token_mask_id()` for all; -1, no constraint, for None. A matcher may come twice."""
        return list(self._core.mask_ids(_natives(matchers)[0]))

    def draft_mask_ids(self, matchers: Sequence[Matcher | None], drafts: Sequence[Sequence[int]]) -> list[list[int]]:
        """`matchers[i].draft_mask_ids(drafts[i])` for all; the ids of None are -1."""
        if len(drafts) != len(matchers):
            raise MisuseError(f"{len(drafts)} drafts for {len(matchers)} matchers")
        tokens = [[_token_id(token_id) for token_id in draft] for draft in drafts]
        flat = iter(self._core.draft_mask_ids(_natives(matchers)[0], tokens))
        return [[next(flat) for _ in range(len(draft) + 1)] for draft in tokens]

    def accept(self, matchers: Sequence[Matcher | None], token_ids: Sequence[int]) -> list[bool]:
        """`matchers[i].accept_token(token_ids[i])` for all; a None answers True. The matchers must differ.

        Every row answers or, when something is raised, nothing has changed.
        """
        ids = [_token_id(token_id) for token_id in token_ids]
        if len(ids) != len(matchers):
            raise MisuseError(f"{len(ids)} tokens for {len(matchers)} matchers")
        return self._core.accept(_natives(matchers)[0], ids)


def _natives(matchers: Sequence[Matcher | None]) -> tuple[list[Any], set[Vocabulary]]:
    """The native matchers, and whose they are. A step of a large batch goes through here: no call for each row."""
    for matcher in matchers:
        if matcher is not None and not isinstance(matcher, Matcher):
            raise MisuseError(f"a batch is made of Matcher objects, not {type(matcher).__name__}")
    cores = [None if matcher is None else matcher._core for matcher in matchers]
    return cores, {matcher._vocabulary for matcher in matchers if matcher is not None}


def _default_threads() -> int:
    try:
        available = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every platform
        available = os.cpu_count() or 1
    return max(1, min(8, available))


@functools.cache
def default_executor() -> BatchExecutor:
    """The executor that everything in this package shares unless told otherwise."""
    return BatchExecutor()
