"""The demo: a model that knows nothing writes JSON that a schema allows, because the mask leaves it no other choice.

The weights are random, so nothing but the mask shapes the text. The schema bounds every string and list, so the text
ends after some two hundred tokens whatever the model would like.
"""

import json
import time
from contextlib import nullcontext
from typing import Any

from rich.console import Console, Group
from rich.json import JSON
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from maskforge.cli.errors import NOT_FULFILLED, OK

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Bug report",
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[A-Z]{2,4}-[1-9][0-9]{0,4}$"},
        "title": {"type": "string", "minLength": 12, "maxLength": 60, "pattern": "^[A-Z][a-z ,]*$"},
        "severity": {"enum": ["low", "medium", "high", "critical"]},
        "reported": {"type": "string", "format": "date"},
        "reporter": {"$ref": "#/$defs/person"},
        "versions": {
            "type": "array",
            "items": {"type": "string", "pattern": "^[0-9]{1,2}\\.[0-9]{1,2}$"},
            "minItems": 1,
            "maxItems": 3,
        },
        "crashes_per_day": {"type": "integer", "minimum": 0, "maximum": 500},
        "state": {
            "oneOf": [
                {
                    "type": "object",
                    "properties": {"kind": {"const": "open"}},
                    "required": ["kind"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {
                        "kind": {"const": "closed"},
                        "resolution": {"enum": ["fixed", "duplicate", "not a bug"]},
                    },
                    "required": ["kind", "resolution"],
                    "additionalProperties": False,
                },
            ]
        },
    },
    "required": ["id", "title", "severity", "reported", "reporter", "versions", "crashes_per_day", "state"],
    "additionalProperties": False,
    "$defs": {
        "person": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "pattern": "^[A-Z][a-z]{2,9}$"},
                "email": {"type": "string", "pattern": "^[a-z]{3,12}@example\\.(com|org)$"},
            },
            "required": ["name"],
            "additionalProperties": False,
        },
    },
}


class Watcher:
    """Shows the text as it grows: a streamer for `generate`, and a logits processor that counts what the mask left.

    On a terminal a panel is drawn anew for each token; elsewhere it is printed once, at the end.
    """

    def __init__(self, tokenizer: Any, console: Console, delay: float) -> None:
        self.tokenizer = tokenizer
        self.console = console
        self.live = Live(console=console, refresh_per_second=20) if console.is_terminal else None
        self.delay = delay
        self.token_ids: list[int] = []
        self.allowed = 0
        self._saw_prompt = False

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        self.allowed = int(scores[0].isfinite().sum())
        return scores

    def put(self, value: Any) -> None:
        if not self._saw_prompt:  # `generate` hands the prompt over first
            self._saw_prompt = True
            return
        self.token_ids += value.flatten().tolist()
        if self.live:
            self.live.update(self.picture())
        time.sleep(self.delay)

    def end(self) -> None:
        if self.live:
            self.live.update(self.picture())
        else:
            self.console.print(self.picture())

    def text(self) -> str:
        return str(self.tokenizer.decode(self.token_ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def picture(self) -> Panel:
        status = f"token {len(self.token_ids)}: the mask left {self.allowed} of {len(self.tokenizer)}"
        return Panel(Group(Text(self.text(), style="bold"), Text(status, style="dim")), title="the model writes")


def run_demo(console: Console, seed: int, max_new_tokens: int, delay: float, show_schema: bool) -> int:
    """Returns the exit code: 0 when `jsonschema` accepts what the model wrote."""
    # Loading PyTorch and transformers takes seconds: say so first.
    with console.status("loading PyTorch and transformers"):
        import torch
        from transformers import GenerationConfig, LogitsProcessorList

        import maskforge as mf
        from maskforge.cli.tiny_model import random_model, train_tokenizer

    if show_schema:
        console.print(Panel(JSON.from_data(SCHEMA), title="the schema"))
    started = time.perf_counter()
    tokenizer = train_tokenizer()
    model = random_model(tokenizer, seed)
    seconds = time.perf_counter() - started
    console.print(
        f"trained a tokenizer of {len(tokenizer)} tokens and drew {model.num_parameters():,} random weights "
        f"in {seconds:.1f} s",
        highlight=False,
    )

    vocabulary = mf.Vocabulary.from_huggingface(tokenizer)
    started = time.perf_counter()
    grammar = mf.Compiler(vocabulary).json_schema(SCHEMA, whitespace="compact")
    console.print(f"compiled the schema in {1000 * (time.perf_counter() - started):.2f} ms", highlight=False)

    prompt = tokenizer("Write a bug report as JSON: ", return_tensors="pt")
    torch.manual_seed(seed)
    watcher = Watcher(tokenizer, console, delay)
    with watcher.live or nullcontext(), torch.inference_mode():
        model.generate(
            input_ids=prompt["input_ids"],
            attention_mask=prompt["attention_mask"],
            generation_config=GenerationConfig(
                do_sample=True,
                top_k=0,
                sequence_bias=rare_escapes(tokenizer),
                max_new_tokens=max_new_tokens,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            ),
            logits_processor=LogitsProcessorList([mf.LogitsProcessor(grammar), watcher]),
            streamer=watcher,
        )
    return judge(console, watcher.text(), finished=watcher.token_ids[-1:] == [tokenizer.eos_token_id])


def rare_escapes(tokenizer: Any) -> dict[tuple[int, ...], float]:
    """`\\u0061` is a way to write `a` that random weights like as much as any other; people read better without."""
    return {(token_id,): -6.0 for token, token_id in tokenizer.get_vocab().items() if "\\" in token}


def judge(console: Console, text: str, finished: bool) -> int:
    """What an independent validator says of the text."""
    from jsonschema import Draft202012Validator

    if not finished:
        console.print("[bold red]not finished[/]: give more --max-new-tokens")
        return NOT_FULFILLED
    try:
        value = json.loads(text)
    except ValueError as error:
        console.print(f"[bold red]not JSON[/]: {error}")
        return NOT_FULFILLED
    console.print(JSON.from_data(value))
    validator = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
    problems = list(validator.iter_errors(value))
    for problem in problems:
        console.print(f"[bold red]invalid[/] at {problem.json_path}: {problem.message}")
    if problems:
        return NOT_FULFILLED
    console.print("[bold green]valid[/]: jsonschema accepts the text")
    return OK
