// Unsigned integers of any size, just enough for asking whether an interval holds a multiple: base 10^9, little end
// first, no leading zero limbs. Decimal limbs because everything here comes from digits and powers of ten. Covered by
// test_number.cc.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/short_list.h"

namespace maskforge::number {

class BigUint {
 public:
  static constexpr std::uint32_t kBase = 1'000'000'000;

  BigUint() = default;
  explicit BigUint(unsigned __int128 value) {
    for (; value != 0; value /= kBase) limbs_.push_back(static_cast<std::uint32_t>(value % kBase));
  }

  // The integer DIGITS x 10^zeros.
  static BigUint from_digits(std::string_view digits, std::size_t zeros) {
    BigUint out;
    std::size_t total = digits.size() + zeros;
    out.limbs_.assign((total + 8) / 9, 0);
    std::uint32_t weight = 1;
    for (std::size_t place = 0; place < total; ++place) {
      if (place % 9 == 0) weight = 1;
      char digit = place < zeros ? '0' : digits[total - 1 - place];
      out.limbs_[place / 9] += static_cast<std::uint32_t>(digit - '0') * weight;
      if (place % 9 != 8) weight *= 10;
    }
    out.trim();
    return out;
  }

  bool is_zero() const { return limbs_.empty(); }
  std::size_t limb_count() const { return limbs_.size(); }

  int compare(const BigUint& other) const {
    if (limbs_.size() != other.limbs_.size()) return limbs_.size() < other.limbs_.size() ? -1 : 1;
    for (std::size_t i = limbs_.size(); i-- > 0;) {
      if (limbs_[i] != other.limbs_[i]) return limbs_[i] < other.limbs_[i] ? -1 : 1;
    }
    return 0;
  }

  void multiply_add(std::uint32_t factor, std::uint32_t addend) {  // both below kBase
    std::uint64_t carry = addend;
    for (std::uint32_t& limb : limbs_) {
      carry += static_cast<std::uint64_t>(limb) * factor;
      limb = static_cast<std::uint32_t>(carry % kBase);
      carry /= kBase;
    }
    if (carry != 0) limbs_.push_back(static_cast<std::uint32_t>(carry));
    trim();
  }

  void add_one() { multiply_add(1, 1); }

  void subtract_one() {  // requires a positive value
    for (std::uint32_t& limb : limbs_) {
      if (limb != 0) {
        --limb;
        break;
      }
      limb = kBase - 1;
    }
    trim();
  }

  void multiply_power(std::uint32_t base, std::uint64_t exponent) {  // base 2 or 5
    std::uint32_t chunk = base;
    std::uint64_t per = 1;
    while (static_cast<std::uint64_t>(chunk) * base < kBase) {
      chunk *= base;
      ++per;
    }
    for (; exponent >= per; exponent -= per) multiply_add(chunk, 0);
    for (; exponent > 0; --exponent) multiply_add(base, 0);
  }

  // Divides in place and returns the remainder.
  std::uint32_t divide_small(std::uint32_t divisor) {
    std::uint64_t rest = 0;
    for (std::size_t i = limbs_.size(); i-- > 0;) {
      rest = rest * kBase + limbs_[i];
      limbs_[i] = static_cast<std::uint32_t>(rest / divisor);
      rest %= divisor;
    }
    trim();
    return static_cast<std::uint32_t>(rest);
  }

  // Schoolbook long division: this becomes the quotient, the remainder is returned. The divisor is positive.
  BigUint divide(const BigUint& divisor) {
    BigUint rest;
    if (divisor.limbs_.size() == 1) {
      std::uint32_t r = divide_small(divisor.limbs_[0]);
      if (r != 0) rest.limbs_.push_back(r);
      return rest;
    }
    for (std::size_t i = limbs_.size(); i-- > 0;) {
      rest.limbs_.insert(rest.limbs_.begin(), limbs_[i]);
      rest.trim();
      limbs_[i] = rest.take_quotient_digit(divisor);
    }
    trim();
    return rest;
  }

 private:
  void trim() {
    while (!limbs_.empty() && limbs_.back() == 0) limbs_.pop_back();
  }

  // Subtracts the largest multiple q of `divisor` (q < kBase) that fits, and returns q. The leading limbs as doubles
  // estimate q within a relative error of about 2^-50, so the bisection around the estimate is over a handful of
  // candidates.
  std::uint32_t take_quotient_digit(const BigUint& divisor) {
    if (compare(divisor) < 0) return 0;
    auto leading = [](const BigUint& value, std::size_t size) {
      double sum = 0;
      for (std::size_t k = 0; k < 4 && k < size; ++k) {
        std::size_t index = size - 1 - k;
        sum = sum * kBase + (index < value.limbs_.size() ? value.limbs_[index] : 0);
      }
      return sum;
    };
    double estimate = leading(*this, limbs_.size()) / leading(divisor, limbs_.size());
    std::uint32_t low = estimate > 3 ? static_cast<std::uint32_t>(estimate) - 2 : 0;
    std::uint32_t high = static_cast<std::uint32_t>(std::min(estimate + 2, static_cast<double>(kBase - 1)));
    while (low < high) {
      std::uint32_t middle = low + (high - low + 1) / 2;
      BigUint product = divisor;
      product.multiply_add(middle, 0);
      if (product.compare(*this) <= 0) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    BigUint product = divisor;
    product.multiply_add(low, 0);
    subtract(product);
    return low;
  }

  void subtract(const BigUint& other) {  // requires other <= this
    std::int64_t borrow = 0;
    for (std::size_t i = 0; i < limbs_.size(); ++i) {
      std::int64_t limb =
          static_cast<std::int64_t>(limbs_[i]) - borrow - (i < other.limbs_.size() ? other.limbs_[i] : 0);
      borrow = limb < 0 ? 1 : 0;
      limbs_[i] = static_cast<std::uint32_t>(limb + borrow * kBase);
    }
    trim();
  }

  ShortList<std::uint32_t> limbs_;
};

}  // namespace maskforge::number
