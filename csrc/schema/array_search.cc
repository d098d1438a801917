// See arrays.h: whether an array can still be completed, and how many arrays there are.
//
// A plain conjunction needs only the items up to its least length. Otherwise a search tries items one after the other,
// each with all verdicts that some value gives. Where items must be unique, a search takes cells instead of values.
#include <algorithm>
#include <bit>

#include "base/errors.h"
#include "base/fuel.h"
#include "schema/arrays.h"

namespace maskforge {

namespace {

constexpr std::uint32_t kMaxSearchDepth = 3000;
constexpr std::size_t kMaxCells = 1024;

std::uint64_t product(std::uint64_t a, std::uint64_t b, std::uint64_t limit) {
  return a == 0 || b == 0 ? 0 : a > limit / b ? limit : std::min(limit, a * b);
}

}  // namespace

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
  } else if (Bounds bounds = this->bounds(core.demanded); bounds.unique && bounds.tally == 0) {
    std::optional<CellsId> cells = cells_of(core, core.index);
    Core counted = core;
    counted.demanded =
        with_unique(core.demanded, cells ? unique_atom(tally_of(*cells, core.taken)) : static_cast<FormulaId>(kTrue));
    found = satisfiable(counted);
  } else if (bounds.plain) {
    found = plain_satisfiable(core, bounds);
  } else {
    std::uint32_t last = bounds.last(core.index);
    if (last - core.index > kMaxSearchDepth)
      throw UnsupportedError("an array whose alternatives depend on more than 3,000 items");
    Failed failed;
    found = search(core.demanded, core.index, last, core.compact, failed);
  }
  if (found || attempt.certain()) infos_[id].satisfiable = found ? Known::kYes : Known::kNo;
  return found;
}

bool Arrays::item_possible(FormulaId f, std::uint32_t index, bool compact) {
  return verdicts_.some(derive(f, index, kTrue), compact, [](FormulaId) { return true; });
}

bool Arrays::plain_satisfiable(const Core& core, const Bounds& bounds) {
  if (bounds.least > bounds.most) return false;
  // Only the items up to the least length must exist; those beyond every prefix are all alike.
  ShortList<FormulaId> tables = tables_of(core.demanded);
  std::uint32_t prefix = prefix_of(tables);
  FormulaId all = formulas_.conj(std::move(tables));
  for (std::uint32_t i = core.index; i < bounds.least; ++i) {
    FuelScope::spend();
    if (!item_possible(all, i, core.compact)) return false;
    if (i >= prefix) break;
  }
  return !bounds.unique || match_cells(core.demanded, core.index, bounds.least, bounds.tally);
}

bool Arrays::search(FormulaId f, std::uint32_t index, std::uint32_t last, bool compact, Failed& failed) {
  FuelScope::spend();
  if (f == kFalse) return false;
  if (at_end(f, index) == kTrue) return true;
  if (index >= last || failed.contains({f, index})) return false;
  auto via = [&](FormulaId next) {
    return next != kFalse && verdicts_.some(next, compact, [&](FormulaId rest) {
      return this->search(rest, index + 1, last, compact, failed);
    });
  };
  Bounds bounds = this->bounds(f);
  bool found = bounds.unique ? via(new_item(f, index, bounds.tally)) || via(repeated_item(f, index, bounds.tally))
                             : via(derive(f, index, kTrue));
  if (!found) failed.insert({f, index});
  return found;
}

ShortList<FormulaId> Arrays::tables_of(FormulaId plain) const {
  ShortList<FormulaId> tables;
  auto take = [&](FormulaId part) {
    const Formulas::Node& node = formulas_.node(part);
    if (node.op == Formulas::Op::kAtom && node.atom.kind == AtomKind::kItems) tables.push_back(part);
  };
  const Formulas::Node& node = formulas_.node(plain);
  if (node.op == Formulas::Op::kAnd) {
    for (FormulaId part : node.parts) take(part);
  } else {
    take(plain);
  }
  return tables;
}

std::uint32_t Arrays::prefix_of(const ShortList<FormulaId>& tables) const {
  std::size_t prefix = 0;
  for (FormulaId table : tables) prefix = std::max(prefix, store_.items[formulas_.node(table).atom.a].prefix.size());
  return static_cast<std::uint32_t>(prefix);
}

// ---- uniqueItems ----

FormulaId Arrays::with_unique(FormulaId f, FormulaId unique) {
  return formulas_.map(
      f, [&](const Atom& atom, FormulaId self) { return atom.kind == AtomKind::kUnique ? unique : self; });
}

