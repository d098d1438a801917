// Blocks never overlap, keep what is written, come back after they are given, and outlive who made the reserve. Where
// the system has no large pages, all of it is the heap, and the same must hold.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <random>
#include <thread>
#include <vector>

#include "base/blocks.h"
#include "testing/check.h"

using namespace maskforge;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

struct Block {
  unsigned char* place;
  std::size_t bytes;
  unsigned char mark;
};

Block taken(std::size_t bytes, unsigned char mark) {
  Block block{static_cast<unsigned char*>(take_block(bytes)), bytes, mark};
  std::memset(block.place, mark, bytes);
  return block;
}

bool is_whole(const Block& block) {
  if (reinterpret_cast<std::uintptr_t>(block.place) % alignof(std::max_align_t) != 0) return false;
  for (std::size_t i = 0; i < block.bytes; ++i) {
    if (block.place[i] != block.mark) return false;
  }
  return true;
}

// Takes and gives back at random; true when nobody else wrote into a block.
bool churn(unsigned seed, std::size_t steps) {
  std::mt19937 random(seed);
  std::vector<Block> held;
  bool whole = true;
  for (std::size_t step = 0; step < steps; ++step) {
    if (held.empty() || random() % 5 < 3) {
      const std::size_t most = std::size_t{1} << (random() % 18);
      held.push_back(taken(random() % most, static_cast<unsigned char>(random())));
    } else {
      std::swap(held[random() % held.size()], held.back());
      whole = whole && is_whole(held.back());
      give_block(held.back().place, held.back().bytes);
      held.pop_back();
    }
  }
  for (const Block& block : held) {
    whole = whole && is_whole(block);
    give_block(block.place, block.bytes);
  }
  return whole;
}

void check_sizes() {
  std::vector<Block> held;
  for (std::size_t bytes = 0; bytes < 5000; bytes += bytes < 480 || bytes > 2100 ? 37 : 1)
    held.push_back(taken(bytes, static_cast<unsigned char>(bytes % 251)));
  for (std::size_t bytes : {kMiB - 1, kMiB, kMiB + 1, 64 * kMiB, 64 * kMiB + 1}) held.push_back(taken(bytes, 7));
  for (const Block& block : held) CHECK(is_whole(block));
  for (const Block& block : held) give_block(block.place, block.bytes);
  give_block(nullptr, 5000);
}

}  // namespace

int main() {
  CHECK(LargePageReserve::bytes() == 0);
  check_sizes();
  CHECK(churn(1, 4000));
  CHECK(LargePageReserve::bytes() == 0);
  {
    LargePageReserve none(2 * kMiB - 1);  // not one large page
    CHECK(LargePageReserve::bytes() == 0);
  }

  Block kept{};
  std::size_t size = 0;
  {
    LargePageReserve reserve(9 * kMiB);
    size = LargePageReserve::bytes();
    CHECK(size == 8 * kMiB || size == 0);
    LargePageReserve same(32 * kMiB);
    CHECK(LargePageReserve::bytes() == size);
    check_sizes();
    CHECK(LargePageReserve::used_bytes() == 0);
    CHECK(churn(2, 4000));
    CHECK(LargePageReserve::used_bytes() == 0);

    // What is given back is used again, so that the reserve does not wear out.
    for (int round = 0; round < 100; ++round) {
      Block block = taken(kMiB / 2, 3);
      CHECK(LargePageReserve::used_bytes() == (size == 0 ? 0 : kMiB / 2));
      give_block(block.place, block.bytes);
    }

    // More than there is: the rest comes from the heap.
    std::vector<Block> many;
    for (int i = 0; i < 200; ++i) many.push_back(taken(100'000, static_cast<unsigned char>(i)));
    CHECK(LargePageReserve::used_bytes() <= size);
    CHECK(size == 0 || LargePageReserve::used_bytes() > size / 4);
    for (const Block& block : many) CHECK(is_whole(block));
    for (const Block& block : many) give_block(block.place, block.bytes);
    CHECK(LargePageReserve::used_bytes() == 0);

    std::vector<int, BlockAllocator<int>> numbers;
    for (int i = 0; i < 100'000; ++i) numbers.push_back(i);
    for (int i = 0; i < 100'000; ++i) CHECK(numbers[static_cast<std::size_t>(i)] == i);
    bool refused = false;
    try {
      BlockAllocator<int>().allocate(static_cast<std::size_t>(-1) / 2);
    } catch (const std::bad_alloc&) {
      refused = true;
    }
    CHECK(refused);

    std::vector<std::thread> threads;
    bool whole[4] = {};
    for (unsigned t = 0; t < 4; ++t) threads.emplace_back([&, t] { whole[t] = churn(10 + t, 4000); });
    for (std::thread& thread : threads) thread.join();
    for (bool one : whole) CHECK(one);
    kept = taken(4000, 9);
  }
  // A block keeps the reserve, and the last one to go gives it back.
  CHECK(LargePageReserve::bytes() == size);
  CHECK(is_whole(kept));
  give_block(kept.place, kept.bytes);
  CHECK(LargePageReserve::bytes() == 0);

  LargePageReserve again(4 * kMiB);
  CHECK(churn(3, 1000));
  return maskforge::testing::check_summary();
}
