// See json_value.h.
#include "schema/json_value.h"

#include <bit>
#include <cstring>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/stack.h"
#include "base/utf8.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace maskforge {

namespace {

constexpr int kMaxDepth = 3000;
constexpr int kLevelsPerCheck = 8;                           // of the stack; a level takes some 200 bytes
constexpr std::size_t kLargestSpare = std::size_t{1} << 20;  // bytes
constexpr std::size_t kFewValues = 32;  // more wait for their object or array to end only in large documents
constexpr std::size_t kShortString = 256;

// What a parser needs besides the document. A thread keeps it for its next one, unless it has become large.
struct Scratch {
  Scratch() {
    items.reserve(kFewValues);
    members.reserve(kFewValues);
    decoded.reserve(kShortString);
  }
  bool is_large() const {
    return items.capacity() * sizeof(JsonValue) + members.capacity() * sizeof(JsonMember) + decoded.capacity() >
           kLargestSpare;
  }
  // Of arrays and objects that have not ended yet.
  std::vector<JsonValue> items;
  std::vector<JsonMember> members;
  std::string decoded;
};

class Parser {
 public:
  Parser(std::string_view text, Arena& arena)
      : text_(text), arena_(arena), scratch_(spare() == nullptr ? std::make_unique<Scratch>() : std::move(spare())) {}
  ~Parser() {
    if (scratch_->is_large()) return;
    scratch_->items.clear();
    scratch_->members.clear();
    spare() = std::move(scratch_);
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  const JsonValue* document() {
    const JsonValue value = parse_value(0);
    skip_space();
    if (at_ != text_.size()) fail("text after the end of the JSON document");
    return keep(std::span<const JsonValue>(&value, 1)).data();
  }

 private:
  static std::unique_ptr<Scratch>& spare() {
    thread_local std::unique_ptr<Scratch> spare;
    return spare;
  }

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

  JsonValue parse_value(int depth) {
    using Kind = JsonValue::Kind;
    if (depth > kMaxDepth) fail("nested deeper than " + std::to_string(kMaxDepth) + " levels");
    if (depth % kLevelsPerCheck == kLevelsPerCheck - 1) Stack::check();
    skip_space();
    switch (peek()) {
      case '{':
        return parse_object(depth);
      case '[':
        return parse_array(depth);
      case '"':
        return {Kind::kString, parse_string()};
      case 't':
        expect_word("true");
        return JsonValue(Kind::kTrue);
      case 'f':
        expect_word("false");
        return JsonValue(Kind::kFalse);
      case 'n':
        expect_word("null");
        return JsonValue(Kind::kNull);
      default:
        return {Kind::kNumber, parse_number()};
    }
  }

  template <typename T>
  std::span<const T> keep(std::span<const T> items) {
    return arena_.copy(items);
  }
  // What was put on a list since `from`.
  template <typename T>
  std::span<const T> keep_from(std::vector<T>& list, std::size_t from) {
    const std::span<const T> kept = keep(std::span<const T>(list).subspan(from));
    list.resize(from);
    return kept;
  }

  JsonValue parse_object(int depth) {
    ++at_;
    skip_space();
    if (peek() == '}') {
      ++at_;
      return {std::span<const JsonMember>(), 0};
    }
    std::vector<JsonMember>& members = scratch_->members;
    const std::size_t from = members.size();
    std::uint64_t kinds = 0;
    for (;;) {
      skip_space();
      if (peek() != '"') fail("a key was expected");
      const std::string_view key = parse_string();
      skip_space();
      if (peek() != ':') fail("':' was expected");
      ++at_;
      const JsonValue value = parse_value(depth + 1);
      kinds |= JsonValue::key_kind(key);
      members.push_back({key, value});
      skip_space();
      char c = peek();
      ++at_;
      if (c == '}') break;
      if (c != ',') fail("',' or '}' was expected");
    }
    return {keep_from(members, from), kinds};
  }

  JsonValue parse_array(int depth) {
    ++at_;
    skip_space();
    if (peek() == ']') {
      ++at_;
      return JsonValue(std::span<const JsonValue>());
    }
    std::vector<JsonValue>& items = scratch_->items;
    const std::size_t from = items.size();
    for (;;) {
      items.push_back(parse_value(depth + 1));
      skip_space();
      char c = peek();
      ++at_;
      if (c == ']') break;
      if (c != ',') fail("',' or ']' was expected");
    }
    return JsonValue(keep_from(items, from));
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
    scratch_->decoded.assign(text_, first, at_ - first);
    decode_string(scratch_->decoded);
    std::span<const char> kept = keep(std::span<const char>(scratch_->decoded));
    return {kept.data(), kept.size()};
  }

  static bool is_plain(char c) { return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20; }

  // To the next quote, backslash or control character, 16 or eight bytes at a time.
  void skip_plain() {
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1F);
    while (at_ + 16 <= text_.size()) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text_.data() + at_));
      const __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                                         _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
      if (const int places = _mm_movemask_epi8(found); places != 0) {
        at_ += static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(places)));
        return;
      }
      at_ += 16;
    }
#endif
    constexpr std::uint64_t kOnes = 0x0101010101010101u;
    constexpr std::uint64_t kHigh = 0x8080808080808080u;
    // The lowest of the bits is right; those above it may not be.
    auto zeros = [](std::uint64_t word) { return (word - kOnes) & ~word & kHigh; };
    while (std::endian::native == std::endian::little && at_ + 8 <= text_.size()) {
      std::uint64_t word;
      std::memcpy(&word, text_.data() + at_, 8);
      const std::uint64_t controls = (word - kOnes * 0x20) & ~word & kHigh;
      const std::uint64_t found = zeros(word ^ kOnes * '"') | zeros(word ^ kOnes * '\\') | controls;
      if (found != 0) {
        at_ += static_cast<std::size_t>(std::countr_zero(found)) / 8;
        return;
      }
      at_ += 8;
    }
    while (at_ < text_.size() && is_plain(text_[at_])) ++at_;
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

  std::string_view parse_number() {
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
    return text_.substr(start, at_ - start);
  }

  std::string_view text_;
  Arena& arena_;
  std::unique_ptr<Scratch> scratch_;
  std::size_t at_ = 0;
};

}  // namespace

const JsonValue* JsonValue::find_member(std::string_view key) const {
  const std::span<const JsonMember> all = members();
  for (std::size_t i = all.size(); i-- > 0;) {
    if (all[i].key == key) return &all[i].value;
  }
  return nullptr;
}

std::uint32_t JsonValue::size_of(std::size_t size) {
  if (size > 0xFFFFFFFFu) throw SpecError("invalid JSON: longer than 4 GiB");
  return static_cast<std::uint32_t>(size);
}

namespace {

// Of the last document that a thread was done with, for its next one: memory that is still in the cache, and no large
// piece that comes and goes between the small ones.
std::unique_ptr<Arena>& spare_arena() {
  thread_local std::unique_ptr<Arena> spare;
  return spare;
}

}  // namespace

JsonDocument::~JsonDocument() {
  if (arena_ == nullptr || arena_->memory_bytes() > kLargestSpare) return;
  arena_->rewind();
  spare_arena() = std::move(arena_);
}

JsonDocument parse_json(std::string_view text) {
  JsonDocument document;
  document.arena_ = spare_arena() == nullptr ? std::make_unique<Arena>() : std::move(spare_arena());
  document.root_ = Parser(text, *document.arena_).document();
  return document;
}

}  // namespace maskforge
