// White space beyond ASCII, as ECMAScript's `\s` has it: code points, both ends inclusive, sorted.
#pragma once

namespace maskforge {

struct WhiteSpaceRange {
  char32_t first, last;
};
inline constexpr WhiteSpaceRange kWhiteSpaceBeyondAscii[] = {{0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
                                                             {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F},
                                                             {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};

}  // namespace maskforge
