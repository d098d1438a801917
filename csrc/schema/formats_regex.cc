// The format "regex": patterns of ECMA-262 with the `u` flag. Covered by tests/csrc/test_format_regex.cc and
// tests/csrc/test_formats.cc.
//
// Parentheses nest, so no regular language is exact. This one accepts valid patterns only, and all but these:
// - groups nested more than kDeepest deep;
// - two named groups whose names begin with the same character, and names beyond ASCII;
// - `\k<name>`, but for the first named group, after it, with a name of one character;
// - backreferences `\10` and up, and those that stand before their group;
// - repeat counts {n,m} where n has more than seven digits;
// - class ranges between characters that are spelled in different ways, or that start and end in one block of
// characters
//   beyond ASCII;
// - Unicode properties younger than the tables.
//
// A pattern is read from left to right with a stack of what is open. As a term that is a language inside a language for
// each level, times all that the rules across groups remember; as an automaton (regex/text_automaton.h) it is a few
// numbers.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/interner.h"
#include "regex/unicode.h"
#include "schema/format_parts.h"

namespace maskforge::formats {
namespace {

constexpr unsigned kDeepest = 64;

// Where in its grammar a pattern stands, outside and inside of a class. What is read inside of one of the longer parts
// is told by Place::value and Place::other.
enum class Mode : std::uint8_t {
  kTerm,           // a term may begin, and the pattern may end; nothing may be repeated
  kAtom,           // after something that may be repeated
  kQuantified,     // after a quantifier: "?" makes it lazy
  kCountFirst,     // after "{"
  kCount,          // after digits of n: value = n
  kCountComma,     // after "{n,"
  kCountMost,      // after digits of m: value = n, other = m, at most n
  kOpen,           // after "("
  kQuestion,       // after "(?"
  kAngle,          // after "(?<"
  kName,           // inside the name of a group: value = 1 once it has two characters
  kReference,      // after "\k"
  kReferenceName,  // after "\k<"
  kReferenceEnd,   // after "\k<n"
  kEscape,         // after a backslash
  kDigitEscape,    // after "\" and a digit, which no digit may follow: otherwise as kAtom
  // the same inside a class
  kClassStart,     // after "[": "^" is not literal
  kClassFirst,     // after "[^": a hyphen is literal
  kClassItem,      // between items; a hyphen can only be the last character
  kClassDigit,     // after "\0": otherwise as kClassItem
  kClassChar,      // after a character, with which a range may begin: value = what its end is held against, see
                   // `starts_range`
  kClassHyphen,    // after that and "-"
  kClassEscape,    // after a backslash
  kClassRangeEnd,  // after a backslash that begins the end of a range of escapes
  kClassLast,      // after a last hyphen: "]" has to follow
  // parts of escapes, in and outside of a class
  kControl,      // after "\c"
  kHex,          // value = read, count = digits still to read
  kUnicode,      // after "\u"
  kBraced,       // after "\u{": value = read, up to 0x10FFFF; count = 1 once there is a digit
  kProperty,     // after "\p"
  kPropertyName  // after "\p{": value = list, first word that begins so and characters read, see PropertyNames
};

// How the start of a range was spelled, so that its end is spelled alike.
enum class Spelling : std::uint8_t { kPlain, kHex, kUnicode };  // itself, \xHH, \uHHHH

struct Place {
  Mode mode = Mode::kTerm;
  std::uint8_t depth = 0;
  std::uint8_t groups = 0;      // captured so far, at most 9
  std::uint8_t first_name = 0;  // of the first named group, if it has one character; kNoName, kLongName
  bool in_class = false;
  Spelling spelling = Spelling::kPlain;
  bool range_end = false;  // what is read is the end of a range that begins with `other`
  std::uint8_t count = 0;
  std::uint32_t value = 0;
  std::uint32_t other = 0;
  std::uint64_t assertions = 0;  // bit d: what was opened at depth d may not be repeated
  std::uint64_t names = 0;       // first characters of the names of groups
  bool operator==(const Place&) const = default;
};
constexpr std::uint8_t kNoName = 0, kLongName = 1;  // others: the character
constexpr std::uint32_t kHugeCount = 10'000'000;    // a count {n,m} is only compared below it

struct PlaceHash {
  std::uint64_t operator()(const Place& p) const {
    std::uint64_t hash =
        mix_hash(static_cast<std::uint64_t>(p.mode) << 32 | p.depth << 24 | p.groups << 16 | p.first_name << 8 |
                     static_cast<unsigned>(p.spelling) << 4 | p.in_class << 1 | unsigned{p.range_end},
                 p.names);
    hash = mix_hash(hash, std::uint64_t{p.value} << 32 | p.other);
    return mix_hash(mix_hash(hash, p.assertions), p.count);
  }
};

int hex_value(char32_t c) {
  if (c >= '0' && c <= '9') return static_cast<int>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<int>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<int>(c - 'A' + 10);
  return -1;
}

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool is_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool begins_name(char32_t c) { return is_letter(c) || c == '_' || c == '$'; }
bool is_one_of(std::string_view set, char32_t c) { return c < 0x80 && set.find(static_cast<char>(c)) != set.npos; }

constexpr std::string_view kSyntax = "^$\\.*+?()[]{}|";  // what is not itself outside of a class

// The names between the braces of `\p{...}`: sorted lists, read along the words with one beginning. A word that ends
// in "=" goes on in the list of values.
class PropertyNames {
 public:
  PropertyNames() {
    for (char kind : {'g', 's'}) {
      for (std::string_view name : unicode_property_names(kind))
        lists_[kind == 'g' ? kCategories : kScripts].push_back(name);
    }
    std::vector<std::string_view>& all = lists_[kAll];
    all = lists_[kCategories];
    for (std::string_view name : unicode_property_names('b')) all.push_back(name);
    for (std::string_view name : {"General_Category=", "gc=", "Script=", "sc=", "Script_Extensions=", "scx="})
      all.push_back(name);
    for (auto& list : lists_) {
      std::ranges::sort(list);
      list.erase(std::unique(list.begin(), list.end()), list.end());
    }
  }
  // A position, as one number; 0 is the start.
  bool next(std::uint32_t& at, char32_t c) const {
    const unsigned list = at >> 24, read = at & 0xFF;
    unsigned word = at >> 8 & 0xFFFF;
    const std::vector<std::string_view>& words = lists_[list];
    const std::string_view beginning = words[word].substr(0, read);
    for (; word < words.size() && words[word].substr(0, read) == beginning; ++word) {
      if (words[word].size() == read || static_cast<char32_t>(words[word][read]) != c) continue;
      at = list << 24 | word << 8 | (read + 1);
      if (c == '=') at = (beginning == "General_Category" || beginning == "gc" ? kCategories : kScripts) << 24;
      return true;
    }
    return false;
  }
  bool ends(std::uint32_t at) const { return lists_[at >> 24][at >> 8 & 0xFFFF].size() == (at & 0xFF); }

