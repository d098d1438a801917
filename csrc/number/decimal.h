// Decimals of any size, as JSON spells them: the constants of number sets (bounds, steps, enumerated values).
//
// A Decimal is +-0.DIGITS x 10^top with neither leading nor trailing zeros in DIGITS; zero has no digits. So 1500, 15e2
// and 1500.0 are all {"15", top 4}, equality is member-wise, and magnitudes compare by (top, digits). Covered by
// test_number.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace maskforge::number {

struct Decimal {
  bool negative = false;
  std::string digits;
  std::int64_t top = 0;

  bool is_zero() const { return digits.empty(); }
  // The value is the integer DIGITS times 10^exponent().
  std::int64_t exponent() const { return top - static_cast<std::int64_t>(digits.size()); }
  bool operator==(const Decimal&) const = default;
};

// Exponents saturate here: far beyond every constant that is let in, so comparisons stay right.
inline constexpr std::int64_t kExponentCap = 1'000'000'000'000'000;

// The value of a JSON number text, or nothing when it is not one.
std::optional<Decimal> parse_decimal(std::string_view text);
// Whether a JSON number text has neither fraction nor exponent.
bool is_integer_spelling(std::string_view text);

int compare_magnitude(const Decimal& a, const Decimal& b);  // <0, 0, >0; signs are ignored
int compare(const Decimal& a, const Decimal& b);
std::string to_text(const Decimal& value);

}  // namespace maskforge::number
