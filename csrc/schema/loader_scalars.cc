// See loader.h: type, enum and const, and the keywords of strings and numbers.
#include <algorithm>
#include <span>

#include "base/errors.h"
#include "base/utf8.h"
#include "schema/formats.h"
#include "schema/loader.h"

namespace maskforge {

namespace {

std::uint8_t type_bits(std::string_view name) {
  if (name == "null") return kNullType;
  if (name == "boolean") return kFalseType | kTrueType;
  if (name == "number" || name == "integer") return kNumberType;
  if (name == "string") return kStringType;
  if (name == "array") return kArrayType;
  if (name == "object") return kObjectType;
  return 0;
}

}  // namespace

void SchemaLoader::read_type(SchemaNode& node, const Place& place) {
  const JsonValue* type = constraint(place, "type");
  if (type == nullptr) return;
  std::uint8_t types = 0;
  bool integer = false;
  bool number = false;
  const std::span<const JsonValue> names = type->is_array() ? type->items() : std::span<const JsonValue>(type, 1);
  for (const JsonValue& item : names) {
    if (!item.is_string()) malformed("type", "must be a string or an array of strings");
    const std::string_view name = item.text();
    std::uint8_t bits = type_bits(name);
    if (bits == 0) malformed("type", "names no JSON type: \"" + std::string(name) + "\"");
    types |= bits;
    integer |= name == "integer";
    number |= name == "number";
  }
  node.types &= types;
  if (integer && !number) {
    constants_.restrict_numbers(
        node, place.scope.dialect == Dialect::kDraft4 ? numbers_.integer_spellings() : numbers_.integers());
  }
  note(place, "type", Enforcement::kEnforced);
}

void SchemaLoader::read_values(SchemaNode& node, const Place& place) {
  if (const JsonValue* values = constraint(place, "enum")) {
    if (!values->is_array()) malformed("enum", "must be an array");
    std::vector<const JsonValue*> list;
    for (const JsonValue& value : values->items()) list.push_back(&value);
    constants_.restrict(node, list, path_);
    note(place, "enum", Enforcement::kEnforced);
  }
  if (const JsonValue* value = place.scope.dialect != Dialect::kDraft4 ? constraint(place, "const") : nullptr) {
    constants_.restrict(node, {value}, path_);
    note(place, "const", Enforcement::kEnforced);
  }
}

RegexId SchemaLoader::pattern(std::string_view text, std::string_view keyword,
                              std::optional<std::string_view> segment) {
  auto pointer = [&] { return segment ? pointer_of(keyword) + "/" + pointer_segment(*segment) : pointer_of(keyword); };
  try {
    return regexes_.parse(text, RegexMode::kSearch);
  } catch (const UnsupportedError& error) {
    throw UnsupportedError("`" + std::string(keyword) + "`: " + error.what(), pointer());
  } catch (const SpecError& error) {
    throw SpecError("`" + std::string(keyword) + "`: " + error.what(), pointer());
  }
}

void SchemaLoader::read_strings(SchemaNode& node, const Place& place) {
  const JsonValue* least = constraint(place, "minLength");
  const JsonValue* most = constraint(place, "maxLength");
  if (least != nullptr || most != nullptr) {
    constexpr std::uint64_t kLimit = RegexArena::kUnbounded - 1;
    std::uint64_t from = least == nullptr ? 0 : count(*least, "minLength");
    std::uint64_t to = most == nullptr ? RegexArena::kUnbounded : std::min(count(*most, "maxLength"), kLimit);
    if (from > kLimit) malformed("minLength", "is larger than any text");
    node.texts.push_back(from > to ? regexes_.none()
                                   : regexes_.length(static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to)));
    if (least != nullptr) note(place, "minLength", Enforcement::kEnforced);
    if (most != nullptr) note(place, "maxLength", Enforcement::kEnforced);
  }
  if (const JsonValue* text = constraint(place, "pattern")) {
    if (!text->is_string()) malformed("pattern", "must be a string");
    try {
      node.texts.push_back(pattern(text->text(), "pattern"));
      note(place, "pattern", Enforcement::kEnforced);
    } catch (const UnsupportedError& error) {
      refuse(place, "pattern", error.message());
    }
  }
  if (const JsonValue* format = find(place, "format"); format != nullptr && format->is_string()) {
    if (auto known = known_format(format->text(), place.scope.dialect == Dialect::kDraft2020)) {
      if (!keeps(place, "format", *format)) return;
      node.formats.emplace_back(*known);
      note(place, "format", Enforcement::kEnforced);
    } else {
      note(place, "format", Enforcement::kAnnotation,
           "\"" + std::string(format->text()) + "\" is not a format of the specification");
    }
  }
}

void SchemaLoader::read_numbers(SchemaNode& node, const Place& place) {
  auto bound = [&](std::string_view keyword, bool lower, bool exclusive) {
    const JsonValue* value = constraint(place, keyword);
    if (value == nullptr) return;
    if (!value->is_number()) malformed(keyword, "must be a number");
    constants_.restrict_numbers(
        node, lower ? numbers_.at_least(value->text(), exclusive) : numbers_.at_most(value->text(), exclusive));
    note(place, keyword, Enforcement::kEnforced);
  };
  // Draft 4 has Booleans that change `minimum` and `maximum`; they are understood wherever they are Booleans.
  auto is_flag = [&](std::string_view keyword) {
    const JsonValue* value = find(place, keyword);
    return value != nullptr && value->is_boolean();
  };
  auto is_set = [&](std::string_view keyword) {
    const JsonValue* value = find(place, keyword);
    return value != nullptr && value->kind == JsonValue::Kind::kTrue && keeps(place, keyword, *value);
  };
  bound("minimum", true, is_set("exclusiveMinimum"));
  bound("maximum", false, is_set("exclusiveMaximum"));
  for (auto [keyword, lower] : {std::pair{"exclusiveMinimum", true}, {"exclusiveMaximum", false}}) {
    if (is_flag(keyword)) {
      note(place, keyword, Enforcement::kEnforced);
    } else {
      bound(keyword, lower, true);
    }
  }
  if (const JsonValue* step = constraint(place, "multipleOf")) {
    if (!step->is_number()) malformed("multipleOf", "must be a number");
    try {
      constants_.restrict_numbers(node, numbers_.multiple_of(step->text()));
    } catch (const SpecError& error) {
      malformed("multipleOf", error.message());
    }
    note(place, "multipleOf", Enforcement::kEnforced);
  }
}

}  // namespace maskforge
