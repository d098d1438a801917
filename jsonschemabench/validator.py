"""Is a text that was written under masks what its schema asks for? The judge is `jsonschema`, with formats asserted.

A process of its own, because a pattern can keep Python's regular expressions busy for ever. Before it judges,

- numbers are decimals, so that `multipleOf` is exact;
- patterns are brought from ECMA-262 to Python's dialect, where both read the same signs differently;
- the formats `time` and `date-time` have the leap seconds of RFC 3339, which its validators leave out.
"""

from __future__ import annotations

import decimal
import json
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from maskforge.jsonschemabench.process import private_channel

decimal.setcontext(decimal.Context(prec=2000, Emax=10**6, Emin=-(10**6)))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def parse(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)


CLASSES = {
    "d": "0-9",
    "w": "A-Za-z0-9_",
    "s": " \\t-\\r\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff",
}
LEAP_SECOND = re.compile(r"(.*)(\d\d):(\d\d):60((?:\.\d+)?(?:[zZ]|([+-])(\d\d):(\d\d)))", re.DOTALL | re.ASCII)


def python_pattern(pattern: str) -> str:
    """An ECMA-262 pattern for `re`: `$` is the end and not also a newline before it, classes hold other characters,
    names of groups are written differently. What `re` does not know otherwise is an error there."""
    found, position, in_class = "", 0, False
    while position < len(pattern):
        sign, following = pattern[position], pattern[position + 1 : position + 2]
        if sign == "\\" and following:
            position += 1
            if following in CLASSES:
                found += CLASSES[following] if in_class else f"[{CLASSES[following]}]"
            elif following.lower() in CLASSES and not in_class:
                found += f"[^{CLASSES[following.lower()]}]"
            else:
                found += sign + following
        elif in_class:
            in_class = sign != "]"
            found += f"\\{sign}" if sign == "[" else sign
        elif sign == "[":
            in_class = True
            found += sign
            if following == "]":  # the empty class: nothing matches
                found, position, in_class = found[:-1] + "(?!)", position + 1, False
        elif sign == "$":
            found += r"\Z"
        elif sign == ".":
            found += r"[^\n\r\u2028\u2029]"
        elif pattern.startswith("(?<", position) and pattern[position + 3 : position + 4] not in ("=", "!"):
            found += "(?P<"
            position += 2
        else:
            found += sign
        position += 1
    return found


def for_python(schema: Any) -> Any:
    """The schema with its patterns translated. What is data (enum, const, default, examples) stays as it is."""
    if isinstance(schema, list):
        return [for_python(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    found = {}
    for key, value in schema.items():
        if key in ("enum", "const", "default", "examples"):
            found[key] = value
        elif key == "pattern" and isinstance(value, str):
            found[key] = python_pattern(value)
        elif key == "patternProperties" and isinstance(value, dict):
            found[key] = {python_pattern(pattern): for_python(member) for pattern, member in value.items()}
        else:
            found[key] = for_python(value)
    return found


def with_leap_seconds(check: Callable[[object], bool]) -> Callable[[object], bool]:
    """A check of `time` or `date-time` that also takes second 60 where it is the last one of a day in UTC."""

    def checks(value: object) -> bool:
        found = LEAP_SECOND.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            return check(value)
        before, hour, minute, after, sign, ahead_hours, ahead_minutes = found.groups()
        ahead = (1 if sign == "+" else -1) * (int(ahead_hours) * 60 + int(ahead_minutes)) if sign else 0
        is_last = (int(hour) * 60 + int(minute) - ahead) % 1440 == 1439
        return is_last and check(f"{before}{hour}:{minute}:59{after}")

    return checks


def format_checker(kind: Any) -> Any:
    """The one of a dialect, with leap seconds. What cannot be checked here (see `formats`) is not."""
    import jsonschema

    found = jsonschema.FormatChecker(formats=())
    found.checkers = dict(kind.FORMAT_CHECKER.checkers)
    for name in ("time", "date-time"):
        if name in found.checkers:
            check, raises = found.checkers[name]
            found.checkers[name] = with_leap_seconds(check), raises
    return found


@lru_cache(maxsize=1)
def validator(schema_text: str, remotes: str) -> Any:
    import jsonschema

    schema = for_python(parse(schema_text))
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    checker = kind.TYPE_CHECKER
    if checker.is_type(1.0, "integer"):  # not in draft 4
        base = checker

        def is_integer(_: Any, value: Any) -> bool:
            whole = isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value()
            return whole or base.is_type(value, "integer")

        checker = checker.redefine("integer", is_integer)
    options: dict[str, Any] = {}
    if remotes:
        from maskforge.jsonschemabench.splits import remote_registry

        options["registry"] = remote_registry(Path(remotes))
    extended = jsonschema.validators.extend(kind, type_checker=checker)
    return extended(schema, format_checker=format_checker(kind), **options)


def judge(schema_text: str, text: str, remotes: str = "") -> tuple[bool | None, str]:
    """(valid, reason); None when this validator cannot say."""
    try:
        value = parse(text)
    except ValueError as error:
        return False, f"no JSON: {error}"
    except RecursionError:
        return None, "nested too deeply for the validator"
    try:
        error = next(validator(schema_text, remotes).iter_errors(value), None)
    except Exception as problem:  # a reference that is not there, a pattern that `re` does not know, ...
        return None, f"the validator cannot say: {type(problem).__name__}: {str(problem)[:200]}"
    if error is None:
        return True, ""
    return False, f"{error.json_path}: {error.validator}: {error.message[:200]}"


def formats() -> list[str]:
    """The formats that are asserted here: it depends on what is installed beside `jsonschema`."""
    import jsonschema

    return sorted(jsonschema.Draft202012Validator.FORMAT_CHECKER.checkers)


def main() -> None:
    sys.set_int_max_str_digits(0) if hasattr(sys, "set_int_max_str_digits") else None
    answers = private_channel()
    for line in sys.stdin:
        question = json.loads(line)
        valid, reason = judge(question["schema"], question["text"], question["remotes"])
        answers.write(json.dumps({"event": "done", "valid": valid, "reason": reason}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
