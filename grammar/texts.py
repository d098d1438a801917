"""Specs as the native core takes them: UTF-8 text."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from maskforge._core import SpecError

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def schema_text(schema: Any) -> str:
    """A schema as JSON text: a text is taken as it is, a path is read, anything else is printed with its key order."""
    if isinstance(schema, str):
        return schema
    if isinstance(schema, os.PathLike):
        try:
            with open(schema, encoding="utf-8") as file:
                return file.read()
        except UnicodeDecodeError as error:
            raise SpecError(f"the schema file is not UTF-8: {error}") from error
    if isinstance(schema, type):
        raise SpecError(f"{schema.__name__} is a type, not a schema: use Compiler.output_type")
    return json_text(schema)


def json_text(value: Any) -> str:
    """JSON of a Python value; SpecError for what JSON cannot say: NaN, infinities, objects of other types, cycles."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise SpecError(f"the schema is not JSON: {error}") from error
    except RecursionError:
        raise SpecError("the schema is nested too deeply") from None
    # Half of a surrogate pair cannot be encoded, but JSON can escape it.
    return text if text.isascii() else _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def half_a_pair(what: str, error: UnicodeEncodeError) -> SpecError:
    """What is wrong with a text that the native core cannot take as UTF-8."""
    return SpecError(f"the {what} has half of a surrogate pair", f"offset {error.start}")
