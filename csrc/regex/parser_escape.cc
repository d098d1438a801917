// Escapes and character classes of patterns. See parser.h.
#include <algorithm>

#include "base/errors.h"
#include "base/white_space.h"
#include "regex/parser.h"
#include "regex/unicode.h"

namespace maskforge {

namespace {

constexpr CodePointRange kDigits[] = {{'0', '9'}};
constexpr CodePointRange kWord[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
// WhiteSpace and LineTerminator of ECMA-262: the space separators (Zs) are fixed there so that \s needs no table.
const CharSet& white_space() {
  static const CharSet set = [] {
    CharSet ranges{{9, 13}, {' ', ' '}};
    for (const WhiteSpaceRange& range : kWhiteSpaceBeyondAscii) ranges.push_back({range.first, range.last});
    return ranges;
  }();
  return set;
}

bool is_ascii_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

int hex_value(char32_t c) {
  if (c >= '0' && c <= '9') return static_cast<int>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<int>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<int>(c - 'A' + 10);
  return -1;
}

}  // namespace

bool RegexParser::read_hex(std::size_t digits, char32_t& value) {
  if (text_.size() - at_ < digits) return false;
  value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    int digit = hex_value(text_[at_ + i]);
    if (digit < 0) return false;
    value = value << 4 | static_cast<char32_t>(digit);
  }
  at_ += digits;
  return true;
}

RegexId RegexParser::parse_escape() {
  std::size_t offset = at_++;
  if (done()) fail("a backslash at the end", offset);
  CharSet set;
  if (parse_set_escape(set)) return graph_.chars(std::move(set));
  char32_t c = peek();
  if ((c >= '1' && c <= '9') || (c == 'k' && peek(1) == '<')) refuse("backreferences are not regular", offset);
  return graph_.character(parse_character_escape(false));
}

bool RegexParser::parse_set_escape(CharSet& set) {
  auto assign = [&](CharSpan span, bool negated) {
    ++at_;
    set = negated ? complement_set(span) : CharSet(span.begin(), span.end());
    return true;
  };
  switch (peek()) {
    case 'd':
    case 'D':
      return assign(kDigits, peek() == 'D');
    case 'w':
    case 'W':
      return assign(kWord, peek() == 'W');
    case 's':
    case 'S':
      return assign(white_space(), peek() == 'S');
    case 'p':
    case 'P': {
      bool negated = peek() == 'P';
      ++at_;
      set = parse_property(negated);
      return true;
    }
    default:
      return false;
  }
}

CharSet RegexParser::parse_property(bool negated) {
  std::size_t offset = at_ - 2;
  if (!take("{")) fail("\\p needs a property name in braces", offset);
  std::string name;
  while (!done() && peek() != '}') {
    char32_t c = text_[at_++];
    if (!is_ascii_letter(c) && !(c >= '0' && c <= '9') && c != '_' && c != '=') fail("bad property name", at_ - 1);
    name.push_back(static_cast<char>(c));
  }
  if (!take("}")) fail("unfinished property name", offset);
  std::optional<CharSet> set = unicode_property(name);
  if (!set) refuse("unknown Unicode property '" + name + "'", offset);
  return negated ? complement_set(*set) : std::move(*set);
}

char32_t RegexParser::parse_character_escape(bool in_class) {
  std::size_t offset = at_ - 1;
  char32_t c = text_[at_++], value = 0;
  switch (c) {
    case 't':
      return '\t';
    case 'n':
      return '\n';
    case 'v':
      return '\v';
    case 'f':
      return '\f';
    case 'r':
      return '\r';
    case 'b':
      if (in_class) return '\b';
      break;
    case '0':
      if (!done() && peek() >= '0' && peek() <= '9') fail("octal escapes are not allowed", offset);
      return 0;
    case 'c':
      if (!done() && is_ascii_letter(peek())) return text_[at_++] % 32;
      fail("\\c needs a letter", offset);
    case 'x':
      if (read_hex(2, value)) return value;
      fail("\\x needs two hexadecimal digits", offset);
    case 'u': {
      if (take("{")) {
        std::size_t begin = at_;
        while (!done() && hex_value(peek()) >= 0 && value <= kLastCodePoint)
          value = value << 4 | static_cast<char32_t>(hex_value(text_[at_++]));
        if (at_ == begin || value > kLastCodePoint || !take("}")) fail("bad \\u{...}", offset);
        return value;
      }
      if (!read_hex(4, value)) fail("\\u needs four hexadecimal digits", offset);
      char32_t low = 0;
      std::size_t back = at_;
      if (value >= 0xD800 && value < 0xDC00 && take("\\u") && read_hex(4, low) && low >= 0xDC00 && low < 0xE000) {
        return 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
      }
      at_ = back;
      return value;  // a lone surrogate: no text holds one
    }
    default:
      break;
  }
  if (c >= '1' && c <= '9') fail("octal escapes are not allowed", offset);
  if (is_ascii_letter(c)) {
    refuse(std::string("the escape \\") + static_cast<char>(c) + " is not one of ECMA-262", offset);
  }
  return c;
}

bool RegexParser::parse_class_atom(CharSet& set, char32_t& single) {
  if (peek() != '\\') {
    single = text_[at_++];
    return true;
  }
  std::size_t offset = at_++;
  if (done()) fail("a backslash at the end", offset);
  if (parse_set_escape(set)) return false;
  single = parse_character_escape(true);
  return true;
}

CharSet RegexParser::parse_class() {
  std::size_t offset = at_++;
  bool negated = take("^");
  CharSet result, set;
  while (!done() && peek() != ']') {
    char32_t first = 0, last = 0;
    std::size_t begin = at_;
    bool is_single = parse_class_atom(set, first);
    if (!is_single) {
      result.insert(result.end(), set.begin(), set.end());
      continue;  // a hyphen after a set is literal
    }
    last = first;
    if (peek() == '-' && at_ + 1 < text_.size() && peek(1) != ']') {
      std::size_t back = at_++;
      if (!parse_class_atom(set, last)) {
        at_ = back;  // [a-\d]: the hyphen is literal
        last = first;
      } else if (last < first) {
        fail("character range out of order", begin);
      }
    }
    result.push_back({first, last});
  }
  if (!take("]")) fail("unfinished character class", offset);
  normalise(result);
  return negated ? complement_set(result) : result;
}

}  // namespace maskforge
