// Reads the numbers of a set that are none of many single values.
//
// For a few values that is a number set like any other. But a set cut at thousands of points costs as much as there are
// points, whatever is read, and every set of values is another one. Here the digits lead to the values that the number
// can still turn out to be (digit_sets.h), which soon are few:
//
//     no value left          what the set alone says: its own reader
//     few                    the reader of the set without just these
//     many                   a state of this class: the state of the set's own reader, and the values
//
// So sets of values that differ elsewhere share everything below. A state with many values is alive if one of its
// successors is; that ends, since the digits of the values do. Not thread safe: the machine's lock serialises growth.
// Covered by tests/csrc/test_number.cc.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/interner.h"
#include "base/short_list.h"
#include "number/digit_sets.h"
#include "number/number.h"

namespace maskforge {

class NumberRests {
 public:
  using StateId = std::uint32_t;
  static constexpr StateId kNoState = 0xFFFFFFFFu;
  // Not more values than this are worth a reader of their own.
  static constexpr std::uint64_t kFew = 16;

  explicit NumberRests(NumberArena& numbers) : numbers_(numbers), values_(numbers.digit_sets()) {}

  // A place in a number: one of the two readers, or nowhere.
  struct Place {
    StateId rest = kNoState;
    NumberStateId plain = NumberArena::kDead;
    bool dead() const { return rest == kNoState && plain == NumberArena::kDead; }
  };

  // Before the first byte of a number in `alive`, but not in `without`, which is also told as by NumberArena::start().
  // Dead when there is none. Spends fuel.
  Place start(NumberSetId alive, const ShortList<NumberSetId>& asked, DigitSets::SetId without);
  Place step(StateId state, char byte);
  bool is_final(StateId state);
  const Answers& verdicts(StateId state);  // requires is_final
  // How many values start() leaves, saturating at `limit`.
  std::uint64_t count(NumberSetId alive, DigitSets::SetId without, std::uint64_t limit);
  std::size_t memory_bytes() const { return bytes_; }

 private:
  // What is read: the numbers of `alive`, with `asked`.
  struct Reader {
    NumberSetId alive;
    ShortList<NumberSetId> asked;
    bool operator==(const Reader&) const = default;
  };
  struct ReaderHash {
    std::uint64_t operator()(const Reader& r) const {
      std::uint64_t h = r.alive;
      for (NumberSetId set : r.asked) h = mix_hash(h, set);
      return h;
    }
  };
  struct State {
    std::uint32_t reader;
    NumberStateId base;      // of the set alone
    std::string text;        // so far
    DigitSets::NodeId at;    // the values whose digits go on as the text does
    DigitSets::NodeId ends;  // after trailing zeros: where the digits before them ended, of which only the tops matter
    DigitSets::NodeId minus = DigitSets::kNothing;  // before the first byte: the negative values
    bool zero = false;                              // the number may turn out to be zero, which is one of the values
    bool operator==(const State&) const = default;
  };
  struct StateHash {
    std::uint64_t operator()(const State& s) const {
      return mix_hash(mix_hash((std::uint64_t{s.base} << 32) | s.at, (std::uint64_t{s.ends} << 32) | s.minus),
                      mix_hash(hash_bytes(s.text), s.reader * 2 + (s.zero ? 1 : 0)));
    }
  };
  enum class Life : std::uint8_t { kUnknown, kAlive, kDead };

  std::uint64_t size(const State& state) const;
  State after(const State& state, char byte) const;
  Place place(State state);
  Place without_few(const State& state);
  std::string_view ways(const State& state) const;
  bool is_zero_left(const State& state);
  bool is_alive(StateId state);
  bool is_taken(const State& state) const;
  std::string witness(Place place);

  NumberArena& numbers_;
  DigitSets& values_;
  Interner<Reader, ReaderHash> readers_;
  Interner<State, StateHash> states_;
  std::vector<Life> lives_;
  std::map<std::pair<NumberSetId, std::uint64_t>, bool> endless_;
  std::size_t bytes_ = 0;
};

}  // namespace maskforge
