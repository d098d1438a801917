"""`maskforge demo` and `maskforge generate` with a small model from a folder; nothing is downloaded."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from maskforge.cli import app
from maskforge.cli.tiny_model import packaged_text, random_model, train_tokenizer

SCHEMA = {
    "type": "object",
    "properties": {
        "word": {"type": "string", "maxLength": 8},
        "size": {"enum": ["small", "large"]},
        "parts": {"type": "array", "items": {"type": "boolean"}, "maxItems": 3},
    },
    "required": ["word", "size", "parts"],
    "additionalProperties": False,
}


def invoke(*arguments: str, stdin: str | None = None) -> Any:
    return CliRunner().invoke(app, list(arguments), input=stdin)


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("model")
    tokenizer = train_tokenizer(vocab_size=600)
    tokenizer.save_pretrained(folder)
    random_model(tokenizer, seed=1).save_pretrained(folder)
    return str(folder)


def test_the_tokenizer_is_lossless() -> None:
    tokenizer = train_tokenizer()
    text = packaged_text()[:2000] + "\x00 ä 漢 \U0001f600 \t\r\n"
    assert tokenizer.decode(tokenizer(text)["input_ids"], clean_up_tokenization_spaces=False) == text


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_demo_writes_valid_json(seed: int) -> None:
    result = invoke("demo", "--seed", str(seed), "--no-show-schema")
    assert result.exit_code == 0, result.output
    assert "jsonschema accepts the text" in result.stdout


def test_demo_fails_when_it_cannot_finish() -> None:
    result = invoke("demo", "--max-new-tokens", "5", "--no-show-schema")
    assert result.exit_code == 1 and "not finished" in result.stdout


@pytest.mark.parametrize(
    "mode", [["--greedy"], ["--seed", "3", "--temperature", "1.5"], ["--seed", "4", "--no-stream"]]
)
def test_generate_with_a_schema(model_folder: str, tmp_path: Path, mode: list[str]) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(SCHEMA))
    result = invoke(
        *("generate", "--model", model_folder, "--prompt", "A thing: ", "--schema", str(schema)),
        *("--whitespace", "compact", *mode),
    )
    assert result.exit_code == 0, result.output
    jsonschema.validate(json.loads(result.stdout), SCHEMA)


def test_generate_with_a_regex(model_folder: str) -> None:
    result = invoke(
        "generate", "-m", model_folder, "-p", "-", "--regex", "[0-9]{4}-[0-9]{2}", "--seed", "0", stdin="When? "
    )
    assert result.exit_code == 0, result.output
    year, month = result.stdout.strip().split("-")
    assert (len(year), len(month)) == (4, 2) and (year + month).isdigit()


def test_generate_says_when_the_budget_ends_it(model_folder: str) -> None:
    result = invoke("generate", "-m", model_folder, "-p", "x", "--regex", "a{200}", "--max-new-tokens", "3", "--greedy")
    assert result.exit_code == 1
    assert "not finished" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "/no/such/model", "--regex", "a"], "cannot load the model"),
        (["--regex", "a", "--device", "abacus"], "cannot use --device"),
        (["--regex", "a", "--dtype", "wide"], "--dtype"),
        (["--regex", "(", "--greedy"], "malformed"),
        ([], "one of --schema"),
    ],
)
def test_errors_are_one_line(model_folder: str, arguments: list[str], message: str) -> None:
    if "--model" not in arguments:
        arguments = ["--model", model_folder, *arguments]
    result = invoke("generate", "--prompt", "x", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr and "Traceback" not in result.output
