// See store.h.
#include "schema/store.h"

#include <algorithm>

#include "base/utf8.h"

namespace maskforge {

namespace {

// Content as bytes: equal content gives equal bytes, and no content is a prefix of another.
class Writer {
 public:
  explicit Writer(char tag) { bytes_.push_back(tag); }
  Writer& add(std::uint64_t value) {
    while (value >= 0x80) {
      bytes_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<char>(value));
    return *this;
  }
  Writer& add(const std::vector<std::uint32_t>& list) {
    add(list.size());
    for (std::uint32_t value : list) add(value);
    return *this;
  }
  Writer& add(const std::string& text) {
    add(text.size());
    bytes_ += text;
    return *this;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

std::string content_of(const SchemaNode& node) {
  Writer out('n');
  out.add(node.types).add(node.has_numbers ? 1 + std::uint64_t{node.numbers} : 0).add(node.texts);
  out.add(node.formats.size());
  for (const std::string& name : node.formats) out.add(name);
  out.add(node.has_containers ? 1 : 0).add(node.containers);
  out.add(node.members).add(node.required).add(node.min_properties).add(node.max_properties).add(node.property_names);
  out.add(node.dependent_required.size());
  for (const auto& [name, names] : node.dependent_required) out.add(name).add(names);
  out.add(node.dependent_schemas.size());
  for (const auto& [name, schema] : node.dependent_schemas) out.add(name).add(schema);
  out.add(node.items).add(node.min_items).add(node.max_items).add(node.unique_items ? 1 : 0);
  out.add(node.contains).add(node.min_contains).add(node.max_contains);
  out.add(node.all_of).add(node.any_of.size());
  for (const auto& list : node.any_of) out.add(list);
  out.add(node.one_of.size());
  for (const auto& list : node.one_of) out.add(list);
  out.add(node.none_of).add(node.condition).add(node.consequence).add(node.alternative);
  out.add(node.unevaluated_members).add(node.unevaluated_items);
  out.add((node.evaluates_members ? 1u : 0u) | (node.evaluates_items ? 2u : 0u) | (node.evaluates_contained ? 4u : 0u));
  for (const OrderStep& step : node.order) out.add(static_cast<std::uint64_t>(step.kind)).add(step.ids);
  return out.take();
}

}  // namespace

QuestionId SchemaStore::intern(SchemaNode node) {
  auto [entry, fresh] = interned_.try_emplace(content_of(node), static_cast<QuestionId>(nodes.size()));
  if (fresh) nodes.push_back(std::move(node));
  return entry->second;
}

TableId SchemaStore::intern(MemberTable table) {
  std::vector<std::pair<NameId, QuestionId>> properties(table.properties.begin(), table.properties.end());
  std::sort(properties.begin(), properties.end());
  Writer out('m');
  out.add(properties.size());
  for (auto [name, question] : properties) out.add(name).add(question);
  out.add(table.patterns.size());
  for (auto [pattern, question] : table.patterns) out.add(pattern).add(question);
  out.add(table.additional);
  auto [entry, fresh] = interned_.try_emplace(out.take(), static_cast<TableId>(members.size()));
  if (fresh) members.push_back(std::move(table));
  return entry->second;
}

TableId SchemaStore::intern(ItemTable table) {
  Writer out('i');
  out.add(table.prefix).add(table.rest);
  auto [entry, fresh] = interned_.try_emplace(out.take(), static_cast<TableId>(items.size()));
  if (fresh) items.push_back(std::move(table));
  return entry->second;
}

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
  return nodes.size() * (sizeof(SchemaNode) + 64) + members.size() * 256 + items.size() * 64 + names_.size() * 160 +
         interned_.size() * 128;
}

}  // namespace maskforge
