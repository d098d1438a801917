"""The entry point: specs for one vocabulary become grammars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from maskforge import _core
from maskforge._core import MisuseError, SpecError, UnsupportedError
from maskforge.grammar.grammar import Grammar
from maskforge.grammar.references import check_registry, reachable_resources
from maskforge.grammar.texts import half_a_pair, json_text, schema_text

if TYPE_CHECKING:
    import os

    import referencing

Whitespace = Literal["flexible", "compact"]
PropertyOrder = Literal["any", "schema"]
OnRefused = Literal["error", "report"]


class Compiler:
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
        self._vocabulary = vocabulary
        self._engine = _core.Engine(core, memory_limit_bytes)

    @property
    def vocabulary(self) -> Any:
        """The `maskforge.Vocabulary` it compiles for."""
        return self._vocabulary

    @property
    def mask_pool(self) -> _core.MaskPool:
        """The ids of the masks of all its grammars; `maskforge.MaskPool` keeps their masks on a device."""
        return self._engine.mask_pool()

    def json_schema(
        self,
        schema: dict[str, Any] | bool | str | os.PathLike[str],
        *,
        whitespace: Whitespace = "flexible",
        property_order: PropertyOrder = "any",
        on_refused: OnRefused = "error",
        registry: referencing.Registry[Any] | None = None,
    ) -> Grammar:
        """JSON texts of the values that satisfy a schema.

        schema: the schema itself, JSON text of it, or the path of a file with such text. Its dialect (draft 4, 6, 7,
            2019-09 or 2020-12) is what `$schema` says, 2020-12 without.
        whitespace: "flexible" is what json.dumps and jq print at any indent, "compact" none.
        property_order: "any", or "schema": keys in the order in which the schema names them (docs/json-schema.md).
        on_refused: what happens when a constraint cannot be enforced exactly: "error" raises UnsupportedError,
            "report" leaves it out and lists it as refused in `Grammar.report`.
        registry: where external references are looked up; nothing is ever fetched.

        Raises SpecError (not a schema), UnsupportedError, UnsatisfiableError (no value satisfies it) or FuelError
        (too much work).
        """
        if registry is not None:
            check_registry(registry)
        text = schema if type(schema) is str else schema_text(schema)
        try:
            core = self._engine.json_schema(text, whitespace, property_order, on_refused, None)
        except UnicodeEncodeError as error:
            raise half_a_pair("schema", error) from None
        if core is None:  # it may refer to other documents
            resources = reachable_resources(text, registry)
            core = self._engine.json_schema(text, whitespace, property_order, on_refused, resources)
        return Grammar(core, self._vocabulary)

    def regex(self, pattern: str) -> Grammar:
        """Texts that a pattern matches as a whole. Syntax: ECMA-262 with the `u` flag.

        Raises SpecError (the pattern does not parse), UnsupportedError (what it asks for is not regular, such as a
        backreference), UnsatisfiableError (nothing matches) or FuelError.
        """
        if not isinstance(pattern, str):
            raise SpecError(f"a pattern is a str in the syntax of ECMA-262, not {type(pattern).__name__}")
        try:
            core = self._engine.regex(pattern)
        except UnicodeEncodeError as error:
            raise half_a_pair("pattern", error) from None
        return Grammar(core, self._vocabulary)

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

    def memory_bytes(self) -> int:
        """What the shared states and masks take now; tables that only older matchers use are not counted."""
        return self._engine.memory_bytes()

    def statistics(self) -> dict[str, int]:
        """Counters of the masks made so far: masks, walks, walked_nodes, memo_bytes."""
        return self._engine.statistics()
