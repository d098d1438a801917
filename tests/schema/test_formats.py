"""Formats against the official suite, in every draft, and against the packages that know them.

Nothing invalid is accepted, and what is left out is known.

tests/csrc/test_formats.cc has the exhaustive comparisons; this one goes through the public interface.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import itertools
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import idna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.schema.support import DIALECTS, accepts, byte_compiler, byte_vocabulary, shared_folder
from tests.schema.walks import Walker


def left_out(name: str, text: str) -> bool:
    """Valid, but not accepted, as csrc/schema/formats_net.cc and formats_idn.cc document."""
    if name in ("hostname", "idn-hostname") and "xn--" in text.lower():
        return True
    # Labels of more than 22 characters beyond ASCII.
    return name == "idn-hostname" and sum(ord(c) > 0x7F for c in text) > 22


def cases(draft: str) -> list[tuple[str, str, bool]]:
    folder = shared_folder("JSON-Schema-Test-Suite") / "tests" / draft / "optional" / "format"
    found = []
    for path in sorted(folder.glob("*.json")):
        groups: list[Any] = json.loads(path.read_text(encoding="utf-8"))
        for group in groups:
            name = group["schema"].get("format", "unknown")
            if name == "unknown":
                continue
            found += [(name, case["data"], case["valid"]) for case in group["tests"] if isinstance(case["data"], str)]
    return found


@pytest.mark.parametrize("draft", DIALECTS)
def test_official_cases(draft: str) -> None:
    checked = 0
    for name, text, valid in cases(draft):
        assert accepted(name, text, draft) == (valid and not left_out(name, text)), (name, text)
        checked += 1
    assert checked > 100


def accepted(name: str, text: str, draft: str = "draft2020-12") -> bool:
    grammar = byte_compiler().json_schema({"$schema": DIALECTS[draft], "type": "string", "format": name})
    return accepts(grammar, json.dumps(text).encode())


def succeeds(call: Callable[[], object]) -> bool:
    with contextlib.suppress(ValueError):  # UnicodeError and IDNAError are ValueErrors
        call()
        return True
    return False


ALPHABETS = [
    *((0xDF, 0x17F), (0x370, 0x3FF), (0x400, 0x52F), (0x531, 0x5F4), (0x620, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F)),
    *((0x1000, 0x10FF), (0x3005, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0x80, 0xD7A3)),
]
LABELS = st.sampled_from(ALPHABETS).flatmap(
    lambda alphabet: st.text(
        st.one_of(st.sampled_from("alz09-"), st.characters(min_codepoint=alphabet[0], max_codepoint=alphabet[1])),
        max_size=26,
    )
)


@settings(max_examples=300, deadline=None)
@given(st.lists(LABELS, min_size=1, max_size=2).map(".".join))
def test_international_names_are_valid_to_idna(name: str) -> None:
    if accepted("idn-hostname", name):
        idna.encode(name, std3_rules=True)


@pytest.mark.parametrize(
    "alphabet", [(0x3B1, 0x3C9), (0x430, 0x44F), (0x10D0, 0x10F0), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3)]
)
def test_lengths_of_international_names(alphabet: tuple[int, int]) -> None:
    """The characters as far apart as they can be, which makes the longest A-labels."""
    limit = 14 if alphabet[1] - alphabet[0] > 0xFF else 22
    points = [alphabet[0] + (alphabet[1] - alphabet[0]) * i // (limit - 1) for i in range(limit)]
    for order in (points, points[::-1], points[::2] + points[1::2][::-1]):
        label = "".join(map(chr, order))
        assert accepted("idn-hostname", label)
        assert len(idna.encode(label)) <= 63


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("0123456789abF:.%"), max_size=40))
def test_addresses(text: str) -> None:
    assert accepted("ipv4", text) == succeeds(lambda: ipaddress.IPv4Address(text))
    assert accepted("ipv6", text) == ("%" not in text and succeeds(lambda: ipaddress.IPv6Address(text)))


@settings(max_examples=200, deadline=None)
@given(
    st.ip_addresses(v=6).map(str), st.uuids().map(str), st.dates().map(str), st.integers(0, 35), st.sampled_from("0:-g")
)
def test_one_wrong_character(address: str, unique: str, date: str, at: int, wrong: str) -> None:
    def replaced(text: str) -> str:
        return text[: at % len(text)] + wrong + text[at % len(text) + 1 :]

    assert accepted("ipv6", replaced(address)) == succeeds(lambda: ipaddress.IPv6Address(replaced(address)))
    same = succeeds(lambda: uuid.UUID(replaced(unique))) and [len(part) for part in replaced(unique).split("-")] == [
        8,
        4,
        4,
        4,
        12,
    ]
    assert accepted("uuid", replaced(unique)) == same
    if not replaced(date).startswith("0000"):  # a year of RFC 3339, not of Python
        assert accepted("date", replaced(date)) == succeeds(
            lambda: datetime.datetime.strptime(replaced(date), "%Y-%m-%d")
        )


def test_index_manipulation_is_of_2020_12() -> None:
    assert accepted("relative-json-pointer", "0+1")
    assert not accepted("relative-json-pointer", "0+1", "draft2019-09")
    assert not accepted("relative-json-pointer", "0+1#")


# ---- formats of which only a part is generated ----------------------------------------------------------------------

SURELY: dict[str, tuple[list[str], list[str], list[str]]] = {
    # texts of the format, texts that are not of it, and texts of which nothing is said
    "hostname": (["a.b", "x-1"], ["(", "-a", "a..b", ""], ["xn--a", "a.xn--b"]),
    "idn-hostname": (["a.b", "\u00fc.b"], ["(", "a b", ""], ["xn--a", "a-"]),
    "regex": (["a.b", "(a)*"], ["(", "*a", ")a", "[a", "a\\"], ["a**", "(?<a>.)(?<a>.)"]),
}


def alternatives(format_: dict[str, Any]) -> dict[str, tuple[dict[str, Any], str, bool, bool]]:
    """By name: a schema, a value with `%` for a text, and whether it is satisfied by a text of the format, and by one
    that is not."""
    text = {"type": "string"}
    some, other = {"properties": {"h": format_}, "required": ["h"]}, {"properties": {"h": text, "x": {"type": "null"}}}
    either = [some, {**other, "required": ["x"]}]
    closed = [{**each, "additionalProperties": False} for each in either]
    either_then = {"if": {"properties": {"h": format_}}, "then": {"required": ["y"]}, "else": {"required": ["z"]}}
    items = {"anyOf": [{"items": format_}, {"maxItems": 1}]}
    return {
        "anyOf, the one": ({"type": "object", "anyOf": either}, '{"h":%}', True, False),
        "anyOf, the other": ({"type": "object", "anyOf": either}, '{"h":%,"x":null}', True, True),
        "anyOf, closed, the one": ({"type": "object", "anyOf": closed}, '{"h":%}', True, False),
        "anyOf, closed, the other": ({"type": "object", "anyOf": closed}, '{"x":null,"h":%}', True, True),
        "oneOf": ({"type": "object", "oneOf": either}, '{"h":%,"x":null}', False, True),
        "not": ({"type": "object", "properties": {"h": text}, "not": some}, '{"h":%}', False, True),
        "then": ({"type": "object", **either_then}, '{"h":%,"y":1}', True, False),
        "else": ({"type": "object", **either_then}, '{"h":%,"z":1}', False, True),
        "contains": ({"type": "array", "items": text, "contains": format_}, '["(",%]', True, False),
        "items": ({"type": "array", **items}, "[%,%]", True, False),
    }


@pytest.mark.parametrize("name", SURELY)
@pytest.mark.parametrize("form", alternatives({}))
def test_formats_that_decide_between_alternatives(name: str, form: str) -> None:
    schema, value, of_format, of_others = alternatives({"type": "string", "format": name})[form]
    grammar = byte_compiler().json_schema(schema)
    yes, no, unsaid = SURELY[name]
    walker = Walker(byte_vocabulary())

    def reads(text: str) -> bool:
        return walker.reads(grammar, value.replace("%", json.dumps(text)).encode())

    for texts, good in ((yes, of_format), (no, of_others)):
        for text in texts:
            assert reads(text) == good, text
    either_way = of_format and of_others  # right whatever the text is: left out needlessly, if at all
    for text in [] if either_way else unsaid:
        assert not reads(text), text


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_what_is_surely_no_pattern() -> None:
    """Python's patterns are not those of ECMA-262, but about these they agree."""
    no = byte_compiler().json_schema({"type": "string", "not": {"format": "regex"}})
    found = 0
    for length in range(5):
        for characters in itertools.product("a*()[]\\|", repeat=length):
            text = "".join(characters)
            if accepts(no, json.dumps(text)):
                assert not accepted("regex", text)
                with pytest.raises(re.error):
                    re.compile(text)
                found += 1
    assert found > 3000
