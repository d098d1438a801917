// See vocabulary.h. Covered by tests/decoding/test_vocabulary.py and tests/csrc/test_trie.cc.
#include "vocabulary/vocabulary.h"

#include <algorithm>

#include "base/errors.h"
#include "base/hash.h"

namespace maskforge {

Vocabulary::Vocabulary(std::vector<std::string> tokens, std::vector<TokenId> eos_token_ids)
    : eos_(std::move(eos_token_ids)) {
  if (tokens.empty()) throw MisuseError("a vocabulary needs at least one token");
  if (tokens.size() > (std::size_t{1} << 24)) throw MisuseError("a vocabulary may have at most 2^24 tokens");
  std::sort(eos_.begin(), eos_.end());
  eos_.erase(std::unique(eos_.begin(), eos_.end()), eos_.end());
  if (!eos_.empty() && eos_.back() >= tokens.size()) {
    throw MisuseError("end-of-sequence id " + std::to_string(eos_.back()) + " is outside the vocabulary of " +
                      std::to_string(tokens.size()) + " tokens");
  }
  std::size_t total = 0;
  for (const std::string& token : tokens) total += token.size();
  if (total > (std::size_t{1} << 31)) throw MisuseError("the tokens of a vocabulary may have at most 2 GiB of text");
  bytes_.reserve(total);
  offsets_.reserve(tokens.size() + 1);
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    offsets_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    if (is_eos(static_cast<TokenId>(id))) continue;
    bytes_ += tokens[id];
    longest_ = std::max(longest_, tokens[id].size());
  }
  offsets_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  std::string_view offset_bytes(reinterpret_cast<const char*>(offsets_.data()), offsets_.size() * sizeof(offsets_[0]));
  std::string_view eos_bytes(reinterpret_cast<const char*>(eos_.data()), eos_.size() * sizeof(TokenId));
  fingerprint_ = hash_bytes(eos_bytes, hash_bytes(offset_bytes, hash_bytes(bytes_)));
}

bool Vocabulary::is_eos(TokenId id) const { return std::binary_search(eos_.begin(), eos_.end(), id); }

}  // namespace maskforge
