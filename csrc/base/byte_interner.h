// Interned texts: equal bytes get equal small integers.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/hash.h"
#include "base/hash_index.h"
#include "base/stable_vector.h"

namespace maskforge {

// Ids are dense, start at 0 and never move; what operator[] returns stays valid for the interner's life.
// Not thread safe: the owner serialises growth.
class ByteInterner {
 public:
  std::uint32_t intern(std::string_view bytes) {
    const std::uint32_t fresh = static_cast<std::uint32_t>(items_.size());
    const std::uint64_t hash = hash_of(bytes);
    const std::uint32_t id = index_.find_or_insert(hash, fresh, [&](std::uint32_t at) { return items_[at] == bytes; });
    if (id != fresh) return id;
    try {
      std::span<const char> kept = arena_.copy(std::span<const char>(bytes.data(), bytes.size()));
      items_.emplace_back(kept.data(), kept.size());
    } catch (...) {
      index_.forget(hash, fresh);
      throw;
    }
    return id;
  }

  // Has what intern() will read for these texts fetched into the caches, all of them at once. For texts that nobody may
  // have looked at for long: one after the other, each would wait for memory up to three times.
  template <typename Texts, typename TextOf>
  void prefetch(const Texts& texts, const TextOf& text_of) const {
    for (const auto& text : texts) index_.prefetch(hash_of(text_of(text)));
    for (const auto& text : texts)
      index_.find(hash_of(text_of(text)), [&](std::uint32_t at) {
        __builtin_prefetch(&items_[at]);
        return true;
      });
    for (const auto& text : texts)
      index_.find(hash_of(text_of(text)), [&](std::uint32_t at) {
        __builtin_prefetch(items_[at].data());
        return true;
      });
  }

  std::string_view operator[](std::uint32_t id) const { return items_[id]; }
  std::size_t size() const { return items_.size(); }
  std::size_t memory_bytes() const {
    return arena_.memory_bytes() + index_.memory_bytes() + items_.size() * sizeof(std::string_view);
  }

 private:
  static std::uint64_t hash_of(std::string_view bytes) { return mix_hash(hash_bytes(bytes), 0x2545F491) >> 16; }

  Arena arena_;
  StableVector<std::string_view> items_;
  HashIndex index_;
};

}  // namespace maskforge