FormulaId Arrays::counted(FormulaId f) {
  return formulas_.map(f, [&](const Atom& atom, FormulaId self) {
    return atom.kind == AtomKind::kUnique && atom.a == 0 ? static_cast<FormulaId>(kTrue) : self;
  });
}

bool Arrays::sets_apart(FormulaId plain, std::uint32_t index, std::uint32_t least, std::uint64_t total, bool compact) {
  ShortList<FormulaId> tables = tables_of(plain);
  const std::uint32_t prefix = prefix_of(tables);
  FormulaId all = formulas_.conj(std::move(tables));
  for (std::uint32_t i = index; i < least; ++i) {
    std::uint64_t values = 0;
    verdicts_.each(derive(all, i, kTrue), compact, total,
                   [&](FormulaId, std::uint64_t count, const ShortList<std::uint32_t>&) { values += count; });
    if (values < total) return false;
    if (i >= prefix) break;
  }
  return true;
}

std::optional<Arrays::CellsId> Arrays::cells_of(const Core& core, std::uint32_t first) {
  Bounds bounds = this->bounds(core.demanded);
  if (!bounds.unique) return std::nullopt;
  const std::uint64_t taken = taken_.size(core.taken) + (core.anonymous ? 1 : 0);
  if (bounds.plain) {
    if (bounds.least <= first) return std::nullopt;
    if (sets_apart(core.demanded, first, bounds.least, taken + bounds.least - core.index, core.compact))
      return std::nullopt;
  }
  // Rounded, so that the same cells serve many items.
  const std::uint64_t limit = std::bit_ceil(taken + bounds.last(core.index) - core.index + 2);
  CellsId cells = make_cells(core.demanded, core.index, limit, bounds.repeats, core.compact);
  if (cells_[cells].slots.empty()) return std::nullopt;
  return cells;
}

Arrays::CellsId Arrays::make_cells(FormulaId f, std::uint32_t index, std::uint64_t limit, bool count_all,
                                   bool compact) {
  const auto key = std::tuple(f, index, limit * 4 + (count_all ? 2 : 0) + (compact ? 1 : 0));
  if (auto known = known_cells_.find(key); known != known_cells_.end()) return known->second;
  Values::Attempt attempt(values_);
  ShortList<QuestionId> questions;
  auto add = [&](QuestionId q) {
    q = questions_.resolve(q);
    if (q == kAlways || q == kNever) return;
    // Cells are of values, however they are written.
    for (QuestionId spelling : questions_.by_spelling(q)) questions.push_back(spelling);
  };
  formulas_.visit_atoms(f, [&](const Atom& atom, bool, bool) {
    auto add_table = [&](TableId id) {
      const ItemTable& table = store_.items[id];
      for (std::size_t i = index; i < table.prefix.size(); ++i) add(table.prefix[i]);
      add(table.rest);
    };
    if (atom.kind == AtomKind::kContains) add(atom.a);
    if (atom.kind == AtomKind::kItems) add_table(atom.a);
    if (atom.kind == AtomKind::kUnevaluated) {
      const Unevaluated::Term& term = questions_.unevaluated().term(atom.a);
      add_table(term.base);
      for (TableId coverage : term.coverages) add_table(coverage);
    }
  });
  std::sort(questions.begin(), questions.end());
  questions.erase(std::unique(questions.begin(), questions.end()), questions.end());

  std::vector<ShortList<std::uint32_t>> parts{{}};
  for (QuestionId q : questions) {
    std::vector<ShortList<std::uint32_t>> finer;
    for (ShortList<std::uint32_t>& part : parts) {
      for (bool verdict : {true, false}) {
        ShortList<std::uint32_t> literals = part;
        literals.push_back(Literal{q, verdict}.code());
        if (values_.satisfiable(values_.spec(literals, {}, kTrue, compact))) finer.push_back(std::move(literals));
      }
    }
    if (finer.size() > kMaxCells) throw FuelError("the schemas of unique items overlap in more than 1,024 ways");
    parts = std::move(finer);
  }
  Cells cells{{}, {}, limit, compact, {}};
  for (ShortList<std::uint32_t>& literals : parts) {
    ShortList<FormulaId> verdicts;
    for (std::uint32_t code : literals) {
      FormulaId verdict = formulas_.atom(AtomKind::kVerdict, Literal::of(code).question);
      verdicts.push_back(Literal::of(code).positive ? verdict : formulas_.negate(verdict));
    }
    Cell cell{literals, formulas_.conj(std::move(verdicts)),
              values_.count(values_.spec(literals, {}, kTrue, compact), limit), kNone};
    if (count_all || cell.count < limit) {
      cells.slots.push_back(static_cast<std::uint32_t>(cells.list.size()));
      cell.slot = static_cast<std::uint32_t>(cells.slots.size());
    }
    cells.list.push_back(std::move(cell));
  }
  cells_.push_back(std::move(cells));
  auto id = static_cast<CellsId>(cells_.size() - 1);
  if (attempt.certain()) known_cells_.emplace(key, id);
  return id;
}

