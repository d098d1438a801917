// See verdicts.h: very many questions about one value.
#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"
#include "schema/verdicts.h"

namespace maskforge {

QuestionId Verdicts::container() {
  SchemaNode node;
  node.types = kObjectType | kArrayType;
  return values_.questions().store().intern(std::move(node));
}

FormulaId Verdicts::with_kind(FormulaId f, AtomKind from, AtomKind to) {
  return formulas_.map(f, [&](const Atom& atom, FormulaId self) {
    return atom.kind == from ? formulas_.atom(to, atom.a, atom.b) : self;
  });
}

// The verdicts that hold whenever the formula does, as far as its parts show it; sorted.
const Verdicts::Literals& Verdicts::implied(FormulaId f, std::unordered_map<FormulaId, Literals>& known) {
  if (auto entry = known.find(f); entry != known.end()) return entry->second;
  FuelScope::spend();
  const Formulas::Node& node = formulas_.node(f);
  const bool negated = node.op == Formulas::Op::kNot;
  const Formulas::Node& inner = negated ? formulas_.node(node.parts[0]) : node;
  Literals literals;
  if (inner.op == Formulas::Op::kAtom && inner.atom.kind == AtomKind::kVerdict) {
    literals.push_back(Literal{inner.atom.a, !negated}.code());
  } else if (node.op == Formulas::Op::kAnd) {
    for (FormulaId part : node.parts) {
      const Literals& more = implied(part, known);
      literals.insert(literals.end(), more.begin(), more.end());
    }
    std::sort(literals.begin(), literals.end());
    literals.erase(std::unique(literals.begin(), literals.end()), literals.end());
  } else if (node.op == Formulas::Op::kOr || node.op == Formulas::Op::kOne) {
    literals = implied(node.parts[0], known);
    for (std::size_t i = 1; i < node.parts.size() && !literals.empty(); ++i) {
      const Literals& more = implied(node.parts[i], known);
      erase_if(literals, [&](std::uint32_t code) { return !std::binary_search(more.begin(), more.end(), code); });
    }
  }
  return known.emplace(f, std::move(literals)).first->second;
}

FormulaId Verdicts::in_case(FormulaId f, const ShortList<QuestionId>& open, const Case& yes) {
  return formulas_.map(f, [&](const Atom& atom, FormulaId self) {
    if (atom.kind != AtomKind::kVerdict) return self;
    if (std::binary_search(yes.begin(), yes.end(), atom.a)) return kTrue;
    return std::binary_search(open.begin(), open.end(), atom.a) ? kFalse : self;
  });
}

// in_case() for one formula and very many cases: what it is where all answers are "no" is kept, and a case looks only
// at the parts that its questions occur in.
class Verdicts::InCases {
 public:
  InCases(Verdicts& verdicts, FormulaId f, const ShortList<QuestionId>& open)
      : verdicts_(verdicts), formulas_(verdicts.formulas_), f_(f), open_(open) {}
  FormulaId operator()(const Case& yes) { return image(f_, yes); }

 private:
  static constexpr std::size_t kFewParts = 4;
  struct Split {
    FormulaId usual;                                                  // all answers are "no"
    std::vector<std::pair<std::uint32_t, FormulaId>> kept;            // by part, then: what does not vanish
    std::unordered_map<QuestionId, ShortList<std::uint32_t>> places;  // the parts with a question
  };

