"""Makes csrc/regex/unicode_tables.cc: the sets behind \\p{...} of ECMA-262, as delta-coded ranges.

    python -m pip install regex fonttools
    python tools/unicode_tables.py csrc/regex/unicode_tables.cc

The sets are asked of the `regex` package, one code point at a time, which carries the current Unicode version (Python's
own `unicodedata` is usually some versions behind; the test compares with it where both know a character). The spelling
of script names comes from fontTools. Changes_When_NFKC_Casefolded and the properties of strings are in neither and are
left out: patterns that use them are refused by name.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

CATEGORIES = {
    "Lu": "Uppercase_Letter", "Ll": "Lowercase_Letter", "Lt": "Titlecase_Letter", "Lm": "Modifier_Letter",
    "Lo": "Other_Letter",
    "Mn": "Nonspacing_Mark", "Mc": "Spacing_Mark", "Me": "Enclosing_Mark",
    "Nd": "Decimal_Number digit", "Nl": "Letter_Number", "No": "Other_Number",
    "Pc": "Connector_Punctuation", "Pd": "Dash_Punctuation", "Ps": "Open_Punctuation", "Pe": "Close_Punctuation",
    "Pi": "Initial_Punctuation", "Pf": "Final_Punctuation", "Po": "Other_Punctuation",
    "Sm": "Math_Symbol", "Sc": "Currency_Symbol", "Sk": "Modifier_Symbol", "So": "Other_Symbol",
    "Zs": "Space_Separator", "Zl": "Line_Separator", "Zp": "Paragraph_Separator",
    "Cc": "Control cntrl", "Cf": "Format", "Cs": "Surrogate", "Co": "Private_Use", "Cn": "Unassigned",
}  # fmt: skip

GROUPS = {
    "L Letter": ["Lu", "Ll", "Lt", "Lm", "Lo"],
    "LC Cased_Letter": ["Lu", "Ll", "Lt"],
    "M Mark Combining_Mark": ["Mn", "Mc", "Me"],
    "N Number": ["Nd", "Nl", "No"],
    "P Punctuation punct": ["Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"],
    "S Symbol": ["Sm", "Sc", "Sk", "So"],
    "Z Separator": ["Zs", "Zl", "Zp"],
    "C Other": ["Cc", "Cf", "Cs", "Co", "Cn"],
}

# ECMA-262's table of binary properties; Any, ASCII and Assigned need no table.
BINARY = """
ASCII_Hex_Digit AHex|Alphabetic Alpha|Bidi_Control Bidi_C|Bidi_Mirrored Bidi_M|Case_Ignorable CI|Cased
Changes_When_Casefolded CWCF|Changes_When_Casemapped CWCM|Changes_When_Lowercased CWL|Changes_When_Titlecased CWT
Changes_When_Uppercased CWU|Dash|Default_Ignorable_Code_Point DI|Deprecated Dep|Diacritic Dia|Emoji
Emoji_Component EComp|Emoji_Modifier EMod
Emoji_Modifier_Base EBase|Emoji_Presentation EPres|Extended_Pictographic ExtPict|Extender Ext
Grapheme_Base Gr_Base|Grapheme_Extend Gr_Ext|Hex_Digit Hex|IDS_Binary_Operator IDSB|IDS_Trinary_Operator IDST
ID_Continue IDC|ID_Start IDS|Ideographic Ideo|Join_Control Join_C|Logical_Order_Exception LOE|Lowercase Lower|Math
Noncharacter_Code_Point NChar|Pattern_Syntax Pat_Syn|Pattern_White_Space Pat_WS|Quotation_Mark QMark|Radical
Regional_Indicator RI|Sentence_Terminal STerm|Soft_Dotted SD|Terminal_Punctuation Term|Unified_Ideograph UIdeo
Uppercase Upper|Variation_Selector VS|White_Space space|XID_Continue XIDC|XID_Start XIDS
"""

EXTRA_SCRIPT_NAMES = {"Copt": ["Qaac"], "Zinh": ["Qaai"]}
CODE_POINTS = 0x110000

Ranges = list[tuple[int, int]]


def ranges_of(expression: str) -> Ranges:
    """The code points that a character class of the `regex` package matches, as inclusive ranges."""
    import regex

    text = "".join(map(chr, range(CODE_POINTS)))
    return [(m.start(), m.end() - 1) for m in regex.finditer(f"(?V1)[{expression}]+", text)]


def encode(ranges: Ranges) -> bytes:
    """Gap before each range and its length less one, each as a little-endian base-128 number."""
    out = bytearray()
    position = 0
    for first, last in ranges:
        for value in (first - position, last - first):
            while value >= 0x80:
                out.append(value & 0x7F | 0x80)
                value >>= 7
            out.append(value)
        position = last + 1
    return bytes(out)


def decode(data: bytes) -> Ranges:
    ranges: Ranges = []
    values: list[int] = []
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            values.append(value)
            value = shift = 0
    position = 0
    for gap, length in zip(values[::2], values[1::2], strict=True):
        ranges.append((position + gap, position + gap + length))
        position += gap + length + 1
    return ranges


def entries() -> list[tuple[str, str, Ranges]]:
    """(kind, names, ranges): kind is g, s, x or b; names are separated by spaces."""
    from fontTools.unicodedata import Scripts

    out: list[tuple[str, str, Ranges]] = []
    for short, names in CATEGORIES.items():
        out.append(("g", f"{short} {names}", ranges_of(rf"\p{{gc={short}}}")))
    for names in BINARY.replace("\n", "|").strip("|").split("|"):
        out.append(("b", names, ranges_of(rf"\p{{{names.split()[0]}=Yes}}")))
    for code, name in sorted(Scripts.NAMES.items()):
        try:
            own, extended = ranges_of(rf"\p{{sc={code}}}"), ranges_of(rf"\p{{scx={code}}}")
        except Exception:  # a script of another Unicode version than the package's
            continue
        names = " ".join(dict.fromkeys([code, name, *EXTRA_SCRIPT_NAMES.get(code, [])]))
        if own or code in ("Zzzz",):
            out.append(("s", names, own))
            out.append(("x", names, extended))
    return out


def generate() -> str:
    import regex

    data = bytearray()
    offsets: dict[bytes, int] = {}
    rows = []
    for kind, names, ranges in entries():
        coded = encode(ranges)
        if coded not in offsets:
            offsets[coded] = len(data)
            data += coded
        rows.append(f"    {{'{kind}', \"{names}\", {offsets[coded]}, {len(coded)}}},")
    masks = list(CATEGORIES)
    groups = [
        f'    {{"{names}", {sum(1 << masks.index(m) for m in members):#x}}},' for names, members in GROUPS.items()
    ]
    lines, line = [], "   "
    for byte in data:
        item = f" {byte},"
        if len(line) + len(item) > 120:
            lines.append(line)
            line = "   "
        line += item
    lines.append(line)
    return "\n".join(
        [
            f"// Generated by tools/unicode_tables.py from regex {regex.__version__}; do not edit. Checked by",
            "// tests/regex/test_unicode_tables.py.",
            "// clang-format off",
            '#include "regex/unicode_tables.h"',
            "",
            "namespace maskforge {",
            "",
            "const UnicodeEntry kUnicodeEntries[] = {",
            *rows,
            "};",
            f"const std::size_t kUnicodeEntryCount = {len(rows)};",
            "",
            "const UnicodeGroup kUnicodeGroups[] = {",
            *groups,
            "};",
            f"const std::size_t kUnicodeGroupCount = {len(groups)};",
            "",
            "const std::uint8_t kUnicodeRanges[] = {",
            *lines,
            "};",
            "",
            "}  // namespace maskforge",
            "",
        ]
    )


def read_tables(path: Path) -> dict[tuple[str, str], Ranges]:
    """The sets of a generated file, by (kind, first name)."""
    text = path.read_text(encoding="utf-8")
    body = text.split("kUnicodeRanges[] = {", 1)[1].split("}", 1)[0]
    data = bytes(int(item) for item in re.findall(r"\d+", body))
    return {
        (kind, names.split()[0]): decode(data[int(offset) : int(offset) + int(size)])
        for kind, names, offset, size in re.findall(r"\{'(\w)', \"([^\"]+)\", (\d+), (\d+)\}", text)
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(generate(), encoding="utf-8")
