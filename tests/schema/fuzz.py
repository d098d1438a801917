"""A long run of differential fuzzing: `python -m tests.schema.fuzz --minutes 40 --seed 1 [--markdown FILE]`.

Draws schemas of all dialects (documents.py) and compares the engine with judges that share nothing with it: values that
the schema talks about and mutations of what was generated are accepted exactly where they are valid; random walks under
the mask end, and what they write is valid; every mask of a small vocabulary is what its definition says, and so are
masks of a large one at a few places. Both property orders, both whitespace policies.

Every batch is a process of its own, so that a crash or a hang costs one batch and is reported with its case.
Disagreements are made smaller and written to a file that `--replay` reads.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import copy
import datetime
import functools
import importlib.metadata
import json
import multiprocessing
import platform
import random
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from itertools import permutations, product
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import maskforge as mf
from tests.schema import strategies
from tests.schema.annotations import subschemas
from tests.schema.documents import Document, documents
from tests.schema.focused import domain
from tests.schema.support import EOS, accepts
from tests.schema.test_completeness import spellings, texts
from tests.schema.test_soundness import WORDS, compare_with_definition, small_values
from tests.schema.walks import Walker, WalkError

BATCH = 250
BATCH_SECONDS = 900
SLOW_SECONDS = 20
REDUCE_SECONDS = 60
Counter = collections.Counter[str]


class DisagreementError(Exception):
    """kind: one word; the message says what was observed."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Trial:
    """One schema, compared in every way. What is drawn at random hangs on `seed` alone."""

    def __init__(self, compiler: mf.Compiler, walker: Walker, document: Document, seed: int, counts: Counter) -> None:
        self.compiler = compiler
        self.walker = walker
        self.document = document
        self.dice = random.Random(seed)
        self.counts = counts
        self.options: dict[str, Any] = {
            "property_order": self.dice.choice(["any", "any", "schema"]),
            "whitespace": self.dice.choice(["flexible", "flexible", "compact"]),
        }
        self.draft4 = document.draft == "draft4"
        self.judge = document.oracle()
        self.other = document.other()

    def run(self) -> None:
        counts, options = self.counts, self.options
        counts[f"{options['property_order']}, {options['whitespace']}"] += 1
        try:
            grammar = self.compiler.json_schema(self.document.schema, registry=self.document.registry(), **options)
        except mf.UnsatisfiableError:
            counts["unsatisfiable"] += 1
            values = domain(self.document.kind) if self.document.kind else []
            for value in [*map(self.exactly, values), *small_values([self.document.schema, self.document.resources])]:
                if self.is_valid(value):
                    raise DisagreementError("unsatisfiable", f"but {value!r} satisfies it") from None
            return
        except mf.FuelError:
            counts["compiles out of fuel"] += 1
            return
        except mf.UnsupportedError as error:
            counts[f"refused: {error.message[:60]}"] += 1
            return
        counts["satisfiable"] += 1
        for check in (self.report, self.values, self.walks):
            try:
                check(grammar)
            except mf.FuelError:
                counts[f"{check.__name__} out of fuel"] += 1

    def exactly(self, value: Any) -> Any:
        return strategies.parse_exactly(json.dumps(value), draft4=self.draft4)

    def is_valid(self, value: Any) -> bool:
        """By both judges."""
        valid = self.judge.is_valid(value)
        try:
            differs = self.other is not None and self.other.is_valid(value) != valid
        except (AttributeError, TypeError):
            # `referencing` fails on draft 7's `dependencies` where they mix lists with schemas.
            self.counts["schemas that jsonschema cannot read"] += 1
            self.other = None
            differs = False
        if differs:
            raise DisagreementError("judges", f"{value!r} is {'valid' if valid else 'invalid'}, not so for jsonschema")
        return valid

    def values(self, grammar: mf.Grammar) -> None:
        found = [value for value in small_values([self.document.schema]) if can_be_written(value)]
        for value in self.dice.sample(found, min(len(found), 40)):
            self.value(grammar, value)
        if self.document.kind:
            values = domain(self.document.kind)
            for value in self.dice.sample(values, min(len(values), 150)):
                self.value(grammar, value)

    def report(self, grammar: mf.Grammar) -> None:
        """Every keyword of the root is in the report."""
        if not isinstance(self.document.schema, dict):
            return
        reported = {entry.keyword for entry in grammar.report if entry.pointer.count("/") == 1}
        missing = self.document.schema.keys() - reported
        if missing:
            raise DisagreementError("report", f"nothing about {sorted(missing)}")

    def value(self, grammar: mf.Grammar, value: Any) -> None:
        valid = self.is_valid(self.exactly(value))
        self.counts["valid values" if valid else "invalid values"] += 1
        if self.options["whitespace"] == "compact":
            forms = [json.dumps(value, separators=(",", ":"))]
        else:
            forms = list(texts(value, self.dice))
            forms = self.dice.sample([*forms, *([] if self.draft4 else spellings(value))], 2)
        if self.options["property_order"] == "schema":
            if not flat(value):
                return
            orders = [dict(order) for order in permutations(value.items())] if isinstance(value, dict) else [value]
            if any(accepts(grammar, json.dumps(order, separators=(",", ":"))) for order in orders) != valid:
                raise DisagreementError("value", f"{value!r} is {'valid' if valid else 'invalid'} in whatever order")
            return
        for form in forms:
            if accepts(grammar, form) != valid:
                raise DisagreementError("value", f"{form!r} is {'valid' if valid else 'invalid'}")

    def walks(self, grammar: mf.Grammar) -> None:
        exactly = compare_with_definition(self.walker)

        def look(matcher: mf.Matcher, ids: np.ndarray[Any, Any]) -> None:
            self.counts["masks compared"] += 1
            try:
                exactly(matcher, ids)
            except AssertionError:
                raise DisagreementError("mask", repr(matcher)) from None

        def pass_by(matcher: mf.Matcher, ids: np.ndarray[Any, Any]) -> None:
            self.counts["masks walked through"] += 1

        for free_steps, see in ((self.dice.randrange(25), look), (self.dice.randrange(60), pass_by)):
            try:
                text = self.walker.walk(
                    grammar, self.dice, free_steps=free_steps, look=see, schema=self.document.schema
                )
            except WalkError as error:
                raise DisagreementError("walk", str(error)) from None
            self.counts["walks"] += 1
            try:
                value = strategies.parse_exactly(text.decode(), draft4=self.draft4)
            except strategies.TooLargeError:
                self.counts["walks to numbers of more than 2000 digits"] += 1
                continue
            except (ValueError, AssertionError) as error:
                raise DisagreementError("text", f"{text!r}: {error}") from None
            if not self.is_valid(value):
                raise DisagreementError("text", f"{text!r} is invalid")
            self.large_masks(text)
            plain = json.loads(text)
            if self.options["property_order"] == "any" and can_be_written(plain):
                for _ in range(6):
                    self.value(grammar, mutated(plain, self.dice))

    def large_masks(self, text: bytes) -> None:
        """At a few places of a text: masks of many tokens are made in other ways than those of few."""
        compiler, walker = large_tools()
        grammar = compiler.json_schema(self.document.schema, registry=self.document.registry(), **self.options)
        matcher = grammar.matcher()
        stops = set(self.dice.sample(range(len(text) + 1), min(4, len(text) + 1)))
        for at in range(len(text) + 1):
            if at in stops:
                self.counts["masks of a large vocabulary"] += 1
                allowed = matcher.allowed_tokens()
                tried = {*self.dice.sample(range(walker.vocabulary.size), 400)}
                tried.update(self.dice.sample(allowed, min(200, len(allowed))))
                wrong = tried.intersection(allowed) ^ walker.expected(matcher, iter(tried))
                if wrong:
                    words = [walker.vocabulary.token(token) for token in sorted(wrong)[:5]]
                    raise DisagreementError("large mask", f"{words!r} after {text[:at]!r}")
            if at < len(text) and not matcher.accept_bytes(text[at : at + 1]):
                raise DisagreementError("large vocabulary", f"{text!r} is refused at {at}")


