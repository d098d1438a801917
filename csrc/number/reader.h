// The automaton that reads the spellings of the numbers of a classification (scale.h), byte by byte, built lazily.
//
// A state keeps a summary of the text so far that decides, for every continuation, which label the finished number
// gets, and little more:
//
//   phase      sign, zero, digits, point, fraction, e, exponent sign, exponent digits
//   scale      the half line that the sign chose; forgotten into a constant scale as soon as only the grammar matters
//   top        decimal place of the first significant digit (12 -> 2, 0.012 -> -1); only if the scale has entries
//   positions  for each decade with entries: which of them the digits so far are a prefix of, or the rule of the region
//   that they
//              have settled in. The exponent chooses the decade at the very end, so all decades are followed
//   m          how many significant digits were read; only while some entry is still being matched or an aliveness
//   question needs it x, z       place of the last digit, zeros at the end; only if divisibility matters (likewise all
//   below) v2/v5, w2/w5, residue   the 2- and 5-valuation of the digits before those zeros (capped), the digits modulo
//   2^(cap-1), 5^(cap-1),
//              and modulo the parts of the steps that are coprime to ten
//
// At an "e" the mantissa is complete, and all of the above becomes one function from the exponent to a label, which is
// piecewise constant with constant tails. Reading the exponent walks that function; beyond its last piece only the
// label is left. So exponents and mantissas are exact without any limit (a text of more than a million digits ends in
// FuelError).
//
// Aliveness. The exponent may move the digits D to every decade k, so the reachable values are the intervals [D, D+1) x
// 10^k, all k: a state is alive if one of them meets a live entry, or a region at a live pattern. High decades settle
// nearly all cases at once. Only when a step is about as coarse as the interval, the digits are recovered from the path
// and exact arithmetic answers. Covered by tests/csrc/test_number.cc.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/interner.h"
#include "base/short_list.h"
#include "number/scale.h"

namespace maskforge::number {

using StateId = std::uint32_t;

enum class Phase : std::uint8_t {
  kStart,
  kMinus,
  kZero,       // "0" as the integer part
  kZeroPoint,  // "0."
  kZeroFraction,
  kInteger,  // from here on a nonzero digit has been read
  kPoint,
  kFraction,
  kExponent,  // "e"
  kExponentSign,
  kExponentDigits,
};

class Reader {
 public:
  static constexpr StateId kDead = 0xFFFFFFFFu;

  explicit Reader(ScaleTable& scales) : scales_(scales) {}

  StateId start(const Classification& classification);
  StateId step(StateId state, char byte) {
    std::uint8_t symbol = kSymbols[static_cast<unsigned char>(byte)];
    if (symbol == kNoSymbol || state == kDead) return kDead;
    StateId next = states_[state].next[symbol];
    return next != kUnknown ? next : grow(state, symbol);
  }
  LabelId label(StateId state) const { return state == kDead ? kDeadLabel : states_[state].label; }
  std::size_t size() const { return states_.size(); }
  std::size_t memory_bytes() const { return bytes_; }

 private:
  using Words = ShortList<std::uint32_t>;
  static constexpr StateId kUnknown = 0xFFFFFFFEu;
  static constexpr std::uint8_t kNoSymbol = 0xFF;
  static constexpr std::uint8_t kMinusSymbol = 10, kPlusSymbol = 11, kPointSymbol = 12, kExponentSymbol = 13,
                                kSymbolCount = 14;
  static constexpr std::array<std::uint8_t, 256> kSymbols = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(kNoSymbol);
    for (std::uint8_t d = 0; d < 10; ++d) table['0' + d] = d;
    table['-'] = kMinusSymbol;
    table['+'] = kPlusSymbol;
    table['.'] = kPointSymbol;
    table['e'] = table['E'] = kExponentSymbol;
    return table;
  }();

  enum class Life : std::uint8_t { kUnknown, kAlive, kDead };
  struct State {
    std::array<StateId, kSymbolCount> next;
    LabelId label = kDeadLabel;  // of the number read so far; dead when it is not a number yet
    StateId parent = kDead;      // the state that made this one, and by which digit: a path that leads here
    std::uint8_t symbol = 0;
    Life life = Life::kUnknown;
  };

  // Where the digits so far stand among the entries of one decade.
  struct Position {
    static constexpr std::uint32_t kSettled = 0xFFFFFFFFu;
    static constexpr std::uint32_t kGone = 0xFFFFFFFFu;  // as a rule: the number can no longer be in this decade
    std::uint32_t first = 0;                             // kSettled, or the first entry that starts with the digits
    std::uint32_t last = 0;                              // then the rule of the region, or one past the last such entry
  };
  struct Mantissa {
    Phase phase = Phase::kInteger;
    std::uint32_t scale = 0;
    std::int64_t top = 0, m = 0, x = 0, z = 0;
    std::uint32_t v2 = 0, v5 = 0;
    u128 w2 = 0, w5 = 0, residue = 0;
    std::vector<Position> positions;
  };
  struct WordsHash {
    std::uint64_t operator()(const Words& words) const;
  };

  // One step, memoised in the state. The parts return kDead for what the grammar forbids.
  StateId grow(StateId state, std::uint8_t symbol);
  StateId grow_start(const Words& key, std::uint8_t symbol, StateId from);
  StateId grow_zero(const Words& key, std::uint8_t symbol, StateId from);
  StateId grow_mantissa(const Words& key, std::uint8_t symbol, StateId from);
  StateId grow_exponent(const Words& key, std::uint8_t symbol);

  StateId first_digit(Phase phase, std::uint32_t scale, std::uint32_t zeros, std::uint8_t digit, StateId from);
  StateId zero_state(Phase phase, std::uint32_t scale, LabelId zero, std::uint32_t zeros);
  StateId mantissa_state(Mantissa& mantissa, StateId from, std::uint8_t symbol);
  StateId exponent_digits(std::uint32_t half, std::int64_t value);
  // Interns and, when new, settles whether it is alive; kDead when it is not.
  StateId finish(Words key, LabelId label, bool alive);

  // The summary (mantissa.cc).
  void read_key(const Words& key, Mantissa& out) const;
  Words write_key(const Mantissa& mantissa) const;
  void append_digit(Mantissa& mantissa, std::uint32_t digit) const;
  void forget_irrelevant(Mantissa& mantissa);
  LabelId label_at(const Mantissa& mantissa, std::int64_t exponent, Spelling spelling) const;
  std::uint32_t pattern_at(const Mantissa& mantissa, std::int64_t exponent) const;
  std::uint32_t exponent_function(const Mantissa& mantissa);

  // Aliveness (alive.cc).
  class AliveQuestion;
  bool is_alive(const Mantissa& mantissa, StateId from, std::uint8_t symbol) const;
  std::string digits_on_path(StateId from, std::uint8_t symbol) const;

  // Functions from all exponents, and from the absolute values of those of one sign: label, then (start, label)...
  using Pieces = std::vector<std::int64_t>;
  struct PiecesHash {
    std::uint64_t operator()(const Pieces& pieces) const;
  };
  std::uint32_t constant_function(LabelId label) { return functions_.intern({label}); }
  std::uint32_t half_function(std::uint32_t function, bool minus);

  ScaleTable& scales_;
  Interner<Words, WordsHash> keys_;  // ids are state ids
  std::vector<State> states_;
  Interner<Pieces, PiecesHash> functions_;
  Mantissa scratch_;
  std::size_t bytes_ = 0;
};

}  // namespace maskforge::number
