// See constants.h.
#include "schema/constants.h"

#include <algorithm>

#include "base/stack.h"
#include "base/utf8.h"

namespace maskforge {

namespace {

std::uint8_t type_of(const JsonValue& value) {
  switch (value.kind) {
    case JsonValue::Kind::kNull:
      return kNullType;
    case JsonValue::Kind::kFalse:
      return kFalseType;
    case JsonValue::Kind::kTrue:
      return kTrueType;
    case JsonValue::Kind::kNumber:
      return kNumberType;
    case JsonValue::Kind::kString:
      return kStringType;
    case JsonValue::Kind::kArray:
      return kArrayType;
    case JsonValue::Kind::kObject:
      return kObjectType;
  }
  return 0;
}

}  // namespace

void Constants::restrict_numbers(SchemaNode& node, NumberSetId set) {
  node.numbers = node.has_numbers ? numbers_.intersect({node.numbers, set}) : set;
  node.has_numbers = true;
}

QuestionId Constants::question(const JsonValue& value, const std::string& pointer) {
  Stack::check();
  SchemaNode node;
  if (value.is_array()) {
    ItemTable table;
    for (const JsonValue& item : value.items()) table.prefix.push_back(question(item, pointer));
    table.rest = kNever;
    node.types = kArrayType;
    node.min_items = value.items().size();
    node.items = store_.intern(std::move(table));
  } else if (value.is_object()) {
    MemberTable table;
    for (const JsonMember& member : value.members()) {
      NameId name = store_.name(member.key);
      table.properties.add(name, question(member.value, pointer));  // of repeated keys the last one counts
      node.required.push_back(name);
    }
    std::sort(node.required.begin(), node.required.end());
    node.required.erase(std::unique(node.required.begin(), node.required.end()), node.required.end());
    table.additional = kNever;
    node.types = kObjectType;
    node.members = store_.intern(std::move(table));
  } else {
    restrict(node, {&value}, pointer);
  }
  const QuestionId id = store_.intern(std::move(node));
  store_.place(id, pointer);
  return id;
}

void Constants::restrict(SchemaNode& node, const std::vector<const JsonValue*>& values, const std::string& pointer) {
  std::uint8_t types = 0;
  std::vector<std::u32string> words;
  std::vector<std::string> numbers;
  ShortList<QuestionId> containers;
  for (const JsonValue* value : values) {
    types |= type_of(*value);
    if (value->is_string()) words.push_back(decode_utf8(value->text()));
    if (value->is_number()) numbers.emplace_back(value->text());
    if (value->is_array() || value->is_object()) containers.push_back(question(*value, pointer));
  }
  node.types &= types;
  if (!words.empty()) node.texts.push_back(regexes_.words(std::move(words)));
  if (!numbers.empty()) restrict_numbers(node, numbers_.any_of(std::move(numbers)));
  if (containers.empty()) return;
  if (node.has_containers) {
    // enum beside const: both must hold.
    SchemaNode choice;
    choice.any_of = {node.containers, containers};
    node.containers = {store_.intern(std::move(choice))};
    store_.place(node.containers[0], pointer);
  } else {
    node.containers = std::move(containers);
  }
  node.has_containers = true;
}

}  // namespace maskforge
