// A JSON document as the schema compiler reads it: numbers keep their text (arbitrary precision), objects keep their
// order. Covered by tests/csrc/test_json_value.cc.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include "base/arena.h"

namespace maskforge {

struct JsonMember;

// Points into its document and into the text that it was parsed from. Small: a schema is read once, and most of what
// that costs is bringing memory in.
class JsonValue {
 public:
  enum class Kind : std::uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

  JsonValue() = default;
  explicit JsonValue(Kind kind) : kind(kind) {}
  JsonValue(Kind kind, std::string_view text) : kind(kind), size_(size_of(text.size())), content_(text.data()) {}
  explicit JsonValue(std::span<const JsonValue> items)
      : kind(Kind::kArray), size_(size_of(items.size())), content_(items.data()) {}
  // `key_kinds`: those of all keys.
  JsonValue(std::span<const JsonMember> members, std::uint64_t key_kinds);

  Kind kind = Kind::kNull;
  // For who reads the document: kUnmarked until it is written.
  static constexpr std::uint32_t kUnmarked = 0xFFFFFFFE;
  mutable std::uint32_t mark = kUnmarked;
  // kString: decoded UTF-8; kNumber: the number as written; else empty.
  std::string_view text() const {
    return is_string() || is_number() ? std::string_view(static_cast<const char*>(content_), size_)
                                      : std::string_view();
  }
  // Of an array, else none.
  std::span<const JsonValue> items() const { return {static_cast<const JsonValue*>(content_), is_array() ? size_ : 0}; }
  // Of an object in order of appearance, else none.
  std::span<const JsonMember> members() const;
  std::size_t member_count() const { return is_object() ? size_ : 0; }
  bool is_object() const { return kind == Kind::kObject; }
  bool is_array() const { return kind == Kind::kArray; }
  bool is_string() const { return kind == Kind::kString; }
  bool is_number() const { return kind == Kind::kNumber; }
  bool is_boolean() const { return kind == Kind::kTrue || kind == Kind::kFalse; }
  // The member's value; of repeated keys the last one counts, as everywhere in the field. Null when absent or not an
  // object. Most questions are about keywords that a schema does not have, so that is answered without a search.
  const JsonValue* find(std::string_view key) const {
    return (key_kinds_ & key_kind(key)) == 0 ? nullptr : find_member(key);
  }
  // Whether there may be a member with one of the keys that make up `kinds`.
  bool may_have(std::uint64_t kinds) const { return (key_kinds_ & kinds) != 0; }
  // One of 64 bits, that keywords share with few others.
  static constexpr std::uint64_t key_kind(std::string_view key) {
    if (key.empty()) return 1;
    const unsigned first = static_cast<unsigned char>(key.front());
    const unsigned last = static_cast<unsigned char>(key.back());
    return std::uint64_t{1} << ((first * 7 + last * 3 + key.size() * 11) & 63);
  }
  static constexpr std::uint64_t key_kinds(std::initializer_list<std::string_view> keys) {
    std::uint64_t kinds = 0;
    for (std::string_view key : keys) kinds |= key_kind(key);
    return kinds;
  }

 private:
  static std::uint32_t size_of(std::size_t size);
  const JsonValue* find_member(std::string_view key) const;

  std::uint32_t size_ = 0;         // of the text, the items or the members
  const void* content_ = nullptr;  // their first
  std::uint64_t key_kinds_ = 0;    // the key_kind() of every member's key
};

struct JsonMember {
  std::string_view key;
  JsonValue value;
};

inline JsonValue::JsonValue(std::span<const JsonMember> members, std::uint64_t key_kinds)
    : kind(Kind::kObject), size_(size_of(members.size())), content_(members.data()), key_kinds_(key_kinds) {}
inline std::span<const JsonMember> JsonValue::members() const {
  return {static_cast<const JsonMember*>(content_), member_count()};
}

// Owns what its values consist of, but for the text that it was parsed from, which must outlive it.
class JsonDocument {
 public:
  JsonDocument() = default;
  ~JsonDocument();
  JsonDocument(JsonDocument&&) = default;
  JsonDocument& operator=(JsonDocument&&) = default;
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