 private:
  enum List : unsigned { kAll, kCategories, kScripts };
  std::array<std::vector<std::string_view>, 3> lists_;
};

// Characters beyond ASCII are told apart by blocks, since the end of a range must not come before its start.
constexpr char32_t kBlocks[] = {0xA0,  0xC0,  0xE0,  0x100, 0x180,  0x250,  0x370,  0x3B0, 0x400,
                                0x430, 0x500, 0x600, 0x900, 0x3040, 0x4E00, 0xA000, 0xFFFF};

// The order of blocks of characters: two of one block may be in any order. 0: before the first one.
std::uint32_t block_of(char32_t c) {
  return static_cast<std::uint32_t>(std::upper_bound(std::begin(kBlocks), std::end(kBlocks), c) - std::begin(kBlocks));
}

// What the end of a range is held against when it begins with this character; 0 when none may begin with it.
std::uint32_t starts_range(char32_t c) {
  if (c >= ' ' && c < '~') return c;
  const std::uint32_t block = c < 0x80 ? 0 : block_of(c);
  return block >= 1 && block + 2 <= std::size(kBlocks) ? 0x80 + block : 0;
}

bool ends_range(std::uint32_t start, char32_t c) {
  if (is_one_of("\\]-", c)) return false;
  if (c >= 0x80) return start < 0x80 || 0x80 + block_of(c) > start;
  return c <= '~' && c >= start;
}

bool is_surrogate(std::uint32_t value) { return value >= 0xD800 && value <= 0xDFFF; }

// Whether `read`, with so many hexadecimal digits to come, can become a number from `least` on that is no surrogate.
bool can_reach(std::uint32_t read, unsigned digits, std::uint32_t least) {
  const std::uint32_t first = read << (4 * digits);
  std::uint32_t last = first + (1u << (4 * digits)) - 1;
  if (is_surrogate(last)) last = 0xD7FF;
  return last >= first && last >= least;
}

// Reads a pattern; each step is one character. False where no pattern of the language goes on so.
class Reader {
 public:
  Reader(Place& place, const PropertyNames& properties) : p_(place), properties_(properties) {}

