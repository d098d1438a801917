"""The judge of what walks write: exact numbers, ECMA-262 patterns, formats, and no answer where it cannot know."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from maskforge.jsonschemabench.process import Child, Ended
from maskforge.jsonschemabench.validator import for_python, formats, judge, python_pattern


@pytest.mark.parametrize(
    ("schema", "text", "valid"),
    [
        ({"type": "integer"}, "1.0", True),
        ({"type": "integer"}, "1e3", True),
        ({"type": "integer"}, "1.5", False),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer"}, "1.0", False),
        ({"type": "number"}, "1.5", True),
        ({"multipleOf": 0.01}, "19.99", True),
        ({"multipleOf": 0.01}, "19.995", False),
        ({"multipleOf": 3}, "1e300", False),
        ({"minimum": 0.1}, "0.1", True),
        ({"enum": [1.0]}, "1", True),
        ({"const": {"a": 0.5}}, '{"a": 5e-1}', True),
        ({"uniqueItems": True}, "[1, 1.0]", False),
        ({"uniqueItems": True}, "[0.5, 0.25]", True),
        ({"pattern": "^a$"}, json.dumps("a\n"), False),
        ({"pattern": "^\\d$"}, json.dumps("٣"), False),
        ({"patternProperties": {"^\\w$": False}}, json.dumps({"é": 1}), True),
        ({"properties": {"pattern": {"type": "null"}}}, '{"pattern": null}', True),
        ({"format": "date"}, '"2026-02-30"', False),
        ({"format": "date"}, '"2026-02-28"', True),
        ({"format": "time"}, '"23:59:60Z"', True),
        ({"format": "time"}, '"10:03:60-13:56"', True),
        ({"format": "time"}, '"13:44:60.5+13:45"', True),
        ({"format": "time"}, '"10:03:60-13:57"', False),
        ({"format": "time"}, '"23:59:61Z"', False),
        ({"format": "date-time"}, '"3494-06-21t05:01:60-18:58"', True),
        ({"format": "date-time"}, '"3494-06-31t05:01:60-18:58"', False),
        ({"format": "date-time"}, '"3494-06-21t05:01:60-18:59"', False),
        ({"format": "date-time"}, "60", True),
        ({"pattern": "^a.b$"}, json.dumps("a\u2028b"), False),
        ({"pattern": "^a.b$"}, json.dumps("a\u0085b"), True),
        ({"pattern": "^\\s[\\s]$"}, json.dumps("\ufeff\u2009"), True),
        ({"pattern": "^\\S$"}, json.dumps("\u0085"), True),
        ({}, "NaN", False),
        ({}, "[1,]", False),
        ({}, "", False),
        (False, "1", False),
    ],
)
def test_judge(schema: Any, text: str, valid: bool) -> None:
    found, reason = judge(json.dumps(schema), text)
    assert found is valid
    assert bool(reason) is not valid


@pytest.mark.parametrize("schema", [{"pattern": "\\p{L}"}, {"$ref": "http://absent.example/x"}, {"multipleOf": 1e-5}])
def test_no_answer_where_it_cannot_know(schema: Any) -> None:
    valid, reason = judge(json.dumps(schema), '"a"' if "multipleOf" not in schema else "1e5000")
    assert valid is None and reason.startswith("the validator cannot say")


def test_remote_documents(tmp_path: Path) -> None:
    (tmp_path / "integer.json").write_text('{"type": "integer"}', encoding="utf-8")
    schema = '{"$ref": "http://localhost:1234/integer.json"}'
    assert judge(schema, "1", str(tmp_path)) == (True, "")
    assert judge(schema, '"a"', str(tmp_path))[0] is False


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("[\\d$]", "$", True),
        ("[\\d$]", "٣", False),
        ("\\D", "٣", True),
        ("[[]", "[", True),
        ("[]", "a", False),
        ("(?<year>\\d+)", "12", True),
        ("(?<=a)b", "ab", True),
        ("(?<!a)b", "ab", False),
        ("a\\$", "a$", True),
        ("[^\\w]", "_", False),
        ("\\/", "/", True),
    ],
)
def test_patterns(pattern: str, text: str, matches: bool) -> None:
    assert bool(re.search(python_pattern(pattern), text)) is matches


def test_data_in_a_schema_is_left_alone() -> None:
    data = {"pattern": "^\\d$"}
    assert for_python({"enum": [data], "items": [data]}) == {"enum": [data], "items": [{"pattern": "^[0-9]\\Z"}]}


def test_formats_are_named() -> None:
    assert {"date", "ipv4"} <= set(formats())


def test_a_pattern_that_never_ends_is_ended() -> None:
    child = Child("maskforge.jsonschemabench.validator")
    try:
        question = {"schema": '{"pattern": "^(a+)+$"}', "text": json.dumps("a" * 60 + "b"), "remotes": ""}
        with pytest.raises(Ended) as end:
            list(child.ask(question, 1.0, None))
        assert end.value.status == "timeout"
    finally:
        child.close()
