// Hash tables of small integers that grow in small steps: no insertion ever moves more than one shard, so that a table
// of millions does not stop a mask for tens of milliseconds. Covered by tests/csrc/test_interner.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/blocks.h"
#include "base/hash.h"

namespace maskforge {

// The slots of such a table: a few thousand in one shard, more in kShards, each with a power of two of them, of which
// at most half are taken. A look-up out of a cold cache costs what it waits for: where the shards' slots are lies in
// five cache lines.
//
// Slot: a default one is free; `bool is_free() const`. Not thread safe.
template <typename Slot>
class SlotShards {
 public:
  static constexpr std::size_t kShardBits = 5;
  static constexpr std::size_t kShards = std::size_t{1} << kShardBits;

  SlotShards() = default;
  ~SlotShards() {
    drop(only_, only_bits_);
    if (many_ == nullptr) return;
    for (std::size_t s = 0; s < kShards; ++s) drop(many_->slots[s], many_->bits[s]);
  }
  SlotShards(const SlotShards&) = delete;
  SlotShards& operator=(const SlotShards&) = delete;

  struct Shard {
    Slot* slots;
    std::size_t mask;
  };
  bool is_split() const { return many_ != nullptr; }
  // `high`: kShardBits bits of the hash, which the places in a shard do not depend on. Always has a free slot.
  Shard shard(std::size_t high) const {
    if (many_ == nullptr) return {only_, (std::size_t{1} << only_bits_) - 1};
    return {many_->slots[high], (std::size_t{1} << many_->bits[high]) - 1};
  }
  // Writes what is not there yet. `place_of` says where to begin to look for the place of a slot, `high_of` in which
  // shard.
  template <typename PlaceOf, typename HighOf>
  void insert(const Slot& slot, const PlaceOf& place_of, const HighOf& high_of) {
    if (many_ == nullptr && only_used_ >= kSplitAt) split(place_of, high_of);
    const std::size_t high = high_of(slot);
    std::uint32_t& used = many_ == nullptr ? only_used_ : many_->used[high];
    if ((std::size_t{used} + 1) * 2 > shard(high).mask + 1) {
      if (many_ == nullptr) {
        grow(only_, only_bits_, place_of);
      } else {
        grow(many_->slots[high], many_->bits[high], place_of);
      }
    }
    put(shard(high), slot, place_of);
    ++used;
  }
  // Takes back the newest insertion, which is in this slot.
  void erase_newest(std::size_t high, Slot& slot) {
    slot = Slot{};
    --(many_ == nullptr ? only_used_ : many_->used[high]);
  }
  std::size_t memory_bytes() const {
    if (many_ == nullptr) return bytes(only_, only_bits_);
    std::size_t sum = sizeof(Many);
    for (std::size_t s = 0; s < kShards; ++s) sum += bytes(many_->slots[s], many_->bits[s]);
    return sum;
  }

 private:
  static constexpr std::uint32_t kSplitAt = 4096;
  static constexpr std::uint8_t kFirstBits = 4;
  struct Many {
    std::array<Slot*, kShards> slots;
    std::array<std::uint8_t, kShards> bits;
    std::array<std::uint32_t, kShards> used;  // apart: only insertions look at it
  };

  // What a table without slots has: nobody writes to it.
  static Slot* none() {
    static Slot free;
    return &free;
  }
  static std::size_t bytes(const Slot* slots, std::uint8_t bits) { return slots == none() ? 0 : sizeof(Slot) << bits; }
  static Slot* make(std::uint8_t bits) {
    Slot* slots = BlockAllocator<Slot>().allocate(std::size_t{1} << bits);
    std::uninitialized_default_construct_n(slots, std::size_t{1} << bits);
    return slots;
  }
  static void drop(Slot* slots, std::uint8_t bits) {
    if (slots != nullptr && slots != none()) BlockAllocator<Slot>().deallocate(slots, std::size_t{1} << bits);
  }
  template <typename PlaceOf>
  static void put(Shard shard, const Slot& slot, const PlaceOf& place_of) {
    std::size_t i = place_of(slot) & shard.mask;
    while (!shard.slots[i].is_free()) i = (i + 1) & shard.mask;
    shard.slots[i] = slot;
  }
  template <typename PlaceOf>
  static void grow(Slot*& slots, std::uint8_t& bits, const PlaceOf& place_of) {
    const std::uint8_t more = slots == none() ? kFirstBits : static_cast<std::uint8_t>(bits + 1);
    Slot* const larger = make(more);
    const Shard to{larger, (std::size_t{1} << more) - 1};
    for (std::size_t i = 0; i < std::size_t{1} << bits; ++i) {
      if (!slots[i].is_free()) put(to, slots[i], place_of);
    }
    drop(slots, bits);
    slots = larger;
    bits = more;
  }
  template <typename PlaceOf, typename HighOf>
  void split(const PlaceOf& place_of, const HighOf& high_of) {
    SlotShards fresh;
    fresh.many_ = std::make_unique<Many>();
    fresh.many_->slots.fill(none());
    for (std::size_t i = 0; i < std::size_t{1} << only_bits_; ++i) {
      if (!only_[i].is_free()) fresh.insert(only_[i], place_of, high_of);
    }
    many_ = std::move(fresh.many_);
    drop(only_, only_bits_);
    only_ = none();
    only_bits_ = 0;
  }

