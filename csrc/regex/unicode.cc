// Looks property names up in the generated tables and decodes their ranges. Covered by tests/csrc/test_regex_parser.cc.
#include "regex/unicode.h"

#include "regex/unicode_tables.h"

namespace maskforge {

namespace {

// Whether `name` is one of the space separated `names`.
bool is_named(std::string_view names, std::string_view name) {
  while (!names.empty()) {
    std::size_t end = names.find(' ');
    if (names.substr(0, end) == name) return true;
    if (end == names.npos) return false;
    names.remove_prefix(end + 1);
  }
  return false;
}

void append(const UnicodeEntry& entry, CharSet& set) {
  const std::uint8_t* at = kUnicodeRanges + entry.offset;
  const std::uint8_t* end = at + entry.size;
  auto number = [&] {
    std::uint32_t value = 0;
    for (int shift = 0;; shift += 7) {
      std::uint32_t byte = *at++;
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
  };
  for (char32_t next = 0; at < end;) {
    char32_t first = next + number();
    char32_t last = first + number();
    set.push_back({first, last});
    next = last + 1;
  }
}

std::optional<CharSet> find(char kind, std::string_view name) {
  CharSet set;
  for (std::size_t i = 0; i < kUnicodeEntryCount; ++i) {
    if (kUnicodeEntries[i].kind != kind || !is_named(kUnicodeEntries[i].names, name)) continue;
    append(kUnicodeEntries[i], set);
    normalise(set);
    return set;
  }
  return std::nullopt;
}

std::optional<CharSet> find_category(std::string_view name) {
  for (std::size_t i = 0; i < kUnicodeGroupCount; ++i) {
    if (!is_named(kUnicodeGroups[i].names, name)) continue;
    CharSet set;
    for (int k = 0; k < 32; ++k) {
      if (kUnicodeGroups[i].members >> k & 1) append(kUnicodeEntries[k], set);
    }
    normalise(set);
    return set;
  }
  return find('g', name);
}

}  // namespace

std::optional<CharSet> unicode_property(std::string_view name) {
  std::size_t equals = name.find('=');
  if (equals != name.npos) {
    std::string_view property = name.substr(0, equals), value = name.substr(equals + 1);
    if (property == "General_Category" || property == "gc") return find_category(value);
    if (property == "Script" || property == "sc") return find('s', value);
    if (property == "Script_Extensions" || property == "scx") return find('x', value);
    return std::nullopt;
  }
  if (name == "Any") return CharSet{{0, kLastCodePoint}};
  if (name == "ASCII") return CharSet{{0, 0x7F}};
  if (name == "Assigned") return complement_set(*find('g', "Cn"));
  if (auto set = find_category(name)) return set;
  return find('b', name);
}

std::vector<std::string_view> unicode_property_names(char kind) {
  std::vector<std::string_view> names;
  auto add = [&](std::string_view list) {
    for (std::size_t space; (space = list.find(' ')) != list.npos; list.remove_prefix(space + 1)) {
      names.push_back(list.substr(0, space));
    }
    names.push_back(list);
  };
  for (std::size_t i = 0; i < kUnicodeEntryCount; ++i) {
    if (kUnicodeEntries[i].kind == kind) add(kUnicodeEntries[i].names);
  }
  if (kind == 'g') {
    for (std::size_t i = 0; i < kUnicodeGroupCount; ++i) add(kUnicodeGroups[i].names);
  }
  if (kind == 'b') add("Any ASCII Assigned");
  return names;
}

}  // namespace maskforge
