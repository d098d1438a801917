// Every small pattern of a grammar, and many random larger ones, on every short string, against the naive reference;
// emptiness, shortest words, counts and clipping of the same patterns against brute force over the derivative graph.
#include <algorithm>
#include <map>
#include <random>

#include "base/errors.h"
#include "regex/regex.h"
#include "testing/check.h"
#include "testing/naive_regex.h"

using namespace maskforge;
using testing::naive;
using testing::naive_set;
using testing::NaivePtr;
using testing::NaiveRegex;

namespace {

const std::u32string kAlphabet = U"ab-";

std::vector<std::u32string> all_strings(std::size_t longest) {
  std::vector<std::u32string> out{U""};
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i].size() == longest) continue;
    for (char32_t c : kAlphabet) out.push_back(out[i] + c);
  }
  return out;
}

const std::vector<NaivePtr>& atoms() {
  static const std::vector<NaivePtr> all = {
      naive_set("a", U"a"),      naive_set("b", U"b"),    naive_set(".", kAlphabet),    naive_set("[^a]", U"b-"),
      naive(NaiveRegex::kStart), naive(NaiveRegex::kEnd), naive(NaiveRegex::kBoundary), naive(NaiveRegex::kNoBoundary),
      naive(NaiveRegex::kEmpty), naive_set("\\w", U"ab"),
  };
  return all;
}

bool assertion(const NaivePtr& r) { return r->kind >= NaiveRegex::kStart; }

std::vector<NaivePtr> unary(const NaivePtr& r) {
  std::vector<NaivePtr> out;
  if (!assertion(r)) {
    for (auto [least, most] : {std::pair{0, -1}, {1, -1}, {0, 1}, {2, 2}, {0, 2}, {2, 3}, {2, -1}}) {
      out.push_back(naive(NaiveRegex::kRepeat, {r}, least, most));
    }
  } else {
    out.push_back(naive(NaiveRegex::kRepeat, {naive(NaiveRegex::kConcat, {r, atoms()[0]})}, 0, -1));
    out.push_back(naive(NaiveRegex::kRepeat, {naive(NaiveRegex::kAlternate, {r, atoms()[0]})}, 2, 3));
  }
  for (auto kind : {NaiveRegex::kAhead, NaiveRegex::kNotAhead, NaiveRegex::kBehind, NaiveRegex::kNotBehind}) {
    out.push_back(naive(kind, {r}));
  }
  return out;
}

NaivePtr random_regex(std::mt19937& random, int size) {
  auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  if (size <= 1) return atoms()[static_cast<std::size_t>(pick(static_cast<int>(atoms().size())))];
  int kind = pick(10);
  if (kind < 4) {
    int left = 1 + pick(size - 1);
    return naive(NaiveRegex::kConcat, {random_regex(random, left), random_regex(random, size - left)});
  }
  if (kind < 6) {
    int left = 1 + pick(size - 1);
    return naive(NaiveRegex::kAlternate, {random_regex(random, left), random_regex(random, size - left)});
  }
  NaivePtr inner = random_regex(random, size - 1);
  std::vector<NaivePtr> choices = unary(inner);
  return choices[static_cast<std::size_t>(pick(static_cast<int>(choices.size())))];
}

// The reachable derivatives, each with whether a nullable one can be reached from it: emptiness by brute force.
std::map<RegexId, bool> live_states(RegexArena& arena, RegexId root, std::size_t limit) {
  std::map<RegexId, bool> live{{root, arena.nullable(root)}};
  ShortList<RegexId> states{root};
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (states.size() > limit) return {};
    for (const RegexEdge& edge : arena.edges(states[i])) {
      if (live.emplace(edge.target, arena.nullable(edge.target)).second) states.push_back(edge.target);
    }
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (RegexId state : states) {
      if (live[state]) continue;
      for (const RegexEdge& edge : arena.edges(state)) {
        if (live[edge.target]) changed = live[state] = true;
      }
    }
  }
  return live;
}

void check_against(RegexArena& arena, const NaivePtr& reference, const std::vector<std::u32string>& strings,
                   int& refused) {
  std::string pattern = reference->pattern();
  for (RegexMode mode : {RegexMode::kWhole, RegexMode::kSearch}) {
    RegexId r;
    try {
      r = arena.parse(pattern, mode);
    } catch (const UnsupportedError&) {
      ++refused;
      CHECK_NOTE(pattern.find("(?<") != pattern.npos, pattern);  // only lookahead inside lookbehind is refused
      return;
    }
    std::size_t shortest = static_cast<std::size_t>(-1);
    for (const auto& s : strings) {
      bool expected = mode == RegexMode::kWhole ? reference->matches_whole(s) : reference->occurs_in(s);
      if (expected) shortest = std::min(shortest, s.size());
      CHECK_NOTE(arena.matches(r, s) == expected,
                 pattern + (mode == RegexMode::kWhole ? " whole " : " in ") + std::string(s.begin(), s.end()));
    }
    std::map<RegexId, bool> live = live_states(arena, r, 3000);
    for (auto [state, alive] : live) CHECK_NOTE(arena.is_empty(state) == !alive, pattern + " " + arena.describe(state));
    CHECK_NOTE(!live.empty(), pattern + " has too many states");
    auto word = arena.shortest_word(r);
    if (shortest != static_cast<std::size_t>(-1)) CHECK_NOTE(word && word->size() == shortest, pattern);
    if (word) CHECK_NOTE(arena.matches(r, *word), pattern);
  }
}