  FormulaId join(Formulas::Op op, ShortList<FormulaId> parts) {
    if (op == Formulas::Op::kOne) return formulas_.one(std::move(parts));
    return op == Formulas::Op::kAnd ? formulas_.conj(std::move(parts)) : formulas_.disj(std::move(parts));
  }
  Split make(const Formulas::Node& node) {
    Split split{kFalse, {}, {}};
    const FormulaId neutral = node.op == Formulas::Op::kAnd ? kTrue : kFalse;
    ShortList<FormulaId> usual;
    for (std::uint32_t i = 0; i < node.parts.size(); ++i) {
      FuelScope::spend();
      for (QuestionId q : verdicts_.questions_in(node.parts[i])) split.places[q].push_back(i);
      const FormulaId part = verdicts_.in_case(node.parts[i], open_, {});
      if (part == neutral) continue;
      split.kept.emplace_back(i, part);
      usual.push_back(part);
    }
    split.usual = join(node.op, std::move(usual));
    return split;
  }
  FormulaId image(FormulaId f, const Case& yes) {
    const Formulas::Node& node = formulas_.node(f);
    const bool wide = node.op == Formulas::Op::kAnd || node.op == Formulas::Op::kOr || node.op == Formulas::Op::kOne;
    if (!wide || (node.parts.size() <= kFewParts && f != f_)) return verdicts_.in_case(f, open_, yes);
    auto known = splits_.find(f);
    if (known == splits_.end()) known = splits_.emplace(f, make(node)).first;
    const Split& split = known->second;
    ShortList<std::uint32_t> touched;
    for (QuestionId q : yes) {
      auto places = split.places.find(q);
      if (places != split.places.end()) touched.insert(touched.end(), places->second.begin(), places->second.end());
    }
    if (touched.empty()) return split.usual;
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    FuelScope::spend(split.kept.size() / 32 + 1);
    ShortList<FormulaId> parts;
    for (const auto& [place, part] : split.kept) {
      if (!std::binary_search(touched.begin(), touched.end(), place)) parts.push_back(part);
    }
    for (std::uint32_t place : touched) parts.push_back(image(node.parts[place], yes));
    return join(node.op, std::move(parts));
  }

