// The format "regex": patterns of ECMA-262 with the `u` flag. Covered by tests/csrc/test_formats.cc.
//
// Parentheses nest, so no regular language is exact. This one accepts valid patterns only, and all but these:
// - groups nested more than kDeepest deep;
// - two named groups whose names begin with the same character, and names beyond ASCII;
// - `\k<name>`, but for the first named group, after it, with a name of one character;
// - backreferences `\10` and up, and those that stand before their group;
// - repeat counts {n,m} where neither m has more digits than n nor both have at most two;
// - class ranges between characters that are spelled in different ways, and those that tell their order apart only
// late;
// - Unicode properties younger than the tables.
#include <string>
#include <vector>

#include "regex/unicode.h"
#include "schema/format_parts.h"

namespace maskforge::formats {
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
  std::vector<RegexId> pairs;
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
  std::vector<RegexId> names;
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

}  // namespace

RegexId regex(RegexArena& regexes) {
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
    std::vector<RegexId> terms{regexes.concat(leaf, quantifier), simple_assertion};
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

}  // namespace maskforge::formats
