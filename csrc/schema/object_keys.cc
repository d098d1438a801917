// See objects.h: plans, and the texts of keys.
#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"
#include "base/stack.h"
#include "schema/objects.h"

namespace maskforge {

namespace {

constexpr std::size_t kMaxCells = 1024;  // beyond one for each pattern

void sort_unique(ShortList<std::uint32_t>& list) {
  if (list.size() < 2) return;
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace

Objects::PlanId Objects::plan_of(const Core& core) {
  Shape shape;
  shape.compact = core.compact;
  shape.order = core.order;
  auto mention = [&](CandidatesId candidates) {
    ShortList<NameId> names = candidate_names(candidates, core.seen);
    shape.mentions.insert(shape.mentions.end(), names.begin(), names.end());
  };
  auto collect = [&](const Atom& atom, bool, bool) {
    if (atom.kind == AtomKind::kEach) shape.tables.push_back(atom.a);
    if (atom.kind == AtomKind::kNames) shape.names.push_back(atom.a);
    if (atom.kind == AtomKind::kHas) shape.mentions.push_back(atom.a);
    if (atom.kind == AtomKind::kTaken) mention(atom.a);
    if (atom.kind == AtomKind::kUnevaluated) {
      const Unevaluated::Term& term = questions_.unevaluated().term(atom.a);
      shape.tables.push_back(term.base);
      shape.tables.insert(shape.tables.end(), term.coverages.begin(), term.coverages.end());
    }
  };
  formulas_.visit_atoms(core.demanded, collect);
  for (FormulaId f : core.asked) formulas_.visit_atoms(f, collect);
  sort_unique(shape.tables);
  sort_unique(shape.names);
  if (core.candidates != kNoCandidates && !core.blurred) mention(core.candidates);
  sort_unique(shape.mentions);
  erase_if(shape.mentions, [&](NameId name) {
    return std::any_of(shape.tables.begin(), shape.tables.end(),
                       [&](TableId table) { return store_.members[table].properties.contains(name); });
  });
  PlanId id = shapes_.intern(shape);
  // What follows may throw: the plan is then made when it is asked for again.
  while (plans_.size() <= id) plans_.emplace_back();
  if (plans_[id].is_made) return id;
  Plan plan;
  plan.shape = shapes_[id];
  plan.names = plan.shape.mentions;
  for (TableId table : plan.shape.tables) {
    for (const auto& [name, question] : store_.members[table].properties) plan.names.push_back(name);
    for (const auto& [pattern, question] : store_.members[table].patterns) plan.patterns.push_back(pattern);
  }
  const ShortList<NameId>& ordered = orders_.names(plan.shape.order);
  plan.names.insert(plan.names.end(), ordered.begin(), ordered.end());
  plan.patterns.insert(plan.patterns.end(), plan.shape.names.begin(), plan.shape.names.end());
  sort_unique(plan.patterns);
  sort_unique(plan.names);
  std::sort(plan.names.begin(), plan.names.end(),
            [&](NameId a, NameId b) { return store_.name_text(a) < store_.name_text(b); });
  FuelScope::spend(plan.names.size() / 8 + 1);
  plan.name_matches.reserve(plan.names.size());
  plan.index.reserve(plan.names.size());
  for (std::uint32_t i = 0; i < plan.names.size(); ++i) {
    Answers matches;
    for (std::size_t p = 0; p < plan.patterns.size(); ++p) {
      if (texts_.regexes().matches(plan.patterns[p], store_.name_text(plan.names[i]))) matches.add(p);
    }
    plan.name_matches.push_back(machine_.verdict_label(matches));
    plan.index.emplace_back(plan.names[i], i);
  }
  std::sort(plan.index.begin(), plan.index.end());
  plan.name_alive.assign(plan.names.size(), Known::kUnknown);
  plan.is_made = true;
  plans_[id] = std::move(plan);
  return id;
}

bool Objects::is_plain(FormulaId f, Plain* plain) const {
  auto take = [&](FormulaId part) {
    const Formulas::Node& node = formulas_.node(part);
    if (node.op == Formulas::Op::kAtom) {
      if (plain != nullptr && node.atom.kind == AtomKind::kHas) plain->missing.push_back(node.atom.a);
      if (plain != nullptr && node.atom.kind == AtomKind::kCount) plain->least = std::max(plain->least, node.atom.a);
      if (plain != nullptr && node.atom.kind != AtomKind::kHas && node.atom.kind != AtomKind::kEach)
        plain->only_tables = false;
      return node.atom.kind != AtomKind::kVerdict && node.atom.kind != AtomKind::kOpen;
    }
    if (node.op == Formulas::Op::kNot) {
      const Formulas::Node& inner = formulas_.node(node.parts[0]);
      if (inner.op == Formulas::Op::kAtom && inner.atom.kind == AtomKind::kCount) {
        if (plain != nullptr) plain->most = std::min(plain->most, inner.atom.a - 1);
        if (plain != nullptr) plain->only_tables = false;
        return true;
      }
    }
    return false;
  };
  if (f == kTrue) return true;
  const Formulas::Node& node = formulas_.node(f);
  return node.op == Formulas::Op::kAnd ? std::ranges::all_of(node.parts, take) : take(f);
}

Objects::CoreInfo& Objects::info(CoreId id) {
  CoreInfo& info = infos_[id];
  if (info.analysed) return info;
  const Core& core = cores_[id];
  info.plan = plan_of(core);
  info.is_plain = core.asked.empty() && core.candidates == kNoCandidates && is_plain(core.demanded, &info.plain);
  list_bytes_ += info.plain.missing.size() * sizeof(NameId);
  info.analysed = true;
  return info;
}

const std::vector<Objects::Cell>& Objects::cells(Plan& plan) {
  if (plan.cells) return *plan.cells;
  RegexArena& regexes = texts_.regexes();
  struct Part {
    Answers in;
    RegexId keys;
  };
  std::vector<Part> parts{{{}, regexes.any_text()}};
  for (std::size_t p = 0; p < plan.patterns.size(); ++p) {
    const RegexId pattern = plan.patterns[p], outside = regexes.complement(pattern);
    // Of hundreds of patterns most exclude one another: a cell of such a one is left as it is.
    std::vector<Known> apart(p, Known::kUnknown);
    auto excludes = [&](std::uint32_t other) {
      if (apart[other] == Known::kUnknown) {
        const bool empty = regexes.is_empty(regexes.intersect({plan.patterns[other], pattern}));
        apart[other] = empty ? Known::kYes : Known::kNo;
      }
      return apart[other] == Known::kYes;
    };
    std::vector<Part> next;
    for (Part& part : parts) {
      FuelScope::spend();
      if (std::any_of(part.in.yes.begin(), part.in.yes.end(), excludes)) {
        next.push_back(std::move(part));
        continue;
      }
      RegexId in = regexes.intersect({part.keys, pattern});
      RegexId out = regexes.intersect({part.keys, outside});
      if (!regexes.is_empty(in)) {
        next.push_back({part.in, in});
        next.back().in.add(p);
      }
      if (!regexes.is_empty(out)) next.push_back({std::move(part.in), out});
    }
    if (next.size() > kMaxCells + plan.patterns.size())
      throw UnsupportedError("the key patterns of one object overlap in more than 1,024 ways");
    parts = std::move(next);
  }
  std::vector<Cell> cells;
  for (const Part& part : parts) cells.push_back({machine_.verdict_label(part.in), part.keys});
  plan.cell_alive.assign(cells.size(), Known::kUnknown);
  plan.cells = std::move(cells);
  return *plan.cells;
}

// The unnamed keys whose value can exist in a plain core, without a look at cells, of which there can be very many:
// patterns that ask the same are one, and where one value satisfies all that is left nothing is divided any more.
// Nothing where it takes too many steps.
std::optional<RegexId> Objects::living_keys(Plan& plan) {
  constexpr int kMostSteps = 64;
  RegexArena& regexes = texts_.regexes();
  std::map<QuestionId, ShortList<RegexId>> askers;
  auto add = [&](QuestionId q, RegexId keys) {
    q = questions_.resolve(q);
    if (q != kAlways) askers[q].push_back(keys);
  };
  for (TableId table : plan.shape.tables) {
    ShortList<RegexId> patterns;
    for (const auto& [pattern, question] : store_.members[table].patterns) {
      add(question, pattern);
      patterns.push_back(pattern);
    }
    add(store_.members[table].additional, regexes.complement(regexes.unite(std::move(patterns))));
  }
  std::vector<std::pair<QuestionId, RegexId>> groups;
  for (auto& [question, keys] : askers) groups.emplace_back(question, regexes.unite(std::move(keys)));
  auto possible = [&](const ShortList<std::uint32_t>& forced) {
    if (std::find(forced.begin(), forced.end(), Literal{kNever, true}.code()) != forced.end()) return false;
    return forced.empty() || values_.satisfiable(values_.spec(forced, {}, kTrue, plan.shape.compact));
  };
  int steps = 0;
  // Of `keys`, which are asked `forced` and whatever the groups from `at` on ask of them.
  std::function<RegexId(RegexId, ShortList<std::uint32_t>, std::size_t)> living =
      [&](RegexId keys, ShortList<std::uint32_t> forced, std::size_t at) {
        Stack::check();
        if (++steps > kMostSteps || regexes.is_empty(keys)) return regexes.none();
        ShortList<std::uint32_t> all = forced;
        for (std::size_t i = at; i < groups.size(); ++i) all.push_back(Literal{groups[i].first, true}.code());
        if (possible(all)) return keys;
        if (at == groups.size() || !possible(forced)) return regexes.none();
        const RegexId in = regexes.intersect({keys, groups[at].second});
        const RegexId out = regexes.intersect({keys, regexes.complement(groups[at].second)});
        const RegexId living_out = living(out, forced, at + 1);
        forced.push_back(Literal{groups[at].first, true}.code());
        const RegexId living_in = living(in, std::move(forced), at + 1);
        if (living_out == out && (living_in == in || regexes.is_empty(in))) return keys;
        return regexes.unite({living_in, living_out});
      };
  ShortList<RegexId> start = plan.shape.names;
  start.push_back(regexes.any_text());
  const RegexId keys = living(regexes.intersect(std::move(start)), {}, 0);
  return steps > kMostSteps ? std::nullopt : std::optional(keys);
}

bool Objects::plain_alive(Plan& plan, const Key& key) {
  if (key.name != kNone && !store_.is_writable(key.name)) return false;
  for (RegexId names : plan.shape.names) {
    if (!machine_.answers_yes(key.matches, plan.bit_of(names))) return false;
  }
  ShortList<QuestionId> asked;
  for (TableId table : plan.shape.tables) questions_about(table, key, plan, asked);
  if (asked.size() == 1 && store_.nodes[asked[0]].surely_satisfiable) return true;
  ShortList<std::uint32_t> forced;
  for (QuestionId q : asked) {
    q = questions_.resolve(q);
    if (q == kNever) return false;
    if (q != kAlways) forced.push_back(Literal{q, true}.code());
  }
  return forced.empty() || values_.satisfiable(values_.spec(std::move(forced), {}, kTrue, plan.shape.compact));
}

bool Objects::plain_name_alive(Plan& plan, std::uint32_t index) {
  if (plan.name_alive[index] == Known::kUnknown) {
    Values::Attempt attempt(values_);
    bool alive = plain_alive(plan, Key{plan.names[index], plan.name_matches[index]});
    if (!alive && !attempt.certain()) return false;
    plan.name_alive[index] = alive ? Known::kYes : Known::kNo;
  }
  return plan.name_alive[index] == Known::kYes;
}

bool Objects::plain_cell_alive(Plan& plan, std::size_t cell) {
  const Cell& c = cells(plan)[cell];
  if (plan.cell_alive[cell] == Known::kUnknown) {
    Values::Attempt attempt(values_);
    bool alive = plain_alive(plan, Key{kNone, c.matches});
    if (!alive && !attempt.certain()) return false;
    plan.cell_alive[cell] = alive ? Known::kYes : Known::kNo;
  }
  return plan.cell_alive[cell] == Known::kYes;
}

bool Objects::room_for(const CoreInfo& info, const Core& core, NameId name) const {
  if (info.plain.most == 0xFFFFFFFFu) return true;
  std::uint64_t others = info.plain.missing.size();
  if (std::find(info.plain.missing.begin(), info.plain.missing.end(), name) != info.plain.missing.end()) --others;
  return core.count + 1 + others <= info.plain.most;
}

ShortList<Objects::CoreId> Objects::plain_branches(CoreId id) {
  ShortList<CoreId> branches;
  const Core& core = cores_[id];
  const Formulas::Node& node = formulas_.node(core.demanded);
  if (node.op != Formulas::Op::kOr || core.candidates != kNoCandidates) return branches;
  for (FormulaId part : node.parts) {
    if (!is_plain(part)) continue;
    Core branch = core;
    branch.demanded = part;
    branch.asked.clear();
    branches.push_back(intern_core(std::move(branch)));
  }
  return branches;
}

bool Objects::branch_key_alive(CoreId branch, NameId name) {
  if (plans_[info(branch).plan].has(name)) return satisfiable_id(branch) && key_alive(branch, name);
  Plan& plan = plans_[info(branch).plan];
  return plan.patterns.empty() && cores_[branch].order == kNoOrder && store_.is_writable(name) &&
         room_for(info(branch), cores_[branch], name) && plain_cell_alive(plan, 0) && satisfiable_id(branch);
}

bool Objects::key_alive(CoreId core, NameId name) {
  if (was_seen(cores_[core].seen, name)) return false;
  CoreInfo& info = this->info(core);
  if (!info.is_plain) {
    if (cores_[core].candidates == kNoCandidates && !cores_[core].asked.empty()) {
      // What is asked does not decide what may be read; without it, equal situations meet.
      Core alone = cores_[core];
      alone.asked.clear();
      const CoreId id = intern_core(std::move(alone));
      if (plans_[this->info(id).plan].has(name)) return key_alive(id, name);
    }
    if (!info.branches) {
      info.branches = plain_branches(core);
      list_bytes_ += info.branches->size() * sizeof(CoreId);
    }
    for (CoreId branch : *info.branches) {
      FuelScope::spend();
      if (branch_key_alive(branch, name)) return true;
    }
    if (cores_[core].candidates != kNoCandidates && surely_ample(core, name)) return in_turn(core, name);
    return in_turn(core, name) && named_member(core, name).alive;
  }
  Plan& plan = plans_[info.plan];
  return room_for(info, cores_[core], name) && in_turn(core, name) && plain_name_alive(plan, plan.index_of(name));
}

const ShortList<NameId>& Objects::needed(FormulaId f, NeededNames& known) {
  if (auto entry = known.find(f); entry != known.end()) return entry->second;
  FuelScope::spend();
  const Formulas::Node& node = formulas_.node(f);
  ShortList<NameId> names;
  if (node.op == Formulas::Op::kAtom && node.atom.kind == AtomKind::kHas) names.push_back(node.atom.a);
  const bool all = node.op == Formulas::Op::kAnd;
  if (all || node.op == Formulas::Op::kOr || node.op == Formulas::Op::kOne) {
    for (std::size_t i = 0; i < node.parts.size(); ++i) {
      const ShortList<NameId>& part = needed(node.parts[i], known);
      if (all) {
        names.insert(names.end(), part.begin(), part.end());
      } else if (i == 0) {
        names = part;
      } else {
        erase_if(names, [&](NameId name) { return !std::binary_search(part.begin(), part.end(), name); });
      }
    }
    if (all) sort_unique(names);
  }
  return known.emplace(f, std::move(names)).first->second;
}

const ShortList<NameId>& Objects::awaited(CoreId id) {
  CoreInfo& info = this->info(id);
  if (!info.awaited) {
    NeededNames known;
    info.awaited = orders_.first_of(cores_[id].order, needed(cores_[id].demanded, known));
  }
  return *info.awaited;
}

bool Objects::in_turn(CoreId id, NameId name) {
  const Core& core = cores_[id];
  if (core.order == kNoOrder) return true;
  for (NameId first : awaited(id)) {
    if (first != name && orders_.precedes(core.order, first, name)) return false;
  }
  CoreInfo& info = this->info(id);
  const std::uint64_t total = std::uint64_t{core.count} + info.plain.missing.size();
  if (!info.is_plain || total >= info.plain.least) return true;
  // Where the key is none of the missing ones, it is among those that are counted here.
  auto enough = [&](NameId next) {
    FuelScope::spend(plans_[info.plan].names.size() / 8 + 1);
    return has_others(id, info.plain.least - total, orders_.before(core.order, next));
  };
  if (!orders_.is_list(core.order)) return enough(name);
  if (!info.turns) {
    // The further down the list the key is, the fewer are left.
    const ShortList<NameId>& list = orders_.names(core.order);
    auto wrong = std::partition_point(list.begin(), list.end(), enough);
    info.turns = static_cast<std::size_t>(wrong - list.begin()) + (wrong == list.end() && enough(kNone) ? 1 : 0);
  }
  return orders_.position(core.order, name) < *info.turns;
}

TextId Objects::extras(CoreId core) {
  if (info(core).extras) return *info(core).extras;
  Plan& plan = plans_[info(core).plan];
  bool plain = info(core).is_plain;
  TextId result = kDeadText;
  bool room = (!plain || room_for(info(core), cores_[core], kNone)) && in_turn(core, kNone);
  if (plain && room && plan.plain_extras) {
    result = *plan.plain_extras;
  } else if (room) {
    Values::Attempt attempt(values_);
    std::optional<RegexId> language;
    if (plain && !plan.patterns.empty()) language = living_keys(plan);
    if (!language) {
      const std::vector<Cell>& cells = this->cells(plan);
      ShortList<RegexId> alive;
      for (std::size_t i = 0; i < cells.size(); ++i) {
        if (plain ? plain_cell_alive(plan, i) : unnamed_member(core, cells[i].matches).alive)
          alive.push_back(cells[i].keys);
      }
      const bool all = alive.size() == cells.size();
      language = all ? texts_.regexes().any_text() : texts_.regexes().unite(std::move(alive));
    }
    result = texts_.language(*language, plan.patterns);
    if (!attempt.certain()) return result;
    if (plain) plan.plain_extras = result;
  }
  info(core).extras = result;
  return result;
}

const ShortList<NameId>& Objects::seen_unnamed(CoreId core) {
  CoreInfo& info = this->info(core);
  if (!info.seen_sorted) {
    const Plan& plan = plans_[info.plan];
    for (NameId name : lists_[cores_[core].seen]) {
      if (!plan.has(name)) info.seen_unnamed.push_back(name);
    }
    std::sort(info.seen_unnamed.begin(), info.seen_unnamed.end(),
              [&](NameId a, NameId b) { return store_.name_text(a) < store_.name_text(b); });
    list_bytes_ += info.seen_unnamed.size() * sizeof(NameId);
    info.seen_sorted = true;
  }
  return info.seen_unnamed;
}

bool Objects::extras_left(const KeyPlace& place) {
  if (place.rest == kDeadText) return false;
  RegexArena& regexes = texts_.regexes();
  RegexId rest = texts_.alive(place.rest);
  if (rest == regexes.any_text()) return true;
  std::uint64_t taken = 0;
  for (std::uint32_t list : {place.open, place.closed}) {
    for (std::uint32_t i = 0; i < lists_[list].size(); ++i) {
      FuelScope::spend();
      if (regexes.matches(rest, listed(list, i).substr(place.depth))) ++taken;
    }
  }
  return taken == 0 || regexes.count_words(rest, taken + 1) > taken;
}

TextId Objects::key_text(KeyPlace place) {
  constexpr std::uint32_t kEmpty = 0;  // the first list interned
  if (place.open == kEmpty && place.closed == kEmpty) return place.rest;
  if (!extras_left(place)) {
    const ShortList<NameId>& open = lists_[place.open];
    auto alive = [&](NameId name) { return place.core == kNone || key_alive(place.core, name); };
    if (std::none_of(open.begin(), open.end(), alive)) return kDeadText;
    place.rest = kDeadText;
    place.closed = kEmpty;
  }
  return texts_.key(places_.intern(place), this);
}

TextId Objects::keys_of(CoreId core) {
  if (info(core).keys) return *info(core).keys;
  Values::Attempt attempt(values_);
  if (cores_[core].candidates != kNoCandidates && keys_are_free(core)) {
    TextId text = keys_of(intern_core(without_candidates(cores_[core])));
    if (attempt.certain()) info(core).keys = text;
    return text;
  }
  const Plan& plan = plans_[info(core).plan];
  TextId rest = extras(core);
  ShortList<NameId> open;
  ShortList<NameId> closed;
  // Where alternatives are open, whether a name may be read is a search of its own: asked only about names that are
  // reached.
  const bool later = !info(core).is_plain;
  for (NameId name : plan.names) {
    bool may = later ? !was_seen(cores_[core].seen, name) : key_alive(core, name);
    (may ? open : closed).push_back(name);
  }
  if (rest == kDeadText) {
    closed.clear();
  } else if (const ShortList<NameId>& seen = seen_unnamed(core); !seen.empty()) {
    ShortList<NameId> names = std::move(closed);
    closed.clear();
    std::merge(names.begin(), names.end(), seen.begin(), seen.end(), std::back_inserter(closed),
               [&](NameId a, NameId b) { return store_.name_text(a) < store_.name_text(b); });
  }
  FuelScope::spend(plan.names.size() / 16 + 1);
  TextId text =
      key_text(KeyPlace{later ? core : kNone, intern_list(std::move(open)), intern_list(std::move(closed)), 0, rest});
  if (attempt.certain()) info(core).keys = text;
  return text;
}

bool Objects::any_key_left(CoreId core) {
  if (info(core).keys) return *info(core).keys != kDeadText;
  // Cheaper than the list of all keys, and enough most often.
  TextId rest = extras(core);
  if (rest != kDeadText && texts_.alive(rest) == texts_.regexes().any_text()) return true;
  for (NameId name : plans_[info(core).plan].names) {
    if (key_alive(core, name)) return true;
  }
  return keys_of(core) != kDeadText;
}

KeyOverlay Objects::key_overlay(std::uint32_t id) {
  const KeyPlace place = places_[id];
  KeyOverlay overlay;
  overlay.rest = place.rest;
  static const std::vector<TextEdge> kNothing;
  const std::vector<TextEdge>& rest = place.rest == kDeadText ? kNothing : texts_.edges(place.rest);
  auto in_rest = [&](char32_t c) {
    auto edge =
        std::lower_bound(rest.begin(), rest.end(), c, [](const TextEdge& e, char32_t value) { return e.last < value; });
    return edge != rest.end() && edge->first <= c ? edge->target : kDeadText;
  };
  // Two lists, and in each the names that go on with the smallest next character, from low on. Lists never move once
  // interned.
  struct Side {
    const ShortList<NameId>* names;
    std::size_t low = 0;
  };
  Side sides[2] = {{&lists_[place.open]}, {&lists_[place.closed]}};
  auto next_of = [&](const Side& side, std::size_t i) { return store_.name_text((*side.names)[i])[place.depth]; };
  for (Side& side : sides) {
    if (!side.names->empty() && store_.name_text(side.names->front()).size() == place.depth) side.low = 1;
  }
  auto left = [](const Side& side) { return side.low < side.names->size(); };
  while (left(sides[0]) || left(sides[1])) {
    FuelScope::spend();
    char32_t c = 0xFFFFFFFF;
    for (const Side& side : sides) {
      if (left(side)) c = std::min(c, next_of(side, side.low));
    }
    std::uint32_t lists[2];
    for (int k = 0; k < 2; ++k) {
      Side& side = sides[k];
      std::size_t high = side.low;
      while (high < side.names->size() && next_of(side, high) == c) ++high;
      if (side.low == 0 && high == side.names->size()) {
        lists[k] = k == 0 ? place.open : place.closed;  // all go the same way, as in most places
      } else {
        auto begin = side.names->begin();
        lists[k] = intern_list(ShortList<NameId>(begin + static_cast<std::ptrdiff_t>(side.low),
                                                 begin + static_cast<std::ptrdiff_t>(high)));
      }
      side.low = high;
    }
    overlay.changes.push_back({c, key_text(KeyPlace{place.core, lists[0], lists[1], place.depth + 1, in_rest(c)})});
  }
  return overlay;
}

Label Objects::key_close(std::uint32_t id) {
  const KeyPlace place = places_[id];
  auto ends_here = [&](std::uint32_t list) { return !lists_[list].empty() && listed(list, 0).size() == place.depth; };
  if (ends_here(place.open)) {
    NameId name = lists_[place.open][0];
    return place.core == kNone || key_alive(place.core, name) ? named_label(name) : kNoLabel;
  }
  if (ends_here(place.closed)) return kNoLabel;
  return place.rest == kDeadText ? kNoLabel : texts_.close(place.rest);
}

// Ids of words are names.
bool Objects::key_words(std::uint32_t id, TextId& rest, std::vector<WordList::Word>& words) {
  const KeyPlace place = places_[id];
  if (place.rest != kDeadText && texts_.alive(place.rest) != texts_.regexes().any_text()) return false;
  rest = place.rest;
  const ShortList<NameId>& open = lists_[place.open];
  const ShortList<NameId>& closed = lists_[place.closed];
  FuelScope::spend((open.size() + closed.size()) / 16 + 1);
  words.reserve(open.size() + closed.size());
  auto add = [&](NameId name) {
    words.push_back({std::u32string_view(store_.name_text(name)).substr(place.depth), name});
  };
  if (rest == kDeadText) {
    for (NameId name : open) {
      if (place.core == kNone || key_alive(place.core, name)) add(name);
    }
    return true;
  }
  std::size_t i = 0;
  for (NameId name : open) {
    while (i < closed.size() && store_.name_text(closed[i]) < store_.name_text(name)) add(closed[i++]);
    add(name);
  }
  while (i < closed.size()) add(closed[i++]);
  return true;
}

Label Objects::key_word_label(std::uint32_t id, NameId name) {
  const KeyPlace place = places_[id];
  const ShortList<NameId>& open = lists_[place.open];
  auto before = [&](NameId a, NameId b) { return store_.name_text(a) < store_.name_text(b); };
  if (!std::binary_search(open.begin(), open.end(), name, before)) return kNoLabel;
  return place.core == kNone || key_alive(place.core, name) ? named_label(name) : kNoLabel;
}

}  // namespace maskforge
