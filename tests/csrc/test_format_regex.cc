// The format "regex" (csrc/schema/formats_regex.cc): the automaton against its grammar written as a term of the regex
// algebra, and against the parser. The term is narrower in counts {n,m} and in ranges of escapes, and where groups are
// nested deeper; whatever else it accepts or refuses, so does the automaton.
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/fuel.h"
#include "regex/unicode.h"
#include "schema/format_parts.h"
#include "testing/check.h"

using namespace maskforge;
using namespace maskforge::formats;

namespace {

constexpr int kDeepest = 24;

std::string join(const std::vector<std::string>& branches) {
  std::string out;
  for (const std::string& branch : branches) out += (out.empty() ? "" : "|") + branch;
  return "(" + out + ")";
}

std::string hex(int value) { return std::string(1, "0123456789abcdef"[value]); }

// A hexadecimal digit of this value, in either case; the digits above it.
std::string hex_digit(int value) {
  return value < 10 ? hex(value) : "[" + hex(value) + static_cast<char>('A' + value - 10) + "]";
}
std::string hex_above(int value) {
  std::string set;
  for (int v = value + 1; v < 16; ++v) {
    set += hex(v);
    if (v >= 10) set += static_cast<char>('A' + v - 10);
  }
  return "[" + set + "]";
}

// Escapes of one character that mean the same inside and outside a class.
std::string character_escape() {
  const std::string digit = "[0-9a-fA-F]";
  return "\\\\([fnrtv]|c[a-zA-Z]|x" + digit + "{2}|u" + digit + "{4}|u\\{0*(10|" + digit + ")?" + digit +
         "{1,4}\\}|[\\^$\\\\.*+?()[\\]{}|/])";
}

RegexId one_of(RegexArena& regexes, char kind) {
  std::vector<std::u32string> words;
  for (std::string_view name : unicode_property_names(kind)) words.emplace_back(name.begin(), name.end());
  return regexes.words(std::move(words));
}

RegexId set_escape(RegexArena& regexes) {
  RegexId category = one_of(regexes, 'g');
  RegexId name = regexes.unite({
      category,
      one_of(regexes, 'b'),
      regexes.concat(whole(regexes, "(General_Category|gc)="), category),
      regexes.concat(whole(regexes, "(Script|sc|Script_Extensions|scx)="), one_of(regexes, 's')),
  });
  RegexId property = regexes.concat(whole(regexes, "\\\\[pP]\\{"), regexes.concat(name, whole(regexes, "\\}")));
  return regexes.unite({whole(regexes, "\\\\[dDsSwW]"), property});
}

// {n}, {n,} and {n,m} with n <= m.
std::string braces() {
  std::vector<std::string> pairs{"[0-9],[1-9][0-9]+", "[0-9]{2},[1-9][0-9]{2,}", "[0-9]{3},[1-9][0-9]{3,}"};
  auto from = [](int low) { return std::string("[") + static_cast<char>('0' + low) + "-9]"; };
  for (int n = 0; n < 10; ++n) pairs.push_back(std::to_string(n) + "," + from(n));
  for (int t = 0; t < 10; ++t) {
    std::string tens = std::to_string(t);
    std::vector<std::string> after;
    if (t < 9) after.push_back("[0-9]," + from(t + 1) + "[0-9]");
    for (int n = 0; n < 10; ++n) after.push_back(std::to_string(n) + "," + tens + from(n));
    pairs.push_back(tens + join(after));
  }
  return "\\{([0-9]+,?|" + join(pairs) + ")\\}";
}

// What stands between the brackets. A hyphen is literal first and last only.
RegexId character_class(RegexArena& regexes, RegexId sets) {
  const std::string plain = "[^\\\\\\]\\-\\^]";  // the caret is literal too, but not in front
  const std::string atom = "(" + plain + "|\\^|" + character_escape() + "|\\\\[b\\-0])";
  std::vector<std::string> ranges;
  auto escaped = [](int c) {
    std::string text(1, static_cast<char>(c));
    return std::string("\\]^-[").find(text) != std::string::npos ? "\\" + text : text;
  };
  for (int c = ' '; c < '~'; ++c) {
    if (c == '\\' || c == ']' || c == '-' || c == '^') continue;
    std::string above;  // the unescaped characters from c on
    for (int d = c; d <= '~'; ++d) {
      if (d != '\\' && d != ']' && d != '-') above += escaped(d);
    }
    ranges.push_back("[" + escaped(c) + "]-[" + above + "\\u0080-\\u{10FFFF}]");
  }
  // By blocks of 64 code points from Latin-1 to Cyrillic, and of planes.
  static constexpr int kBlocks[] = {0xA0,  0xC0,  0xE0,  0x100, 0x180,  0x250,  0x370,  0x3B0, 0x400,
                                    0x430, 0x500, 0x600, 0x900, 0x3040, 0x4E00, 0xA000, 0xFFFF};
  auto code = [](int c) {
    static const char* digits = "0123456789ABCDEF";
    return std::string("\\u") + digits[c >> 12 & 15] + digits[c >> 8 & 15] + digits[c >> 4 & 15] + digits[c & 15];
  };
  for (std::size_t i = 0; i + 2 < std::size(kBlocks); ++i) {
    ranges.push_back("[" + code(kBlocks[i]) + "-" + code(kBlocks[i + 1] - 1) + "]-[" + code(kBlocks[i + 1]) +
                     "-\\u{10FFFF}]");
  }
  std::vector<std::string> first_digits;
  for (int v = 0; v < 15; ++v)
    first_digits.push_back(hex_digit(v) + "[0-9a-fA-F]-\\\\x" + hex_above(v) + "[0-9a-fA-F]");
  ranges.push_back("\\\\x" + join(first_digits));
  std::vector<std::string> unit_digits;
  for (int v = 0; v < 15; ++v) {
    // Surrogate pairs would read differently: neither end begins with d.
    if (v == 13) continue;
    std::string above = hex_above(v);
    std::string without_d;
    for (char c : above) {
      if (c != 'd' && c != 'D') without_d += c;
    }
    unit_digits.push_back(hex_digit(v) + "[0-9a-fA-F]{3}-\\\\u" + without_d + "[0-9a-fA-F]{3}");
  }
  ranges.push_back("\\\\u" + join(unit_digits));
  RegexId item = regexes.unite({whole(regexes, join(ranges) + "|" + atom), sets});
  RegexId items = regexes.repeat(item, 0, RegexArena::kUnbounded);
  return regexes.concat(whole(regexes, "\\[\\^?-?"), regexes.concat(items, whole(regexes, "-?\\]")));
}

// ---- rules that hold across groups, for texts that are well-formed otherwise ----

const std::string kClass = "\\[([^\\\\\\]]|\\\\[^])*\\]";
// Whatever stands before a place that is not inside a class or an escape.
const std::string kBefore = "([^\\\\\\[]|\\\\[^]|" + kClass + ")*";
const std::string kNamed = "\\([?]<[^=!]";

// No two named groups begin with the same character.
RegexId distinct_names(RegexArena& regexes) {
  RegexId up_to_name = whole(regexes, kBefore + "\\([?]<");
  ShortList<RegexId> pairs;
  for (char32_t c = '$'; c <= 'z'; ++c) {
    RegexId letter = regexes.chars({{c, c}});
    if (c == '=') continue;  // a lookbehind
    pairs.push_back(regexes.concat(letter, regexes.concat(up_to_name, regexes.concat(letter, regexes.any_text()))));
  }
  return regexes.complement(regexes.concat(up_to_name, regexes.unite(pairs)));
}

// `\k<n>` only after a first named group "(?<n>".
RegexId named_references(RegexArena& regexes) {
  RegexId to_reference = whole(regexes, kBefore + "\\\\k");
  auto no_reference_but = [&](RegexId allowed) {
    return regexes.complement(regexes.concat(to_reference, regexes.complement(allowed)));
  };
  ShortList<RegexId> names;
  for (char32_t c = '$'; c <= 'z'; ++c) {
    if (c == '=') continue;
    std::u32string close{c, U'>'};
    RegexId same = regexes.concat(regexes.literal(U"<" + close), regexes.any_text());
    names.push_back(regexes.concat(regexes.literal(close), no_reference_but(same)));
  }
  RegexId before = regexes.intersect({
      whole(regexes, "([^\\\\\\[]|\\\\[^k]|" + kClass + ")*"),
      regexes.complement(whole(regexes, kBefore + kNamed + "[^]*")),
  });
  RegexId after_first = regexes.concat(before, regexes.concat(whole(regexes, "\\([?]<"), regexes.unite(names)));
  return regexes.unite({no_reference_but(regexes.none()), after_first});
}

// `\n` only after the n-th group has been opened.
RegexId numbered_references(RegexArena& regexes) {
  RegexId no_question_mark = regexes.complement(whole(regexes, "[?][^]*"));
  RegexId level = regexes.any_text();  // from the ninth group on
  for (int opened = 8; opened >= 0; --opened) {
    const std::string known = opened == 0 ? "" : "1-" + std::to_string(opened);
    RegexId rest = regexes.unite({
        regexes.epsilon(),
        regexes.concat(whole(regexes, kNamed), level),
        regexes.concat(whole(regexes, "\\("), regexes.intersect({level, no_question_mark})),
    });
    RegexId tokens = whole(regexes, "([^\\\\\\[(]|\\\\[^1-9]|\\\\[" + known + "]|" + kClass + "|\\([?]([:=!]|<[=!]))*");
    level = regexes.concat(tokens, rest);
  }
  return level;
}

RegexId reference(RegexArena& regexes) {
  // A group's content is the language of the level below; everything else is the same at every level.
  RegexId quantifier = whole(regexes, "(([*+?]|" + braces() + ")[?]?)?");
  RegexId sets = set_escape(regexes);
  RegexId leaf = regexes.unite({
      whole(regexes, "[^\\^$\\\\.*+?()[\\]{}|]|[.]|" + character_escape() + "|\\\\[0-9]|\\\\k<[A-Za-z_$]>"),
      sets,
      character_class(regexes, sets),
  });
  RegexId simple_assertion = whole(regexes, "[\\^$]|\\\\[bB]");
  RegexId open_group = whole(regexes, "\\(([?](:|<[A-Za-z_$][A-Za-z0-9_$]*>))?");
  RegexId open_assertion = whole(regexes, "\\([?]<?[=!]");
  RegexId close = whole(regexes, "\\)");
  RegexId bar = whole(regexes, "[|]");

  RegexId level = regexes.none();
  for (int depth = 0; depth <= kDeepest; ++depth) {
    ShortList<RegexId> terms{regexes.concat(leaf, quantifier), simple_assertion};
    if (depth > 0) {
      RegexId inside = regexes.concat(level, close);
      terms.push_back(regexes.concat(open_group, regexes.concat(inside, quantifier)));
      terms.push_back(regexes.concat(open_assertion, inside));
    }
    terms.push_back(bar);
    level = regexes.repeat(regexes.unite(terms), 0, RegexArena::kUnbounded);
  }
  return regexes.intersect({
      level,
      distinct_names(regexes),
      named_references(regexes),
      numbered_references(regexes),
      // \0 before a digit would be an octal escape; \1 before one is another reference.
      regexes.complement(whole(regexes, "([^\\\\]|\\\\[^])*\\\\[0-9][0-9][^]*")),
  });
}

std::string utf8(const std::u32string& text) {
  std::string out;
  for (char32_t c : text) {
    if (c < 0x80) {
      out.push_back(static_cast<char>(c));
    } else if (c < 0x800) {
      out.push_back(static_cast<char>(0xC0 | c >> 6));
      out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
    } else {
      out.push_back(static_cast<char>(0xE0 | c >> 12));
      out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3F)));
      out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
    }
  }
  return out;
}

