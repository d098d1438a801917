// One sequence being decoded: where it stands in its grammar, and how to go back.
//
// Every call either does what it says or throws and leaves the matcher as it was: MisuseError for a broken contract,
// FuelError when the grammar needs more work than the engine's options allow. Every public method takes the matcher's
// mutex, so concurrent use is safe (calls of two threads happen in some order); different matchers never wait for one
// another, except for machine states that nobody has computed yet. Covered by tests/csrc/test_matcher.cc and
// tests/matcher.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "machine/configuration.h"
#include "matcher/generation.h"
#include "matcher/masks_ahead.h"
#include "matcher/undo_log.h"

namespace maskforge {

class Matcher {
 public:
  Matcher(std::shared_ptr<Generation> generation, StateId start);

  // Reads one token. False, and nothing changes, where the grammar does not allow it. An end-of-sequence token is
  // allowed exactly where the text may end; it terminates the matcher and counts as a token in rollback(). Throws
  // MisuseError for an id outside the vocabulary and for any token, end-of-sequence included, once terminated.
  bool accept_token(std::int64_t token);
  // Reads bytes regardless of token boundaries, all of them or none; one step for rollback(), however many (none for no
  // bytes). Returns how many bytes can be read: `data.size()` when they were. Throws MisuseError once terminated.
  std::size_t accept_bytes(std::string_view data);
  // How many of the tokens, from the first on, accept_token() would take in turn. An id outside the vocabulary (such as
  // padding -1) is never taken; nothing is taken after an end-of-sequence token or once terminated. Changes nothing.
  std::size_t validate_tokens(std::span<const std::int64_t> tokens);

  // Undoes the last `count` steps. Throws MisuseError when there are fewer.
  void rollback(std::int64_t count);
  // An independent matcher at the same place with the same history. Copies the stack and one block of the log:
  // kilobytes.
  std::unique_ptr<Matcher> fork() const;
  void reset();  // back to the start, with no history

  bool is_accepting();             // whether the text may end here
  bool is_terminated() const;      // whether an end-of-sequence token was accepted
  std::size_t num_tokens() const;  // steps that rollback() can undo

  // The next token's mask: bit t is set exactly when accept_token(t) would return true; once terminated, the
  // end-of-sequence ids. Writes all `words` (32 tokens each, lowest bit first), zeros beyond the vocabulary. Returns
  // whether any bit is set; that is false only for a text that is complete under a vocabulary without an
  // end-of-sequence token, or that no token can continue. Throws MisuseError when `words` are too few for the
  // vocabulary; after a FuelError the words are unspecified.
  bool fill(std::uint32_t* words, std::size_t word_count);
  // The same, if that is no more than a copy of a known mask: whether any bit is set; otherwise nothing, and the words
  // are as they were.
  std::optional<bool> fill_known(std::uint32_t* words, std::size_t word_count);
  // How much work fill() may be now, by what is known.
  MaskEngine::Known known();
  // For making the next mask before it is asked for.
  MasksAhead::Place place() const;
  // The same mask as an id in the engine's pool (masks/mask_pool.h). Costs a fill and about a microsecond.
  MaskId mask_id();
  std::optional<MaskId> known_mask_id();  // likewise, if fill_known() would write it
  // The masks along a draft: before its first token, and after each as long as they are accepted; tokens.size() + 1
  // ids. What lies behind a token that is not accepted can never be output and is kUnconstrained. Changes nothing.
  std::vector<MaskId> draft_mask_ids(std::span<const std::int64_t> tokens);
  std::vector<TokenId> allowed_tokens();
  // The longest run of tokens, at most kMaxForced, that have no alternative: while the mask has exactly one token.
  // (That certain *bytes* are forced says little: with most tokenizers several tokens begin them.) Changes nothing.
  std::vector<TokenId> forced_tokens();
  static constexpr std::size_t kMaxForced = 1024;

  // What may come next, for people: "a string: one of '"'".
  std::string expected();
  std::size_t memory_bytes() const;  // without the generation, which all matchers share

  const Vocabulary& vocabulary() const { return generation_->vocabulary(); }
  const std::shared_ptr<MaskPool>& mask_pool() const { return generation_->mask_pool(); }

  // Throws MisuseError when a row of a bitmask has too few words for the vocabulary.
  void require_words(std::size_t word_count) const;

 private:
  friend class BatchExecutor;  // accepts many rows, all of them or none
  Matcher(const Matcher& other, const std::lock_guard<std::mutex>&);

  void require_running() const;
  void require_token(std::int64_t token) const;
  bool advance(std::string_view bytes, Journal& journal);  // the caller undoes
  bool advance_token(TokenId token);                       // the same with journal_, end-of-sequence included
  bool accept_locked(TokenId token);
  void undo_step();
  bool is_complete() const { return terminated_ || configuration_.frames.empty(); }
  bool fill_locked(std::uint32_t* words, std::size_t word_count);
  std::optional<bool> fill_known_locked(std::uint32_t* words, std::size_t word_count);
  MaskId mask_id_locked();
  MasksAhead::Place place_locked() const;
  std::string expected_locked();

  const std::shared_ptr<Generation> generation_;
  const StateId start_;
  mutable std::mutex mutex_;  // guards what follows
  Configuration configuration_;
  bool terminated_ = false;
  UndoLog log_;
  Journal journal_;  // scratch of the call in progress
};

}  // namespace maskforge
