// Finite sets of numbers that grow one by one, as tries of digits that share their parts.
//
// A number +-0.DIGITS x 10^top has its place by its digits; the node where they end lists the tops. So what is read of
// a number, wherever its point may be and whatever its exponent will be, leads to the numbers of the set that it can
// still turn out to be:
//
//     {12, 1.25, 300}    1 - 2 [top 2] - 5 [top 1]
//                        3 [top 3]
//
// Nodes are hash-consed and never change: a set with one more number shares all but one path with the set before, and
// equal sets are one id. Not thread safe: the machine's lock serialises growth. Covered by tests/csrc/test_number.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/interner.h"
#include "number/decimal.h"

namespace maskforge {

class DigitSets {
 public:
  using SetId = std::uint32_t;
  using NodeId = std::uint32_t;
  static constexpr SetId kEmpty = 0;
  static constexpr NodeId kNothing = 0;  // a node with no number

  DigitSets();

  // The set with one more number. Throws SpecError where the text is no number, UnsupportedError where its exponent is
  // too large; spends fuel.
  SetId add(SetId set, std::string_view text);
  std::uint64_t size(SetId set) const;
  bool contains(SetId set, const number::Decimal& value) const;
  std::vector<std::string> texts(SetId set) const;  // spends fuel

  bool has_zero(SetId set) const { return sets_[set].zero; }
  NodeId root(SetId set, bool negative) const { return negative ? sets_[set].negative : sets_[set].positive; }
  NodeId child(NodeId node, char digit) const;
  std::uint64_t numbers_below(NodeId node) const { return nodes_[node].size; }
  const std::vector<std::int64_t>& tops(NodeId node) const { return nodes_[node].tops; }  // ascending
  // The numbers below a node that is reached by `digits`, added to `out`; spends fuel.
  void texts_below(NodeId node, bool negative, const std::string& digits, std::vector<std::string>& out) const;
  std::size_t memory_bytes() const { return bytes_; }

 private:
  struct Node {
    std::vector<std::pair<char, NodeId>> children;  // sorted
    std::vector<std::int64_t> tops;
    std::uint64_t size = 0;
    bool operator==(const Node&) const = default;
  };
  struct NodeHash {
    std::uint64_t operator()(const Node& node) const;
  };
  struct Set {
    NodeId positive = kNothing;
    NodeId negative = kNothing;
    bool zero = false;
    bool operator==(const Set&) const = default;
  };
  struct SetHash {
    std::uint64_t operator()(const Set& s) const {
      return mix_hash((std::uint64_t{s.positive} << 32) | s.negative, s.zero);
    }
  };

  NodeId intern(Node node);

  Interner<Node, NodeHash> nodes_;
  Interner<Set, SetHash> sets_;
  std::size_t bytes_ = 0;
};

}  // namespace maskforge
