// Parsing and ordering of decimals; see decimal.h. Covered by tests/csrc/test_number.cc.
#include "number/decimal.h"

#include <algorithm>

namespace maskforge::number {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text) {
  Decimal value;
  std::size_t i = 0;
  auto at = [&](std::size_t k) { return k < text.size() ? text[k] : '\0'; };
  if (at(i) == '-') {
    value.negative = true;
    ++i;
  }
  std::size_t int_start = i;
  while (is_digit(at(i))) ++i;
  std::size_t int_digits = i - int_start;
  if (int_digits == 0 || (int_digits > 1 && text[int_start] == '0')) return std::nullopt;
  value.digits = text.substr(int_start, int_digits);
  if (at(i) == '.') {
    std::size_t start = ++i;
    while (is_digit(at(i))) ++i;
    if (i == start) return std::nullopt;
    value.digits += text.substr(start, i - start);
  }
  std::int64_t exponent = 0;
  if (at(i) == 'e' || at(i) == 'E') {
    ++i;
    bool minus = at(i) == '-';
    if (at(i) == '+' || at(i) == '-') ++i;
    std::size_t start = i;
    for (; is_digit(at(i)); ++i) exponent = std::min(kExponentCap, exponent * 10 + (text[i] - '0'));
    if (i == start) return std::nullopt;
    if (minus) exponent = -exponent;
  }
  if (i != text.size()) return std::nullopt;

  std::size_t lead = std::min(value.digits.find_first_not_of('0'), value.digits.size());
  value.top = static_cast<std::int64_t>(int_digits) - static_cast<std::int64_t>(lead) + exponent;
  value.digits.erase(0, lead);
  while (!value.digits.empty() && value.digits.back() == '0') value.digits.pop_back();
  if (value.digits.empty()) value = Decimal{};
  return value;
}

bool is_integer_spelling(std::string_view text) { return text.find_first_of(".eE") == std::string_view::npos; }

int compare_magnitude(const Decimal& a, const Decimal& b) {
  if (a.is_zero() || b.is_zero()) return static_cast<int>(b.is_zero()) - static_cast<int>(a.is_zero());
  if (a.top != b.top) return a.top < b.top ? -1 : 1;
  return a.digits.compare(b.digits);  // no trailing zeros, so a proper prefix is the smaller value
}

int compare(const Decimal& a, const Decimal& b) {
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  int order = compare_magnitude(a, b);
  return a.negative ? -order : order;
}

std::string to_text(const Decimal& value) {
  if (value.is_zero()) return "0";
  std::string text = value.negative ? "-" : "";
  std::int64_t exponent = value.exponent();
  if (exponent >= 0 && exponent <= 20)
    return text + value.digits + std::string(static_cast<std::size_t>(exponent), '0');
  if (value.top > 0 && exponent < 0) {
    auto point = static_cast<std::size_t>(value.top);
    return text + value.digits.substr(0, point) + "." + value.digits.substr(point);
  }
  return text + value.digits + "e" + std::to_string(exponent);
}

}  // namespace maskforge::number
