// See memo.h.
#include "masks/memo.h"

#include <algorithm>

#include "base/errors.h"

namespace maskforge {

void ReadMostlyTable::put(Table& table, std::uint64_t key, const Result* value) {
  std::size_t i = mix_hash(key, 0) & table.mask;
  while (table.slots[i].key.load(std::memory_order_relaxed) != 0) i = (i + 1) & table.mask;
  table.slots[i].value.store(value, std::memory_order_relaxed);
  table.slots[i].key.store(key, std::memory_order_release);
}

void ReadMostlyTable::insert(std::uint64_t key, const Result* value) {
  Table* table = table_.load(std::memory_order_relaxed);
  if ((count_ + 1) * 2 > table->mask + 1) {
    grow();
    table = table_.load(std::memory_order_relaxed);
  }
  put(*table, key, value);
  ++count_;
}

void ReadMostlyTable::grow() {
  Table* old = table_.load(std::memory_order_relaxed);
  std::size_t size = old == nullptr ? 1024 : (old->mask + 1) * 2;
  tables_.push_back(std::make_unique<Table>(size));
  Table* fresh = tables_.back().get();
  if (old != nullptr) {
    for (std::size_t i = 0; i <= old->mask; ++i) {
      std::uint64_t key = old->slots[i].key.load(std::memory_order_relaxed);
      if (key != 0) put(*fresh, key, old->slots[i].value.load(std::memory_order_relaxed));
    }
  }
  memory_ += size * sizeof(Slot);
  table_.store(fresh, std::memory_order_release);
}

const Result* Memo::add(ReadMostlyTable& table, std::uint64_t key, std::unique_ptr<Result> result) {
  std::lock_guard lock(mutex_);
  if (const Result* known = table.find(key)) return known;
  if (next_result_id_ == 0xFFFFFFFFu) throw FuelError("the mask memo holds as many results as it can");
  result->id = next_result_id_;
  results_.push_back(std::move(result));
  const Result* published = results_.back().get();
  std::size_t before = table.memory_bytes();
  table.insert(key, published);
  ++next_result_id_;
  bytes_.fetch_add(published->memory_bytes() + table.memory_bytes() - before, std::memory_order_relaxed);
  return published;
}

const Result* Memo::add_walk(const Forest& forest, StateId state, std::unique_ptr<Result> result) {
  return add(walks_, key(forest.id(), state), std::move(result));
}

const Result* Memo::add_resolved(const Result& from, StateId waiting, std::unique_ptr<Result> result) {
  return add(resolved_, key(from.id, waiting), std::move(result));
}

const Result* Memo::alias_walk(const Forest& forest, StateId state, const Result* result) {
  std::lock_guard lock(mutex_);
  std::uint64_t name = key(forest.id(), state);
  if (const Result* known = walks_.find(name)) return known;
  std::size_t before = walks_.memory_bytes();
  walks_.insert(name, result);
  bytes_.fetch_add(walks_.memory_bytes() - before, std::memory_order_relaxed);
  return result;
}

const Forest* Memo::forest(std::span<const ExitPoint> points) {
  std::uint64_t hash = points.size();
  bool anything = false;
  for (const ExitPoint& point : points) {
    hash = mix_hash(hash, (reinterpret_cast<std::uintptr_t>(point.trie) << 8) ^ point.code);
    anything = anything || !point.consumed() || point.trie->nodes()[point.node()].size > 1;
  }
  if (!anything) return nullptr;
  std::lock_guard lock(mutex_);
  auto [first, last] = forests_.equal_range(hash);
  for (; first != last; ++first) {
    if (std::ranges::equal(first->second.points, points)) return first->second.forest.get();
  }
  if (next_forest_id_ == 0xFFFFFFFFu) throw FuelError("the mask memo holds as many forests as it can");
  StoredForest stored{{points.begin(), points.end()}, std::make_unique<Forest>(next_forest_id_, points)};
  const Forest* made = stored.forest.get();
  bytes_.fetch_add(made->memory_bytes() + points.size() * sizeof(ExitPoint) + 96, std::memory_order_relaxed);
  forests_.emplace(hash, std::move(stored));
  ++next_forest_id_;
  return made;
}

const TokenBits* Memo::intern_bits(TokenBits&& bits) {
  std::uint64_t hash = hash_bits(bits);
  auto [first, last] = bits_.equal_range(hash);
  for (; first != last; ++first) {
    if (*first->second == bits) return first->second.get();
  }
  auto entry = bits_.emplace(hash, std::make_unique<const TokenBits>(std::move(bits)));
  bytes_.fetch_add(entry->second->size() * 4 + 96, std::memory_order_relaxed);
  return entry->second.get();
}

const TokenBits* Memo::bits(TokenBits&& bits) {
  std::lock_guard lock(mutex_);
  return intern_bits(std::move(bits));
}

const TokenBits* Memo::find_named(const BitsName& name) {
  std::lock_guard lock(mutex_);
  auto known = named_.find(name);
  return known == named_.end() ? nullptr : known->second;
}

const TokenBits* Memo::add_named(const BitsName& name, TokenBits&& bits) {
  std::lock_guard lock(mutex_);
  const TokenBits* stored = intern_bits(std::move(bits));
  bytes_.fetch_add(96, std::memory_order_relaxed);
  return named_.try_emplace(name, stored).first->second;
}

}  // namespace maskforge
