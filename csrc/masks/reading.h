// What a state reads, by symbols (slices.h) instead of bytes: what a plan is proved from.
//
// Of the characters beyond ASCII, those that are not white space are one symbol, which *stays* where exactly the
// well-formed ones can be read and all of them within the frame; white space is another, which may then be read or not.
//
// Rows are read by classes, which states share that differ in a counter only, and a state is read once: the next mask
// of a string with a bound meets the same states but for one.
#pragma once

#include <cstdint>
#include <span>

#include "machine/machine.h"
#include "masks/read_mostly_table.h"
#include "masks/slices.h"

namespace maskforge {

// Which bytes the classes of a row are.
struct Partition {
  const std::uint8_t* classes;             // of a RowView, which names the partition
  std::span<const SymbolSet::Bits> ascii;  // by class
  std::span<const HighBytes> beyond;       // by class
};

struct Reading {
  bool ends;              // may end without a byte: what it rejects is not really rejected
  SymbolSet::Bits stays;  // stays in the frame
  SymbolSet::Bits alive;  // anything but a rejection; of kBeyondAscii, if that does not stay: on any byte from 0x80 on
  HighBytes high;         // on which of these
  Machine::RowView row;
  const Partition* partition;
  std::span<const StateId> beyond, space;  // where characters beyond ASCII lead, if these stay

  StateId next(unsigned ascii) const { return row.entry(static_cast<std::uint8_t>(ascii)).operand(); }
  // Calls visit(target, symbols that lead there) for what stays in ASCII, perhaps several times for a target.
  template <typename Visit>
  void each_ascii(Visit&& visit) const {
    for (std::size_t c = 0; c < partition->ascii.size(); ++c) {
      const Step step{row.entries[c].load(std::memory_order_acquire)};
      if (step.kind() == StepKind::kStay) visit(step.operand(), partition->ascii[c]);
    }
  }
};

// The readings of one machine's states. Thread safe; references live as long as it does.
class Readings {
 public:
  // `bytes` counts what is kept.
  explicit Readings(std::atomic<std::size_t>& bytes) : bytes_(bytes) {}

  // Interns machine states: spends fuel.
  const Reading& of(Machine& machine, StateId state);

 private:
  class Reader;

  const Partition& partition(const Machine::RowView& row);
  void count_bytes();  // requires the mutex

  std::atomic<std::size_t>& bytes_;
  ShortMutex mutex_;  // guards insertions
  Arena arena_;
  std::size_t counted_ = 0;
  ReadMostlyTable<Reading> readings_{arena_};      // by 1 + state
  ReadMostlyTable<Partition> partitions_{arena_};  // by address of the classes
};

}  // namespace maskforge