  bool read(char32_t c) {
    if (p_.mode >= Mode::kControl) return in_escape(c);
    if (p_.mode >= Mode::kClassStart) return in_class(c);
    switch (p_.mode) {
      case Mode::kTerm:
        return term(c);
      case Mode::kDigitEscape:
        if (is_digit(c)) return false;
        [[fallthrough]];
      case Mode::kAtom:
        if (is_one_of("*+?", c)) return go(Mode::kQuantified);
        return c == '{' ? go(Mode::kCountFirst) : term(c);
      case Mode::kQuantified:
        return c == '?' ? go(Mode::kTerm) : term(c);
      case Mode::kCountFirst:
      case Mode::kCount:
      case Mode::kCountComma:
      case Mode::kCountMost:
        return count(c);
      case Mode::kOpen:
        if (c == '?') return go(Mode::kQuestion);
        capture();
        open(false);
        return term(c);
      case Mode::kQuestion:
        if (c == '<') return go(Mode::kAngle);
        if (!is_one_of(":=!", c)) return false;
        return open(c != ':');
      case Mode::kAngle:
        return is_one_of("=!", c) ? open(true) : begin_name(c);
      case Mode::kName:
        return name(c);
      case Mode::kReference:
        return c == '<' && go(Mode::kReferenceName);
      case Mode::kReferenceName:
        return c == p_.first_name && go(Mode::kReferenceEnd);
      case Mode::kReferenceEnd:
        return c == '>' && go(Mode::kAtom);
      default:
        return escape(c);
    }
  }

 private:
  // Into a mode that remembers nothing.
  bool go(Mode mode) {
    p_.mode = mode;
    p_.value = p_.other = 0;
    p_.count = 0;
    p_.spelling = Spelling::kPlain;
    p_.range_end = false;
    return true;
  }
  // After something that one character can be.
  bool atom() { return go(p_.in_class ? Mode::kClassItem : Mode::kAtom); }

  bool term(char32_t c) {
    if (c == '(') return p_.depth < kDeepest && go(Mode::kOpen);
    if (c == ')') return close();
    if (c == '|' || c == '^' || c == '$') return go(Mode::kTerm);
    if (c == '\\') return go(Mode::kEscape);
    if (c == '[') {
      p_.in_class = true;
      return go(Mode::kClassStart);
    }
    return (c == '.' || !is_one_of(kSyntax, c)) && go(Mode::kAtom);
  }
  bool open(bool assertion) {
    if (assertion) p_.assertions |= std::uint64_t{1} << p_.depth;
    ++p_.depth;
    return go(Mode::kTerm);
  }
  bool close() {
    if (p_.depth == 0) return false;
    const std::uint64_t bit = std::uint64_t{1} << --p_.depth;
    const bool assertion = (p_.assertions & bit) != 0;
    p_.assertions &= ~bit;
    return go(assertion ? Mode::kTerm : Mode::kAtom);
  }
  void capture() { p_.groups = static_cast<std::uint8_t>(std::min(p_.groups + 1, 9)); }

  bool begin_name(char32_t c) {
    if (!begins_name(c)) return false;
    const std::uint64_t bit = std::uint64_t{1} << (c == '$' ? 0 : c - '@');
    if ((p_.names & bit) != 0) return false;
    const bool first = p_.first_name == kNoName;
    p_.names |= bit;
    capture();
    open(false);
    p_.mode = Mode::kName;
    p_.value = first ? 0 : 1;
    if (first) p_.first_name = static_cast<std::uint8_t>(c);
    return true;
  }
  bool name(char32_t c) {
    if (c == '>') return go(Mode::kTerm);
    if (!begins_name(c) && !is_digit(c)) return false;
    if (p_.value == 0) p_.first_name = kLongName;
    p_.value = 1;
    return true;
  }

