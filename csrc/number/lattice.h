// Divisibility: the `multipleOf` side of a number set.
//
// A step q = 2^two x 5^five x rest (rest coprime to 10; two and five may be negative) divides the nonzero decimal
// v = D x 10^x if and only if rest | D, v2(D) + x >= two and v5(D) + x >= five. A Lattice is the list of the steps that
// one set mentions. What a value says to all of them is its *pattern*: the set of the steps that divide it. Not every
// subset occurs: a pattern contains each step that divides the lcm of its members; those are the closed patterns, and
// each of them does occur, in every long enough interval. Example: steps {1, 0.5, 3}: "3 but not 1" never occurs.
// Covered by tests/csrc/test_number.cc.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "number/big_uint.h"
#include "number/decimal.h"

namespace maskforge::number {

using u128 = unsigned __int128;

struct Step {
  std::int64_t two = 0;
  std::int64_t five = 0;
  u128 rest = 1;
  bool operator==(const Step&) const = default;
  auto operator<=>(const Step&) const = default;

  bool divides(const Step& other) const { return two <= other.two && five <= other.five && other.rest % rest == 0; }
};

// UnsupportedError when the part coprime to ten has more than about 36 digits. Requires a positive value.
Step factor_step(const Decimal& value);

// The valuations and residues of one decimal, for asking which steps divide it.
bool divides(const Step& step, const Decimal& value);

// One end of an interval of magnitudes: the integer DIGITS (+ 1 if `plus_one`) times 10^exponent. No digits: zero.
struct Endpoint {
  std::string_view digits;
  std::int64_t exponent = 0;
  bool plus_one = false;
};

class Lattice {
 public:
  static constexpr std::size_t kMaxSteps = 64;

  // Steps sorted and distinct. UnsupportedError when they are too many or their lcm is astronomically large.
  explicit Lattice(std::vector<Step> steps);

  const std::vector<Step>& steps() const { return steps_; }
  // Closed patterns as bit sets of steps; index 0 is the empty pattern.
  const std::vector<std::uint64_t>& patterns() const { return patterns_; }
  std::uint32_t pattern_index(std::uint64_t bits) const { return index_.at(bits); }  // requires a closed pattern
  std::uint32_t pattern_of(const Decimal& value) const;                              // zero: every step

  u128 rest_lcm() const { return rest_lcm_; }
  // How many twos (fives) of the last nonzero digits can matter beyond the trailing zeros.
  std::uint32_t two_cap() const { return two_cap_; }
  std::uint32_t five_cap() const { return five_cap_; }
  // No value of this pattern has its last nonzero digit below 10^this (meaningless for the empty pattern).
  std::int64_t lowest_place(std::uint32_t pattern) const;
  bool has_exclusions(std::uint32_t pattern) const { return !exclusions_[pattern].empty(); }
  // Every interval [a, a + 10^this) holds a value of this pattern.
  std::int64_t sure_width(std::uint32_t pattern) const;
  // Whether a value of exactly this pattern lies between the ends (the upper one always open). The interval is not
  // empty.
  bool occurs(std::uint32_t pattern, const Endpoint& low, bool low_open, const Endpoint& high) const;

 private:
  void close_patterns();

  std::vector<Step> steps_;
  std::vector<std::uint64_t> patterns_;
  std::unordered_map<std::uint64_t, std::uint32_t> index_;
  std::vector<Step> lcms_;  // by pattern
  std::vector<std::vector<Step>>
      exclusions_;  // by pattern: k x lcm leaves the pattern if and only if one of these divides k
  u128 rest_lcm_ = 1;
  std::uint32_t two_cap_ = 0;
  std::uint32_t five_cap_ = 0;
};

}  // namespace maskforge::number
