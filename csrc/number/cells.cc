// Evaluates number sets cell by cell; see cells.h. Covered by tests/csrc/test_number.cc.
#include "number/cells.h"

#include <algorithm>

#include "base/fuel.h"

namespace maskforge::number {
namespace {

using Op = SetNode::Op;

constexpr Step kOne{0, 0, 1};

}  // namespace

CellEvaluator::CellEvaluator(ScaleTable& table, SetId alive, const std::vector<SetId>& asked)
    : table_(table), sets_(table.sets_) {
  std::vector<SetId> roots = asked;
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
  for (SetId id : asked) asked_.push_back(position(id));
}

void CellEvaluator::enter(std::size_t cell) {
  cell_ = cell;
  FuelScope::spend(1 + nodes_.size() / 8);
}

LabelId CellEvaluator::label(std::uint64_t pattern, Spelling spelling) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) values_[i] = evaluate(nodes_[i], pattern, spelling);
  if (!values_[alive_]) return kDeadLabel;
  std::uint64_t verdict = 0;
  for (std::size_t i = 0; i < asked_.size(); ++i) verdict |= static_cast<std::uint64_t>(values_[asked_[i]]) << i;
  return table_.intern_label(verdict);
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
    std::size_t middle = cuts_.size();
    for (const Decimal& value : sets_.list(node.payload)) cuts_.push_back(&value);
    FuelScope::spend(cuts_.size() / 4);
    std::inplace_merge(cuts_.begin(), cuts_.begin() + static_cast<std::ptrdiff_t>(middle), cuts_.end(), less);
  }
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
  for (SetId id : order_) {
    const SetNode& node = sets_[id];
    Placed placed{node.op, 0, 0, {}, 0, {}};
    if (node.op == Op::kBelow) placed.cell = 2 * index_of(sets_.list(node.payload)[0]) + 1;
    if (node.op == Op::kUpTo) placed.cell = 2 * index_of(sets_.list(node.payload)[0]) + 2;
    if (node.op == Op::kMultiple) {
      const std::vector<Step>& steps = lattice().steps();
      placed.step_bit =
          std::uint64_t{1} << (std::find(steps.begin(), steps.end(), sets_.step(node.payload)) - steps.begin());
    }
    if (node.op == Op::kValues) {
      std::size_t cut = 0;
      for (const Decimal& value : sets_.list(node.payload)) {
        while (!(*cuts_[cut] == value)) ++cut;
        placed.members.push_back(2 * cut + 1);
      }
    }
    for (SetId part : node.parts) placed.parts.push_back(position(part));
    nodes_.push_back(std::move(placed));
  }
  values_.resize(nodes_.size());
}

char CellEvaluator::evaluate(Placed& node, std::uint64_t pattern, Spelling spelling) {
  auto held = [&](std::uint32_t part) { return values_[part] != 0; };
  switch (node.op) {
    case Op::kNone:
      return false;
    case Op::kAll:
      return true;
    case Op::kIntegerSpelling:
      return spelling == kPlain;
    case Op::kMultiple:
      return (pattern & node.step_bit) != 0;
    case Op::kBelow:
    case Op::kUpTo:
      return cell_ < node.cell;
    case Op::kValues:
      while (node.cursor < node.members.size() && node.members[node.cursor] < cell_) ++node.cursor;
      return node.cursor < node.members.size() && node.members[node.cursor] == cell_;
    case Op::kAnd:
      return std::all_of(node.parts.begin(), node.parts.end(), held);
    case Op::kOr:
      return std::any_of(node.parts.begin(), node.parts.end(), held);
    case Op::kNot:
      return !held(node.parts[0]);
  }
  return false;
}

}  // namespace maskforge::number
