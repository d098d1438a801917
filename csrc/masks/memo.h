// The memo of one mask engine: results by (forest, state) and by (result, waiting state), and everything they point at.
//
// What was computed for the states of one grammar lies close together: results are in an arena, and a state's own slots
// hold the first results that are asked for there, so that most look-ups touch nothing that other grammars have filled.
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
#include <span>
#include <unordered_map>
#include <vector>

#include "base/arena.h"
#include "base/short_lock.h"
#include "masks/forest.h"
#include "masks/read_mostly_table.h"
#include "masks/reading.h"
#include "masks/result.h"

namespace maskforge {

class Memo {
 public:
  // `trie`: where most walks start.
  Memo(const TokenTrie& trie, std::uint32_t first_forest_id)
      : trie_(&trie),
        below_(trie.node_count() + 1),
        first_forest_id_(first_forest_id),
        next_forest_id_(first_forest_id) {}

  const Result* find_walk(const Forest& forest, StateId state) const {
    const Result* found = nullptr;
    return find_in_slot(state, forest.id(), found) ? found : walks_.find(key(forest.id(), state));
  }
  const Result* find_resolved(const Result& result, StateId waiting) const {
    // Elsewhere is only what did not find room with the result itself.
    const StateId first = result.waiting.load(std::memory_order_acquire);
    if (first == waiting) return result.resolved.load(std::memory_order_relaxed);
    if (first == kDeadState) return nullptr;
    const Result* found = nullptr;
    if (waiting < kMostStates && find_in_slot(waiting, result.id | kIsResult, found)) return found;
    return resolved_.find(key(result.id, waiting));
  }
  const Result* find_combined(const Result& a, const Result& b) const { return combined_.find(key(a.id, b.id)); }
  // Publishes a result, or returns the one that another thread published first.
  const Result* add_walk(const Forest& forest, StateId state, const ResultParts& parts);
  const Result* add_resolved(const Result& from, StateId waiting, const ResultParts& parts);
  const Result* add_combined(const Result& a, const Result& b, const ResultParts& parts);
  // A second name for a result.
  const Result* alias_walk(const Forest& forest, StateId state, const Result* result);

  // Copies that live as long as the memo.
  TokenIds ids(TokenIds ids);
  // Equal bitsets are one.
  BitsView bits(BitsView bits);
  // Bitsets by a key of the caller's choice; null when there is none.
  using BitsName = std::array<std::uint64_t, 3>;
  const BitsView* find_named(const BitsName& name);
  const BitsView* add_named(const BitsName& name, BitsView bits);
  // The forest left by these exits; null when nothing is left. Equal exits are one forest.
  const Forest* forest(std::span<const ExitPoint> points);
  // The same of one point that was consumed and has something below it.
  const Forest* forest_at(const ExitPoint& point) {
    if (point.trie != trie_) return forest({&point, 1});
    std::atomic<const Forest*>& known = below_[point.node()];
    const Forest* found = known.load(std::memory_order_acquire);
    if (found == nullptr) known.store(found = forest({&point, 1}), std::memory_order_release);
    return found;
  }
  // All that two forests hold, which forest() made; either may be null.
  const Forest* unite(const Forest* a, const Forest* b);

  // What states read, for plans (plan.h).
  Readings& readings() { return readings_; }

  std::atomic<std::size_t>& bytes() { return bytes_; }

  // For a memo that nobody uses any more: frees a little of it; false once nothing is left that takes long to free.
  bool release_some();

 private:
  // The first few results that have to do with a state: of forests that were walked from it and of results that were
  // resolved in it. The rest is in the tables. In one cache line: a look-up mostly costs the wait for that.
  static constexpr std::uint32_t kIsResult = 0x80000000u;  // of a key: what was resolved, by the id of the result
  struct alignas(64) StateSlot {
    std::atomic<std::uint32_t> keys[5];  // 0: free, and so are all after it
    std::atomic<bool> more;              // whether a table has something about the state
    std::atomic<const Result*> found[5];
  };
  static_assert(sizeof(StateSlot) == 64);
  static constexpr unsigned kChunkBits = 8;
  static constexpr std::uint32_t kMostChunks = 1u << 18;
  static constexpr std::uint32_t kMostStates = kMostChunks << kChunkBits;

  static std::uint64_t key(std::uint32_t id, StateId state) { return (std::uint64_t{id} << 32) | state; }
  const StateSlot* find_slot(StateId state) const {
    const StateSlot* chunk = slots_[state >> kChunkBits].load(std::memory_order_acquire);
    return chunk == nullptr ? nullptr : chunk + (state & ((1u << kChunkBits) - 1));
  }

  // Whether the slot says all there is to know about the key; then `found` is the answer.
  bool find_in_slot(StateId state, std::uint32_t key, const Result*& found) const {
    const StateSlot* slot = find_slot(state);
    if (slot == nullptr) return true;
    for (int i = 0; i < 5; ++i) {
      const std::uint32_t known = slot->keys[i].load(std::memory_order_acquire);
      if (known == key) found = slot->found[i].load(std::memory_order_relaxed);
      if (known == key || known == 0) return true;
    }
    return !slot->more.load(std::memory_order_acquire);
  }

  struct StoredForest {
    std::span<const ExitPoint> points;
    std::unique_ptr<Forest> forest;
  };
  const StoredForest* find_forest(std::span<const ExitPoint> points, std::uint64_t& name) const;

  // All of these require the mutex.
  const Forest* store_forest(std::span<const ExitPoint> points, std::uint64_t name);
  StateSlot& slot(StateId state);
  // Whether there was room in the state's slot; if not, the caller puts it into a table.
  bool put_in_slot(StateId state, std::uint32_t key, const Result* result);
  void name_walk(const Forest& forest, StateId state, const Result* result);
  const Result* publish(const ResultParts& parts);
  BitsView intern_bits(BitsView bits);
  void count_bytes();

  // Apart: what every look-up reads, what every insertion writes, and the lock.
  alignas(kCacheLine) SparseTable<std::atomic<StateSlot*>> slots_{kMostChunks};
  const TokenTrie* trie_;
  SparseTable<std::atomic<const Forest*>> below_;  // by node of trie_
  alignas(kCacheLine) std::atomic<std::size_t> bytes_{0};
  alignas(kCacheLine) ShortMutex mutex_;  // guards everything below, and insertions
  alignas(kCacheLine) Arena arena_;
  ReadMostlyTable<Result> walks_{arena_};
  ReadMostlyTable<Result> resolved_{arena_};
  ReadMostlyTable<Result> combined_{arena_};       // by the ids of two results
  ReadMostlyTable<StoredForest> forests_{arena_};  // by a hash of the points, or the next free number after it
  std::uint32_t next_result_id_ = 1;
  const std::uint32_t first_forest_id_;
  std::uint32_t next_forest_id_;
  std::size_t counted_ = 0;                  // of the arena, in bytes_
  std::deque<StoredForest> stored_forests_;  // by id, from first_forest_id_ on
  std::unordered_multimap<std::uint64_t, BitsView> bits_;
  std::map<BitsName, BitsView> named_;
  Readings readings_{bytes_};  // has a lock of its own
};

}  // namespace maskforge
