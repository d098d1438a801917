// The transitions of the number reader; the idea is in reader.h. Covered by tests/csrc/test_number.cc.
#include "number/reader.h"

#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"
#include "base/hash.h"

namespace maskforge::number {
namespace {

std::uint32_t word(Phase phase) { return static_cast<std::uint32_t>(phase); }

LabelId as_label(std::int64_t piece) { return static_cast<LabelId>(piece); }

bool any_live(const std::vector<std::int64_t>& pieces) {
  for (std::size_t i = 0; i < pieces.size(); i += i == 0 ? 1 : 2) {
    std::size_t label = i == 0 ? 0 : i + 1;
    if (pieces[label] != kDeadLabel) return true;
  }
  return false;
}

LabelId label_of(const std::vector<std::int64_t>& pieces, std::int64_t at) {
  std::int64_t label = pieces[0];
  for (std::size_t i = 1; i < pieces.size() && pieces[i] <= at; i += 2) label = pieces[i + 1];
  return as_label(label);
}

std::int64_t last_start(const std::vector<std::int64_t>& pieces) {
  return pieces.size() == 1 ? 0 : pieces[pieces.size() - 2];
}

// Whether a live label lies at `value` or at some number that continues its digits (value > 0).
bool live_below(const std::vector<std::int64_t>& pieces, std::int64_t value) {
  if (as_label(pieces.back()) != kDeadLabel) return true;
  std::int64_t width = 1;
  for (std::int64_t low = value; low <= last_start(pieces); low *= 10, width *= 10) {
    if (label_of(pieces, low) != kDeadLabel) return true;
    for (std::size_t i = 1; i < pieces.size(); i += 2) {
      if (pieces[i] >= low && pieces[i] < low + width && as_label(pieces[i + 1]) != kDeadLabel) return true;
    }
  }
  return false;
}

}  // namespace

std::uint64_t Reader::WordsHash::operator()(const Words& words) const {
  std::uint64_t h = words.size();
  for (std::uint32_t w : words) h = mix_hash(h, w);
  return mix_hash(h, 1);
}

std::uint64_t Reader::PiecesHash::operator()(const Pieces& pieces) const {
  std::uint64_t h = pieces.size();
  for (std::int64_t piece : pieces) h = mix_hash(h, static_cast<std::uint64_t>(piece));
  return mix_hash(h, 1);
}

StateId Reader::finish(Words key, LabelId label, bool alive) {
  std::size_t words = key.size();
  StateId id = keys_.intern(std::move(key));
  if (id == states_.size()) {
    State state;
    state.next.fill(kUnknown);
    state.label = label;
    state.life = alive ? Life::kAlive : Life::kDead;
    states_.push_back(state);
    bytes_ += sizeof(State) + sizeof(Words) + words * 4 + 16;
  }
  return states_[id].life == Life::kDead ? kDead : id;
}

StateId Reader::start(const Classification& c) {
  const Scale& up = scales_[c.positive];
  const Scale& down = scales_[c.negative];
  bool alive = c.zero[0] != kDeadLabel || c.zero[1] != kDeadLabel;
  for (Spelling s : {kPlain, kDecimal}) alive = alive || up.any_live[s] || down.any_live[s];
  return finish({word(Phase::kStart), c.positive, c.negative, c.zero[0], c.zero[1]}, kDeadLabel, alive);
}

StateId Reader::grow(StateId state, std::uint8_t symbol) {
  FuelScope::spend(2);
  const Words& key = keys_[state];  // stays valid while the interner grows
  StateId next = kDead;
  switch (static_cast<Phase>(key[0])) {
    case Phase::kStart:
    case Phase::kMinus:
      next = grow_start(key, symbol, state);
      break;
    case Phase::kZero:
    case Phase::kZeroPoint:
    case Phase::kZeroFraction:
      next = grow_zero(key, symbol, state);
      break;
    case Phase::kInteger:
    case Phase::kPoint:
    case Phase::kFraction:
      next = grow_mantissa(key, symbol, state);
      break;
    case Phase::kExponent:
    case Phase::kExponentSign:
    case Phase::kExponentDigits:
      next = grow_exponent(key, symbol);
      break;
  }
  states_[state].next[symbol] = next;
  return next;
}

StateId Reader::grow_start(const Words& key, std::uint8_t symbol, StateId from) {
  bool minus = static_cast<Phase>(key[0]) == Phase::kMinus;
  std::uint32_t scale = key[1];
  LabelId zero[2] = {key[key.size() - 2], key[key.size() - 1]};
  bool zero_live = zero[0] != kDeadLabel || zero[1] != kDeadLabel;
  if (symbol == kMinusSymbol) {
    if (minus) return kDead;
    const Scale& down = scales_[key[2]];
    return finish({word(Phase::kMinus), key[2], zero[0], zero[1]}, kDeadLabel,
                  zero_live || down.any_live[kPlain] || down.any_live[kDecimal]);
  }
  if (symbol > 9) return kDead;
  if (symbol != 0) return first_digit(Phase::kInteger, scale, 0, symbol, from);
  return finish({word(Phase::kZero), scale, zero[0], zero[1]}, zero[kPlain],
                zero_live || scales_[scale].any_live[kDecimal]);
}

StateId Reader::grow_zero(const Words& key, std::uint8_t symbol, StateId from) {
  auto phase = static_cast<Phase>(key[0]);
  if (phase == Phase::kZero) {
    LabelId zero = key[3];
    if (symbol == kPointSymbol) return zero_state(Phase::kZeroPoint, scales_.decimal_only(key[1]), zero, 0);
    if (symbol != kExponentSymbol) return kDead;
    return finish({word(Phase::kExponent), constant_function(zero)}, kDeadLabel, zero != kDeadLabel);
  }
  std::uint32_t scale = key[1];
  LabelId zero = key[2];
  std::uint32_t zeros = key[3];
  if (symbol == 0) {
    const Scale& s = scales_[scale];
    return zero_state(Phase::kZeroFraction, scale, zero, s.decades.empty() && !s.divides ? 0 : zeros + 1);
  }
  if (symbol <= 9) return first_digit(Phase::kFraction, scale, zeros, symbol, from);
  if (symbol != kExponentSymbol || phase == Phase::kZeroPoint) return kDead;
  return finish({word(Phase::kExponent), constant_function(zero)}, kDeadLabel, zero != kDeadLabel);
}

StateId Reader::zero_state(Phase phase, std::uint32_t scale, LabelId zero, std::uint32_t zeros) {
  const Scale& s = scales_[scale];
  if (s.constant && s.constant_label() == zero) {  // nothing but the grammar matters: as after a nonzero digit
    Phase same = phase == Phase::kZeroPoint ? Phase::kPoint : Phase::kFraction;
    return finish({word(same), scale}, same == Phase::kFraction ? zero : kDeadLabel, zero != kDeadLabel);
  }
  return finish({word(phase), scale, zero, zeros}, phase == Phase::kZeroFraction ? zero : kDeadLabel,
                zero != kDeadLabel || s.any_live[kDecimal]);
}

StateId Reader::first_digit(Phase phase, std::uint32_t scale, std::uint32_t zeros, std::uint8_t digit, StateId from) {
  Mantissa& mantissa = scratch_;
  mantissa = Mantissa{};
  mantissa.phase = phase;
  mantissa.scale = scale;
  if (phase == Phase::kFraction) mantissa.top = mantissa.x = -static_cast<std::int64_t>(zeros);
  for (const Decade& decade : scales_[scale].decades) mantissa.positions.push_back({decade.first, decade.last});
  append_digit(mantissa, digit);
  return mantissa_state(mantissa, from, digit);
}

StateId Reader::grow_mantissa(const Words& key, std::uint8_t symbol, StateId from) {
  auto phase = static_cast<Phase>(key[0]);
  Mantissa& mantissa = scratch_;
  if (symbol <= 9) {
    read_key(key, mantissa);
    if (phase == Phase::kPoint) mantissa.phase = Phase::kFraction;
    append_digit(mantissa, symbol);
    return mantissa_state(mantissa, from, symbol);
  }
  if (symbol == kPointSymbol && phase == Phase::kInteger) {
    read_key(key, mantissa);
    mantissa.phase = Phase::kPoint;
    mantissa.scale = scales_.decimal_only(mantissa.scale);
    return mantissa_state(mantissa, from, symbol);
  }
  if (symbol != kExponentSymbol || phase == Phase::kPoint) return kDead;
  read_key(key, mantissa);
  mantissa.scale = scales_.decimal_only(mantissa.scale);
  std::uint32_t function = exponent_function(mantissa);
  return finish({word(Phase::kExponent), function}, kDeadLabel, any_live(functions_[function]));
}

StateId Reader::mantissa_state(Mantissa& mantissa, StateId from, std::uint8_t symbol) {
  forget_irrelevant(mantissa);
  StateId id = keys_.intern(write_key(mantissa));
  if (id == states_.size()) {
    State state;
    state.next.fill(kUnknown);
    if (mantissa.phase != Phase::kPoint) {
      state.label = label_at(mantissa, 0, mantissa.phase == Phase::kInteger ? kPlain : kDecimal);
    }
    state.parent = from;
    state.symbol = symbol;
    states_.push_back(state);
    bytes_ += sizeof(State) + sizeof(Words) + keys_[id].size() * 4 + 16;
  }
  State& state = states_[id];
  if (state.life == Life::kUnknown) {  // a throw in here leaves it unknown, to be asked again
    bool alive = state.label != kDeadLabel || is_alive(mantissa, state.parent, state.symbol);
    state.life = alive ? Life::kAlive : Life::kDead;
  }
  return state.life == Life::kDead ? kDead : id;
}

StateId Reader::grow_exponent(const Words& key, std::uint8_t symbol) {
  auto phase = static_cast<Phase>(key[0]);
  if (phase == Phase::kExponent) {
    if (symbol == kPointSymbol || symbol == kExponentSymbol) return kDead;
    std::uint32_t half = half_function(key[1], symbol == kMinusSymbol);
    if (symbol <= 9) return exponent_digits(half, symbol);
    return finish({word(Phase::kExponentSign), half}, kDeadLabel, any_live(functions_[half]));
  }
  if (symbol > 9) return kDead;
  std::int64_t value = phase == Phase::kExponentSign ? 0 : static_cast<std::int64_t>(key[2]) << 32 | key[3];
  return exponent_digits(key[1], value * 10 + symbol);
}

StateId Reader::exponent_digits(std::uint32_t half, std::int64_t value) {
  const Pieces& pieces = functions_[half];
  LabelId label = label_of(pieces, value);
  bool alive = value == 0 ? any_live(pieces) : label != kDeadLabel || live_below(pieces, value);
  if (value > 0 && value > last_start(pieces) / 10) {  // every longer exponent is on the last piece
    half = constant_function(as_label(functions_[half].back()));
    value = 0;
  }
  if (functions_[half].size() == 1) value = 0;
  return finish({word(Phase::kExponentDigits), half, static_cast<std::uint32_t>(value >> 32),
                 static_cast<std::uint32_t>(value), label},
                label, alive);
}

std::uint32_t Reader::half_function(std::uint32_t function, bool minus) {
  const Pieces& all = functions_[function];
  Pieces half;
  if (!minus) {
    half.push_back(label_of(all, 0));
    for (std::size_t i = 1; i < all.size(); i += 2) {
      if (all[i] > 0) half.insert(half.end(), {all[i], all[i + 1]});
    }
  } else {
    half.push_back(label_of(all, 0));
    for (std::size_t i = all.size(); i > 1; i -= 2) {
      std::int64_t start = all[i - 2];  // below it, so from 1 - start on in absolute value, the piece before
      if (start <= 0) half.insert(half.end(), {1 - start, i == 3 ? all[0] : all[i - 3]});
    }
  }
  return functions_.intern(std::move(half));
}

}  // namespace maskforge::number
