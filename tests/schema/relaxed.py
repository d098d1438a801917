"""What is left of a schema when only some of its constraints are kept: the meaning of `UnsatisfiableError.pointers`.

Written from docs/errors.md, on schemas as Python values, with nothing of the engine. What is left out never makes a
schema stricter: properties stay named, so that `additionalProperties` covers no more than before; what branches
evaluate stays evaluated; and where less of a keyword would be more of a constraint, it is kept whole or not at all.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.schema.support import DIALECTS

EARLY = [DIALECTS[name] for name in ("draft4", "draft6", "draft7")]
# Keywords that no schema lies in: kept or not.
PLAIN = (
    "type enum const minLength maxLength pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf "
    "minItems maxItems uniqueItems minProperties maxProperties"
).split()
CHILDREN = ("additionalProperties", "propertyNames", "additionalItems", "unevaluatedProperties", "unevaluatedItems")


def segment(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


class Relaxed:
    """Of a document whose references all lead to its own definitions."""

    def __init__(self, document: dict[str, Any], kept: Collection[str]) -> None:
        self.document = document
        self.kept = set(kept)
        self.dialect = document.get("$schema", DIALECTS["draft2020-12"])
        self.home = "definitions" if self.dialect in EARLY else "$defs"
        self.everything: Any = {} if self.dialect == DIALECTS["draft4"] else True

    def schema(self) -> dict[str, Any]:
        schema = self.relax(self.document, "")
        assert isinstance(schema, dict)
        schema["$schema"] = self.dialect
        definitions = self.document.get(self.home, {})
        schema[self.home] = {
            # A `false` there is as good as one in place of the reference.
            **{
                name: self.relax(inner, f"/{self.home}/{segment(name)}") if isinstance(inner, dict) else inner
                for name, inner in definitions.items()
            },
            **{f"exact {name}": self.exact(inner) for name, inner in definitions.items()},
            **{f"blank {name}": self.blank(inner) for name, inner in definitions.items()},
        }
        return schema

    def target(self, schema: dict[str, Any], prefix: str) -> str:
        head, _, name = schema["$ref"].rpartition("/")
        return f"{head}/{prefix}{name}"

    def hides(self, schema: dict[str, Any]) -> bool:
        return "$ref" in schema and self.dialect in EARLY

    # ---- as it is, with references to definitions as they are ------------------------------------------------------

    def exact(self, schema: Any) -> Any:
        if isinstance(schema, list):
            return [self.exact(item) for item in schema]
        if not isinstance(schema, dict):
            return schema
        found = {}
        for keyword, value in schema.items():
            if keyword == "$ref":
                found[keyword] = self.target(schema, "exact ")
            elif keyword in ("properties", "patternProperties", "dependentSchemas", "dependencies"):
                found[keyword] = {key: self.exact(inner) for key, inner in value.items()}
            elif keyword in ("enum", "const", "required", "type", "dependentRequired"):
                found[keyword] = value
            else:
                found[keyword] = self.exact(value)
        return found

    # ---- without any constraint, but with what it evaluates ----------------------------------------------------------

    def blank(self, schema: Any) -> Any:
        if not isinstance(schema, dict):
            return self.everything
        return Relaxed(self.document, ()).relax(schema, "(nowhere)")

    # ---- with the constraints that are kept --------------------------------------------------------------------------

    def relax(self, schema: Any, at: str) -> Any:
        if not isinstance(schema, dict):
            return schema if schema is True or at in self.kept else self.everything
        found: dict[str, Any] = {}
        blanks: list[Any] = []  # what is left out, but evaluates

        def inside(value: Any, *path: str) -> Any:
            return self.relax(value, "/".join([at, *map(segment, path)]))

        if "$ref" in schema:
            if f"{at}/$ref" in self.kept:
                found["$ref"] = schema["$ref"]
            else:
                blanks.append({"$ref": self.target(schema, "blank ")})
            if self.hides(schema):
                return found
        found |= {keyword: schema[keyword] for keyword in PLAIN if keyword in schema and f"{at}/{keyword}" in self.kept}
        if isinstance(required := schema.get("required"), list):
            found["required"] = [name for i, name in enumerate(required) if f"{at}/required/{i}" in self.kept]
            if not found["required"]:
                del found["required"]
        for keyword in ("properties", "patternProperties", "dependentSchemas", "dependencies", "dependentRequired"):
            if keyword in schema:
                found[keyword] = {}
                for name, value in schema[keyword].items():
                    if isinstance(value, list):
                        place = f"{at}/{keyword}/{segment(name)}"
                        names = [item for i, item in enumerate(value) if f"{place}/{i}" in self.kept]
                        if names:
                            found[keyword][name] = names
                    else:
                        found[keyword][name] = inside(value, keyword, name)
        found |= {keyword: inside(schema[keyword], keyword) for keyword in CHILDREN if keyword in schema}
        for keyword in ("items", "prefixItems"):
            if isinstance(items := schema.get(keyword), list):
                found[keyword] = [inside(item, keyword, str(i)) for i, item in enumerate(items)]
            elif items is not None:
                found[keyword] = inside(items, keyword)
        if "contains" in schema:
            found |= self.contains(schema, at)
        if "allOf" in schema:
            found["allOf"] = [inside(item, "allOf", str(i)) for i, item in enumerate(schema["allOf"])]
        if "anyOf" in schema:
            found["anyOf"] = [inside(item, "anyOf", str(i)) for i, item in enumerate(schema["anyOf"])]
        if "oneOf" in schema:
            if f"{at}/oneOf" in self.kept:
                found["oneOf"] = self.exact(schema["oneOf"])
            else:
                blanks.append({"anyOf": [inside(item, "oneOf", str(i)) for i, item in enumerate(schema["oneOf"])]})
        if "not" in schema and f"{at}/not" in self.kept:
            found["not"] = self.exact(schema["not"])
        if "if" in schema:
            branches = {keyword: inside(schema[keyword], keyword) for keyword in ("then", "else") if keyword in schema}
            if f"{at}/if" in self.kept:
                found |= {"if": self.exact(schema["if"]), **branches}
            else:
                blanks += [self.blank(schema["if"]), *(self.blank(schema[keyword]) for keyword in branches)]
        if blanks:
            found["allOf"] = found.get("allOf", []) + blanks
        return found

    def contains(self, schema: dict[str, Any], at: str) -> dict[str, Any]:
        counted = self.dialect not in EARLY
        if f"{at}/contains" not in self.kept:
            # Whatever is contained is evaluated in 2020-12.
            return {"contains": True, "minContains": 0} if counted else {}
        found: dict[str, Any] = {}
        if counted and "minContains" in schema and (schema["minContains"] == 0 or f"{at}/minContains" in self.kept):
            found["minContains"] = schema["minContains"]
        if counted and f"{at}/maxContains" in self.kept:
            return {**found, "maxContains": schema["maxContains"], "contains": self.exact(schema["contains"])}
        return {**found, "contains": self.relax(schema["contains"], f"{at}/contains")}
