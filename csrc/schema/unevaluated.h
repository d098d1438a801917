// `unevaluatedProperties` and `unevaluatedItems`: terms U(base, {(condition, coverage)}).
//
// The term says of every member: it agrees with the table `base`, or it agrees with a coverage whose condition holds in
// the end. `base` lets through what is evaluated in any case and asks the keyword's own question of the rest; a
// coverage lets through what one branch evaluates and nothing else. The condition is that branch's own formula, which
// takes derivatives like every other; reading a member adds, as a conjunct of its own, that one of the ways was open to
// it. Example: {"anyOf": [A, B], "unevaluatedProperties": false} where A has the property a and B the property b is
// U({}, {(A, {a}), (B, {b})}), and after the key a it is A' and U({a}, {(B', {b})}).
//
// Conditions that are settled leave the term; without conditions it is the plain table `base`, so that
// `unevaluatedProperties` below `allOf`, `$ref` and `properties` alone costs what `additionalProperties` costs. Guarded
// by the machine's mutex. Covered by tests/schema/test_unevaluated.py.
#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "base/interner.h"
#include "base/short_list.h"
#include "schema/formula.h"
#include "schema/store.h"

namespace maskforge {

class Questions;

class Unevaluated {
 public:
  // `base` and `coverages` are member tables or item tables. Coverages stand beside the conditions of the formula.
  struct Term {
    bool items;
    TableId base;
    ShortList<TableId> coverages;
    bool operator==(const Term&) const = default;
  };

  // Tells the formulas how their terms are rebuilt.
  Unevaluated(SchemaStore& store, Formulas& formulas);
  const Term& term(std::uint32_t id) const { return terms_[id]; }

  // What the keyword says in a node that has it; other nodes are kTrue.
  FormulaId members(Questions& questions, const SchemaNode& node);
  FormulaId items(Questions& questions, const SchemaNode& node);

  // A term after a member was read. `says(table)`: what the member's value must answer; `spent(table)`: no later member
  // can agree with the coverage.
  using Spent = std::function<bool(TableId)>;
  FormulaId read(std::uint32_t term, ShortList<FormulaId> conditions, const std::function<FormulaId(TableId)>& says,
                 const Spent& spent);
  FormulaId without_spent(std::uint32_t term, ShortList<FormulaId> conditions, const Spent& spent);
  std::size_t memory_bytes() const { return terms_.size() * 128; }

 private:
  struct TermHash {
    std::uint64_t operator()(const Term& t) const { return mix_hash(ListHash{}(t.coverages) * 2 + t.items, t.base); }
  };
  // What one branch evaluates, and the formula under which that counts.
  struct Part {
    FormulaId condition;
    TableId coverage;
  };
  // From a schema to one that applies in place, and when it does as far as evaluation goes.
  struct Edge {
    QuestionId to;
    FormulaId condition;
  };

  FormulaId make(bool items, TableId base, std::vector<Part> parts);
  FormulaId rebuild(std::uint32_t term, const ShortList<FormulaId>& conditions);
  std::vector<Edge> edges(Questions& questions, bool items, const SchemaNode& node);
  bool evaluates_all(bool items, const SchemaNode& node) const;
  void add_own(bool items, const SchemaNode& node, FormulaId condition, std::vector<Part>& parts);
  std::vector<Part> collect(Questions& questions, bool items, const SchemaNode& root);
  TableId names_of(TableId members);
  TableId places_of(TableId items);
  QuestionId either(QuestionId a, QuestionId b);
  TableId unite(bool items, TableId a, TableId b);
  bool covers(bool items, TableId table, TableId coverage) const;
  bool lets_all_through(bool items, TableId table) const;

  SchemaStore& store_;
  Formulas& formulas_;
  Interner<Term, TermHash> terms_;
  std::unordered_map<TableId, TableId> names_of_;
};

}  // namespace maskforge
