// Evaluates number sets cell by cell; see cells.h. Covered by tests/csrc/test_number.cc.
#include "number/cells.h"

#include <algorithm>

#include "base/fuel.h"

namespace maskforge::number {
namespace {

using Op = SetNode::Op;

constexpr Step kOne{0, 0, 1};

}  // namespace

CellEvaluator::CellEvaluator(ScaleTable& table, SetId alive, const ShortList<SetId>& asked)
    : table_(table), sets_(table.sets_) {
  ShortList<SetId> roots = asked;
  roots.push_back(alive);
  order_ = sets_.closure(roots);
  std::vector<Step> steps;
  for (SetId id : order_) {
    if (sets_[id].op == Op::kMultiple) steps.push_back(sets_.step(sets_[id].payload));
    if (sets_[id].op == Op::kIntegerSpelling) spelled_ = true;
  }
  if (spelled_) steps.push_back(kOne);
  lattice_id_ = table.intern_lattice(std::move(steps));
  cut_line();
  place_nodes();
  alive_ = position(alive);
  for (std::uint32_t i = 0; i < asked.size(); ++i) nodes_[position(asked[i])].asked.push_back(i);
}

void CellEvaluator::enter(std::size_t cell) {
  FuelScope::spend();
  for (; next_change_ < changes_.size() && changes_[next_change_].cell <= cell; ++next_change_) {
    set(changes_[next_change_].node, changes_[next_change_].holds);
  }
  settle();
}

void CellEvaluator::wait(std::uint32_t node) {
  if (nodes_[node].waiting) return;
  nodes_[node].waiting = true;
  waiting_.push(node);
}

void CellEvaluator::set(std::uint32_t id, bool holds) {
  Placed& node = nodes_[id];
  if (node.holds == holds) return;
  FuelScope::spend();
  node.holds = holds;
  for (std::uint32_t position : node.asked) {
    auto at = std::lower_bound(answers_.yes.begin(), answers_.yes.end(), position);
    if (holds) {
      answers_.yes.insert(at, position);
    } else {
      answers_.yes.erase(at);
    }
  }
  for (std::uint32_t whole : node.wholes) {
    Placed& other = nodes_[whole];
    if (other.op != Op::kNot) other.wanted += holds == (other.op == Op::kOr) ? 1 : ~std::uint32_t{0};
    wait(whole);
  }
}

void CellEvaluator::settle() {
  while (!waiting_.empty()) {
    const std::uint32_t id = waiting_.top();
    waiting_.pop();
    Placed& node = nodes_[id];
    node.waiting = false;
    set(id, node.op == Op::kNot ? !nodes_[node.part].holds : (node.wanted > 0) == (node.op == Op::kOr));
  }
}

LabelId CellEvaluator::label(std::uint64_t pattern, Spelling spelling) {
  for (std::uint32_t leaf : by_pattern_) {
    const Placed& node = nodes_[leaf];
    set(leaf, node.op == Op::kMultiple ? (pattern & node.step_bit) != 0 : spelling == kPlain);
  }
  settle();
  if (!nodes_[alive_].holds) return kDeadLabel;
  FuelScope::spend(answers_.yes.size() / 32 + 1);
  return table_.intern_label(answers_);
}

std::uint32_t CellEvaluator::position(SetId id) const {
  return static_cast<std::uint32_t>(std::lower_bound(order_.begin(), order_.end(), id) - order_.begin());
}

void CellEvaluator::cut_line() {
  static const Decimal kZero;
  cuts_.push_back(&kZero);
  auto less = [](const Decimal* a, const Decimal* b) { return compare(*a, *b) < 0; };
  for (SetId id : order_) {
    const SetNode& node = sets_[id];
    if (node.op != Op::kBelow && node.op != Op::kUpTo && node.op != Op::kValues) continue;
    for (const Decimal& value : sets_.list(node.payload)) cuts_.push_back(&value);
  }
  FuelScope::spend(cuts_.size() / 4);
  if (!std::is_sorted(cuts_.begin(), cuts_.end(), less)) std::sort(cuts_.begin(), cuts_.end(), less);
  cuts_.erase(std::unique(cuts_.begin(), cuts_.end(), [](const Decimal* a, const Decimal* b) { return *a == *b; }),
              cuts_.end());
  zero_cut_ = index_of(kZero);
}

std::size_t CellEvaluator::index_of(const Decimal& value) const {
  auto found = std::lower_bound(cuts_.begin(), cuts_.end(), value,
                                [](const Decimal* a, const Decimal& b) { return compare(*a, b) < 0; });
  return static_cast<std::size_t>(found - cuts_.begin());
}

void CellEvaluator::place_nodes() {
  nodes_.resize(order_.size());
  for (std::uint32_t at = 0; at < order_.size(); ++at) {
    const SetNode& node = sets_[order_[at]];
    Placed& placed = nodes_[at];
    placed.op = node.op;
    if (node.op == Op::kAll) changes_.push_back({0, at, true});
    if (node.op == Op::kBelow || node.op == Op::kUpTo) {
      changes_.push_back({0, at, true});
      changes_.push_back({2 * index_of(sets_.list(node.payload)[0]) + (node.op == Op::kBelow ? 1 : 2), at, false});
    }
    if (node.op == Op::kMultiple) {
      const std::vector<Step>& steps = lattice().steps();
      placed.step_bit =
          std::uint64_t{1} << (std::find(steps.begin(), steps.end(), sets_.step(node.payload)) - steps.begin());
    }
    if (node.op == Op::kMultiple || node.op == Op::kIntegerSpelling) by_pattern_.push_back(at);
    if (node.op == Op::kValues) {
      for (const Decimal& value : sets_.list(node.payload)) {
        const std::size_t cell = 2 * index_of(value) + 1;
        changes_.push_back({cell, at, true});
        changes_.push_back({cell + 1, at, false});
      }
    }
    // As if nothing held so far.
    for (SetId part : node.parts) nodes_[position(part)].wholes.push_back(at);
    if (node.op == Op::kNot) placed.part = position(node.parts[0]);
    if (node.op == Op::kAnd) placed.wanted = static_cast<std::uint32_t>(node.parts.size());
    if (node.op == Op::kNot || node.op == Op::kAnd || node.op == Op::kOr) wait(at);
  }
  FuelScope::spend(changes_.size() / 4);
  std::stable_sort(changes_.begin(), changes_.end(), [](const Change& a, const Change& b) { return a.cell < b.cell; });
}

}  // namespace maskforge::number
