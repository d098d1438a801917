// See arrays.h.
#include "schema/arrays.h"

#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"

namespace maskforge {

namespace {

constexpr std::uint32_t kMaxSearchDepth = 3000;

}  // namespace

Arrays::Arrays(Machine& machine, Values& values, SpaceFrames& spaces)
    : machine_(machine),
      values_(values),
      questions_(values.questions()),
      formulas_(questions_.formulas()),
      store_(questions_.store()),
      spaces_(spaces),
      verdicts_(formulas_, values),
      automaton_(machine.add_automaton(this)),
      classes_(structural_classes(machine)) {
  lists_.intern({});
}

Arrays::CoreId Arrays::intern_core(Core core) {
  std::uint32_t horizon = bounds(core.demanded).horizon;
  for (FormulaId f : core.asked) horizon = std::max(horizon, bounds(f).horizon);
  core.index = std::min(core.index, horizon);
  CoreId id = cores_.intern(std::move(core));
  while (infos_.size() <= id) infos_.emplace_back();
  return id;
}

Arrays::Bounds Arrays::bounds(FormulaId f) const {
  Bounds bounds;
  formulas_.visit_atoms(f, [&](const Atom& atom, bool, bool negative) {
    if (atom.kind == AtomKind::kItems) {
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
    return inner.atom.kind == AtomKind::kItems && !negated;
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

StateId Arrays::start(FormulaId demanded, const std::vector<FormulaId>& asked, bool compact) {
  CoreId core = intern_core(Core{demanded, asked, 0, compact});
  if (!satisfiable_id(core)) return kDeadState;
  return state({Phase::kFirst, compact, core});
}

FormulaId Arrays::derive(FormulaId f, std::uint32_t index) {
  auto verdict_of = [&](TableId id) -> FormulaId {
    const ItemTable& table = store_.items[id];
    QuestionId q = questions_.resolve(index < table.prefix.size() ? table.prefix[index] : table.rest);
    return q == kNever ? kFalse : q == kAlways ? kTrue : formulas_.atom(AtomKind::kVerdict, q);
  };
  auto read = [&](std::uint32_t term, std::vector<FormulaId> conditions) {
    return questions_.unevaluated().read(term, std::move(conditions), verdict_of, [&](TableId coverage) {
      return store_.items[coverage].rest == kNever && store_.items[coverage].prefix.size() <= index + 1;
    });
  };
  auto replace = [&](const Atom& atom, FormulaId self) -> FormulaId {
    switch (atom.kind) {
      case AtomKind::kLength:
        return index + 1 >= atom.a ? kTrue : self;
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
  core.demanded = derive(core.demanded, core.index);
  if (core.demanded == kFalse) return item;
  for (FormulaId& f : core.asked) f = derive(f, core.index);
  ++core.index;
  Pending pending = verdicts_.ask(core.demanded, core.asked, core.compact, [&](FormulaId f) {
    Core rest = core;
    rest.demanded = f;
    rest.asked.clear();
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
        return kTrue;
      case AtomKind::kLength:
        return index >= atom.a ? kTrue : kFalse;
      default:
        return kFalse;
    }
  };
  return formulas_.map(f, replace, [](std::uint32_t, const std::vector<FormulaId>&) { return kTrue; });
}

Label Arrays::end_label(CoreId id) {
  const Core& core = cores_[id];
  if (at_end(core.demanded, core.index) != kTrue) return kNoLabel;
  std::uint64_t verdicts = 0;
  for (std::size_t i = 0; i < core.asked.size(); ++i) {
    if (at_end(core.asked[i], core.index) == kTrue) verdicts |= std::uint64_t{1} << i;
  }
  return machine_.verdict_label(verdicts);
}

Step Arrays::compute(std::uint32_t id, std::uint8_t byte) {
  Local local = locals_[id];
  if (local.phase == Phase::kValueWait) return Step::reject();
  if (is_json_space(byte)) {
    if (local.spaced) return Step::reject();
    local.spaced = true;
    return machine_.call(state(local), spaces_.begin(byte));
  }
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
  if (local.phase != Phase::kValueWait) return state(local);  // back from whitespace
  Core core = cores_[local.core];
  const std::vector<QuestionId>& questions = lists_[local.questions];
  CoreId settled = local.core;
  if (!questions.empty()) {
    std::uint64_t verdicts = machine_.verdicts(label);
    core.demanded = verdicts_.settle(core.demanded, questions, verdicts);
    for (FormulaId& f : core.asked) f = verdicts_.settle(f, questions, verdicts);
    settled = intern_core(core);
    if (!satisfiable_id(settled)) return kDeadState;
  }
  return state({Phase::kAfterItem, core.compact, settled});
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

bool Arrays::satisfiable(const Core& core) {
  if (core.demanded == kFalse) return false;
  return satisfiable_id(intern_core(core));
}

bool Arrays::satisfiable_id(CoreId id) {
  if (infos_[id].satisfiable != Known::kUnknown) return infos_[id].satisfiable == Known::kYes;
  const Core core = cores_[id];
  if (core.demanded == kFalse) return false;
  Values::Attempt attempt(values_);
  bool found;
  if (at_end(core.demanded, core.index) == kTrue) {
    found = true;
  } else if (!core.asked.empty()) {
    Core alone = core;
    alone.asked.clear();
    found = satisfiable(alone);
  } else if (Bounds bounds = this->bounds(core.demanded); bounds.plain) {
    found = plain_satisfiable(core, bounds);
  } else {
    std::uint32_t last = std::max(core.index, bounds.horizon) + bounds.reserve + 1;
    if (last - core.index > kMaxSearchDepth)
      throw UnsupportedError("an array whose alternatives depend on more than 3,000 items");
    Failed failed;
    found = search(core.demanded, core.index, last, core.compact, failed);
  }
  if (found || attempt.certain()) infos_[id].satisfiable = found ? Known::kYes : Known::kNo;
  return found;
}

bool Arrays::item_possible(FormulaId f, std::uint32_t index, bool compact) {
  return verdicts_.some(derive(f, index), compact, [](FormulaId) { return true; });
}

bool Arrays::plain_satisfiable(const Core& core, const Bounds& bounds) {
  if (bounds.least > bounds.most) return false;
  // Only the items up to the least length must exist; those beyond every prefix are all alike.
  std::uint32_t prefix = 0;
  std::vector<FormulaId> tables;
  const Formulas::Node& node = formulas_.node(core.demanded);
  auto take = [&](FormulaId part) {
    const Formulas::Node& n = formulas_.node(part);
    if (n.op != Formulas::Op::kAtom || n.atom.kind != AtomKind::kItems) return;
    tables.push_back(part);
    prefix = std::max(prefix, static_cast<std::uint32_t>(store_.items[n.atom.a].prefix.size()));
  };
  if (node.op == Formulas::Op::kAnd) {
    for (FormulaId part : node.parts) take(part);
  } else {
    take(core.demanded);
  }
  FormulaId all = formulas_.conj(std::move(tables));
  for (std::uint32_t i = core.index; i < bounds.least; ++i) {
    FuelScope::spend();
    if (!item_possible(all, i, core.compact)) return false;
    if (i >= prefix) break;
  }
  return true;
}

bool Arrays::search(FormulaId f, std::uint32_t index, std::uint32_t last, bool compact, Failed& failed) {
  FuelScope::spend();
  if (f == kFalse) return false;
  if (at_end(f, index) == kTrue) return true;
  if (index >= last || failed.contains({f, index})) return false;
  FormulaId next = derive(f, index);
  bool found = next != kFalse && verdicts_.some(next, compact, [&](FormulaId rest) {
    return this->search(rest, index + 1, last, compact, failed);
  });
  if (!found) failed.insert({f, index});
  return found;
}

std::size_t Arrays::memory_bytes() const {
  return cores_.size() * (sizeof(Core) + sizeof(CoreInfo) + 48) + locals_.size() * (sizeof(Local) + 16) +
         lists_.size() * 96;
}

}  // namespace maskforge
