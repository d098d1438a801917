// See orders.h.
#include "schema/orders.h"

#include <algorithm>
#include <utility>

#include "base/fuel.h"
#include "base/stack.h"

namespace maskforge {

namespace {

using Kind = OrderStep::Kind;

constexpr std::uint8_t kNeither = 1, kX = 2, kY = 4, kXThenY = 8, kYThenX = 16;

// Outcomes of a selection from `first` followed by one from `second`.
std::uint8_t then(std::uint8_t first, std::uint8_t second) {
  std::uint8_t result = first & (kXThenY | kYThenX);
  if ((first & kNeither) != 0) result |= second;
  if ((first & kX) != 0) {
    if ((second & (kNeither | kX)) != 0) result |= kX;
    if ((second & (kY | kXThenY | kYThenX)) != 0) result |= kXThenY;
  }
  if ((first & kY) != 0) {
    if ((second & (kNeither | kY)) != 0) result |= kY;
    if ((second & (kX | kXThenY | kYThenX)) != 0) result |= kYThenX;
  }
  return result;
}

bool is_conditional(Kind kind) { return kind == Kind::kIf || kind == Kind::kThen || kind == Kind::kElse; }

// Forgets what was assumed of a question where finding the answer fails.
class Assumption {
 public:
  Assumption(std::unordered_map<QuestionId, bool>& memo, QuestionId q) : memo_(&memo), q_(q) {}
  ~Assumption() {
    if (memo_ != nullptr) memo_->erase(q_);
  }
  Assumption(const Assumption&) = delete;
  Assumption& operator=(const Assumption&) = delete;
  bool settle(bool answer) { return (*std::exchange(memo_, nullptr))[q_] = answer; }

