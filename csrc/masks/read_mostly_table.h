// A table for what is looked up by all threads and added to now and then.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <new>

#include "base/arena.h"
#include "base/hash.h"
#include "base/short_lock.h"

namespace maskforge {

// uint64 -> pointer; lock-free reads, writes under the owner's mutex. Key 0 is not used. In shards, so that growing one
// takes microseconds: a mask must not wait for all of a large table to move.
template <typename T>
class ReadMostlyTable {
 public:
  explicit ReadMostlyTable(Arena& arena) : arena_(arena) {
    for (std::size_t shard = 0; shard < kShards; ++shard) grow(shard);
  }
  const T* find(std::uint64_t key) const {
    std::uint64_t hash = mix_hash(key, 0);
    const Table* table = tables_[hash >> 58].load(std::memory_order_acquire);
    for (std::size_t i = hash & table->mask;; i = (i + 1) & table->mask) {
      std::uint64_t found = table->slots[i].key.load(std::memory_order_acquire);
      if (found == key) return table->slots[i].value.load(std::memory_order_relaxed);
      if (found == 0) return nullptr;
    }
  }
  // Requires that the key is not there.
  void insert(std::uint64_t key, const T* value) {
    const std::size_t shard = mix_hash(key, 0) >> 58;
    Table* table = tables_[shard].load(std::memory_order_relaxed);
    if ((counts_[shard] + 1) * 2 > table->mask + 1) table = grow(shard);
    put(*table, key, value);
    ++counts_[shard];
  }

 private:
  struct Slot {
    std::atomic<std::uint64_t> key{0};
    std::atomic<const T*> value{nullptr};
  };
  struct Table {
    std::size_t mask;
    Slot* slots;
  };
  static void put(Table& table, std::uint64_t key, const T* value) {
    std::size_t i = mix_hash(key, 0) & table.mask;
    while (table.slots[i].key.load(std::memory_order_relaxed) != 0) i = (i + 1) & table.mask;
    table.slots[i].value.store(value, std::memory_order_relaxed);
    table.slots[i].key.store(key, std::memory_order_release);
  }
  Table* grow(std::size_t shard) {
    Table* old = tables_[shard].load(std::memory_order_relaxed);
    std::size_t size = old == nullptr ? 8 : (old->mask + 1) * 2;
    Slot* slots = static_cast<Slot*>(arena_.allocate(size * sizeof(Slot)));
    for (std::size_t i = 0; i < size; ++i) new (slots + i) Slot();
    Table* fresh = new (arena_.allocate(sizeof(Table))) Table{size - 1, slots};
    if (old != nullptr) {
      for (std::size_t i = 0; i <= old->mask; ++i) {
        std::uint64_t key = old->slots[i].key.load(std::memory_order_relaxed);
        if (key != 0) put(*fresh, key, old->slots[i].value.load(std::memory_order_relaxed));
      }
    }
    tables_[shard].store(fresh, std::memory_order_release);
    return fresh;
  }

  static constexpr std::size_t kShards = 64;

  alignas(kCacheLine) std::array<std::atomic<Table*>, kShards> tables_{};  // apart from what insertions write
  alignas(kCacheLine) std::array<std::size_t, kShards> counts_{};
  Arena& arena_;
};

}  // namespace maskforge
