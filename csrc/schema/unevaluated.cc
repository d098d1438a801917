// See unevaluated.h.
#include "schema/unevaluated.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/fuel.h"
#include "schema/questions.h"

namespace maskforge {

struct Unevaluated::Walk {
  Questions& questions;
  bool items;
  std::vector<Part> parts;
  std::set<std::pair<QuestionId, FormulaId>> entered;
};

Unevaluated::Unevaluated(SchemaStore& store, Formulas& formulas) : store_(store), formulas_(formulas) {
  formulas_.set_rebuild(
      [this](std::uint32_t term, const std::vector<FormulaId>& conditions) { return rebuild(term, conditions); });
}

// ---- tables ---------------------------------------------------------------------------------------------------------

TableId Unevaluated::names_of(TableId members) {
  auto [entry, fresh] = names_of_.try_emplace(members, 0);
  if (fresh) {
    const MemberTable& table = store_.members[members];
    FuelScope::spend(table.properties.size() / 8 + 1);
    MemberTable names;
    names.additional = kNever;
    for (const auto& [name, question] : table.properties) names.properties.emplace(name, kAlways);
    for (const auto& [pattern, question] : table.patterns) names.patterns.emplace_back(pattern, kAlways);
    std::sort(names.patterns.begin(), names.patterns.end());
    entry->second = store_.intern(std::move(names));
  }
  return entry->second;
}

TableId Unevaluated::places_of(TableId items) {
  return store_.intern(ItemTable{std::vector<QuestionId>(store_.items[items].prefix.size(), kAlways), kNever});
}

QuestionId Unevaluated::either(QuestionId a, QuestionId b) {
  if (a == kAlways || b == kAlways) return kAlways;
  if (a == kNever || a == b) return b;
  if (b == kNever) return a;
  SchemaNode node;
  node.any_of.push_back({std::min(a, b), std::max(a, b)});
  node.pointer = store_.nodes[a].pointer;
  return store_.intern(std::move(node));
}

// The table that lets through what one of the two does. Requires that one of them is a coverage.
TableId Unevaluated::unite(bool items, TableId a, TableId b) {
  if (items) {
    const ItemTable& left = store_.items[a];
    const ItemTable& right = store_.items[b];
    std::vector<QuestionId> prefix(std::max(left.prefix.size(), right.prefix.size()), kAlways);
    return store_.intern(ItemTable{std::move(prefix), either(left.rest, right.rest)});
  }
  const MemberTable& right = store_.members[b];
  MemberTable table = store_.members[a];
  FuelScope::spend((table.properties.size() + right.properties.size()) / 8 + 1);
  table.properties.insert(right.properties.begin(), right.properties.end());
  table.patterns.insert(table.patterns.end(), right.patterns.begin(), right.patterns.end());
  std::sort(table.patterns.begin(), table.patterns.end());
  table.patterns.erase(std::unique(table.patterns.begin(), table.patterns.end()), table.patterns.end());
  table.additional = either(table.additional, right.additional);
  return store_.intern(std::move(table));
}

// Whether the table lets through whatever the coverage does; a "no" may be wrong.
bool Unevaluated::covers(bool items, TableId table, TableId coverage) const {
  if (items) {
    const ItemTable& most = store_.items[table];
    const ItemTable& least = store_.items[coverage];
    return least.prefix.size() <= most.prefix.size() && (least.rest == kNever || least.rest == most.rest);
  }
  const MemberTable& most = store_.members[table];
  const MemberTable& least = store_.members[coverage];
  return least.additional == kNever && least.properties.size() <= most.properties.size() &&
         std::includes(most.patterns.begin(), most.patterns.end(), least.patterns.begin(), least.patterns.end()) &&
         std::all_of(least.properties.begin(), least.properties.end(),
                     [&](const auto& property) { return most.properties.contains(property.first); });
}

bool Unevaluated::lets_all_through(bool items, TableId table) const {
  // Tables here say kAlways of whatever they list.
  return (items ? store_.items[table].rest : store_.members[table].additional) == kAlways;
}

// ---- terms ----------------------------------------------------------------------------------------------------------

FormulaId Unevaluated::make(bool items, TableId base, std::vector<Part> parts) {
  // Equal conditions are one, and what holds in any case belongs to the base.
  std::map<FormulaId, TableId> open;
  for (const Part& part : parts) {
    FuelScope::spend();
    if (part.condition == kFalse) continue;
    if (part.condition == kTrue) {
      base = unite(items, base, part.coverage);
    } else if (auto [entry, fresh] = open.try_emplace(part.condition, part.coverage); !fresh) {
      entry->second = unite(items, entry->second, part.coverage);
    }
  }
  if (lets_all_through(items, base)) return kTrue;
  std::vector<FormulaId> conditions;
  Term term{items, base, {}};
  for (auto [condition, coverage] : open) {
    if (covers(items, base, coverage)) continue;
    conditions.push_back(condition);
    term.coverages.push_back(coverage);
  }
  if (conditions.empty()) return formulas_.atom(items ? AtomKind::kItems : AtomKind::kEach, base);
  return formulas_.unevaluated(terms_.intern(std::move(term)), std::move(conditions));
}

FormulaId Unevaluated::rebuild(std::uint32_t id, const std::vector<FormulaId>& conditions) {
  const Term& term = terms_[id];
  std::vector<Part> parts;
  for (std::size_t i = 0; i < conditions.size(); ++i) parts.push_back({conditions[i], term.coverages[i]});
  return make(term.items, term.base, std::move(parts));
}

FormulaId Unevaluated::without_spent(std::uint32_t id, std::vector<FormulaId> conditions, const Spent& spent) {
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    if (spent(terms_[id].coverages[i])) conditions[i] = kFalse;
  }
  return rebuild(id, conditions);
}