  std::unique_ptr<Many> many_;
  Slot* only_ = none();
  std::uint32_t only_used_ = 0;
  std::uint8_t only_bits_ = 0;
};

// Finds ids by hash: the index under an interner. Ids are unique; entries are never removed. Keeps 32 bits of each
// hash, so that neither lookups nor growth touch what the ids stand for.
class HashIndex {
 public:
  // The id for which equal(id) holds among those of this hash, or `fresh` after entering it.
  template <typename Equal>
  std::uint32_t find_or_insert(std::uint64_t hash, std::uint32_t fresh, const Equal& equal) {
    const std::uint32_t known = find(hash, equal);
    if (known != kFree) return known;
    shards_.insert(Slot{static_cast<std::uint32_t>(hash), fresh}, place_of, high_of);
    return fresh;
  }
  template <typename Equal>
  std::uint32_t find(std::uint64_t hash, const Equal& equal) const {  // kFree when there is none
    const std::uint32_t tag = static_cast<std::uint32_t>(hash);
    const auto [slots, mask] = shards_.shard(high_of({tag, 0}));
    for (std::size_t i = tag & mask;; i = (i + 1) & mask) {
      const Slot slot = slots[i];
      if (slot.is_free()) return kFree;
      if (slot.tag == tag && equal(slot.id)) return slot.id;
    }
  }
  // Has the place where a hash is looked up fetched into the cache, without waiting for it.
  void prefetch(std::uint64_t hash) const {
    const std::uint32_t tag = static_cast<std::uint32_t>(hash);
    const auto [slots, mask] = shards_.shard(high_of({tag, 0}));
    __builtin_prefetch(&slots[tag & mask]);
  }
  // Takes back the newest insertion of `id` (an exception interrupted what it stood for). Requires that nothing was
  // inserted since.
  void forget(std::uint64_t hash, std::uint32_t id) {
    const std::uint32_t tag = static_cast<std::uint32_t>(hash);
    const std::size_t high = high_of({tag, 0});
    const auto [slots, mask] = shards_.shard(high);
    std::size_t i = tag & mask;
    while (slots[i].id != id) i = (i + 1) & mask;
    shards_.erase_newest(high, slots[i]);
  }
  std::size_t memory_bytes() const { return shards_.memory_bytes(); }

  static constexpr std::uint32_t kFree = 0xFFFFFFFFu;

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t id = kFree;
    bool is_free() const { return id == kFree; }
  };
  // The shard comes from the tag's high bits, the place in it from the low ones, so that no other part of the hash is
  // needed to move a slot.
  static std::size_t place_of(const Slot& slot) { return slot.tag; }
  static std::size_t high_of(const Slot& slot) { return slot.tag >> (32 - SlotShards<Slot>::kShardBits); }

  SlotShards<Slot> shards_;
};

// A map from 64-bit keys to 32-bit values; keys and values lie in the slots. Entries are never removed.
class HashMap64 {
 public:
  // The value of `key`; null when absent. Valid until the next insertion.
  const std::uint32_t* find(std::uint64_t key) const { return const_cast<HashMap64*>(this)->find(key); }
  std::uint32_t* find(std::uint64_t key) {
    const std::uint64_t hash = hash_of(key);
    const auto [slots, mask] = shards_.shard(hash >> (64 - SlotShards<Slot>::kShardBits));
    for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
      Slot& slot = slots[i];
      if (!slot.used) return nullptr;
      if (slot.key == key) return &slot.value;
    }
  }
  // Requires that `key` is absent.
  void insert(std::uint64_t key, std::uint32_t value) {
    shards_.insert(Slot{key, value, true}, place_of, high_of);
    ++size_;
  }
  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const { return shards_.memory_bytes(); }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t value = 0;
    bool used = false;
    bool is_free() const { return !used; }
  };
  static std::uint64_t hash_of(std::uint64_t key) { return mix_hash(mix_hash(0x51ED270B, key), key >> 32); }
  static std::size_t place_of(const Slot& slot) { return hash_of(slot.key); }
  static std::size_t high_of(const Slot& slot) { return hash_of(slot.key) >> (64 - SlotShards<Slot>::kShardBits); }

  SlotShards<Slot> shards_;
  std::size_t size_ = 0;
};

}  // namespace maskforge
