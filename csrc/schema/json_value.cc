// See json_value.h.
#include "schema/json_value.h"

#include <string>
#include <vector>

#include "base/errors.h"
#include "base/utf8.h"

namespace maskforge {

namespace {

constexpr int kMaxDepth = 3000;

class Parser {
 public:
  Parser(std::string_view text, Arena& arena) : text_(text), arena_(arena) {}

  const JsonValue* document() {
    JsonValue value;
    parse_value(value, 0);
    skip_space();
    if (at_ != text_.size()) fail("text after the end of the JSON document");
    return keep(std::span<const JsonValue>(&value, 1)).data();
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw SpecError("invalid JSON: " + what, "offset " + std::to_string(at_));
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void expect_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) fail("unknown word");
    at_ += word.size();
  }

  void parse_value(JsonValue& out, int depth) {
    if (depth > kMaxDepth) fail("nested deeper than " + std::to_string(kMaxDepth) + " levels");
    skip_space();
    switch (peek()) {
      case '{':
        return parse_object(out, depth);
      case '[':
        return parse_array(out, depth);
      case '"':
        out.kind = JsonValue::Kind::kString;
        out.text = parse_string();
        return;
      case 't':
        out.kind = JsonValue::Kind::kTrue;
        return expect_word("true");
      case 'f':
        out.kind = JsonValue::Kind::kFalse;
        return expect_word("false");
      case 'n':
        out.kind = JsonValue::Kind::kNull;
        return expect_word("null");
      default:
        return parse_number(out);
    }
  }

  template <typename T>
  std::span<const T> keep(std::span<const T> items) {
    return arena_.copy(items);
  }

  void parse_object(JsonValue& out, int depth) {
    out.kind = JsonValue::Kind::kObject;
    ++at_;
    skip_space();
    if (peek() == '}') {
      ++at_;
      return;
    }
    const std::size_t from = members_.size();
    for (;;) {
      skip_space();
      if (peek() != '"') fail("a key was expected");
      JsonMember member;
      member.key = parse_string();
      skip_space();
      if (peek() != ':') fail("':' was expected");
      ++at_;
      parse_value(member.value, depth + 1);
      out.key_kinds |= JsonValue::key_kind(member.key);
      members_.push_back(member);
      skip_space();
      char c = peek();
      ++at_;
      if (c == '}') break;
      if (c != ',') fail("',' or '}' was expected");
    }
    std::span<const JsonMember> kept = keep(std::span<const JsonMember>(members_).subspan(from));
    out.first_member = kept.data();
    out.member_count = static_cast<std::uint32_t>(kept.size());
    members_.resize(from);
  }

  void parse_array(JsonValue& out, int depth) {
    out.kind = JsonValue::Kind::kArray;
    ++at_;
    skip_space();
    if (peek() == ']') {
      ++at_;
      return;
    }
    const std::size_t from = items_.size();
    for (;;) {
      JsonValue item;
      parse_value(item, depth + 1);
      items_.push_back(item);
      skip_space();
      char c = peek();
      ++at_;
      if (c == ']') break;
      if (c != ',') fail("',' or ']' was expected");
    }
    out.items = keep(std::span<const JsonValue>(items_).subspan(from));
    items_.resize(from);
  }

  unsigned hex4() {
    if (at_ + 4 > text_.size()) fail("incomplete escape");
    unsigned value = 0;
    for (int i = 0; i < 4; ++i) {
      char c = text_[at_++];
      unsigned digit;
      if (c >= '0' && c <= '9') {
        digit = static_cast<unsigned>(c - '0');
      } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
        digit = static_cast<unsigned>((c | 0x20) - 'a' + 10);
      } else {
        fail("bad hexadecimal digit");
      }
      value = value * 16 + digit;
    }
    return value;
  }

  // Of a string without escapes, the text itself.
  std::string_view parse_string() {
    const std::size_t first = ++at_;
    skip_plain();
    if (peek() == '"') return text_.substr(first, at_++ - first);
    decoded_.assign(text_, first, at_ - first);
    decode_string(decoded_);
    std::span<const char> kept = keep(std::span<const char>(decoded_));
    return {kept.data(), kept.size()};
  }

  void skip_plain() {
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
           static_cast<unsigned char>(text_[at_]) >= 0x20)
      ++at_;
  }

  void decode_string(std::string& out) {
    for (;;) {
      std::size_t start = at_;
      skip_plain();
      out.append(text_, start, at_ - start);
      if (at_ >= text_.size()) fail("unterminated string");
      char c = text_[at_++];
      if (c == '"') return;
      if (c != '\\') fail("control character in a string");
      char escape = peek();
      ++at_;
      switch (escape) {
        case '"':
        case '\\':
        case '/':
          out.push_back(escape);
          break;
        case 'b':
          out.push_back('\b');
          break;
        case 'f':
          out.push_back('\f');
          break;
        case 'n':
          out.push_back('\n');
          break;
        case 'r':
          out.push_back('\r');
          break;
        case 't':
          out.push_back('\t');
          break;
        case 'u': {
          char32_t unit = hex4();
          if (unit >= 0xD800 && unit < 0xDC00 && text_.substr(at_, 2) == "\\u") {
            std::size_t back = at_;
            at_ += 2;
            char32_t low = hex4();
            if (low >= 0xDC00 && low < 0xE000) {
              unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            } else {
              at_ = back;
            }
          }
          append_utf8(out, unit);
          break;
        }
        default:
          fail("unknown escape");
      }
    }
  }

  void digits() {
    if (peek() < '0' || peek() > '9') fail("a digit was expected");
    while (peek() >= '0' && peek() <= '9') ++at_;
  }

  void parse_number(JsonValue& out) {
    std::size_t start = at_;
    if (peek() == '-') ++at_;
    if (peek() == '0') {
      ++at_;
    } else {
      if (peek() < '1' || peek() > '9') fail("a value was expected");
      digits();
    }
    if (peek() == '.') {
      ++at_;
      digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      digits();
    }
    out.kind = JsonValue::Kind::kNumber;
    out.text = text_.substr(start, at_ - start);
  }

  std::string_view text_;
  Arena& arena_;
  std::size_t at_ = 0;
  // What belongs to arrays and objects that have not ended yet.
  std::vector<JsonValue> items_;
  std::vector<JsonMember> members_;
  std::string decoded_;
};

}  // namespace

const JsonValue* JsonValue::find_member(std::string_view key) const {
  for (std::size_t i = member_count; i-- > 0;) {
    if (first_member[i].key == key) return &first_member[i].value;
  }
  return nullptr;
}

JsonDocument parse_json(std::string_view text) {
  JsonDocument document;
  document.arena_ = std::make_unique<Arena>();
  document.root_ = Parser(text, *document.arena_).document();
  return document;
}

}  // namespace maskforge
