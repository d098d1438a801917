// See rests.h.
#include "number/rests.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "base/errors.h"
#include "base/fuel.h"

namespace maskforge {

namespace {

constexpr std::string_view kBytes = "1234567890-.e";  // one of these leads on where any byte does
constexpr std::string_view kBytesAfterZeros = "123456789e";
constexpr std::size_t kLongestText = 1000;  // with many values left; a search for a way on is as deep
constexpr std::size_t kMostAlike = 2000;    // values that differ by a power of ten only

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_exponent(char c) { return c == 'e' || c == 'E'; }
// Whether a digit that counts was read; there is no exponent in the text.
bool is_significant(std::string_view text) { return text.find_first_of("123456789") != std::string_view::npos; }

std::string digits_of(std::string_view text) {
  std::string digits;
  for (char c : text) {
    if (is_digit(c) && (c != '0' || !digits.empty())) digits += c;
  }
  return digits;
}

}  // namespace

std::uint64_t NumberRests::size(const State& state) const {
  return values_.numbers_below(state.at) + values_.numbers_below(state.minus) + values_.tops(state.ends).size() +
         (state.zero ? 1 : 0);
}

NumberRests::State NumberRests::after(const State& state, char byte) const {
  State next = state;
  next.text += byte;
  next.minus = DigitSets::kNothing;
  if (byte == '-') {
    next.at = state.minus;
  } else if (is_digit(byte) && is_significant(next.text)) {
    next.zero = false;
    next.at = values_.child(state.at, byte);
    if (byte != '0') {
      next.ends = DigitSets::kNothing;
    } else if (state.ends == DigitSets::kNothing) {
      next.ends = state.at;
    }
  } else if (is_exponent(byte)) {
    if (is_significant(state.text) && state.ends == DigitSets::kNothing) next.ends = state.at;
    next.at = DigitSets::kNothing;
  }
  return next;
}

NumberRests::Place NumberRests::place(State state) {
  const std::uint64_t left = size(state);
  if (left == 0) return {kNoState, state.base};
  if (left <= kFew || (state.at == DigitSets::kNothing && state.minus == DigitSets::kNothing))
    return without_few(state);
  if (state.text.size() > kLongestText) throw FuelError("a number with so many digits among as many unique ones");
  FuelScope::spend(state.text.size() / 16 + 1);
  const std::size_t bytes = sizeof(State) + state.text.size() + 32;
  const StateId id = states_.intern(std::move(state));
  if (id == lives_.size()) {
    lives_.push_back(Life::kUnknown);
    bytes_ += bytes;
  }
  return is_alive(id) ? Place{id, NumberArena::kDead} : Place{};
}

NumberRests::Place NumberRests::without_few(const State& state) {
  const bool negative = state.text.starts_with('-');
  std::string digits = digits_of(state.text);
  std::vector<std::string> values;
  if (state.zero) values.push_back("0");
  values_.texts_below(state.at, negative, digits, values);
  values_.texts_below(state.minus, true, "", values);
  digits.erase(digits.find_last_not_of('0') + 1);
  const std::vector<std::int64_t>& tops = values_.tops(state.ends);
  if (tops.size() > kMostAlike) throw FuelError("more than 2,000 unique numbers with the same digits");
  for (std::int64_t top : tops) values.push_back(number::to_text({negative, digits, top}));
  const Reader& reader = readers_[state.reader];
  NumberStateId plain = numbers_.start(
      numbers_.intersect({reader.alive, numbers_.complement(numbers_.any_of(std::move(values)))}), reader.asked);
  for (char byte : state.text) plain = numbers_.step(plain, byte);
  return {kNoState, plain};
}

NumberRests::Place NumberRests::start(NumberSetId alive, const ShortList<NumberSetId>& asked,
                                      DigitSets::SetId without) {
  const NumberStateId base = numbers_.start(alive, asked);
  if (base == NumberArena::kDead) return {};
  State state{readers_.intern({alive, asked}), base, "", values_.root(without, false), DigitSets::kNothing};
  state.minus = values_.root(without, true);
  state.zero = values_.has_zero(without);
  return place(std::move(state));
}

NumberRests::Place NumberRests::step(StateId id, char byte) {
  const State& state = states_[id];
  const NumberStateId base = numbers_.step(state.base, byte);
  if (base == NumberArena::kDead) return {};
  State next = after(state, byte);
  next.base = base;
  return place(std::move(next));
}

bool NumberRests::is_taken(const State& state) const {
  const std::optional<number::Decimal> value = number::parse_decimal(state.text);
  if (!value || value->is_zero()) return state.zero;
  const std::vector<std::int64_t>& tops = values_.tops(state.ends == DigitSets::kNothing ? state.at : state.ends);
  return std::binary_search(tops.begin(), tops.end(), value->top);
}

bool NumberRests::is_final(StateId id) { return numbers_.is_final(states_[id].base) && !is_taken(states_[id]); }

const Answers& NumberRests::verdicts(StateId id) { return numbers_.verdicts(states_[id].base); }

// The bytes that may lead on; after "0." another zero changes nothing but that the number may end.
std::string_view NumberRests::ways(const State& state) const {
  const bool zeros = state.text.find('.') != std::string::npos && !is_significant(state.text);
  return zeros ? kBytesAfterZeros : kBytes;
}

bool NumberRests::is_zero_left(const State& state) {
  const NumberStateId zero = numbers_.step(state.base, '0');
  return !state.zero && zero != NumberArena::kDead && numbers_.is_final(zero);
}

bool NumberRests::is_alive(StateId id) {
  if (lives_[id] == Life::kUnknown) {
    FuelScope::spend(8);
    const State& state = states_[id];
    const std::string_view bytes = ways(state);
    const bool alive = is_final(id) || (bytes == kBytesAfterZeros && is_zero_left(state)) ||
                       std::any_of(bytes.begin(), bytes.end(), [&](char byte) { return !step(id, byte).dead(); });
    lives_[id] = alive ? Life::kAlive : Life::kDead;
  }
  return lives_[id] == Life::kAlive;
}

std::string NumberRests::witness(Place place) {
  std::string text;
  while (place.rest != kNoState) {
    if (is_final(place.rest)) return text;
    const State& state = states_[place.rest];
    const std::string_view bytes = ways(state);
    if (bytes == kBytesAfterZeros && is_zero_left(state)) return text + '0';
    for (char byte : bytes) {
      Place next = step(place.rest, byte);
      if (next.dead()) continue;
      text += byte;
      place = next;
      break;
    }
  }
  return text + numbers_.witness(place.plain);
}

std::uint64_t NumberRests::count(NumberSetId alive, DigitSets::SetId without, std::uint64_t limit) {
  if (numbers_.is_empty(alive)) return 0;
  // Rounded, so that few limits are asked about.
  const std::uint64_t enough = std::bit_ceil(std::min(limit, std::uint64_t{1} << 40) + values_.size(without));
  auto known = endless_.find({alive, enough});
  if (known == endless_.end()) {
    const bool endless = numbers_.is_endless(alive, enough);
    known = endless_.emplace(std::pair{alive, enough}, endless).first;
  }
  if (known->second) return limit;
  // Few values: take one after the other out of the set.
  std::uint64_t found = 0;
  for (; found < limit; ++found) {
    const Place place = start(alive, {}, without);
    if (place.dead()) break;
    without = values_.add(without, witness(place));
  }
  return found;
}

}  // namespace maskforge