std::uint32_t Arrays::home(Cells& cells, QuestionId value) {
  if (auto known = cells.homes.find(value); known != cells.homes.end()) return known->second;
  std::uint32_t home = kNone;
  for (std::uint32_t at : cells.slots) {
    ShortList<std::uint32_t> literals = cells.list[at].literals;
    literals.push_back(Literal{value, true}.code());
    if (!values_.satisfiable(values_.spec(std::move(literals), {}, kTrue, cells.compact))) continue;
    home = at;
    break;
  }
  cells.homes.emplace(value, home);
  return home;
}

Arrays::Tally Arrays::tally_of(CellsId id, TakenId taken) {
  Cells& cells = cells_[id];
  Tally tally(cells.slots.size() + 1, 0);
  tally[0] = id;
  for (QuestionId value : taken_.values(taken)) {
    std::uint32_t home = this->home(cells, value);
    if (home != kNone) take_from(cells, home, tally);
  }
  return tally;
}

// Of an endless cell only whether some value was taken matters.
void Arrays::take_from(const Cells& cells, std::uint32_t at, Tally& tally) const {
  const Cell& cell = cells.list[at];
  std::uint64_t most = cell.count < cells.limit ? cell.count : 1;
  if (tally[cell.slot] < most) ++tally[cell.slot];
}

FormulaId Arrays::one_more(const Tally& tally) {
  const Cells& cells = cells_[tally[0]];
  ShortList<FormulaId> ways;
  ShortList<FormulaId> elsewhere;
  for (std::uint32_t at : cells.slots) {
    const Cell& cell = cells.list[at];
    elsewhere.push_back(formulas_.negate(cell.formula));
    if (tally[cell.slot] >= cell.count) continue;
    Tally more = tally;
    take_from(cells, at, more);
    ways.push_back(formulas_.conj(cell.formula, unique_atom(std::move(more))));
  }
  if (cells.slots.size() < cells.list.size()) {
    elsewhere.push_back(unique_atom(tally));
    ways.push_back(formulas_.conj(std::move(elsewhere)));
  }
  return formulas_.disj(std::move(ways));
}

FormulaId Arrays::new_item(FormulaId f, std::uint32_t index, std::uint32_t tally_id) {
  const Tally tally = lists_[tally_id - 1];
  ShortList<FormulaId> parts{derive(f, index, one_more(tally))};
  for (const Cell& cell : cells_[tally[0]].list) {
    if (cell.slot != kNone && tally[cell.slot] >= cell.count) parts.push_back(formulas_.negate(cell.formula));
  }
  return formulas_.conj(std::move(parts));
}

FormulaId Arrays::repeated_item(FormulaId f, std::uint32_t index, std::uint32_t tally_id) {
  FormulaId broken = derive(f, index, kFalse);
  if (broken == kFalse) return kFalse;
  const Tally tally = lists_[tally_id - 1];
  ShortList<FormulaId> taken;
  for (const Cell& cell : cells_[tally[0]].list) {
    if (cell.slot != kNone && tally[cell.slot] > 0) taken.push_back(cell.formula);
  }
  return formulas_.conj(broken, formulas_.disj(std::move(taken)));
}

