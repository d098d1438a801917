// From a container's formula to the questions about one member's value, and back.
//
// After a key or an index is known, the formula holds verdict atoms. Those that must come out one way are *forced* (if
// the opposite makes the formula false); the rest are *asked*. The demand on the asked ones is found by deciding them
// one after the other and asking whether the rest of the container can still be completed. Guarded by the machine's
// mutex.
#pragma once

#include <functional>
#include <vector>

#include "schema/formula.h"
#include "schema/values.h"

namespace maskforge {

// What waits while a member's value is read.
struct Pending {
  FormulaId demanded = kFalse;        // over what follows the value, and verdict atoms of `asked`
  std::vector<FormulaId> asked;       // the container's own questions, likewise
  std::vector<QuestionId> questions;  // asked of the value; sorted
  SpecId spec = 0;
  bool alive = false;
};

class Verdicts {
 public:
  Verdicts(Formulas& formulas, Values& values) : formulas_(formulas), values_(values) {}

  // `alive(f)`: whether the container can be completed once its demanded formula is f (which holds no verdict atom).
  Pending ask(FormulaId demanded, std::vector<FormulaId> asked, bool compact,
              const std::function<bool(FormulaId)>& alive);
  // The formula once the value's verdicts are known.
  FormulaId settle(FormulaId f, const std::vector<QuestionId>& questions, std::uint64_t verdicts);
  // Whether some value gives verdicts after which `alive` holds: for searches that need no frame. `alive` is called at
  // most once per combination of verdicts that a value can give.
  bool some(FormulaId demanded, bool compact, const std::function<bool(FormulaId)>& alive);
  // All combinations of verdicts that some value gives: the formula that is left, and how many values do (saturating).
  // Where verdicts tell spellings of one number apart, a value that could be counted twice is counted with its usual
  // spelling only.
  void each(
      FormulaId demanded, bool compact, std::uint64_t limit,
      const std::function<void(FormulaId, std::uint64_t values, const std::vector<std::uint32_t>& literals)>& visit);

  // How often each() has left out values that have no such spelling; and to be called once that does not matter any
  // more: throws FuelError where some were left out since, unless there are `enough` without them.
  std::uint64_t left_out() const { return left_out_; }
  void check_left_out(std::uint64_t before, bool enough);
  bool tells_spellings(const std::vector<std::uint32_t>& literals);
  // Whether some value satisfies all these literals with its usual spelling.
  bool usually(std::vector<std::uint32_t> literals, const std::vector<std::uint32_t>& more, bool compact);

 private:
  FormulaId decide(FormulaId f, QuestionId question, bool verdict);
  // Moves verdict atoms that stand alone in a conjunction to `forced`.
  FormulaId take_literals(FormulaId f, std::vector<std::uint32_t>& forced);
  std::vector<QuestionId> questions_in(FormulaId f);
  FormulaId demand(FormulaId f, std::vector<std::uint32_t>& literals, bool compact,
                   const std::function<bool(FormulaId)>& alive);
  using Leaf = std::function<bool(FormulaId, const std::vector<std::uint32_t>& literals)>;
  bool some_from(FormulaId f, std::vector<std::uint32_t>& literals, bool compact, const Leaf& alive);

  Formulas& formulas_;
  Values& values_;
  std::uint64_t left_out_ = 0;
};

}  // namespace maskforge
