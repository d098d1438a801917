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

// uint64 -> pointer; lock-free reads, writes under the owner's mutex. Key 0 is not used. In shards, so that growing one
// takes microseconds: a mask must not wait for all of a large table to move.
template <typename T>
class ReadMostlyTable {
 public:
  ReadMostlyTable() {
    for (Shard& shard : shards_) grow(shard);
  }
  const T* find(std::uint64_t key) const {
    std::uint64_t hash = mix_hash(key, 0);
    const Table* table = shards_[hash >> 58].table.load(std::memory_order_acquire);
    for (std::size_t i = hash & table->mask;; i = (i + 1) & table->mask) {
      std::uint64_t found = table->slots[i].key.load(std::memory_order_acquire);
      if (found == key) return table->slots[i].value.load(std::memory_order_relaxed);
      if (found == 0) return nullptr;
    }
  }
  // Requires that the key is not there.
  void insert(std::uint64_t key, const T* value) {
    Shard& shard = shards_[mix_hash(key, 0) >> 58];
    Table* table = shard.table.load(std::memory_order_relaxed);
    if ((shard.count + 1) * 2 > table->mask + 1) table = grow(shard);
    put(*table, key, value);
    ++shard.count;
  }
  std::size_t memory_bytes() const { return memory_; }

 private:
  struct Slot {
    std::atomic<std::uint64_t> key{0};
    std::atomic<const T*> value{nullptr};
  };
  struct Table {
    explicit Table(std::size_t size) : mask(size - 1), slots(new Slot[size]) {}
    std::size_t mask;
    std::unique_ptr<Slot[]> slots;
  };
  struct Shard {
    std::atomic<Table*> table{nullptr};
    std::size_t count = 0;
  };
  static void put(Table& table, std::uint64_t key, const T* value) {
    std::size_t i = mix_hash(key, 0) & table.mask;
    while (table.slots[i].key.load(std::memory_order_relaxed) != 0) i = (i + 1) & table.mask;
    table.slots[i].value.store(value, std::memory_order_relaxed);
    table.slots[i].key.store(key, std::memory_order_release);
  }
  Table* grow(Shard& shard) {
    Table* old = shard.table.load(std::memory_order_relaxed);
    std::size_t size = old == nullptr ? 32 : (old->mask + 1) * 2;
    tables_.push_back(std::make_unique<Table>(size));
    Table* fresh = tables_.back().get();
    if (old != nullptr) {
      for (std::size_t i = 0; i <= old->mask; ++i) {
        std::uint64_t key = old->slots[i].key.load(std::memory_order_relaxed);
        if (key != 0) put(*fresh, key, old->slots[i].value.load(std::memory_order_relaxed));
      }
    }
    memory_ += size * sizeof(Slot);
    shard.table.store(fresh, std::memory_order_release);
    return fresh;
  }

  std::array<Shard, 64> shards_;
  std::vector<std::unique_ptr<Table>> tables_;
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

  // For a memo that nobody uses any more: frees a little of it; false once nothing is left that takes long to free.
  bool release_some();

 private:
  static std::uint64_t key(std::uint32_t id, StateId state) { return (std::uint64_t{id} << 32) | state; }
  const Result* add(ReadMostlyTable<Result>& table, std::uint64_t key, std::unique_ptr<Result> result);
  const TokenBits* intern_bits(TokenBits&& bits);

  struct StoredForest {
    std::vector<ExitPoint> points;
    std::unique_ptr<Forest> forest;
  };
  const StoredForest* find_forest(std::span<const ExitPoint> points, std::uint64_t& name) const;

  ReadMostlyTable<Result> walks_;
  ReadMostlyTable<Result> resolved_;
  ReadMostlyTable<StoredForest> forests_;  // by a hash of the points, or the next free number after it
  std::atomic<std::size_t> bytes_{0};

  std::mutex mutex_;  // guards everything below, and insertions
  std::uint32_t next_result_id_ = 1;
  std::uint32_t next_forest_id_;
  std::deque<std::unique_ptr<Result>> results_;
  std::deque<StoredForest> stored_forests_;
  std::unordered_multimap<std::uint64_t, std::unique_ptr<const TokenBits>> bits_;
  std::map<BitsName, const TokenBits*> named_;
};

}  // namespace maskforge
