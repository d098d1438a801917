// Memory that is handed out in pieces and given back all at once.
//
// The pieces lie close together in the order in which they were asked for: what is made together is used together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <vector>

#include "base/blocks.h"

namespace maskforge {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Aligned to 8 bytes, not initialised. Throws std::bad_alloc.
  void* allocate(std::size_t bytes) {
    bytes = (bytes + 7) & ~std::size_t{7};
    if (bytes > left_) grow(bytes);
    void* place = next_;
    next_ += bytes;
    left_ -= bytes;
    return place;
  }
  template <typename T>
  std::span<const T> copy(std::span<const T> items) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 8);
    if (items.empty()) return {};
    T* place = static_cast<T*>(allocate(items.size_bytes()));
    std::memcpy(place, items.data(), items.size_bytes());
    return {place, items.size()};
  }
  // What was taken from the system; the last chunk counts as far as it is used.
  std::size_t memory_bytes() const { return chunk_bytes_ - left_; }
  // Forgets all that was handed out, and gives all but the first chunk back.
  void rewind();
  // Gives one chunk back; false when none is left. The arena is of no other use from the first call on.
  bool release_some();

 private:
  void grow(std::size_t bytes);

  struct GiveBlock {
    std::size_t bytes = 0;
    void operator()(char* place) const noexcept { give_block(place, bytes); }
  };

  std::vector<std::unique_ptr<char, GiveBlock>> chunks_;
  std::size_t chunk_bytes_ = 0;
  std::size_t first_bytes_ = 0;  // of the first chunk
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

// Zeroed memory for a table of pointers that is large and mostly never touched: what is not touched costs nothing.
template <typename T>
class SparseTable {
 public:
  explicit SparseTable(std::size_t size) : items_(static_cast<T*>(std::calloc(size, sizeof(T)))) {
    if (items_ == nullptr) throw std::bad_alloc();
  }
  T& operator[](std::size_t i) const { return items_.get()[i]; }

 private:
  struct Free {
    void operator()(T* items) const { std::free(items); }
  };
  std::unique_ptr<T, Free> items_;
};

}  // namespace maskforge
