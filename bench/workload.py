"""What the benchmarks of batches and of generation read: texts as tokens, each with its schema."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskforge.cli.errors import InputError
from maskforge.jsonschemabench.cases import maskbench_cases

LONGEST_SCHEMA = 6000  # characters: some engines take minutes for larger ones, and here that would show nothing
LONGEST_TEXT = 20_000

CITIES = ["Oslo", "Kyiv", "Lima", "Accra", "Hanoi", "Quito", "Tunis", "Perth", "Turin", "Łódź", "São Paulo", "東京"]
WORDS = (
    "amber basin cedar delta ember fjord grove haven inlet jetty knoll larch marsh north ocean plain quay ridge".split()
)


@dataclass(frozen=True, slots=True)
class Writing:
    """A valid text of a schema."""

    name: str
    schema: str
    token_ids: tuple[int, ...]
    """Without end-of-sequence."""


def load_tokenizer(folder: Path | None) -> Any:
    """The tokenizer of a folder, or a small one that is trained on the spot."""
    if folder is None:
        from maskforge.cli.tiny_model import train_tokenizer

        return train_tokenizer()
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot load a tokenizer from {folder}: {' '.join(str(error).split())}") from None


def everyday_schema(variant: int) -> dict[str, Any]:
    """What applications ask for: a list of objects with strings, enums, numbers and nesting. Variants differ in the
    names of properties, so that they are different grammars of the same kind."""
    suffix = f"_{WORDS[variant % len(WORDS)]}{variant // len(WORDS) or ''}" if variant else ""
    item = {
        "type": "object",
        "properties": {
            f"id{suffix}": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4,8}$"},
            f"status{suffix}": {"enum": ["open", "paid", "sent", "returned"]},
            f"city{suffix}": {"type": "string"},
            f"total{suffix}": {"type": "number"},
            f"count{suffix}": {"type": "integer"},
            f"tags{suffix}": {"type": "array", "items": {"type": "string"}},
            f"gift{suffix}": {"type": "boolean"},
        },
        "additionalProperties": False,
    }
    item["required"] = list(item["properties"])
    return {"type": "array", "items": item}


def everyday_text(variant: int, items: int, draw: random.Random) -> str:
    """A valid instance of `everyday_schema(variant)`, its properties in the schema's order."""
    found = []
    for _ in range(items):
        values = [
            f"{draw.choice('ABCDEFGH')}{draw.choice('ABCDEFGH')}-{draw.randrange(1000, 10**8)}",
            draw.choice(["open", "paid", "sent", "returned"]),
            draw.choice(CITIES),
            round(draw.random() * 1000, 2),
            draw.randrange(100),
            draw.sample(WORDS, draw.randrange(4)),
            draw.random() < 0.5,
        ]
        names = list(everyday_schema(variant)["items"]["properties"])
        found.append(dict(zip(names, values, strict=True)))
    return json.dumps(found, ensure_ascii=False)


def everyday_sequences(tokenizer: Any, count: int, at_least: int, *, one_grammar: bool) -> list[Writing]:
    """`count` different texts of at least `at_least` tokens, of one schema or each of its own."""
    draw = random.Random(7)
    found = []
    for place in range(count):
        variant = 0 if one_grammar else place
        items, ids = 1, []
        while len(ids) < at_least:
            ids = tokenizer.encode(everyday_text(variant, items, draw), add_special_tokens=False)
            items *= 2
        found.append(Writing(f"everyday {place}", json.dumps(everyday_schema(variant)), tuple(ids)))
    return found


def maskbench_sequences(tokenizer: Any, data: Path, names: Sequence[str] | None, at_least: int) -> Iterator[Writing]:
    """The first valid instance with `at_least` tokens of each schema of ordinary size."""
    if not data.is_dir():
        raise InputError(f"--data {data} is no folder")
    for case in maskbench_cases(data, names):
        if len(case.schema) > LONGEST_SCHEMA:
            continue
        for instance in case.instances:
            if instance.valid and len(instance.text) <= LONGEST_TEXT:
                ids = tokenizer.encode(instance.text, add_special_tokens=False)
                if len(ids) >= at_least:
                    yield Writing(case.name, case.schema, tuple(ids))
                    break
