// The pattern syntax: what each construct accepts, what is refused and where, and the forms seen in real schemas.
#include "base/errors.h"
#include "regex/regex.h"
#include "testing/check.h"

using namespace maskforge;

namespace {

struct Case {
  const char* pattern;
  const char32_t* text;
  bool whole;
  bool search;
};

const Case kCases[] = {
    {"abc", U"abc", true, true},
    {"abc", U"xabcx", false, true},
    {"^abc$", U"abc", true, true},
    {"^abc$", U"xabc", false, false},
    {"^a|b$", U"ax", false, true},
    {"^a|b$", U"xb", false, true},
    {"^a|b$", U"xa", false, false},
    {"", U"anything", false, true},
    {".", U"\n", false, false},
    {".", U"\u2028", false, false},
    {".", U"\U0001F600", true, true},
    {"[^]", U"\n", true, true},
    {"[]", U"a", false, false},
    {"\\d", U"\u0664", false, false},
    {"\\w", U"é", false, false},
    {"\\W", U"é", true, true},
    {"\\s", U"\uFEFF", true, true},
    {"\\s", U"\u3000", true, true},
    {"\\S", U"\u00A0", false, false},
    {"\\s", U"\u180E", false, false},
    {"\\x41\\u0042\\u{43}", U"ABC", true, true},
    {"\\ud83d\\ude00", U"\U0001F600", true, true},
    {"[\\ud83d\\ude00-\\ud83d\\ude02]", U"\U0001F601", true, true},
    {"\\cJ\\0", std::u32string_view(U"\n\0", 2).data(), false, false},  // the text ends at the null character
    {"\\t\\n\\v\\f\\r", U"\t\n\v\f\r", true, true},
    {"[\\b]", U"\b", true, true},
    {"\\-\\_\\:\\/\\@\\\"\\'\\ \\#\\%\\&\\<\\>\\~\\`\\!\\,\\;\\=", U"-_:/@\"' #%&<>~`!,;=", true, true},
    {"a]b}c{d", U"a]b}c{d", true, true},
    {"a{,5}", U"a{,5}", true, true},
    {"{a}", U"{a}", true, true},
    {"x{2", U"x{2", true, true},
    {"[\\w-.]+", U"a-.", true, true},
    {"[a-\\d]+", U"a-7", true, true},
    {"[-a]+", U"-a", true, true},
    {"[a-]+", U"-a", true, true},
    {"[+--]+", U"+,-", true, true},
    {"[^-a]", U"b", true, true},
    {"[\\]\\\\]+", U"]\\", true, true},
    {"[[(*]+", U"[(*", true, true},
    {"a{0}", U"", true, true},
    {"a{2}", U"aa", true, true},
    {"a{2,}?b", U"aaab", true, true},
    {"a*?b+?c??", U"abb", true, true},
    {"(?<year>\\d{4})-(?<m1>\\d\\d)", U"2026-11", true, true},
    {"(?:a|b)(c|)", U"a", true, true},
    {"\\bfoo\\b", U"a foo.", false, true},
    {"\\bfoo\\b", U"afoo", false, false},
    {"\\Boo", U"foo", false, true},
    {"(?<=\\$)\\d+", U"$42", false, true},
    {"(?<!\\$)\\b\\d+", U"$42", false, false},
    {"(?<=^a)b", U"ab", false, true},
    {"(?<=^a)b", U"cab", false, false},
    {"(?<=\\bfoo)bar", U"foobar", false, true},
    {"(?<=\\bfoo)bar", U"xfoobar", false, false},
    {"(?=a)*b", U"b", true, true},
    {"^(?!foo)[a-z]+$", U"food", false, false},
    {"^(?!foo)[a-z]+$", U"fod", true, true},
    {"^((?!foo).)*$", U"a foo b", false, false},
    {"^((?!foo).)*$", U"a fo o", true, true},
    {"^(?=.*[A-Z])(?=.*\\d).{4,}$", U"abC1", true, true},
    {"^(?=.*[A-Z])(?=.*\\d).{4,}$", U"abCd", false, false},
    {"$a", U"a", false, false},
    {"a^", U"a", false, false},
    {"(^a|b)+$", U"ab", true, true},
    {"(^a|b)+$", U"aab", false, true},
    {"\\p{Lu}\\p{Uppercase_Letter}\\p{gc=Lu}\\p{L}", U"ÀÉΔя", true, true},
    {"\\P{Lu}", U"a", true, true},
    {"[^\\p{L}\\d]", U"é", false, false},
    {"[\\p{Script=Greek}\\p{scx=Cyrl}]+", U"αя", true, true},
    {"\\p{Emoji_Presentation}", U"\U0001F600", true, true},
    {"\\p{ASCII}\\p{Any}\\p{Assigned}", U"aéb", true, true},
    {"\\p{Script=Grek}", U"a", false, false},
    {"é+", U"éé", true, true},
};

struct Bad {
  const char* pattern;
  const char* where;
  bool unsupported;
};

const Bad kBad[] = {
    {"a(b", "offset 1", false},
    {"a)b", "offset 1", false},
    {"*a", "offset 0", false},
    {"a|+", "offset 2", false},
    {"a{2}{3}", "offset 4", false},
    {"a{3,2}", "offset 4", false},
    {"[b-a]", "offset 1", false},
    {"[abc", "offset 0", false},
    {"\\", "offset 0", false},
    {"\\x4", "offset 0", false},
    {"\\u12", "offset 0", false},
    {"\\u{110000}", "offset 0", false},
    {"\\c1", "offset 0", false},
    {"\\01", "offset 0", false},
    {"\\p{Lu", "offset 0", false},
    {"\\pL", "offset 0", false},
    {"(?<1a>b)", "offset 3", false},
    {"{2}", "offset 0", false},
    {"(a)\\1", "offset 3", true},
    {"(?<n>a)\\k<n>", "offset 7", true},
    {"(?i)a", "offset 0", true},
    {"a\\Z", "offset 1", true},
    {"\\Aa", "offset 0", true},
    {"(?P<n>a)", "offset 0", true},
    {"(?>a)", "offset 0", true},
    {"a++", "offset 2", true},
    {"\\p{Nope}", "offset 0", true},
    {"\\p{greek}", "offset 0", true},
    {"é\\p{RGI_Emoji}", "offset 1", true},
    {"a{99999999999}", "offset 1", true},
    {"\\a", "offset 0", true},
    {"x(?<=a(?=b))", "offset 1", true},
};

}  // namespace

