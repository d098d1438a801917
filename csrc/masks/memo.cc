// See memo.h.
#include "masks/memo.h"

#include <algorithm>
#include <iterator>
#include <memory>

#include "base/errors.h"

namespace maskforge {

void Memo::count_bytes() {
  std::size_t now = arena_.memory_bytes();
  bytes_.fetch_add(now - counted_, std::memory_order_relaxed);
  counted_ = now;
}

Memo::StateSlot& Memo::slot(StateId state) {
  std::atomic<StateSlot*>& chunk = slots_[state >> kChunkBits];
  StateSlot* slots = chunk.load(std::memory_order_relaxed);
  if (slots == nullptr) {
    std::size_t room = (sizeof(StateSlot) << kChunkBits) + sizeof(StateSlot) - 8;  // the arena aligns to 8 bytes
    void* place = arena_.allocate(room);
    slots = static_cast<StateSlot*>(std::align(sizeof(StateSlot), sizeof(StateSlot) << kChunkBits, place, room));
    for (std::uint32_t i = 0; i < 1u << kChunkBits; ++i) new (slots + i) StateSlot{};
    chunk.store(slots, std::memory_order_release);
  }
  return slots[state & ((1u << kChunkBits) - 1)];
}

const Result* Memo::publish(const ResultParts& parts) {
  if (next_result_id_ == kIsResult) throw FuelError("the mask memo holds as many results as it can");
  return Result::make(next_result_id_++, parts, arena_);
}

bool Memo::put_in_slot(StateId state, std::uint32_t key, const Result* result) {
  StateSlot& slot = this->slot(state);
  for (std::size_t i = 0; i < std::size(slot.keys); ++i) {
    if (slot.keys[i].load(std::memory_order_relaxed) != 0) continue;
    slot.found[i].store(result, std::memory_order_relaxed);
    slot.keys[i].store(key, std::memory_order_release);
    return true;
  }
  slot.more.store(true, std::memory_order_release);
  return false;
}

void Memo::name_walk(const Forest& forest, StateId state, const Result* result) {
  if (!put_in_slot(state, forest.id(), result)) walks_.insert(key(forest.id(), state), result);
}

const Result* Memo::add_walk(const Forest& forest, StateId state, const ResultParts& parts) {
  std::lock_guard lock(mutex_);
  if (const Result* known = find_walk(forest, state)) return known;
  const Result* made = publish(parts);
  name_walk(forest, state, made);
  count_bytes();
  return made;
}

const Result* Memo::alias_walk(const Forest& forest, StateId state, const Result* result) {
  std::lock_guard lock(mutex_);
  if (const Result* known = find_walk(forest, state)) return known;
  name_walk(forest, state, result);
  count_bytes();
  return result;
}

const Result* Memo::add_resolved(const Result& from, StateId waiting, const ResultParts& parts) {
  std::lock_guard lock(mutex_);
  if (const Result* known = find_resolved(from, waiting)) return known;
  const Result* made = publish(parts);
  if (from.waiting.load(std::memory_order_relaxed) == kDeadState) {
    from.resolved.store(made, std::memory_order_relaxed);
    from.waiting.store(waiting, std::memory_order_release);
  } else if (waiting >= kMostStates || !put_in_slot(waiting, from.id | kIsResult, made)) {
    resolved_.insert(key(from.id, waiting), made);
  }
  count_bytes();
  return made;
}

const Result* Memo::add_combined(const Result& a, const Result& b, const ResultParts& parts) {
  std::lock_guard lock(mutex_);
  if (const Result* known = find_combined(a, b)) return known;
  const Result* made = publish(parts);
  combined_.insert(key(a.id, b.id), made);
  count_bytes();
  return made;
}

TokenIds Memo::ids(TokenIds ids) {
  std::lock_guard lock(mutex_);
  return arena_.copy(ids);
}

// The stored forest of these points; without one, `name` is where it belongs.
const Memo::StoredForest* Memo::find_forest(std::span<const ExitPoint> points, std::uint64_t& name) const {
  for (;; ++name) {
    if (name == 0) continue;
    const StoredForest* found = forests_.find(name);
    if (found == nullptr || std::ranges::equal(found->points, points)) return found;
  }
}

const Forest* Memo::forest(std::span<const ExitPoint> points) {
  std::uint64_t name = points.size();
  bool anything = false;
  for (const ExitPoint& point : points) {
    name = mix_hash(name, (reinterpret_cast<std::uintptr_t>(point.trie) << 8) ^ point.code);
    anything = anything || !point.consumed() || point.trie->nodes()[point.node()].size > 1;
  }
  if (!anything) return nullptr;
  if (const StoredForest* known = find_forest(points, name)) return known->forest.get();
  std::lock_guard lock(mutex_);
  if (const StoredForest* known = find_forest(points, name)) return known->forest.get();
  return store_forest(points, name);
}

const Forest* Memo::store_forest(std::span<const ExitPoint> points, std::uint64_t name) {
  if (next_forest_id_ == kIsResult) throw FuelError("the mask memo holds as many forests as it can");
  stored_forests_.push_back({arena_.copy(points), std::make_unique<Forest>(next_forest_id_, points)});
  ++next_forest_id_;
  const Forest* made = stored_forests_.back().forest.get();
  forests_.insert(name, &stored_forests_.back());
  bytes_.fetch_add(made->memory_bytes() + 96, std::memory_order_relaxed);
  count_bytes();
  return made;
}

const Forest* Memo::unite(const Forest* a, const Forest* b) {
  if (a == nullptr || a == b) return b;
  if (b == nullptr) return a;
  std::vector<ExitPoint> points;
  {
    std::lock_guard lock(mutex_);
    for (const Forest* forest : {a, b}) {
      const std::span<const ExitPoint> own = stored_forests_[forest->id() - first_forest_id_].points;
      points.insert(points.end(), own.begin(), own.end());
    }
  }
  return forest(points);
}

BitsView Memo::intern_bits(BitsView bits) {
  std::uint64_t hash = hash_bits(bits);
  auto [first, last] = bits_.equal_range(hash);
  for (; first != last; ++first) {
    if (std::ranges::equal(first->second, bits)) return first->second;
  }
  auto entry = bits_.emplace(hash, arena_.copy(bits));
  bytes_.fetch_add(96, std::memory_order_relaxed);
  count_bytes();
  return entry->second;
}

BitsView Memo::bits(BitsView bits) {
  std::lock_guard lock(mutex_);
  return intern_bits(bits);
}

const BitsView* Memo::find_named(const BitsName& name) {
  std::lock_guard lock(mutex_);
  auto known = named_.find(name);
  return known == named_.end() ? nullptr : &known->second;
}

const BitsView* Memo::add_named(const BitsName& name, BitsView bits) {
  std::lock_guard lock(mutex_);
  bytes_.fetch_add(96, std::memory_order_relaxed);
  return &named_.try_emplace(name, intern_bits(bits)).first->second;
}

bool Memo::release_some() {
  for (int i = 0; i < 32 && !stored_forests_.empty(); ++i) stored_forests_.pop_back();
  const bool more = arena_.release_some();
  return more || !stored_forests_.empty();
}

}  // namespace maskforge