// Derivatives of the term are large: it is made anew from time to time.
struct Judges {
  std::unique_ptr<RegexArena> arena = std::make_unique<RegexArena>();
  RegexId format = formats::regex(*arena);
  RegexId term = reference(*arena);
};

class Comparison {
 public:
  void compare(const std::u32string& text) {
    if (++compared_ % 2000 == 0) judges_ = Judges();
    const std::string note = utf8(text);
    const bool accepted = judges_.arena->matches(judges_.format, text);
    const bool by_term = judges_.arena->matches(judges_.term, text);
    accepted_ += accepted;
    CHECK_NOTE(accepted || !by_term, note);
    const bool may_be_wider = note.find("{") != std::string::npos || note.find("-\\") != std::string::npos;
    CHECK_NOTE(accepted == by_term || (accepted && may_be_wider), note);
    if (accepted) CHECK_NOTE(!malformed(note), note);
  }
  int accepted() const { return accepted_; }

 private:
  bool malformed(const std::string& pattern) {
    try {
      judges_.arena->parse(pattern, RegexMode::kSearch);
    } catch (const UnsupportedError&) {
    } catch (const SpecError&) {
      return true;
    }
    return false;
  }

  Judges judges_;
  int compared_ = 0;
  int accepted_ = 0;
};

