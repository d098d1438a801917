// How many values a number set has; see number.h. Covered by tests/csrc/test_number.cc.
#include <cmath>
#include <deque>
#include <unordered_set>

#include "base/fuel.h"
#include "number/number.h"
#include "number/scale.h"

namespace maskforge {

namespace number {
namespace {

// 0.DIGITS x 10^(top - shift), about.
long double magnitude(const Entry& entry, std::int64_t shift) {
  long double fraction = std::stold("0." + entry.digits.substr(0, 40));
  return fraction * std::pow(10.0L, static_cast<long double>(entry.top - shift));
}

// Whether the region is sure to hold `limit` values of the pattern. An estimate: "no" proves nothing.
bool is_wide(const Scale& scale, const Lattice& lattice, std::size_t region, std::uint32_t pattern,
             std::uint64_t limit) {
  std::int64_t unit = lattice.sure_width(pattern);
  long double low = region == 0 ? 0 : magnitude(scale.entries[region - 1], unit);
  long double high = magnitude(scale.entries[region], unit);
  long double width = high - low;
  return std::isfinite(width) ? width > high * 1e-6L && width > static_cast<long double>(limit) * 2 + 4
                              : region == 0 || std::isfinite(low);
}

}  // namespace

// Whether a half line surely holds `limit` values.
bool has_many(const ScaleTable& table, std::uint32_t id, std::uint64_t limit) {
  const Scale& scale = table[id];
  if (scale.constant) return scale.constant_label() != kDeadLabel;
  const Lattice& lattice = table.lattice(scale.lattice);
  for (std::size_t i = 0; i < scale.region_rule.size(); ++i) {
    const Rule& rule = scale.region(i);
    if (rule.labels[kDecimal][0] != kDeadLabel) return true;  // values of the empty pattern are everywhere
    for (const ShortList<std::uint32_t>& live : rule.live) {
      for (std::uint32_t pattern : live) {
        if (pattern == 0) continue;
        if (i + 1 == scale.region_rule.size() || is_wide(scale, lattice, i, pattern, limit)) return true;
      }
    }
  }
  return false;
}

}  // namespace number

std::string NumberArena::witness(NumberStateId start) {
  struct Step {
    NumberStateId state;
    std::size_t from;
    char byte;
  };
  std::deque<Step> queue{{start, 0, '\0'}};
  std::unordered_set<NumberStateId> seen{start};
  for (std::size_t i = 0;; ++i) {  // every state is alive, so this ends
    if (is_final(queue[i].state)) {
      std::string text;
      for (std::size_t at = i; at != 0; at = queue[at].from) text.insert(text.begin(), queue[at].byte);
      return text;
    }
    for (char byte : std::string_view("0123456789-.e+")) {
      FuelScope::spend();
      NumberStateId next = step(queue[i].state, byte);
      if (next != kDead && seen.insert(next).second) queue.push_back({next, i, byte});
    }
  }
}

std::uint64_t NumberArena::count(NumberSetId set, std::uint64_t limit) {
  if (is_empty(set)) return 0;
  if (limit <= 1 || is_endless(set, limit)) return limit;
  // Few values: take one after the other out of the set.
  std::vector<std::string> found;
  while (found.size() < limit) {
    NumberSetId rest = found.empty() ? set : intersect({set, complement(any_of(found))});
    NumberStateId from = start(rest, {});
    if (from == kDead) break;
    found.push_back(witness(from));
  }
  return found.size();
}

}  // namespace maskforge
