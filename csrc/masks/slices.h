// Ready-made classes of one part of a vocabulary: which tokens contain a byte, as bitsets and as tries.
//
// A state in the middle of a string usually allows every token that is made of some set X of bytes, and needs a closer
// look only at tokens with another byte that it does not simply reject. The slice of X is a bitset; the others are
// walked in the (small) tries of tokens that contain such a byte.
//
// The vocabulary is cut in two parts, because nearly half of a vocabulary starts with a space, and almost no token has
// one elsewhere: the tokens that start with a space, read from the byte behind it (`skip` 1), and all others (`skip`
// 0). Thread safe; made when first asked for, at the latest. Covered by tests/csrc/test_masks.cc,
// tests/csrc/test_string_masks.cc.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
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

// A set of bytes from 0x80 on; the first is bit 0.
using HighBytes = std::bitset<256 - SymbolSet::kBeyondAscii>;

// The white space beyond ASCII (base/white_space.h) in UTF-8: by the bytes before the last one, which last ones.
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

// Two bytes of a token that follow each other: `second` is ASCII, `first` is too or SymbolSet::kBeyondAscii.
struct SymbolPair {
  std::uint8_t first, second;
};

class VocabularySlice {
 public:
  // `items` sorted by bytes; all of them have at least `skip` + 1 bytes. `take_id` hands out forest ids.
  VocabularySlice(std::size_t words, std::vector<TokenTrie::Item> items, unsigned skip,
                  std::atomic<std::uint32_t>& take_id);

  // Makes whatever masks are likely to ask for, so that none of them has to wait for it.
  void make_ready() const;
  // Trie nodes of the tokens that contain the symbol, or the pair, or start with the ASCII byte, about: what walking
  // them costs.
  std::uint32_t weight(unsigned symbol) const;
  std::uint32_t weight(SymbolPair pair) const;
  std::uint32_t weight_of_start(unsigned ascii) const;
  // Of the tokens with a byte from 0x80 on whose first one is among these.
  std::uint64_t weight_of_high(const HighBytes& first) const;
  // The tokens whose bytes behind `skip` are symbols of `allowed`. With kBeyondAscii allowed, these bytes must be UTF-8
  // that starts at a character boundary; the last character may be incomplete. kSpaceBeyond is not allowed without it.
  // Cost: tens of microseconds.
  TokenBits made_of(const SymbolSet& allowed) const;
  // Those of them that have at most so many symbols (a cut character counts), which is at most kMostSymbols.
  static constexpr unsigned kMostSymbols = 24;
  void keep_short(unsigned most_symbols, TokenBits& bits) const;
  // The tokens of at most, and those of more than kLengths[length] bytes behind `skip`.
  static constexpr std::array<unsigned, 8> kLengths{6, 8, 10, 12, 14, 16, 20, kMostSymbols};
  void keep_short_bytes(unsigned length, TokenBits& bits) const;
  const PlantedTrie& longer(unsigned length) const;
  // Tokens that contain the symbol behind `skip`; for kBeyondAscii, any byte from 0x80 on, white space included. The
  // tries of several symbols overlap, but that of the backslash leaves out the tokens of the quote's.
  const PlantedTrie& containing(unsigned symbol) const;
  // The same for two symbols that follow each other. Made when first asked for; null when too much was made already.
  const PlantedTrie* containing(SymbolPair pair) const;
  const std::vector<TokenTrie::Item>& items() const { return items_; }
  unsigned skip() const { return skip_; }

 private:
  void prepare() const;
  void measure() const;
  void index_pairs();
  static std::size_t place(SymbolPair pair) { return pair.first * std::size_t{SymbolSet::kBeyondAscii} + pair.second; }
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
  mutable std::array<TokenBits, kLengths.size()> short_;     // by bytes

  mutable std::mutex mutex_;
  mutable std::array<std::unique_ptr<PlantedTrie>, kLengths.size()> longer_;
  mutable std::array<std::unique_ptr<PlantedTrie>, SymbolSet::kCount> tries_;
  mutable std::array<std::atomic<const PlantedTrie*>, SymbolSet::kCount> ready_{};

  // By place(pair): which items contain it, in pair_items_ from pair_starts_ on, and their weight.
  static constexpr std::size_t kPairs = (SymbolSet::kBeyondAscii + 1) * std::size_t{SymbolSet::kBeyondAscii};
  static constexpr std::size_t kMostPairNodes = std::size_t{1} << 20;  // in pair_tries_: 16 MB
  std::vector<std::uint32_t> pair_starts_, pair_items_, pair_weights_;
  std::array<std::uint32_t, SymbolSet::kBeyondAscii> start_weights_{};
  std::array<std::uint32_t, HighBytes{}.size()> high_weights_{};
  mutable std::unordered_map<std::size_t, std::unique_ptr<PlantedTrie>> pair_tries_;  // guarded by mutex_
  mutable std::size_t pair_nodes_ = 0;                                                // of these, at most
};

// Whether `bytes` is UTF-8 from a character boundary on; the last character may be incomplete.
bool is_utf8_prefix(std::string_view bytes);
// Whether `bytes` contains a character of kSpacesBeyond.
bool has_space_beyond(std::string_view bytes);

}  // namespace maskforge