void random_patterns(Comparison& comparison) {
  const std::vector<std::u32string> pieces = {U"a",           U"b",        U"0",       U"1",          U"-",
                                              U"[",           U"]",        U"(",       U")",          U"{",
                                              U"}",           U"|",        U"^",       U"$",          U".",
                                              U"*",           U"+",        U"?",       U",",          U"\\",
                                              U"\\d",         U"\\x41",    U"\\u0041", U"\\u{1F600}", U"\\x5",
                                              U"\\u",         U"\\cA",     U"\\p{L}",  U"\\P{",       U"sc=Greek",
                                              U"Lu",          U"(?:",      U"(?=",     U"(?<!",       U"(?<n>",
                                              U"(?<m>",       U"(?<name>", U"\\k<n>",  U"\\k<",       U"\\1",
                                              U"\\2",         U"\\0",      U"[^",      U"a-z",        U"!-/",
                                              U"\u00e9",      U"\u03b1",   U"\u4e00",  U"\uac00-",    U"\u00e9-\u4e00",
                                              U"{2}",         U"{2,}",     U"{3,12}",  U"{12,3}",     U"{12,13}",
                                              U"*?",          U"\\b",      U"\\B",     U"\\/",        U"\\-",
                                              U"\\x1f-\\x2a", U"\\uD800",  U"=",       U":",          U"<",
                                              U">",           U"_",        U"~"};
  std::mt19937 rng(17);
  for (int round = 0; round < 40000; ++round) {
    std::u32string text;
    for (unsigned i = 1 + rng() % 6; i > 0; --i) text += pieces[rng() % pieces.size()];
    if (rng() % 3 == 0) text += U")";
    if (rng() % 6 == 0) text = U"[" + text + U"]";
    if (rng() % 6 == 0) text = U"(" + text + U")";
    comparison.compare(text);
  }
}

