// The summary of a mantissa: how digits move it, what may be forgotten, which label it gets. See reader.h.
// Covered by tests/csrc/test_number.cc.
#include <algorithm>
#include <bit>

#include "base/errors.h"
#include "base/fuel.h"
#include "number/reader.h"

namespace maskforge::number {
namespace {

constexpr std::int64_t kDigitLimit = 1'000'000;

u128 power(std::uint32_t base, std::uint32_t exponent) {
  u128 out = 1;
  for (; exponent > 0; --exponent) out *= base;
  return out;
}

// How many 32-bit words hold the residues below `modulus`.
int word_count(u128 modulus) {
  int words = 0;
  for (u128 top = modulus - 1; top != 0; top >>= 32) ++words;
  return words;
}

void write(ShortList<std::uint32_t>& out, u128 value, u128 modulus) {
  for (int i = word_count(modulus); i > 0; --i, value >>= 32) out.push_back(static_cast<std::uint32_t>(value));
}

u128 read(const ShortList<std::uint32_t>& in, std::size_t& at, u128 modulus) {
  u128 value = 0;
  int words = word_count(modulus);
  for (int i = 0; i < words; ++i) value |= static_cast<u128>(in[at++]) << (32 * i);
  return value;
}

u128 low_modulus(std::uint32_t base, std::uint32_t cap) { return cap == 0 ? 1 : power(base, cap - 1); }

// The valuation of the digits D x 10 + digit, at most `cap`, from w = D modulo base^(cap-1); w moves on to the new
// digits.
std::uint32_t append_valuation(std::uint32_t base, std::uint32_t cap, std::uint32_t digit, u128& w) {
  u128 next = (w * 10 + digit) % power(base, cap);
  w = next % low_modulus(base, cap);
  std::uint32_t valuation = 0;
  for (; valuation < cap && next % base == 0; ++valuation) next = next == 0 ? 0 : next / base;
  return valuation;
}

}  // namespace

Reader::Words Reader::write_key(const Mantissa& mantissa) const {
  const Scale& scale = scales_[mantissa.scale];
  Words key{static_cast<std::uint32_t>(mantissa.phase), mantissa.scale};
  if (scale.constant) return key;
  key.reserve(10 + 2 * scale.decades.size());
  auto number = [&](std::int64_t value) {
    key.push_back(static_cast<std::uint32_t>(static_cast<std::int32_t>(value)));
  };
  if (!scale.decades.empty()) {
    number(mantissa.top);
    number(mantissa.m);
  }
  if (scale.divides) {
    const Lattice& lattice = scales_.lattice(scale.lattice);
    number(mantissa.x);
    number(mantissa.z);
    if (lattice.two_cap() + lattice.five_cap() > 0) key.push_back(mantissa.v2 << 16 | mantissa.v5);
    write(key, mantissa.w2, low_modulus(2, lattice.two_cap()));
    write(key, mantissa.w5, low_modulus(5, lattice.five_cap()));
    write(key, mantissa.residue, lattice.rest_lcm());
  }
  for (const Position& position : mantissa.positions) {
    key.push_back(position.first);
    key.push_back(position.last);
  }
  return key;
}

void Reader::read_key(const Words& key, Mantissa& out) const {
  out.phase = static_cast<Phase>(key[0]);
  out.scale = key[1];
  out.top = out.m = out.x = out.z = 0;
  out.v2 = out.v5 = 0;
  out.w2 = out.w5 = out.residue = 0;
  out.positions.clear();
  const Scale& scale = scales_[out.scale];
  if (scale.constant) return;
  std::size_t at = 2;
  auto number = [&] { return static_cast<std::int64_t>(static_cast<std::int32_t>(key[at++])); };
  if (!scale.decades.empty()) {
    out.top = number();
    out.m = number();
  }
  if (scale.divides) {
    const Lattice& lattice = scales_.lattice(scale.lattice);
    out.x = number();
    out.z = number();
    if (lattice.two_cap() + lattice.five_cap() > 0) {
      out.v2 = key[at] >> 16;
      out.v5 = key[at++] & 0xFFFF;
    }
    out.w2 = read(key, at, low_modulus(2, lattice.two_cap()));
    out.w5 = read(key, at, low_modulus(5, lattice.five_cap()));
    out.residue = read(key, at, lattice.rest_lcm());
  }
  for (; at < key.size(); at += 2) out.positions.push_back({key[at], key[at + 1]});
}

void Reader::append_digit(Mantissa& mantissa, std::uint32_t digit) const {
  const Scale& scale = scales_[mantissa.scale];
  if (scale.constant) return;
  auto place = static_cast<std::size_t>(mantissa.m);
  auto digit_of = [&](const Entry& entry) -> std::uint32_t {
    return place < entry.digits.size() ? static_cast<std::uint32_t>(entry.digits[place] - '0') : 0;
  };
  FuelScope::spend(mantissa.positions.size() / 4);
  for (Position& position : mantissa.positions) {
    if (position.first == Position::kSettled) continue;
    auto begin = scale.entries.begin();
    auto low = std::partition_point(begin + position.first, begin + position.last,
                                    [&](const Entry& e) { return digit_of(e) < digit; });
    auto high = std::partition_point(low, begin + position.last, [&](const Entry& e) { return digit_of(e) == digit; });
    if (low == high) {
      position = {Position::kSettled, scale.region_rule[static_cast<std::size_t>(low - begin)]};
    } else {
      position = {static_cast<std::uint32_t>(low - begin), static_cast<std::uint32_t>(high - begin)};
    }
  }
  ++mantissa.m;
  (mantissa.phase == Phase::kInteger ? mantissa.top : mantissa.x) += mantissa.phase == Phase::kInteger ? 1 : -1;
  if (mantissa.top > kDigitLimit || mantissa.x < -kDigitLimit || mantissa.m > kDigitLimit) {
    throw FuelError("a number has more than a million digits");
  }
  if (!scale.divides) return;
  const Lattice& lattice = scales_.lattice(scale.lattice);
  mantissa.z = digit == 0 ? mantissa.z + 1 : 0;
  u128 rest = lattice.rest_lcm();
  if (rest > 1) {
    u128 next = mantissa.residue * 10 + digit;
    mantissa.residue = next >> 64 == 0 && rest >> 64 == 0
                           ? static_cast<std::uint64_t>(next) % static_cast<std::uint64_t>(rest)
                           : next % rest;
  }
  if (lattice.two_cap() > 0) {
    std::uint32_t v2 = append_valuation(2, lattice.two_cap(), digit, mantissa.w2);
    if (digit != 0) mantissa.v2 = v2;
  }
  if (lattice.five_cap() > 0) {
    std::uint32_t v5 = append_valuation(5, lattice.five_cap(), digit, mantissa.w5);
    if (digit != 0) mantissa.v5 = v5;
  }
}

// Brings the summary to a canonical form; every field that no continuation can feel becomes zero.
void Reader::forget_irrelevant(Mantissa& mantissa) {
  const Scale& scale = scales_[mantissa.scale];
  if (scale.constant) return;
  if (!scale.divides) mantissa.x = 0;
  if (scale.decades.empty()) {
    mantissa.top = mantissa.m = 0;
    if (!scale.spelled) return;
  }
  if (scale.spelled && scales_[scales_.decimal_only(mantissa.scale)].constant) {
    // Only digits decide: no exponent will move the number, so lower decades are out of reach and zeros count up to a
    // cap.
    std::int64_t cap = 0;
    for (const Step& step : scales_.lattice(scale.lattice).steps()) cap = std::max({cap, step.two, step.five});
    mantissa.z = std::min(mantissa.z, cap);
    for (std::size_t i = 0; i < mantissa.positions.size(); ++i) {
      if (scale.decades[i].place < mantissa.top) mantissa.positions[i] = {Position::kSettled, Position::kGone};
    }
    if (!scale.decades.empty()) mantissa.top = mantissa.m = std::min(mantissa.top, scale.decades.back().place + 1);
  }
  // The digits read matter while an entry is matched: all of them while several match, else up to the length of the
  // one.
  std::int64_t needed = 0;
  for (Position& position : mantissa.positions) {
    if (position.first == Position::kSettled) continue;
    const Entry& entry = scale.entries[position.first];
    auto length = static_cast<std::int64_t>(entry.digits.size());
    if (position.last > position.first + 1) {
      needed = mantissa.m;
    } else if (length <= mantissa.m && entry.joins_above) {
      position = {Position::kSettled, scale.region_rule[position.last]};
    } else {
      needed = std::max(needed, length);
    }
  }
  if (!scale.divides && !scale.spelled) mantissa.m = std::min(mantissa.m, needed);
}

std::uint32_t Reader::pattern_at(const Mantissa& mantissa, std::int64_t exponent) const {
  const Scale& scale = scales_[mantissa.scale];
  if (!scale.divides) return 0;
  const Lattice& lattice = scales_.lattice(scale.lattice);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < lattice.steps().size(); ++i) {
    const Step& step = lattice.steps()[i];
    if (mantissa.residue % step.rest != 0) continue;
    std::int64_t need = std::max(step.two - mantissa.v2, step.five - mantissa.v5);
    if (exponent + mantissa.x + mantissa.z >= need) bits |= std::uint64_t{1} << i;
  }
  return lattice.pattern_index(bits);
}