// Items to cells, by augmenting paths.
bool Arrays::match_cells(FormulaId plain, std::uint32_t index, std::uint32_t least, std::uint32_t tally_id) {
  const Tally tally = lists_[tally_id - 1];
  const Cells& cells = cells_[tally[0]];
  const ShortList<FormulaId> tables = tables_of(plain);
  std::vector<ShortList<std::uint32_t>> allowed;  // by item
  for (std::uint32_t i = index; i < least; ++i) {
    ShortList<std::uint32_t> fitting;
    bool endless = false;
    for (std::uint32_t at = 0; at < cells.list.size() && !endless; ++at) {
      FuelScope::spend();
      const Cell& cell = cells.list[at];
      auto fits_as = [&](std::size_t spelling) {
        return std::all_of(tables.begin(), tables.end(), [&](FormulaId id) {
          const ItemTable& table = store_.items[formulas_.node(id).atom.a];
          QuestionId q = questions_.resolve(i < table.prefix.size() ? table.prefix[i] : table.rest);
          if (q == kAlways || q == kNever) return q == kAlways;
          std::uint32_t code = Literal{questions_.by_spelling(q)[spelling], true}.code();
          return std::find(cell.literals.begin(), cell.literals.end(), code) != cell.literals.end();
        });
      };
      bool fits = fits_as(0) || fits_as(1);
      if (fits) fitting.push_back(at);
      endless = fits && cell.count >= cells.limit;
    }
    if (!endless) allowed.push_back(std::move(fitting));
  }
  std::vector<ShortList<std::uint32_t>> holders(cells.list.size());
  std::vector<bool> tried;
  std::function<bool(std::uint32_t)> place = [&](std::uint32_t item) {
    for (std::uint32_t at : allowed[item]) {
      FuelScope::spend();
      if (tried[at]) continue;
      tried[at] = true;
      const Cell& cell = cells.list[at];
      if (holders[at].size() + tally[cell.slot] < cell.count) {
        holders[at].push_back(item);
        return true;
      }
      for (std::uint32_t& holder : holders[at]) {
        if (!place(holder)) continue;
        holder = item;
        return true;
      }
    }
    return false;
  };
  for (std::uint32_t item = 0; item < allowed.size(); ++item) {
    tried.assign(cells.list.size(), false);
    if (!place(item)) return false;
  }
  return true;
}

// ---- how many arrays ----

// Forwards, by length: which formulas are left, and by how many ways.
std::uint64_t Arrays::count(FormulaId demanded, bool compact, std::uint64_t limit) {
  if (bounds(demanded).unique) {
    CellsId cells = make_cells(demanded, 0, std::max<std::uint64_t>(limit, 2), true, compact);
    demanded = with_unique(demanded, unique_atom(tally_of(cells, kNothingTaken)));
  }
  const std::uint64_t left_out = verdicts_.left_out();
  std::map<std::pair<FormulaId, std::uint32_t>, std::uint64_t> front{{{demanded, 0}, 1}};
  std::uint64_t total = 0;
  while (!front.empty() && total < limit) {
    std::map<std::pair<FormulaId, std::uint32_t>, std::uint64_t> longer;
    for (const auto& [place, ways] : front) {
      const auto [f, index] = place;
      FuelScope::spend();
      if (at_end(f, index) == kTrue) total = std::min(limit, total + ways);
      const std::uint64_t before = ways;
      auto add = [&](FormulaId rest, std::uint64_t values) {
        if (values == 0 || !satisfiable(Core{rest, {}, index + 1, kNothingTaken, false, compact})) return;
        std::uint64_t& known = longer[{rest, std::min(index + 1, bounds(rest).horizon)}];
        known = std::min(limit, known + product(before, values, limit));
      };
      const Bounds bounds = this->bounds(f);
      if (!bounds.unique) {
        verdicts_.each(
            derive(f, index, kTrue), compact, limit,
            [&](FormulaId rest, std::uint64_t values, const ShortList<std::uint32_t>&) { add(rest, values); });
        continue;
      }
      const Tally tally = lists_[bounds.tally - 1];
      for (bool fresh : {true, false}) {
        FormulaId next = fresh ? new_item(f, index, bounds.tally) : repeated_item(f, index, bounds.tally);
        if (next == kFalse) continue;
        verdicts_.each(
            next, compact, 1, [&](FormulaId rest, std::uint64_t any, const ShortList<std::uint32_t>& literals) {
              if (any == 0) return;
              const Cells& cells = cells_[tally[0]];
              const bool spelled = verdicts_.tells_spellings(literals);
              std::uint64_t values = 0;
              for (const Cell& cell : cells.list) {
                bool apart = std::any_of(literals.begin(), literals.end(), [&](std::uint32_t code) {
                  return std::find(cell.literals.begin(), cell.literals.end(), code ^ 1) != cell.literals.end();
                });
                if (apart || (spelled && !verdicts_.usually(literals, cell.literals, compact))) continue;
                std::uint64_t taken = tally[cell.slot];
                values += !fresh ? taken : cell.count >= cells.limit ? limit : cell.count - taken;
              }
              add(rest, std::min(values, limit));
            });
      }
    }
    front = std::move(longer);
  }
  verdicts_.check_left_out(left_out, total >= limit);
  return total;
}

}  // namespace maskforge