// Every text of three of these between brackets.
void classes(Comparison& comparison) {
  const std::u32string characters = U"-^]\\[!a~\u0085\u00c0\u0100\u9fff\ua000\uffff";
  for (char32_t a : characters) {
    for (char32_t b : characters) {
      for (char32_t c : characters) {
        comparison.compare({'[', a, b, c, ']'});
        comparison.compare({'[', 'x', a, '-', b, c, ']'});
      }
    }
  }
}

// What the term does not have, against arithmetic.
void numbers() {
  RegexArena arena;
  const RegexId format = formats::regex(arena);
  auto matches = [&](const std::string& text) {
    return arena.matches(format, std::u32string(text.begin(), text.end()));
  };
  std::mt19937 rng(19);
  for (int round = 0; round < 20000; ++round) {
    const unsigned size = 1 + rng() % 7;
    const unsigned bound = static_cast<unsigned>(std::stoul("1" + std::string(size, '0')));
    const unsigned low = rng() % bound;
    const unsigned high = rng() % 3 == 0 ? low + rng() % 3 - 1 : rng() % bound;
    if (high > 100000000) continue;
    const std::string zeros(rng() % 3, '0');
    CHECK_NOTE(matches("a{" + std::to_string(low) + "," + zeros + std::to_string(high) + "}") == (low <= high),
               std::to_string(low) + " " + std::to_string(high));
  }
  CHECK(matches("a{99999999999999999999}"));
  CHECK(matches("a{99999999999999999999,}"));
  auto hex = [](unsigned value, int digits) {
    char text[8];
    std::snprintf(text, sizeof text, "%0*x", digits, value);
    return std::string(text);
  };
  for (unsigned low = 0; low < 256; ++low) {
    for (unsigned high = 0; high < 256; ++high)
      CHECK(matches("[\\x" + hex(low, 2) + "-\\x" + hex(high, 2) + "]") == (low <= high));
  }
  for (int round = 0; round < 100000; ++round) {
    unsigned low = rng() % 0x10000;
    unsigned high = rng() % 4 == 0 ? (low + rng() % 3 - 1) & 0xFFFF : rng() % 0x10000;
    if (rng() % 4 == 0) high = 0xD7FE + rng() % 4;
    if (rng() % 4 == 0) low = 0xD7FE + rng() % 4;
    auto surrogate = [](unsigned value) { return value >= 0xD800 && value <= 0xDFFF; };
    const bool valid = low <= high && !surrogate(low) && !surrogate(high);
    CHECK_NOTE(matches("[\\u" + hex(low, 4) + "-\\u" + hex(high, 4) + "]") == valid, hex(low, 4) + " " + hex(high, 4));
  }
  for (char kind : {'g', 'b', 's'}) {
    for (std::string_view name : unicode_property_names(kind)) {
      const std::string text(name);
      CHECK_NOTE(matches("\\p{" + text + "}") == (kind != 's' || matches("\\p{gc=" + text + "}")), text);
      CHECK_NOTE(matches("[\\P{scx=" + text + "}]") == (kind == 's'), text);
      CHECK_NOTE(matches("\\p{General_Category=" + text + "}") == (kind == 'g'), text);
      CHECK_NOTE(!matches("\\p{" + text.substr(0, text.size() - 1) + "_}"), text);
    }
  }
}

