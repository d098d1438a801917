// See unevaluated.h.
#include "schema/unevaluated.h"

#include <algorithm>
#include <map>

#include "base/fuel.h"
#include "schema/questions.h"

namespace maskforge {

Unevaluated::Unevaluated(SchemaStore& store, Formulas& formulas) : store_(store), formulas_(formulas) {
  formulas_.set_rebuild(
      [this](std::uint32_t term, const ShortList<FormulaId>& conditions) { return rebuild(term, conditions); });
}

// ---- tables ---------------------------------------------------------------------------------------------------------

TableId Unevaluated::names_of(TableId members) {
  auto [entry, fresh] = names_of_.try_emplace(members, 0);
  if (fresh) {
    const MemberTable& table = store_.members[members];
    FuelScope::spend(table.properties.size() / 8 + 1);
    MemberTable names;
    names.additional = kNever;
    for (const auto& [name, question] : table.properties) names.properties.add(name, kAlways);
    for (const auto& [pattern, question] : table.patterns) names.patterns.emplace_back(pattern, kAlways);
    std::sort(names.patterns.begin(), names.patterns.end());
    entry->second = store_.intern(std::move(names));
  }
  return entry->second;
}

TableId Unevaluated::places_of(TableId items) {
  return store_.intern(ItemTable{ShortList<QuestionId>(store_.items[items].prefix.size(), kAlways), kNever});
}

QuestionId Unevaluated::either(QuestionId a, QuestionId b) {
  if (a == kAlways || b == kAlways) return kAlways;
  if (a == kNever || a == b) return b;
  if (b == kNever) return a;
  SchemaNode node;
  node.any_of.push_back({std::min(a, b), std::max(a, b)});
  if (!store_.nodes[a].order.empty() || !store_.nodes[b].order.empty()) {
    node.order.push_back({OrderStep::Kind::kBranches, node.any_of[0]});
  }
  node.pointer = store_.nodes[a].pointer;
  return store_.intern(std::move(node));
}

// The table that lets through what one of the two does. Requires that one of them is a coverage.
TableId Unevaluated::unite(bool items, TableId a, TableId b) {
  if (items) {
    const ItemTable& left = store_.items[a];
    const ItemTable& right = store_.items[b];
    ShortList<QuestionId> prefix(std::max(left.prefix.size(), right.prefix.size()), kAlways);
    return store_.intern(ItemTable{std::move(prefix), either(left.rest, right.rest)});
  }
  const MemberTable& right = store_.members[b];
  MemberTable table = store_.members[a];
  FuelScope::spend((table.properties.size() + right.properties.size()) / 8 + 1);
  table.properties.add_all(right.properties);
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
  ShortList<FormulaId> conditions;
  Term term{items, base, {}};
  for (auto [condition, coverage] : open) {
    if (covers(items, base, coverage)) continue;
    conditions.push_back(condition);
    term.coverages.push_back(coverage);
  }
  if (conditions.empty()) return formulas_.atom(items ? AtomKind::kItems : AtomKind::kEach, base);
  return formulas_.unevaluated(terms_.intern(std::move(term)), std::move(conditions));
}

FormulaId Unevaluated::rebuild(std::uint32_t id, const ShortList<FormulaId>& conditions) {
  const Term& term = terms_[id];
  std::vector<Part> parts;
  for (std::size_t i = 0; i < conditions.size(); ++i) parts.push_back({conditions[i], term.coverages[i]});
  return make(term.items, term.base, std::move(parts));
}

FormulaId Unevaluated::without_spent(std::uint32_t id, ShortList<FormulaId> conditions, const Spent& spent) {
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    if (spent(terms_[id].coverages[i])) conditions[i] = kFalse;
  }
  return rebuild(id, conditions);
}

FormulaId Unevaluated::read(std::uint32_t id, ShortList<FormulaId> conditions,
                            const std::function<FormulaId(TableId)>& says, const Spent& spent) {
  const Term& term = terms_[id];
  ShortList<FormulaId> ways{says(term.base)};
  if (ways[0] != kTrue) {
    for (std::size_t i = 0; i < conditions.size(); ++i) {
      if (conditions[i] != kFalse) ways.push_back(formulas_.conj(conditions[i], says(term.coverages[i])));
    }
  }
  return formulas_.conj(without_spent(id, std::move(conditions), spent), formulas_.disj(std::move(ways)));
}

// ---- from schemas ---------------------------------------------------------------------------------------------------

