"""Many rows in one native call: the GIL is released and persistent threads share the rows."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from maskforge import _core
from maskforge._core import Matcher, MisuseError
from maskforge.decoding.bitmask import bitmask_rows

if TYPE_CHECKING:
    import torch


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
        address, stride, count, words = bitmask_rows(bitmask, 0)
        return self._core.fill(matchers, address, stride, count, words, rows)

    def mask_ids(self, matchers: Sequence[Matcher | None]) -> list[int]:
        """`matchers[i].next_token_mask_id()` for all; -1, no constraint, for None. A matcher may come twice."""
        return self._core.mask_ids(matchers)

    def draft_mask_ids(self, matchers: Sequence[Matcher | None], drafts: Sequence[Sequence[int]]) -> list[list[int]]:
        """`matchers[i].draft_mask_ids(drafts[i])` for all; the ids of None are -1."""
        if len(drafts) != len(matchers):
            raise MisuseError(f"{len(drafts)} drafts for {len(matchers)} matchers")
        flat = iter(self._core.draft_mask_ids(matchers, drafts))
        return [[next(flat) for _ in range(len(draft) + 1)] for draft in drafts]

    def accept(self, matchers: Sequence[Matcher | None], token_ids: Sequence[int]) -> list[bool]:
        """`matchers[i].accept_token(token_ids[i])` for all; a None answers True. The matchers must differ.

        Every row answers or, when something is raised, nothing has changed. Where masks were new lately, this ends as
        `prepare` does.
        """
        return self._core.accept(matchers, token_ids)

    def prepare(self, matchers: Sequence[Matcher | None]) -> None:
        """Has the executor's other threads make the next masks of these matchers, and returns at once.

        For those who accept tokens one by one and then have a model run: `fill` finds the masks made. No mask and no
        matcher changes. The threads stop at the next call of this executor; a mask that takes unusually long is left to
        `fill`. With one thread, nothing happens.
        """
        self._core.prepare(matchers)


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
