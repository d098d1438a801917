// Sets of Unicode scalar values as sorted ranges. The surrogates are no scalar values, so every set is kept in one
// canonical form: no range begins or ends inside the surrogate block, and [.., D7FF] [E000, ..] is one range across it.
// Covered by tests/csrc/test_regex.cc.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "regex/regex.h"

namespace maskforge {

inline constexpr char32_t kLastCodePoint = 0x10FFFF;
inline constexpr char32_t kFirstSurrogate = 0xD800;
inline constexpr char32_t kLastSurrogate = 0xDFFF;

using CharSet = std::vector<CodePointRange>;
using CharSpan = std::span<const CodePointRange>;

// Whether nothing but surrogates lies between `last` and `first`.
inline bool adjacent(char32_t last, char32_t first) {
  return first == last + 1 || (last == kFirstSurrogate - 1 && first == kLastSurrogate + 1);
}

// Cuts the ends of a range out of the surrogate block; false when nothing remains.
inline bool trim_surrogates(char32_t& first, char32_t& last) {
  if (first >= kFirstSurrogate && first <= kLastSurrogate) first = kLastSurrogate + 1;
  if (last >= kFirstSurrogate && last <= kLastSurrogate) last = kFirstSurrogate - 1;
  return first <= last;
}

// Number of scalar values in a canonical range.
inline std::uint32_t scalar_count(char32_t first, char32_t last) {
  std::uint32_t count = last - first + 1;
  if (first < kFirstSurrogate && last > kLastSurrogate) count -= kLastSurrogate - kFirstSurrogate + 1;
  return count;
}

// Which coarse classes of characters a set meets, a bit each: letters of ASCII by themselves, digits together. For
// quick proofs that texts of one kind hold what those of another cannot.
using CharMask = std::uint64_t;
inline constexpr CharMask kEveryClass = ~CharMask{0};
CharMask char_mask(CharSpan set);

void normalise(CharSet& set);
CharSet unite_sets(CharSpan a, CharSpan b);
CharSet intersect_sets(CharSpan a, CharSpan b);
CharSet complement_set(CharSpan a);
bool set_contains(CharSpan set, char32_t c);

}  // namespace maskforge