LabelId Reader::label_at(const Mantissa& mantissa, std::int64_t exponent, Spelling spelling) const {
  const Scale& scale = scales_[mantissa.scale];
  if (scale.constant) return scale.constant_label();
  std::int64_t place = mantissa.top + exponent;
  auto decade = std::partition_point(scale.decades.begin(), scale.decades.end(),
                                     [&](const Decade& d) { return d.place < place; });
  const Rule* rule = nullptr;
  if (decade == scale.decades.end() || decade->place != place) {
    rule = &scale.region(decade == scale.decades.end() ? scale.entries.size() : decade->first);
  } else {
    const Position& position = mantissa.positions[static_cast<std::size_t>(decade - scale.decades.begin())];
    if (position.first == Position::kSettled) {
      rule = &scale.rules[position.last];
    } else {
      const Entry& entry = scale.entries[position.first];
      if (static_cast<std::int64_t>(entry.digits.size()) <= mantissa.m) return entry.labels[spelling];
      rule = &scale.region(position.first);  // the entry goes on with digits that are not all zero
    }
  }
  return rule->labels[spelling][rule->constant ? 0 : pattern_at(mantissa, exponent)];
}

std::uint32_t Reader::exponent_function(const Mantissa& mantissa) {
  const Scale& scale = scales_[mantissa.scale];
  if (scale.constant) return constant_function(scale.constant_label());
  std::vector<std::int64_t> cuts;
  for (const Decade& decade : scale.decades) {
    cuts.push_back(decade.place - mantissa.top);
    cuts.push_back(decade.place - mantissa.top + 1);
  }
  if (scale.divides) {
    for (const Step& step : scales_.lattice(scale.lattice).steps()) {
      cuts.push_back(std::max(step.two - mantissa.v2, step.five - mantissa.v5) - mantissa.x - mantissa.z);
    }
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  FuelScope::spend(cuts.size());
  Pieces pieces{label_at(mantissa, cuts.front() - 1, kDecimal)};
  for (std::int64_t cut : cuts) {
    LabelId label = label_at(mantissa, cut, kDecimal);
    if (label != pieces.back()) pieces.insert(pieces.end(), {cut, label});
  }
  return functions_.intern(std::move(pieces));
}

}  // namespace maskforge::number
