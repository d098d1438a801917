// Hashing for interned data: not cryptographic, but well mixed, since keys are small consecutive integers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/short_list.h"

namespace maskforge {

inline std::uint64_t mix_hash(std::uint64_t seed, std::uint64_t value) {
  std::uint64_t x = (seed ^ value) * 0x9E3779B97F4A7C15ull;
  return x ^ (x >> 32);
}

inline std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = 0x2545F4914F6CDD1Dull) {
  std::uint64_t h = mix_hash(seed, bytes.size());
  std::size_t i = 0;
  auto word_at = [&](std::size_t place) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + place, 8);
    return word;
  };
  // Mixing waits for the product before: long texts are mixed in four places at once.
  if (bytes.size() >= 64) {
    std::uint64_t lanes[4] = {h, h + 1, h + 2, h + 3};
    for (; i + 32 <= bytes.size(); i += 32) {
      for (std::size_t lane = 0; lane < 4; ++lane) lanes[lane] = mix_hash(lanes[lane], word_at(i + lane * 8));
    }
    for (std::uint64_t lane : lanes) h = mix_hash(h, lane);
  }
  for (; i + 8 <= bytes.size(); i += 8) h = mix_hash(h, word_at(i));
  std::uint64_t tail = 0;
  if (i < bytes.size()) std::memcpy(&tail, bytes.data() + i, bytes.size() - i);
  return mix_hash(h, tail);
}

struct ListHash {
  std::uint64_t operator()(const ShortList<std::uint32_t>& list) const {
    std::uint64_t h = mix_hash(list.size(), 3);
    for (std::uint32_t x : list) h = mix_hash(h, x);
    return h;
  }
};

}  // namespace maskforge
