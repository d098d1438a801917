// Interning ("hash consing"): equal values get equal small integers, so that equality and hashing are those of an
// integer.
#pragma once

#include <cstdint>
#include <utility>

#include "base/hash_index.h"
#include "base/stable_vector.h"

namespace maskforge {

// Ids are dense, start at 0 and never move; references returned by operator[] stay valid for the interner's life.
// Hash: struct with `std::uint64_t operator()(const T&) const`. T needs operator==.
// Not thread safe: the owner serialises growth.
template <typename T, typename Hash>
class Interner {
 public:
  std::uint32_t intern(T value) {
    std::uint32_t fresh = static_cast<std::uint32_t>(items_.size());
    std::uint64_t hash = Hash{}(value);
    // Every bit of a hash below counts: fold the high half, which mixes best, into the low one, which is kept.
    hash = mix_hash(hash, 0x2545F491) >> 16;
    std::uint32_t id = index_.find_or_insert(hash, fresh, [&](std::uint32_t at) { return items_[at] == value; });
    if (id == fresh) {
      try {
        items_.emplace_back(std::move(value));
      } catch (...) {
        index_.forget(hash, fresh);
        throw;
      }
    }
    return id;
  }

  // A new id for a value that the owner finds again by other means: intern() will not.
  std::uint32_t append(T value) {
    items_.emplace_back(std::move(value));
    return static_cast<std::uint32_t>(items_.size() - 1);
  }

  const T& operator[](std::uint32_t id) const { return items_[id]; }
  std::size_t size() const { return items_.size(); }

 private:
  StableVector<T> items_;
  HashIndex index_;
};

}  // namespace maskforge
