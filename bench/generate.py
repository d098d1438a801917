"""What do masks cost in Hugging Face `generate`, with a model behind them?

    maskforge bench generate --model FOLDER --engines maskforge,xgrammar,llguidance --batch 1,8,64

The same model generates the same number of tokens with and without an engine's logits processor, the two in turns, and
the engines in turns as well. To have equal terms the text is not left to chance: a last processor makes `generate`
choose the next token of a valid text, in the runs without an engine as well, and checks that the engine allows it. So
all engines stand at the same places, no row ends early, and what differs between two runs is the processor only. A
row has a text of its own; one round before the first is not counted, and warms model and masks.

Times are elapsed time of the whole `generate` call.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter_ns
from typing import Any

from maskforge.bench.processors import ProcessorEngine
from maskforge.bench.workload import Writing

Clock = Callable[[], int]
PROMPT = "Answer with a list of orders as JSON: "


@dataclass(slots=True)
class GenerateRecord:
    """A pair of runs: one engine, one batch size, one round."""

    engine: str
    processor: str
    """"its own" or "thin"."""
    batch: int
    new_tokens: int
    """Of each row."""
    round: int
    with_ns: int = 0
    without_ns: int = 0
    failed: str = ""

    def record(self) -> dict[str, Any]:
        return {"kind": "generate", **asdict(self)}


class Replay:
    """Makes `generate` choose given tokens, and remembers whether they were allowed when it saw the scores."""

    def __init__(self, token_ids: Any, prompt_length: int) -> None:
        self._token_ids, self._prompt_length = token_ids, prompt_length
        self._masked: Any = None

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        tokens = self._token_ids[:, input_ids.shape[1] - self._prompt_length, None]
        masked = scores.gather(1, tokens) == -float("inf")
        self._masked = masked if self._masked is None else self._masked | masked  # stays on the device
        return scores.scatter(1, tokens, 3e38)

    def masked_rows(self) -> list[int]:
        return [row for row, masked in enumerate(self._masked.flatten().tolist()) if masked]


class Generator:
    """A model, a prompt and texts to write."""

    def __init__(self, model: Any, tokenizer: Any, new_tokens: int, clock: Clock = perf_counter_ns) -> None:
        self._model, self._tokenizer, self._new_tokens, self._clock = model, tokenizer, new_tokens, clock

    def run(self, writings: Sequence[Writing], processor: Callable[[Any, Any], Any] | None) -> tuple[int, list[int]]:
        """The time of one `generate` call and the rows in which a token was masked that must be allowed."""
        import torch
        from transformers import GenerationConfig, LogitsProcessorList

        device = self._model.device
        prompt = torch.tensor([self._tokenizer.encode(PROMPT)] * len(writings), device=device)
        texts = torch.tensor([writing.token_ids[: self._new_tokens] for writing in writings], device=device)
        replay = Replay(texts, prompt.shape[1])
        padding = self._tokenizer.pad_token_id
        config = GenerationConfig(
            do_sample=False,
            max_new_tokens=self._new_tokens,
            pad_token_id=self._tokenizer.eos_token_id if padding is None else padding,
        )
        processors = LogitsProcessorList([replay] if processor is None else [processor, replay])
        with torch.inference_mode():
            self._settle()
            start = self._clock()
            output = self._model.generate(
                input_ids=prompt,
                attention_mask=torch.ones_like(prompt),
                generation_config=config,
                logits_processor=processors,
            )
            self._settle()
            elapsed = self._clock() - start
        if not torch.equal(output[:, prompt.shape[1] :], texts):
            raise RuntimeError("`generate` did not write the text that it was given")
        return elapsed, replay.masked_rows()

    def _settle(self) -> None:
        """Waits until the device has done what was asked."""
        if self._model.device.type == "cuda":
            import torch

            torch.cuda.synchronize(self._model.device)

    def pair(
        self, engine: ProcessorEngine, grammars: Sequence[Any], writings: Sequence[Writing], number: int
    ) -> GenerateRecord:
        """With and without, which comes first alternates with the round's number."""
        found = GenerateRecord(engine.name, engine.processor, len(writings), self._new_tokens, number)
        try:
            for masked in (True, False) if number % 2 else (False, True):
                elapsed, wrong = self.run(writings, engine.make(grammars) if masked else None)
                if wrong:
                    raise RuntimeError(f"masks a token of {writings[wrong[0]].name}, which is valid")
                if masked:
                    found.with_ns = elapsed
                else:
                    found.without_ns = elapsed
        except Exception as error:  # whatever an engine throws costs it this setting, not the run
            found.failed = f"{type(error).__name__}: {error}"
        return found


def run(
    generator: Generator,
    engines: Sequence[ProcessorEngine],
    writings: Sequence[Writing],
    batches: Sequence[int],
    rounds: int,
) -> Iterator[GenerateRecord]:
    """Every setting; row r of a batch writes `writings[r]`, over again where the batch is larger. Round 0 is not
    counted: it is yielded, for those who count progress, with `round` 0."""
    compiled: dict[str, dict[str, Any]] = {}
    refused: dict[str, str] = {}
    for engine in engines:
        try:
            compiled[engine.name] = {schema: engine.compile(schema) for schema in {each.schema for each in writings}}
        except Exception as error:
            refused[engine.name] = f"{type(error).__name__}: {error}"
    for size in batches:
        rows = [writings[row % len(writings)] for row in range(size)]
        for number in range(rounds + 1):
            shift = number % len(engines)
            for engine in [*engines[shift:], *engines[:shift]]:
                gc.collect()
                if engine.name in refused:
                    yield GenerateRecord(engine.name, engine.processor, size, 0, number, failed=refused[engine.name])
                    continue
                grammars = [compiled[engine.name][each.schema] for each in rows]
                yield generator.pair(engine, grammars, rows, number)
