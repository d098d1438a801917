// Hash tables of small integers that grow in small steps: no insertion ever moves more than one shard, so that a table
// of millions does not stop a mask for tens of milliseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/blocks.h"
#include "base/hash.h"

namespace maskforge {

// Finds ids by hash: the index under an interner. Ids are unique; entries are never removed. Keeps 32 bits of each
// hash, so that neither lookups nor growth touch what the ids stand for.
class HashIndex {
 public:
  // The id for which equal(id) holds among those of this hash, or `fresh` after entering it.
  template <typename Equal>
  std::uint32_t find_or_insert(std::uint64_t hash, std::uint32_t fresh, const Equal& equal) {
    if (shards_.size() == 1 && shards_[0].used >= kSplitAt) split();
    Shard& shard = shards_[shard_of(hash)];
    if ((shard.used + 1) * 2 > shard.slots.size()) grow(shard);
    const std::uint32_t tag = static_cast<std::uint32_t>(hash);
    const std::size_t mask = shard.slots.size() - 1;
    for (std::size_t i = tag & mask;; i = (i + 1) & mask) {
      Slot& slot = shard.slots[i];
      if (slot.id == kFree) {
        slot = Slot{tag, fresh};
        ++shard.used;
        return fresh;
      }
      if (slot.tag == tag && equal(slot.id)) return slot.id;
    }
  }
  template <typename Equal>
  std::uint32_t find(std::uint64_t hash, const Equal& equal) const {  // kFree when there is none
    const Shard& shard = shards_[shard_of(hash)];
    if (shard.slots.empty()) return kFree;
    const std::uint32_t tag = static_cast<std::uint32_t>(hash);
    const std::size_t mask = shard.slots.size() - 1;
    for (std::size_t i = tag & mask;; i = (i + 1) & mask) {
      const Slot& slot = shard.slots[i];
      if (slot.id == kFree) return kFree;
      if (slot.tag == tag && equal(slot.id)) return slot.id;
    }
  }
  // Has the place where a hash is looked up fetched into the cache, without waiting for it.
  void prefetch(std::uint64_t hash) const {
    const Shard& shard = shards_[shard_of(hash)];
    if (!shard.slots.empty())
      __builtin_prefetch(&shard.slots[static_cast<std::uint32_t>(hash) & (shard.slots.size() - 1)]);
  }
  // Takes back the newest insertion of `id` (an exception interrupted what it stood for). Requires that nothing was
  // inserted since.
  void forget(std::uint64_t hash, std::uint32_t id) {
    Shard& shard = shards_[shard_of(hash)];
    const std::size_t mask = shard.slots.size() - 1;
    for (std::size_t i = static_cast<std::uint32_t>(hash) & mask;; i = (i + 1) & mask) {
      if (shard.slots[i].id != id) continue;
      shard.slots[i] = Slot{};
      --shard.used;
      return;
    }
  }
  std::size_t memory_bytes() const {
    std::size_t bytes = 0;
    for (const Shard& shard : shards_) bytes += shard.slots.size() * sizeof(Slot) + sizeof(Shard);
    return bytes;
  }

  static constexpr std::uint32_t kFree = 0xFFFFFFFFu;

 private:
  static constexpr std::size_t kSplitAt = 4096;
  static constexpr std::size_t kShards = 64;

  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t id = kFree;
  };
  using Slots = std::vector<Slot, BlockAllocator<Slot>>;
  struct Shard {
    Slots slots;  // power of two; linear probing by the tag's low bits
    std::size_t used = 0;
  };

