// See objects.h: whether an object can still be completed.
//
// A plain conjunction is answered by counting. Otherwise a search decides, one after the other, the names that the
// formula can tell apart: absent, or present with some verdicts of its value; then unnamed keys, cell by cell of the
// patterns' Venn diagram, as long as a negated table still wants a witness or a count is still short. In which order
// keys come does not matter here: names that may not come any more count as seen (orders.h).
#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"
#include "base/stack.h"
#include "schema/objects.h"

namespace maskforge {

bool Objects::satisfiable(const Core& core) {
  if (core.demanded == kFalse) return false;
  return satisfiable_id(intern_core(core));
}

bool Objects::satisfiable_id(CoreId id) {
  // The core is analysed only where the formula alone does not tell: a search meets many cores once.
  if (infos_[id].satisfiable != Known::kUnknown) return infos_[id].satisfiable == Known::kYes;
  const Core core = cores_[id];
  if (core.demanded == kFalse) return false;
  Values::Attempt attempt(values_);
  bool found;
  if (core.candidates != kNoCandidates) {
    found = satisfiable_beside(core);
  } else if (at_end(core.demanded, core.count) == kTrue) {
    found = true;
  } else if (!core.asked.empty()) {
    Core alone = core;
    alone.asked.clear();
    found = satisfiable(alone);
  } else if (is_plain(core.demanded)) {
    found = plain_satisfiable(id);
  } else {
    CoreInfo& info = infos_[id];
    if (!info.branches) info.branches = plain_branches(id);
    const ShortList<CoreId> branches = *info.branches;
    found = std::any_of(branches.begin(), branches.end(), [&](CoreId branch) { return satisfiable_id(branch); });
    if (!found) {
      Search search = prepare(id);
      found = one_key_is_enough(search) || this->search(search, core.demanded, 0, core.count, search.extras_wanted);
    }
  }
  if (found || attempt.certain()) infos_[id].satisfiable = found ? Known::kYes : Known::kNo;
  return found;
}

bool Objects::one_key_is_enough(const Search& search) {
  constexpr std::size_t kManyNames = 16, kTried = 4;
  const std::size_t names = search.names.size();
  if (names < kManyNames) return false;
  const Core core = cores_[search.core];
  const Plan& plan = plans_[info(search.core).plan];
  const Settled all = [](NameId) { return true; };
  const std::uint32_t count = core.count + 1;
  for (std::size_t i = names - kTried; i < names; ++i) {
    const NameId name = search.names[i];
    if (!store_.is_writable(name)) continue;
    const FormulaId after = derive(core.demanded, Key{name, plan.matches_of(name)}, plan, count, all);
    if (after == kFalse) continue;
    auto ends = [&](FormulaId rest) { return at_end(rest, count) == kTrue; };
    if (verdicts_.some(after, core.compact, ends)) return true;
  }
  return false;
}

bool Objects::plain_satisfiable(CoreId id) {
  CoreInfo& info = this->info(id);
  Plan& plan = plans_[info.plan];
  const Core core = cores_[id];
  for (NameId name : info.plain.missing) {
    if (!plain_name_alive(plan, plan.index_of(name))) return false;
  }
  if (info.plain.least > info.plain.most) return false;
  std::uint64_t total = std::uint64_t{core.count} + info.plain.missing.size();
  if (total > info.plain.most) return false;
  if (total >= info.plain.least) return true;
  return has_others(id, info.plain.least - total, {});
}

bool Objects::has_others(CoreId id, std::uint64_t wanted, const ShortList<NameId>& gone) {
  const CoreInfo& info = this->info(id);
  Plan& plan = plans_[info.plan];
  const Core core = cores_[id];
  for (std::uint32_t i = 0; i < plan.names.size() && wanted > 0; ++i) {
    NameId name = plan.names[i];
    if (was_seen(core.seen, name) || std::binary_search(gone.begin(), gone.end(), name)) continue;
    if (std::find(info.plain.missing.begin(), info.plain.missing.end(), name) != info.plain.missing.end()) continue;
    if (plain_name_alive(plan, i)) --wanted;
  }
  const std::vector<Cell> cells = this->cells(plan);
  for (std::size_t i = 0; i < cells.size() && wanted > 0; ++i) {
    if (plain_cell_alive(plan, i)) wanted -= std::min(wanted, capacity(id, cells[i], wanted));
  }
  return wanted == 0;
}

std::uint64_t Objects::capacity(CoreId core, const Cell& cell, std::uint64_t limit) {
  RegexArena& regexes = texts_.regexes();
  if (cell.keys == regexes.any_text()) return limit;
  const Plan& plan = plans_[info(core).plan];
  std::uint64_t taken = 0;
  auto count = [&](NameId name) {
    if (regexes.matches(cell.keys, store_.name_text(name))) ++taken;
  };
  for (NameId name : plan.names) count(name);
  for (NameId name : seen_unnamed(core)) count(name);
  for (RegexId keys : lists_[cores_[core].few]) {
    if (!regexes.is_empty(regexes.intersect({keys, cell.keys}))) ++taken;
  }
  std::uint64_t words = regexes.count_words(cell.keys, taken + limit);
  return words > taken ? words - taken : 0;
}

std::uint32_t Objects::extras_wanted(const Core& core) {
  std::uint32_t witnesses = 0;
  std::uint32_t count_wanted = 0;
  formulas_.visit_atoms(core.demanded, [&](const Atom& atom, bool positive, bool negative) {
    switch (atom.kind) {
      case AtomKind::kEach:
      case AtomKind::kNames:
      case AtomKind::kUnevaluated:
        if (negative) ++witnesses;
        break;
      case AtomKind::kCount:
        if (positive && atom.a > core.count) count_wanted = std::max(count_wanted, atom.a - core.count);
        break;
      default:
        break;
    }
  });
  return witnesses + count_wanted;
}

Objects::Search Objects::prepare(CoreId id) {
  Search search;
  search.core = id;
  const Core& core = cores_[id];
  const Plan& plan = plans_[info(id).plan];
  std::unordered_map<NameId, int> mentions;
  formulas_.visit_atoms(core.demanded, [&](const Atom& atom, bool, bool negative) {
    switch (atom.kind) {
      case AtomKind::kHas:
        mentions[atom.a] += 4;
        break;
      case AtomKind::kEach:
        // A positive table only forbids; it needs a key to be decided only where a negated one wants a witness or a
        // count is short.
        if (negative) {
          for (const auto& [name, question] : store_.members[atom.a].properties) mentions[name] += 1;
        }
        break;
      case AtomKind::kCount:
        search.counts = true;
        break;
      case AtomKind::kOpen:
        search.open = true;
        break;
      default:
        break;
    }
  });
  search.extras_wanted = extras_wanted(core);
  if (search.extras_wanted > 0) {
    for (NameId name : plan.names) mentions[name] += 0;
  }
  for (const auto& [name, weight] : mentions) {
    if (!was_seen(core.seen, name)) search.names.push_back(name);
  }
  const std::unordered_map<NameId, std::size_t> first = discriminators(id, mentions);
  auto told_apart = [&](NameId name) {
    auto known = first.find(name);
    return known == first.end() ? 0 : known->second;
  };
  // What is needed in any case is no choice; then what tells alternatives apart, so that few are left.
  NeededNames known;
  const ShortList<NameId>& needed = this->needed(core.demanded, known);
  std::sort(search.names.begin(), search.names.end(), [&](NameId a, NameId b) {
    const bool na = std::binary_search(needed.begin(), needed.end(), a);
    const bool nb = std::binary_search(needed.begin(), needed.end(), b);
    if (na != nb) return na;
    const std::size_t da = told_apart(a), db = told_apart(b);
    if (da != db) return da > db;
    int wa = mentions[a], wb = mentions[b];
    return wa != wb ? wa > wb : a < b;
  });
  for (std::size_t i = 0; i < search.names.size(); ++i) search.position.emplace(search.names[i], i);
  constexpr std::size_t kMaxDecisions = 3000;  // the search recurses once for each
  if (search.names.size() + search.extras_wanted > kMaxDecisions) {
    throw UnsupportedError("an object whose alternatives depend on more than 3,000 keys");
  }
  return search;
}

// ---- verdicts that are open ----

bool Objects::is_finite(QuestionId q) {
  constexpr std::uint64_t kMost = 64;
  if (finite_.size() <= q) finite_.resize(store_.nodes.size(), Known::kUnknown);
  if (finite_[q] == Known::kUnknown) {
    const bool finite = questions_.object(q) == kFalse && questions_.array(q) == kFalse &&
                        texts_.regexes().count_words(questions_.texts(q), kMost + 1) <= kMost &&
                        questions_.number_sets().count(questions_.numbers(q), kMost + 1) <= kMost;
    finite_[q] = finite ? Known::kYes : Known::kNo;
  }
  return finite_[q] == Known::kYes;
}

std::unordered_map<NameId, std::size_t> Objects::discriminators(CoreId id,
                                                                const std::unordered_map<NameId, int>& names) {
  constexpr std::size_t kFewTables = 3;
  std::unordered_map<NameId, std::size_t> found;
  const ShortList<TableId>& tables = plans_[info(id).plan].shape.tables;
  if (tables.size() <= kFewTables) return found;
  std::unordered_map<NameId, std::set<QuestionId>> questions;
  for (TableId table : tables) {
    FuelScope::spend(store_.members[table].properties.size() / 8 + 1);
    for (const auto& [name, question] : store_.members[table].properties) {
      if (!names.contains(name)) continue;
      const QuestionId q = questions_.resolve(question);
      if (q != kAlways && q != kNever) questions[name].insert(q);
    }
  }
  for (const auto& [name, about] : questions) {
    const auto finite =
        static_cast<std::size_t>(std::count_if(about.begin(), about.end(), [&](QuestionId q) { return is_finite(q); }));
    if (finite > 1 && 2 * finite >= about.size()) found.emplace(name, finite);
  }
  return found;
}

FormulaId Objects::bound(Search& search, FormulaId f) {
  const Formulas::Node& node = formulas_.node(f);
  auto is_open = [&](FormulaId part) {
    const Formulas::Node& inner = formulas_.node(part);
    return inner.op == Formulas::Op::kAtom && inner.atom.kind == AtomKind::kOpen;
  };
  switch (node.op) {
    case Formulas::Op::kFalse:
      return kFalse;
    case Formulas::Op::kAtom:
      return is_open(f) ? f : static_cast<FormulaId>(kTrue);
    case Formulas::Op::kNot:
      return is_open(node.parts[0]) ? f : static_cast<FormulaId>(kTrue);
    case Formulas::Op::kAnd:
    case Formulas::Op::kOr:
    case Formulas::Op::kOne:
      break;
    default:
      return kTrue;
  }
  if (auto known = search.bounds.find(f); known != search.bounds.end()) return known->second;
  FuelScope::spend();
  ShortList<FormulaId> parts;
  for (FormulaId part : node.parts) parts.push_back(bound(search, part));
  const FormulaId most =
      node.op == Formulas::Op::kAnd ? formulas_.conj(std::move(parts)) : formulas_.disj(std::move(parts));
  search.bounds.emplace(f, most);
  return most;
}

bool Objects::is_covered(FormulaId wanted, FormulaId found) const {
  if (wanted == found || wanted == kFalse || found == kTrue) return true;
  if (wanted == kTrue || found == kFalse) return false;
  Stack::check();
  const Formulas::Node& a = formulas_.node(wanted);
  const Formulas::Node& b = formulas_.node(found);
  auto covers = [&](FormulaId part) { return is_covered(part, found); };
  if (a.op == Formulas::Op::kOr) return std::all_of(a.parts.begin(), a.parts.end(), covers);
  if (b.op == Formulas::Op::kOr && std::binary_search(b.parts.begin(), b.parts.end(), wanted)) return true;
  if (b.op == Formulas::Op::kAnd) {
    return std::all_of(b.parts.begin(), b.parts.end(), [&](FormulaId part) { return is_covered(wanted, part); });
  }
  return a.op == Formulas::Op::kAnd && std::any_of(a.parts.begin(), a.parts.end(), covers);
}

bool Objects::is_open_only(FormulaId f) const {
  bool only = true;
  formulas_.visit_atoms(f, [&](const Atom& atom, bool, bool) { only = only && atom.kind == AtomKind::kOpen; });
  return only;
}

// A conjunction in two: what it says of nothing but kOpen atoms, and the rest.
std::pair<FormulaId, FormulaId> Objects::split_open(FormulaId f) {
  const Formulas::Node& node = formulas_.node(f);
  if (node.op != Formulas::Op::kAnd)
    return is_open_only(f) ? std::pair<FormulaId, FormulaId>(f, kTrue) : std::pair<FormulaId, FormulaId>(kTrue, f);
  ShortList<FormulaId> open, rest;
  for (FormulaId part : node.parts) (is_open_only(part) ? open : rest).push_back(part);
  return {formulas_.conj(std::move(open)), formulas_.conj(std::move(rest))};
}

FormulaId Objects::project(const Core& core) {
  const CoreId id = intern_core(core);
  Search search = prepare(id);
  this->search(search, core.demanded, 0, core.count, search.extras_wanted);
  return search.found;
}

bool Objects::search(Search& search, FormulaId f, std::size_t next, std::uint32_t count, std::uint32_t extras) {
  FuelScope::spend(1 + formulas_.node(f).parts.size());  // it is read several times
  if (f == kFalse) return false;
  if (keep(search, at_end(f, count))) return true;
  if (search.open && is_covered(bound(search, f), search.found)) return false;
  if (!search.counts && f != kTrue) {
    // What is left may have become a plain conjunction: names decided absent are gone from it, the others may all be
    // read.
    const auto [wanted, others] = search.open ? split_open(f) : std::pair<FormulaId, FormulaId>(kTrue, f);
    if (is_plain(others)) {
      Core rest = cores_[search.core];
      rest.demanded = others;
      return plain_satisfiable(intern_core(std::move(rest))) && keep(search, wanted);
    }
  }
  const auto situation = std::tuple(f, static_cast<std::uint32_t>(next), count, extras);
  if (search.failed.contains(situation)) return false;
  const Core& core = cores_[search.core];
  const bool compact = core.compact;
  Plan& plan = plans_[info(search.core).plan];
  bool found = false;
  const Verdicts::Alive hopeless = [&](FormulaId rest) {
    return search.open && is_covered(bound(search, rest), search.found);
  };
  const Settled settled = [&](NameId name) {
    if (was_seen(core.seen, name)) return true;
    auto at = search.position.find(name);
    return at != search.position.end() && at->second <= next;
  };
  if (next < search.names.size()) {
    NameId name = search.names[next];
    auto replace = [&](const Atom& atom, FormulaId self) {
      if (atom.kind == AtomKind::kHas && atom.a == name) return kFalse;
      return atom.kind == AtomKind::kEach && is_exhausted(atom.a, settled) ? kTrue : self;
    };
    auto trim = [&](std::uint32_t term, ShortList<FormulaId> conditions) {
      return questions_.unevaluated().without_spent(term, std::move(conditions),
                                                    [&](TableId coverage) { return is_spent(coverage, settled); });
    };
    FormulaId absent = formulas_.map(f, replace, trim);
    auto without = [&] { return absent != kFalse && this->search(search, absent, next + 1, count, extras); };
    auto with = [&] {
      if (!store_.is_writable(name)) return false;
      Key key{name, plan.matches_of(name)};
      FormulaId present = derive(f, key, plan, count + 1, settled);
      if (present == kFalse) return false;
      return verdicts_.some(
          present, compact, [&](FormulaId rest) { return this->search(search, rest, next + 1, count + 1, extras); },
          hopeless);
    };
    // Absent first: what the formula needs beyond that it asks for by itself, name by name.
    found = without() || with();
  } else if (extras > 0) {
    const std::vector<Cell> cells = this->cells(plan);
    if (!search.ample) {
      search.ample = std::all_of(cells.begin(), cells.end(), [&](const Cell& cell) {
        return capacity(search.core, cell, search.extras_wanted) >= search.extras_wanted;
      });
    }
    for (std::size_t i = 0; i < cells.size() && !found; ++i) {
      std::uint32_t used = search.used[i];
      if (capacity(search.core, cells[i], used + 1) <= used) continue;
      FormulaId present = derive(f, Key{kNone, cells[i].matches}, plan, count + 1, settled);
      if (present == kFalse) continue;
      ++search.used[i];
      found = verdicts_.some(
          present, compact, [&](FormulaId rest) { return this->search(search, rest, next, count + 1, extras - 1); },
          hopeless);
      --search.used[i];
    }
  }
  // How many keys of a cell are taken is not in the situation: remember a "no" only where that cannot matter.
  const bool no_extras_taken = extras == search.extras_wanted;
  if (!found && (no_extras_taken || search.ample.value_or(false))) search.failed.insert(situation);
  return found;
}

// ---- how many objects ----

namespace {

std::uint64_t product(std::uint64_t a, std::uint64_t b, std::uint64_t limit) {
  return a == 0 || b == 0 ? 0 : a > limit / b ? limit : std::min(limit, a * b);
}

}  // namespace

Objects::Ways Objects::with_key(const Ways& ways, const Key& key, const Plan& plan, std::uint64_t limit) {
  Ways after;
  if (key.name != kNone && !store_.is_writable(key.name)) return after;
  const Settled never = [](NameId) { return false; };
  for (const auto& [place, before] : ways) {
    const std::uint32_t count = place.second + 1;
    const std::uint64_t times = before;
    FormulaId present = derive(place.first, key, plan, count, never);
    if (present == kFalse) continue;
    verdicts_.each(present, plan.shape.compact, limit,
                   [&](FormulaId rest, std::uint64_t values, const ShortList<std::uint32_t>&) {
                     if (rest == kFalse || values == 0) return;
                     std::uint64_t& known = after[{rest, count}];
                     known = std::min(limit, known + product(times, values, limit));
                   });
  }
  return after;
}

std::uint64_t Objects::finished(const Ways& ways, std::uint64_t limit) {
  std::uint64_t total = 0;
  for (const auto& [place, times] : ways) {
    if (at_end(place.first, place.second) == kTrue) total = std::min(limit, total + times);
  }
  return total;
}

// Key by key: absent, or present with each value; then some unnamed keys of each cell.
std::uint64_t Objects::count(FormulaId demanded, bool compact, std::uint64_t limit) {
  const std::uint64_t left_out = verdicts_.left_out();
  const std::uint64_t found = completions(intern_core(Core{demanded, {}, 0, 0, false, compact, kNoOrder}), limit);
  verdicts_.check_left_out(left_out, found >= limit);
  return found;
}

FormulaId Objects::without_name(FormulaId f, NameId name) {
  return formulas_.map(f, [&](const Atom& atom, FormulaId self) {
    return atom.kind == AtomKind::kHas && atom.a == name ? kFalse : self;
  });
}

// Most often one choice of keys can be completed in any number of ways, and the first that a search meets is one of
// these: `times` is in how many it has been until here.
bool Objects::surely_many(const Search& search, FormulaId f, std::size_t next, std::uint32_t count, std::uint64_t times,
                          std::uint64_t limit, std::size_t& tries) {
  if (f == kFalse || tries == 0) return false;
  if (at_end(f, count) == kTrue && times >= limit) return true;
  if (next == search.names.size()) return false;
  --tries;
  Stack::check();
  FuelScope::spend(1 + formulas_.node(f).parts.size());
  const Plan& plan = plans_[info(search.core).plan];
  const NameId name = search.names[next];
  if (store_.is_writable(name) && plan.has(name)) {
    const Settled never = [](NameId) { return false; };
    const FormulaId present = derive(f, Key{name, plan.matches_of(name)}, plan, count + 1, never);
    const Verdicts::Find go_on = [&](FormulaId rest, std::uint64_t values, const ShortList<std::uint32_t>&) {
      if (tries == 0) return true;
      return values > 0 && surely_many(search, rest, next + 1, count + 1, product(times, values, limit), limit, tries);
    };
    if (present != kFalse && verdicts_.find(present, plan.shape.compact, limit, go_on)) return tries > 0;
  }
  return surely_many(search, without_name(f, name), next + 1, count, times, limit, tries);
}

std::uint64_t Objects::completions(CoreId core, std::uint64_t limit) {
  if (!satisfiable_id(core)) return 0;
  const Plan& plan = plans_[info(core).plan];
  Ways ways{{{cores_[core].demanded, cores_[core].count}, 1}};
  auto merge = [&](const Ways& more, std::uint64_t times) {
    for (const auto& [place, n] : more) {
      std::uint64_t& known = ways[place];
      known = std::min(limit, known + product(n, times, limit));
    }
  };
  const Search search = prepare(core);
  std::size_t tries = 16 + 4 * search.names.size();
  const std::uint64_t left_out = verdicts_.left_out();
  const bool many = surely_many(search, cores_[core].demanded, 0, cores_[core].count, 1, limit, tries);
  verdicts_.check_left_out(left_out, true);  // what is found is enough, or is found again
  if (many) return limit;
  for (std::size_t i = 0; i < plan.names.size() && finished(ways, limit) < limit; ++i) {
    const NameId name = plan.names[i];
    if (was_seen(cores_[core].seen, name)) continue;
    FuelScope::spend(ways.size());
    merge(with_key(ways, Key{name, plan.name_matches[i]}, plan, limit), 1);
    // Where the name is wanted, the ways without it lead nowhere.
    Ways decided;
    for (const auto& [place, times] : ways) {
      const FormulaId f = without_name(place.first, name);
      if (f == kFalse) continue;
      std::uint64_t& known = decided[{f, place.second}];
      known = std::min(limit, known + times);
    }
    ways = std::move(decided);
  }
  const std::uint32_t most = search.extras_wanted + 1;
  const std::vector<Cell> cells =
      finished(ways, limit) < limit ? this->cells(plans_[info(core).plan]) : std::vector<Cell>{};
  for (const Cell& cell : cells) {
    std::uint64_t room = capacity(core, cell, limit);
    std::uint64_t choices = 1;  // of as many keys
    Ways chosen = ways;
    for (std::uint64_t n = 0; n < room && !chosen.empty(); ++n) {
      // Where there are endless keys, any that may be written are enough.
      if (room >= limit && n >= most) break;
      FuelScope::spend(chosen.size());
      chosen = with_key(chosen, Key{kNone, cell.matches}, plan, limit);
      choices = room >= limit ? limit : product(choices, room - n, ~std::uint64_t{0}) / (n + 1);
      merge(chosen, std::min(choices, limit));
      if (finished(ways, limit) >= limit) return limit;
    }
  }
  return finished(ways, limit);
}

}  // namespace maskforge
