// See objects.h: plans, and the texts of keys.
#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"
#include "schema/objects.h"

namespace maskforge {

namespace {

constexpr std::size_t kMaxCells = 1024;

void sort_unique(std::vector<std::uint32_t>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

// The end of the run of names in [low, high) that have `c` at `depth`; all share what stands before.
template <typename TextOf>
std::uint32_t run_end(std::uint32_t low, std::uint32_t high, std::uint32_t depth, char32_t c, const TextOf& text_of) {
  while (low < high) {
    std::uint32_t middle = low + (high - low) / 2;
    if (text_of(middle)[depth] <= c) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

Objects::PlanId Objects::plan_of(const Core& core) {
  Shape shape;
  shape.compact = core.compact;
  auto collect = [&](const Atom& atom, bool, bool) {
    if (atom.kind == AtomKind::kEach) shape.tables.push_back(atom.a);
    if (atom.kind == AtomKind::kNames) shape.names.push_back(atom.a);
    if (atom.kind == AtomKind::kHas) shape.mentions.push_back(atom.a);
  };
  formulas_.visit_atoms(core.demanded, collect);
  for (FormulaId f : core.asked) formulas_.visit_atoms(f, collect);
  sort_unique(shape.tables);
  sort_unique(shape.names);
  sort_unique(shape.mentions);
  std::erase_if(shape.mentions, [&](NameId name) {
    return std::any_of(shape.tables.begin(), shape.tables.end(),
                       [&](TableId table) { return store_.members[table].properties.contains(name); });
  });
  PlanId id = shapes_.intern(shape);
  if (id < plans_.size()) return id;
  Plan& plan = plans_.emplace_back();
  plan.shape = shapes_[id];
  plan.names = plan.shape.mentions;
  for (TableId table : plan.shape.tables) {
    for (const auto& [name, question] : store_.members[table].properties) plan.names.push_back(name);
    for (const auto& [pattern, question] : store_.members[table].patterns) plan.patterns.push_back(pattern);
  }
  plan.patterns.insert(plan.patterns.end(), plan.shape.names.begin(), plan.shape.names.end());
  sort_unique(plan.patterns);
  if (plan.patterns.size() > 64) throw UnsupportedError("more than 64 key patterns in one object");
  sort_unique(plan.names);
  std::sort(plan.names.begin(), plan.names.end(),
            [&](NameId a, NameId b) { return store_.name_text(a) < store_.name_text(b); });
  FuelScope::spend(plan.names.size() / 8 + 1);
  for (std::uint32_t i = 0; i < plan.names.size(); ++i) {
    std::uint64_t matches = 0;
    for (std::size_t p = 0; p < plan.patterns.size(); ++p) {
      if (texts_.regexes().matches(plan.patterns[p], store_.name_text(plan.names[i]))) matches |= std::uint64_t{1} << p;
    }
    plan.name_matches.push_back(matches);
    plan.index.emplace(plan.names[i], i);
  }
  plan.name_alive.assign(plan.names.size(), Known::kUnknown);
  return id;
}

Objects::CoreInfo& Objects::info(CoreId id) {
  CoreInfo& info = infos_[id];
  if (info.analysed) return info;
  const Core& core = cores_[id];
  info.plan = plan_of(core);
  info.is_plain = core.asked.empty();
  auto take = [&](FormulaId part) {
    const Formulas::Node& node = formulas_.node(part);
    if (node.op == Formulas::Op::kAtom) {
      if (node.atom.kind == AtomKind::kHas) info.plain.missing.push_back(node.atom.a);
      if (node.atom.kind == AtomKind::kCount) info.plain.least = std::max(info.plain.least, node.atom.a);
      return node.atom.kind != AtomKind::kVerdict;
    }
    if (node.op == Formulas::Op::kNot) {
      const Formulas::Node& inner = formulas_.node(node.parts[0]);
      if (inner.op == Formulas::Op::kAtom && inner.atom.kind == AtomKind::kCount) {
        info.plain.most = std::min(info.plain.most, inner.atom.a - 1);
        return true;
      }
    }
    return false;
  };
  if (info.is_plain && core.demanded != kTrue) {
    const Formulas::Node& node = formulas_.node(core.demanded);
    if (node.op == Formulas::Op::kAnd) {
      for (FormulaId part : node.parts) info.is_plain = info.is_plain && take(part);
    } else {
      info.is_plain = take(core.demanded);
    }
  }
  info.analysed = true;
  return info;
}

const std::vector<Objects::Cell>& Objects::cells(Plan& plan) {
  if (plan.cells) return *plan.cells;
  RegexArena& regexes = texts_.regexes();
  std::vector<Cell> cells{{0, regexes.any_text()}};
  for (std::size_t p = 0; p < plan.patterns.size(); ++p) {
    std::vector<Cell> next;
    RegexId outside = regexes.complement(plan.patterns[p]);
    for (const Cell& cell : cells) {
      FuelScope::spend();
      RegexId in = regexes.intersect({cell.keys, plan.patterns[p]});
      if (!regexes.is_empty(in)) next.push_back({cell.matches | std::uint64_t{1} << p, in});
      RegexId out = regexes.intersect({cell.keys, outside});
      if (!regexes.is_empty(out)) next.push_back({cell.matches, out});
    }
    if (next.size() > kMaxCells)
      throw UnsupportedError("the key patterns of one object overlap in more than 1,024 ways");
    cells = std::move(next);
  }
  plan.cell_alive.assign(cells.size(), Known::kUnknown);
  plan.cells = std::move(cells);
  return *plan.cells;
}

bool Objects::plain_alive(Plan& plan, const Key& key) {
  if (key.name != kNone && !store_.is_writable(key.name)) return false;
  for (RegexId names : plan.shape.names) {
    auto bit = std::find(plan.patterns.begin(), plan.patterns.end(), names) - plan.patterns.begin();
    if ((key.matches >> bit & 1) == 0) return false;
  }
  std::vector<QuestionId> asked;
  for (TableId table : plan.shape.tables) questions_about(table, key, plan, asked);
  std::vector<std::uint32_t> forced;
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

bool Objects::key_alive(CoreId core, NameId name) {
  if (was_seen(cores_[core].seen, name)) return false;
  CoreInfo& info = this->info(core);
  if (!info.is_plain) return named_member(core, name).alive;
  Plan& plan = plans_[info.plan];
  return room_for(info, cores_[core], name) && plain_name_alive(plan, plan.index.at(name));
}

TextId Objects::extras(CoreId core) {
  if (info(core).extras) return *info(core).extras;
  Plan& plan = plans_[info(core).plan];
  bool plain = info(core).is_plain;
  TextId result = kDeadText;
  bool room = !plain || room_for(info(core), cores_[core], kNone);
  if (plain && room && plan.plain_extras) {
    result = *plan.plain_extras;
  } else if (room) {
    Values::Attempt attempt(values_);
    const std::vector<Cell>& cells = this->cells(plan);
    std::vector<RegexId> alive;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (plain ? plain_cell_alive(plan, i) : unnamed_member(core, cells[i].matches).alive)
        alive.push_back(cells[i].keys);
    }
    bool all = alive.size() == cells.size();
    RegexId language = all ? texts_.regexes().any_text() : texts_.regexes().unite(std::move(alive));
    result = texts_.language(language, plan.patterns);
    if (!attempt.certain()) return result;
    if (plain) plan.plain_extras = result;
  }
  info(core).extras = result;
  return result;
}

const std::vector<NameId>& Objects::seen_unnamed(CoreId core) {
  CoreInfo& info = this->info(core);
  if (!info.seen_sorted) {
    const Plan& plan = plans_[info.plan];
    for (NameId name : lists_[cores_[core].seen]) {
      if (!plan.index.contains(name)) info.seen_unnamed.push_back(name);
    }
    std::sort(info.seen_unnamed.begin(), info.seen_unnamed.end(),
              [&](NameId a, NameId b) { return store_.name_text(a) < store_.name_text(b); });
    info.seen_sorted = true;
  }
  return info.seen_unnamed;
}

bool Objects::extras_left(const KeyPlace& place) {
  if (place.rest == kDeadText) return false;
  RegexArena& regexes = texts_.regexes();
  RegexId rest = texts_.alive(place.rest);
  if (rest == regexes.any_text()) return true;
  const Plan& plan = plans_[info(place.core).plan];
  const std::vector<NameId>& seen = seen_unnamed(place.core);
  std::uint64_t taken = 0;
  auto count = [&](NameId name) {
    FuelScope::spend();
    if (regexes.matches(rest, std::u32string_view(store_.name_text(name)).substr(place.depth))) ++taken;
  };
  for (std::uint32_t i = place.low; i < place.high; ++i) count(plan.names[i]);
  for (std::uint32_t i = place.seen_low; i < place.seen_high; ++i) count(seen[i]);
  return taken == 0 || regexes.count_words(rest, taken + 1) > taken;
}

TextId Objects::key_text(KeyPlace place) {
  if (place.low == place.high && place.seen_low == place.seen_high) return place.rest;
  if (!extras_left(place)) {
    const Plan& plan = plans_[info(place.core).plan];
    bool alive = false;
    for (std::uint32_t i = place.low; i < place.high && !alive; ++i) alive = key_alive(place.core, plan.names[i]);
    if (!alive) return kDeadText;
    place.rest = kDeadText;
    place.seen_low = place.seen_high = 0;
  }
  return texts_.key(places_.intern(place), this);
}

std::uint32_t Objects::key_root(CoreId core) {
  const Plan& plan = plans_[info(core).plan];
  return places_.intern(KeyPlace{core, 0, static_cast<std::uint32_t>(plan.names.size()), 0,
                                 static_cast<std::uint32_t>(seen_unnamed(core).size()), 0, extras(core)});
}

bool Objects::any_key_left(CoreId core) { return key_text(places_[key_root(core)]) != kDeadText; }

std::vector<TextEdge> Objects::key_edges(std::uint32_t id) {
  const KeyPlace place = places_[id];
  const Plan& plan = plans_[info(place.core).plan];
  const std::vector<NameId>& seen = seen_unnamed(place.core);
  auto name_text = [&](std::uint32_t i) -> const std::u32string& { return store_.name_text(plan.names[i]); };
  auto seen_text = [&](std::uint32_t i) -> const std::u32string& { return store_.name_text(seen[i]); };
  const std::vector<TextEdge> rest = place.rest == kDeadText ? std::vector<TextEdge>{} : texts_.edges(place.rest);
  std::vector<TextEdge> result;
  std::size_t at = 0;                     // in rest
  char32_t from = 0;                      // rest is copied up to here
  auto copy_rest = [&](char32_t until) {  // the edges of rest in [from, until)
    for (; at < rest.size() && rest[at].first < until; ++at) {
      char32_t first = std::max(rest[at].first, from);
      char32_t last = std::min<char32_t>(rest[at].last, until - 1);
      if (first <= last) result.push_back({first, last, rest[at].target});
      if (rest[at].last >= until) break;
    }
    from = until;
  };
  std::uint32_t low = place.low;
  std::uint32_t seen_low = place.seen_low;
  if (low < place.high && name_text(low).size() == place.depth) ++low;
  if (seen_low < place.seen_high && seen_text(seen_low).size() == place.depth) ++seen_low;
  while (low < place.high || seen_low < place.seen_high) {
    char32_t c = 0xFFFFFFFF;
    if (low < place.high) c = name_text(low)[place.depth];
    if (seen_low < place.seen_high) c = std::min(c, seen_text(seen_low)[place.depth]);
    KeyPlace next = place;
    next.depth = place.depth + 1;
    next.low = low;
    next.high = low = low < place.high && name_text(low)[place.depth] == c
                          ? run_end(low, place.high, place.depth, c, name_text)
                          : low;
    next.seen_low = seen_low;
    next.seen_high = seen_low = seen_low < place.seen_high && seen_text(seen_low)[place.depth] == c
                                    ? run_end(seen_low, place.seen_high, place.depth, c, seen_text)
                                    : seen_low;
    copy_rest(c);
    next.rest = at < rest.size() && rest[at].first <= c && rest[at].last >= c ? rest[at].target : kDeadText;
    TextId target = key_text(next);
    if (target != kDeadText) result.push_back({c, c, target});
    from = c + 1;
    if (at < rest.size() && rest[at].last <= c) ++at;
  }
  copy_rest(0x110000);
  return result;
}

Label Objects::key_close(std::uint32_t id) {
  const KeyPlace place = places_[id];
  const Plan& plan = plans_[info(place.core).plan];
  if (place.low < place.high && store_.name_text(plan.names[place.low]).size() == place.depth) {
    NameId name = plan.names[place.low];
    return key_alive(place.core, name) ? named_label(name) : kNoLabel;
  }
  if (place.seen_low < place.seen_high &&
      store_.name_text(seen_unnamed(place.core)[place.seen_low]).size() == place.depth) {
    return kNoLabel;
  }
  return place.rest == kDeadText ? kNoLabel : texts_.close(place.rest);
}

}  // namespace maskforge
