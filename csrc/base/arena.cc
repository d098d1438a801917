// See arena.h.
#include "base/arena.h"

#include <algorithm>

namespace maskforge {

namespace {

constexpr std::size_t kFirstChunk = std::size_t{1} << 15;
constexpr std::size_t kLargestChunk = std::size_t{1} << 20;

}  // namespace

bool Arena::release_some() {
  next_ = nullptr;
  left_ = 0;
  if (!chunks_.empty()) chunks_.pop_back();
  return !chunks_.empty();
}

void Arena::rewind() {
  if (chunks_.empty()) return;
  chunks_.resize(1);
  chunk_bytes_ = first_bytes_;
  next_ = chunks_.front().get();
  left_ = first_bytes_;
}

// Chunks double, so that a small arena stays small.
void Arena::grow(std::size_t bytes) {
  const std::size_t size = std::max(std::clamp(chunk_bytes_, kFirstChunk, kLargestChunk), bytes);
  chunks_.reserve(chunks_.size() + 1);
  chunks_.emplace_back(static_cast<char*>(take_block(size)), GiveBlock{size});
  chunk_bytes_ += size;
  if (chunks_.size() == 1) first_bytes_ = chunk_bytes_;
  next_ = chunks_.back().get();
  left_ = size;
}

}  // namespace maskforge