  bool count(char32_t c) {
    const std::uint32_t digit = static_cast<std::uint32_t>(c - '0');
    switch (p_.mode) {
      case Mode::kCountFirst:
      case Mode::kCount:
        if (is_digit(c)) {
          p_.mode = Mode::kCount;
          p_.value = std::min(p_.value * 10 + digit, kHugeCount);
          return true;
        }
        if (p_.mode == Mode::kCountFirst) return false;
        if (c == ',') {
          p_.mode = Mode::kCountComma;
          return true;
        }
        return c == '}' && go(Mode::kQuantified);
      default:
        if (c == '}') return (p_.mode == Mode::kCountComma || p_.other >= p_.value) && go(Mode::kQuantified);
        if (!is_digit(c) || p_.value == kHugeCount) return false;
        p_.mode = Mode::kCountMost;
        p_.other = p_.other * 10 + digit;
        if (p_.other >= p_.value) p_.other = p_.value = 0;  // more digits only make it larger
        return true;
    }
  }

  // After a backslash, outside of a class.
  bool escape(char32_t c) {
    if (c >= '1' && c <= '9') return static_cast<char32_t>('0' + p_.groups) >= c && go(Mode::kDigitEscape);
    if (c == '0') return go(Mode::kDigitEscape);
    if (c == 'b' || c == 'B') return go(Mode::kTerm);
    if (c == 'k') return p_.first_name > kLongName && go(Mode::kReference);
    return shared_escape(c);
  }
  bool shared_escape(char32_t c) {
    if (is_one_of("fnrtvdDsSwW/", c) || is_one_of(kSyntax, c)) return atom();
    if (c == 'c') return go(Mode::kControl);
    if (c == 'p' || c == 'P') return go(Mode::kProperty);
    if (c == 'u') return go(Mode::kUnicode);
    if (c != 'x') return false;
    go(Mode::kHex);
    p_.spelling = Spelling::kHex;
    p_.count = 2;
    return true;
  }

  bool in_class(char32_t c) {
    switch (p_.mode) {
      case Mode::kClassStart:
        return c == '^' ? go(Mode::kClassFirst) : class_first(c);
      case Mode::kClassFirst:
        return class_first(c);
      case Mode::kClassDigit:
        return !is_digit(c) && class_item(c);
      case Mode::kClassChar:
        if (c != '-') return class_item(c);
        p_.mode = Mode::kClassHyphen;
        return true;
      case Mode::kClassHyphen:
        if (c == ']') return end_class();
        if (p_.spelling == Spelling::kPlain) return ends_range(p_.value, c) && go(Mode::kClassItem);
        p_.mode = Mode::kClassRangeEnd;
        return c == '\\';
      case Mode::kClassEscape:
        if (c == 'b' || c == '-') return go(Mode::kClassItem);
        return c == '0' ? go(Mode::kClassDigit) : shared_escape(c);
      case Mode::kClassRangeEnd:
        if (c != (p_.spelling == Spelling::kHex ? U'x' : U'u')) return false;
        p_.mode = Mode::kHex;
        p_.range_end = true;
        p_.other = p_.value;
        p_.value = 0;
        p_.count = p_.spelling == Spelling::kHex ? 2 : 4;
        return true;
      case Mode::kClassLast:
        return c == ']' && end_class();
      default:
        return class_item(c);
    }
  }
  bool class_first(char32_t c) { return c == '-' ? go(Mode::kClassItem) : class_item(c); }
  bool class_item(char32_t c) {
    if (c == ']') return end_class();
    if (c == '-') return go(Mode::kClassLast);
    if (c == '\\') return go(Mode::kClassEscape);
    const std::uint32_t start = c == '^' ? 0 : starts_range(c);
    go(start == 0 ? Mode::kClassItem : Mode::kClassChar);
    p_.value = start;
    return true;
  }
  bool end_class() {
    p_.in_class = false;
    return go(Mode::kAtom);
  }