std::vector<Unevaluated::Edge> Unevaluated::edges(Questions& questions, bool items, const SchemaNode& node) {
  auto holds = [&](QuestionId q) { return items ? questions.array(q) : questions.object(q); };
  std::vector<Edge> edges;
  for (QuestionId q : node.all_of) edges.push_back({q, kTrue});
  for (const auto* lists : {&node.any_of, &node.one_of}) {
    for (const ShortList<QuestionId>& list : *lists) {
      for (QuestionId q : list) edges.push_back({q, holds(q)});
    }
  }
  if (node.condition != kNone) {
    FormulaId test = holds(node.condition);
    edges.push_back({node.condition, test});
    edges.push_back({node.consequence, test});
    edges.push_back({node.alternative, formulas_.negate(test)});
  }
  if (!items) {
    for (const auto& [name, q] : node.dependent_schemas) edges.push_back({q, formulas_.atom(AtomKind::kHas, name)});
  }
  std::erase_if(edges, [](const Edge& edge) { return edge.to <= kNever || edge.condition == kFalse; });
  return edges;
}

bool Unevaluated::evaluates_all(bool items, const SchemaNode& node) const {
  return items ? node.evaluates_items || node.unevaluated_items != kNone
               : node.evaluates_members || node.unevaluated_members != kNone;
}

// What the node evaluates by itself.
void Unevaluated::add_own(bool items, const SchemaNode& node, FormulaId condition, std::vector<Part>& parts) {
  if (items) {
    if (node.items != kNone) parts.push_back({condition, places_of(node.items)});
    if (node.evaluates_contained) parts.push_back({condition, store_.intern(ItemTable{{}, node.contains})});
  } else if (node.members != kNone) {
    parts.push_back({condition, names_of(node.members)});
  }
}

std::vector<Unevaluated::Part> Unevaluated::collect(Questions& questions, bool items, const SchemaNode& root) {
  // In-place applicators form a graph, and one schema can be reached in very many ways: it counts under the disjunction
  // of them all, so whatever leads to a schema comes before it.
  struct Visit {
    const SchemaNode* node;
    std::vector<Edge> edges;
    std::size_t next = 0;
  };
  constexpr QuestionId kRoot = kNone;
  std::unordered_map<QuestionId, FormulaId> conditions{{kRoot, kTrue}};
  std::unordered_map<QuestionId, Visit> visits;
  ShortList<QuestionId> finished;
  ShortList<QuestionId> stack{kRoot};
  visits.emplace(kRoot, Visit{&root, edges(questions, items, root)});
  while (!stack.empty()) {
    Visit& visit = visits.at(stack.back());
    if (visit.next == visit.edges.size()) {
      finished.push_back(stack.back());
      stack.pop_back();
      continue;
    }
    QuestionId to = visit.edges[visit.next++].to;
    if (visits.contains(to)) continue;
    FuelScope::spend();
    const SchemaNode& node = store_.nodes[to];
    visits.emplace(to, Visit{&node, evaluates_all(items, node) ? std::vector<Edge>{} : edges(questions, items, node)});
    stack.push_back(to);
  }
  std::vector<Part> parts;
  for (auto q = finished.rbegin(); q != finished.rend(); ++q) {
    const Visit& visit = visits.at(*q);
    const FormulaId condition = conditions.at(*q);
    if (*q != kRoot && evaluates_all(items, *visit.node)) {
      parts.push_back({condition, items ? store_.intern(ItemTable{}) : store_.intern(MemberTable{})});
    } else {
      add_own(items, *visit.node, condition, parts);
    }
    for (const Edge& edge : visit.edges) {
      FormulaId way = formulas_.conj(condition, edge.condition);
      auto [known, fresh] = conditions.try_emplace(edge.to, way);
      if (!fresh) known->second = formulas_.disj(known->second, way);
    }
  }
  return parts;
}

FormulaId Unevaluated::members(Questions& questions, const SchemaNode& node) {
  const QuestionId q = questions.resolve(node.unevaluated_members);
  if (node.evaluates_members || q == kAlways) return kTrue;
  MemberTable base;
  base.additional = q;
  return make(false, store_.intern(std::move(base)), collect(questions, false, node));
}

FormulaId Unevaluated::items(Questions& questions, const SchemaNode& node) {
  const QuestionId q = questions.resolve(node.unevaluated_items);
  if (node.evaluates_items || q == kAlways) return kTrue;
  return make(true, store_.intern(ItemTable{{}, q}), collect(questions, true, node));
}

}  // namespace maskforge
