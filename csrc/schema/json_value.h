// A JSON document as the schema compiler reads it: numbers keep their text (arbitrary precision), objects keep their
// order. Covered by tests/csrc/test_json_value.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"

namespace maskforge {

struct JsonMember;

// Points into its document and into the text that it was parsed from.
struct JsonValue {
  enum class Kind : std::uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  std::string_view text;             // kString: decoded UTF-8; kNumber: the number as written
  std::span<const JsonValue> items;  // kArray
  // kObject, in order of appearance. (A span needs the whole type, which holds a JsonValue.)
  const JsonMember* first_member = nullptr;
  std::uint32_t member_count = 0;
  std::uint64_t key_kinds = 0;  // the key_kind() of every member's key

  std::span<const JsonMember> members() const;
  bool is_object() const { return kind == Kind::kObject; }
  bool is_array() const { return kind == Kind::kArray; }
  bool is_string() const { return kind == Kind::kString; }
  bool is_number() const { return kind == Kind::kNumber; }
  bool is_boolean() const { return kind == Kind::kTrue || kind == Kind::kFalse; }
  // The member's value; of repeated keys the last one counts, as everywhere in the field. Null when absent or not an
  // object. Most questions are about keywords that a schema does not have, so that is answered without a search.
  const JsonValue* find(std::string_view key) const {
    return (key_kinds & key_kind(key)) == 0 ? nullptr : find_member(key);
  }
  // One of 64 bits, that keywords share with few others.
  static constexpr std::uint64_t key_kind(std::string_view key) {
    if (key.empty()) return 1;
    const unsigned first = static_cast<unsigned char>(key.front());
    const unsigned last = static_cast<unsigned char>(key.back());
    return std::uint64_t{1} << ((first * 7 + last * 3 + key.size() * 11) & 63);
  }

 private:
  const JsonValue* find_member(std::string_view key) const;
};

struct JsonMember {
  std::string_view key;
  JsonValue value;
};

inline std::span<const JsonMember> JsonValue::members() const { return {first_member, member_count}; }

// Owns what its values consist of, but for the text that it was parsed from, which must outlive it.
class JsonDocument {
 public:
  const JsonValue& root() const { return *root_; }

 private:
  friend JsonDocument parse_json(std::string_view text);
  std::unique_ptr<Arena> arena_;
  const JsonValue* root_ = nullptr;
};

// Throws SpecError("...", "offset N") on anything that is not one JSON text (RFC 8259), or nested deeper than 3,000
// levels. A lone surrogate escape becomes the three bytes of its code point: no UTF-8 text equals it.
JsonDocument parse_json(std::string_view text);

}  // namespace maskforge