FormulaId Unevaluated::read(std::uint32_t id, std::vector<FormulaId> conditions,
                            const std::function<FormulaId(TableId)>& says, const Spent& spent) {
  const Term& term = terms_[id];
  std::vector<FormulaId> ways{says(term.base)};
  if (ways[0] != kTrue) {
    for (std::size_t i = 0; i < conditions.size(); ++i) {
      if (conditions[i] != kFalse) ways.push_back(formulas_.conj(conditions[i], says(term.coverages[i])));
    }
  }
  return formulas_.conj(without_spent(id, std::move(conditions), spent), formulas_.disj(std::move(ways)));
}

// ---- from schemas ---------------------------------------------------------------------------------------------------

void Unevaluated::enter(Walk& walk, QuestionId q, FormulaId condition) {
  if (q == kAlways || q == kNever || condition == kFalse || !walk.entered.emplace(q, condition).second) return;
  FuelScope::spend();
  const SchemaNode& node = store_.nodes[q];
  const bool all = walk.items ? node.evaluates_items || node.unevaluated_items != kNone
                              : node.evaluates_members || node.unevaluated_members != kNone;
  if (all) {
    walk.parts.push_back({condition, walk.items ? store_.intern(ItemTable{}) : store_.intern(MemberTable{})});
  } else {
    collect(walk, node, condition);
  }
}

void Unevaluated::collect(Walk& walk, const SchemaNode& node, FormulaId condition) {
  if (walk.items) {
    if (node.items != kNone) walk.parts.push_back({condition, places_of(node.items)});
    if (node.evaluates_contained) walk.parts.push_back({condition, store_.intern(ItemTable{{}, node.contains})});
  } else if (node.members != kNone) {
    walk.parts.push_back({condition, names_of(node.members)});
  }
  auto holds = [&](QuestionId q) { return walk.items ? walk.questions.array(q) : walk.questions.object(q); };
  auto branch = [&](QuestionId q) { enter(walk, q, formulas_.conj(condition, holds(q))); };
  for (QuestionId q : node.all_of) enter(walk, q, condition);
  for (const auto& list : node.any_of) std::for_each(list.begin(), list.end(), branch);
  for (const auto& list : node.one_of) std::for_each(list.begin(), list.end(), branch);
  if (node.condition != kNone) {
    FormulaId test = holds(node.condition);
    enter(walk, node.condition, formulas_.conj(condition, test));
    enter(walk, node.consequence, formulas_.conj(condition, test));
    enter(walk, node.alternative, formulas_.conj(condition, formulas_.negate(test)));
  }
  if (walk.items) return;
  for (const auto& [name, q] : node.dependent_schemas) {
    enter(walk, q, formulas_.conj(condition, formulas_.atom(AtomKind::kHas, name)));
  }
}

FormulaId Unevaluated::members(Questions& questions, const SchemaNode& node) {
  if (node.evaluates_members) return kTrue;
  const QuestionId q = questions.resolve(node.unevaluated_members);
  if (q == kAlways) return kTrue;
  Walk walk{questions, false, {}, {}};
  collect(walk, node, kTrue);
  MemberTable base;
  base.additional = q;
  return make(false, store_.intern(std::move(base)), std::move(walk.parts));
}

FormulaId Unevaluated::items(Questions& questions, const SchemaNode& node) {
  if (node.evaluates_items) return kTrue;
  const QuestionId q = questions.resolve(node.unevaluated_items);
  if (q == kAlways) return kTrue;
  Walk walk{questions, true, {}, {}};
  collect(walk, node, kTrue);
  return make(true, store_.intern(ItemTable{{}, q}), std::move(walk.parts));
}

}  // namespace maskforge
