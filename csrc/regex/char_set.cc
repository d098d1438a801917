// Operations on canonical sets of scalar values: each is one merge of sorted ranges. Covered by
// tests/csrc/test_regex.cc.
#include "regex/char_set.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace maskforge {

namespace {

constexpr CharMask mask_of_ascii(char32_t c) {
  constexpr std::string_view kApart = "-.:/_+@ ";
  unsigned bit = 60;  // other printable characters
  if (c >= 'a' && c <= 'z') {
    bit = c - 'a';
  } else if (c >= 'A' && c <= 'Z') {
    bit = 26 + (c - 'A');
  } else if (c >= '0' && c <= '9') {
    bit = 61;
  } else if (c < 0x20 || c == 0x7F) {
    bit = 62;
  } else if (const std::size_t at = kApart.find(static_cast<char>(c)); at != kApart.npos) {
    bit = 52 + static_cast<unsigned>(at);
  }
  return CharMask{1} << bit;
}

constexpr std::array<CharMask, 0x80> kAsciiMasks = [] {
  std::array<CharMask, 0x80> masks{};
  for (char32_t c = 0; c < masks.size(); ++c) masks[c] = mask_of_ascii(c);
  return masks;
}();
constexpr CharMask kBeyondAscii = CharMask{1} << 63;

}  // namespace

CharMask char_mask(CharSpan set) {
  CharMask mask = 0;
  for (const CodePointRange& range : set) {
    for (char32_t c = range.first; c <= std::min<char32_t>(range.last, 0x7F); ++c) mask |= kAsciiMasks[c];
    if (range.last >= 0x80) return mask | kBeyondAscii;
  }
  return mask;
}

void normalise(CharSet& set) {
  std::size_t kept = 0;
  bool sorted = true;
  for (std::size_t i = 0; i < set.size(); ++i) {
    CodePointRange range = set[i];
    range.last = std::min(range.last, kLastCodePoint);
    if (range.first > range.last || !trim_surrogates(range.first, range.last)) continue;
    if (kept > 0 && range.first < set[kept - 1].first) sorted = false;
    set[kept++] = range;
  }
  set.resize(kept);
  if (!sorted) std::sort(set.begin(), set.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::size_t out = 0;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (out > 0 && (set[i].first <= set[out - 1].last || adjacent(set[out - 1].last, set[i].first))) {
      set[out - 1].last = std::max(set[out - 1].last, set[i].last);
    } else {
      set[out++] = set[i];
    }
  }
  set.resize(out);
}

CharSet unite_sets(CharSpan a, CharSpan b) {
  CharSet result;
  result.reserve(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(result),
             [](const auto& x, const auto& y) { return x.first < y.first; });
  normalise(result);
  return result;
}

CharSet intersect_sets(CharSpan a, CharSpan b) {
  CharSet result;
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    char32_t first = std::max(a[i].first, b[j].first);
    char32_t last = std::min(a[i].last, b[j].last);
    if (first <= last) result.push_back({first, last});
    (a[i].last < b[j].last ? i : j)++;
  }
  normalise(result);
  return result;
}

CharSet complement_set(CharSpan a) {
  CharSet result;
  char32_t next = 0;
  for (const auto& range : a) {
    if (range.first > next) result.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLastCodePoint) result.push_back({next, kLastCodePoint});
  normalise(result);
  return result;
}

bool set_contains(CharSpan set, char32_t c) {
  auto it = std::upper_bound(set.begin(), set.end(), c, [](char32_t x, const auto& range) { return x < range.first; });
  return it != set.begin() && c <= std::prev(it)->last;
}

}  // namespace maskforge