void exhaustive(const std::vector<std::u32string>& strings) {
  int refused = 0, total = 0;
  auto arena = std::make_unique<RegexArena>();
  auto run = [&](const NaivePtr& r) {
    if (++total % 500 == 0)
      arena = std::make_unique<RegexArena>();  // shared by some, so that states of many patterns meet
    check_against(*arena, r, strings, refused);
  };
  std::vector<NaivePtr> small = atoms();
  for (const auto& x : atoms()) {
    for (const auto& y : unary(x)) small.push_back(y);
    for (const auto& y : atoms()) {
      small.push_back(naive(NaiveRegex::kConcat, {x, y}));
      small.push_back(naive(NaiveRegex::kAlternate, {x, y}));
    }
  }
  for (const auto& x : small) run(x);
  for (const auto& x : small) {
    for (const auto& y : unary(x)) run(y);
  }
  for (const auto& x : small) {
    for (const auto& y : atoms()) run(naive(NaiveRegex::kConcat, {x, y}));
  }
  std::mt19937 random(1);
  for (int i = 0; i < 6000; ++i) run(random_regex(random, 3 + i % 8));
  std::printf("%d patterns, %d refused\n", total, refused);
  CHECK(refused * 6 < total);
}

// Random Boolean combinations: matching by definition, emptiness and counts by brute force.
void booleans(const std::vector<std::u32string>& strings) {
  std::mt19937 random(2);
  for (int i = 0; i < 3000; ++i) {
    RegexArena arena;
    NaivePtr x = random_regex(random, 2 + i % 4), y = random_regex(random, 2 + i % 3);
    RegexId a, b;
    RegexMode mode = i % 2 ? RegexMode::kWhole : RegexMode::kSearch;
    try {
      a = arena.parse(x->pattern(), mode);
      b = arena.parse(y->pattern(), mode);
    } catch (const UnsupportedError&) {
      continue;
    }
    std::uint32_t low = random() % 4, high = low + random() % 4;
    std::vector<std::u32string> some;
    for (const auto& s : strings) {
      if (random() % 8 == 0) some.push_back(s);
    }
    RegexId length = arena.length(low, high), words = arena.words(some), glued = arena.concat(a, b);
    RegexId both = arena.intersect({a, arena.complement(b)}), either = arena.unite({arena.complement(a), b});
    RegexId bounded = arena.intersect({a, length}), listed = arena.intersect({arena.complement(b), words, length});
    RegexId twice = arena.repeat(a, 2, 3);
    std::uint64_t count = 0;
    for (const auto& s : strings) {
      auto whole = [&](const NaivePtr& r, const std::u32string& t) {
        return i % 2 ? r->matches_whole(t) : r->occurs_in(t);
      };
      bool in_a = whole(x, s), in_b = whole(y, s), fits = s.size() >= low && s.size() <= high;
      std::string note = x->pattern() + " , " + y->pattern() + " on " + std::string(s.begin(), s.end());
      CHECK_NOTE(arena.matches(both, s) == (in_a && !in_b), note);
      CHECK_NOTE(arena.matches(either, s) == (!in_a || in_b), note);
      CHECK_NOTE(arena.matches(bounded, s) == (in_a && fits), note);
      bool is_listed = std::find(some.begin(), some.end(), s) != some.end() && !in_b && fits;
      count += is_listed;
      CHECK_NOTE(arena.matches(listed, s) == is_listed, note);
      bool split = false, split_twice = false;
      for (std::size_t k = 0; k <= s.size(); ++k) {
        split |= whole(x, s.substr(0, k)) && whole(y, s.substr(k));
        for (std::size_t m = k; m <= s.size(); ++m) {
          bool first = whole(x, s.substr(0, k)) && whole(x, s.substr(k, m - k));
          split_twice |= first && (m == s.size() || whole(x, s.substr(m)));
        }
      }
      CHECK_NOTE(arena.matches(glued, s) == split, note + " glued");
      CHECK_NOTE(arena.matches(twice, s) == split_twice, note + " twice");
    }
    CHECK_NOTE(arena.count_words(listed, 1000) == count, x->pattern() + " , " + y->pattern());
    CHECK(arena.count_words(listed, 2) == std::min<std::uint64_t>(count, 2));
    for (RegexId r : {both, either, bounded, listed, glued, twice}) {
      for (auto [state, alive] : live_states(arena, r, 300))
        CHECK_NOTE(arena.is_empty(state) == !alive, arena.describe(state));
    }
  }
}

}  // namespace

int main() {
  exhaustive(all_strings(4));
  booleans(all_strings(4));
  return testing::check_summary();
}
