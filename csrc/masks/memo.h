// The memo of one mask engine: results by (forest, state) and by (result, waiting state), and everything they point at.
//
// Look-ups take no lock: tables are open-addressed, a slot's value is written before its key, and a table that was
// outgrown stays until the memo dies. Insertions are serialised. Nothing is ever removed: the engine drops the memo as
// a whole when it is too big (mask_engine.cc) at a moment when nobody uses it. Covered by tests/csrc/test_masks.cc.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "masks/forest.h"
#include "masks/result.h"

namespace maskforge {

// uint64 -> pointer; lock-free reads, writes under the owner's mutex. Key 0 is not used.
class ReadMostlyTable {
 public:
  ReadMostlyTable() { grow(); }
  const Result* find(std::uint64_t key) const {
    const Table* table = table_.load(std::memory_order_acquire);
    for (std::size_t i = mix_hash(key, 0) & table->mask;; i = (i + 1) & table->mask) {
      std::uint64_t found = table->slots[i].key.load(std::memory_order_acquire);
      if (found == key) return table->slots[i].value.load(std::memory_order_relaxed);
      if (found == 0) return nullptr;
    }
  }
  void insert(std::uint64_t key, const Result* value);
  std::size_t memory_bytes() const { return memory_; }

 private:
  struct Slot {
    std::atomic<std::uint64_t> key{0};
    std::atomic<const Result*> value{nullptr};
  };
  struct Table {
    explicit Table(std::size_t size) : mask(size - 1), slots(new Slot[size]) {}
    std::size_t mask;
    std::unique_ptr<Slot[]> slots;
  };
  static void put(Table& table, std::uint64_t key, const Result* value);
  void grow();

  std::atomic<Table*> table_{nullptr};
  std::vector<std::unique_ptr<Table>> tables_;
  std::size_t count_ = 0;
  std::size_t memory_ = 0;
};

class Memo {
 public:
  explicit Memo(std::uint32_t first_forest_id) : next_forest_id_(first_forest_id) {}

  const Result* find_walk(const Forest& forest, StateId state) const { return walks_.find(key(forest.id(), state)); }
  const Result* find_resolved(const Result& result, StateId waiting) const {
    return resolved_.find(key(result.id, waiting));
  }
  // Publishes a result, or returns the one that another thread published first.
  const Result* add_walk(const Forest& forest, StateId state, std::unique_ptr<Result> result);
  const Result* add_resolved(const Result& from, StateId waiting, std::unique_ptr<Result> result);
  // A second name for a result.
  const Result* alias_walk(const Forest& forest, StateId state, const Result* result);

  // The forest left by these exits; null when nothing is left. Equal exits are one forest.
  const Forest* forest(std::span<const ExitPoint> points);
  // Equal bitsets are one.
  const TokenBits* bits(TokenBits&& bits);
  // Bitsets by a key of the caller's choice.
  using BitsName = std::array<std::uint64_t, 3>;
  const TokenBits* find_named(const BitsName& name);
  const TokenBits* add_named(const BitsName& name, TokenBits&& bits);

  std::atomic<std::size_t>& bytes() { return bytes_; }

 private:
  static std::uint64_t key(std::uint32_t id, StateId state) { return (std::uint64_t{id} << 32) | state; }
  const Result* add(ReadMostlyTable& table, std::uint64_t key, std::unique_ptr<Result> result);
  const TokenBits* intern_bits(TokenBits&& bits);

  ReadMostlyTable walks_;
  ReadMostlyTable resolved_;
  std::atomic<std::size_t> bytes_{0};

  std::mutex mutex_;  // guards everything below, and insertions
  std::uint32_t next_result_id_ = 1;
  std::uint32_t next_forest_id_;
  std::deque<std::unique_ptr<Result>> results_;
  struct StoredForest {
    std::vector<ExitPoint> points;
    std::unique_ptr<Forest> forest;
  };
  std::unordered_multimap<std::uint64_t, StoredForest> forests_;
  std::unordered_multimap<std::uint64_t, std::unique_ptr<const TokenBits>> bits_;
  std::map<BitsName, const TokenBits*> named_;
};

}  // namespace maskforge
