// See memo.h.
#include "masks/memo.h"

#include <algorithm>

#include "base/errors.h"

namespace maskforge {

const Result* Memo::add(ReadMostlyTable<Result>& table, std::uint64_t key, std::unique_ptr<Result> result) {
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
  if (next_forest_id_ == 0xFFFFFFFFu) throw FuelError("the mask memo holds as many forests as it can");
  stored_forests_.push_back({{points.begin(), points.end()}, std::make_unique<Forest>(next_forest_id_, points)});
  ++next_forest_id_;
  const Forest* made = stored_forests_.back().forest.get();
  std::size_t before = forests_.memory_bytes();
  forests_.insert(name, &stored_forests_.back());
  bytes_.fetch_add(made->memory_bytes() + points.size() * sizeof(ExitPoint) + 96 + forests_.memory_bytes() - before,
                   std::memory_order_relaxed);
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

bool Memo::release_some() {
  for (int i = 0; i < 32; ++i) {
    if (!results_.empty()) results_.pop_back();
    if (!stored_forests_.empty()) stored_forests_.pop_back();
  }
  if (!bits_.empty()) bits_.erase(bits_.begin());
  return !results_.empty() || !stored_forests_.empty() || !bits_.empty();
}

}  // namespace maskforge
