// Everything masks need to know about one vocabulary, made once and shared by all engines: the trie of all tokens, and
// slices.
//
// Cost: sorting the tokens and a few passes over them (tens of milliseconds for 128k tokens). Thread safe. Covered by
// tests/csrc/test_masks.cc.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "base/blocks.h"
#include "masks/forest.h"
#include "masks/slices.h"
#include "vocabulary/trie.h"
#include "vocabulary/vocabulary.h"

namespace maskforge {

class VocabularyIndex {
 public:
  explicit VocabularyIndex(std::shared_ptr<const Vocabulary> vocabulary);

  const Vocabulary& vocabulary() const { return *vocabulary_; }
  const TokenTrie& trie() const { return trie_; }
  const Forest& root() const { return *root_; }
  // Tokens that no trie holds, because they are too long or the vocabulary too large: simulated one by one.
  const std::vector<TokenId>& oversized() const { return oversized_; }

  // The tokens that start with a space, behind it; and all others. Null when no token starts with a space.
  const Forest* after_space() const { return after_space_.get(); }
  const Forest& not_space() const { return *not_space_; }
  const VocabularySlice& after_space_slice() const { return *slices_[1]; }
  const VocabularySlice& not_space_slice() const { return *slices_[0]; }
  // The tokens of more than `bytes` bytes, which are one of kLengths.
  static constexpr std::array<std::uint32_t, 4> kLengths{64, 48, 32, 24};
  const PlantedTrie& longer_than(std::uint32_t bytes) const {
    return *longer_[static_cast<std::size_t>(std::ranges::find(kLengths, bytes) - kLengths.begin())];
  }

  // Forest ids below this belong to the index; engines number their own from here.
  static constexpr std::uint32_t kFirstFreeForestId = 1u << 16;

 private:
  struct Sorted {
    std::vector<TokenTrie::Item> items;
    std::vector<TokenId> oversized;
  };
  static Sorted sort_tokens(const Vocabulary& vocabulary);
  VocabularyIndex(std::shared_ptr<const Vocabulary> vocabulary, Sorted sorted);

  LargePageReserve reserve_;  // before all that lies in it
  std::shared_ptr<const Vocabulary> vocabulary_;
  std::vector<TokenTrie::Item> items_;
  std::vector<TokenId> oversized_;
  TokenTrie trie_;
  mutable std::atomic<std::uint32_t> next_id_{1};
  std::unique_ptr<Forest> root_;
  std::unique_ptr<Forest> after_space_;
  std::unique_ptr<Forest> not_space_;
  std::unique_ptr<VocabularySlice> slices_[2];
  std::array<std::unique_ptr<PlantedTrie>, kLengths.size()> longer_;
};

}  // namespace maskforge
