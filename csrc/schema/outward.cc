// See outward.h.
#include "schema/outward.h"

#include <algorithm>

namespace maskforge {

namespace {

bool skip(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

void skip_digits(std::string_view& text, std::size_t count) {
  while (count-- > 0 && !text.empty() && text[0] >= '0' && text[0] <= '9') text.remove_prefix(1);
}

// Whether the text goes on, inside a string, with the address of a dialect's meta-schema, and then the string ends.
bool names_dialect(std::string_view text) {
  if (!skip(text, "http://json-schema.org/") && !skip(text, "https://json-schema.org/")) return false;
  if (skip(text, "draft-0")) {
    skip_digits(text, 1);
  } else if (skip(text, "draft/20")) {
    skip_digits(text, 2);
    if (!skip(text, "-")) return false;
    skip_digits(text, 2);
  } else {
    return false;
  }
  if (!skip(text, "/schema")) return false;
  skip(text, "#");
  return text.starts_with('"');
}

}  // namespace

bool refers_outward(std::string_view text) {
  // There are many quotes and few dollar signs.
  for (std::size_t at = text.find('$', 1); at < text.size(); at = text.find('$', at + 1)) {
    if (text[at - 1] != '"') continue;
    std::string_view rest = text.substr(at + 1);
    const bool names_schema = skip(rest, "schema\"");
    if (!names_schema && !skip(rest, "ref\"") && !skip(rest, "dynamicRef\"") && !skip(rest, "recursiveRef\"")) continue;
    auto skip_space = [&] { rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size())); };
    skip_space();
    if (!skip(rest, ":")) continue;
    skip_space();
    if (!skip(rest, "\"")) continue;
    if (names_schema ? !names_dialect(rest) : !rest.starts_with('#')) return true;
  }
  return false;
}

}  // namespace maskforge
