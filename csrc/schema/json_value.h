// A JSON document as the schema compiler reads it: numbers keep their text (arbitrary precision), objects keep their
// order. Covered by tests/csrc/test_json_value.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace maskforge {

struct JsonMember;

struct JsonValue {
  enum class Kind : std::uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  std::string text;                 // kString: decoded UTF-8; kNumber: the number as written
  std::vector<JsonValue> items;     // kArray
  std::vector<JsonMember> members;  // kObject, in order of appearance

  bool is_object() const { return kind == Kind::kObject; }
  bool is_array() const { return kind == Kind::kArray; }
  bool is_string() const { return kind == Kind::kString; }
  bool is_number() const { return kind == Kind::kNumber; }
  bool is_boolean() const { return kind == Kind::kTrue || kind == Kind::kFalse; }
  // The member's value; of repeated keys the last one counts, as everywhere in the field. Null when absent or not an
  // object.
  const JsonValue* find(std::string_view key) const;
};

struct JsonMember {
  std::string key;
  JsonValue value;
};

// Throws SpecError("...", "offset N") on anything that is not one JSON text (RFC 8259), or nested deeper than 3,000
// levels. A lone surrogate escape becomes the three bytes of its code point: no UTF-8 text equals it.
JsonValue parse_json(std::string_view text);

}  // namespace maskforge
