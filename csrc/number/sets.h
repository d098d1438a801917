// Number sets as hash-consed Boolean expressions, and their values. The automaton in reader.h is built from them.
// Covered by tests/csrc/test_number.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/interner.h"
#include "base/short_list.h"
#include "number/decimal.h"
#include "number/lattice.h"

namespace maskforge::number {

using SetId = std::uint32_t;

// Throws SpecError where the text is no JSON number, UnsupportedError where its exponent is too large.
Decimal parse_constant(std::string_view text);

struct SetNode {
  enum class Op : std::uint8_t {
    kNone,
    kAll,
    kIntegerSpelling,
    kMultiple,  // of steps[payload]
    kBelow,     // less than the one value of lists[payload]
    kUpTo,      // less than or equal to it
    kValues,    // one of lists[payload]
    kAnd,
    kOr,
    kNot,
  };
  Op op = Op::kNone;
  std::uint32_t payload = 0;
  ShortList<SetId> parts;  // smaller ids than this node's: ids are a topological order
  bool operator==(const SetNode&) const = default;
};

class SetTable {
 public:
  SetTable();

  SetId none() const { return 0; }
  SetId all() const { return 1; }
  SetId integer_spellings() { return add(SetNode::Op::kIntegerSpelling); }
  SetId multiple_of(std::string_view step);
  SetId below(std::string_view bound, bool inclusive);
  SetId values(const std::vector<std::string>& texts);
  SetId combine(SetNode::Op op, ShortList<SetId> parts);  // kAnd or kOr
  SetId complement(SetId part);
  // Whether two spellings of one value may differ in it.
  bool is_spelled(SetId id) const { return spelled_[id]; }
  bool has_spellings() const { return has_spellings_; }
  // The set if `integer_spellings()` were all values, or none.
  SetId with_spelling(SetId set, bool plain);

  const SetNode& operator[](SetId id) const { return nodes_[id]; }
  std::size_t size() const { return nodes_.size(); }
  const Decimal& step_value(std::uint32_t payload) const { return step_values_[payload]; }
  const Step& step(std::uint32_t payload) const { return steps_[payload]; }
  const std::vector<Decimal>& list(std::uint32_t payload) const { return lists_[payload]; }  // ascending, distinct

  // The nodes that the roots depend on, parts before wholes.
  ShortList<SetId> closure(const ShortList<SetId>& roots) const;
  bool contains(SetId set, std::string_view text) const;
  std::string describe(SetId set) const;
  std::size_t memory_bytes() const { return bytes_ + nodes_.size() * 96; }

 private:
  struct NodeHash {
    std::uint64_t operator()(const SetNode& node) const;
  };
  struct ListHash {
    std::uint64_t operator()(const std::vector<Decimal>& list) const;
  };

  SetId add(SetNode::Op op, std::uint32_t payload = 0, ShortList<SetId> parts = {});

  Interner<SetNode, NodeHash> nodes_;
  std::vector<bool> spelled_;  // by node
  bool has_spellings_ = false;
  Interner<std::vector<Decimal>, ListHash> lists_;
  std::vector<Step> steps_;  // distinct
  std::vector<Decimal> step_values_;
  std::size_t bytes_ = 0;
};

}  // namespace maskforge::number
