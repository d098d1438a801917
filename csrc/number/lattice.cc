// Divisibility patterns and the question whether an interval holds one; see lattice.h. Covered by
// tests/csrc/test_number.cc.
#include "number/lattice.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/errors.h"
#include "base/fuel.h"

namespace maskforge::number {
namespace {

constexpr u128 kRestLimit = static_cast<u128>(1) << 120;  // 10 x residue + digit still fits
constexpr std::int64_t kCapLimit2 = 120;
constexpr std::int64_t kCapLimit5 = 51;
constexpr std::int64_t kDigitLimit = 100'000;  // of the integers that interval questions build

u128 gcd(u128 a, u128 b) {
  while (b != 0) {
    a %= b;
    std::swap(a, b);
  }
  return a;
}

Step lcm(const Step& a, const Step& b) {
  u128 part = b.rest / gcd(a.rest, b.rest);
  if (part != 0 && a.rest > kRestLimit / part) {
    throw UnsupportedError("the least common multiple of the multipleOf values is too large");
  }
  return {std::max(a.two, b.two), std::max(a.five, b.five), a.rest * part};
}

double log10_of(const Step& step) {
  return static_cast<double>(step.two) * std::log10(2.0) + static_cast<double>(step.five) * std::log10(5.0) +
         std::log10(static_cast<double>(step.rest));
}

// The nonnegative integer step x 10^-unit; requires that it is one.
BigUint to_integer(const Step& step, std::int64_t unit) {
  BigUint out(step.rest);
  out.multiply_power(2, static_cast<std::uint64_t>(step.two - unit));
  out.multiply_power(5, static_cast<std::uint64_t>(step.five - unit));
  return out;
}

BigUint to_integer(const Endpoint& end, std::int64_t unit) {
  if (!end.plus_one) return BigUint::from_digits(end.digits, static_cast<std::size_t>(end.exponent - unit));
  BigUint base = BigUint::from_digits(end.digits, 0);
  base.add_one();
  auto zeros = static_cast<std::uint64_t>(end.exponent - unit);
  base.multiply_power(2, zeros);
  base.multiply_power(5, zeros);
  return base;
}

}  // namespace

Step factor_step(const Decimal& value) {
  BigUint mantissa = BigUint::from_digits(value.digits, 0);
  Step step{value.exponent(), value.exponent(), 1};
  auto strip = [&](std::uint32_t prime, std::int64_t& count) {
    for (;;) {
      FuelScope::spend(1 + mantissa.limb_count() / 16);
      BigUint quotient = mantissa;
      if (quotient.divide_small(prime) != 0) return;
      mantissa = std::move(quotient);
      ++count;
    }
  };
  strip(2, step.two);
  strip(5, step.five);
  if (mantissa.compare(BigUint(kRestLimit)) > 0) throw UnsupportedError("multipleOf has too many digits");
  ShortList<std::uint32_t> limbs;
  while (!mantissa.is_zero()) limbs.push_back(mantissa.divide_small(BigUint::kBase));
  step.rest = 0;
  for (std::size_t i = limbs.size(); i-- > 0;) step.rest = step.rest * BigUint::kBase + limbs[i];
  return step;
}

bool divides(const Step& step, const Decimal& value) {
  if (value.is_zero()) return true;
  u128 residue = 0;
  for (char c : value.digits) residue = (residue * 10 + static_cast<unsigned>(c - '0')) % step.rest;
  if (residue != 0) return false;
  // No trailing zeros: at most one of the two valuations of the digits is positive.
  std::int64_t need2 = step.two - value.exponent();
  std::int64_t need5 = step.five - value.exponent();
  if (need2 <= 0 && need5 <= 0) return true;
  if (need2 > 0 && need5 > 0) return false;
  std::uint32_t prime = need2 > 0 ? 2 : 5;
  std::int64_t need = std::max(need2, need5);
  if (need > 4 * static_cast<std::int64_t>(value.digits.size())) return false;
  BigUint mantissa = BigUint::from_digits(value.digits, 0);
  for (; need > 0; --need) {
    if (mantissa.divide_small(prime) != 0) return false;
  }
  return true;
}

Lattice::Lattice(std::vector<Step> steps) : steps_(std::move(steps)) {
  if (steps_.size() > kMaxSteps) throw UnsupportedError("more than 64 different multipleOf values act on one number");
  std::int64_t cap2 = 0;
  std::int64_t cap5 = 0;
  Step all;
  for (const Step& step : steps_) {
    cap2 = std::max(cap2, step.two - step.five);
    cap5 = std::max(cap5, step.five - step.two);
    all = lcm(all, step);
  }
  if (cap2 > kCapLimit2 || cap5 > kCapLimit5) {
    throw UnsupportedError("multipleOf contains too high a power of two or five");
  }
  rest_lcm_ = all.rest;
  two_cap_ = static_cast<std::uint32_t>(cap2);
  five_cap_ = static_cast<std::uint32_t>(cap5);
  close_patterns();
}

void Lattice::close_patterns() {
  auto add = [&](std::uint64_t bits, const Step& lcm_of_bits) {
    for (std::size_t j = 0; bits != 0 && j < steps_.size(); ++j) {
      if (steps_[j].divides(lcm_of_bits)) bits |= std::uint64_t{1} << j;
    }
    if (!index_.emplace(bits, static_cast<std::uint32_t>(patterns_.size())).second) return;
    patterns_.push_back(bits);
    lcms_.push_back(lcm_of_bits);
  };
  add(0, Step{});
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    FuelScope::spend(steps_.size());
    if (patterns_.size() > 4096) throw UnsupportedError("the multipleOf values combine in too many ways");
    for (std::size_t j = 0; j < steps_.size(); ++j) {
      if (patterns_[i] >> j & 1) continue;
      add(patterns_[i] | std::uint64_t{1} << j, patterns_[i] == 0 ? steps_[j] : lcm(lcms_[i], steps_[j]));
    }
  }
  exclusions_.resize(patterns_.size());
  for (std::size_t i = 1; i < patterns_.size(); ++i) {
    const Step& base = lcms_[i];
    std::vector<Step>& out = exclusions_[i];
    for (std::size_t j = 0; j < steps_.size(); ++j) {
      if (patterns_[i] >> j & 1) continue;
      out.push_back({std::max<std::int64_t>(0, steps_[j].two - base.two),
                     std::max<std::int64_t>(0, steps_[j].five - base.five),
                     steps_[j].rest / gcd(steps_[j].rest, base.rest)});
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    std::vector<Step> minimal;
    for (const Step& a : out) {
      if (std::none_of(out.begin(), out.end(), [&](const Step& b) { return b != a && b.divides(a); }))
        minimal.push_back(a);
    }
    out = std::move(minimal);
  }
}

std::uint32_t Lattice::pattern_of(const Decimal& value) const {
  std::uint64_t bits = 0;
  for (std::size_t j = 0; j < steps_.size(); ++j) {
    if (divides(steps_[j], value)) bits |= std::uint64_t{1} << j;
  }
  return pattern_index(bits);
}

std::int64_t Lattice::lowest_place(std::uint32_t pattern) const {
  return std::min(lcms_[pattern].two, lcms_[pattern].five);
}

std::int64_t Lattice::sure_width(std::uint32_t pattern) const {
  // t progressions that cover 2^t consecutive integers cover all of them (Crittenden and Vanden Eynden 1970), and these
  // leave 1 out: so among 2^t consecutive multiples of the lcm one has exactly this pattern.
  double width = log10_of(lcms_[pattern]) + static_cast<double>(exclusions_[pattern].size()) * std::log10(2.0);
  return static_cast<std::int64_t>(std::ceil(width + 0.01));
}

bool Lattice::occurs(std::uint32_t pattern, const Endpoint& low, bool low_open, const Endpoint& high) const {
  if (pattern == 0) return true;
  const Step& base = lcms_[pattern];
  std::int64_t low_top =
      low.digits.empty() ? -kExponentCap : low.exponent + static_cast<std::int64_t>(low.digits.size());
  std::int64_t high_top = high.exponent + static_cast<std::int64_t>(high.digits.size());
  // [10^(high_top - 2), 10^(high_top - 1)) lies inside when the low end is below it.
  if (low_top <= high_top - 2 && high_top - 2 >= sure_width(pattern)) return true;
  if (high_top + 1 <= std::min(base.two, base.five)) return false;  // every multiple is at least 10^min

  std::int64_t unit = std::min({high.exponent, base.two, base.five});
  if (!low.digits.empty()) unit = std::min(unit, low.exponent);
  std::int64_t size = std::max({high_top, base.two, base.five}) - unit;
  if (size > kDigitLimit) throw FuelError("number bounds and multipleOf values lie too far apart");
  FuelScope::spend(1 + static_cast<std::uint64_t>(size) * static_cast<std::uint64_t>(size) / 4096);

  BigUint step = to_integer(base, unit);
  BigUint first = low.digits.empty() ? BigUint() : to_integer(low, unit);  // becomes the least k that is inside
  bool exact = first.divide(step).is_zero();
  if (low_open || low.digits.empty() || !exact) first.add_one();
  BigUint last = to_integer(high, unit);  // becomes the greatest k that is inside
  last.subtract_one();
  last.divide(step);
  if (first.compare(last) > 0) return false;
  const std::vector<Step>& exclusions = exclusions_[pattern];
  if (exclusions.empty()) return true;

  std::vector<BigUint> divisors;
  double last_log = static_cast<double>(last.limb_count()) * 9;
  for (const Step& e : exclusions) {
    if (log10_of(e) <= last_log + 1) divisors.push_back(to_integer(e, 0));  // larger ones divide no k up to `last`
  }
  for (; first.compare(last) <= 0; first.add_one()) {
    FuelScope::spend(1 + divisors.size());
    bool excluded = std::any_of(divisors.begin(), divisors.end(), [&](const BigUint& d) {
      BigUint quotient = first;
      return quotient.divide(d).is_zero();
    });
    if (!excluded) return true;
  }
  return false;
}

}  // namespace maskforge::number