def can_be_written(value: Any) -> bool:
    """Whether json.dumps writes it with the value that it has."""
    if isinstance(value, dict):
        return all(map(can_be_written, value.values()))
    if isinstance(value, list):
        return all(map(can_be_written, value))
    if isinstance(value, float):
        return value == value and abs(value) < 1e300
    return (
        value is None or isinstance(value, bool | str | int) and not (isinstance(value, int) and abs(value) > 10**300)
    )


def flat(value: Any) -> bool:
    """Whether it is easy to try all orders of its keys."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return len(inner) < 5 and not any(isinstance(each, dict | list) and each for each in inner)


def mutated(value: Any, dice: random.Random) -> Any:
    """The value with one change somewhere."""
    if isinstance(value, dict | list) and value and dice.random() < 0.7:
        changed = copy.copy(value)
        place = dice.choice(list(value) if isinstance(value, dict) else range(len(value)))
        changed[place] = mutated(value[place], dice)
        return changed
    if isinstance(value, list):
        changed = [*value, dice.choice([*value, *FEW])]
        del changed[dice.randrange(len(changed))]
        return dice.choice([changed, [*value, dice.choice([*value, *FEW])], value[1:], value[::-1]])
    if isinstance(value, dict):
        changed = {**value, dice.choice(strategies.NAMES): dice.choice([*value.values(), *FEW])}
        if dice.random() < 0.5:
            del changed[dice.choice(list(changed))]
        return changed
    if isinstance(value, bool) or value is None:
        return dice.choice(FEW)
    if isinstance(value, str):
        return dice.choice([value + "a", value[1:], value[:-1], "b" + value, *FEW])
    return dice.choice([value + 1, -value, value * 10, value / 2 if abs(value) < 1e15 else value, *FEW])


FEW: list[Any] = [None, True, False, 0, 1, "", "a", [], {}, 0.5, {"a": 0}]

# ---- batches --------------------------------------------------------------------------------------------------------


def tools() -> tuple[mf.Compiler, Walker]:
    tokens = [bytes([byte]) for byte in range(256)] + [b"</s>", b"<eot>", *WORDS]
    vocabulary = mf.Vocabulary.from_tokens(tokens, eos_token_ids=[EOS, EOS + 1])
    return mf.Compiler(vocabulary), Walker(vocabulary)


@functools.cache
def large_tools() -> tuple[mf.Compiler, Walker]:
    """Over all bytes and all pairs and triples of characters that texts consist of: 14,000 tokens."""
    tokens = [bytes([byte]) for byte in range(256)] + [b"</s>"]
    for length in (2, 3):
        tokens += ["".join(each).encode() for each in product('abcdABZ019\\u"{}[]:, -.e/', repeat=length)]
    vocabulary = mf.Vocabulary.from_tokens(tokens, eos_token_ids=256)
    return mf.Compiler(vocabulary), Walker(vocabulary)


def keywords_of(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node
        for _, container, key in subschemas(node):
            yield from keywords_of(container[key])


def observed(compiler: mf.Compiler, walker: Walker, document: Document, seed: int, counts: Counter) -> str | None:
    """What was wrong, or None."""
    try:
        Trial(compiler, walker, document, seed, counts).run()
    except DisagreementError as error:
        return str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}\n{traceback.format_exc(limit=-4)}"
    return None


def batch(seed: int, size: int, current: Path, pipe: Any) -> None:
    """Sends (counts, disagreements)."""
    counts: Counter = collections.Counter()
    wrong: list[dict[str, Any]] = []
    compiler, walker = tools()

    @hypothesis.seed(seed)
    @settings(
        max_examples=size,
        phases=[Phase.generate],
        derandomize=False,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(document=documents(), trial_seed=st.integers(0, 2**32 - 1))
    def trials(document: Document, trial_seed: int) -> None:
        case = as_case(document, trial_seed)
        current.write_text(json.dumps(case))
        counts["schemas"] += 1
        counts[document.draft] += 1
        counts["several documents"] += bool(document.resources)
        for keyword in {each for part in (document.schema, *document.resources.values()) for each in keywords_of(part)}:
            counts[f"keyword {keyword}"] += 1
        started = time.process_time()
        problem = observed(compiler, walker, document, trial_seed, counts)
        if problem is None and time.process_time() - started > SLOW_SECONDS:
            problem = f"slow: {time.process_time() - started:.0f} s"
        if problem is not None:
            counts["disagreements"] += 1
            wrong.append({**case, "problem": problem})

    trials()
    for each in wrong:
        if not each["problem"].startswith("slow"):
            each["reduced"] = reduced(each)
    counts["processor seconds"] += round(time.process_time())
    counts["peak MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    pipe.send((counts, wrong))


def as_case(document: Document, seed: int) -> dict[str, Any]:
    return {**vars(document), "seed": seed}


def document_of(case: dict[str, Any]) -> Document:
    return Document(**{name: case[name] for name in ("schema", "draft", "resources", "plain", "mixed", "kind")})


def reduced(case: dict[str, Any]) -> dict[str, Any]:
    """A smaller schema that shows a problem of the same kind, with the same seed."""
    kind = case["problem"].split(":")[0]
    deadline = time.monotonic() + REDUCE_SECONDS
    if case["plain"] is not None:
        return {}

    def fails(schema: Any) -> str | None:
        candidate = {**case, "schema": schema}
        try:
            problem = observed(*tools(), document_of(candidate), case["seed"], collections.Counter())
        except Exception:
            return None
        return problem if problem is not None and problem.startswith(kind) else None

    best, problem = case["schema"], case["problem"]
    shrunk = True
    while shrunk and time.monotonic() < deadline:
        shrunk = False
        for smaller in smaller_schemas(best):
            if time.monotonic() > deadline:
                break
            found = fails(smaller)
            if found:
                best, problem, shrunk = smaller, found, True
                break
    return {"schema": best, "problem": problem}


def smaller_schemas(node: Any, change: Callable[[Any], Any] = lambda new: new) -> Iterator[Any]:
    """The whole with one part of it left out or replaced by a part of its own."""
    if isinstance(node, dict):
        for key, inner in node.items():
            if key not in ("$schema", "$id", "id"):
                yield change({other: value for other, value in node.items() if other != key})
                if isinstance(inner, dict):
                    yield change(inner)
        for key, inner in node.items():
            yield from smaller_schemas(inner, lambda new, key=key: change({**node, key: new}))
    elif isinstance(node, list):
        for index, inner in enumerate(node):
            yield change([*node[:index], *node[index + 1 :]])
            yield from smaller_schemas(inner, lambda new, index=index: change([*node[:index], new, *node[index + 1 :]]))


class Run:
    """Batches one after the other, or some at a time, until the time is over."""

    def __init__(self, seed: int, minutes: float, processes: int, size: int, out: Path) -> None:
        self.seed, self.minutes, self.processes, self.size, self.out = seed, minutes, processes, size, out
        self.counts: Counter = collections.Counter()
        self.wrong: list[dict[str, Any]] = []
        self.batches = 0

    def go(self) -> None:
        # Everything is loaded before the first batch: the run is one of the code as it is now.
        document = Document({"$ref": "urn:a"}, "draft2020-12", {"urn:a": {"type": "null"}})
        if observed(*tools(), document, 0, collections.Counter()) is not None:
            raise RuntimeError("the simplest case fails")
        deadline = time.monotonic() + 60 * self.minutes
        self.out.parent.mkdir(parents=True, exist_ok=True)
        context = multiprocessing.get_context("fork")
        running: list[tuple[Any, Any, int, float, Path]] = []
        while running or time.monotonic() < deadline:
            while len(running) < self.processes and time.monotonic() < deadline:
                number = self.seed * 1_000_000 + self.batches
                receiver, sender = context.Pipe(duplex=False)
                current = self.out.with_suffix(f".{self.batches % (4 * self.processes)}.json")
                process = context.Process(target=batch, args=(number, self.size, current, sender))
                process.start()
                sender.close()
                running.append((process, receiver, number, time.monotonic(), current))
                self.batches += 1
            for each in running[:]:
                if self.ended(*each):
                    running.remove(each)
            time.sleep(0.2)

    def ended(self, process: Any, receiver: Any, number: int, started: float, current: Path) -> bool:
        result = None
        if receiver.poll():
            with contextlib.suppress(EOFError):
                result = receiver.recv()
        elif process.is_alive() and time.monotonic() - started < BATCH_SECONDS:
            return False
        if result is None:
            process.kill()
            problem = f"crash: batch {number}, exit code {process.exitcode}"
            result = collections.Counter(disagreements=1), [{**json.loads(current.read_text()), "problem": problem}]
        process.join()
        current.unlink(missing_ok=True)
        counts, wrong = result
        peak = max(self.counts["peak MiB"], counts["peak MiB"])
        self.counts += counts
        self.counts["peak MiB"] = peak
        self.wrong += wrong
        with self.out.open("a") as file:
            for case in wrong:
                file.write(json.dumps(case) + "\n")
                print(json.dumps(case.get("reduced") or case), flush=True)
        print(f"{self.batches} batches, {self.counts['schemas']} schemas, {len(self.wrong)} disagreements", flush=True)
        return True


# ---- what is written about it ---------------------------------------------------------------------------------------


def markdown(run: Run, arguments: argparse.Namespace) -> str:
    counts = run.counts
    options = [f"--minutes {arguments.minutes:g}", f"--seed {arguments.seed}"]
    options += [f"--processes {arguments.processes}"] if arguments.processes > 1 else []
    versions = [
        f"{name} {importlib.metadata.version(name)}"
        for name in ("maskforge", "hypothesis", "jsonschema", "referencing")
    ]
    lines = [
        "# Differential fuzzing of JSON Schema",
        "",
        f"`python -m tests.schema.fuzz {' '.join(options)} --markdown docs/results/fuzzing.md`",
        "",
        f"{datetime.datetime.now(datetime.UTC).date()}; {', '.join(versions)}; Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}.",
        "",
        "Random schemas of all dialects are compared with two judges: one straight from the specification",
        "(tests/schema/annotations.py), and `jsonschema` where it follows that. A disagreement is a value or a text",
        "judged otherwise, a mask that differs from its definition, a walk that does not end, a crash, an unexpected",
        f"error, more than {SLOW_SECONDS} seconds for one schema, or a difference between the judges.",
        "",
        "| what | count |",
        "|---|---:|",
    ]
    first = ["schemas", "disagreements", "satisfiable", "unsatisfiable"]
    rows = [*first, *sorted(key for key in counts if "out of fuel" in key or key.startswith("refused"))]
    rows += [
        "several documents",
        "schemas that jsonschema cannot read",
        "masks compared",
        "masks walked through",
        "masks of a large vocabulary",
        "walks",
    ]
    rows += [
        "walks to numbers of more than 2000 digits",
        "valid values",
        "invalid values",
        "processor seconds",
        "peak MiB",
    ]
    lines += [f"| {row} | {counts[row]:,} |" for row in rows]
    lines += ["", "| dialect | schemas |", "|---|---:|"]
    lines += [f"| {draft.removeprefix('draft')} | {counts[draft]:,} |" for draft in strategies.DRAFTS]
    lines += ["", "| property order, whitespace | schemas |", "|---|---:|"]
    lines += [f"| {key} | {counts[key]:,} |" for key in sorted(counts) if key.startswith(("any, ", "schema, "))]
    lines += ["", "Schemas in which each keyword occurs, the dialects without it included, where it means nothing:", ""]
    used = sorted(key.removeprefix("keyword ") for key in counts if key.startswith("keyword ") and counts[key])
    lines += [", ".join(f"`{keyword}` {counts['keyword ' + keyword]:,}" for keyword in used), "", JUDGES]
    return "\n".join(lines)


JUDGES = """\
## Where `jsonschema` is not asked

