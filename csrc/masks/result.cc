// See result.h.
#include "masks/result.h"

#include <cstring>

namespace maskforge {

namespace {

template <typename T>
void append_all(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

// `fresh`: the words hold nothing yet, so the first bits can be copied instead of merged.
void write(const Result& result, std::size_t word_count, std::uint32_t* words, bool& fresh) {
  for (const Overlay& overlay : result.overlays) {
    write(*overlay.base, word_count, words, fresh);
    if (!fresh) clear_bits(*overlay.except, words);
  }
  for (const TokenBits* bits : result.bits) {
    if (fresh) {
      std::memcpy(words, bits->data(), word_count * 4);
    } else {
      or_bits(*bits, words);
    }
    fresh = false;
  }
  if (!fresh) {
    for (const TokenIds* ids : result.removed) clear_bits(*ids, words);
  }
  if (fresh && !result.added.empty()) {
    std::memset(words, 0, word_count * 4);
    fresh = false;
  }
  for (const TokenIds* ids : result.added) set_bits(*ids, words);
}

}  // namespace

void Result::append(const Result& part) {
  append_all(overlays, part.overlays);
  append_all(bits, part.bits);
  append_all(removed, part.removed);
  append_all(added, part.added);
  append_all(exits, part.exits);
  append_all(suspects, part.suspects);
  open = open || part.open;
}

bool Result::has_suspects() const {
  if (!suspects.empty()) return true;
  for (const Overlay& overlay : overlays) {
    if (overlay.base->has_suspects()) return true;
  }
  return false;
}

std::size_t Result::memory_bytes() const {
  std::size_t bytes = sizeof(*this) + 32;
  bytes += overlays.capacity() * sizeof(Overlay) + exits.capacity() * sizeof(Exit);
  bytes += (bits.capacity() + removed.capacity() + added.capacity() + suspects.capacity() + owned.capacity()) *
           sizeof(void*);
  for (const auto& ids : owned) bytes += sizeof(TokenIds) + 32 + ids->capacity() * sizeof(TokenId);
  return bytes;
}

void write_result(const Result& result, std::size_t word_count, std::uint32_t* words) {
  bool fresh = true;
  write(result, word_count, words, fresh);
  if (fresh) std::memset(words, 0, word_count * 4);
}

}  // namespace maskforge