// Every state has a completion: some character leads on until the text may end.
void aliveness() {
  RegexArena arena;
  const RegexId start = formats::regex(arena);
  const std::uint32_t count = arena.classes(start)->count;
  std::mt19937 rng(23);
  for (int walk = 0; walk < 400; ++walk) {
    RegexId state = start;
    for (int i = 0; i < 60; ++i) {
      ShortList<RegexId> ways;
      for (std::uint32_t id = 0; id < count; ++id) {
        RegexId next = arena.class_edge(state, id);
        if (next != arena.none()) ways.push_back(next);
      }
      CHECK(!ways.empty());
      CHECK(arena.shortest_word(state).has_value());
      state = ways[rng() % ways.size()];
    }
  }
}

// Beside a bound on the length, a state is alive as long as a shortest completion fits: with no search where an
// estimate says so.
void bounded() {
  RegexArena arena;
  const RegexId start = formats::regex(arena);
  std::mt19937 random(17);
  const std::u32string letters = U"[](){}\\?*^-|<>=!:,a09kpPuxcnL_\u00e9";
  std::size_t most = 0;
  for (int round = 0; round < 150; ++round) {
    RegexId state = start;
    for (unsigned tries = random() % 60; tries > 0; --tries) {
      const RegexId next = arena.derive_alone(state, letters[random() % letters.size()]);
      if (next != arena.none()) state = next;
    }
    const std::optional<std::u32string> word = arena.shortest_word(state);
    CHECK(word.has_value());
    if (!word) continue;
    most = std::max(most, word->size());
    for (std::uint32_t bound = 0; bound < word->size() + 3; ++bound) {
      const bool empty = arena.is_empty(arena.intersect({state, arena.length(0, bound)}));
      CHECK_NOTE(empty == (bound < word->size()), arena.describe(state));
    }
    // Estimates are of use: this much is seen without a search.
    FuelScope scope(40);
    CHECK(!arena.is_empty(arena.intersect({state, arena.length(0, 80)})));
  }
  CHECK(most > 6);
}

}  // namespace

int main() {
  bounded();
  Comparison comparison;
  random_patterns(comparison);
  classes(comparison);
  CHECK(comparison.accepted() > 8000);
  numbers();
  aliveness();
  return testing::check_summary();
}
