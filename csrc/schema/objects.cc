// See objects.h: frames and derivatives.
#include "schema/objects.h"

#include <algorithm>
#include <limits>

#include "base/errors.h"
#include "base/fuel.h"
#include "base/utf8.h"
#include "machine/configuration.h"

namespace maskforge {

Objects::Objects(Machine& machine, Values& values, TakenSets& taken, Texts& texts, TextFrames& strings,
                 SpaceFrames& spaces, SeparatorFrames& separators)
    : machine_(machine),
      values_(values),
      questions_(values.questions()),
      formulas_(questions_.formulas()),
      store_(questions_.store()),
      taken_(taken),
      texts_(texts),
      strings_(strings),
      spaces_(spaces),
      separators_(separators),
      orders_(values.orders()),
      verdicts_(formulas_, values),
      candidates_(store_),
      automaton_(machine.add_automaton(this, {.may_end = false, .lists_words = false})),
      classes_(structural_classes(machine)) {
  intern_list({});
}

StateId Objects::state(const Local& local) {
  // Where a value is read, the core has most often been reached by one key only.
  const bool reads_value = local.phase == Phase::kValueWait;
  std::uint32_t& known =
      infos_[local.core].locals[static_cast<std::size_t>(local.phase) * 2 + (!reads_value && local.spaced ? 1 : 0)];
  std::uint32_t id;
  if (known == 0) {
    id = locals_.append(local);
    known = id + 1;
  } else if (reads_value && !(locals_[known - 1] == local)) {
    id = locals_.intern(local);
  } else {
    id = known - 1;
  }
  const bool reads_key = local.phase == Phase::kKeyWait || local.phase == Phase::kNextKeyWait;
  return machine_.intern(automaton_, id, reads_key || local.awaits != kNone);
}

Objects::CoreId Objects::intern_core(Core core) {
  CoreId id = cores_.intern(std::move(core));
  while (infos_.size() <= id) infos_.emplace_back();
  return id;
}

StateId Objects::start(FormulaId demanded, const ShortList<FormulaId>& asked, bool compact, OrderId order,
                       const ShortList<QuestionId>& taken) {
  Core start{demanded, asked, 0, 0, false, compact, order};
  if (!taken.empty()) start.candidates = candidates_.of(taken);
  CoreId core = intern_core(std::move(start));
  if (!satisfiable_id(core)) return kDeadState;
  return separates(cores_[core]) ? state({Phase::kSeparatorWait, true, core}) : state({Phase::kFirst, compact, core});
}

std::uint32_t Objects::intern_list(ShortList<std::uint32_t> list) {
  const std::size_t before = lists_.size(), size = list.size();
  FuelScope::spend(size / 64 + 1);
  const std::uint32_t id = lists_.intern(std::move(list));
  if (lists_.size() != before) list_bytes_ += sizeof(list) + size * sizeof(std::uint32_t) + 16;
  return id;
}

Objects::SeenId Objects::with_seen(const Core& core, NameId name) {
  if (name == kNone && core.order == kNoOrder) return core.seen;
  ShortList<std::uint32_t> names = lists_[core.seen];
  if (name != kNone) names.insert(std::lower_bound(names.begin(), names.end(), name), name);
  if (core.order != kNoOrder) {
    const ShortList<NameId> before = orders_.before(core.order, name);
    FuelScope::spend((names.size() + before.size()) / 16 + 1);
    ShortList<std::uint32_t> all;
    std::set_union(names.begin(), names.end(), before.begin(), before.end(), std::back_inserter(all));
    names = std::move(all);
  }
  return intern_list(std::move(names));
}

std::uint32_t Objects::with_few(CoreId before, const Core& after, Label matches, std::uint64_t rivals) {
  const std::uint64_t wanted = extras_wanted(after) + (rivals > 0 ? rivals + 1 : 0);
  if (wanted == 0) return 0;
  RegexArena& regexes = texts_.regexes();
  const Plan& plan = plans_[info(before).plan];
  ShortList<RegexId> parts;
  for (RegexId pattern : plan.patterns) {
    const bool inside = machine_.answers_yes(matches, plan.bit_of(pattern));
    parts.push_back(inside ? pattern : regexes.complement(pattern));
  }
  const RegexId language = regexes.intersect(std::move(parts));
  ShortList<std::uint32_t> few = lists_[after.few];
  // Besides those that are counted as read (capacity()), and this one.
  const std::uint64_t enough = wanted + plan.names.size() + seen_unnamed(before).size() + few.size() + 1;
  if (language == regexes.any_text() || regexes.count_words(language, enough) >= enough) return after.few;
  few.insert(std::lower_bound(few.begin(), few.end(), language), language);
  return intern_list(std::move(few));
}

FormulaId Objects::without_seen(FormulaId f, SeenId seen) {
  return formulas_.map(f, [&](const Atom& atom, FormulaId self) {
    return atom.kind == AtomKind::kHas && was_seen(seen, atom.a) ? kFalse : self;
  });
}

bool Objects::was_seen(SeenId seen, NameId name) const {
  const ShortList<std::uint32_t>& names = lists_[seen];
  return std::binary_search(names.begin(), names.end(), name);
}

void Objects::questions_about(TableId table_id, const Key& key, const Plan& plan, ShortList<QuestionId>& out) {
  const MemberTable& table = store_.members[table_id];
  bool covered = false;
  if (key.name != kNone) {
    if (const QuestionId* named = table.properties.find(key.name)) {
      out.push_back(*named);
      covered = true;
    }
  }
  for (const auto& [pattern, question] : table.patterns) {
    if (!machine_.answers_yes(key.matches, plan.bit_of(pattern))) continue;
    out.push_back(question);
    covered = true;
  }
  if (!covered) out.push_back(table.additional);
}

bool Objects::is_exhausted(TableId id, const Settled& settled) const {
  constexpr std::size_t kFew = 8;  // branches of alternatives are small; large tables are not worth the question
  const MemberTable& table = store_.members[id];
  if (table.additional != kAlways || !table.patterns.empty() || table.properties.size() > kFew) return false;
  return std::all_of(table.properties.begin(), table.properties.end(),
                     [&](const auto& property) { return property.second == kAlways || settled(property.first); });
}

bool Objects::is_spent(TableId id, const Settled& settled) const {
  const MemberTable& table = store_.members[id];
  return table.additional == kNever && table.patterns.empty() &&
         std::all_of(table.properties.begin(), table.properties.end(),
                     [&](const auto& property) { return settled(property.first); });
}

FormulaId Objects::derive(FormulaId f, const Key& key, const Plan& plan, std::uint32_t count, const Settled& settled) {
  const Settled now_settled = [&](NameId name) { return name == key.name || settled(name); };
  auto verdicts_of = [&](TableId table) -> FormulaId {
    ShortList<QuestionId> asked;
    questions_about(table, key, plan, asked);
    ShortList<FormulaId> parts;
    for (QuestionId q : asked) {
      q = questions_.resolve(q);
      if (q == kNever) return kFalse;
      if (q != kAlways) parts.push_back(formulas_.atom(AtomKind::kVerdict, q));
    }
    return parts.empty() ? kTrue : parts.size() == 1 ? parts[0] : formulas_.conj(std::move(parts));
  };
  auto read = [&](std::uint32_t term, ShortList<FormulaId> conditions) {
    return questions_.unevaluated().read(term, std::move(conditions), verdicts_of,
                                         [&](TableId coverage) { return is_spent(coverage, now_settled); });
  };
  auto replace = [&](const Atom& atom, FormulaId self) -> FormulaId {
    switch (atom.kind) {
      case AtomKind::kHas:
        return atom.a == key.name ? kTrue : self;
      case AtomKind::kCount:
        return count >= atom.a ? kTrue : self;
      case AtomKind::kNames: {
        return machine_.answers_yes(key.matches, plan.bit_of(atom.a)) ? self : kFalse;
      }
      case AtomKind::kEach: {
        const FormulaId verdicts = verdicts_of(atom.a);
        if (verdicts == kFalse) return kFalse;
        // Once its last property was read, a branch says nothing more: without this, alternatives would stay open for
        // ever.
        self = is_exhausted(atom.a, now_settled) ? kTrue : self;
        return verdicts == kTrue ? self : formulas_.conj(self, verdicts);
      }
      default:
        return self;
    }
  };
  return formulas_.map(f, replace, read);
}

Objects::Member Objects::read_key(CoreId id, const Key& key, SeenId seen, NameId text) {
  FuelScope::spend();
  if (key.name != kNone && !store_.is_writable(key.name)) return Member{};
  if (const CoreInfo& known = info(id);
      known.is_plain && known.plain.only_tables && known.satisfiable == Known::kYes && cores_[id].order == kNoOrder) {
    return read_plain_key(id, key, seen, text);
  }
  const Plan& plan = plans_[info(id).plan];
  Core core = cores_[id];
  CandidatesId candidates = kNoCandidates;
  std::uint64_t rivals = 0, enough_for = std::numeric_limits<std::uint64_t>::max();
  CoreId free = id;
  const std::uint32_t keys = core.keys + 1;
  if (core.candidates != kNoCandidates) {
    candidates = candidates_after(id, core.candidates, seen, text);
    rivals = candidates_.size(candidates);
    core = without_candidates(std::move(core));
    free = intern_core(core);
  }
  std::uint32_t count = core.count + 1;
  const Settled settled = [&](NameId name) { return was_seen(seen, name); };
  auto derived = [&](FormulaId f) {
    f = derive(f, key, plan, count, settled);
    return core.order == kNoOrder ? f : without_seen(f, seen);
  };
  core.demanded = derived(core.demanded);
  Member member;
  if (core.demanded == kFalse) return member;
  bool counting = false;
  if (asks_taken(core.asked)) {
    replace_taken(core.asked, [&](CandidatesId set, std::uint32_t before, bool blurred) {
      return taken_atom(candidates_after(id, set, seen, text), before + 1, blurred || text == kNone);
    });
  }
  for (FormulaId& f : core.asked) f = derived(f);
  auto count_in = [&](FormulaId f) {
    formulas_.visit_atoms(f, [&](const Atom& atom, bool, bool) { counting |= atom.kind == AtomKind::kCount; });
  };
  count_in(core.demanded);
  for (FormulaId f : core.asked) count_in(f);
  core.count = counting ? count : 0;
  core.seen = seen;
  core.anonymous = core.anonymous || text == kNone;
  if (text == kNone) core.few = with_few(id, core, key.matches, rivals);
  bool ample = true;
  auto alive = [&](FormulaId f) {
    Core rest = core;
    rest.demanded = f;
    rest.asked.clear();
    if (!satisfiable(rest)) return false;
    if (rivals > 0 && ample) {
      const std::uint64_t ways = completions_seen(rest, rivals);
      ample = ways > rivals;
      enough_for = std::min(enough_for, ways - (ample ? 1 : 0));
    }
    return true;
  };
  Verdicts::Project project;
  if (rivals == 0) {
    project = [&](FormulaId f) {
      Core rest = core;
      rest.demanded = f;
      rest.asked.clear();
      return this->project(rest);
    };
  }
  Pending pending = verdicts_.ask(core.demanded, core.asked, core.compact, alive, project);
  if (!pending.alive) return member;
  if (ample && rivals > 0 && key.name != kNone && key.name == text) {
    const auto most = static_cast<std::uint32_t>(std::min<std::uint64_t>(enough_for, kNone));
    if (std::uint32_t* known = ample_.find(std::uint64_t{free} << 32 | text)) {
      *known = std::max(*known, most);
    } else {
      ample_.insert(std::uint64_t{free} << 32 | text, most);
    }
  }
  if (!ample) {
    if (text == kNone) throw FuelError("uniqueItems: too many different keys in objects of which there are only a few");
    Core after = core;
    after.demanded = pending.demanded;
    after.asked.clear();
    after.keys = keys;
    const std::optional<ShortList<QuestionId>> spent = spent_values(after, candidates, text);
    if (!spent) {
      CoreId formula = intern_core(spelt_out(cores_[id]));
      const bool named = plans_[info(formula).plan].has(text);
      return read_key(formula, named ? Key{text, key.matches} : key, seen, text);
    }
    ShortList<FormulaId> parts{core.demanded};
    for (QuestionId q : *spent) {
      parts.push_back(formulas_.negate(formulas_.atom(AtomKind::kVerdict, q)));
    }
    pending = verdicts_.ask(formulas_.conj(std::move(parts)), core.asked, core.compact, alive);
    if (!pending.alive) return member;
  }
  core.demanded = pending.demanded;
  core.asked = std::move(pending.asked);
  if (candidates != kNoCandidates) {
    core.candidates = candidates;
    core.keys = keys;
    core.blurred = text == kNone;
    member.awaits = text;
  } else if (asks_taken(core.asked)) {
    member.awaits = text;
  }
  member.core = intern_core(std::move(core));
  member.spec = pending.spec;
  member.questions = intern_list(std::move(pending.questions));
  member.alive = true;
  return member;
}

Objects::Member Objects::read_plain_key(CoreId id, const Key& key, SeenId seen, NameId text) {
  const CoreInfo& before = info(id);
  const Plan& plan = plans_[before.plan];
  Core core = cores_[id];
  const Formulas::Node& node = formulas_.node(core.demanded);
  const ShortList<FormulaId> parts = node.op == Formulas::Op::kAnd    ? node.parts
                                     : node.op == Formulas::Op::kAtom ? ShortList<FormulaId>{core.demanded}
                                                                      : ShortList<FormulaId>{};
  const Settled settled = [&](NameId name) { return name == key.name || was_seen(seen, name); };
  ShortList<FormulaId> left;
  ShortList<QuestionId> questions;
  bool same_plan = true;
  for (FormulaId part : parts) {
    const Atom& atom = formulas_.node(part).atom;
    if (atom.kind == AtomKind::kHas) {
      if (atom.a != key.name) {
        left.push_back(part);
      } else {
        same_plan = same_plan && !std::ranges::binary_search(plan.shape.mentions, atom.a);
      }
      continue;
    }
    questions_about(atom.a, key, plan, questions);
    if (is_exhausted(atom.a, settled)) {
      same_plan = false;
    } else {
      left.push_back(part);
    }
  }
  Member member;
  ShortList<std::uint32_t> forced;
  for (QuestionId q : questions) {
    q = questions_.resolve(q);
    if (q == kNever) return member;
    if (q != kAlways) forced.push_back(Literal{q, true}.code());
  }
  member.spec = values_.spec(std::move(forced), {}, kTrue, core.compact);
  member.alive = values_.satisfiable(member.spec);
  if (!member.alive) return Member{};
  if (left.size() < parts.size()) core.demanded = formulas_.conj(std::move(left));
  core.seen = seen;
  core.anonymous = core.anonymous || text == kNone;
  member.core = intern_core(std::move(core));
  CoreInfo& after = infos_[member.core];
  after.satisfiable = Known::kYes;
  if (same_plan && !after.analysed) {
    after.plan = before.plan;
    after.plain = before.plain;
    erase(after.plain.missing, key.name);
    after.is_plain = after.analysed = true;
    list_bytes_ += after.plain.missing.size() * sizeof(NameId);
  }
  return member;
}

const Objects::Member& Objects::named_member(CoreId core, NameId name) {
  if (auto known = info(core).members.find(name); known != info(core).members.end()) return known->second;
  const Plan& plan = plans_[info(core).plan];
  Key key{name, plan.matches_of(name)};
  Member member = read_key(core, key, with_seen(cores_[core], name), name);
  return info(core).members.emplace(name, member).first->second;
}

const Objects::Member& Objects::unnamed_member(CoreId core, Label matches) {
  if (auto known = info(core).unnamed.find(matches); known != info(core).unnamed.end()) return known->second;
  Member member = read_key(core, Key{kNone, matches}, with_seen(cores_[core], kNone), kNone);
  return info(core).unnamed.emplace(matches, member).first->second;
}

StateId Objects::after_key(const Member& member) {
  if (!member.alive) return kDeadState;
  return machine_.enter(state({Phase::kValueWait, true, member.core, member.spec, member.questions, member.awaits}),
                        values_.colon(member.spec));
}

bool Objects::separates(const Core& core) {
  return !core.anonymous && core.candidates == kNoCandidates && !asks_taken(core.asked);
}

StateId Objects::after_value(CoreId id) {
  const Core& core = cores_[id];
  if (!separates(core)) return state({Phase::kAfterValue, core.compact, id});
  const SeparatorFrames::Choice choice{any_key_left(id), end_label(id) != kNoLabel};
  return machine_.enter(state({Phase::kSeparatorWait, true, id}), separators_.behind_member(choice, core.compact));
}

FormulaId Objects::at_end(FormulaId f, std::uint32_t count) {
  if (f == kTrue || f == kFalse) return f;
  auto replace = [&](const Atom& atom, FormulaId self) -> FormulaId {
    switch (atom.kind) {
      case AtomKind::kEach:
      case AtomKind::kNames:
        return kTrue;
      case AtomKind::kCount:
        return count >= atom.a ? kTrue : kFalse;
      case AtomKind::kOpen:
        return self;
      case AtomKind::kTaken:
        return candidates_.any_complete(atom.a, atom.b / 2) ? kTrue : kFalse;
      default:
        return kFalse;
    }
  };
  return formulas_.map(f, replace, [](std::uint32_t, const ShortList<FormulaId>&) { return kTrue; });
}

Label Objects::end_label(CoreId id) {
  if (const CoreInfo& known = infos_[id]; known.analysed && known.is_plain && known.plain.only_tables) {
    return known.plain.missing.empty() ? machine_.verdict_label({}) : kNoLabel;
  }
  const Core& core = cores_[id];
  if (at_end(core.demanded, core.count) != kTrue) return kNoLabel;
  if (!core.blurred && candidates_.any_complete(core.candidates, core.keys)) return kNoLabel;
  Answers answers;
  for (std::size_t i = 0; i < core.asked.size(); ++i) {
    if (at_end(core.asked[i], core.count) == kTrue) answers.add(i);
  }
  return machine_.verdict_label(answers);
}

Step Objects::compute(std::uint32_t id, std::uint8_t byte) {
  Local local = locals_[id];
  if (local.phase == Phase::kUnknownKey) return Step::suspect();
  if (is_json_space(byte)) {
    if (local.spaced || is_waiting(local.phase)) return Step::reject();
    local.spaced = true;
    return machine_.call(state(local), spaces_.begin(byte));
  }
  if (cores_[local.core].blurred) return compute_blurred(local, byte);
  const bool compact = cores_[local.core].compact;
  switch (local.phase) {
    case Phase::kKeyWait:
    case Phase::kValueWait:
    case Phase::kUnknownKey:
    case Phase::kSeparatorWait:
    case Phase::kNextKeyWait:
      return Step::reject();
    case Phase::kFirst:
    case Phase::kNextKey: {
      if (byte == '}' && local.phase == Phase::kFirst) {
        Label label = end_label(local.core);
        return label == kNoLabel ? Step::reject() : Step::returns(label);
      }
      if (byte != '"') return Step::reject();
      TextId text = keys_of(local.core);
      if (text == kDeadText) return Step::reject();
      if (cores_[local.core].anonymous) {
        // Which key is taken is unknown. Where there are always others, a token may open the next one without looking
        // closer.
        TextId rest = extras(local.core);
        if (rest == kDeadText || texts_.alive(rest) != texts_.regexes().any_text()) return Step::suspect();
        return machine_.call(state({Phase::kKeyWait, true, local.core}), state({Phase::kUnknownKey, true, local.core}));
      }
      return machine_.call(state({Phase::kKeyWait, true, local.core}), strings_.body(text));
    }
    case Phase::kAfterValue:
      if (byte == '}') {
        Label label = end_label(local.core);
        if (label == kNoLabel) return Step::reject();
        return may_be_taken(cores_[local.core]) ? Step::suspect() : Step::returns(label);
      }
      if (byte != ',' || !any_key_left(local.core)) return Step::reject();
      return Step::stay(state({Phase::kNextKey, compact, local.core}));
  }
  return Step::reject();
}

StateId Objects::after(std::uint32_t id, Label label) {
  Local local = locals_[id];
  switch (local.phase) {
    case Phase::kKeyWait:
    case Phase::kNextKeyWait:
      return after_key(is_named(label) ? named_member(local.core, name_index(label))
                                       : unnamed_member(local.core, label));
    case Phase::kValueWait: {
      const ShortList<QuestionId>& questions = lists_[local.questions];
      Core core = cores_[local.core];
      if (local.awaits != kNone) {
        core.blurred = core.candidates != kNoCandidates;
        replace_taken(core.asked,
                      [&](CandidatesId set, std::uint32_t keys, bool) { return taken_atom(set, keys, true); });
      }
      if (!questions.empty()) {
        const Answers answers = machine_.answers(label);
        core.demanded = verdicts_.settle(core.demanded, questions, answers);
        for (FormulaId& f : core.asked) f = verdicts_.settle(f, questions, answers);
        CoreId settled = intern_core(core);
        if (!satisfiable_id(settled)) return kDeadState;
        return after_value(settled);
      }
      return after_value(local.awaits == kNone ? local.core : intern_core(core));
    }
    case Phase::kSeparatorWait: {
      if (label == SeparatorFrames::kEnd) {
        const Label end = end_label(local.core);
        return end == kNoLabel ? kDeadState : machine_.leave(end);
      }
      if (label == SeparatorFrames::kOpened) {
        const SeparatorFrames::Choice choice{any_key_left(local.core), end_label(local.core) != kNoLabel};
        return machine_.enter(state(local), separators_.behind_brace(choice, cores_[local.core].compact));
      }
      const TextId text = keys_of(local.core);
      if (text == kDeadText) return kDeadState;
      return machine_.enter(state({Phase::kNextKeyWait, true, local.core}), strings_.body(text));
    }
    default:
      return state(local);  // back from whitespace
  }
}

StateId Objects::after_text(std::uint32_t id, Label label, std::string_view text) {
  Local local = locals_[id];
  if (local.phase == Phase::kValueWait) {
    Core core = cores_[local.core];
    const ShortList<QuestionId>& questions = lists_[local.questions];
    const Answers answers = machine_.answers(label);
    core.demanded = verdicts_.settle(core.demanded, questions, answers);
    for (FormulaId& f : core.asked) f = verdicts_.settle(f, questions, answers);
    const QuestionId value = taken_.value(text);
    core.candidates = candidates_.with_value(core.candidates, local.awaits, value);
    if (core.candidates == kNoCandidates) core = without_candidates(std::move(core));
    replace_taken(core.asked, [&](CandidatesId set, std::uint32_t keys, bool blurred) {
      return taken_atom(candidates_.with_value(set, local.awaits, value), keys, blurred);
    });
    CoreId settled = intern_core(core);
    return satisfiable_id(settled) ? after_value(settled) : kDeadState;
  }
  text.remove_suffix(1);
  if (local.phase == Phase::kKeyWait) text.remove_prefix(1);  // otherwise the separator's
  NameId name = store_.name(decode_json_string(text));
  const Core& core = cores_[local.core];
  if (was_seen(core.seen, name)) return kDeadState;
  // Not kept in the core's memo: unnamed keys are many and rarely come twice.
  Member member = read_key(local.core, Key{kNone, label}, with_seen(core, name), name);
  return after_key(member);
}

std::string Objects::describe(std::uint32_t id) {
  const Local local = locals_[id];
  auto keys = [&] {
    std::string out;
    const Plan& plan = plans_[info(local.core).plan];
    int listed = 0;
    for (NameId name : plan.names) {
      if (was_seen(cores_[local.core].seen, name) || !key_alive(local.core, name)) continue;
      if (++listed > 8) {
        out += ", ...";
        break;
      }
      out += (out.empty() ? "\"" : ", \"") + encode_utf8(store_.name_text(name)) + "\"";
    }
    if (extras(local.core) != kDeadText) out += out.empty() ? "any key" : " or another key";
    return out;
  };
  switch (local.phase) {
    case Phase::kFirst: {
      std::string out = any_key_left(local.core) ? "a key: " + keys() : "";
      if (end_label(local.core) != kNoLabel) out += out.empty() ? "`}`" : "; or `}`";
      return out;
    }
    case Phase::kNextKey:
    case Phase::kSeparatorWait:
      return "a key: " + keys();
    case Phase::kAfterValue: {
      std::string out = any_key_left(local.core) ? "`,`" : "";
      if (end_label(local.core) != kNoLabel) out += out.empty() ? "`}`" : " or `}`";
      return out;
    }
    default:
      return "the end of a member";
  }
}

std::size_t Objects::memory_bytes() const {
  return cores_.size() * (sizeof(Core) + sizeof(CoreInfo) + 64) + locals_.size() * (sizeof(Local) + 16) +
         candidates_.memory_bytes() + list_bytes_ + ample_.memory_bytes() + places_.size() * (sizeof(KeyPlace) + 16) +
         plans_.size() * (sizeof(Plan) + 512);
}

}  // namespace maskforge
