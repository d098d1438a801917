// See blocks.h.
#include "base/blocks.h"

#include <array>
#include <bit>
#include <cstdint>
#include <mutex>

#include "base/short_lock.h"

// The address sanitizer watches the heap only.
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
#define MASKFORGE_LARGE_PAGES 1
#include <sys/mman.h>

#include <fstream>
#include <string>
#endif

namespace maskforge {

namespace {

constexpr std::size_t kLargePage = std::size_t{1} << 21;
constexpr unsigned kSmallestBits = 10;  // blocks of up to half of this many bytes are left to the heap
constexpr unsigned kLargestBits = 26;

// Blocks are of four sizes to each power of two, so that at most a fifth of one is not asked for.
struct SizeClass {
  unsigned id;
  std::size_t bytes;
};

SizeClass class_of(std::size_t bytes) {
  const unsigned bits = static_cast<unsigned>(std::bit_width(bytes - 1));
  const std::size_t half = std::size_t{1} << (bits - 1), step = half / 4;
  const std::size_t steps = (bytes - half + step - 1) / step;  // 1 to 4
  return {(bits - kSmallestBits) * 4 + static_cast<unsigned>(steps) - 1, half + steps * step};
}

bool is_small(std::size_t bytes) { return bytes <= std::size_t{1} << (kSmallestBits - 1); }
bool is_huge(std::size_t bytes) { return bytes > std::size_t{1} << kLargestBits; }

#if defined(MASKFORGE_LARGE_PAGES)

// Whole large pages with memory behind them; null where there are none to be had.
char* map_large_pages(std::size_t bytes) {
  std::string enabled;
  if (!std::getline(std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled"), enabled)) return nullptr;
  if (enabled.find("[never]") != std::string::npos) return nullptr;
  void* mapped =
      mmap(nullptr, bytes + kLargePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  char* const from = static_cast<char*>(mapped);
  char* const begin = from + (kLargePage - reinterpret_cast<std::uintptr_t>(from) % kLargePage) % kLargePage;
  if (begin > from) munmap(from, static_cast<std::size_t>(begin - from));
  if (begin < from + kLargePage) munmap(begin + bytes, static_cast<std::size_t>(from + kLargePage - begin));
  madvise(begin, bytes, MADV_HUGEPAGE);
  for (std::size_t at = 0; at < bytes; at += 4096) static_cast<volatile char*>(begin)[at] = 0;
  return begin;
}

void unmap_large_pages(char* begin, std::size_t bytes) { munmap(begin, bytes); }

#else

char* map_large_pages(std::size_t) { return nullptr; }
void unmap_large_pages(char*, std::size_t) {}

#endif

class Reserve {
 public:
  static Reserve& of_process() {
    static Reserve* const reserve = new Reserve;  // never destroyed: blocks are given back to the very end
    return *reserve;
  }

  void hold(std::size_t bytes) {
    std::lock_guard lock(mutex_);
    bytes = bytes / kLargePage * kLargePage;
    if (begin_ == nullptr && bytes > 0) {
      next_ = begin_ = map_large_pages(bytes);
      end_ = begin_ == nullptr ? nullptr : begin_ + bytes;
    }
    ++holders_;  // last: what throws has no destructor to take it back
  }

  void release() {
    std::lock_guard lock(mutex_);
    --holders_;
    clear_unused();
  }

  void* take(SizeClass size) {
    std::lock_guard lock(mutex_);
    void* place = nullptr;
    if (FreeBlock*& free = free_[size.id]; free != nullptr) {
      place = free;
      free = free->next;
    } else if (static_cast<std::size_t>(end_ - next_) >= size.bytes) {
      place = next_;
      next_ += size.bytes;
    } else {
      return nullptr;
    }
    used_ += size.bytes;
    return place;
  }

  // False when it does not lie here.
  bool give(void* place, SizeClass size) {
    std::lock_guard lock(mutex_);
    const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(place);
    if (at < reinterpret_cast<std::uintptr_t>(begin_) || at >= reinterpret_cast<std::uintptr_t>(end_)) return false;
    free_[size.id] = new (place) FreeBlock{free_[size.id]};
    used_ -= size.bytes;
    clear_unused();
    return true;
  }

  std::size_t bytes() {
    std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(end_ - begin_);
  }
  std::size_t used_bytes() {
    std::lock_guard lock(mutex_);
    return used_;
  }

 private:
  struct FreeBlock {
    FreeBlock* next;
  };

  // Blocks are not joined again, but when the last one is gone, all starts anew.
  void clear_unused() {
    if (used_ > 0) return;
    next_ = begin_;
    free_ = {};
    if (holders_ > 0 || begin_ == nullptr) return;
    unmap_large_pages(begin_, static_cast<std::size_t>(end_ - begin_));
    begin_ = next_ = end_ = nullptr;
  }

  ShortMutex mutex_;
  std::array<FreeBlock*, (kLargestBits - kSmallestBits + 1) * 4> free_{};  // by size class
  char* begin_ = nullptr;
  char* next_ = nullptr;  // what lies behind was never taken
  char* end_ = nullptr;
  std::size_t used_ = 0;  // bytes of blocks
  std::size_t holders_ = 0;
};

}  // namespace

void* take_block(std::size_t bytes) {
  if (!is_small(bytes) && !is_huge(bytes)) {
    if (void* place = Reserve::of_process().take(class_of(bytes)); place != nullptr) return place;
  }
  return ::operator new(bytes);
}

void give_block(void* place, std::size_t bytes) noexcept {
  if (place == nullptr) return;
  if (!is_small(bytes) && !is_huge(bytes) && Reserve::of_process().give(place, class_of(bytes))) return;
  ::operator delete(place);
}

LargePageReserve::LargePageReserve(std::size_t bytes) { Reserve::of_process().hold(bytes); }
LargePageReserve::~LargePageReserve() { Reserve::of_process().release(); }
std::size_t LargePageReserve::bytes() { return Reserve::of_process().bytes(); }
std::size_t LargePageReserve::used_bytes() { return Reserve::of_process().used_bytes(); }

}  // namespace maskforge
