// The tables that tools/unicode_tables.py makes; unicode.cc reads them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace maskforge {

struct UnicodeEntry {
  char kind;                   // g: General_Category, s: Script, x: Script_Extensions, b: binary property
  const char* names;           // separated by spaces
  std::uint32_t offset, size;  // in kUnicodeRanges: (gap, length - 1) pairs of base-128 numbers, lowest digit first
};

struct UnicodeGroup {
  const char* names;
  std::uint32_t members;  // bit i: the i-th entry, which is a General_Category
};

extern const UnicodeEntry kUnicodeEntries[];
extern const std::size_t kUnicodeEntryCount;
extern const UnicodeGroup kUnicodeGroups[];
extern const std::size_t kUnicodeGroupCount;
extern const std::uint8_t kUnicodeRanges[];

}  // namespace maskforge
