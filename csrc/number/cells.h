// Evaluates number sets cell by cell along the number line, for scale.cc. Covered by tests/csrc/test_number.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "base/short_list.h"
#include "number/scale.h"

namespace maskforge::number {

// Evaluates the sets cell by cell, in ascending order. From one cell to the next only what changes is looked at, so
// that thousands of questions about single values cost a few steps each. With the cuts c0 < c1 < ..., cell 2i is the
// open region below ci and cell 2i + 1 is ci itself.
class CellEvaluator {
 public:
  CellEvaluator(ScaleTable& table, SetId alive, const ShortList<SetId>& asked);

  bool spelled() const { return spelled_; }
  std::uint32_t lattice_id() const { return lattice_id_; }
  const Lattice& lattice() const { return table_.lattice(lattice_id_); }
  const std::vector<const Decimal*>& cuts() const { return cuts_; }
  std::size_t zero_cut() const { return zero_cut_; }

  // Cells must be entered in ascending order.
  void enter(std::size_t cell);

  LabelId label(std::uint64_t pattern, Spelling spelling);

 private:
  struct Placed {
    SetNode::Op op = SetNode::Op::kNone;
    std::uint64_t step_bit = 0;       // multiples
    std::uint32_t part = 0;           // kNot: a position in nodes_
    std::uint32_t wanted = 0;         // kAnd: parts that do not hold, kOr: parts that do
    ShortList<std::uint32_t> wholes;  // of which it is a part, after it in nodes_
    ShortList<std::uint32_t> asked;   // the positions at which it is asked
    bool holds = false;
    bool waiting = false;  // to be looked at
  };
  // From this cell on, until the next change, a leaf holds or does not.
  struct Change {
    std::size_t cell;
    std::uint32_t node;
    bool holds;
  };

  std::uint32_t position(SetId id) const;

  void cut_line();

  std::size_t index_of(const Decimal& value) const;

  void place_nodes();

  void set(std::uint32_t node, bool holds);
  void wait(std::uint32_t node);
  void settle();  // what depends on nodes that were set; parts before wholes, so each at most once

  ScaleTable& table_;
  const SetTable& sets_;
  ShortList<SetId> order_;
  bool spelled_ = false;
  std::uint32_t lattice_id_ = 0;
  std::vector<const Decimal*> cuts_;
  std::size_t zero_cut_ = 0;
  std::vector<Placed> nodes_;
  std::vector<Change> changes_;  // by cell
  std::size_t next_change_ = 0;
  ShortList<std::uint32_t> by_pattern_;  // leaves that depend on more than the cell
  std::priority_queue<std::uint32_t, ShortList<std::uint32_t>, std::greater<>> waiting_;
  Answers answers_;
  std::uint32_t alive_ = 0;
};

}  // namespace maskforge::number
