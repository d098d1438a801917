// See matcher.h.
#include "matcher/matcher.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/errors.h"
#include "base/fuel.h"
#include "base/stack.h"

namespace maskforge {

namespace {

constexpr std::size_t kBytesPerBudget = 1024;  // how many bytes of accept_bytes() share one token's fuel

// In blocks, because a loop that may stop at every word is not made into vector code.
bool any_bit(const std::uint32_t* words, std::size_t count) {
  constexpr std::size_t kBlock = 64;
  std::size_t i = 0;
  for (; i + kBlock <= count; i += kBlock) {
    std::uint32_t all = 0;
    for (std::size_t k = 0; k < kBlock; ++k) all |= words[i + k];
    if (all != 0) return true;
  }
  return std::any_of(words + i, words + count, [](std::uint32_t word) { return word != 0; });
}

// Puts a configuration back to where its journal began, unless told that the step succeeded.
class Restore {
 public:
  Restore(Configuration& configuration, Journal& journal) : configuration_(configuration), journal_(journal) {
    configuration_.mark(journal_);
  }
  ~Restore() {
    if (armed_) configuration_.restore(journal_);
  }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;
  void keep() { armed_ = false; }

 private:
  Configuration& configuration_;
  Journal& journal_;
  bool armed_ = true;
};

}  // namespace

Matcher::Matcher(std::shared_ptr<Generation> generation, StateId start)
    : generation_(std::move(generation)), start_(start) {
  configuration_.frames.push_back(start);
}

Matcher::Matcher(const Matcher& other, const std::lock_guard<std::mutex>&)
    : generation_(other.generation_),
      start_(other.start_),
      configuration_(other.configuration_),
      terminated_(other.terminated_),
      log_(other.log_) {}

void Matcher::require_running() const {
  if (terminated_) {
    throw MisuseError("the matcher has terminated: an end-of-sequence token was accepted (roll back or reset it)");
  }
}

void Matcher::require_token(std::int64_t token) const {
  if (token < 0 || token >= static_cast<std::int64_t>(vocabulary().size())) {
    throw MisuseError("token id " + std::to_string(token) + " is outside the vocabulary of " +
                      std::to_string(vocabulary().size()) + " tokens");
  }
}

bool Matcher::advance(std::string_view bytes, Journal& journal) {
  Machine& machine = generation_->machine();
  for (char byte : bytes) {
    if (!configuration_.advance(machine, static_cast<std::uint8_t>(byte), &journal)) return false;
  }
  return true;
}

bool Matcher::advance_token(TokenId token) {
  if (vocabulary().is_eos(token)) return configuration_.accepting(generation_->machine());
  std::string_view bytes = vocabulary().token(token);
  return !bytes.empty() && advance(bytes, journal_);
}

bool Matcher::accept_locked(TokenId token) {
  return with_enough_stack([&] {
    FuelScope fuel(generation_->options().accept_fuel);
    Restore restore(configuration_, journal_);
    if (!advance_token(token)) return false;
    bool ended = vocabulary().is_eos(token);
    log_.push(journal_, ended);
    terminated_ = ended;
    restore.keep();
    return true;
  });
}

bool Matcher::accept_token(std::int64_t token) {
  std::lock_guard lock(mutex_);
  require_token(token);
  require_running();
  return accept_locked(static_cast<TokenId>(token));
}

std::size_t Matcher::accept_bytes(std::string_view data) {
  std::lock_guard lock(mutex_);
  require_running();
  if (data.empty()) return 0;
  return with_enough_stack([&] {
    Restore restore(configuration_, journal_);
    for (std::size_t begin = 0; begin < data.size(); begin += kBytesPerBudget) {
      FuelScope fuel(generation_->options().accept_fuel);  // work in proportion to the text is no attack
      for (std::size_t i = begin; i < std::min(data.size(), begin + kBytesPerBudget); ++i) {
        if (!advance(data.substr(i, 1), journal_)) return i;
      }
    }
    log_.push(journal_, false);
    restore.keep();
    return data.size();
  });
}

std::size_t Matcher::validate_tokens(std::span<const std::int64_t> tokens) {
  std::lock_guard lock(mutex_);
  if (terminated_) return 0;
  return with_enough_stack([&] {
    Restore restore(configuration_, journal_);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i] < 0 || tokens[i] >= static_cast<std::int64_t>(vocabulary().size())) return i;
      auto token = static_cast<TokenId>(tokens[i]);
      FuelScope fuel(generation_->options().accept_fuel);
      if (!advance_token(token)) return i;
      if (vocabulary().is_eos(token)) return i + 1;
    }
    return tokens.size();
  });
}

