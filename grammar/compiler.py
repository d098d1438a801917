"""The entry point: specs for one vocabulary become grammars."""

from __future__ import annotations

from typing import Any, Literal

from maskforge import _core
from maskforge._core import Grammar, MisuseError, UnsupportedError
from maskforge.grammar.texts import json_text

Whitespace = Literal["flexible", "compact"]
PropertyOrder = Literal["any", "schema"]
OnRefused = Literal["error", "report"]


class Compiler(_core.Engine):
    """Compiles specs for one vocabulary, remembers them, and shares states and masks between all its grammars.

    Thread safe, without the interpreter lock while it works. Every compile, mask and step runs under a work limit.
    """

    def __init__(self, vocabulary: Any, memory_limit_bytes: int = 512 << 20) -> None:
        """vocabulary: a `maskforge.Vocabulary`.

        memory_limit_bytes: for everything that grammars share, half of it for masks. When states outgrow theirs, the
            next compile or matcher begins afresh, and the old tables are freed with the last matcher that uses them.
        """
        core = getattr(vocabulary, "core", None)
        if not isinstance(core, _core.Vocabulary):
            raise MisuseError(f"vocabulary is a {type(vocabulary).__name__}, not a maskforge.Vocabulary")
        if isinstance(memory_limit_bytes, bool) or not isinstance(memory_limit_bytes, int) or memory_limit_bytes < 0:
            raise MisuseError(f"memory_limit_bytes is a number of bytes, not {memory_limit_bytes!r}")
        super().__init__(core, memory_limit_bytes, owner=vocabulary)

    def grammar(self, text: str, syntax: Literal["lark", "gbnf", "ebnf"] = "lark") -> Grammar:
        """Texts of a context-free grammar. Not there yet: always raises UnsupportedError."""
        if syntax not in ("lark", "gbnf", "ebnf"):
            raise MisuseError(f'syntax is one of "lark", "gbnf", "ebnf", not {syntax!r}')
        raise UnsupportedError(
            f"{syntax} grammars arrive with the context-free engine; today there are json_schema, regex and output_type"
        )

    def output_type(
        self,
        output_type: Any,
        *,
        whitespace: Whitespace = "flexible",
        property_order: PropertyOrder = "any",
        on_refused: OnRefused = "error",
    ) -> Grammar:
        """JSON texts that pydantic validates into a type: a model, dataclass, TypedDict, Literal, Enum, union, or any
        other type that pydantic has a schema for; for a function, its arguments as an object.

        Objects have no properties beyond those of their type, unless the type allows them. Options and errors as for
        `json_schema`; UnsupportedError also for a type without a schema.
        """
        from maskforge.grammar.types import type_schema

        return self.json_schema(
            json_text(type_schema(output_type)),
            whitespace=whitespace,
            property_order=property_order,
            on_refused=on_refused,
        )