 private:
  std::unordered_map<QuestionId, bool>* memo_;
  const QuestionId q_;
};

}  // namespace

// ---- what a schema lists --------------------------------------------------------------------------------------------

// Whether `type` and what is applied in place leave objects; a branch without them is not for an object to select.
bool Orders::may_be_object(QuestionId q) {
  if (q <= kNever) return q == kAlways;
  auto [entry, fresh] = may_be_object_.try_emplace(q, true);  // true while it is being answered
  if (!fresh) return entry->second;
  Assumption assumption(may_be_object_, q);
  Stack::check();
  const SchemaNode& node = store_.nodes[q];
  bool may = (node.types & kObjectType) != 0;
  for (QuestionId part : node.all_of) may = may && may_be_object(part);
  for (const auto* lists : {&node.any_of, &node.one_of}) {
    for (const ShortList<QuestionId>& branches : *lists) may = may && !possible(branches).empty();
  }
  return assumption.settle(may);
}

ShortList<QuestionId> Orders::possible(const ShortList<QuestionId>& branches) {
  ShortList<QuestionId> found;
  for (QuestionId q : branches) {
    if (may_be_object(q)) found.push_back(q);
  }
  return found;
}

bool Orders::lists_names(QuestionId q) {
  const SchemaNode& node = store_.nodes[q];
  if (node.order.empty()) return false;
  auto [entry, fresh] = lists_names_.try_emplace(q, false);
  if (!fresh) return entry->second;
  Assumption assumption(lists_names_, q);
  Stack::check();
  bool lists = false;
  for (const OrderStep& step : node.order) {
    if (lists) break;
    lists = step.kind == Kind::kNames ? !step.ids.empty()
                                      : std::any_of(step.ids.begin(), step.ids.end(), [&](QuestionId part) {
                                          return may_be_object(part) && lists_names(part);
                                        });
  }
  return assumption.settle(lists);
}

// All names by first appearance: the order itself where no branch that lists a name may be left out.
void Orders::collect(QuestionId q, Names& out) {
  if (!lists_names(q) || !out.visited.try_emplace(q, true).second) return;
  Stack::check();
  for (const OrderStep& step : store_.nodes[q].order) {
    if (step.kind == Kind::kNames) {
      FuelScope::spend(step.ids.size() / 8 + 1);
      for (NameId name : step.ids) {
        if (out.position.try_emplace(name, out.names.size()).second) out.names.push_back(name);
      }
      continue;
    }
    const ShortList<QuestionId> branches = possible(step.ids);
    const bool certain = step.kind == Kind::kSchema || (step.kind == Kind::kBranches && branches.size() == 1);
    for (QuestionId branch : branches) {
      if (!certain && lists_names(branch)) out.linear = false;
      collect(branch, out);
    }
  }
}

OrderId Orders::of(ShortList<QuestionId> questions) {
  erase_if(questions, [&](QuestionId q) { return !lists_names(q); });
  if (questions.empty()) return kNoOrder;
  std::sort(questions.begin(), questions.end());
  questions.erase(std::unique(questions.begin(), questions.end()), questions.end());
  const std::uint32_t set = sets_.intern(questions);
  if (auto known = of_sets_.find(set); known != of_sets_.end()) return known->second;
  Names all;
  bool linear = true;
  for (QuestionId q : questions) {
    Names own;
    collect(q, own);
    linear = linear && own.linear && (all.names.empty() || all.names == own.names);
    for (NameId name : own.names) {
      if (all.position.try_emplace(name, all.names.size()).second) all.names.push_back(name);
    }
  }
  OrderId id = static_cast<OrderId>(orders_.size());
  if (linear) {
    const std::uint32_t list = lists_.intern(all.names);
    if (list == of_lists_.size()) of_lists_.push_back(id);
    id = of_lists_[list];
  }
  if (id == orders_.size()) {
    bytes_ += 256 + all.names.size() * 48;
    orders_.emplace_back(Order{
        linear ? ShortList<QuestionId>{} : std::move(questions), std::move(all.names), std::move(all.position), {}});
  }
  of_sets_.emplace(set, id);
  return id;
}

// ---- pairs ----------------------------------------------------------------------------------------------------------

Orders::Listing Orders::of_names(const ShortList<NameId>& names, NameId x) const {
  FuelScope::spend(names.size() / 8 + 1);
  const bool lists_x = std::find(names.begin(), names.end(), x) != names.end();
  Listing found{lists_x ? kX : kNeither, {}};
  bool after = false;
  for (NameId name : names) {
    after = after || name == x;
    if (name != x) found.listed.emplace(name, !lists_x ? kY : after ? kXThenY : kYThenX);
  }
  return found;
}

// One of the branches.
Orders::Listing Orders::of_branches(const ShortList<QuestionId>& branches, Pass& pass) {
  // Of the branches that do not list a name, what they say of it: how many list x in no selection, and how many in all.
  struct Tally {
    Outcomes outcomes = 0;
    std::uint32_t neither = 0, x = 0;
  };
  Tally all;
  std::unordered_map<NameId, Tally> tallies;
  for (QuestionId branch : branches) {
    const Listing& part = listing(branch, pass);
    const std::uint32_t neither = (part.rest & kNeither) != 0 ? 1 : 0;
    const std::uint32_t x = (part.rest & kX) != 0 ? 1 : 0;
    all.neither += neither;
    all.x += x;
    for (auto [name, outcomes] : part.listed) {
      Tally& tally = tallies[name];
      tally.outcomes |= outcomes;
      tally.neither += neither;
      tally.x += x;
    }
  }
  if (branches.empty()) return {kNeither, {}};
  auto rest = [](std::uint32_t neither, std::uint32_t x) {
    return static_cast<Outcomes>((neither > 0 ? kNeither : 0) | (x > 0 ? kX : 0));
  };
  Listing found{rest(all.neither, all.x), {}};
  for (const auto& [name, tally] : tallies) {
    found.listed.emplace(name, tally.outcomes | rest(all.neither - tally.neither, all.x - tally.x));
  }
  return found;
}

// The keywords of a schema one after the other, with its `if` decided.
Orders::Listing Orders::of_steps(const SchemaNode& node, Pass& pass, bool condition_holds) {
  Listing whole{kNeither, {}};
  auto append = [&](const Listing& part) {
    FuelScope::spend(part.listed.size() / 8 + 1);
    const Outcomes before = whole.rest;
    if (part.rest != kNeither) {
      for (auto& [name, outcomes] : whole.listed) {
        if (!part.listed.contains(name)) outcomes = then(outcomes, part.rest);
      }
    }
    for (auto [name, outcomes] : part.listed) {
      auto [entry, fresh] = whole.listed.try_emplace(name, before);
      entry->second = then(entry->second, outcomes);
    }
    whole.rest = then(whole.rest, part.rest);
  };
  for (const OrderStep& step : node.order) {
    if (is_conditional(step.kind) && (step.kind == Kind::kElse) == condition_holds) continue;
    switch (step.kind) {
      case Kind::kNames:
        append(of_names(step.ids, pass.x));
        break;
      case Kind::kBranches:
        append(of_branches(possible(step.ids), pass));
        break;
      case Kind::kOption:
        if (may_be_object(step.ids[0])) append(of_branches({step.ids[0], kAlways}, pass));
        break;
      default:
        append(listing(step.ids[0], pass));
    }
  }
  return whole;
}

const Orders::Listing& Orders::listing(QuestionId q, Pass& pass) {
  auto [entry, fresh] = pass.known.try_emplace(q, Listing{kNeither, {}});  // nothing more where it is met in itself
  if (!fresh || !lists_names(q)) return entry->second;
  FuelScope::spend();
  const SchemaNode& node = store_.nodes[q];
  bool conditional = false, may_hold = true, may_fail = true;
  for (const OrderStep& step : node.order) {
    if (!is_conditional(step.kind)) continue;
    conditional = true;
    bool& side = step.kind == Kind::kElse ? may_fail : may_hold;
    side = side && may_be_object(step.ids[0]);
  }
  Listing whole = of_steps(node, pass, conditional && may_hold);
  if (conditional && may_hold && may_fail) {
    const Listing other = of_steps(node, pass, false);
    for (auto& [name, outcomes] : whole.listed) {
      auto known = other.listed.find(name);
      outcomes |= known == other.listed.end() ? other.rest : known->second;
    }
    for (auto [name, outcomes] : other.listed) whole.listed.try_emplace(name, outcomes | whole.rest);
    whole.rest |= other.rest;
  }
  return pass.known[q] = std::move(whole);
}

const Orders::Row& Orders::row(Order& order, NameId name) {
  if (!order.position.contains(name)) name = kNone;
  if (auto known = order.rows.find(name); known != order.rows.end()) return known->second;
  const std::size_t size = order.names.size();
  Row row{std::vector<bool>(size, true), std::vector<bool>(size + 1, name != kNone)};
  for (QuestionId q : order.questions) {
    Pass pass{name, {}};
    const Listing& said = listing(q, pass);
    for (std::size_t i = 0; i < size; ++i) {
      auto known = said.listed.find(order.names[i]);
      const Outcomes outcomes = known == said.listed.end() ? said.rest : known->second;
      row.before[i] = row.before[i] && (outcomes & ~(kY | kYThenX)) == 0;
      row.after[i] = row.after[i] && (outcomes & ~(kX | kXThenY)) == 0;
    }
    row.after[size] = row.after[size] && said.rest == kX;
  }
  if (auto self = order.position.find(name); self != order.position.end()) {
    row.before[self->second] = row.after[self->second] = false;
  }
  bytes_ += size / 4 + 128;
  return order.rows[name] = std::move(row);
}

std::size_t Orders::position(OrderId id, NameId name) const {
  const Order& order = orders_[id];
  auto at = order.position.find(name);
  return at == order.position.end() ? order.names.size() : at->second;
}

bool Orders::precedes(OrderId id, NameId first, NameId second) {
  const std::size_t place = position(id, second);
  if (is_list(id)) return position(id, first) < place;
  Order& order = orders_[id];
  return order.position.contains(first) && row(order, first).after[place];
}

ShortList<NameId> Orders::before(OrderId id, NameId name) {
  Order& order = orders_[id];
  ShortList<NameId> found;
  if (is_list(id)) {
    found.assign(order.names.begin(), order.names.begin() + static_cast<std::ptrdiff_t>(position(id, name)));
  } else {
    const Row& row = this->row(order, name);
    for (std::size_t i = 0; i < order.names.size(); ++i) {
      if (row.before[i]) found.push_back(order.names[i]);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

ShortList<NameId> Orders::first_of(OrderId id, const ShortList<NameId>& names) {
  Order& order = orders_[id];
  ShortList<std::uint32_t> left;
  for (NameId name : names) {
    if (auto at = order.position.find(name); at != order.position.end()) left.push_back(at->second);
  }
  // What is listed first most often precedes most of the others.
  std::sort(left.begin(), left.end());
  if (is_list(id) && !left.empty()) left.erase(left.begin() + 1, left.end());
  for (std::size_t i = 0; i < left.size() && left.size() > 1; ++i) {
    const Row& row = this->row(order, order.names[left[i]]);
    std::size_t earlier = 0;
    const std::uint32_t self = left[i];
    erase_if(left, [&](std::uint32_t other) {
      const bool gone = row.after[other];
      if (gone && other < self) ++earlier;
      return gone;
    });
    i -= earlier;
  }
  ShortList<NameId> found;
  for (std::uint32_t place : left) found.push_back(order.names[place]);
  return found;
}

}  // namespace maskforge
