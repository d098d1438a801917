// Whether some continuation of a mantissa is accepted; the argument is in reader.h. Covered by
// tests/csrc/test_number.cc.
#include <algorithm>
#include <optional>

#include "base/fuel.h"
#include "number/reader.h"

namespace maskforge::number {

// With the digits D (m of them) and any exponent, the reachable values are [D, D + 1) x 10^k for all k; as digits alone
// (kPlain) the integers among those with k >= 0. Decades are asked from high to low.
class Reader::AliveQuestion {
 public:
  AliveQuestion(const Reader& reader, const Mantissa& mantissa, StateId from, std::uint8_t symbol, Spelling spelling)
      : reader_(reader),
        mantissa_(mantissa),
        scale_(reader.scales_[mantissa.scale]),
        lattice_(reader.scales_.lattice(scale_.lattice)),
        from_(from),
        symbol_(symbol),
        spelling_(spelling) {}

  bool answer() {
    // An endless region holds every pattern in some high decade.
    const Rule& endless = scale_.region(scale_.entries.size());
    if (dense(endless) || !endless.live[spelling_].empty()) return true;
    for (std::size_t i = scale_.decades.size(); i-- > 0;) {
      const Decade& decade = scale_.decades[i];
      FuelScope::spend();
      if (out_of_reach(decade.place)) return false;
      if (in_decade(decade, mantissa_.positions[i])) return true;
      std::int64_t lowest = i == 0 ? -kExponentCap : scale_.decades[i - 1].place + 1;
      if (in_gap(scale_.region(decade.first), decade.place - 1, lowest)) return true;
    }
    return false;
  }

 private:
  bool out_of_reach(std::int64_t place) const { return spelling_ == kPlain && place < mantissa_.m; }

  // Values that no step divides lie in every interval, unless only integers count.
  bool dense(const Rule& rule) const { return spelling_ == kDecimal && rule.labels[kDecimal][0] != kDeadLabel; }

  bool in_decade(const Decade& decade, const Position& position) {
    if (position.first == Position::kSettled) {
      return in_region(scale_.rules[position.last], decade.place, nullptr, nullptr);
    }
    const ShortList<std::uint32_t>& entries = scale_.live_entries[spelling_];
    const ShortList<std::uint32_t>& regions = scale_.live_regions[spelling_];
    if (entries[position.last] != entries[position.first]) return true;
    if (regions[position.last] != regions[position.first + 1]) return true;  // regions between two of the entries
    const Entry& low = scale_.entries[position.first];
    const Entry& high = scale_.entries[position.last - 1];
    bool room_below = static_cast<std::int64_t>(low.digits.size()) > mantissa_.m;
    return (room_below && in_region(scale_.region(position.first), decade.place, nullptr, &low)) ||
           in_region(scale_.region(position.last), decade.place, &high, nullptr);
  }

  // Decades [lowest, highest], all inside one region.
  bool in_gap(const Rule& rule, std::int64_t highest, std::int64_t lowest) {
    if (highest < lowest) return false;
    if (dense(rule)) return true;
    for (std::uint32_t pattern : rule.live[spelling_]) {
      for (std::int64_t place = highest; place >= lowest && !out_of_reach(place); --place) {
        FuelScope::spend();
        if (too_fine(pattern, place)) break;
        if (occurs(pattern, place, nullptr, nullptr)) return true;
        // Without exclusions a hit below would make ten times it a hit here.
        if (!lattice_.has_exclusions(pattern)) break;
      }
    }
    return false;
  }

  // The part of the decade's interval above `low` and below `high`, where given.
  bool in_region(const Rule& rule, std::int64_t place, const Entry* low, const Entry* high) {
    if (dense(rule)) return true;
    return std::any_of(rule.live[spelling_].begin(), rule.live[spelling_].end(), [&](std::uint32_t pattern) {
      return !too_fine(pattern, place) && occurs(pattern, place, low, high);
    });
  }

  // The last nonzero digit read lies below the places that values of the pattern use.
  bool too_fine(std::uint32_t pattern, std::int64_t place) const {
    return place - mantissa_.m + mantissa_.z < lattice_.lowest_place(pattern);
  }

  bool occurs(std::uint32_t pattern, std::int64_t place, const Entry* low, const Entry* high) {
    std::int64_t k = place - mantissa_.m;
    if (low == nullptr && high == nullptr && k >= lattice_.sure_width(pattern)) return true;
    // D x 10^k itself is the least value of the interval.
    if (low == nullptr && scale_.divides && reader_.pattern_at(mantissa_, place - mantissa_.top) == pattern)
      return true;
    if (!digits_) digits_ = reader_.digits_on_path(from_, symbol_);
    Endpoint from{*digits_, k};
    Endpoint to{*digits_, k, true};
    if (low != nullptr) from = {low->digits, low->top - static_cast<std::int64_t>(low->digits.size())};
    if (high != nullptr) to = {high->digits, high->top - static_cast<std::int64_t>(high->digits.size())};
    return lattice_.occurs(pattern, from, low != nullptr, to);
  }

  const Reader& reader_;
  const Mantissa& mantissa_;
  const Scale& scale_;
  const Lattice& lattice_;
  StateId from_;
  std::uint8_t symbol_;
  Spelling spelling_;
  std::optional<std::string> digits_;
};

bool Reader::is_alive(const Mantissa& mantissa, StateId from, std::uint8_t symbol) const {
  const Scale& scale = scales_[mantissa.scale];
  if (scale.constant) return scale.constant_label() != kDeadLabel;
  if (scale.any_live[kDecimal] && AliveQuestion(*this, mantissa, from, symbol, kDecimal).answer()) return true;
  return scale.spelled && mantissa.phase == Phase::kInteger &&
         AliveQuestion(*this, mantissa, from, symbol, kPlain).answer();
}

std::string Reader::digits_on_path(StateId from, std::uint8_t symbol) const {
  std::string digits;
  for (;;) {
    FuelScope::spend();
    if (symbol <= 9) digits.push_back(static_cast<char>('0' + symbol));
    auto phase = static_cast<Phase>(keys_[from][0]);
    if (phase != Phase::kInteger && phase != Phase::kPoint && phase != Phase::kFraction) break;
    symbol = states_[from].symbol;
    from = states_[from].parent;
  }
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace maskforge::number
