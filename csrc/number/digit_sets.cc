// See digit_sets.h.
#include "number/digit_sets.h"

#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"
#include "base/hash.h"
#include "number/sets.h"

namespace maskforge {

using number::Decimal;

std::uint64_t DigitSets::NodeHash::operator()(const Node& node) const {
  std::uint64_t h = node.size;
  for (const auto& [digit, child] : node.children)
    h = mix_hash(h, (std::uint64_t{child} << 8) | static_cast<unsigned char>(digit));
  for (std::int64_t top : node.tops) h = mix_hash(h, static_cast<std::uint64_t>(top));
  return h;
}

DigitSets::DigitSets() {
  nodes_.intern({});
  sets_.intern({});
}

DigitSets::NodeId DigitSets::intern(Node node) {
  node.size = node.tops.size();
  for (const auto& [digit, child] : node.children) node.size += nodes_[child].size;
  const std::size_t before = nodes_.size();
  const std::size_t bytes = sizeof(Node) + 24 + node.children.size() * 8 + node.tops.size() * 8;
  NodeId id = nodes_.intern(std::move(node));
  if (nodes_.size() > before) bytes_ += bytes;
  return id;
}

DigitSets::NodeId DigitSets::child(NodeId node, char digit) const {
  for (const auto& [edge, child] : nodes_[node].children) {
    if (edge == digit) return child;
  }
  return kNothing;
}

DigitSets::SetId DigitSets::add(SetId id, std::string_view text) {
  const Decimal value = number::parse_constant(text);
  FuelScope::spend(value.digits.size() + 1);
  Set set = sets_[id];
  if (value.is_zero()) {
    set.zero = true;
  } else {
    NodeId& root = value.negative ? set.negative : set.positive;
    ShortList<NodeId> path{root};
    for (char digit : value.digits) path.push_back(child(path.back(), digit));
    Node last = nodes_[path.back()];
    auto at = std::lower_bound(last.tops.begin(), last.tops.end(), value.top);
    if (at != last.tops.end() && *at == value.top) return id;
    last.tops.insert(at, value.top);
    NodeId made = intern(std::move(last));
    for (std::size_t i = value.digits.size(); i-- > 0;) {
      Node node = nodes_[path[i]];
      auto edge = std::lower_bound(node.children.begin(), node.children.end(), std::pair{value.digits[i], NodeId{0}});
      if (edge != node.children.end() && edge->first == value.digits[i]) {
        edge->second = made;
      } else {
        node.children.insert(edge, {value.digits[i], made});
      }
      made = intern(std::move(node));
    }
    root = made;
  }
  bytes_ += sizeof(Set) + 16;
  return sets_.intern(set);
}

std::uint64_t DigitSets::size(SetId id) const {
  const Set& set = sets_[id];
  return nodes_[set.positive].size + nodes_[set.negative].size + (set.zero ? 1 : 0);
}

bool DigitSets::contains(SetId id, const Decimal& value) const {
  if (value.is_zero()) return sets_[id].zero;
  NodeId node = root(id, value.negative);
  for (char digit : value.digits) node = child(node, digit);
  const std::vector<std::int64_t>& tops = nodes_[node].tops;
  return std::binary_search(tops.begin(), tops.end(), value.top);
}

std::vector<std::string> DigitSets::texts(SetId set) const {
  std::vector<std::string> out;
  if (has_zero(set)) out.push_back("0");
  for (bool negative : {true, false}) texts_below(root(set, negative), negative, "", out);
  return out;
}

void DigitSets::texts_below(NodeId root, bool negative, const std::string& digits,
                            std::vector<std::string>& out) const {
  std::vector<std::pair<NodeId, std::string>> todo;
  if (root != kNothing) todo.emplace_back(root, digits);
  while (!todo.empty()) {
    auto [node, read] = std::move(todo.back());
    todo.pop_back();
    FuelScope::spend(read.size() / 16 + 1);
    for (std::int64_t top : nodes_[node].tops) out.push_back(number::to_text(Decimal{negative, read, top}));
    for (const auto& [digit, child] : nodes_[node].children) todo.emplace_back(child, read + digit);
  }
}

}  // namespace maskforge
