// Interning ("hash consing"): equal values get equal small integers, so that equality and hashing are those of an
// integer.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace maskforge {

// Ids are dense, start at 0 and never move; references returned by operator[] stay valid for the interner's life.
// Hash: struct with `std::uint64_t operator()(const T&) const`. T needs operator==.
// Not thread safe: the owner serialises growth.
template <typename T, typename Hash>
class Interner {
 public:
  std::uint32_t intern(T value) {
    std::uint64_t hash = Hash{}(value);
    if ((items_.size() + 1) * 2 > slots_.size()) grow();
    std::size_t mask = slots_.size() - 1;
    for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
      std::uint32_t slot = slots_[i];
      if (slot == 0) {
        items_.push_back(std::move(value));
        hashes_.push_back(static_cast<std::uint32_t>(hash >> 32));
        low_.push_back(static_cast<std::uint32_t>(hash));
        slots_[i] = static_cast<std::uint32_t>(items_.size());
        return static_cast<std::uint32_t>(items_.size() - 1);
      }
      if (hashes_[slot - 1] == static_cast<std::uint32_t>(hash >> 32) && items_[slot - 1] == value) return slot - 1;
    }
  }

  const T& operator[](std::uint32_t id) const { return items_[id]; }
  std::size_t size() const { return items_.size(); }

 private:
  void grow() {
    std::size_t size = slots_.empty() ? 16 : slots_.size() * 2;
    slots_.assign(size, 0);
    for (std::size_t k = 0; k < items_.size(); ++k) {
      std::size_t i = low_[k] & (size - 1);
      while (slots_[i] != 0) i = (i + 1) & (size - 1);
      slots_[i] = static_cast<std::uint32_t>(k + 1);
    }
  }

  std::deque<T> items_;
  std::vector<std::uint32_t> hashes_;  // high halves, to skip most comparisons
  std::vector<std::uint32_t> low_;     // low halves, to rebuild the slots
  std::vector<std::uint32_t> slots_;   // id + 1, 0 = free; size is a power of two
};

}  // namespace maskforge
