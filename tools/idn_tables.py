"""Makes csrc/schema/idn_tables.cc: the characters of internationalised host names (RFC 5892), as delta-coded ranges.

    python tools/idn_tables.py csrc/schema/idn_tables.cc

The derivation of RFC 5892, section 2, over Python's `unicodedata`, for the characters beyond ASCII of scripts in which
names are registered. Characters that compose with the one before them are left out, except those for which
formats_idn.cc lists the pairs: a label must be in normal form C.
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

VALID = {0xDF, 0x3C2, 0x6FD, 0x6FE, 0xF0B, 0x3007}
CONTEXT = {0xB7, 0x375, 0x5F3, 0x5F4, 0x30FB, 0x200C, 0x200D, *range(0x660, 0x66A), *range(0x6F0, 0x6FA)}
DISALLOWED = {0x640, 0x7FA, 0x302E, 0x302F, *range(0x3031, 0x3036), 0x303B}
BLOCKS = [(0x1100, 0x11FF), (0x20D0, 0x20FF), (0xA960, 0xA97F), (0xD7B0, 0xD7FF), (0x1D100, 0x1D24F)]
IGNORABLE = [
    *((0x34F, 0x34F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x3164, 0x3164)),
    *((0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xE0000, 0xE0FFF)),
]
# Living scripts only: every range costs time in each state of the automaton.
SCRIPTS = [
    *(
        (0xDF, 0x17F),
        (0x370, 0x52F),
        (0x531, 0x5F4),
        (0x620, 0x6FF),
        (0x900, 0xF0B),
        (0x1000, 0x10FF),
        (0x1780, 0x17FF),
    ),
    *((0x1EA0, 0x1EFF), (0x3005, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7A3)),
]
PAIRED = {0x93C, 0x9BE, 0x9D7, 0xB3E, 0xB56, 0xB57, 0xBBE, 0xBD7, 0xC56, 0xCC2, 0xCD5, 0xCD6, 0xD3E, 0xD57}
PAIRED |= {0xDCA, 0xDCF, 0xDDF, 0x102E}

Ranges = list[tuple[int, int]]


def inside(point: int, ranges: Ranges) -> bool:
    return any(first <= point <= last for first, last in ranges)


def is_valid(point: int) -> bool:
    """PVALID, for a character beyond ASCII that needs no context."""
    if point in VALID:
        return True
    if point in CONTEXT | DISALLOWED or inside(point, BLOCKS) or inside(point, IGNORABLE):
        return False
    text = chr(point)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded == text and unicodedata.category(text) in ("Ll", "Lu", "Lo", "Nd", "Lm", "Mn", "Mc")


def composing() -> set[int]:
    """Second characters of canonical compositions, Hangul left out (its jamo are disallowed anyway)."""
    found = set()
    for point in range(0x110000):
        parts = unicodedata.decomposition(chr(point)).split()
        if len(parts) != 2 or parts[0].startswith("<"):
            continue
        first, second = (int(part, 16) for part in parts)
        if unicodedata.normalize("NFC", chr(first) + chr(second)) == chr(point):
            found.add(second)
    return found


def kind(point: int) -> str:
    text = chr(point)
    bidi = unicodedata.bidirectional(text)
    if bidi in ("R", "AL"):
        return "RightToLeft"
    if bidi == "NSM":
        return "NonspacingMark"
    if bidi == "L":
        return "LeftMark" if unicodedata.category(text)[0] == "M" else "Left"
    return "Neutral"


def to_ranges(points: list[int]) -> Ranges:
    ranges: Ranges = []
    for point in sorted(points):
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1] = (ranges[-1][0], point)
        else:
            ranges.append((point, point))
    return ranges


def encode(ranges: Ranges) -> list[int]:
    out = []
    position = 0
    for first, last in ranges:
        for number in (first - position, last - first):
            while number >= 0x80:
                out.append(number & 0x7F | 0x80)
                number >>= 7
            out.append(number)
        position = last + 1
    return out


def main() -> None:
    left_out = composing() - PAIRED
    points = [p for p in range(0x80, 0x110000) if inside(p, SCRIPTS) and is_valid(p) and p not in left_out]
    kinds = ("Left", "LeftMark", "NonspacingMark", "RightToLeft", "Neutral")
    tables = {name: [p for p in points if kind(p) == name] for name in kinds}
    classes = {p: unicodedata.combining(chr(p)) for p in points}
    tables["Nukta"] = [p for p in points if classes[p] == 7]
    tables["Virama"] = [p for p in points if classes[p] == 9]
    tables["OtherCombining"] = [p for p in points if classes[p] not in (0, 7, 9)]
    lines = [
        f"// Made by tools/idn_tables.py from Unicode {unicodedata.unidata_version}; do not edit.",
        "// Covered by tests/csrc/test_formats.cc.",
        '#include "schema/idn_tables.h"',
        "",
        "namespace maskforge::formats {",
    ]
    for name, members in tables.items():
        data = encode(to_ranges(members))
        lines += ["", f"const std::size_t kIdn{name}Size = {len(data)};", f"const std::uint8_t kIdn{name}[] = {{"]
        for start in range(0, len(data), 28):
            lines.append("    " + ", ".join(str(byte) for byte in data[start : start + 28]) + ",")
        lines.append("};")
    lines += ["", "}  // namespace maskforge::formats", ""]
    Path(sys.argv[1]).write_text("\n".join(lines))


if __name__ == "__main__":
    main()
