"""The committed Unicode tables against `regex` and, for the characters it knows, `unicodedata`."""

from __future__ import annotations

import importlib.util
import unicodedata
from pathlib import Path

import pytest

Tables = dict[tuple[str, str], list[tuple[int, int]]]
ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "csrc" / "regex" / "unicode_tables.cc"

_spec = importlib.util.spec_from_file_location("unicode_tables", ROOT / "tools" / "unicode_tables.py")
assert _spec is not None and _spec.loader is not None
unicode_tables = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(unicode_tables)


@pytest.fixture(scope="module")
def tables() -> Tables:
    return unicode_tables.read_tables(TABLES)


def test_coding_round_trips() -> None:
    ranges = [(0, 0), (2, 300), (302, 70000), (0x10FFFF, 0x10FFFF)]
    assert unicode_tables.decode(unicode_tables.encode(ranges)) == ranges


def test_categories_partition_the_code_points(tables: Tables) -> None:
    every = sorted(r for (kind, _), ranges in tables.items() if kind == "g" for r in ranges)
    assert every[0][0] == 0 and every[-1][1] == 0x10FFFF
    assert all(a[1] + 1 == b[0] for a, b in zip(every, every[1:], strict=False))


def test_categories_agree_with_unicodedata(tables: Tables) -> None:
    # A later Unicode version assigns characters and corrects a handful; it does not move blocks between categories.
    moved = []
    for (kind, name), ranges in tables.items():
        if kind == "g":
            for first, last in ranges:
                for c in range(first, last + 1):
                    known = unicodedata.category(chr(c))
                    if known not in (name, "Cn"):
                        moved.append((hex(c), known, name))
    assert len(moved) < 60, moved[:10]


KEYS = [("g", "Lu"), ("g", "Nd"), ("s", "Grek"), ("x", "Grek"), ("b", "Alphabetic"), ("b", "Emoji")]


@pytest.mark.parametrize("key", KEYS)
def test_sets_agree_with_the_regex_package(key: tuple[str, str], tables: Tables) -> None:
    pytest.importorskip("regex")
    # A release of the package brings the Unicode version of its day; each version assigns characters.
    if unicode_tables.ranges_of(r"\p{gc=Cn}") != tables["g", "Cn"]:
        pytest.skip("the installed regex package has another Unicode version than the tables")
    kind, name = key
    prefix = {"g": "gc=", "s": "sc=", "x": "scx=", "b": ""}[kind]
    assert unicode_tables.ranges_of(rf"\p{{{prefix}{name}}}") == tables[key]