void Matcher::undo_step() {
  if (log_.pop(journal_)) terminated_ = false;
  configuration_.restore(journal_);
}

void Matcher::rollback(std::int64_t count) {
  std::lock_guard lock(mutex_);
  if (count < 0 || count > static_cast<std::int64_t>(log_.size())) {
    throw MisuseError("cannot roll back " + std::to_string(count) + " tokens: " + std::to_string(log_.size()) +
                      " were accepted");
  }
  for (; count > 0; --count) undo_step();
}

std::unique_ptr<Matcher> Matcher::fork() const {
  std::lock_guard lock(mutex_);
  return std::unique_ptr<Matcher>(new Matcher(*this, lock));
}

void Matcher::reset() {
  std::lock_guard lock(mutex_);
  configuration_ = Configuration();
  configuration_.frames.push_back(start_);
  terminated_ = false;
  log_.clear();
}

bool Matcher::is_accepting() {
  std::lock_guard lock(mutex_);
  if (terminated_) return true;
  return with_enough_stack([&] {
    FuelScope fuel(generation_->options().accept_fuel);
    return configuration_.accepting(generation_->machine());
  });
}

bool Matcher::is_terminated() const {
  std::lock_guard lock(mutex_);
  return terminated_;
}

std::size_t Matcher::num_tokens() const {
  std::lock_guard lock(mutex_);
  return log_.size();
}

void Matcher::require_words(std::size_t word_count) const {
  std::size_t own = vocabulary().bitmask_words();
  if (word_count < own) {
    throw MisuseError("a bitmask row of " + std::to_string(word_count) + " words is too short: the vocabulary of " +
                      std::to_string(vocabulary().size()) + " tokens needs " + std::to_string(own));
  }
}

bool Matcher::fill_locked(std::uint32_t* words, std::size_t word_count) {
  require_words(word_count);
  std::size_t own = vocabulary().bitmask_words();
  return with_enough_stack([&] {
    FuelScope fuel(generation_->options().fill_fuel);
    std::fill(words + own, words + word_count, 0);
    if (is_complete()) {
      std::fill(words, words + own, 0);
      for (TokenId eos : vocabulary().eos_token_ids()) words[eos / 32] |= 1u << (eos % 32);
    } else {
      bool accepting = configuration_.accepting(generation_->machine());
      generation_->masks().fill(configuration_, accepting, words);
    }
    return any_bit(words, own);
  });
}

bool Matcher::fill(std::uint32_t* words, std::size_t word_count) {
  std::lock_guard lock(mutex_);
  return fill_locked(words, word_count);
}

std::optional<bool> Matcher::fill_known_locked(std::uint32_t* words, std::size_t word_count) {
  require_words(word_count);
  if (is_complete()) return fill_locked(words, word_count);
  return with_enough_stack([&]() -> std::optional<bool> {
    if (!generation_->masks().fill_known(configuration_, words)) return std::nullopt;
    std::size_t own = vocabulary().bitmask_words();
    FuelScope fuel(generation_->options().fill_fuel);
    if (configuration_.accepting(generation_->machine())) set_bits(vocabulary().eos_token_ids(), words);
    std::fill(words + own, words + word_count, 0);
    return any_bit(words, own);
  });
}

std::optional<bool> Matcher::fill_known(std::uint32_t* words, std::size_t word_count) {
  std::lock_guard lock(mutex_);
  return fill_known_locked(words, word_count);
}

