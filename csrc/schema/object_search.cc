// See objects.h: whether an object can still be completed.
//
// A plain conjunction is answered by counting. Otherwise a search decides, one after the other, the names that the
// formula can tell apart: absent, or present with some verdicts of its value; then unnamed keys, cell by cell of the
// patterns' Venn diagram, as long as a negated table still wants a witness or a count is still short. In which order
// keys come does not matter here: names that may not come any more count as seen (orders.h).
#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"
#include "schema/objects.h"

namespace maskforge {

bool Objects::satisfiable(const Core& core) {
  if (core.demanded == kFalse) return false;
  return satisfiable_id(intern_core(core));
}

bool Objects::satisfiable_id(CoreId id) {
  CoreInfo& info = this->info(id);
  if (info.satisfiable != Known::kUnknown) return info.satisfiable == Known::kYes;
  const Core core = cores_[id];
  if (core.demanded == kFalse) return false;
  Values::Attempt attempt(values_);
  bool found;
  if (core.candidates != kNoCandidates) {
    found = satisfiable_beside(core);
  } else if (at_end(core.demanded, core.count) == kTrue) {
    found = true;
  } else if (info.is_plain) {
    found = plain_satisfiable(id);
  } else if (!core.asked.empty()) {
    Core alone = core;
    alone.asked.clear();
    found = satisfiable(alone);
  } else {
    Search search = prepare(id);
    found = this->search(search, core.demanded, 0, core.count, search.extras_wanted);
  }
  if (found || attempt.certain()) this->info(id).satisfiable = found ? Known::kYes : Known::kNo;
  return found;
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

bool Objects::has_others(CoreId id, std::uint64_t wanted, const std::vector<NameId>& gone) {
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
  std::uint64_t words = regexes.count_words(cell.keys, taken + limit);
  return words > taken ? words - taken : 0;
}

Objects::Search Objects::prepare(CoreId id) {
  Search search;
  search.core = id;
  const Core& core = cores_[id];
  const Plan& plan = plans_[info(id).plan];
  std::unordered_map<NameId, int> mentions;
  std::uint32_t witnesses = 0;
  std::uint32_t count_wanted = 0;
  formulas_.visit_atoms(core.demanded, [&](const Atom& atom, bool positive, bool negative) {
    switch (atom.kind) {
      case AtomKind::kHas:
        mentions[atom.a] += 4;
        break;
      case AtomKind::kEach:
        // A positive table only forbids; it needs a key to be decided only where a negated one wants a witness or a
        // count is short.
        if (negative) {
          ++witnesses;
          for (const auto& [name, question] : store_.members[atom.a].properties) mentions[name] += 1;
        }
        break;
      case AtomKind::kNames:
      case AtomKind::kUnevaluated:
        if (negative) ++witnesses;
        break;
      case AtomKind::kCount:
        search.counts = true;
        if (positive && atom.a > core.count) count_wanted = std::max(count_wanted, atom.a - core.count);
        break;
      default:
        break;
    }
  });
  if (count_wanted > 0 || witnesses > 0) {
    for (NameId name : plan.names) mentions[name] += 0;
  }
  for (const auto& [name, weight] : mentions) {
    if (!was_seen(core.seen, name)) search.names.push_back(name);
  }
  std::sort(search.names.begin(), search.names.end(), [&](NameId a, NameId b) {
    int wa = mentions[a], wb = mentions[b];
    return wa != wb ? wa > wb : a < b;
  });
  for (std::size_t i = 0; i < search.names.size(); ++i) search.position.emplace(search.names[i], i);
  search.extras_wanted = witnesses + count_wanted;
  constexpr std::size_t kMaxDecisions = 3000;  // the search recurses once for each
  if (search.names.size() + search.extras_wanted > kMaxDecisions) {
    throw UnsupportedError("an object whose alternatives depend on more than 3,000 keys");
  }
  return search;
}

bool Objects::search(Search& search, FormulaId f, std::size_t next, std::uint32_t count, std::uint32_t extras) {
  FuelScope::spend(1 + formulas_.node(f).parts.size());  // it is read several times
  if (f == kFalse) return false;
  if (at_end(f, count) == kTrue) return true;
  if (!search.counts && f != kTrue) {
    // What is left may have become a plain conjunction: names decided absent are gone from it, the others may all be
    // read.
    Core rest = cores_[search.core];
    rest.demanded = f;
    CoreId id = intern_core(std::move(rest));
    if (info(id).is_plain) return plain_satisfiable(id);
  }
  const auto situation = std::tuple(f, static_cast<std::uint32_t>(next), count, extras);
  if (search.failed.contains(situation)) return false;
  const Core& core = cores_[search.core];
  const bool compact = core.compact;
  Plan& plan = plans_[info(search.core).plan];
  bool found = false;
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
    auto trim = [&](std::uint32_t term, std::vector<FormulaId> conditions) {
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
      return verdicts_.some(present, compact,
                            [&](FormulaId rest) { return this->search(search, rest, next + 1, count + 1, extras); });
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
      found = verdicts_.some(present, compact,
                             [&](FormulaId rest) { return this->search(search, rest, next, count + 1, extras - 1); });
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
                   [&](FormulaId rest, std::uint64_t values, const std::vector<std::uint32_t>&) {
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
  for (std::size_t i = 0; i < plan.names.size() && finished(ways, limit) < limit; ++i) {
    const NameId name = plan.names[i];
    if (was_seen(cores_[core].seen, name)) continue;
    FuelScope::spend(ways.size());
    merge(with_key(ways, Key{name, plan.name_matches[i]}, plan, limit), 1);
    // Where the name is wanted, the ways without it lead nowhere.
    Ways decided;
    for (const auto& [place, times] : ways) {
      FormulaId f = formulas_.map(place.first, [&](const Atom& atom, FormulaId self) {
        return atom.kind == AtomKind::kHas && atom.a == name ? kFalse : self;
      });
      if (f == kFalse) continue;
      std::uint64_t& known = decided[{f, place.second}];
      known = std::min(limit, known + times);
    }
    ways = std::move(decided);
  }
  const std::uint32_t most = prepare(core).extras_wanted + 1;
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
