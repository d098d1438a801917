// See objects.h: the objects that an object must not be equal to.
#include <algorithm>
#include <bit>

#include "base/fuel.h"
#include "schema/objects.h"

namespace maskforge {

Objects::Core Objects::without_candidates(Core core) const {
  core.candidates = kNoCandidates;
  core.keys = 0;
  core.blurred = false;
  return core;
}

Objects::Core Objects::spelt_out(const Core& core) {
  ShortList<FormulaId> equal;
  for (QuestionId object : candidates_.objects(core.candidates)) {
    FuelScope::spend();
    equal.push_back(rest_of(object, core.seen));
  }
  Core formula = without_candidates(core);
  formula.demanded = formulas_.conj(formula.demanded, formulas_.negate(formulas_.disj(std::move(equal))));
  return formula;
}

CandidatesId Objects::candidates_after(CoreId id, CandidatesId candidates, SeenId seen, NameId text) {
  const Core& core = cores_[id];
  // No candidate has a key that is not in a plan that has all of theirs.
  if (text == kNone && covers(plans_[info(id).plan], candidates, core.seen)) return kNoCandidates;
  CandidatesId left = text == kNone ? candidates : candidates_.with_key(candidates, text);
  if (core.order == kNoOrder) return left;
  for (NameId name : lists_[seen]) {
    if (name != text && !was_seen(core.seen, name))
      left = candidates_.without_key(left, name);  // it is too late for it
  }
  return left;
}

ShortList<NameId> Objects::candidate_names(CandidatesId candidates, SeenId seen) {
  constexpr std::size_t kMostNames = 64;
  ShortList<NameId> names =
      candidates_.names(candidates, kMostNames, [&](NameId name) { return !was_seen(seen, name); });
  if (names.size() > kMostNames) names.clear();
  return names;
}

bool Objects::covers(const Plan& plan, CandidatesId candidates, SeenId seen) {
  return candidates_.names(candidates, 0, [&](NameId name) { return !was_seen(seen, name) && !plan.has(name); })
      .empty();
}

bool Objects::asks_taken(const ShortList<FormulaId>& asked) {
  bool found = false;
  for (FormulaId f : asked) {
    formulas_.visit_atoms(f, [&](const Atom& atom, bool, bool) { found |= atom.kind == AtomKind::kTaken; });
  }
  return found;
}

void Objects::replace_taken(ShortList<FormulaId>& asked, const Left& left) {
  for (FormulaId& f : asked) {
    f = formulas_.map(f, [&](const Atom& atom, FormulaId self) {
      return atom.kind == AtomKind::kTaken ? left(atom.a, atom.b / 2, atom.b % 2 != 0) : self;
    });
  }
}

bool Objects::may_be_taken(const Core& core) {
  bool found = false;
  for (FormulaId f : core.asked) {
    formulas_.visit_atoms(f, [&](const Atom& atom, bool, bool) {
      found |= atom.kind == AtomKind::kTaken && atom.b % 2 != 0 && candidates_.any_complete(atom.a, atom.b / 2);
    });
  }
  return found;
}

bool Objects::satisfiable_beside(const Core& core) {
  Core free = without_candidates(core);
  free.asked.clear();
  if (!satisfiable(free)) return false;
  if (core.blurred) return true;  // the text will tell; the value was chosen so that there is a way on
  if (at_end(free.demanded, free.count) == kTrue && !candidates_.any_complete(core.candidates, core.keys)) {
    return true;
  }
  const std::uint64_t rivals = candidates_.size(core.candidates);
  if (more_than(free, rivals)) return true;
  if (const std::optional<std::uint64_t> all = completions_if_not_more(free, rivals)) {
    std::uint64_t taken = 0;  // of all these completions
    for (QuestionId object : candidates_.objects(core.candidates)) {
      FuelScope::spend();
      Core one = free;
      one.demanded = formulas_.conj(free.demanded, rest_of(object, core.seen));
      taken += satisfiable(one);
    }
    return *all > taken;
  }
  Core formula = spelt_out(core);
  formula.asked.clear();
  return satisfiable(formula);
}

std::optional<std::uint64_t> Objects::completions_if_not_more(const Core& core, std::uint64_t n) {
  Core free = without_candidates(core);
  free.asked.clear();
  const CoreInfo& known = info(intern_core(std::move(free)));
  return known.counted_to > n ? std::optional(known.completions) : std::nullopt;
}

FormulaId Objects::rest_of(QuestionId object, SeenId seen) {
  return formulas_.map(questions_.object(object), [&](const Atom& atom, FormulaId self) {
    return atom.kind == AtomKind::kHas && was_seen(seen, atom.a) ? kTrue : self;
  });
}

std::uint64_t Objects::completions_seen(const Core& core, std::uint64_t n) {
  constexpr std::uint64_t kLeastLimit = 64;  // and then powers of two, so that few limits are tried
  Core free = without_candidates(core);
  free.asked.clear();
  CoreId id = intern_core(std::move(free));
  if (info(id).completions > n) return info(id).completions;
  const std::uint64_t limit = std::max(kLeastLimit, std::bit_ceil(n + 1));
  if (info(id).counted_to >= limit) return info(id).completions;
  Values::Attempt attempt(values_);
  const std::uint64_t left_out = verdicts_.left_out();
  const std::uint64_t found = completions(id, limit);
  info(id).completions = std::max(info(id).completions, found);
  if (attempt.certain() && verdicts_.left_out() == left_out) info(id).counted_to = limit;
  return info(id).completions;
}

bool Objects::surely_ample(CoreId id, NameId name) {
  const CandidatesId candidates = cores_[id].candidates;
  const CoreId free = intern_core(without_candidates(cores_[id]));
  const std::uint32_t* known = ample_.find(std::uint64_t{free} << 32 | name);
  return known != nullptr && *known >= candidates_.size(candidates);
}

std::optional<FormulaId> Objects::given_value(FormulaId f, QuestionId value, bool compact) {
  bool settled = true;
  const FormulaId given = formulas_.map(f, [&](const Atom& atom, FormulaId self) {
    if (atom.kind != AtomKind::kVerdict) return self;
    auto may_be = [&](bool verdict) {
      ShortList<std::uint32_t> both{Literal{value, true}.code(), Literal{atom.a, verdict}.code()};
      return values_.satisfiable(values_.spec(std::move(both), {}, kTrue, compact));
    };
    const bool holds = may_be(true);
    settled = settled && !(holds && may_be(false));
    return holds ? kTrue : kFalse;
  });
  return settled ? std::optional(given) : std::nullopt;
}

std::optional<ShortList<QuestionId>> Objects::spent_values(const Core& after, CandidatesId candidates, NameId name) {
  bool open = false;
  formulas_.visit_atoms(after.demanded, [&](const Atom& atom, bool, bool) { open |= atom.kind == AtomKind::kVerdict; });
  // The number of completions is exact where no spellings are told apart.
  const bool only_end = !open && !questions_.number_sets().has_spellings() &&
                        at_end(after.demanded, after.count) == kTrue && !more_than(after, 1);
  bool settled = true;
  auto spent = [&](QuestionId value) {
    FuelScope::spend();
    Core rest = after;
    rest.candidates = candidates_.with_value(candidates, name, value);
    if (only_end) return candidates_.any_complete(rest.candidates, rest.keys);
    if (open) {
      const std::optional<FormulaId> given = given_value(after.demanded, value, after.compact);
      settled = settled && given.has_value();
      if (!settled) return false;
      rest.demanded = *given;
    }
    return !satisfiable(rest);
  };
  ShortList<QuestionId> questions;
  for (ShortList<QuestionId>& values : candidates_.values(candidates, name, spent)) {
    questions.push_back(taken_.any_of(std::move(values)));
  }
  if (!settled) return std::nullopt;
  return questions;
}

bool Objects::keys_are_free(CoreId id) {
  constexpr std::size_t kMostNames = 64;
  CoreId free = intern_core(without_candidates(cores_[id]));
  const ShortList<NameId>& names = plans_[info(id).plan].names;
  if (info(free).plan != info(id).plan || names.size() > kMostNames) return false;
  return extras(id) == extras(free) && std::all_of(names.begin(), names.end(), [&](NameId name) {
           return key_alive(id, name) == key_alive(free, name);
         });
}

// What a walk may know after a value that it does not know: whether there is a way on whichever candidates are left.
Step Objects::compute_blurred(const Local& local, std::uint8_t byte) {
  const Core core = cores_[local.core];
  const CoreId free = intern_core(without_candidates(core));
  if (local.phase == Phase::kAfterValue) {
    if (byte == '}') return end_label(free) == kNoLabel ? Step::reject() : Step::suspect();
    if (byte != ',' || !any_key_left(free)) return Step::reject();
    // Beside the candidates and the object as it is.
    if (!more_than(core, candidates_.size(core.candidates) + 1)) return Step::suspect();
    return Step::stay(state({Phase::kNextKey, core.compact, local.core}));
  }
  if (local.phase != Phase::kNextKey || byte != '"' || keys_of(free) == kDeadText) return Step::reject();
  TextId rest = extras(free);
  if (rest == kDeadText || texts_.alive(rest) != texts_.regexes().any_text()) return Step::suspect();
  return machine_.call(state({Phase::kKeyWait, true, local.core}), state({Phase::kUnknownKey, true, local.core}));
}

}  // namespace maskforge
