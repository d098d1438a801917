// See utf8_classes.h.
#include "schema/utf8_classes.h"

#include <algorithm>

#include "base/fuel.h"

namespace maskforge {

Utf8Classes::Utf8Classes(Machine& machine, const CharClasses& classes, bool json)
    : machine_(machine), partition_(classes), json_(json) {
  Branch& root = branches_.emplace_back();
  intervals_.push_back({0, 0, 0});
  for (std::uint32_t i = 0; i < classes.count; ++i) root.classes.push_back(i);
}

std::size_t Utf8Classes::first_range(char32_t c) const {
  const auto& ranges = partition_.ranges;
  auto at = std::lower_bound(ranges.begin(), ranges.end(), c,
                             [](const CharClasses::Range& range, char32_t value) { return range.last < value; });
  return static_cast<std::size_t>(at - ranges.begin());
}

std::uint32_t Utf8Classes::class_of(char32_t c) const {
  const std::size_t at = first_range(c);
  return at < partition_.ranges.size() && partition_.ranges[at].first <= c ? partition_.ranges[at].id : kNoClass;
}

const Utf8Classes::Branch& Utf8Classes::branch(std::uint32_t index) {
  if (branches_[index].bytes == nullptr) fill(index);
  return branches_[index];
}

Utf8Classes::Entry Utf8Classes::entry(Interval interval) {
  const auto& ranges = partition_.ranges;
  ShortList<std::uint32_t> classes;
  // Restricted second bytes (E0, F0 and F4) and surrogates leave out a part: such an interval is never uniform.
  bool uniform = interval.left < 2 || interval.last - interval.first + 1 == char32_t{1} << (6 * interval.left);
  char32_t next = interval.first;
  for (std::size_t at = first_range(interval.first); at < ranges.size() && ranges[at].first <= interval.last; ++at) {
    uniform &= ranges[at].first <= next;
    next = ranges[at].last + 1;
    classes.push_back(ranges[at].id);
    if (ranges[at].first < 0xD800 && ranges[at].last > 0xDFFF)
      uniform &= interval.last < 0xD800 || interval.first > 0xDFFF;
  }
  if (classes.empty()) return {};
  std::ranges::sort(classes);
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  if (uniform && next > interval.last && classes.size() == 1)
    return {Entry::Kind::kClass, interval.left, classes.front()};
  bytes_ += sizeof(Branch) + classes.size() * sizeof(std::uint32_t);
  Branch& made = branches_.emplace_back();
  made.classes = std::move(classes);
  intervals_.push_back(interval);
  return {Entry::Kind::kBranch, 0, static_cast<std::uint32_t>(branches_.size() - 1)};
}

void Utf8Classes::fill_root(std::vector<Entry>& by_byte) {
  for (unsigned byte = json_ ? 0x20 : 0; byte < 0x80; ++byte) {
    const std::uint32_t id = class_of(byte);
    if (id != kNoClass) by_byte[byte] = {Entry::Kind::kClass, 0, id};
  }
  if (json_) {
    by_byte['"'] = {Entry::Kind::kQuote};
    by_byte['\\'] = {Entry::Kind::kBackslash};
  }
  for (unsigned byte = 0xC2; byte <= 0xDF; ++byte) {
    const char32_t first = (byte & 0x1Fu) << 6;
    by_byte[byte] = entry({first, first + 0x3F, 1});
  }
  for (unsigned byte = 0xE0; byte <= 0xEF; ++byte) {
    const char32_t first = (byte & 0x0Fu) << 12;
    by_byte[byte] = entry({std::max<char32_t>(first, 0x800), first + 0xFFF, 2});
  }
  for (unsigned byte = 0xF0; byte <= 0xF4; ++byte) {
    const char32_t first = (byte & 0x07u) << 18;
    by_byte[byte] = entry({std::max<char32_t>(first, 0x10000), std::min<char32_t>(first + 0x3FFFF, 0x10FFFF), 3});
  }
}

void Utf8Classes::fill(std::uint32_t index) {
  FuelScope::spend(4);
  std::vector<Entry> by_byte(256);
  if (index == kRoot) {
    fill_root(by_byte);
  } else {
    const Interval all = intervals_[index];
    const std::uint8_t left = static_cast<std::uint8_t>(all.left - 1);
    const char32_t width = char32_t{1} << (6 * left);
    const char32_t base = all.first & ~(width * 64 - 1);
    for (unsigned byte = 0x80; byte <= 0xBF; ++byte) {
      const char32_t first = base + (byte & 0x3F) * width;
      const char32_t last = first + width - 1;
      const bool surrogates = first >= 0xD800 && last <= 0xDFFF;
      if (first >= all.first && last <= all.last && !surrogates) by_byte[byte] = entry({first, last, left});
    }
  }
  std::array<std::uint8_t, 256> of{};
  std::vector<Entry> entries{Entry{}};
  for (unsigned byte = 0; byte < 256; ++byte) {
    auto known = std::ranges::find(entries, by_byte[byte]);
    of[byte] = static_cast<std::uint8_t>(known - entries.begin());
    if (known == entries.end()) entries.push_back(by_byte[byte]);
  }
  bytes_ += entries.size() * sizeof(Entry);
  Branch& branch = branches_[index];
  branch.entries = std::move(entries);
  branch.bytes = machine_.intern_classes(of);
}

}  // namespace maskforge
