// The formats of the specification as languages. Everything else is an annotation.
// Covered by tests/csrc/test_formats.cc and tests/schema/test_formats.py.
#pragma once

#include <optional>
#include <string_view>

#include "regex/regex.h"

namespace maskforge {

// The language that a `format` of a schema names, by the name under which format_language has it; nothing for a format
// that the specification does not have. Only relative JSON Pointers differ between dialects.
std::optional<std::string_view> known_format(std::string_view name, bool is_2020);
// The texts of a format; nothing for an unknown name. Not memoised: callers keep the id.
std::optional<RegexId> format_language(RegexArena& regexes, std::string_view name);

// For the formats whose language is only a part of what their RFC allows (hostname leaves out A-labels; idn-hostname
// and regex are bounded): a language that surely holds all of it. What is outside this one surely is not of the format,
// and of what is in this one alone nothing is said: it is left out where it matters. Nothing for the others, whose
// language is exact.
std::optional<RegexId> format_upper_bound(RegexArena& regexes, std::string_view name);

}  // namespace maskforge
