// See result.h.
#include "masks/result.h"

#include <cstring>
#include <type_traits>

#include "base/stack.h"

namespace maskforge {

namespace {

template <typename T>
void append_all(std::vector<T>& to, std::span<const T> from) {
  to.insert(to.end(), from.begin(), from.end());
}

// `fresh`: the words hold nothing yet, so the first bits can be copied instead of merged.
void write(const Result& result, std::size_t word_count, std::uint32_t* words, bool& fresh) {
  for (const Overlay& overlay : result.overlays()) {
    Stack::check();
    write(*overlay.base, word_count, words, fresh);
    if (!fresh) clear_bits(overlay.except, words);
  }
  for (BitsView bits : result.bits()) {
    if (fresh) {
      std::memcpy(words, bits.data(), word_count * 4);
    } else {
      or_bits(bits, words);
    }
    fresh = false;
  }
  if (!fresh) {
    for (TokenIds ids : result.removed()) clear_bits(ids, words);
  }
  if (fresh && !result.added().empty()) {
    std::memset(words, 0, word_count * 4);
    fresh = false;
  }
  for (TokenIds ids : result.added()) set_bits(ids, words);
}

}  // namespace

void ResultParts::clear() {
  open = false;
  overlays.clear();
  bits.clear();
  removed.clear();
  added.clear();
  exits.clear();
  suspects.clear();
}

void ResultParts::append(const Result& part) {
  append_all(overlays, part.overlays());
  append_all(bits, part.bits());
  append_all(removed, part.removed());
  append_all(added, part.added());
  append_all(exits, part.exits());
  append_all(suspects, part.suspects());
  open = open || part.open;
}

Result::Result(std::uint32_t number, const ResultParts& parts) : id(number), open(parts.open) {
  char* next = reinterpret_cast<char*>(this + 1);
  int which = 0;
  auto place = [&]<typename T>(const std::vector<T>& items) {
    static_assert(std::is_trivially_copyable_v<T>);
    counts_[which++] = static_cast<std::uint32_t>(items.size());
    if (!items.empty()) std::memcpy(next, items.data(), items.size() * sizeof(T));
    next += items.size() * sizeof(T);
  };
  place(parts.overlays);
  place(parts.exits);
  place(parts.bits);
  place(parts.removed);
  place(parts.added);
  place(parts.suspects);
}

const Result* Result::make(std::uint32_t id, const ResultParts& parts, Arena& arena) {
  const std::size_t lists = parts.bits.size() + parts.removed.size() + parts.added.size() + parts.suspects.size();
  return new (arena.allocate(sizeof(Result) + parts.overlays.size() * sizeof(Overlay) +
                             parts.exits.size() * sizeof(Exit) + lists * sizeof(TokenIds))) Result(id, parts);
}

void write_result(const Result& result, std::size_t word_count, std::uint32_t* words) {
  bool fresh = true;
  write(result, word_count, words, fresh);
  if (fresh) std::memset(words, 0, word_count * 4);
}

}  // namespace maskforge
