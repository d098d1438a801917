"""A spec as the command line takes it: one of --schema, --regex and --grammar; and what it compiles to."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from maskforge.cli.errors import InputError

if TYPE_CHECKING:
    from maskforge import Compiler, Grammar, Vocabulary

Syntax = Literal["lark", "gbnf", "ebnf"]
Whitespace = Literal["flexible", "compact"]
PropertyOrder = Literal["any", "schema"]


@dataclass(frozen=True)
class Spec:
    """The text of a spec, its kind, and the serialisation policy where it is a schema."""

    kind: str  # "schema" | "regex" | "grammar"
    text: str
    syntax: Syntax = "lark"  # of a grammar
    whitespace: Whitespace = "flexible"  # of a schema
    property_order: PropertyOrder = "any"  # of a schema

    def compile(self, compiler: "Compiler", on_refused: Literal["error", "report"] = "error") -> "Grammar":
        if self.kind == "regex":
            return compiler.regex(self.text)
        if self.kind == "grammar":
            return compiler.grammar(self.text, syntax=self.syntax)
        return compiler.json_schema(
            self.text, whitespace=self.whitespace, property_order=self.property_order, on_refused=on_refused
        )


def read_spec(
    schema: str | None,
    regex: str | None,
    grammar: str | None,
    syntax: Syntax = "lark",
    whitespace: Whitespace = "flexible",
    property_order: PropertyOrder = "any",
) -> Spec:
    """Exactly one of the three must be given: a schema (file, "-" or the JSON itself), a pattern, or a grammar file."""
    given = [name for name, value in (("schema", schema), ("regex", regex), ("grammar", grammar)) if value is not None]
    if len(given) != 1:
        raise InputError("give one of --schema, --regex and --grammar" + (f", not {len(given)}" if given else ""))
    if regex is not None:
        return Spec("regex", regex)
    if grammar is not None:
        return Spec("grammar", read_text(grammar, "the grammar"), syntax=syntax)
    assert schema is not None
    text = schema if schema.lstrip()[:1] == "{" else read_text(schema, "the schema")
    check_json(text)
    return Spec("schema", text, whitespace=whitespace, property_order=property_order)


def read_bytes(source: str, what: str) -> bytes:
    """The bytes of a file, or of the standard input for "-"."""
    if source == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {what} from {source}: {error.strerror}") from None


def read_text(source: str, what: str) -> str:
    try:
        return read_bytes(source, what).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{what} in {source} is not UTF-8 (byte {error.start})") from None


def check_json(text: str) -> None:
    """The core reads the schema itself; this only makes the message name a line and a column."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"the schema is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None


def byte_vocabulary() -> "Vocabulary":
    """One token a byte, and one that ends the text: enough where no model is involved."""
    from maskforge import Vocabulary

    return Vocabulary.from_tokens([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[256])
