// The escapes of JSON strings.
#pragma once

#include <cstdint>

namespace maskforge {

// The character that a backslash and this byte stand for; 0 when none (`u` is followed by digits).
inline char32_t escaped_character(std::uint8_t byte) {
  switch (byte) {
    case '"':
    case '\\':
    case '/':
      return byte;
    case 'b':
      return 8;
    case 'f':
      return 12;
    case 'n':
      return 10;
    case 'r':
      return 13;
    case 't':
      return 9;
    default:
      return 0;
  }
}

// The value of a hexadecimal digit; -1 for other bytes.
inline int hex_value(std::uint8_t byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  std::uint8_t lower = byte | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace maskforge
