// Ready-made classes of one part of a vocabulary: which tokens contain a byte, as bitsets and as tries.
//
// A state in the middle of a string usually allows every token that is made of some set X of bytes, and needs a closer
// look only at tokens with another byte that it does not simply reject. The slice of X is a bitset; the others are
// walked in the (small) tries of tokens that contain such a byte.
//
// The vocabulary is cut in two parts, because nearly half of a vocabulary starts with a space, and almost no token has
// one elsewhere: the tokens that start with a space, read from the byte behind it (`skip` 1), and all others (`skip`
// 0). Thread safe; made when first asked for, at the latest. Covered by tests/csrc/test_masks.cc.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "masks/forest.h"
#include "masks/token_set.h"

namespace maskforge {

// A trie and the forest of all its subtrees.
struct PlantedTrie {
  PlantedTrie(std::uint32_t forest_id, std::span<const TokenTrie::Item> items);
  TokenTrie trie;
  std::unique_ptr<Forest> forest;
};

// A set of symbols: 128 ASCII bytes, and two for the well-formed characters beyond them, of which white space is apart:
// `.` in a pattern leaves out two of these, `\S` all.
struct SymbolSet {
  static constexpr unsigned kBeyondAscii = 128;  // but for white space
  static constexpr unsigned kSpaceBeyond = 129;
  static constexpr unsigned kCount = 130;
  using Bits = std::bitset<kCount>;
  Bits bits;
  bool operator==(const SymbolSet&) const = default;
};

// The white space beyond ASCII, as ECMAScript's `\s` has it, in UTF-8: by the bytes before the last one, which last
// ones.
struct SpaceBeyond {
  std::uint8_t lead, second;  // second: 0 in characters of two bytes
  std::uint64_t last;         // bit n: 0x80 + n
};
inline constexpr SpaceBeyond kSpacesBeyond[] = {
    {0xC2, 0, std::uint64_t{1} << 0x20},     // no-break space
    {0xE1, 0x9A, std::uint64_t{1} << 0x00},  // U+1680
    {0xE2, 0x80,
     std::uint64_t{0x7FF} | std::uint64_t{3} << 0x28 | std::uint64_t{1} << 0x2F},  // U+2000 to U+200A, lines
    {0xE2, 0x81, std::uint64_t{1} << 0x1F},                                        // U+205F
    {0xE3, 0x80, std::uint64_t{1} << 0x00},                                        // U+3000
    {0xEF, 0xBB, std::uint64_t{1} << 0x3F},                                        // U+FEFF
};

class VocabularySlice {
 public:
  // `items` sorted by bytes; all of them have at least `skip` + 1 bytes. `take_id` hands out forest ids.
  VocabularySlice(std::size_t words, std::vector<TokenTrie::Item> items, unsigned skip,
                  std::atomic<std::uint32_t>& take_id);

  // Makes whatever masks are likely to ask for, so that none of them has to wait for it.
  void make_ready() const;
  // Trie nodes that contain the symbol, about: what walking its tokens costs.
  std::uint32_t weight(unsigned symbol) const;
  // The tokens whose bytes behind `skip` are symbols of `allowed`. With kBeyondAscii allowed, these bytes must be UTF-8
  // that starts at a character boundary; the last character may be incomplete. kSpaceBeyond is not allowed without it.
  // Cost: tens of microseconds.
  TokenBits made_of(const SymbolSet& allowed) const;
  // Those of them that have at most so many symbols (a cut character counts), or bytes. Requires the count to be at
  // most kMostSymbols.
  static constexpr unsigned kMostSymbols = 24;
  void keep_short(unsigned most_symbols, TokenBits& bits) const;
  void keep_short_bytes(TokenBits& bits) const;  // at most kMostSymbols bytes
  // The tokens of more than kMostSymbols bytes behind `skip`.
  const PlantedTrie& longer() const;
  // Tokens that contain the symbol behind `skip`; for kBeyondAscii, any byte from 0x80 on, white space included. The
  // tries of several symbols overlap, but that of the backslash leaves out the tokens of the quote's.
  const PlantedTrie& containing(unsigned symbol) const;
  const std::vector<TokenTrie::Item>& items() const { return items_; }
  unsigned skip() const { return skip_; }

 private:
  void prepare() const;
  void measure() const;
  bool contains(const TokenTrie::Item& item, unsigned symbol) const;

  std::size_t words_;
  std::vector<TokenTrie::Item> items_;
  unsigned skip_;
  std::atomic<std::uint32_t>& take_id_;

  mutable std::once_flag prepared_;
  mutable TokenBits all_;
  mutable TokenBits well_formed_;                         // starts at a character boundary; the end may be cut
  mutable std::array<TokenBits, SymbolSet::kCount> has_;  // empty when no token has the symbol
  static constexpr unsigned kBlock = 8;
  mutable std::array<TokenBits, SymbolSet::kBeyondAscii / kBlock> has_some_of_;  // by blocks of ASCII symbols
  mutable std::array<std::uint32_t, SymbolSet::kCount> weights_{};

  mutable std::once_flag measured_;
  mutable std::array<TokenBits, kMostSymbols + 1> at_most_;  // by symbols
  mutable TokenBits short_;                                  // by bytes

  mutable std::mutex mutex_;
  mutable std::unique_ptr<PlantedTrie> longer_;
  mutable std::array<std::unique_ptr<PlantedTrie>, SymbolSet::kCount> tries_;
  mutable std::array<std::atomic<const PlantedTrie*>, SymbolSet::kCount> ready_{};
};

// Whether `bytes` is UTF-8 from a character boundary on; the last character may be incomplete.
bool is_utf8_prefix(std::string_view bytes);
// Whether `bytes` contains a character of kSpacesBeyond.
bool has_space_beyond(std::string_view bytes);

}  // namespace maskforge
