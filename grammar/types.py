"""JSON Schema of Python types, by pydantic: models, dataclasses, TypedDicts, enums, literals, unions, signatures."""

from __future__ import annotations

from typing import Any

import pydantic
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from maskforge._core import UnsupportedError


class _ClosedObjects(GenerateJsonSchema):
    """Objects of a type have the properties of the type and no others.

    Validation drops further properties unless the type says otherwise, so they are not part of any value of it: a model
    that writes them wastes its tokens. A type that says `extra="allow"` stays open.
    """

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        return _closed(super().model_schema(schema))

    def dataclass_schema(self, schema: Any) -> JsonSchemaValue:
        return _closed(super().dataclass_schema(schema))

    def typed_dict_schema(self, schema: Any) -> JsonSchemaValue:
        return _closed(super().typed_dict_schema(schema))


def _closed(schema: JsonSchemaValue) -> JsonSchemaValue:
    if schema.get("type") == "object" and "properties" in schema:
        schema.setdefault("additionalProperties", False)
    return schema


def type_schema(output_type: Any) -> dict[str, Any]:
    """The schema of the JSON that pydantic validates into `output_type`; for a function, of its arguments.

    Raises UnsupportedError for a type that has none.
    """
    try:
        adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(output_type)
        return adapter.json_schema(mode="validation", schema_generator=_ClosedObjects)
    except (PydanticUserError, NameError, TypeError) as error:
        reason = error.message if isinstance(error, PydanticUserError) else str(error)
        raise UnsupportedError(f"{output_type!r} has no JSON schema: {reason}") from error
