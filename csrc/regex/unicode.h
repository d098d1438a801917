// Sets of code points by Unicode property, as `\p{...}` of ECMA-262 names them.
// Covered by tests/csrc/test_regex_parser.cc, tests/regex/test_unicode_tables.py.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "regex/char_set.h"

namespace maskforge {

// `name` is what stands between the braces: "L", "Uppercase_Letter", "Script=Greek", "scx=Grek", "ASCII", "Emoji".
// Nothing when ECMA-262 does not know it (names are case sensitive there) or the tables lack it.
std::optional<CharSet> unicode_property(std::string_view name);

// All names of one kind, in no order: 'g' for General_Category, 's' for Script, 'b' for binary properties.
std::vector<std::string_view> unicode_property_names(char kind);

}  // namespace maskforge
