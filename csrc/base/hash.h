// Hashing for interned data: not cryptographic, but well mixed, since keys are small consecutive integers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace maskforge {

inline std::uint64_t mix_hash(std::uint64_t seed, std::uint64_t value) {
  std::uint64_t x = (seed ^ value) * 0x9E3779B97F4A7C15ull;
  return x ^ (x >> 32);
}

inline std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = 0x2545F4914F6CDD1Dull) {
  std::uint64_t h = mix_hash(seed, bytes.size());
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    h = mix_hash(h, word);
  }
  std::uint64_t tail = 0;
  if (i < bytes.size()) std::memcpy(&tail, bytes.data() + i, bytes.size() - i);
  return mix_hash(h, tail);
}

struct ListHash {
  std::uint64_t operator()(const std::vector<std::uint32_t>& list) const {
    std::uint64_t h = mix_hash(list.size(), 3);
    for (std::uint32_t x : list) h = mix_hash(h, x);
    return h;
  }
};

}  // namespace maskforge
