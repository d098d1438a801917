"""Where the rows of a batch stand in their grammars, found again from the token ids alone.

`generate` hands a logits processor nothing but token ids: beams change rows between steps, drafts grow and are cut
back, an assistant asks about the same prefixes as the model it helps. So a row's state is not kept per row, it is
looked up by the row's generated tokens, in a tree whose edges are tokens and whose nodes hold a matcher each:

    root ──{──▸ ● ──"a"──▸ ● ──:──▸ ●      row 0 stands here
                  └──}────▸ ● ─eos─▸ ended  row 1 has finished

A step asks for nodes that are one token away from known ones: one fork and one accepted token for each distinct row.
What a row generated begins where the prompt ends; a `Session` remembers the prompts of one call of `generate` and
their length. Covered by tests/decoding/test_state_tree.py and test_logits_processor.py.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from maskforge._core import Matcher
from maskforge.decoding.batch import BatchExecutor

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ids = npt.NDArray[np.integer]


class Kind(enum.Enum):
    """What a node says about the rows that reach it. All but RUNNING are absorbing: further tokens stay there."""

    RUNNING = "running"  # inside the grammar; has a matcher
    ENDED = "ended"  # after an end-of-sequence token; what follows is padding
    LEFT = "left"  # after a token that the grammar does not allow
    FREE = "free"  # the row has no grammar


class State:
    """One node of the tree. `depth` is how many generated tokens lead to it, 0 for a root."""

    __slots__ = ("children", "depth", "kind", "matcher", "parent")

    def __init__(self, kind: Kind, matcher: Matcher | None, parent: State | None, depth: int) -> None:
        self.kind = kind
        self.matcher = matcher
        self.parent = parent  # None for a root, and where pruning has cut
        self.depth = depth
        self.children: dict[int, State] = {}


def root_state(matcher: Matcher | None) -> State:
    """The start of a tree; None is a row without a grammar."""
    return State(Kind.FREE if matcher is None else Kind.RUNNING, matcher, None, 0)


class Session:
    """The tree of one call of `generate`, or of several with the same prompts.

    prompts: [rows, boundary], the ids before the first generated token.
    roots: the root for each row; rows that share a grammar share it.
    """

    def __init__(self, prompts: Ids, roots: Sequence[State]) -> None:
        self.prompts = prompts.copy()
        self.boundary = prompts.shape[1]
        self.roots = list(roots)
        self.generated: Ids = self.prompts[:, :0]  # of the last call, [rows, tokens]
        self.states = list(roots)  # of the last call
        self.longest = 0  # generated tokens of any call
        self.pruned = False
        self.trial_after: Session | None = None  # see SessionCache.supersede; None once it has proved itself
        self.size = len({id(root) for root in roots})  # nodes

    def locate(self, ids: Ids, strict: bool) -> list[State] | None:
        """The deepest known node on each row's path, or None where the rows do not continue this session.

        They do when they begin with its prompts and, if `strict`, every row but for its last token was seen before.
        So a new conversation that begins with an old prompt is not mistaken for more of the old answer.
        """
        if ids.shape[0] != self.prompts.shape[0] or ids.shape[1] < self.boundary:
            return None
        if not (ids[:, : self.boundary] == self.prompts).all():
            return None
        generated = ids[:, self.boundary :]
        known = generated.shape[1] - 1
        if known == self.generated.shape[1] and (generated[:, :known] == self.generated).all():
            states = [
                state if state.kind is not Kind.RUNNING else state.children.get(token, state)
                for state, token in zip(self.states, generated[:, known].tolist(), strict=True)
            ]
        else:
            states = [self._descend(row, generated[row]) for row in range(len(generated))]
        if not strict or (self.pruned and known < self.longest + 1):
            return states
        return states if all(_explains(state, row) for state, row in zip(states, generated, strict=True)) else None

    def _descend(self, row: int, tokens: Ids) -> State:
        # From where the row at this place was: up to what both have in common, then down again.
        last = self.generated[row]
        length = min(len(last), len(tokens))
        differing = (last[:length] != tokens[:length]).nonzero()[0]
        common = int(differing[0]) if len(differing) else length
        state: State | None = self.states[row]
        while state is not None and state.depth > common:
            state = state.parent
        if state is None:
            state = self.roots[row]
        if state.kind is Kind.RUNNING:
            for token in tokens[state.depth :].tolist():
                child = state.children.get(token)
                if child is None:
                    break
                state = child
                if state.kind is not Kind.RUNNING:
                    break
        return state

    def advance(self, ids: Ids, states: Sequence[State], eos: frozenset[int], vocab: int, batch: BatchExecutor) -> None:
        """Takes the rows from the nodes that `locate` found to the ends of their tokens."""
        generated = ids[:, self.boundary :]
        length = generated.shape[1]
        current = list(states)
        while True:
            wanted: dict[tuple[int, int], tuple[State, int]] = {}
            waiting: list[tuple[int, int]] = []
            for row, state in enumerate(current):
                if state.kind is Kind.RUNNING and state.depth < length:
                    token = int(generated[row, state.depth])
                    waiting.append((row, token))
                    if token not in state.children:
                        wanted[id(state), token] = (state, token)
            if not waiting:
                break
            self._grow(list(wanted.values()), eos, vocab, batch)
            for row, token in waiting:
                current[row] = current[row].children[token]
        self.states = current
        self.generated = generated.copy()
        self.longest = max(self.longest, length)
        if any(state.kind is not Kind.LEFT for state in self.states) and length:
            self.trial_after = None

    def _grow(self, wanted: list[tuple[State, int]], eos: frozenset[int], vocab: int, batch: BatchExecutor) -> None:
        inside = [(state, token) for state, token in wanted if 0 <= token < vocab]
        forks = [state.matcher.fork() for state, _ in inside if state.matcher is not None]
        tokens = [token for _, token in inside]
        if len(forks) == 1:
            accepted = [forks[0].accept_token(tokens[0])]
        else:
            accepted = batch.accept(forks, tokens) if forks else []
        for state, token in wanted:  # an id outside the vocabulary (of an assistant with another tokenizer, say)
            if not 0 <= token < vocab:
                state.children[token] = State(Kind.LEFT, None, state, state.depth + 1)
        for (state, token), fork, ok in zip(inside, forks, accepted, strict=True):
            kind = Kind.LEFT if not ok else Kind.ENDED if token in eos else Kind.RUNNING
            state.children[token] = State(kind, fork if kind is Kind.RUNNING else None, state, state.depth + 1)
        self.size += len(wanted)

    def every_row_leaves(self, ids: Ids, states: Sequence[State]) -> bool:
        """Whether the first generated token takes every row out of its grammar. `states` as `locate` found them."""
        for row, state in enumerate(states):
            token = int(ids[row, self.boundary])
            if state.depth == 0 and state.kind is Kind.RUNNING:
                if state.matcher is None or state.matcher.validate_tokens([token]):
                    return False
            elif state.kind is not Kind.LEFT:
                return False
        return True

    def prune(self, max_states: int) -> None:
        """Forgets all nodes but the roots and, for each row, the last ones before where it stands.

        Those are the ones that drafts and beams come back to. What was forgotten is computed again if it is asked for.
        """
        keep_depth = max(8, max_states // (2 * max(1, len(self.states))))
        kept = {id(root) for root in self.roots}
        for leaf in self.states:
            state: State | None = leaf
            for _ in range(keep_depth):
                if state is None or id(state) in kept:
                    break
                kept.add(id(state))
                state = state.parent
        nodes = list(self.nodes())
        for node in nodes:
            if id(node) not in kept:
                node.children, node.parent, node.matcher = {}, None, None  # no cycles: memory is free at once
                continue
            node.children = {token: child for token, child in node.children.items() if id(child) in kept}
            if node.parent is not None and id(node.parent) not in kept:
                node.parent = None
        self.size = len(kept)
        self.pruned = True

    def nodes(self) -> Iterator[State]:
        """All nodes; each once."""
        seen: set[int] = set()
        # After pruning, kept nodes need not hang on a root any more: start from the rows' own chains as well.
        stack: list[State] = [*self.roots]
        for leaf in self.states:
            state: State | None = leaf
            while state is not None and id(state) not in seen:
                seen.add(id(state))
                stack.append(state)
                state = state.parent
        seen.clear()
        while stack:
            node = stack.pop()
            if id(node) not in seen:
                seen.add(id(node))
                yield node
                stack.extend(node.children.values())

    def release(self) -> None:
        """Frees the tree; the session is of no use afterwards."""
        self.trial_after = None
        for node in list(self.nodes()):
            node.children, node.parent, node.matcher = {}, None, None


def _explains(state: State, generated: Ids) -> bool:
    if state.kind is Kind.RUNNING:
        return state.depth >= len(generated) - 1
    if state.kind is Kind.ENDED:  # the rest is padding: one id, over and over
        tail = generated[state.depth :]
        return len(tail) < 2 or bool((tail == tail[0]).all())
    return True


class SessionCache:
    """The few most recent sessions. Which of them a batch continues is decided from its ids."""

    def __init__(self, max_sessions: int, max_states: int) -> None:
        self._max_sessions = max_sessions
        self._max_states = max_states
        self._recent: list[Session] = []  # most recent last

    def find(self, ids: Ids, prompt_length: int | None) -> tuple[Session, list[State]] | None:
        """The most recently used session that the rows continue, and the nodes where they stand in it."""
        for session in reversed(self._recent):
            if prompt_length is not None and session.boundary != prompt_length:
                continue
            states = session.locate(ids, strict=prompt_length is None)
            if states is not None:
                return session, states
        return None

    def start(self, ids: Ids, boundary: int, make_roots: Callable[[], list[State]]) -> Session:
        """A session for rows that continue none."""
        session = Session(ids[:, :boundary], make_roots())
        self._recent.append(session)
        return session

    def supersede(self, session: Session, ids: Ids, make_roots: Callable[[], list[State]]) -> Session:
        """A session on trial for rows that may be new prompts or may be drafts which leave `session`.

        `session` stays to go on with. A run of such drafts must not fill the cache: of those on trial after one
        another the first stays, which may be the true one, and the last.
        """
        successor = self.start(ids, ids.shape[1], make_roots)
        successor.trial_after = session
        if session.trial_after is not None and session.trial_after.trial_after is not None:
            successor.trial_after = session.trial_after
            self._recent.remove(session)
            session.release()
        return successor

    def touch(self, session: Session) -> None:
        """Makes it the most recent, and keeps all of them together within the limits."""
        self._recent.remove(session)
        self._recent.append(session)
        while len(self._recent) > self._max_sessions or (
            len(self._recent) > 1 and sum(other.size for other in self._recent) > self._max_states
        ):
            self._recent.pop(0).release()
        if session.size > self._max_states:
            session.prune(self._max_states)

    def clear(self) -> None:
        for session in self._recent:
            session.release()
        self._recent.clear()

    @property
    def states(self) -> int:
        """How many nodes there are in all."""
        return sum(session.size for session in self._recent)