MaskEngine::Known Matcher::known() {
  std::lock_guard lock(mutex_);
  if (is_complete()) return MaskEngine::Known::kMask;
  return generation_->known(configuration_);
}

MasksAhead::Place Matcher::place_locked() const {
  MasksAhead::Place place;
  place.matcher = this;
  if (is_complete()) return place;
  place.generation = generation_;
  place.at.frames = configuration_.frames;
  return place;
}

MasksAhead::Place Matcher::place() const {
  std::lock_guard lock(mutex_);
  return place_locked();
}

MaskId Matcher::mask_id_locked() {
  thread_local TokenBits words;
  words.resize(vocabulary().bitmask_words());
  fill_locked(words.data(), words.size());
  return generation_->mask_pool()->add(words);
}

MaskId Matcher::mask_id() {
  std::lock_guard lock(mutex_);
  return mask_id_locked();
}

std::optional<MaskId> Matcher::known_mask_id() {
  std::lock_guard lock(mutex_);
  thread_local TokenBits words;
  words.resize(vocabulary().bitmask_words());
  if (!fill_known_locked(words.data(), words.size())) return std::nullopt;
  return generation_->mask_pool()->add(words);
}

std::vector<MaskId> Matcher::draft_mask_ids(std::span<const std::int64_t> tokens) {
  std::lock_guard lock(mutex_);
  return with_enough_stack([&] {
    std::vector<MaskId> ids{mask_id_locked()};
    Restore restore(configuration_, journal_);
    const bool terminated_before = terminated_;
    for (std::size_t i = 0; i < tokens.size() && !terminated_; ++i) {
      if (tokens[i] < 0 || tokens[i] >= static_cast<std::int64_t>(vocabulary().size())) break;
      const auto token = static_cast<TokenId>(tokens[i]);
      {
        FuelScope fuel(generation_->options().accept_fuel);
        if (!advance_token(token)) break;
      }
      terminated_ = vocabulary().is_eos(token);
      ids.push_back(mask_id_locked());
    }
    terminated_ = terminated_before;
    ids.resize(tokens.size() + 1, kUnconstrained);
    return ids;
  });
}

std::vector<TokenId> Matcher::allowed_tokens() {
  std::vector<std::uint32_t> words(vocabulary().bitmask_words());
  fill(words.data(), words.size());
  std::vector<TokenId> allowed;
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (std::uint32_t word = words[i]; word != 0; word &= word - 1) {
      allowed.push_back(static_cast<TokenId>(i * 32 + std::countr_zero(word)));
    }
  }
  return allowed;
}

std::vector<TokenId> Matcher::forced_tokens() {
  std::lock_guard lock(mutex_);
  if (terminated_) return {};
  return with_enough_stack([&] {
    std::vector<TokenId> forced;
    std::vector<std::uint32_t> words(vocabulary().bitmask_words());
    Journal whole;
    Restore restore(configuration_, whole);
    while (forced.size() < kMaxForced) {
      fill_locked(words.data(), words.size());
      std::size_t count = 0;
      TokenId only = 0;
      for (std::size_t i = 0; i < words.size() && count < 2; ++i) {
        count += static_cast<std::size_t>(std::popcount(words[i]));
        if (words[i] != 0) only = static_cast<TokenId>(i * 32 + std::countr_zero(words[i]));
      }
      if (count != 1) break;
      forced.push_back(only);
      if (vocabulary().is_eos(only)) break;
      FuelScope fuel(generation_->options().accept_fuel);
      if (!advance(vocabulary().token(only), whole)) break;
    }
    return forced;
  });
}

std::size_t Matcher::memory_bytes() const {
  std::lock_guard lock(mutex_);
  return sizeof(Matcher) + configuration_.frames.memory_bytes() + configuration_.captures.memory_bytes() +
         configuration_.text.capacity() + journal_.frames.memory_bytes() + journal_.captures.memory_bytes() +
         journal_.text.capacity() + log_.memory_bytes();
}

}  // namespace maskforge
