"""The logits processor for Hugging Face `generate`, in all of its decoding modes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from maskforge._core import Matcher, MisuseError
from maskforge.decoding.batch import BatchExecutor, default_executor
from maskforge.decoding.bitmask import allocate_token_bitmask, apply_token_bitmask_inplace
from maskforge.decoding.mask_pool import UNCONSTRAINED, MaskPool, MaskRows, StaleMaskError
from maskforge.decoding.sampling import apply_masks_inplace
from maskforge.decoding.state_tree import Kind, Session, SessionCache, State, root_state

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    Ids = npt.NDArray[np.integer]

# Old sessions matter where two take turns: an assistant with another tokenizer, a draft that looked like a new prompt.
_MAX_SESSIONS = 8
# Where masks are kept on the device and sent as ids; elsewhere a bitmask is written, copied and applied.
_POOLED = {"cuda"}


class LogitsProcessor:
    """Keeps every row of a batch inside its grammar.

        model.generate(**inputs, logits_processor=[LogitsProcessor(grammar)])

    Works with greedy search, sampling, beams (rows may be reordered), left-padded batches, `num_return_sequences`,
    prompt lookup and assisted decoding (prefixes may repeat and shrink, the assistant may share the processor), and
    may be used for any number of `generate` calls, one at a time.

    grammar: one for all rows; or a list with one for each prompt, in order, which `num_return_sequences` and beams
        expand as they expand the prompts. None in the list leaves that prompt's rows unconstrained.
    prompt_length: the number of leading ids that are not generated. By default the processor finds it: a call whose
        rows each extend rows it has seen by one token continues them, any other begins a new text where it stands.
        That is ambiguous only when a prompt is a former prompt, what was generated from it, and at most one token more;
        then generation continues that text. Pass `prompt_length`, or call `reset()` before, to say otherwise. (Pass it
        also to decoding loops of your own that drop rows from the batch on the way.)
    max_states: how many states are remembered, a few kilobytes each.

    What a mask means for rows in special states:

    - A finished row, and one that has left its grammar (beams and unfiltered drafts contain such rows; they never
      become output), gets only the end-of-sequence ids, so that its probabilities stay defined.
    - Where other processors have set everything that the grammar allows to -inf (`min_new_tokens`, bad words), the
      grammar wins: its tokens become equally likely.
    - Where scores are narrower than the vocabulary and nothing of what is allowed is among them (the pruned head of a
      draft model), the row keeps its scores: a draft is checked later, and no mask could have helped it.

    Not thread-safe: one `generate` at a time. Scores are never changed in place.
    """

    def __init__(
        self,
        grammar: Any,
        prompt_length: int | None = None,
        *,
        max_states: int = 8192,
        executor: BatchExecutor | None = None,
    ) -> None:
        self._grammars: list[Any] = list(grammar) if isinstance(grammar, Sequence) else [grammar]
        if prompt_length is not None and (
            isinstance(prompt_length, bool) or not isinstance(prompt_length, int) or prompt_length < 0
        ):
            raise MisuseError(f"prompt_length is a number of tokens, not {prompt_length!r}")
        if isinstance(max_states, bool) or not isinstance(max_states, int) or max_states < 1:
            raise MisuseError(f"max_states is a positive number, not {max_states!r}")
        first = next((_matcher(entry) for entry in self._grammars if entry is not None), None)
        if first is None:
            raise MisuseError("there is no grammar to keep to")
        self._vocabulary = first.vocabulary
        for entry in self._grammars:
            if entry is not None and _matcher(entry).vocabulary.fingerprint != self._vocabulary.fingerprint:
                raise MisuseError("the grammars of one batch must have one vocabulary")
        if not self._vocabulary.eos_token_ids:
            raise MisuseError(
                "the vocabulary has no end-of-sequence token, so generate could not end: give eos_token_ids"
            )
        self._eos = frozenset(self._vocabulary.eos_token_ids)
        self._prompt_length = prompt_length
        self._executor = executor
        self._sessions = SessionCache(_MAX_SESSIONS, max_states)
        self._bitmask: torch.Tensor | None = None
        self._eos_row: torch.Tensor | None = None
        pools = {_matcher(entry).mask_pool_identity for entry in self._grammars if entry is not None}
        self._one_pool = len(pools) == 1  # grammars of several compilers have ids that do not compare
        self._pooled: dict[torch.device, MaskRows] = {}
        self._device_ids: torch.Tensor | None = None  # of the last call, where ids are not in CPU memory
        self._host_ids: Ids | None = None

    def reset(self) -> None:
        """Forgets all prompts and states: the next call begins new texts."""
        self._sessions.clear()
        self._device_ids = self._host_ids = None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores with -inf for what is not allowed, as a new tensor.

        input_ids: integers [rows, tokens], prompts (left-padded) and what was generated so far.
        scores: float32, float16 or bfloat16 [rows, vocab]; `vocab` may be wider than the tokenizer's, the rest is
        never allowed.
        """
        _check_call(input_ids, scores)
        masked = scores.clone(memory_format=_contiguous())
        if input_ids.shape[0] == 0:
            return masked
        if self._executor is None:
            self._executor = default_executor()
        session = self._session_of(self._on_host(input_ids))
        rows = [row for row, state in enumerate(session.states) if state.kind is not Kind.FREE]
        if rows:
            if not self._apply_pooled(masked, session.states):
                bitmask = self._masks(session.states, rows, pinned=masked.device.type == "cuda")
                device_mask = bitmask.to(masked.device, non_blocking=True)
                apply_token_bitmask_inplace(masked, device_mask, None if len(rows) == len(masked) else rows)
            self._rescue(masked, scores, session.states, rows)
        self._sessions.touch(session)
        return masked

    def _session_of(self, ids: Ids) -> Session:
        """The session that the rows continue or begin, advanced to where they stand."""
        assert self._executor is not None
        length = self._prompt_length
        if length is not None and ids.shape[1] < length:
            raise MisuseError(f"prompt_length is {length}, but the rows have only {ids.shape[1]} tokens")
        found = self._sessions.find(ids, length)
        if found is not None:
            session, states = found
            # A prompt that is an old one plus a token looks like a first generated token, except that no row's token is
            # allowed: generated tokens are. (A draft may do so too: then the old session is still there to go on with.)
            if length is None and ids.shape[1] == session.boundary + 1 and session.every_row_leaves(ids, states):
                session = self._sessions.supersede(session, ids, lambda: self._roots(len(ids)))
                states = session.roots
        else:
            boundary = ids.shape[1] if length is None else length
            session = self._sessions.start(ids, boundary, lambda: self._roots(len(ids)))
            states = session.roots
        session.advance(ids, states, self._eos, self._vocabulary.size, self._executor)
        return session

    def _roots(self, rows: int) -> list[State]:
        if rows % len(self._grammars):
            raise MisuseError(f"{len(self._grammars)} grammars cannot be shared out to {rows} rows")
        each = rows // len(self._grammars)
        roots = [root_state(None if entry is None else _matcher(entry)) for entry in self._grammars]
        return [root for root in roots for _ in range(each)]

    def _apply_pooled(self, masked: torch.Tensor, states: Sequence[State]) -> bool:
        """Masks by ids of masks that are on the device already; False, and nothing done, where bitmasks must do."""
        if masked.device.type not in _POOLED or not self._one_pool:
            return False
        assert self._executor is not None
        pooled = self._pooled.get(masked.device)
        if pooled is None or pooled.capacity < len(states):
            first = next(_matcher(entry) for entry in self._grammars if entry is not None)
            pool = MaskPool(first, masked.device) if pooled is None else pooled.pool
            pooled = self._pooled[masked.device] = pool.rows(max(8, 1 << (len(states) - 1).bit_length()))
        distinct = {id(state): state.matcher for state in states if state.matcher is not None}
        found = dict(zip(distinct, self._executor.mask_ids(list(distinct.values())), strict=True))
        only_eos = pooled.pool.add(self._only_eos()) if len(distinct) < len(states) else UNCONSTRAINED
        try:
            pooled.set(
                [UNCONSTRAINED if state.kind is Kind.FREE else found.get(id(state), only_eos) for state in states]
            )
        except StaleMaskError:  # more masks in one batch than the compiler's pool has room for
            return False
        apply_masks_inplace(masked, pooled)
        return True

    def _masks(self, states: Sequence[State], rows: Sequence[int], pinned: bool) -> torch.Tensor:
        """The bitmask of the given rows, in CPU memory, in one native call. Valid until the next."""
        assert self._executor is not None
        bitmask = self._bitmask
        if bitmask is None or bitmask.shape[0] < len(rows) or (pinned and not bitmask.is_pinned()):
            bitmask = self._bitmask = allocate_token_bitmask(len(rows), self._vocabulary.size, pin_memory=pinned)
        bitmask = bitmask[: len(rows)]
        place_of: dict[int, int] = {}  # one fill for all rows in the same state
        matchers: list[Matcher] = []
        places: list[int] = []
        copies: list[tuple[int, int]] = []
        for place, row in enumerate(rows):
            state = states[row]
            if state.matcher is None:
                bitmask[place] = self._only_eos()
            elif id(state) in place_of:
                copies.append((place, place_of[id(state)]))
            else:
                place_of[id(state)] = place
                matchers.append(state.matcher)
                places.append(place)
        if len(matchers) == 1:
            matchers[0].fill_next_token_bitmask(bitmask, places[0])
        elif matchers:
            self._executor.fill(matchers, bitmask, places)
        for place, original in copies:
            bitmask[place] = bitmask[original]
        return bitmask

    def _only_eos(self) -> torch.Tensor:
        if self._eos_row is None:
            import torch

            words = [0] * self._vocabulary.bitmask_words
            for token in self._eos:
                words[token // 32] |= 1 << (token % 32)
            signed = [word - (1 << 32) if word >= 1 << 31 else word for word in words]
            self._eos_row = torch.tensor(signed, dtype=torch.int32)
        return self._eos_row

    def _rescue(
        self,
        masked: torch.Tensor,
        scores: torch.Tensor,
        states: Sequence[State],
        rows: Sequence[int],
    ) -> None:
        """Gives rows with nothing left but -inf their allowed tokens back: `generate` cannot choose from nothing."""
        empty = masked.amax(dim=-1) == -float("inf")
        if not bool(empty.any()):
            return
        width = masked.shape[1]
        for row in sorted(set(rows) & set(empty.nonzero().flatten().tolist())):
            matcher = states[row].matcher
            allowed = sorted(self._eos) if matcher is None else matcher.allowed_tokens()
            if not allowed:
                _warn(f"no token of the vocabulary continues row {row}; it ends here, incomplete")
                allowed = sorted(self._eos)
            within = [token for token in allowed if token < width]
            if within:
                masked[row, within] = 0.0
                continue
            if states[row].kind is Kind.RUNNING:
                _warn(f"nothing that row {row} may say is among its {width} scores; it is left as it is, unconstrained")
            masked[row] = scores[row]

    def _on_host(self, input_ids: torch.Tensor) -> Ids:
        """The ids as an array; of a GPU's ids only the last column is copied where the rest is known."""
        if input_ids.device.type == "cpu":
            return input_ids.detach().numpy()
        import numpy as np
        import torch

        last, host = self._device_ids, self._host_ids
        if (
            last is not None
            and host is not None
            and last.device == input_ids.device
            and (last.shape[0], last.shape[1] + 1) == tuple(input_ids.shape)
            and torch.equal(last, input_ids[:, :-1])
        ):
            host = np.concatenate([host, input_ids[:, -1:].cpu().numpy()], axis=1)
        else:
            host = input_ids.cpu().numpy()
        self._device_ids, self._host_ids = input_ids.clone(), host
        return host


def _matcher(grammar: Any) -> Matcher:
    make = getattr(grammar, "matcher", None)
    matcher = make() if callable(make) else None
    if not isinstance(matcher, Matcher):
        raise MisuseError(f"a grammar is what a Compiler returns, not a {type(grammar).__name__}")
    return matcher


def _warn(message: str) -> None:
    warnings.warn(message, RuntimeWarning, stacklevel=4)


def _contiguous() -> Any:
    import torch

    return torch.contiguous_format


def _check_call(input_ids: Any, scores: Any) -> None:
    import torch

    for name, tensor in (("input_ids", input_ids), ("scores", scores)):
        if not isinstance(tensor, torch.Tensor) or tensor.ndim != 2:
            raise MisuseError(f"{name} must be a tensor of two dimensions")
    if input_ids.dtype not in (torch.int64, torch.int32):
        raise MisuseError(f"input_ids are {input_ids.dtype}, not integers")
    if input_ids.shape[0] != scores.shape[0]:
        raise MisuseError(f"{input_ids.shape[0]} rows of ids, but {scores.shape[0]} rows of scores")
    if scores.shape[1] == 0:
        raise MisuseError("scores for no tokens")
