// The languages of formats, against references of other kinds: calendar and clock arithmetic for dates and times (every
// day of the interesting years, every leap second), inet_pton for addresses, the pattern parser for "regex", and single
// cases for the rest. tests/schema/test_formats.py adds the official suite.
#include <arpa/inet.h>

#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "base/errors.h"
#include "schema/formats.h"
#include "testing/check.h"

using namespace maskforge;

namespace {

RegexArena arena;

RegexId language(const char* name) { return format_language(arena, name).value(); }

bool matches(RegexId r, const std::string& ascii) {
  return arena.matches(r, std::u32string(ascii.begin(), ascii.end()));
}

std::string print(const char* format, int a, int b = 0, int c = 0, int d = 0) {
  char text[64];
  std::snprintf(text, sizeof text, format, a, b, c, d);
  return text;
}

void dates() {
  RegexId date = language("date");
  static const int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (int year : {0, 1, 4, 100, 400, 1900, 1999, 2000, 2023, 2024, 2100, 9996, 9999}) {
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    for (int month = 0; month <= 13; ++month) {
      for (int day = 0; day <= 32; ++day) {
        bool valid = month >= 1 && month <= 12 && day >= 1 && day <= kDays[month - 1] + (month == 2 && leap);
        std::string text = print("%04d-%02d-%02d", year, month, day);
        CHECK_NOTE(matches(date, text) == valid, text);
      }
    }
  }
  for (int year = 0; year < 10000; year += 1) {
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    CHECK_NOTE(matches(date, print("%04d-02-29", year)) == leap, std::to_string(year));
  }
  for (const char* text : {"", "2020-1-01", "2020-01-01 ", "20200101", "02020-01-01", "2020-01-01T00:00:00Z"})
    CHECK_NOTE(!matches(date, text), text);
}

void times() {
  RegexId time = language("time");
  RegexId both = language("date-time");
  std::mt19937 rng(5);
  for (int local = 0; local < 24 * 60; local += 1) {
    for (int k = 0; k < 60; ++k) {
      // Mostly the one right offset and its neighbours, in both signs.
      int sign = k % 2 ? 1 : -1;
      int right = ((sign > 0 ? local - (23 * 60 + 59) : 23 * 60 + 59 - local) + 48 * 60) % (24 * 60);
      int offset = k < 2    ? right
                   : k < 8  ? (right + (k / 2 - 2) + 1440) % 1440
                   : k < 12 ? (right + 60 * (k - 10) + 1440) % 1440
                            : static_cast<int>(rng() % 1440);
      int utc = ((local - sign * offset) % 1440 + 1440) % 1440;
      std::string text = print("%02d:%02d:60%c", local / 60, local % 60, sign > 0 ? '+' : '-') +
                         print("%02d:%02d", offset / 60, offset % 60);
      bool valid = utc == 23 * 60 + 59;
      CHECK_NOTE(matches(time, text) == valid, text);
      if (k < 4) CHECK_NOTE(matches(both, "2016-12-31T" + text) == valid, text);
      if (k < 4) CHECK_NOTE(matches(time, text.substr(0, 8) + ".25" + text.substr(8)) == valid, text);
    }
    std::string zulu = print("%02d:%02d:60Z", local / 60, local % 60);
    CHECK_NOTE(matches(time, zulu) == (local == 23 * 60 + 59), zulu);
  }
  for (int hour = 0; hour < 26; ++hour) {
    for (int minute = 0; minute < 62; ++minute) {
      bool valid = hour < 24 && minute < 60;
      std::string clock = print("%02d:%02d", hour, minute);
      CHECK_NOTE(matches(time, clock + ":59z") == valid, clock);
      CHECK_NOTE(matches(time, "00:00:00-" + clock) == valid, clock);
    }
  }
  for (const char* text :
       {"12:00:00", "12:00:00.Z", "12:00:61Z", "12:00Z", "12:00:00+01", "1:00:00Z", "24:59:60+01:00"})
    CHECK_NOTE(!matches(time, text), text);
}

// Random texts near valid ones, judged by the C library.
void addresses() {
  RegexId v4 = language("ipv4");
  RegexId v6 = language("ipv6");
  std::mt19937 rng(7);
  auto below = [&](unsigned n) { return rng() % n; };
  int good = 0;
  for (int round = 0; round < 200000; ++round) {
    std::string text;
    bool six = round % 2;
    unsigned parts = six ? 1 + below(9) : 3 + below(3);
    for (unsigned i = 0; i < parts; ++i) {
      if (i > 0) text += six ? ":" : ".";
      if (six && below(5) == 0) continue;
      if (six && i + 1 == parts && below(4) == 0) {
        text += "1.2.3." + std::to_string(below(300));
        continue;
      }
      text += six ? print("%x", static_cast<int>(below(below(9) ? 0x10000 : 0x20000))) : std::to_string(below(280));
    }
    if (six && below(4) == 0) text.insert(below(static_cast<unsigned>(text.size()) + 1), "::");
    unsigned char buffer[16];
    bool valid = inet_pton(six ? AF_INET6 : AF_INET, text.c_str(), buffer) == 1;
    good += valid;
    CHECK_NOTE(matches(six ? v6 : v4, text) == valid, text);
  }
  CHECK(good > 20000);
  CHECK(!matches(v4, "01.2.3.4"));
}

// What the format accepts must be a pattern that the parser does not call malformed; the listed ones must be accepted.
void patterns() {
  RegexId regex = language("regex");
  for (const char* text : {"",
                           "a|b",
                           "^(abc)+$",
                           "[a-zA-Z0-9_.-]+@[a-z]+\\.[a-z]{2,}",
                           "\\d{1,3}(?:\\.\\d{1,3}){3}",
                           "(?<year>\\d{4})-\\d\\d",
                           "(?=a)b",
                           "(?<!a)b",
                           "[^]",
                           "[]",
                           "\\u{1F600}",
                           "[\\x00-\\x1f]",
                           "\\p{Lu}\\P{Script=Greek}",
                           "a{10,12}?",
                           "a{99,}",
                           "[-a]",
                           "[a-]",
                           "[\\w-]",
                           "((((((((a))))))))",
                           "\\cA\\0",
                           "[!-~]",
                           "x*?y+?",
                           "(?<n>a)\\k<n>",
                           "[(]()\\1|(?<b>x)(?<c>\\2)\\3",
                           "\\\\01\\\\k<n>",
                           "(?<a>x)(?<b>y)",
                           "\\p{sc=Cherokee}[\\P{XID_Start}\\p{gc=Lowercase_Letter}]",
                           "[*-/]",
                           "a{19,21}"}) {
    CHECK_NOTE(matches(regex, text), text);
    try {
      arena.parse(text, RegexMode::kSearch);
    } catch (const UnsupportedError&) {
    } catch (const SpecError& error) {
      CHECK_NOTE(false, std::string(text) + ": " + error.what());
    }
  }
  for (const char* text : {"(",
                           ")",
                           "a**",
                           "[b-a]",
                           "a{2,1}",
                           "a{21,19}",
                           "a{5,03}",
                           "\\",
                           "[a",
                           "(?i)a",
                           "(?P<n>a)",
                           "\\a",
                           "\\1",
                           "(?:a)\\1",
                           "(?=a)\\1",
                           "[(]\\1",
                           "\\(\\1",
                           "(a)\\2",
                           "(a)\\10",
                           "[\\1]",
                           "(?<n>a)\\k<m>",
                           "[(?<n>]\\k<n>",
                           "\\(?<n>\\k<n>",
                           "(?<n>a)\\k",
                           "(?<n>a)\\k<n",
                           "\\p{sc=Latim}",
                           "\\p{Script}",
                           "\\k<n>",
                           "a{1",
                           "}",
                           "]",
                           "\\p{Foo}",
                           "(?<a>x)(?<a>y)",
                           "^*",
                           "\\b+",
                           "(?=a)*",
                           "[\\d-a]",
                           "[a-\\d]",
                           "\\u{110000}",
                           "\\x1",
                           "\\c1",
                           "\\01",
                           "[\\xf0-\\x0f]",
                           "[z-a]",
                           "\\-",
                           "(?#c)a"}) {
    CHECK_NOTE(!matches(regex, text), text);
  }
  std::string deep = "a";
  for (int depth = 1; depth <= 64; ++depth) deep = "(" + deep + ")";
  CHECK(matches(regex, deep));
  CHECK(!matches(regex, "(" + deep + ")"));
  std::mt19937 rng(11);
  const std::string alphabet = "ab01-[](){}|^$.*+?,\\dux:=!<>";
  int accepted = 0;
  for (int round = 0; round < 100000; ++round) {
    std::string text;
    for (unsigned i = 1 + rng() % 7; i > 0; --i) text.push_back(alphabet[rng() % alphabet.size()]);
    if (!matches(regex, text)) continue;
    ++accepted;
    try {
      arena.parse(text, RegexMode::kSearch);
    } catch (const UnsupportedError&) {
    } catch (const SpecError& error) {
      CHECK_NOTE(false, text + ": " + error.what());
    }
  }
  CHECK(accepted > 1000);
}

struct Case {
  const char* format;
  const char* text;
  bool valid;
};

// RFC 1123 as it is told: labels of letters, digits and hyphens, which neither begin nor end them, of 1 to 63
// characters; A-labels left out.
bool is_hostname(const std::string& name) {
  if (name.empty() || name.size() > 253) return false;
  for (std::size_t from = 0; from <= name.size();) {
    const std::size_t to = std::min(name.find('.', from), name.size());
    const std::string label = name.substr(from, to - from);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    const bool marked = label.size() >= 4 && (label[0] | 0x20) == 'x' && (label[1] | 0x20) == 'n';
    if (marked && label[2] == '-' && label[3] == '-') return false;
    for (char c : label) {
      if (c != '-' && !(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z')) return false;
    }
    from = to + 1;
  }
  return true;
}

void hostnames() {
  const RegexId host = language("hostname");
  const std::string symbols = "xXnNa0-.";
  for (unsigned length = 0; length <= 5; ++length) {
    for (unsigned code = 0; code < 1u << (3 * length); ++code) {
      std::string name;
      for (unsigned i = 0; i < length; ++i) name += symbols[code >> (3 * i) & 7];
      CHECK_NOTE(matches(host, name) == is_hostname(name), name);
    }
  }
  for (const std::string start :
       {"", "x", "xn", "x-", "xa", "xn-", "xn-a", "xna", "Xn0-", "xn--", "b--", "a.xn", "a.xn-"}) {
    for (const std::string end : {"", "a", "-", "n-0", ".c", "."}) {
      for (std::size_t middle = 54; middle <= 66; ++middle) {
        for (char filling : {'a', '-'}) {
          const std::string name = start + std::string(middle, filling) + end;
          CHECK_NOTE(matches(host, name) == is_hostname(name), name);
        }
      }
    }
  }
}

void single_cases() {
  const std::string label63(63, 'a');
  const std::string long_name = label63 + "." + label63 + "." + label63 + "." + std::string(61, 'a');  // 253 characters
  RegexId host = language("hostname");
  CHECK(matches(host, long_name));
  CHECK(!matches(host, long_name + "a"));
  CHECK(!matches(host, label63 + "a.com"));
  RegexId mail = language("email");
  CHECK(matches(mail, std::string(64, 'a') + "@b.c"));
  CHECK(!matches(mail, std::string(65, 'a') + "@b.c"));

  static const Case kCases[] = {
      {"hostname", "ab--cd.example", true},
      {"hostname", "xn--abc", false},
      {"hostname", "a.XN--abc", false},
      {"hostname", "a-.b", false},
      {"email", "a.b@c.d", true},
      {"email", "\"a b\"@c", true},
      {"email", "a..b@c", false},
      {"email", "a@[IPv6:::1]", true},
      {"email", "a@[::1]", false},
      {"email", "a@-b.c", false},
      {"uri", "http://a@b:80/c?d=%20#e", true},
      {"uri", "http://[::1]:8080/", true},
      {"uri", "http://[v1.a:b]/", true},
      {"uri", "a:", true},
      {"uri", "a://", true},
      {"uri", "//a", false},
      {"uri", "a b:c", false},
      {"uri", "http://a/%2", false},
      {"uri", "http://a/[", false},
      {"uri-reference", "", true},
      {"uri-reference", "a/b:c", true},
      {"uri-reference", "1:b", false},
      {"uri-reference", "//a:b", false},
      {"uri-template", "/a{?b*,c:3}", true},
      {"uri-template", "{a:0}", false},
      {"uri-template", "{", false},
      {"uuid", "00000000-0000-0000-0000-00000000000G", false},
      {"uuid", "0000000A-0000-0000-0000-00000000000b", true},
      {"json-pointer", "/a~1b/", true},
      {"json-pointer", "a", false},
      {"json-pointer", "/~2", false},
      {"relative-json-pointer", "0#", true},
      {"relative-json-pointer", "01", false},
      {"relative-json-pointer", "1/a", true},
      {"duration", "P1Y2M3DT4H5M6S", true},
      {"duration", "P1Y2D", false},
      {"duration", "PT", false},
      {"duration", "P1W", true},
  };
  for (const Case& c : kCases)
    CHECK_NOTE(matches(language(c.format), c.text) == c.valid, std::string(c.format) + " " + c.text);

  RegexId iri = language("iri");
  CHECK(arena.matches(iri, U"http://\u00e9.example/\u4e00?\ue000"));
  CHECK(!arena.matches(iri, U"http://a/\ue000"));  // private use in queries only
  CHECK(!arena.matches(iri, U"http://a/\u0085"));
  CHECK(!arena.matches(language("uri"), U"http://\u00e9"));
  CHECK(arena.matches(language("idn-email"), U"\u00e9@\u00e9.com"));
  CHECK(!arena.matches(language("email"), U"\u00e9@e.com"));

  RegexId idn = language("idn-hostname");
  for (const char32_t* name : {U"\uc2e4\ub840.\ud14c\uc2a4\ud2b8", U"b\u00fccher.example", U"l\u00b7l", U"\u05d0\u05f3",
                               U"a\u3002\u4e2d\u6587", U"\u0915\u094d\u200d\u0937", U"\u0431\u0430\u0431",
                               U"\u0e17\u0e35\u0e48", U"www.example.com", U"\u0915\u093c\u094d\u0916"}) {
    CHECK(arena.matches(idn, name));
  }
  for (const char32_t* name :
       {U"", U"\u00fc..a", U"B\u00fccher", U"-\u00fc", U"\u0301a", U"a\u00b7l", U"\u05d0a.b1", U"1.\u05d0",
        U"\u05d01\u0660", U"xn--a", U"ab--\u00fc", U"\u0928\u093c",
        U"\u4e00\u4e8c\u4e00\u4e8c\u4e00\u4e8c\u4e00\u4e8c\u4e00\u4e8c\u4e00\u4e8c\u4e00\u4e8c\u4e00\u4e8c", U"\u30fb",
        U"\uff21"}) {
    CHECK(!arena.matches(idn, name));
  }

  CHECK(!known_format("phone", true).has_value());
  CHECK(known_format("relative-json-pointer", false) == "relative-json-pointer");
  std::string later(known_format("relative-json-pointer", true).value());
  CHECK(!known_format(later, true).has_value());
  for (const char* text : {"0", "0+1", "12-3/a", "0+0", "1#", "0-10//"})
    CHECK_NOTE(matches(language(later.c_str()), text), text);
  for (const char* text : {"0+", "0+01", "0+1#", "+1", "0+1+1", "0/+1~"})
    CHECK_NOTE(!matches(language(later.c_str()), text), text);
  CHECK(!format_language(arena, "phone").has_value());
}

}  // namespace

int main() {
  dates();
  times();
  addresses();
  patterns();
  hostnames();
  single_cases();
  return testing::check_summary();
}
