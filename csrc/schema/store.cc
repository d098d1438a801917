// See store.h.
#include "schema/store.h"

#include <algorithm>

#include "base/utf8.h"

namespace maskforge {

// Content as bytes: equal content gives equal bytes, and no content is a prefix of another. What is as it is in a new
// node is left out.
class SchemaStore::Content {
 public:
  // Written into `bytes`, whatever was there.
  Content(std::string& bytes, char tag) : bytes_(bytes) { bytes_.assign(1, tag); }
  Content& add(std::uint64_t value) {
    while (value >= 0x80) {
      bytes_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<char>(value));
    return *this;
  }
  Content& add(const ShortList<std::uint32_t>& list) {
    add(list.size());
    for (std::uint32_t value : list) add(value);
    return *this;
  }
  Content& add(const std::string& text) {
    add(text.size());
    bytes_ += text;
    return *this;
  }
  Content& add(const std::pair<NameId, ShortList<NameId>>& names) { return add(names.first).add(names.second); }
  Content& add(const std::pair<NameId, QuestionId>& question) { return add(question.first).add(question.second); }
  Content& add(const OrderStep& step) { return add(static_cast<std::uint64_t>(step.kind)).add(step.ids); }

  // Not inlined: there are 35 fields, and most are usual.
  [[gnu::noinline]] void field(char name, std::uint64_t value, std::uint64_t usual) {
    if (value == usual) return;
    bytes_.push_back(name);
    add(value);
  }
  template <typename List>
    requires requires(const List& list) { list.begin(); }
  [[gnu::noinline]] void field(char name, const List& list) {
    if (list.empty()) return;
    bytes_.push_back(name);
    add(list.size());
    for (const auto& item : list) add(item);
  }
  std::string_view bytes() const { return bytes_; }

 private:
  std::string& bytes_;
};

void PropertyTable::settle() {
  auto by_name = [](const Entry& a, const Entry& b) { return a.first < b.first; };
  constexpr std::size_t kFew = 16;  // for which a sort that needs no memory is as fast
  if (entries_.size() <= kFew) {
    for (std::size_t i = 1; i < entries_.size(); ++i) {
      const Entry entry = entries_[i];
      std::size_t at = i;
      for (; at > 0 && by_name(entry, entries_[at - 1]); --at) entries_[at] = entries_[at - 1];
      entries_[at] = entry;
    }
  } else if (!std::is_sorted(entries_.begin(), entries_.end(), by_name)) {
    std::stable_sort(entries_.begin(), entries_.end(), by_name);
  }
  std::size_t kept = 0;
  for (const Entry& entry : entries_) {
    if (kept > 0 && entries_[kept - 1].first == entry.first) --kept;
    entries_[kept++] = entry;
  }
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(kept), entries_.end());
}

const QuestionId* PropertyTable::find(NameId name) const {
  auto at = std::ranges::lower_bound(entries_, name, {}, &Entry::first);
  return at != entries_.end() && at->first == name ? &at->second : nullptr;
}

template <typename T>
std::uint32_t SchemaStore::id_of(const Content& content, StableVector<T>& list, T& item) {
  const std::uint32_t at = contents_.intern(content.bytes());
  if (ids_.size() <= at) ids_.resize(at + 1, kNone);
  if (ids_[at] == kNone) {
    list.emplace_back(std::move(item));
    ids_[at] = static_cast<std::uint32_t>(list.size() - 1);
  }
  return ids_[at];
}

QuestionId SchemaStore::intern(SchemaNode&& node) {
  static const SchemaNode usual;
  Content out(content_, 'n');
  out.field('a', node.types, usual.types);
  out.field('b', node.has_numbers ? 1 + std::uint64_t{node.numbers} : 0, 0);
  out.field('c', node.texts);
  out.field('d', node.formats);
  out.field('e', node.has_containers, usual.has_containers);
  out.field('f', node.containers);
  out.field('g', node.members, usual.members);
  out.field('h', node.required);
  out.field('i', node.min_properties, usual.min_properties);
  out.field('j', node.max_properties, usual.max_properties);
  out.field('k', node.property_names, usual.property_names);
  out.field('l', node.dependent_required);
  out.field('m', node.dependent_schemas);
  out.field('n', node.items, usual.items);
  out.field('o', node.min_items, usual.min_items);
  out.field('p', node.max_items, usual.max_items);
  out.field('q', node.unique_items, usual.unique_items);
  out.field('r', node.contains, usual.contains);
  out.field('s', node.min_contains, usual.min_contains);
  out.field('t', node.max_contains, usual.max_contains);
  out.field('u', node.all_of);
  out.field('v', node.any_of);
  out.field('w', node.one_of);
  out.field('x', node.none_of);
  out.field('y', node.condition, usual.condition);
  out.field('z', node.consequence, usual.consequence);
  out.field('A', node.alternative, usual.alternative);
  out.field('B', node.unevaluated_members, usual.unevaluated_members);
  out.field('C', node.unevaluated_items, usual.unevaluated_items);
  out.field('D', node.evaluates_members, usual.evaluates_members);
  out.field('E', node.evaluates_items, usual.evaluates_items);
  out.field('F', node.evaluates_contained, usual.evaluates_contained);
  out.field('G', node.order);
  out.field('H', node.taken, usual.taken);
  out.field('I', node.taken_numbers, usual.taken_numbers);
  return id_of(out, nodes, node);
}

TableId SchemaStore::intern(MemberTable&& table) {
  table.properties.settle();
  Content out(content_, 'm');
  out.add(table.properties.size());
  for (auto [name, question] : table.properties) out.add(name).add(question);
  out.add(table.patterns.size());
  for (auto [pattern, question] : table.patterns) out.add(pattern).add(question);
  out.add(table.additional);
  return id_of(out, members, table);
}

TableId SchemaStore::intern(ItemTable&& table) {
  Content out(content_, 'i');
  out.add(table.prefix).add(table.rest);
  return id_of(out, items, table);
}

NameId SchemaStore::name(std::string_view utf8) {
  const NameId id = name_ids_.intern(utf8);
  while (names_.size() <= id) {
    const std::string_view text = name_ids_[static_cast<NameId>(names_.size())];
    if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
      auto* kept = static_cast<char32_t*>(text_arena_.allocate(text.size() * sizeof(char32_t)));
      std::ranges::copy(text, kept);
      names_.emplace_back(kept, text.size());
    } else {
      const std::u32string decoded = decode_utf8(text);
      const std::span<const char32_t> kept = text_arena_.copy(std::span<const char32_t>(decoded));
      names_.emplace_back(kept.data(), kept.size());
    }
  }
  return id;
}

bool SchemaStore::is_writable(NameId id) const {
  for (char32_t c : names_[id]) {
    if (c >= 0xD800 && c < 0xE000) return false;
  }
  return true;
}

std::size_t SchemaStore::memory_bytes() const {
  return nodes.size() * (sizeof(SchemaNode) + 64) + members.size() * 256 + items.size() * 64 + names_.size() * 16 +
         text_arena_.memory_bytes() + name_ids_.memory_bytes() + contents_.memory_bytes() +
         ids_.size() * sizeof(std::uint32_t);
}

}  // namespace maskforge
