// What a question says about the values of one type: the in-place applicators (allOf, anyOf, oneOf, not, if, $ref,
// dependent*) are folded into one set of numbers, one language of texts, one set of words, or one formula over members
// or items.
//
// The same fold serves every type; an algebra says how to intersect, unite and complement. Guarded by the machine's
// mutex.
#pragma once

#include <array>
#include <unordered_map>

#include "base/short_list.h"
#include "schema/formula.h"
#include "schema/store.h"
#include "schema/unevaluated.h"

namespace maskforge {

class Questions {
 public:
  Questions(SchemaStore& store, RegexArena& regexes, NumberArena& numbers, Formulas& formulas)
      : store_(store), regexes_(regexes), numbers_(numbers), formulas_(formulas), unevaluated_(store, formulas) {}

  RegexId texts(QuestionId q);
  // The texts that surely do not belong to `set` (a result of texts): its complement, except where a format is only
  // enforced in part.
  RegexId texts_outside(RegexId set);
  bool is_exact(RegexId set) const { return !upper_bounds_.contains(set); }
  NumberSetId numbers(QuestionId q);
  std::uint8_t words(QuestionId q);  // subset of kNullType | kFalseType | kTrueType
  FormulaId object(QuestionId q);
  FormulaId array(QuestionId q);

  // A formula whose atoms are all kVerdict, read as a set: the values that answer every question as the formula
  // demands.
  RegexId texts_of(FormulaId f);
  NumberSetId numbers_of(FormulaId f);
  std::uint8_t words_of(FormulaId f);
  FormulaId object_of(FormulaId f);
  FormulaId array_of(FormulaId f);

  // The target of a node that is nothing but a reference, else itself.
  QuestionId resolve(QuestionId q);

  // Draft 4 tells 1 from 1.0, which are equal. Whether the question does; and what it says of a number that is written
  // as an integer, or otherwise (of other values: what it says), as questions that do not.
  bool tells_spellings(QuestionId q) { return numbers_.has_spellings() && numbers_.is_spelled(numbers(q)); }
  std::array<QuestionId, 2> by_spelling(QuestionId q);
  // Whether a number is written in the one of its spellings that stands for it: as an integer if it is one. Yes for
  // other values.
  QuestionId usual_spelling();

  SchemaStore& store() { return store_; }
  Formulas& formulas() { return formulas_; }
  RegexArena& regexes() { return regexes_; }
  NumberArena& number_sets() { return numbers_; }
  Unevaluated& unevaluated() { return unevaluated_; }
  const Unevaluated& unevaluated() const { return unevaluated_; }

 private:
  static constexpr std::uint32_t kUnknown = 0xFFFFFFFFu;
  static constexpr std::uint32_t kInProgress = 0xFFFFFFFEu;
  using Memo = ShortList<std::uint32_t>;

  template <typename Algebra>
  std::uint32_t expand(QuestionId q, Memo& memo);
  template <typename Algebra>
  std::uint32_t fold(FormulaId f, Memo& memo);
  RegexId format(const std::string& name);
  QuestionId with_numbers(QuestionId q, NumberSetId numbers);

  friend struct TextAlgebra;
  friend struct NumberAlgebra;
  friend struct WordAlgebra;
  friend struct ObjectAlgebra;
  friend struct ArrayAlgebra;

  SchemaStore& store_;
  RegexArena& regexes_;
  NumberArena& numbers_;
  Formulas& formulas_;
  Unevaluated unevaluated_;
  Memo text_memo_, number_memo_, word_memo_, object_memo_, array_memo_;
  std::unordered_map<std::string, RegexId> formats_;
  // For text sets that are a part of what they stand for: a set that holds all of it. Every operation keeps both
  // bounds.
  std::unordered_map<RegexId, RegexId> upper_bounds_;
  RegexId upper_bound(RegexId set) const {
    auto known = upper_bounds_.find(set);
    return known == upper_bounds_.end() ? set : known->second;
  }
  RegexId bounded(RegexId lower, RegexId upper);
};

}  // namespace maskforge
