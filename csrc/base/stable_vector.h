// A list that grows without moving what it holds: references stay valid, and no insertion copies more than pointers.
#pragma once

#include <bit>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "base/blocks.h"

namespace maskforge {

// As std::deque grown at its end, in pieces so large that finding an item touches little besides the item.
template <typename T>
class StableVector {
 public:
  StableVector() = default;
  ~StableVector() {
    for (std::size_t i = size_; i-- > 0;) std::destroy_at(&(*this)[i]);
    for (T* chunk : chunks_) BlockAllocator<T>().deallocate(chunk, kChunk);
  }
  StableVector(const StableVector&) = delete;
  StableVector& operator=(const StableVector&) = delete;

  T& operator[](std::size_t i) { return chunks_[i / kChunk][i % kChunk]; }
  const T& operator[](std::size_t i) const { return chunks_[i / kChunk][i % kChunk]; }
  std::size_t size() const { return size_; }
  template <typename... Args>
  T& emplace_back(Args&&... args) {
    if (size_ == chunks_.size() * kChunk) {
      chunks_.reserve(chunks_.size() + 1);
      chunks_.push_back(BlockAllocator<T>().allocate(kChunk));
    }
    T* made = new (&(*this)[size_]) T(std::forward<Args>(args)...);
    ++size_;
    return *made;
  }

 private:
  static constexpr std::size_t kChunk = std::bit_ceil(16384 / sizeof(T) + 1);

  std::vector<T*> chunks_;
  std::size_t size_ = 0;
};

}  // namespace maskforge