  // The shard comes from the tag's high bits (the place in it from the low ones), so that splitting needs no other part
  // of the hash.
  std::size_t shard_of(std::uint64_t hash) const {
    return shards_.size() == 1 ? 0 : static_cast<std::uint32_t>(hash) >> 26;
  }
  static void place(Shard& shard, Slot entry) {
    const std::size_t mask = shard.slots.size() - 1;
    std::size_t i = entry.tag & mask;
    while (shard.slots[i].id != kFree) i = (i + 1) & mask;
    shard.slots[i] = entry;
    ++shard.used;
  }
  static void grow(Shard& shard) {
    Slots old(shard.slots.empty() ? 16 : shard.slots.size() * 2);
    old.swap(shard.slots);
    shard.used = 0;
    for (const Slot& slot : old) {
      if (slot.id != kFree) place(shard, slot);
    }
  }
  void split() {
    Slots old = std::move(shards_[0].slots);
    shards_.assign(kShards, Shard{});
    for (Shard& shard : shards_) shard.slots.resize(4 * kSplitAt / kShards);
    for (const Slot& slot : old) {
      if (slot.id == kFree) continue;
      Shard& shard = shards_[slot.tag >> 26];
      if ((shard.used + 1) * 2 > shard.slots.size()) grow(shard);
      place(shard, slot);
    }
  }

  std::vector<Shard> shards_ = std::vector<Shard>(1);
};

// A map from 64-bit keys to 32-bit values, in shards for the same reason; keys and values lie in the slots. Entries are
// never removed.
class HashMap64 {
 public:
  // The value of `key`; null when absent. Valid until the next insertion.
  const std::uint32_t* find(std::uint64_t key) const {
    const std::uint64_t hash = hash_of(key);
    const Shard& shard = shards_[shards_.size() == 1 ? 0 : hash >> 58];
    if (shard.slots.empty()) return nullptr;
    const std::size_t mask = shard.slots.size() - 1;
    for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
      const Slot& slot = shard.slots[i];
      if (!slot.used) return nullptr;
      if (slot.key == key) return &slot.value;
    }
  }
  std::uint32_t* find(std::uint64_t key) { return const_cast<std::uint32_t*>(std::as_const(*this).find(key)); }
  // Requires that `key` is absent.
  void insert(std::uint64_t key, std::uint32_t value) {
    if (shards_.size() == 1 && size_ >= kSplitAt) split();
    const std::uint64_t hash = hash_of(key);
    place(shards_[shards_.size() == 1 ? 0 : hash >> 58], hash, Slot{key, value, true});
    ++size_;
  }
  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const {
    std::size_t bytes = 0;
    for (const Shard& shard : shards_) bytes += shard.slots.size() * sizeof(Slot) + sizeof(Shard);
    return bytes;
  }

 private:
  static constexpr std::size_t kSplitAt = 4096;
  static constexpr std::size_t kShards = 64;

  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t value = 0;
    bool used = false;
  };
  using Slots = std::vector<Slot, BlockAllocator<Slot>>;
  struct Shard {
    Slots slots;  // power of two; linear probing
    std::size_t used = 0;
  };

  static std::uint64_t hash_of(std::uint64_t key) { return mix_hash(mix_hash(0x51ED270B, key), key >> 32); }
  static void place(Shard& shard, std::uint64_t hash, const Slot& entry) {
    if ((shard.used + 1) * 2 > shard.slots.size()) {
      Slots old(shard.slots.empty() ? 16 : shard.slots.size() * 2);
      old.swap(shard.slots);
      for (const Slot& slot : old) {
        if (slot.used) put(shard, hash_of(slot.key), slot);
      }
    }
    put(shard, hash, entry);
    ++shard.used;
  }
  static void put(Shard& shard, std::uint64_t hash, const Slot& entry) {
    const std::size_t mask = shard.slots.size() - 1;
    std::size_t i = hash & mask;
    while (shard.slots[i].used) i = (i + 1) & mask;
    shard.slots[i] = entry;
  }
  void split() {
    Slots old = std::move(shards_[0].slots);
    shards_.assign(kShards, Shard{});
    for (const Slot& slot : old) {
      if (slot.used) place(shards_[hash_of(slot.key) >> 58], hash_of(slot.key), slot);
    }
  }

  std::vector<Shard> shards_ = std::vector<Shard>(1);
  std::size_t size_ = 0;
};

}  // namespace maskforge
