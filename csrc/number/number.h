// Sets of JSON numbers by value, and the automaton that reads their spellings byte by byte.
//
// A NumberSetId is a Boolean combination of: every number, integers, bounds, multiples and single values, all of
// arbitrary precision (decimal texts, never doubles). It compares *values*: 1.0, 1e0 and 10e-1 are the integer 1. The
// reader accepts every spelling of the JSON grammar (fractions, exponents, any number of digits) whose value is in the
// set, and is alive after a prefix if and only if some continuation is accepted. Not thread safe: the machine's lock
// serialises growth.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/answers.h"
#include "base/short_list.h"
#include "number/digit_sets.h"

namespace maskforge {

using NumberSetId = std::uint32_t;
using NumberStateId = std::uint32_t;

class NumberArena {
 public:
  static constexpr NumberStateId kDead = 0xFFFFFFFFu;

  NumberArena();
  ~NumberArena();
  NumberArena(const NumberArena&) = delete;
  NumberArena& operator=(const NumberArena&) = delete;

  // ---- sets; decimal arguments are JSON number texts ("1", "-0.25", "1e30"); SpecError when they are not ----
  NumberSetId none() const;
  NumberSetId all() const;
  NumberSetId integers();           // by value (draft 6 and later): 1.0 and 1e3 belong
  NumberSetId integer_spellings();  // draft 4: only texts without fraction and exponent belong
  NumberSetId at_least(std::string_view bound, bool exclusive);
  NumberSetId at_most(std::string_view bound, bool exclusive);
  NumberSetId multiple_of(std::string_view step);  // step > 0, else SpecError
  NumberSetId equal_to(std::string_view value);
  NumberSetId any_of(std::vector<std::string> values);  // finite sets stay cheap: 100,000 values
  NumberSetId intersect(ShortList<NumberSetId> parts);
  NumberSetId unite(ShortList<NumberSetId> parts);
  NumberSetId complement(NumberSetId part);

  // Draft 4 tells 1 from 1.0, which are equal. Whether a set does; and the values that belong to it when they are
  // written without fraction and exponent (so integers), or with one. Both are sets that do not.
  bool is_spelled(NumberSetId set) const;
  bool has_spellings() const;  // whether some set does
  NumberSetId written_plainly(NumberSetId set);
  NumberSetId written_otherwise(NumberSetId set);

  bool is_empty(NumberSetId set);  // exact, memoised, spends fuel
  bool contains(NumberSetId set, std::string_view number_text);
  // Number of values (not of spellings), saturating at `limit`. Spends fuel.
  std::uint64_t count(NumberSetId set, std::uint64_t limit);

  // ---- reading ----
  // A reader of numbers in `alive`, which also tells for each of `asked` whether the number read belongs to it. Returns
  // kDead when `alive` is empty. States are interned: equal situations are equal ids.
  NumberStateId start(NumberSetId alive, const ShortList<NumberSetId>& asked);
  // Bytes of the JSON number grammar; kDead when no continuation is in `alive`. Spends fuel.
  NumberStateId step(NumberStateId state, char byte);
  bool is_final(NumberStateId state);            // the text so far is a number of the set
  const Answers& verdicts(NumberStateId state);  // requires is_final; to the asked ones
  // What numbers of `alive` answer to the asked sets, each once: what some number surely does, and what one may.
  struct AllAnswers {
    std::vector<Answers> sure, likely;
  };
  AllAnswers all_answers(NumberSetId alive, const ShortList<NumberSetId>& asked);
  bool is_endless(NumberSetId set, std::uint64_t limit);  // surely has `limit` values; "no" proves nothing
  std::string witness(NumberStateId state);  // a shortest text that ends a number here; requires a live state
  DigitSets& digit_sets() { return digit_sets_; }
  std::string describe(NumberSetId set) const;  // for diagnostics
  std::size_t memory_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::optional<NumberSetId> integers_;  // schemas ask for them all the time
  DigitSets digit_sets_;
};

}  // namespace maskforge
