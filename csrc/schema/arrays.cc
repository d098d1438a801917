// See arrays.h.
#include "schema/arrays.h"

#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"

namespace maskforge {

Arrays::Arrays(Machine& machine, Values& values, TakenSets& taken, Texts& texts, SpaceFrames& spaces,
               SeparatorFrames& separators)
    : machine_(machine),
      values_(values),
      questions_(values.questions()),
      formulas_(questions_.formulas()),
      store_(questions_.store()),
      taken_(taken),
      texts_(texts),
      spaces_(spaces),
      separators_(separators),
      verdicts_(formulas_, values),
      automaton_(machine.add_automaton(this, {.may_end = false, .lists_words = false})),
      classes_(structural_classes(machine)) {
  lists_.intern({});
}

Arrays::CoreId Arrays::intern_core(Core core) {
  Bounds all = bounds(core.demanded);
  for (FormulaId f : core.asked) {
    Bounds bounds = this->bounds(f);
    all.horizon = std::max(all.horizon, bounds.horizon);
    all.unique = all.unique || bounds.unique;
    all.repeats = all.repeats || bounds.repeats;
  }
  core.index = std::min(core.index, all.horizon);
  if (!all.unique) {
    core.taken = kNothingTaken;
    core.anonymous = false;
  }
  CoreId id = cores_.intern(std::move(core));
  while (infos_.size() <= id) infos_.emplace_back();
  infos_[id].unique = all.unique;
  infos_[id].repeats = all.repeats;
  return id;
}

Arrays::Bounds Arrays::bounds(FormulaId f) const {
  Bounds bounds;
  formulas_.visit_atoms(f, [&](const Atom& atom, bool, bool negative) {
    if (atom.kind == AtomKind::kUnique) {
      bounds.unique = true;
      bounds.tally = atom.a;
      if (negative) {
        bounds.reserve += 2;
        bounds.repeats = true;
      }
    } else if (atom.kind == AtomKind::kItems) {
      bounds.horizon = std::max(bounds.horizon, static_cast<std::uint32_t>(store_.items[atom.a].prefix.size()));
      if (negative) ++bounds.reserve;
    } else if (atom.kind == AtomKind::kLength) {
      bounds.horizon = std::max(bounds.horizon, atom.a);
    } else if (atom.kind == AtomKind::kContains) {
      bounds.reserve += atom.b;
    } else if (atom.kind == AtomKind::kUnevaluated) {
      const Unevaluated::Term& term = questions_.unevaluated().term(atom.a);
      auto reach = [&](TableId table) {
        bounds.horizon = std::max(bounds.horizon, static_cast<std::uint32_t>(store_.items[table].prefix.size()));
      };
      reach(term.base);
      std::for_each(term.coverages.begin(), term.coverages.end(), reach);
      if (negative) ++bounds.reserve;
    }
  });
  auto take = [&](FormulaId part) {
    const Formulas::Node& node = formulas_.node(part);
    bool negated = node.op == Formulas::Op::kNot;
    const Formulas::Node& inner = negated ? formulas_.node(node.parts[0]) : node;
    if (inner.op != Formulas::Op::kAtom) return false;
    if (inner.atom.kind == AtomKind::kLength) {
      if (negated) {
        bounds.most = std::min(bounds.most, inner.atom.a - 1);
      } else {
        bounds.least = std::max(bounds.least, inner.atom.a);
      }
      return true;
    }
    return (inner.atom.kind == AtomKind::kItems || inner.atom.kind == AtomKind::kUnique) && !negated;
  };
  if (f != kTrue) {
    const Formulas::Node& node = formulas_.node(f);
    if (node.op == Formulas::Op::kAnd) {
      for (FormulaId part : node.parts) bounds.plain = bounds.plain && take(part);
    } else {
      bounds.plain = take(f);
    }
  }
  return bounds;
}

StateId Arrays::start(FormulaId demanded, const ShortList<FormulaId>& asked, bool compact, OrderId,
                      const ShortList<QuestionId>&) {
  CoreId core = intern_core(Core{demanded, asked, 0, kNothingTaken, false, compact});
  if (!satisfiable_id(core)) return kDeadState;
  return state({Phase::kFirst, compact, core});
}

FormulaId Arrays::derive(FormulaId f, std::uint32_t index, FormulaId unique) {
  auto verdict_of = [&](TableId id) -> FormulaId {
    const ItemTable& table = store_.items[id];
    QuestionId q = questions_.resolve(index < table.prefix.size() ? table.prefix[index] : table.rest);
    return q == kNever ? kFalse : q == kAlways ? kTrue : formulas_.atom(AtomKind::kVerdict, q);
  };
  auto read = [&](std::uint32_t term, ShortList<FormulaId> conditions) {
    return questions_.unevaluated().read(term, std::move(conditions), verdict_of, [&](TableId coverage) {
      return store_.items[coverage].rest == kNever && store_.items[coverage].prefix.size() <= index + 1;
    });
  };
  auto replace = [&](const Atom& atom, FormulaId self) -> FormulaId {
    switch (atom.kind) {
      case AtomKind::kLength:
        return index + 1 >= atom.a ? kTrue : self;
      case AtomKind::kUnique:
        return unique;
      case AtomKind::kItems:
        if (FormulaId verdict = verdict_of(atom.a); verdict != kTrue) return formulas_.conj(self, verdict);
        return self;
      case AtomKind::kContains: {
        QuestionId q = questions_.resolve(atom.a);
        if (q == kNever) return self;
        FormulaId fewer = atom.b <= 1 ? kTrue : formulas_.atom(AtomKind::kContains, atom.a, atom.b - 1);
        if (q == kAlways) return fewer;
        FormulaId verdict = formulas_.atom(AtomKind::kVerdict, q);
        return formulas_.disj(formulas_.conj(verdict, fewer), formulas_.conj(formulas_.negate(verdict), self));
      }
      default:
        return self;
    }
  };
  return formulas_.map(f, replace, read);
}

Arrays::Item Arrays::read_item(CoreId id) {
  FuelScope::spend();
  Core core = cores_[id];
  Item item;
  FormulaId unique = kTrue;
  if (infos_[id].unique) {
    ShortList<FormulaId> parts;
    for (QuestionId q : taken_.questions(core.taken))
      parts.push_back(formulas_.negate(formulas_.atom(AtomKind::kVerdict, q)));
    std::optional<CellsId> cells = cells_of(core, core.index + 1);
    parts.push_back(cells ? one_more(tally_of(*cells, core.taken)) : formulas_.atom(AtomKind::kUnique, 0));
    unique = formulas_.conj(std::move(parts));
  }
  core.demanded = derive(core.demanded, core.index, unique);
  if (core.demanded == kFalse) return item;
  for (FormulaId& f : core.asked) f = derive(f, core.index, unique);
  ++core.index;
  Pending pending = verdicts_.ask(core.demanded, core.asked, core.compact, [&](FormulaId f) {
    Core rest = core;
    rest.demanded = f;
    rest.asked.clear();
    rest.taken = kNothingTaken;  // what was taken is in the tally, or does not matter
    rest.anonymous = false;
    if (infos_[id].unique) rest.demanded = counted(f);
    return satisfiable(rest);
  });
  if (!pending.alive) return item;
  core.demanded = pending.demanded;
  core.asked = std::move(pending.asked);
  item.core = intern_core(std::move(core));
  item.spec = pending.spec;
  item.questions = lists_.intern(std::move(pending.questions));
  item.alive = true;
  return item;
}

const Arrays::Item& Arrays::item(CoreId core) {
  if (!infos_[core].item) infos_[core].item = read_item(core);
  return *infos_[core].item;
}

FormulaId Arrays::at_end(FormulaId f, std::uint32_t index) {
  if (f == kTrue || f == kFalse) return f;
  auto replace = [&](const Atom& atom, FormulaId) {
    switch (atom.kind) {
      case AtomKind::kItems:
      case AtomKind::kUnique:
        return kTrue;
      case AtomKind::kLength:
        return index >= atom.a ? kTrue : kFalse;
      default:
        return kFalse;
    }
  };
  return formulas_.map(f, replace, [](std::uint32_t, const ShortList<FormulaId>&) { return kTrue; });
}

Label Arrays::end_label(CoreId id) {
  const Core& core = cores_[id];
  if (at_end(core.demanded, core.index) != kTrue) return kNoLabel;
  Answers answers;
  for (std::size_t i = 0; i < core.asked.size(); ++i) {
    if (at_end(core.asked[i], core.index) == kTrue) answers.add(i);
  }
  return machine_.verdict_label(answers);
}

Step Arrays::compute(std::uint32_t id, std::uint8_t byte) {
  Local local = locals_[id];
  if (local.phase == Phase::kValueWait || local.phase == Phase::kSeparatorWait) return Step::reject();
  if (local.phase == Phase::kUnknownText) return Step::suspect();
  if (is_json_space(byte)) {
    if (local.spaced) return Step::reject();
    local.spaced = true;
    return machine_.call(state(local), spaces_.begin(byte));
  }
  if (cores_[local.core].anonymous && byte != ']') return compute_unknown(local, byte);
  if (local.phase == Phase::kUnknownItem) return Step::reject();
  if (byte == ']') {
    Label label = end_label(local.core);
    return label == kNoLabel ? Step::reject() : Step::returns(label);
  }
  if (local.phase == Phase::kAfterItem && byte != ',') return Step::reject();
  const Item next = item(local.core);
  if (!next.alive) return Step::reject();
  StateId waiting = state({Phase::kValueWait, true, next.core, next.spec, next.questions});
  if (local.phase == Phase::kAfterItem) return machine_.call(waiting, values_.start(next.spec));
  StateId pushed = values_.begin(next.spec, byte);
  return pushed == kDeadState ? Step::reject() : machine_.call(waiting, pushed);
}

StateId Arrays::after(std::uint32_t id, Label label) {
  Local local = locals_[id];
  if (local.phase == Phase::kSeparatorWait) {
    if (label == SeparatorFrames::kEnd) {
      const Label end = end_label(local.core);
      return end == kNoLabel ? kDeadState : machine_.leave(end);
    }
    const Item next = item(local.core);
    if (!next.alive) return kDeadState;
    return machine_.enter(state({Phase::kValueWait, true, next.core, next.spec, next.questions}),
                          values_.start(next.spec));
  }
  if (local.phase != Phase::kValueWait) return state(local);  // back from whitespace
  CoreId settled = local.core;
  if (infos_[local.core].unique) {
    // The questions saw to it that the array can be completed, whichever value it was.
    Core core = settle(local, label);
    core.anonymous = true;
    settled = intern_core(std::move(core));
  } else if (!lists_[local.questions].empty()) {
    settled = intern_core(settle(local, label));
    if (!satisfiable_id(settled)) return kDeadState;
  }
  return after_item(settled);
}

StateId Arrays::after_item(CoreId id) {
  const Core& core = cores_[id];
  if (core.anonymous || infos_[id].unique) return state({Phase::kAfterItem, core.compact, id});
  const SeparatorFrames::Choice choice{item(id).alive, end_label(id) != kNoLabel};
  return machine_.enter(state({Phase::kSeparatorWait, true, id}), separators_.behind_item(choice, core.compact));
}

Arrays::Core Arrays::settle(const Local& local, Label label) {
  Core core = cores_[local.core];
  const ShortList<QuestionId>& questions = lists_[local.questions];
  const Answers answers = machine_.answers(label);
  auto settle = [&](FormulaId f) {
    f = verdicts_.settle(f, questions, answers);
    return infos_[local.core].unique ? with_unique(f, formulas_.atom(AtomKind::kUnique, 0)) : f;
  };
  core.demanded = settle(core.demanded);
  for (FormulaId& f : core.asked) f = settle(f);
  return core;
}

StateId Arrays::after_text(std::uint32_t id, Label label, std::string_view text) {
  Local local = locals_[id];
  if (local.phase != Phase::kValueWait) return after(id, label);
  Core core = settle(local, label);
  CoreId known = intern_core(core);
  if (infos_[known].unique) {
    core.taken = taken_.add(core.taken, text);
    known = intern_core(core);
  }
  return after_item(known);
}

// What a walk may know after an item whose value it does not know: a comma may follow where the values are so many that
// one less does not matter, and so may the opening quote of a string.
Step Arrays::compute_unknown(const Local& local, std::uint8_t byte) {
  if (infos_[local.core].repeats) return Step::suspect();
  const Item next = item(local.core);
  if (!next.alive) return Step::reject();
  const Core core = cores_[local.core];
  auto unknown = [&](Phase phase) { return state({phase, core.compact, local.core}); };
  if (local.phase == Phase::kAfterItem) {
    if (byte != ',') return Step::reject();
    bool free = values_.asked(next.spec).empty() && !cells_of(core, core.index + 1) && values_.count(next.spec, 2) > 1;
    return free ? Step::stay(unknown(Phase::kUnknownItem)) : Step::suspect();
  }
  if (values_.begin(next.spec, byte) == kDeadState) return Step::reject();
  if (byte != '"') return Step::suspect();
  TextId text = values_.text(next.spec);
  if (text == kDeadText || texts_.regexes().count_words(texts_.alive(text), 2) < 2) return Step::suspect();
  return Step::stay(unknown(Phase::kUnknownText));
}

std::string Arrays::describe(std::uint32_t id) {
  const Local local = locals_[id];
  std::string out;
  if (local.phase == Phase::kAfterItem) {
    if (item(local.core).alive) out = "`,`";
  } else if (local.phase != Phase::kValueWait && item(local.core).alive) {
    out = values_.describe_spec(item(local.core).spec);
  }
  if (local.phase != Phase::kValueWait && end_label(local.core) != kNoLabel) out += out.empty() ? "`]`" : " or `]`";
  return out;
}

std::size_t Arrays::memory_bytes() const {
  return cores_.size() * (sizeof(Core) + sizeof(CoreInfo) + 48) + locals_.size() * (sizeof(Local) + 16) +
         lists_.size() * 96;
}

}  // namespace maskforge
