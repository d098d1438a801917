// From a container's formula to the questions about one member's value, and back.
//
// After a key or an index is known, the formula holds verdict atoms. Those that must come out one way are *forced* (if
// the opposite makes the formula false); the rest are *asked*. The demand on the asked ones says with which verdicts
// the rest of the container can still be completed. There may be hundreds, one for each branch of a union, so how it is
// found depends on what they are:
//
// - A few are decided one after the other, as long as some value gives such verdicts.
// - Where nearly all are about numbers, strings and words, the verdicts that such values give are listed, which are
//   about as many as the questions: a discriminator that is read first asks `const` of one branch each, and is at most
//   one of them.
// - Otherwise the verdicts stay open, and the search for completions says what each completion it finds wants of them:
//   with the discriminator last, each of its values wants that of its own branch.
//
// Invariants. A demand holds of every verdicts that a value gives and with which the container can be completed, and of
// no others that a value gives; what it says of verdicts that no value gives is free. Guarded by the machine's mutex.
#pragma once

#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/short_list.h"
#include "schema/formula.h"
#include "schema/values.h"

namespace maskforge {

// What waits while a member's value is read.
struct Pending {
  FormulaId demanded = kFalse;      // over what follows the value, and verdict atoms of `asked`
  ShortList<FormulaId> asked;       // the container's own questions, likewise
  ShortList<QuestionId> questions;  // asked of the value; sorted
  SpecId spec = 0;
  bool alive = false;
};

class Verdicts {
 public:
  Verdicts(Formulas& formulas, Values& values) : formulas_(formulas), values_(values) {}

  // `alive(f)`: whether the container can be completed once its demanded formula is f (which holds no verdict atom).
  // `project(f)`, where it is given: with which verdicts it can be, for an f where they are kOpen atoms.
  using Alive = std::function<bool(FormulaId)>;
  using Project = std::function<FormulaId(FormulaId)>;
  Pending ask(FormulaId demanded, ShortList<FormulaId> asked, bool compact, const Alive& alive,
              const Project& project = {});
  // The formula once the value's verdicts are known.
  FormulaId settle(FormulaId f, const ShortList<QuestionId>& questions, const Answers& answers);
  // Whether some value gives verdicts after which `alive` holds: for searches that need no frame. `alive` is called at
  // most once per combination of verdicts that a value can give. `hopeless(f)`, where it is given: whether it is known
  // that no verdicts left in f will do.
  bool some(FormulaId demanded, bool compact, const Alive& alive, const Alive& hopeless = {});
  // All combinations of verdicts that some value gives: the formula that is left, and how many values do (saturating).
  // Where verdicts tell spellings of one number apart, a value that could be counted twice is counted with its usual
  // spelling only.
  using Visit = std::function<void(FormulaId, std::uint64_t values, const ShortList<std::uint32_t>& literals)>;
  void each(FormulaId demanded, bool compact, std::uint64_t limit, const Visit& visit);
  // The same until visit() returns true; whether it did.
  using Find = std::function<bool(FormulaId, std::uint64_t values, const ShortList<std::uint32_t>& literals)>;
  bool find(FormulaId demanded, bool compact, std::uint64_t limit, const Find& visit);

  // How often each() has left out values that have no such spelling; and to be called once that does not matter any
  // more: throws FuelError where some were left out since, unless there are `enough` without them.
  std::uint64_t left_out() const { return left_out_; }
  void check_left_out(std::uint64_t before, bool enough);
  bool tells_spellings(const ShortList<std::uint32_t>& literals);
  // Whether some value satisfies all these literals with its usual spelling.
  bool usually(ShortList<std::uint32_t> literals, const ShortList<std::uint32_t>& more, bool compact);

 private:
  FormulaId decide(FormulaId f, QuestionId question, bool verdict);
  FormulaId decide_all(FormulaId f, ShortList<std::uint32_t> literals);
  // Moves verdict atoms that stand alone in a conjunction to `forced`.
  FormulaId take_literals(FormulaId f, ShortList<std::uint32_t>& forced);
  ShortList<QuestionId> questions_in(FormulaId f);
  FormulaId demand(FormulaId f, ShortList<std::uint32_t>& literals, bool compact,
                   const std::function<bool(FormulaId)>& alive);
  using Leaf = std::function<bool(FormulaId, const ShortList<std::uint32_t>& literals)>;
  bool some_from(FormulaId f, ShortList<std::uint32_t>& literals, bool compact, const Leaf& alive);
  void force(FormulaId& demanded, ShortList<std::uint32_t>& forced, ShortList<QuestionId>& open);

  // verdict_cases.cc
  static constexpr std::size_t kFew = 6;  // questions that may be decided one after the other
  using Literals = ShortList<std::uint32_t>;
  using Case = ShortList<QuestionId>;  // the questions that are answered with yes; sorted
  struct Cases {
    std::vector<Case> sure;               // some value gives these verdicts
    std::vector<Case> likely;             // that is not certain
    ShortList<QuestionId> of_containers;  // the questions that objects or arrays may answer with yes
  };
  // How values that answer the literals answer the questions: numbers, strings and words in all possible ways. Nothing
  // where these are too many to list.
  std::optional<Cases> cases(const Literals& literals, const ShortList<QuestionId>& open, bool compact);
  // Nothing also where few questions exclude one another, and `exclusive` is wanted.
  std::optional<FormulaId> demand_by_case(FormulaId f, const Literals& literals, const ShortList<QuestionId>& open,
                                          bool compact, const Alive& alive, bool exclusive);
  FormulaId any_of_cases(const std::vector<const Case*>& wanted, const std::vector<const Case*>& all,
                         const ShortList<QuestionId>& open);
  std::optional<bool> some_by_case(FormulaId f, const Literals& literals, const ShortList<QuestionId>& open,
                                   bool compact, const Alive& alive);
  bool some_of(FormulaId f, Literals& literals, bool compact, const Alive& alive, const Alive& hopeless);
  FormulaId in_case(FormulaId f, const ShortList<QuestionId>& open, const Case& yes);
  class InCases;
  QuestionId container();  // "is it an object or an array?"
  const ShortList<std::uint32_t>& implied(FormulaId f, std::unordered_map<FormulaId, Literals>& known);
  FormulaId with_kind(FormulaId f, AtomKind from, AtomKind to);

  Formulas& formulas_;
  Values& values_;
  std::uint64_t left_out_ = 0;
};

}  // namespace maskforge
