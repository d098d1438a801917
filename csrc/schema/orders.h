// property_order="schema": which keys of an object must come before which.
//
// A *selection* of a schema picks one branch of every anyOf, oneOf and if, and each dependentSchemas on or off, and
// lists the names of `properties` by first appearance in keyword order. The key b must precede a if in every selection
// b is listed and a is not, or later. Example: {"anyOf": [{"properties": {x, y}}, {"properties": {y, x, z}}]} puts x
// and y before every unlisted key, and in no order of their own. Several questions about one object put b before a
// where each of them does that lists a name.
//
// An intersection of weak orders has no cycle: whatever set of keys an object is to have, it can be written. So an
// object only remembers the names that may not come any more (Objects::Core::seen), and what can be completed never
// depends on the order beyond that.
//
// Selections are never enumerated: for one key x, a pass over the applicators gives every other name y the set of
// outcomes {neither, x, y, x before y, y before x} that its selections can have. A schema without alternatives is a
// list of names and needs no pass. Guarded by the machine's mutex. Covered by tests/schema/test_property_order.py.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/interner.h"
#include "base/short_list.h"
#include "base/stable_vector.h"
#include "schema/store.h"

namespace maskforge {

using OrderId = std::uint32_t;
inline constexpr OrderId kNoOrder = 0;

class Orders {
 public:
  explicit Orders(const SchemaStore& store) : store_(store) { orders_.emplace_back(); }

  // The order of an object about which these questions are asked.
  OrderId of(ShortList<QuestionId> questions);
  // Every name that some selection lists.
  const ShortList<NameId>& names(OrderId order) const { return orders_[order].names; }
  // Whether it has no alternatives: the names precede one another as they stand, and then come all others.
  bool is_list(OrderId order) const { return orders_[order].questions.empty(); }
  // In `names`; their number for other keys.
  std::size_t position(OrderId order, NameId name) const;
  // Names that no selection lists are all alike; kNone stands for them too.
  bool precedes(OrderId order, NameId first, NameId second);
  ShortList<NameId> before(OrderId order, NameId name);  // sorted by id
  // Those of the names that no other of them precedes: a key that is preceded by some is preceded by one of these.
  ShortList<NameId> first_of(OrderId order, const ShortList<NameId>& names);
  std::size_t memory_bytes() const { return bytes_; }

 private:
  // Of one key, by position: the names that precede it, and those that it precedes; last, keys that are not listed.
  struct Row {
    std::vector<bool> before, after;
  };
  struct Order {
    ShortList<QuestionId> questions;  // empty for a list
    ShortList<NameId> names;
    std::unordered_map<NameId, std::uint32_t> position;  // in `names`
    std::unordered_map<NameId, Row> rows;                // kNone: of the keys that are not listed
  };
  // What the selections say of x and y: a set of outcomes for each y that is listed, and one for all others.
  using Outcomes = std::uint8_t;
  struct Listing {
    Outcomes rest;
    std::unordered_map<NameId, Outcomes> listed;
  };
  struct Pass {
    NameId x;
    std::unordered_map<QuestionId, Listing> known;
  };
  struct Names {
    std::unordered_map<NameId, std::uint32_t> position;
    ShortList<NameId> names;
    std::unordered_map<QuestionId, bool> visited;
    bool linear = true;
  };

  bool may_be_object(QuestionId q);
  bool lists_names(QuestionId q);
  ShortList<QuestionId> possible(const ShortList<QuestionId>& branches);
  void collect(QuestionId q, Names& out);
  const Listing& listing(QuestionId q, Pass& pass);
  Listing of_names(const ShortList<NameId>& names, NameId x) const;
  Listing of_branches(const ShortList<QuestionId>& branches, Pass& pass);
  Listing of_steps(const SchemaNode& node, Pass& pass, bool condition_holds);
  const Row& row(Order& order, NameId name);

  const SchemaStore& store_;
  StableVector<Order> orders_;
  Interner<ShortList<std::uint32_t>, ListHash> sets_;  // of questions
  std::unordered_map<std::uint32_t, OrderId> of_sets_;
  Interner<ShortList<std::uint32_t>, ListHash> lists_;  // of names, of orders without alternatives
  ShortList<OrderId> of_lists_;
  std::unordered_map<QuestionId, bool> may_be_object_, lists_names_;
  std::size_t bytes_ = 0;
};

}  // namespace maskforge