int main() {
  RegexArena arena;
  for (const Case& c : kCases) {
    for (RegexMode mode : {RegexMode::kWhole, RegexMode::kSearch}) {
      bool expected = mode == RegexMode::kWhole ? c.whole : c.search;
      bool got = !expected;
      std::string note = c.pattern;
      try {
        got = arena.matches(arena.parse(c.pattern, mode), c.text);
      } catch (const Error& error) {
        note += std::string(": ") + error.what();
      }
      CHECK_NOTE(got == expected, note);
    }
  }
  for (const Bad& bad : kBad) {
    bool unsupported = false;
    std::string where = "accepted", what;
    try {
      arena.parse(bad.pattern, RegexMode::kSearch);
    } catch (const SpecError& error) {
      where = error.where();
      what = error.what();
      unsupported = dynamic_cast<const UnsupportedError*>(&error) != nullptr;
    }
    CHECK_NOTE(where == bad.where && unsupported == bad.unsupported,
               std::string(bad.pattern) + " -> " + where + " " + what);
  }
  CHECK_THROWS(SpecError, arena.parse("\xff", RegexMode::kWhole));
  CHECK_THROWS(SpecError, arena.parse("\xed\xa0\x80", RegexMode::kWhole));
  CHECK(arena.parse("^[a-z]+$", RegexMode::kSearch) == arena.parse("[a-z]+", RegexMode::kWhole));
  CHECK(arena.parse("a", RegexMode::kWhole) == arena.literal(U"a"));
  // A part that looks at its own start and end, inside a larger regex.
  RegexId glued = arena.concat(arena.literal(U"a"), arena.parse("^b$|\\bc", RegexMode::kSearch));
  CHECK(arena.matches(glued, U"ab"));
  CHECK(arena.matches(glued, U"ac"));
  CHECK(!arena.matches(glued, U"axb"));
  return testing::check_summary();
}
