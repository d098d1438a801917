"""Every format case of the official suite, in every draft: nothing invalid is accepted, what is left out is known.

tests/csrc/test_formats.cc has the exhaustive comparisons; this one goes through the public interface.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.schema.support import DIALECTS, accepts, byte_compiler, shared_folder


def left_out(name: str, text: str) -> bool:
    """Valid, but not accepted, as csrc/schema/formats_net.cc, formats_idn.cc and formats_regex.cc document."""
    if name in ("hostname", "idn-hostname") and "xn--" in text.lower():
        return True
    # Labels of more than fourteen characters beyond ASCII.
    if name == "idn-hostname" and sum(ord(c) > 0x7F for c in text) > 14:
        return True
    return name == "regex" and "\\k<" in text


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
        grammar = byte_compiler().json_schema({"$schema": DIALECTS[draft], "type": "string", "format": name})
        expected = valid and not left_out(name, text)
        assert accepts(grammar, json.dumps(text).encode()) == expected, (name, text)
        checked += 1
    assert checked > 100