  Verdicts& verdicts_;
  Formulas& formulas_;
  FormulaId f_;
  const ShortList<QuestionId>& open_;
  std::unordered_map<FormulaId, Split> splits_;
};

std::optional<Verdicts::Cases> Verdicts::cases(const Literals& literals, const ShortList<QuestionId>& open,
                                               bool compact) {
  Questions& questions = values_.questions();
  Cases cases;
  for (QuestionId q : open) {
    if (questions.object(q) != kFalse || questions.array(q) != kFalse) cases.of_containers.push_back(q);
    if (cases.of_containers.size() > kFew) return std::nullopt;
  }
  const std::size_t most = 4 * open.size() + 64;
  const Values::ScalarAnswers* all = values_.scalar_answers(values_.spec(literals, open, kTrue, compact));
  if (all == nullptr || all->sure.size() + all->likely.size() > most) return std::nullopt;
  auto translate = [&](const std::vector<Answers>& lists, std::vector<Case>& out) {
    for (const Answers& answers : lists) {
      Case yes;
      for (std::uint32_t position : answers.yes) yes.push_back(open[position]);
      out.push_back(std::move(yes));
    }
  };
  translate(all->sure, cases.sure);
  translate(all->likely, cases.likely);
  return cases;
}

// "The verdicts are one of these", of all that there are: as few literals as tell them apart.
FormulaId Verdicts::any_of_cases(const std::vector<const Case*>& wanted, const std::vector<const Case*>& all,
                                 const ShortList<QuestionId>& open) {
  auto atom = [&](QuestionId q) { return formulas_.atom(AtomKind::kVerdict, q); };
  std::unordered_map<QuestionId, std::vector<const Case*>> holders;
  for (const Case* one : all) {
    for (QuestionId q : *one) holders[q].push_back(one);
  }
  ShortList<FormulaId> ways;
  for (const Case* one : wanted) {
    ShortList<FormulaId> parts;
    for (QuestionId q : *one) parts.push_back(atom(q));
    if (one->empty()) {
      for (QuestionId q : open) parts.push_back(formulas_.negate(atom(q)));
    } else {
      // Any case that holds all of these, and more.
      for (const Case* other : holders[one->front()]) {
        FuelScope::spend();
        if (other->size() == one->size() || !std::includes(other->begin(), other->end(), one->begin(), one->end()))
          continue;
        for (QuestionId q : *other) {
          if (!std::binary_search(one->begin(), one->end(), q)) parts.push_back(formulas_.negate(atom(q)));
        }
      }
    }
    ways.push_back(formulas_.conj(std::move(parts)));
  }
  return formulas_.disj(std::move(ways));
}

std::optional<FormulaId> Verdicts::demand_by_case(FormulaId f, const Literals& literals,
                                                  const ShortList<QuestionId>& open, bool compact, const Alive& alive,
                                                  bool exclusive) {
  const std::optional<Cases> cases = this->cases(literals, open, compact);
  if (!cases) return std::nullopt;
  std::size_t answers = 0;
  for (const auto* list : {&cases->sure, &cases->likely}) {
    for (const Case& yes : *list) answers += yes.size();
  }
  if (exclusive && answers > 8 * open.size()) return std::nullopt;
  std::vector<const Case*> all, good, bad;
  InCases in_cases(*this, f, open);
  for (const auto* list : {&cases->sure, &cases->likely}) {
    for (const Case& yes : *list) {
      all.push_back(&yes);
      const FormulaId rest = in_cases(yes);
      (rest != kFalse && alive(rest) ? good : bad).push_back(&yes);
    }
  }
  FormulaId demand = kTrue;
  if (good.empty()) {
    demand = kFalse;
  } else if (good.size() <= bad.size()) {
    demand = any_of_cases(good, all, open);
  } else if (!bad.empty()) {
    demand = formulas_.negate(any_of_cases(bad, all, open));
  }
  Literals contained = literals;
  contained.push_back(Literal{container(), true}.code());
  if (!values_.satisfiable(values_.spec(contained, {}, kTrue, compact))) return demand;
  ShortList<QuestionId> others;
  std::set_difference(open.begin(), open.end(), cases->of_containers.begin(), cases->of_containers.end(),
                      std::back_inserter(others));
  const FormulaId of_containers = this->demand(in_case(f, others, {}), contained, compact, alive);
  if (all.empty() || of_containers == demand) return of_containers;
  const FormulaId container = formulas_.atom(AtomKind::kVerdict, this->container());
  return formulas_.disj(formulas_.conj(container, of_containers), formulas_.conj(formulas_.negate(container), demand));
}

std::optional<bool> Verdicts::some_by_case(FormulaId f, const Literals& literals, const ShortList<QuestionId>& open,
                                           bool compact, const Alive& alive) {
  const std::optional<Cases> cases = this->cases(literals, open, compact);
  if (!cases) return std::nullopt;
  InCases in_cases(*this, f, open);
  for (const Case& yes : cases->sure) {
    const FormulaId rest = in_cases(yes);
    if (rest != kFalse && alive(rest)) return true;
  }
  for (const Case& yes : cases->likely) {
    const FormulaId rest = in_cases(yes);
    if (rest == kFalse) continue;
    Literals all = literals;
    for (QuestionId q : open) all.push_back(Literal{q, std::binary_search(yes.begin(), yes.end(), q)}.code());
    if (values_.satisfiable(values_.spec(std::move(all), {}, kTrue, compact)) && alive(rest)) return true;
  }
  Literals contained = literals;
  contained.push_back(Literal{container(), true}.code());
  ShortList<QuestionId> others;
  std::set_difference(open.begin(), open.end(), cases->of_containers.begin(), cases->of_containers.end(),
                      std::back_inserter(others));
  return some_of(in_case(f, others, {}), contained, compact, alive, {});
}

bool Verdicts::some_of(FormulaId f, Literals& literals, bool compact, const Alive& alive, const Alive& hopeless) {
  const std::size_t before = literals.size();
  f = take_literals(f, literals);
  bool found = false;
  if (f != kFalse && !(hopeless && hopeless(f)) &&
      (literals.empty() || values_.satisfiable(values_.spec(literals, {}, kTrue, compact)))) {
    FuelScope::spend();
    const ShortList<QuestionId> open = questions_in(f);
    std::optional<bool> answer;
    if (open.empty()) answer = alive(f);
    if (!answer && open.size() > kFew) answer = some_by_case(f, literals, open, compact, alive);
    if (answer) {
      found = *answer;
    } else {
      const std::size_t here = literals.size();
      for (bool verdict : {true, false}) {
        literals.push_back(Literal{open[0], verdict}.code());
        found = some_of(decide(f, open[0], verdict), literals, compact, alive, hopeless);
        literals.resize(here);
        if (found) break;
      }
    }
  }
  literals.resize(before);
  return found;
}

bool Verdicts::some(FormulaId demanded, bool compact, const Alive& alive, const Alive& hopeless) {
  Literals literals;
  return some_of(demanded, literals, compact, alive, hopeless);
}

}  // namespace maskforge
