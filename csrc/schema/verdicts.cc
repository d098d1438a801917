// See verdicts.h.
#include "schema/verdicts.h"

#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"

namespace maskforge {

FormulaId Verdicts::decide(FormulaId f, QuestionId question, bool verdict) {
  return formulas_.map(f, [&](const Atom& atom, FormulaId self) {
    return atom.kind == AtomKind::kVerdict && atom.a == question ? (verdict ? kTrue : kFalse) : self;
  });
}

FormulaId Verdicts::decide_all(FormulaId f, ShortList<std::uint32_t> literals) {
  if (literals.empty()) return f;
  std::sort(literals.begin(), literals.end());
  return formulas_.map(f, [&](const Atom& atom, FormulaId self) {
    if (atom.kind != AtomKind::kVerdict) return self;
    auto at = std::lower_bound(literals.begin(), literals.end(), Literal{atom.a, false}.code());
    if (at == literals.end() || Literal::of(*at).question != atom.a) return self;
    return Literal::of(*at).positive ? kTrue : kFalse;
  });
}

FormulaId Verdicts::settle(FormulaId f, const ShortList<QuestionId>& questions, const Answers& answers) {
  if (questions.empty()) return f;
  return formulas_.map(f, [&](const Atom& atom, FormulaId self) {
    if (atom.kind != AtomKind::kVerdict) return self;
    auto at = std::lower_bound(questions.begin(), questions.end(), atom.a);
    if (at == questions.end() || *at != atom.a) return self;
    return answers.holds(static_cast<std::size_t>(at - questions.begin())) ? kTrue : kFalse;
  });
}

ShortList<QuestionId> Verdicts::questions_in(FormulaId f) {
  ShortList<QuestionId> found;
  formulas_.visit_atoms(f, [&](const Atom& atom, bool, bool) {
    if (atom.kind == AtomKind::kVerdict) found.push_back(atom.a);
  });
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

FormulaId Verdicts::take_literals(FormulaId f, ShortList<std::uint32_t>& forced) {
  auto literal = [&](FormulaId part) {
    const Formulas::Node& node = formulas_.node(part);
    if (node.op == Formulas::Op::kAtom && node.atom.kind == AtomKind::kVerdict) {
      forced.push_back(Literal{node.atom.a, true}.code());
      return true;
    }
    if (node.op != Formulas::Op::kNot) return false;
    const Formulas::Node& inner = formulas_.node(node.parts[0]);
    if (inner.op != Formulas::Op::kAtom || inner.atom.kind != AtomKind::kVerdict) return false;
    forced.push_back(Literal{inner.atom.a, false}.code());
    return true;
  };
  for (;;) {
    std::size_t before = forced.size();
    const Formulas::Node& node = formulas_.node(f);
    if (node.op == Formulas::Op::kAnd) {
      ShortList<FormulaId> rest;
      for (FormulaId part : node.parts) {
        if (!literal(part)) rest.push_back(part);
      }
      if (forced.size() == before) return f;
      f = formulas_.conj(std::move(rest));
    } else {
      return literal(f) ? kTrue : f;
    }
    f = decide_all(f, {forced.begin() + static_cast<std::ptrdiff_t>(before), forced.end()});
    if (f == kFalse) return kFalse;
  }
}

FormulaId Verdicts::demand(FormulaId f, ShortList<std::uint32_t>& literals, bool compact,
                           const std::function<bool(FormulaId)>& alive) {
  if (f == kFalse) return kFalse;
  FuelScope::spend(4);
  ShortList<QuestionId> open = questions_in(f);
  if (open.empty()) return alive(f) ? kTrue : kFalse;
  FormulaId sides[2];
  bool never[2] = {false, false};
  for (bool verdict : {false, true}) {
    FormulaId side = decide(f, open[0], verdict);
    if (side != kFalse) {
      literals.push_back(Literal{open[0], verdict}.code());
      // Verdicts that no value can give together need no answer; without this, k exclusive branches would cost 2^k
      // searches.
      Values::Attempt attempt(values_);
      const bool possible = values_.satisfiable(values_.spec(literals, {}, kTrue, compact));
      never[verdict ? 1 : 0] = !possible && attempt.certain();
      side = possible ? demand(side, literals, compact, alive) : kFalse;
      literals.pop_back();
    }
    sides[verdict ? 1 : 0] = side;
  }
  // Nor need they be forbidden.
  if (never[0] || never[1]) return sides[never[0] ? 1 : 0];
  if (sides[0] == sides[1]) return sides[0];
  FormulaId v = formulas_.atom(AtomKind::kVerdict, open[0]);
  return formulas_.disj(formulas_.conj(v, sides[1]), formulas_.conj(formulas_.negate(v), sides[0]));
}

// Moves to `forced` what no top-level literal names and must come out one way all the same, through a disjunction.
void Verdicts::force(FormulaId& demanded, ShortList<std::uint32_t>& forced, ShortList<QuestionId>& open) {
  for (bool again = !open.empty(); again && demanded != kFalse;) {
    again = false;
    if (open.size() > kFew) {
      std::unordered_map<FormulaId, Literals> known;
      const Literals literals = implied(demanded, known);
      demanded = decide_all(demanded, literals);
      forced.insert(forced.end(), literals.begin(), literals.end());
      again = !literals.empty();
    } else {
      for (std::size_t i = 0; i < 2 * open.size() && !again; ++i) {
        const QuestionId q = open[i / 2];
        const bool verdict = i % 2 == 0;
        if (decide(demanded, q, !verdict) != kFalse) continue;
        demanded = decide(demanded, q, verdict);
        forced.push_back(Literal{q, verdict}.code());
        again = true;
      }
    }
    if (again) open = questions_in(demanded);
  }
}

Pending Verdicts::ask(FormulaId demanded, ShortList<FormulaId> asked, bool compact, const Alive& alive,
                      const Project& project) {
  Pending pending;
  ShortList<std::uint32_t> forced;
  demanded = take_literals(demanded, forced);
  if (demanded == kFalse) return pending;
  ShortList<QuestionId> open = questions_in(demanded);
  force(demanded, forced, open);
  if (demanded == kFalse) return pending;
  const ShortList<QuestionId> deciding = open;
  for (FormulaId& f : asked) {
    f = decide_all(f, forced);
    for (QuestionId q : questions_in(f)) open.push_back(q);
  }
  std::sort(open.begin(), open.end());
  open.erase(std::unique(open.begin(), open.end()), open.end());
  FormulaId demand = kTrue;
  if (deciding.empty()) {
    if (!alive(demanded)) return pending;
  } else {
    std::optional<FormulaId> found;
    if (deciding.size() > kFew) {
      found = demand_by_case(demanded, forced, deciding, compact, alive, project != nullptr);
      if (!found && project) {
        FormulaId projected = project(with_kind(demanded, AtomKind::kVerdict, AtomKind::kOpen));
        found = with_kind(projected, AtomKind::kOpen, AtomKind::kVerdict);
      }
    }
    ShortList<std::uint32_t> literals = forced;
    demand = found ? *found : this->demand(demanded, literals, compact, alive);
    if (demand == kFalse) return pending;
  }
  pending.demanded = demanded;
  pending.asked = std::move(asked);
  pending.questions = open;
  pending.spec = values_.spec(std::move(forced), std::move(open), demand, compact);
  pending.alive = values_.satisfiable(pending.spec);
  return pending;
}

bool Verdicts::some_from(FormulaId f, ShortList<std::uint32_t>& literals, bool compact, const Leaf& alive) {
  std::size_t before = literals.size();
  f = take_literals(f, literals);
  bool found = false;
  if (f != kFalse && (literals.empty() || values_.satisfiable(values_.spec(literals, {}, kTrue, compact)))) {
    FuelScope::spend();
    ShortList<QuestionId> open = questions_in(f);
    if (open.empty()) {
      found = alive(f, literals);
    } else {
      std::size_t here = literals.size();
      for (bool verdict : {true, false}) {
        literals.push_back(Literal{open[0], verdict}.code());
        found = some_from(decide(f, open[0], verdict), literals, compact, alive);
        literals.resize(here);
        if (found) break;
      }
    }
  }
  literals.resize(before);
  return found;
}

void Verdicts::check_left_out(std::uint64_t before, bool enough) {
  if (left_out_ == before) return;
  left_out_ = before;
  if (!enough) throw FuelError("uniqueItems: few values, of which some tell spellings of one number apart (draft 4)");
}

bool Verdicts::usually(ShortList<std::uint32_t> literals, const ShortList<std::uint32_t>& more, bool compact) {
  literals.insert(literals.end(), more.begin(), more.end());
  literals.push_back(Literal{values_.questions().usual_spelling(), true}.code());
  return values_.satisfiable(values_.spec(std::move(literals), {}, kTrue, compact));
}

bool Verdicts::tells_spellings(const ShortList<std::uint32_t>& literals) {
  if (!values_.questions().number_sets().has_spellings()) return false;
  return std::any_of(literals.begin(), literals.end(), [&](std::uint32_t code) {
    return values_.questions().tells_spellings(Literal::of(code).question);
  });
}

void Verdicts::each(FormulaId demanded, bool compact, std::uint64_t limit, const Visit& visit) {
  find(demanded, compact, limit, [&](FormulaId rest, std::uint64_t values, const ShortList<std::uint32_t>& literals) {
    visit(rest, values, literals);
    return false;
  });
}

bool Verdicts::find(FormulaId demanded, bool compact, std::uint64_t limit, const Find& visit) {
  ShortList<std::uint32_t> literals;
  return some_from(demanded, literals, compact, [&](FormulaId rest, const ShortList<std::uint32_t>& leaf) {
    ShortList<std::uint32_t> copy = leaf;
    std::uint64_t count = values_.count(values_.spec(copy, {}, kTrue, compact), limit);
    if (count > 0 && tells_spellings(copy)) {
      ShortList<std::uint32_t> usual = copy;
      usual.push_back(Literal{values_.questions().usual_spelling(), true}.code());
      const std::uint64_t all = count;
      count = values_.count(values_.spec(std::move(usual), {}, kTrue, compact), limit);
      if (count < all) ++left_out_;
    }
    return visit(rest, count, copy);
  });
}

}  // namespace maskforge
