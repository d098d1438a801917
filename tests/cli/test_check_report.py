"""`maskforge check` and `maskforge report`, called as a shell would."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maskforge.cli import app

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name"],
    "additionalProperties": False,
}


def invoke(*arguments: str, stdin: str | bytes | None = None) -> Any:
    return CliRunner().invoke(app, list(arguments), input=stdin)


@pytest.fixture
def schema_file(tmp_path: Path) -> str:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(SCHEMA))
    return str(path)


def verdict(*arguments: str, stdin: str | bytes | None = None) -> dict[str, Any]:
    result = invoke("check", "--json", *arguments, stdin=stdin)
    value = json.loads(result.stdout)
    assert result.exit_code == (0 if value["status"] == "allowed" else 1)
    return value


def test_an_allowed_file(schema_file: str, tmp_path: Path) -> None:
    text = tmp_path / "text.json"
    text.write_text(json.dumps({"name": "Ada", "age": 36}, indent=2) + "\n")
    result = invoke("check", str(text), "--schema", schema_file)
    assert result.exit_code == 0 and "allowed" in result.stdout


@pytest.mark.parametrize(
    ("text", "status", "character"),
    [
        ('{"name": "Ada"}', "allowed", 15),
        ('{"age": 3}', "rejected", 9),  # name is required
        ('{"nome": 3}', "rejected", 3),
        ('{"name": 3}', "rejected", 9),
        ('{"name": "Ada"', "incomplete", 14),
        ("", "incomplete", 0),
        ('{"name": "ä", "age": -1}', "rejected", 22),  # characters, not bytes
    ],
)
def test_the_place_is_named(schema_file: str, text: str, status: str, character: int) -> None:
    result = verdict("--text", text, "--schema", schema_file)
    assert (result["status"], result["character"]) == (status, character)
    assert result["byte"] == len(text[:character].encode())
    assert (result["expected"] is None) == (status == "allowed")


def test_line_and_column(schema_file: str) -> None:
    result = verdict("-", "--schema", schema_file, stdin='{\n  "name": "Ada",\n  "age": "x"}')
    assert (result["status"], result["line"], result["column"], result["found"]) == ("rejected", 3, 10, '"')


def test_a_rejected_character_is_named_whole() -> None:
    result = verdict("--text", "aöb", "--regex", "a[äü]b")  # both begin with the byte C3
    assert (result["status"], result["character"], result["byte"], result["found"]) == ("rejected", 1, 1, "ö")


def test_people_see_the_place(schema_file: str) -> None:
    result = invoke("check", "--text", '{"name": 3}', "--schema", schema_file)
    assert result.exit_code == 1
    assert "not allowed" in result.stdout and "character 9" in result.stdout and "expected" in result.stdout
    line, mark = next(
        (line, mark)
        for line, mark in zip(result.stdout.splitlines(), result.stdout.splitlines()[1:], strict=False)
        if "^" in mark
    )
    assert line[mark.index("^")] == "3"


def test_inline_schema_and_regex() -> None:
    assert verdict("--text", "true", "--schema", '{"type": "boolean"}')["status"] == "allowed"
    assert verdict("--text", "2024-02-30", "--regex", r"\d{4}-\d\d-\d\d")["status"] == "allowed"
    assert verdict("--text", "2024-2-30", "--regex", r"\d{4}-\d\d-\d\d")["character"] == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "--text", "x"], "one of --schema, --regex and --grammar"),
        (["check", "--text", "x", "--regex", "x", "--schema", "{}"], "not 2"),
        (["check", "--regex", "x"], "give the text"),
        (["check", "/no/such/file", "--regex", "x"], "cannot read the text"),
        (["check", "--text", "x", "--schema", "/no/such/file"], "cannot read the schema"),
        (["check", "--text", "x", "--schema", '{"type": }'], "line 1, column 10"),
        (["check", "--text", "x", "--schema", '{"type": 5}'], "malformed"),
        (["check", "--text", "x", "--schema", '{"type": "string", "enum": [1]}'], "unsatisfiable"),
        (["check", "--text", "x", "--schema", '{"type": "string", "enum": [1]}'], "/type and /enum contradict"),
        (["check", "--text", "x", "--regex", "(a"], "malformed"),
        (["check", "--text", "x", "--regex", r"(a)\1"], "not supported"),
        (["check", "--text", "x", "--regex", "x", "--whitespace"], ""),
    ],
)
def test_errors_are_one_line(arguments: list[str], message: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr and result.stdout == ""
    if message:
        assert result.stderr.count("\n") == 1


def test_report_lists_every_keyword(schema_file: str) -> None:
    result = invoke("report", "--schema", schema_file, "--json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    found = {(row["pointer"], row["keyword"], row["status"]) for row in rows}
    keywords = {keyword for _, keyword, _ in found}
    assert {"type", "properties", "required", "minimum", "additionalProperties"} <= keywords
    assert {status for _, _, status in found} <= {"enforced", "annotation"}


def test_report_tells_annotations_apart() -> None:
    result = invoke("report", "--json", "--schema", '{"title": "T", "type": "string", "format": "no-such-format"}')
    status = {row["keyword"]: row["status"] for row in json.loads(result.stdout)}
    assert status == {"title": "annotation", "type": "enforced", "format": "annotation"}


def test_report_is_a_table_for_people(schema_file: str) -> None:
    result = invoke("report", "--schema", schema_file)
    assert result.exit_code == 0
    assert "minimum" in result.stdout and "0 refused" in result.stdout


def test_help_names_every_command() -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    assert all(command in result.stdout for command in ("demo", "generate", "check", "report"))


def test_version() -> None:
    import maskforge

    assert invoke("--version").stdout.strip() == maskforge.__version__
