// See store.h.
#include "schema/store.h"

#include "base/utf8.h"

namespace maskforge {

NameId SchemaStore::name(std::string_view utf8) {
  auto [entry, fresh] = name_ids_.try_emplace(std::string(utf8), static_cast<NameId>(names_.size()));
  if (fresh) names_.push_back(decode_utf8(utf8));
  return entry->second;
}

bool SchemaStore::is_writable(NameId id) const {
  for (char32_t c : names_[id]) {
    if (c >= 0xD800 && c < 0xE000) return false;
  }
  return true;
}

std::size_t SchemaStore::memory_bytes() const {
  return nodes.size() * (sizeof(SchemaNode) + 64) + members.size() * 256 + items.size() * 64 + names_.size() * 160;
}

}  // namespace maskforge
