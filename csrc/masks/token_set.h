// Sets of tokens as bits or as ids, the two forms in which masks are kept.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "vocabulary/vocabulary.h"

namespace maskforge {

using TokenIds = std::span<const TokenId>;
using TokenBits = std::vector<std::uint32_t>;     // vocabulary.bitmask_words() words, lowest bit first
using BitsView = std::span<const std::uint32_t>;  // the same, elsewhere

inline void set_bits(std::span<const TokenId> ids, std::uint32_t* words) {
  for (TokenId id : ids) words[id >> 5] |= std::uint32_t{1} << (id & 31);
}

inline void clear_bits(std::span<const TokenId> ids, std::uint32_t* words) {
  for (TokenId id : ids) words[id >> 5] &= ~(std::uint32_t{1} << (id & 31));
}

inline bool test_bit(const TokenBits& bits, TokenId id) { return (bits[id >> 5] >> (id & 31) & 1) != 0; }

// dst |= src, dst &= src, dst &= ~src: plain loops, which compilers turn into vector code.
inline void or_bits(BitsView source, std::uint32_t* words) {
  const std::uint32_t* from = source.data();
  for (std::size_t i = 0, n = source.size(); i < n; ++i) words[i] |= from[i];
}

inline void and_bits(BitsView source, std::uint32_t* words) {
  const std::uint32_t* from = source.data();
  for (std::size_t i = 0, n = source.size(); i < n; ++i) words[i] &= from[i];
}

inline void and_not_bits(BitsView source, std::uint32_t* words) {
  const std::uint32_t* from = source.data();
  for (std::size_t i = 0, n = source.size(); i < n; ++i) words[i] &= ~from[i];
}

// Four independent lanes, because one chain of multiplications over 16 KB takes microseconds.
inline std::uint64_t hash_bits(BitsView bits) {
  std::uint64_t lanes[4] = {1, 2, 3, 4};
  std::size_t i = 0;
  for (; i + 8 <= bits.size(); i += 8) {
    for (unsigned lane = 0; lane < 4; ++lane) {
      std::uint64_t word;
      std::memcpy(&word, bits.data() + i + 2 * lane, 8);
      lanes[lane] = mix_hash(lanes[lane], word);
    }
  }
  std::uint64_t hash = mix_hash(mix_hash(lanes[0], lanes[1]), mix_hash(lanes[2], lanes[3]));
  for (; i < bits.size(); ++i) hash = mix_hash(hash, bits[i]);
  return hash;
}

}  // namespace maskforge
