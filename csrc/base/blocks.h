// Memory for what lives long and is read in no order: states, rows, results, the tables that find them.
//
// A look-up in megabytes of such data waits twice, for the data and for the entry of the page table. With large pages
// (2 MiB instead of 4 KiB) the second wait mostly vanishes; but a large page may take milliseconds to get, which no
// mask can wait for. So whoever knows that much memory will be used makes a reserve of them at the start, and blocks
// lie in it until it is full; all others are taken from the heap. Without a reserve, or where the system has no large
// pages, this is the heap.
//
// Thread safe. Covered by tests/csrc/test_blocks.cc.
#pragma once

#include <cstddef>
#include <limits>
#include <new>

namespace maskforge {

// Not initialised, aligned for any type. Throws std::bad_alloc.
void* take_block(std::size_t bytes);
// Requires the size it was taken with.
void give_block(void* place, std::size_t bytes) noexcept;

// Keeps the reserve of the process: the first one makes it, in the size it asks for, and it is given back to the system
// when none is left and no block lies in it.
class LargePageReserve {
 public:
  explicit LargePageReserve(std::size_t bytes);  // rounded down to large pages; none where that leaves nothing
  ~LargePageReserve();
  LargePageReserve(const LargePageReserve&) = delete;
  LargePageReserve& operator=(const LargePageReserve&) = delete;

  static std::size_t bytes();       // of the reserve; 0: there is none
  static std::size_t used_bytes();  // by the blocks that lie in it
};

// For containers of the standard library.
template <typename T>
struct BlockAllocator {
  using value_type = T;
  BlockAllocator() = default;
  template <typename U>
  BlockAllocator(const BlockAllocator<U>&) {}
  T* allocate(std::size_t count) {
    if (count > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_alloc();
    return static_cast<T*>(take_block(count * sizeof(T)));
  }
  void deallocate(T* place, std::size_t count) noexcept { give_block(place, count * sizeof(T)); }
  bool operator==(const BlockAllocator&) const { return true; }
};

}  // namespace maskforge
