// The token bytes of a tokenizer, as the masks need them. Immutable after construction; safe to share between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace maskforge {

using TokenId = std::uint32_t;

class Vocabulary {
 public:
  // `tokens[i]` is the text of token i as bytes; an empty string is a token that is never text (special, control,
  // padding, the tail of a model wider than its tokenizer) and never allowed by a mask unless it ends the sequence.
  // `eos_token_ids` end the sequence: allowed exactly where the text may end, whatever their bytes are.
  // Throws MisuseError on an empty vocabulary, more than 2^24 tokens, or an end-of-sequence id out of range.
  Vocabulary(std::vector<std::string> tokens, std::vector<TokenId> eos_token_ids);

  std::size_t size() const { return offsets_.size() - 1; }
  std::size_t bitmask_words() const { return (size() + 31) / 32; }  // 32-bit words, lowest bit first
  std::string_view token(TokenId id) const {
    return std::string_view(bytes_).substr(offsets_[id], offsets_[id + 1] - offsets_[id]);
  }
  std::span<const TokenId> eos_token_ids() const { return eos_; }
  bool is_eos(TokenId id) const;
  std::size_t longest_token() const { return longest_; }      // bytes
  std::uint64_t fingerprint() const { return fingerprint_; }  // of all bytes and ids: equal vocabularies are equal

 private:
  std::string bytes_;                   // all tokens, one after the other; end-of-sequence tokens have none
  std::vector<std::uint32_t> offsets_;  // size() + 1
  std::vector<TokenId> eos_;            // sorted, unique
  std::size_t longest_ = 0;
  std::uint64_t fingerprint_ = 0;
};

}  // namespace maskforge
