// The regex arena piece by piece: sets, words, simplification, hostile counters, emptiness, counting, clip, fuel.
#include <algorithm>
#include <functional>
#include <random>
#include <set>

#include "base/errors.h"
#include "base/fuel.h"
#include "regex/regex.h"
#include "testing/check.h"

using namespace maskforge;

namespace {

constexpr std::uint32_t kInf = RegexArena::kUnbounded;

std::size_t count_states(RegexArena& arena, RegexId root, std::size_t limit) {
  std::set<RegexId> seen{root};
  ShortList<RegexId> states{root};
  for (std::size_t i = 0; i < states.size() && states.size() < limit; ++i) {
    for (const RegexEdge& edge : arena.edges(states[i])) {
      if (seen.insert(edge.target).second) states.push_back(edge.target);
    }
  }
  return states.size();
}

std::u32string repeated(char32_t c, std::size_t n) { return std::u32string(n, c); }

void basics() {
  RegexArena arena;
  CHECK(arena.none() != arena.epsilon());
  CHECK(arena.is_empty(arena.none()));
  CHECK(!arena.is_empty(arena.any_text()));
  CHECK(arena.edges(arena.any_text()).size() == 1);
  CHECK(arena.edges(arena.any_text())[0].first == 0 && arena.edges(arena.any_text())[0].last == 0x10FFFF);
  CHECK(arena.chars({}) == arena.none());
  CHECK(arena.chars({{0xD800, 0xDFFF}}) == arena.none());
  CHECK(arena.chars({{0, 0xD7FF}, {0xE000, 0x10FFFF}}) == arena.length(1, 1));
  CHECK(arena.chars({{'b', 'd'}, {'a', 'b'}}) == arena.chars({{'a', 'd'}}));
  CHECK(arena.length(3, 2) == arena.none());
  CHECK(arena.length(0, 0) == arena.epsilon());
  CHECK(arena.length(0, kInf) == arena.any_text());
  RegexId a = arena.literal(U"a"), b = arena.literal(U"b");
  CHECK(arena.complement(arena.complement(a)) == a);
  CHECK(arena.unite({a, arena.complement(a)}) == arena.any_text());
  CHECK(arena.intersect({a, arena.complement(a)}) == arena.none());
  CHECK(arena.unite({a, b}) == arena.chars({{'a', 'b'}}));
  CHECK(arena.unite({}) == arena.none());
  CHECK(arena.intersect({}) == arena.any_text());
  CHECK(arena.intersect({arena.length(2, 9), arena.length(4, 12)}) == arena.length(4, 9));
  CHECK(arena.intersect({arena.literal(U"abc"), arena.length(4, 12)}) == arena.none());
  CHECK(arena.intersect({arena.literal(U"abc"), arena.length(2, 12)}) == arena.literal(U"abc"));
  CHECK(arena.repeat(arena.repeat(a, 1, 50), 1, 50) == arena.repeat(a, 1, 2500));
  CHECK(arena.repeat(arena.repeat(a, 2, 3), 0, 1) != arena.repeat(a, 0, 3));
  CHECK(arena.repeat(arena.repeat(a, 0, kInf), 0, kInf) == arena.repeat(a, 0, kInf));
  CHECK(arena.repeat(a, 4000000000u, 4000000000u) != arena.repeat(arena.repeat(a, 2000000000u, 2000000000u), 4, 4));
  CHECK_THROWS(MisuseError, arena.repeat(a, 3, 2));
  CHECK_THROWS(MisuseError, arena.is_empty(123456));
  // Surrogates are no characters; a range across them counts scalar values only.
  CHECK(arena.count_words(arena.length(1, 1), 1u << 30) == 0x110000 - 0x800);
  CHECK(arena.count_words(arena.parse("[\\ud7ff-\\ue000]", RegexMode::kWhole), 100) == 2);
  CHECK(!arena.describe(arena.parse("^(?!a)\\b[b-z]{2,}$", RegexMode::kSearch)).empty());
  CHECK(arena.memory_bytes() > 0);
}

void words() {
  RegexArena arena;
  std::vector<std::u32string> many;
  for (int i = 0; i < 100000; ++i) {
    std::string text = "key" + std::to_string(i * 7919 % 1000003);
    many.emplace_back(text.begin(), text.end());
  }
  RegexId all = arena.words(many);
  CHECK(arena.matches(all, many[777]));
  CHECK(!arena.matches(all, many[777] + U"x"));
  CHECK(!arena.matches(all, U"key"));
  CHECK(arena.count_words(all, 1u << 20) == 100000);
  CHECK(arena.count_words(all, 10) == 10);
  CHECK(arena.is_empty(arena.intersect({all, arena.parse("x", RegexMode::kSearch)})));
  CHECK(!arena.is_empty(arena.intersect({all, arena.parse("99$", RegexMode::kSearch)})));
  std::uint64_t expected = static_cast<std::uint64_t>(
      std::count_if(many.begin(), many.end(), [](const auto& w) { return w.back() == '7'; }));
  CHECK(arena.count_words(arena.intersect({all, arena.parse("7$", RegexMode::kSearch)}), 1u << 20) == expected);
  RegexId one = arena.words({repeated('x', 50000)});
  CHECK(arena.matches(one, repeated('x', 50000)));
  CHECK(!arena.matches(one, repeated('x', 49999)));
  CHECK(arena.shortest_word(one)->size() == 50000);
  CHECK(arena.words({}) == arena.none());
  CHECK(arena.words({U""}) == arena.epsilon());
  CHECK(arena.words({U"b", U"a", U"b"}) == arena.words({U"a", U"b"}) ||
        arena.count_words(arena.words({U"b", U"a", U"b"}), 9) == 2);
}

// Patterns that unroll, backtrack or explode elsewhere: the states stay few and the counts are exact at their ends.
void hostile() {
  RegexArena arena;
  auto whole = [&](const char* pattern) { return arena.parse(pattern, RegexMode::kWhole); };
  CHECK(count_states(arena, whole("([a-z]+,?){0,500}\\."), 100000) < 1100);
  CHECK(count_states(arena, whole("(.*a){0,300}"), 100000) < 10);
  CHECK(count_states(arena, whole("(a*)*b"), 100000) < 5);
  CHECK(count_states(arena, whole("(.*)*x{1000}"), 100000) < 1100);
  CHECK(count_states(arena, whole("((a{1,50}){1,50}){1,50}"), 200000) < 125010);
  CHECK(arena.matches(whole("((a{1,50}){1,50}){1,50}"), repeated('a', 125000)));
  CHECK(!arena.matches(whole("((a{1,50}){1,50}){1,50}"), repeated('a', 125001)));
  CHECK(arena.matches(whole("(a|b)*a(a|b){20}"), U"bb" + repeated('a', 21)));
  CHECK(!arena.matches(whole("(a|b)*a(a|b){20}"), repeated('b', 30)));
  CHECK(arena.matches(whole(".{100000}"), repeated('a', 100000)));
  CHECK(!arena.matches(whole(".{100000}"), repeated('a', 99999)));
  RegexId password = arena.parse("^(?=.*\\d)(?=.*[a-z]).{8,100000}$", RegexMode::kSearch);
  CHECK(!arena.is_empty(password));
  CHECK(arena.shortest_word(password)->size() == 8);
  CHECK(arena.matches(password, U"1a" + repeated('-', 99998)));
  CHECK(!arena.matches(password, U"1a" + repeated('-', 99999)));
  CHECK(!arena.matches(password, repeated('a', 20)));
  // A counter against a length: no unrolling, an exact answer at the border.
  CHECK(arena.is_empty(arena.intersect({whole("(ab){50000}"), arena.length(0, 99999)})));
  CHECK(!arena.is_empty(arena.intersect({whole("(ab)*"), arena.length(99999, 100000)})));
  CHECK(arena.is_empty(arena.intersect({whole("(ab)*"), arena.length(99999, 99999)})));
  CHECK(arena.is_empty(arena.intersect({whole("(abc|defdef)*"), arena.length(4000000000u, 4000000001u)})) ==
        (4000000000u % 3 != 0 && 4000000001u % 3 != 0));
  CHECK(!arena.is_empty(arena.intersect({arena.complement(whole("a*")), arena.length(3000000000u, kInf)})));
  // Large texts of patterns.
  std::string chain, optional, alternatives, nested(10000, '(');
  for (int i = 0; i < 100000; ++i) chain += static_cast<char>('a' + i % 26);
  for (int i = 0; i < 3000; ++i) optional += std::string(1, static_cast<char>('a' + i % 26)) + "?";
  for (int i = 0; i < 15000; ++i) alternatives += (i ? "|" : "") + std::string("w") + std::to_string(i);
  CHECK(arena.matches(whole(chain.c_str()), std::u32string(chain.begin(), chain.end())));
  CHECK(!arena.is_empty(arena.parse("\\b" + chain + "\\b", RegexMode::kSearch)));
  CHECK(arena.matches(whole(alternatives.c_str()), U"w14999"));
  CHECK(!arena.matches(whole(alternatives.c_str()), U"w15000"));
  CHECK(arena.matches(whole(optional.c_str()), U"az"));
  nested += "a" + std::string(10000, ')');
  CHECK_THROWS(UnsupportedError, whole(nested.c_str()));
  CHECK_THROWS(SpecError, whole(std::string(10000, '(').c_str()));
}

// Every text of at most `longest` of these characters.
std::vector<std::u32string> texts_over(const std::u32string& alphabet, std::size_t longest) {
  std::vector<std::u32string> texts{U""};
  for (std::size_t i = 0; i < texts.size() && texts[i].size() < longest; ++i) {
    for (char32_t c : alphabet) texts.push_back(texts[i] + c);
  }
  return texts;
}

// What no word of one part may hold, another may need: intersections that are empty for that reason are seen at once,
// and no others are taken for such.
void needs() {
  RegexArena arena;
  const std::u32string alphabet = U"aB07-\u00e9\n";
  const std::vector<std::u32string> texts = texts_over(alphabet, 4);
  std::mt19937 random(11);
  std::function<RegexId(int)> any_regex = [&](int depth) -> RegexId {
    auto inner = [&] { return any_regex(depth - 1); };
    auto letter = [&] { return alphabet[random() % alphabet.size()]; };
    switch (random() % (depth > 0 ? 10 : 3)) {
      case 0: {
        const char32_t a = letter(), b = random() % 2 == 0 ? letter() : a;
        return arena.chars({{a, a}, {b, b}});
      }
      case 1:
        return arena.literal(std::u32string{letter(), letter()});
      case 2:
        return random() % 2 == 0 ? arena.any_text()
                                 : arena.words({{letter()}, {letter(), letter()}, {letter(), letter(), letter()}});
      case 3:
      case 4:
        return arena.unite({inner(), inner()});
      case 5:
        return arena.repeat(inner(), static_cast<std::uint32_t>(random() % 2), random() % 2 == 0 ? 2 : kInf);
      case 6:
        return random() % 3 == 0 ? arena.complement(inner()) : arena.concat(inner(), inner());
      case 7:
        return arena.concat(arena.any_text(), arena.intersect({inner(), inner()}));
      default:
        return arena.concat(inner(), inner());
    }
  };
  auto after = [&](RegexId r, const std::u32string& text) {
    for (char32_t c : text) {
      RegexId next = arena.none();
      for (const RegexEdge& edge : arena.edges(r)) {
        if (edge.first <= c && c <= edge.last) next = edge.target;
      }
      r = next;
    }
    return r;
  };
  int empty = 0, endless = 0;
  for (int round = 0; round < 1500; ++round) {
    const RegexId first = any_regex(3), second = any_regex(3);
    const RegexId both = arena.intersect({first, second});
    ShortList<RegexId> alone;
    for (RegexId r : {first, second, both}) {
      for (char32_t c : alphabet) alone.push_back(arena.derive_alone(r, c));
    }
    bool found = false;
    for (const std::u32string& text : texts) {
      const bool expected = arena.matches(first, text) && arena.matches(second, text);
      CHECK_NOTE(arena.matches(both, text) == expected, arena.describe(first) + " & " + arena.describe(second));
      found = found || expected;
    }
    CHECK(!(found && arena.is_empty(both)));
    std::size_t at = 0;
    for (RegexId r : {first, second, both}) {
      for (char32_t c : alphabet) CHECK_NOTE(alone[at++] == after(r, {c}), arena.describe(r));
    }
    if (both == arena.none()) ++empty;
    for (RegexId r : {first, both}) {
      if (arena.same_prefixes(r) != arena.any_text()) continue;
      ++endless;
      for (int i = 0; i < 30; ++i) {
        const std::u32string& text = texts[random() % texts.size()];
        const RegexId rest = after(r, text);
        const std::optional<std::u32string> word = arena.shortest_word(rest);
        CHECK_NOTE(word && arena.matches(r, text + *word), arena.describe(r));
      }
    }
  }
  CHECK(empty > 200 && empty < 1300 && endless > 200);
  FuelScope scope(3000);  // tens of thousands of states would have to be seen
  const RegexId time = arena.parse("^[0-9:]{1,200}\\.?[0-9]{1,200}(Z|\\+[0-9]{1,200})$", RegexMode::kSearch);
  CHECK(arena.is_empty(arena.intersect({time, arena.parse("1[0-9]T0", RegexMode::kSearch)})));
}

// What is left of an intersection without the members that can wait has the same prefixes.
void prefixes() {
  RegexArena arena;
  const std::u32string alphabet = U"aB0\n";
  const std::vector<std::u32string> texts = texts_over(alphabet, 5);
  std::mt19937 random(5);
  auto some = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
  auto set = [&](std::uint32_t fewest) {
    std::vector<CodePointRange> ranges;
    for (char32_t c : alphabet) {
      if (some(4) >= fewest) ranges.push_back({c, c});
    }
    return ranges.empty() ? arena.chars({{'a', 'a'}}) : arena.chars(ranges);
  };
  auto part = [&] {
    return some(3) == 0 ? arena.literal(std::u32string{alphabet[some(4)], alphabet[some(4)]}) : set(2);
  };
  auto rest = [&] {
    RegexId r = arena.any_text();
    for (std::uint32_t i = some(3); i-- > 0;) r = arena.concat(some(3) == 0 ? arena.any_text() : part(), r);
    return some(4) == 0 ? part() : r;
  };
  auto member = [&]() -> RegexId {
    switch (some(8)) {
      case 0:
        return arena.repeat(set(1), some(4), some(2) == 0 ? kInf : 4 + some(3));
      case 1:
        return arena.concat(part(), rest());
      case 2:
        return arena.complement(arena.concat(arena.any_text(), arena.concat(part(), arena.any_text())));
      case 3:
        return arena.unite({arena.concat(arena.any_text(), rest()), arena.repeat(set(1), 0, 2)});
      default:
        return arena.concat(some(2) == 0 ? arena.any_text() : arena.repeat(set(some(2)), 0, kInf), rest());
    }
  };
  auto after = [&](RegexId r, const std::u32string& text) {
    for (char32_t c : text) r = arena.derive_alone(r, c);
    return r;
  };
  int plainer = 0, bounded = 0;
  for (int round = 0; round < 3000; ++round) {
    ShortList<RegexId> members;
    for (std::uint32_t i = 2 + some(3); i-- > 0;) members.push_back(member());
    const RegexId whole = arena.intersect(members);
    const RegexId simple = arena.same_prefixes(whole);
    if (simple == whole) continue;
    plainer += simple != arena.any_text();
    bounded += simple != arena.any_text() && !arena.matches(simple, U"aaaaaaaaaaaaaaa");
    for (const std::u32string& text : texts) {
      CHECK_NOTE(arena.is_empty(after(whole, text)) == arena.is_empty(after(simple, text)),
                 arena.describe(whole) + " / " + arena.describe(simple));
    }
  }
  CHECK(plainer > 200 && bounded > 20);
  const RegexId password =
      arena.parse("^(?=.*[a-z])(?=.*[A-Z])(?=.*\\d)(?=.*[@$!%*?&])[A-Za-z\\d@$!%*?&]{8,}$", RegexMode::kSearch);
  CHECK(arena.same_prefixes(password) == arena.parse("^[A-Za-z\\d@$!%*?&]{8,}$", RegexMode::kSearch));
  // A line break would rule a later digit out, so that not every text of these characters is a prefix.
  const RegexId lines = arena.parse("^(?=.*\\d)[\\d\\n]{3,}$", RegexMode::kSearch);
  CHECK(arena.same_prefixes(lines) == lines);
  // Nor is one that is too long to meet what waits.
  const RegexId bound = arena.parse("^(?=.*\\d)[a-z\\d]{3,9}$", RegexMode::kSearch);
  CHECK(arena.same_prefixes(bound) == bound);
}

// A word that has to meet many things is found without looking at all words that meet few of them.
void many_needs() {
  RegexArena arena;
  ShortList<RegexId> parts{arena.parse("^[\\w-]{60}$", RegexMode::kSearch)};
  for (const char* part : {"ab1", "b12", "bc1", "c12", "ca1", "a12", "\\d\\d", "x.*y", "y.*x", "q[0-4]+q", "z"})
    parts.push_back(arena.parse(part, RegexMode::kSearch));
  const RegexId all = arena.intersect(parts);
  FuelScope scope(20000);
  CHECK(!arena.is_empty(all));
}

void fuel() {
  RegexArena arena;
  RegexId bad = arena.intersect(
      {arena.parse("^(a|b)*a(a|b){24}$", RegexMode::kSearch), arena.parse("^(a|b)*b(a|b){24}$", RegexMode::kSearch)});
  {
    FuelScope scope(5000);
    CHECK_THROWS(FuelError, arena.is_empty(bad));
  }
  RegexId fine = arena.intersect({arena.parse("a", RegexMode::kSearch), arena.parse("b", RegexMode::kSearch)});
  for (std::uint64_t units = 0; units < 60; ++units) {
    FuelScope scope(units);
    try {
      CHECK(!arena.is_empty(fine));
    } catch (const FuelError&) {
    }
  }
  CHECK(!arena.is_empty(fine));
  CHECK(arena.shortest_word(fine)->size() == 2);
}

// Words of at most `longest` characters from r and from clip(r), in step: both dead or both alive, both accepting or
// neither.
bool same_within(RegexArena& arena, RegexId r, RegexId c, std::uint32_t longest,
                 std::set<std::pair<RegexId, RegexId>>& seen) {
  if (r == c || !seen.insert({r, c}).second) return true;
  bool dead = arena.is_empty(r);
  if (dead != arena.is_empty(c) || arena.nullable(r) != arena.nullable(c)) return false;
  if (dead || longest == 0) return true;
  for (char32_t x : U"abc-") {
    auto step = [&](RegexId from) {
      for (const RegexEdge& edge : arena.edges(from)) {
        if (edge.first <= x && x <= edge.last) return edge.target;
      }
      return arena.none();
    };
    RegexId next_r = step(r), next_c = step(c);
    std::set<std::pair<RegexId, RegexId>> fresh;  // a pair may be met again with more characters left: no sharing
    if (!same_within(arena, next_r, next_c, longest - 1, fresh)) return false;
  }
  return true;
}

void clipping() {
  RegexArena arena;
  auto whole = [&](const char* p) { return arena.parse(p, RegexMode::kWhole); };
  CHECK(arena.clip(arena.length(1, 255), 40) == arena.clip(arena.length(1, 2048), 40));
  CHECK(arena.clip(arena.length(1, 255), 300) == arena.length(1, 255));
  // From where on the bounds of a counter are in reach, nothing changes.
  for (auto [pattern, reach] : {std::pair{"[0-9]{4}", 5u},
                                {"[0-9]{2,7}", 8u},
                                {"(?:ab){3}", 7u},
                                {"a{5,}", 4u},
                                {"(?:a{2}-|b{9})+", 10u},
                                {"(?:a|b{3})c(?:a|-){6}", 7u},
                                {"(?:ab?){8,}", 7u}}) {
    const RegexId r = whole(pattern);
    CHECK_NOTE(arena.clip(r, reach) == r && arena.clip(r, 1000) == r && arena.clip(r, reach - 1) != r, pattern);
  }
  CHECK(arena.clip(arena.length(100, 255), 40) == arena.clip(arena.length(90, 91), 40));
  CHECK(arena.clip(whole(".{1,255}"), 40) == arena.clip(whole(".{1,2048}"), 40));
  RegexId search = arena.parse("foo", RegexMode::kSearch);
  CHECK(arena.clip(arena.intersect({search, arena.length(0, 5000)}), 40) ==
        arena.clip(arena.intersect({search, arena.length(0, 9000)}), 40));
  CHECK(arena.clip(arena.intersect({search, arena.length(60, 5000)}), 40) ==
        arena.clip(arena.intersect({search, arena.length(70, 9000)}), 40));
  for (const char* p : {"^(?=.*\\d)(?=.*[a-z]).{8,%d}$", "^(?!foo).{70,%d}$", "^(?!.*--).{0,%d}$", "^(ab){0,%d}$"}) {
    char near[64], far[64];
    std::snprintf(near, sizeof near, p, 300);
    std::snprintf(far, sizeof far, p, 100000);
    RegexId x = arena.parse(near, RegexMode::kSearch), y = arena.parse(far, RegexMode::kSearch);
    CHECK_NOTE(x != y && arena.clip(x, 40) == arena.clip(y, 40), arena.describe(arena.clip(x, 40)));
  }
  std::mt19937 random(3);
  auto pick = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  int widened = 0;
  for (int i = 0; i < 4000; ++i) {
    ShortList<RegexId> parts;
    int pieces = 1 + static_cast<int>(pick(3));
    for (int k = 0; k < pieces; ++k) {
      const char* bodies[] = {"a",       "b",        "[ab]",        "ab", "a|bc", "(?:ab|c)", "(?:a{2,3}b?)",
                              "(?:b*c)", "(?:a|bb)", "(?:a?b){1,4}"};
      RegexId body = whole(bodies[pick(10)]);
      std::uint32_t low = pick(7), high = pick(4) == 0 ? kInf : low + pick(6);
      parts.push_back(arena.repeat(body, low, std::max(high, 1u)));
    }
    RegexId r = arena.epsilon();
    for (RegexId part : parts) r = arena.concat(r, part);
    if (pick(3) == 0) r = arena.concat(arena.any_text(), r);
    if (pick(3) == 0) r = arena.concat(r, arena.any_text());
    if (pick(3) == 0) r = arena.unite({r, arena.length(pick(6), 6 + pick(6))});
    std::uint32_t low = pick(2) * pick(9);
    if (pick(2) == 0) r = arena.intersect({r, arena.length(low, low + pick(12))});
    if (pick(6) == 0) r = arena.unite({r, arena.intersect({whole("[ac]{1,9}"), arena.complement(whole("a{3,8}"))})});
    if (pick(4) == 0) {
      const char* filters[] = {"^(?=.*a)(?=.*b)", "^(?!a)", "^(?!.*aa)[ab]{2,9}$", "\\bab", "^[ab]{3,12}$", "^(ab)*$"};
      RegexId filter = arena.parse(filters[pick(6)], RegexMode::kSearch);
      r = pick(2) == 0 ? arena.intersect({r, filter})
                       : arena.intersect({filter, arena.length(low, low + 1 + pick(15))});
    }
    std::uint32_t longest = pick(6);
    RegexId c = arena.clip(r, longest);
    widened += c != r;
    std::set<std::pair<RegexId, RegexId>> seen;
    CHECK_NOTE(same_within(arena, r, c, longest, seen),
               arena.describe(r) + "  became  " + arena.describe(c) + " at " + std::to_string(longest));
  }
  CHECK(widened > 1000);
}

// Counters next to lookarounds, whose bounds are felt only where the rest needs more characters than are left.
void clipping_beside_lookarounds() {
  RegexArena arena;
  auto search = [&](const std::string& p) { return arena.parse(p, RegexMode::kSearch); };
  const std::string names = "^(?!.*://)(?=.{1,255}$)((.{1,63}\\.){1,%}(?![0-9]*$)[a-z0-9-]+\\.?)$";
  auto with = [&](const char* turns) { return search(std::string(names).replace(names.find('%'), 1, turns)); };
  CHECK(with("127") != with("120") && arena.clip(with("127"), 40) == arena.clip(with("120"), 40));

  std::mt19937 random(11);
  auto pick = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  auto one_of = [&](std::initializer_list<const char*> all) { return std::string(all.begin()[pick(all.size())]); };
  int widened = 0;
  for (int i = 0; i < 3000; ++i) {
    auto counter = [&](const std::string& body) {
      const std::uint32_t low = pick(3) * pick(3);
      return "(?:" + body + "){" + std::to_string(low) + "," + std::to_string(low + pick(30)) + "}";
    };
    auto piece = [&] {
      std::string body = one_of({"a", "[ab]", "ab", "a|bc", ".", ".c", "[^c]"});
      if (pick(4) == 0) body = counter(body) + one_of({"", "c", "b?"});
      return counter(body);
    };
    std::string text = "^" + one_of({"", "", "(?!a)", "(?=.*c)", "(?!.*cc)", "(?=.{2,20}$)", "(?=(?:a{11}|b)*$)"});
    text += piece() + one_of({"", "c", "(?!b*$)", "(?=.*a)", "(?!.*aa)", "\\b", "(?<!ab)", "(?<=b|^.{3})"}) + piece();
    text += one_of({"$", "c*$", "(?!.*bb).*$", "", "(?<!b)$", "((?!aa).)*$", "((?!cb).){0,12}c?$"});
    const RegexId r = search(text);
    const std::uint32_t longest = pick(7);
    const RegexId c = arena.clip(r, longest);
    widened += c != r;
    std::set<std::pair<RegexId, RegexId>> seen;
    CHECK_NOTE(same_within(arena, r, c, longest, seen),
               text + "  became  " + arena.describe(c) + " at " + std::to_string(longest));
  }
  CHECK_NOTE(widened > 500, std::to_string(widened));
}

}  // namespace

int main() {
  basics();
  words();
  hostile();
  needs();
  prefixes();
  many_needs();
  fuel();
  clipping();
  clipping_beside_lookarounds();
  return testing::check_summary();
}
