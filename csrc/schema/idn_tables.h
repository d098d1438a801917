// The tables that tools/idn_tables.py makes; formats_idn.cc reads them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace maskforge::formats {

// Each is a list of (gap, length - 1) pairs of base-128 numbers, lowest digit first.
#define MASKFORGE_IDN_TABLE(name)            \
  extern const std::size_t kIdn##name##Size; \
  extern const std::uint8_t kIdn##name[];

MASKFORGE_IDN_TABLE(Left)            // bidirectional class L, no marks
MASKFORGE_IDN_TABLE(LeftMark)        // class L, marks
MASKFORGE_IDN_TABLE(NonspacingMark)  // class NSM
MASKFORGE_IDN_TABLE(RightToLeft)     // classes R and AL
MASKFORGE_IDN_TABLE(Neutral)         // all others
MASKFORGE_IDN_TABLE(Nukta)           // combining class 7
MASKFORGE_IDN_TABLE(Virama)          // combining class 9
MASKFORGE_IDN_TABLE(OtherCombining)  // other combining classes than 0, 7 and 9

#undef MASKFORGE_IDN_TABLE

}  // namespace maskforge::formats