  bool in_escape(char32_t c) {
    switch (p_.mode) {
      case Mode::kControl:
        return is_letter(c) && atom();
      case Mode::kUnicode:
        if (c == '{') return go(Mode::kBraced);
        p_.mode = Mode::kHex;
        p_.spelling = Spelling::kUnicode;
        p_.count = 4;
        return hex(c);
      case Mode::kHex:
        return hex(c);
      case Mode::kBraced:
        if (c == '}') return p_.count > 0 && atom();
        if (hex_value(c) < 0) return false;
        p_.value = p_.value * 16 + static_cast<std::uint32_t>(hex_value(c));
        p_.count = 1;
        return p_.value <= 0x10FFFF;
      case Mode::kProperty:
        return c == '{' && go(Mode::kPropertyName);
      default:
        if (c == '}') return properties_.ends(p_.value) && atom();
        return properties_.next(p_.value, c);
    }
  }
  bool hex(char32_t c) {
    const int digit = hex_value(c);
    if (digit < 0) return false;
    p_.value = p_.value * 16 + static_cast<std::uint32_t>(digit);
    --p_.count;
    if (p_.range_end && !can_reach(p_.value, p_.count, p_.other)) return false;
    if (!p_.in_class) p_.value = 0;  // it matters as the start or end of a range only
    if (p_.count > 0) return true;
    // Half a surrogate pair begins no range.
    if (!p_.in_class || p_.range_end || is_surrogate(p_.value)) return atom();
    p_.mode = Mode::kClassChar;
    return true;
  }

  Place& p_;
  const PropertyNames& properties_;
};

// With how many characters what has begun can end, all that is open and classes around escapes left aside.
std::uint32_t least_of(const Place& place) {
  switch (place.mode) {
    case Mode::kTerm:
    case Mode::kAtom:
    case Mode::kQuantified:
    case Mode::kDigitEscape:
      return 0;
    case Mode::kCountFirst:
    case Mode::kQuestion:
    case Mode::kAngle:
    case Mode::kReferenceName:
    case Mode::kClassEscape:
      return 2;
    case Mode::kReference:
    case Mode::kProperty:
      return 3;
    case Mode::kUnicode:
      return 4;
    case Mode::kCountMost:
      return place.other >= place.value ? 1 : 9;
    case Mode::kClassRangeEnd:
      return place.spelling == Spelling::kHex ? 4 : 6;
    case Mode::kHex:
      return place.count;
    case Mode::kBraced:
      return place.count > 0 ? 1 : 2;
    case Mode::kPropertyName:
      return 64;
    default:
      return 1;
  }
}

class Patterns : public TextAutomaton {
 public:
  Patterns() {
    auto add = [&](char32_t first, char32_t last) {
      classes_.ranges.push_back({first, last, classes_.count++});
      characters_.push_back(first);
    };
    add(0, 0x1F);
    for (char32_t c = ' '; c < 0x7F; ++c) add(c, c);
    add(0x7F, 0x7F);
    add(0x80, kBlocks[0] - 1);
    for (std::size_t i = 0; i + 1 < std::size(kBlocks); ++i) add(kBlocks[i], kBlocks[i + 1] - 1);
    add(kBlocks[std::size(kBlocks) - 1], 0x10FFFF);
    places_.intern(Place{});
  }

  State start() override { return 0; }
  State next(State state, std::uint32_t character_class) override {
    Place place = places_[static_cast<std::uint32_t>(state)];
    if (!Reader(place, properties_).read(characters_[character_class])) return kDead;
    return places_.intern(place);
  }
  bool accepts(State state) const override {
    const Place& place = places_[static_cast<std::uint32_t>(state)];
    return place.depth == 0 && (place.mode == Mode::kTerm || place.mode == Mode::kAtom ||
                                place.mode == Mode::kQuantified || place.mode == Mode::kDigitEscape);
  }
  std::uint32_t most_left(State) const override { return RegexArena::kUnbounded; }
  // The name of a property, and all that is open.
  std::uint32_t slack() const override { return 64 + kDeepest; }
  std::uint32_t least_left(State state) const override {
    const Place& place = places_[static_cast<std::uint32_t>(state)];
    return least_of(place) + (place.in_class && place.mode >= Mode::kControl ? 1 : 0) + place.depth;
  }

 private:
  const PropertyNames properties_;
  std::vector<char32_t> characters_;  // one of each class
  Interner<Place, PlaceHash> places_;
};

}  // namespace

RegexId regex(RegexArena& regexes) {
  return regexes.automaton("regex", [](RegexArena&) { return std::make_unique<Patterns>(); });
}

}  // namespace maskforge::formats