It is at fault there, or `referencing` is, and the judge from the specification decides alone:

| schemas | reason |
|---|---|
| `dependencies` with lists and schemas | `referencing` takes all of its members for schemas, or none, and fails |
| `unevaluated*` in 2019-09 | see `DEPARTURES` in tests/schema/test_unevaluated.py |
| `$ref` to a `$dynamicAnchor` | it binds dynamically; in the specification it is an ordinary reference |
| `$recursiveAnchor` | its search for the outermost resource ends at the first one without an anchor |
| resources of several dialects | at a `$schema` it forgets how it was extended, here by equality of items |

In every schema two of its keywords are mended: `uniqueItems` (it takes `[[1], [true], [1]]` for unique) and, in drafts
6 to 2019-09, `additionalItems` beside a Boolean `items`, where it means nothing.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=1, help="no batch begins afterwards")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--batch", type=int, default=BATCH, help="schemas a process")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz/disagreements.jsonl"))
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--replay", type=Path, help="run the cases of this file again")
    arguments = parser.parse_args()
    if arguments.replay is not None:
        open_ones = 0
        for line in arguments.replay.read_text().splitlines():
            case = json.loads(line)
            problem = observed(*tools(), document_of(case), case["seed"], collections.Counter())
            open_ones += problem is not None
            print(problem or "agrees")
        return int(open_ones > 0)
    run = Run(arguments.seed, arguments.minutes, arguments.processes, arguments.batch, arguments.out)
    run.go()
    print(json.dumps(run.counts, indent=1))
    if arguments.markdown is not None:
        arguments.markdown.write_text(markdown(run, arguments))
    return int(run.counts["disagreements"] > 0)


if __name__ == "__main__":
    sys.exit(main())
