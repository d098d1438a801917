"""One sequence being decoded: which tokens may come next, and how to go forward and back.

A thin layer over the native matcher: it checks every argument, so that nothing the caller passes can reach native
memory unchecked. All methods are safe to call from several threads; different matchers never wait for one another.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from typing import TYPE_CHECKING, Any

from maskforge._core import MisuseError
from maskforge.decoding.bitmask import bitmask_rows

if TYPE_CHECKING:
    import torch

    from maskforge.decoding.vocabulary import Vocabulary


class Matcher:
    """Made by `grammar.matcher()`. Costs kilobytes; `fork()` is cheap."""

    __slots__ = ("_core", "_vocabulary")

    def __init__(self, core: Any, vocabulary: Vocabulary) -> None:
        self._core = core
        self._vocabulary = vocabulary

    @property
    def core(self) -> Any:
        """The native matcher."""
        return self._core

    @property
    def vocabulary(self) -> Vocabulary:
        return self._vocabulary

    def fill_next_token_bitmask(self, bitmask: torch.Tensor, row: int = 0) -> bool:
        """Writes which tokens may come next into one row of a bitmask.

        bitmask: torch.int32 [rows, words] or [words] in CPU memory, `words >= vocabulary.bitmask_words`, lowest bit
            first, 1 = allowed; words beyond the vocabulary become 0.
        Returns whether any token is allowed. A text that is complete allows the end-of-sequence ids; so does a matcher
        that has terminated, so a finished row of a batch can keep coming.
        Raises MisuseError for a tensor of another dtype, shape, device or layout, or a row that is not there;
        FuelError where the grammar asks for too much work (the row is then unspecified).
        """
        address, stride, rows, words = bitmask_rows(bitmask, self._vocabulary.bitmask_words)
        position = index(row)
        if not 0 <= position < rows:
            raise MisuseError(f"row {position} is outside the bitmask of {rows} rows")
        return bool(self._core.fill_next_token_bitmask(address + 4 * stride * position, words))

    def next_token_mask_id(self) -> int:
        """The id of the mask that `fill_next_token_bitmask` writes: equal masks of one compiler have one id.

        Ids are positive and never given out twice. The pool is bounded: an id that was not asked for lately may become
        stale, and is then recognised as such. Raises FuelError as `fill_next_token_bitmask` does.
        """
        return int(self._core.next_token_mask_id())

    def draft_mask_ids(self, token_ids: Iterable[int]) -> list[int]:
        """The mask ids along a draft: before its first token and after each token; changes nothing.

        Behind a token that is not accepted there is no text and so no mask: -1, no constraint, since what is sampled
        there is never used. One id more than there are tokens.
        """
        return list(self._core.draft_mask_ids([_token_id(token_id) for token_id in token_ids]))

    @property
    def mask_pool(self) -> Any:
        """The native pool that the mask ids belong to; that of the compiler."""
        return self._core.mask_pool()

    def accept_token(self, token_id: int) -> bool:
        """Reads one token; False, and nothing changes, where it is not allowed.

        Raises MisuseError for an id outside the vocabulary and for any token once terminated.
        """
        return bool(self._core.accept_token(_token_id(token_id)))

    def accept_bytes(self, data: bytes) -> int:
        """Reads bytes regardless of token boundaries: all of them or none, one step for `rollback`.

        Returns how many of them can be read; the state changed only if that is `len(data)`.
        """
        if not isinstance(data, bytes):
            raise MisuseError(f"accept_bytes takes bytes, not {type(data).__name__}")
        return int(self._core.accept_bytes(data))

    def validate_tokens(self, token_ids: Iterable[int]) -> int:
        """How many of the tokens, from the first on, would be accepted in turn; changes nothing.

        An id outside the vocabulary, such as padding of -1, is never accepted.
        """
        return int(self._core.validate_tokens([_token_id(token_id) for token_id in token_ids]))

    def rollback(self, num_tokens: int) -> None:
        """Takes back the last `num_tokens` tokens, end-of-sequence included; MisuseError if fewer were accepted."""
        self._core.rollback(index(num_tokens))

    def fork(self) -> Matcher:
        """An independent matcher in the same state with the same history."""
        return Matcher(self._core.fork(), self._vocabulary)

    def reset(self) -> None:
        """Back to the start, with no history."""
        self._core.reset()

    def is_accepting(self) -> bool:
        """Whether the text may end here."""
        return bool(self._core.is_accepting())

    def is_terminated(self) -> bool:
        """Whether an end-of-sequence token was accepted."""
        return bool(self._core.is_terminated())

    def forced_tokens(self) -> list[int]:
        """The longest run of tokens that have no alternative; changes nothing."""
        return list(self._core.forced_tokens())

    def allowed_tokens(self) -> list[int]:
        """The ids that may come next, ascending. For tests and people: a bitmask is far cheaper."""
        return list(self._core.allowed_tokens())

    def expected(self) -> str:
        """What may come next, in words."""
        return str(self._core.expected())

    @property
    def num_tokens(self) -> int:
        """How many steps `rollback` can take back."""
        return int(self._core.num_tokens)

    def memory_bytes(self) -> int:
        """The memory of this matcher alone, without the tables that all matchers share."""
        return int(self._core.memory_bytes())

    def __repr__(self) -> str:
        state = "terminated" if self.is_terminated() else "accepting" if self.is_accepting() else "running"
        return f"Matcher({state}, num_tokens={self.num_tokens})"


def _token_id(token_id: Any) -> int:
    # Not bool: True would silently be token 1. Tensors of one element pass, as indices do.
    if isinstance(token_id, bool) or not hasattr(token_id, "__index__"):
        raise MisuseError(f"a token id is an integer, not {token_id!r}")
    position = index(token_id)
    if not -(2**63) <= position < 2**63:
        raise MisuseError(f"token id {position} does not fit 64 bits")
    return position
