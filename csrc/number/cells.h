// Evaluates number sets cell by cell along the number line, for scale.cc. Covered by tests/csrc/test_number.cc.
#pragma once

#include <cstdint>
#include <vector>

#include "number/scale.h"

namespace maskforge::number {

// Evaluates the sets cell by cell, in ascending order. With the cuts c0 < c1 < ..., cell 2i is the open region below ci
// and cell 2i + 1 is ci itself.
class CellEvaluator {
 public:
  CellEvaluator(ScaleTable& table, SetId alive, const std::vector<SetId>& asked);

  bool spelled() const { return spelled_; }
  std::uint32_t lattice_id() const { return lattice_id_; }
  const Lattice& lattice() const { return table_.lattice(lattice_id_); }
  const std::vector<const Decimal*>& cuts() const { return cuts_; }
  std::size_t zero_cut() const { return zero_cut_; }

  // Cells must be asked in ascending order.
  void enter(std::size_t cell);

  LabelId label(std::uint64_t pattern, Spelling spelling);

 private:
  struct Placed {
    SetNode::Op op;
    std::size_t cell = 0;              // bounds: true in every cell below this one
    std::uint64_t step_bit = 0;        // multiples
    std::vector<std::size_t> members;  // values: the cells, ascending
    std::size_t cursor = 0;
    std::vector<std::uint32_t> parts;  // positions in nodes_
  };

  std::uint32_t position(SetId id) const;

  void cut_line();

  std::size_t index_of(const Decimal& value) const;

  void place_nodes();

  char evaluate(Placed& node, std::uint64_t pattern, Spelling spelling);

  ScaleTable& table_;
  const SetTable& sets_;
  std::vector<SetId> order_;
  bool spelled_ = false;
  std::uint32_t lattice_id_ = 0;
  std::vector<const Decimal*> cuts_;
  std::size_t zero_cut_ = 0;
  std::vector<Placed> nodes_;
  std::vector<char> values_;
  std::uint32_t alive_ = 0;
  std::vector<std::uint32_t> asked_;
  std::size_t cell_ = 0;
};

}  // namespace maskforge::number
