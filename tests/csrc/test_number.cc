// Number sets and their reader against a naive reference: every short text of the JSON number grammar, valued in
// 128-bit integers scaled by 10^16, for random Boolean combinations of sets. Acceptance, verdicts and contains() must
// agree; a dead prefix must have no accepted extension among the texts, a live one a witness that the reader accepts.
// Then single cases beyond 128 bits.
#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/fuel.h"
#include "number/big_uint.h"
#include "number/number.h"
#include "testing/check.h"

using namespace maskforge;

namespace {

using i128 = __int128;
constexpr int kScale = 16;
constexpr int kExponentMost = 9;

i128 power10(int n) {
  i128 out = 1;
  while (n-- > 0) out *= 10;
  return out;
}

// The grammar as a table of its own: phase 0 start, 1 minus, 2 zero, 3 digits, 4 point, 5 fraction, 6 e, 7 sign, 8
// exponent; -1 dead.
int grammar_step(int phase, char c) {
  bool digit = c >= '0' && c <= '9';
  bool e = c == 'e' || c == 'E';
  switch (phase) {
    case 0:
      if (c == '-') return 1;
      [[fallthrough]];
    case 1:
      return c == '0' ? 2 : digit ? 3 : -1;
    case 2:
      return c == '.' ? 4 : e ? 6 : -1;
    case 3:
      return digit ? 3 : c == '.' ? 4 : e ? 6 : -1;
    case 4:
      return digit ? 5 : -1;
    case 5:
      return digit ? 5 : e ? 6 : -1;
    case 6:
      if (c == '+' || c == '-') return 7;
      [[fallthrough]];
    case 7:
    case 8:
      return digit ? 8 : -1;
  }
  return -1;
}
bool grammar_final(int phase) { return phase == 2 || phase == 3 || phase == 5 || phase == 8; }

// The value times 10^kScale; false when the exponent is out of the reference's range.
bool scaled_value(const std::string& text, i128& out) {
  bool negative = text[0] == '-';
  i128 mantissa = 0;
  int fraction = 0;
  std::size_t i = negative;
  bool point = false;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '.') {
      point = true;
      continue;
    }
    mantissa = mantissa * 10 + (text[i] - '0');
    fraction += point;
  }
  int exponent = i < text.size() ? std::stoi(text.substr(i + 1)) : 0;
  if (std::abs(exponent) > kExponentMost || fraction > 7) return false;
  out = mantissa * power10(kScale + exponent - fraction);
  if (negative) out = -out;
  return true;
}

using Predicate = std::function<bool(i128 value, bool plain)>;

struct NamedSet {
  NumberSetId id;
  Predicate holds;
  std::string name;
};

struct Generator {
  NumberArena& arena;
  std::mt19937& rng;

  int below(int n) { return static_cast<int>(rng() % static_cast<unsigned>(n)); }

  std::string constant(bool positive) {
    static const std::vector<std::string> common{"0",  "1",   "2",     "3",   "5",    "7",   "10",
                                                 "12", "100", "125",   "0.5", "0.25", "1.5", "0.01",
                                                 "99", "1e3", "25e-1", "4",   "8",    "0.3"};
    std::string text;
    do {
      // Steps stay small, or the witness search below would have to go through very many residues.
      text = below(3) ? common[static_cast<std::size_t>(below(static_cast<int>(common.size())))]
                      : std::to_string(below(positive ? 30 : 1500));
      if (below(6) == 0)
        text = std::to_string(below(positive ? 3 : 30)) + "." + std::to_string(below(positive ? 10 : 100));
    } while (positive && text.find_first_not_of("0.") == std::string::npos);
    return !positive && below(3) == 0 ? "-" + text : text;
  }

  NamedSet leaf(bool spelled) {
    int kind = below(spelled ? 8 : 7);
    std::string text = constant(kind == 4 || kind == 5);
    i128 c = 0;
    scaled_value(text, c);
    bool exclusive = below(2);
    switch (kind) {
      case 0:
      case 1:
        return {arena.integers(), [](i128 v, bool) { return v % power10(kScale) == 0; }, "int"};
      case 2:
        return {arena.at_least(text, exclusive), [=](i128 v, bool) { return exclusive ? v > c : v >= c; },
                (exclusive ? ">" : ">=") + text};
      case 3:
        return {arena.at_most(text, exclusive), [=](i128 v, bool) { return exclusive ? v < c : v <= c; },
                (exclusive ? "<" : "<=") + text};
      case 4:
      case 5:
        return {arena.multiple_of(text), [=](i128 v, bool) { return v % c == 0; }, "mult " + text};
      case 6: {
        std::vector<std::string> texts{text};
        std::vector<i128> values{c};
        std::string name = "{" + text;
        for (int i = below(6); i > 0; --i) {
          texts.push_back(constant(false));
          values.emplace_back();
          scaled_value(texts.back(), values.back());
          name += "," + texts.back();
        }
        return {arena.any_of(texts),
                [=](i128 v, bool) { return std::find(values.begin(), values.end(), v) != values.end(); }, name + "}"};
      }
      default:
        return {arena.integer_spellings(), [](i128, bool plain) { return plain; }, "spelled"};
    }
  }

  NamedSet tree(int depth, bool spelled) {
    int kind = depth == 0 ? 0 : below(5);
    if (kind == 0) return leaf(spelled);
    if (kind == 4) {
      NamedSet a = tree(depth - 1, spelled);
      return {arena.complement(a.id), [=](i128 v, bool p) { return !a.holds(v, p); }, "!" + a.name};
    }
    NamedSet a = tree(depth - 1, spelled);
    NamedSet b = tree(depth - 1, spelled);
    if (kind == 3) {
      return {arena.unite({a.id, b.id}), [=](i128 v, bool p) { return a.holds(v, p) || b.holds(v, p); },
              "(" + a.name + " | " + b.name + ")"};
    }
    return {arena.intersect({a.id, b.id}), [=](i128 v, bool p) { return a.holds(v, p) && b.holds(v, p); },
            "(" + a.name + " & " + b.name + ")"};
  }
};

// Whether the reader finds a number from this state on: breadth first, over live states only. Where steps have a large
// common multiple the search gives up, and claims nothing.
class WitnessSearch {
 public:
  explicit WitnessSearch(NumberArena& arena) : arena_(arena) {}
  bool found(NumberStateId from) {
    if (good_.contains(from)) return true;
    std::vector<std::pair<NumberStateId, int>> queue{{from, -1}};
    std::unordered_map<NumberStateId, bool> seen{{from, true}};
    for (std::size_t i = 0; i < queue.size(); ++i) {
      NumberStateId state = queue[i].first;
      if (good_.contains(state) || arena_.is_final(state)) {
        for (int k = static_cast<int>(i); k >= 0; k = queue[static_cast<std::size_t>(k)].second)
          good_[queue[static_cast<std::size_t>(k)].first] = true;
        return true;
      }
      for (char c : std::string("0e1-2.345+6789")) {
        NumberStateId next = arena_.step(state, c);
        if (next != NumberArena::kDead && seen.emplace(next, true).second)
          queue.emplace_back(next, static_cast<int>(i));
      }
      if (queue.size() > 30000) return true;
    }
    return false;
  }

 private:
  NumberArena& arena_;
  std::unordered_map<NumberStateId, bool> good_;
};

struct Walk {
  NumberArena& arena;
  const NamedSet& alive;
  const std::vector<NamedSet>& asked;
  std::string alphabet;
  std::size_t longest;
  bool deep_contains;
  WitnessSearch witness;
  std::string text;
  std::size_t accepted = 0;

  void run(NumberStateId state, int phase) {
    std::string note = alive.name + " at '" + text + "'";
    bool expected = false;
    i128 value = 0;
    bool known = !text.empty() && grammar_final(phase) && scaled_value(text, value);
    if (known) {
      bool plain = text.find_first_of(".eE") == std::string::npos;
      expected = alive.holds(value, plain);
      CHECK_NOTE(arena.is_final(state) == expected, note);
      if (expected && arena.is_final(state)) {
        ++accepted;
        for (std::size_t i = 0; i < asked.size(); ++i) {
          CHECK_NOTE(arena.verdicts(state).holds(i) == asked[i].holds(value, plain), note + " asked " + asked[i].name);
        }
      }
      if (deep_contains) CHECK_NOTE(arena.contains(alive.id, text) == expected, note + " contains");
    } else if (!grammar_final(phase)) {
      CHECK_NOTE(!arena.is_final(state), note);
    }
    if (state != NumberArena::kDead) CHECK_NOTE(witness.found(state), note + " has no witness");
    if (text.size() == longest) return;
    for (char c : alphabet) {
      int next_phase = grammar_step(phase, c);
      NumberStateId next = arena.step(state, c);
      if (next_phase < 0) {
        CHECK_NOTE(next == NumberArena::kDead, note + " then " + c);
        continue;
      }
      text.push_back(c);
      run(next, next_phase);  // also below dead prefixes, where nothing may be accepted
      text.pop_back();
    }
  }
};

void random_combinations(unsigned seed, int rounds) {
  std::mt19937 rng(seed);
  std::size_t accepted = 0;
  for (int round = 0; round < rounds; ++round) {
    NumberArena arena;
    Generator generate{arena, rng};
    bool spelled = round % 4 == 3;
    NamedSet alive = generate.tree(round % 4, spelled);
    std::vector<NamedSet> asked;
    for (int i = round % 3; i > 0; --i) asked.push_back(generate.tree(1, spelled));
    ShortList<NumberSetId> asked_ids;
    for (const NamedSet& set : asked) asked_ids.push_back(set.id);
    std::string alphabet = "-.e+";
    std::string digits = "0123456789";
    std::shuffle(digits.begin() + 1, digits.end(), rng);
    bool wide = round % 8 == 0;
    alphabet += wide ? digits : digits.substr(0, 3);
    Walk walk{
        arena, alive, asked, alphabet, wide ? std::size_t{4} : std::size_t{6}, round % 5 == 0, WitnessSearch(arena),
        {},    0};
    NumberStateId start = arena.start(alive.id, asked_ids);
    CHECK_NOTE(arena.is_empty(alive.id) == (start == NumberArena::kDead), alive.name);
    walk.run(start, 0);
    accepted += walk.accepted;
  }
  CHECK(accepted > 1000);
}

NumberStateId read(NumberArena& arena, NumberStateId state, const std::string& text) {
  for (char c : text) state = arena.step(state, c);
  return state;
}
bool accepts(NumberArena& arena, NumberSetId set, const std::string& text) {
  bool accepted = arena.is_final(read(arena, arena.start(set, {}), text));
  CHECK_NOTE(accepted == arena.contains(set, text), text);
  return accepted;
}
bool viable(NumberArena& arena, NumberSetId set, const std::string& text) {
  return read(arena, arena.start(set, {}), text) != NumberArena::kDead;
}

void big_cases() {
  NumberArena arena;
  NumberSetId huge = arena.intersect(
      {arena.integers(), arena.at_least("1e30", false), arena.at_most("123456789012345678901234567890123", true)});
  CHECK(accepts(arena, huge, "1000000000000000000000000000000"));
  CHECK(!accepts(arena, huge, "999999999999999999999999999999"));
  CHECK(accepts(arena, huge, "123456789012345678901234567890122"));
  CHECK(!accepts(arena, huge, "123456789012345678901234567890123"));
  CHECK(accepts(arena, huge, "0.123456789012345678901234567890122e33"));
  CHECK(!viable(arena, huge, "0.1234567890123456789012345678901221"));
  CHECK(viable(arena, huge, "0.12345678901234567890123456789012"));

  NumberSetId fine = arena.multiple_of("1e-300");
  CHECK(accepts(arena, fine, "1e-300"));
  CHECK(!accepts(arena, fine, "1e-301"));
  CHECK(accepts(arena, fine, "12.50e-298"));
  NumberSetId coarse = arena.multiple_of("3e300");
  CHECK(accepts(arena, coarse, "6e300"));
  CHECK(accepts(arena, coarse, "1.2e301"));
  CHECK(!accepts(arena, coarse, "1e301"));
  CHECK(accepts(arena, coarse, "0.000"));
  CHECK(arena.is_empty(arena.intersect({coarse, arena.at_least("1", false), arena.at_most("3e300", true)})));
  CHECK(!arena.is_empty(arena.intersect({coarse, arena.at_least("1", false), arena.at_most("3e300", false)})));

  NumberSetId odd = arena.multiple_of("123456789012345678901234567");
  CHECK(accepts(arena, odd, "370370367037037036703703701"));
  CHECK(!accepts(arena, odd, "370370367037037036703703702"));
  NumberSetId window = arena.intersect(
      {odd, arena.at_least("370370367037037036703703600", false), arena.at_most("370370367037037036703703800", false)});
  CHECK(viable(arena, window, "37037036703703703670370370"));
  CHECK(!viable(arena, window, "37037036703703703670370371"));

  // 3 and 5 divide, 7 and 11 do not, inside a narrow window: only 1155 n would be left out.
  NumberSetId sieve = arena.intersect({arena.multiple_of("15"), arena.complement(arena.multiple_of("7")),
                                       arena.complement(arena.multiple_of("11")), arena.at_least("1155000", false),
                                       arena.at_most("1155029", false)});
  CHECK(!viable(arena, sieve, "1155000"));
  CHECK(accepts(arena, sieve, "1155015"));
  CHECK(arena.is_empty(arena.intersect({sieve, arena.at_most("1155014", false)})));

  // Ten times an odd number is even: a lower decade can hold what the highest does not.
  NumberSetId odd_percent = arena.intersect({arena.integers(), arena.complement(arena.multiple_of("2")),
                                             arena.at_least("0", false), arena.at_most("100", false)});
  CHECK(viable(arena, odd_percent, "30"));
  CHECK(accepts(arena, odd_percent, "30e-1"));
  CHECK(!viable(arena, odd_percent, "40"));

  NumberSetId zero = arena.equal_to("0");
  for (const char* text : {"0", "-0", "0.0e5", "-0.00", "0e-99999999999999999999999"})
    CHECK_NOTE(accepts(arena, zero, text), text);
  CHECK(!viable(arena, zero, "0.01"));
  CHECK(!accepts(arena, arena.complement(zero), "-0e1"));
  NumberSetId one = arena.equal_to("1");
  CHECK(accepts(arena, one, "100e-2"));
  CHECK(accepts(arena, one, "0.00001E+0005"));
  CHECK(!viable(arena, one, "100e-21"));
  CHECK(!viable(arena, one, "12"));
  CHECK(accepts(arena, arena.integers(), "1e99999999999999999999999999"));
  CHECK(!accepts(arena, arena.integers(), "1e-99999999999999999999999999"));
  CHECK(!viable(arena, arena.integers(), "1.5e-0"));
  CHECK(viable(arena, arena.integers(), "1.5e0"));

  // Draft 4.
  NumberSetId spelled =
      arena.intersect({arena.integer_spellings(), arena.at_least("0", false), arena.at_most("100", false)});
  CHECK(accepts(arena, spelled, "100"));
  CHECK(!viable(arena, spelled, "101"));
  CHECK(!viable(arena, spelled, "1."));
  CHECK(!viable(arena, spelled, "1e"));
  CHECK(accepts(arena, spelled, "-0"));

  std::string long_text(3000, '7');
  CHECK(accepts(arena, arena.integers(), long_text + ".5e1"));
  CHECK(accepts(arena, arena.at_most("1", false), "0." + long_text));
  CHECK(accepts(arena, arena.at_most("1", false), long_text + "e-3000"));
  CHECK(!accepts(arena, arena.at_most("1", false), long_text + "e-2999"));

  CHECK_THROWS(SpecError, arena.multiple_of("0"));
  CHECK_THROWS(SpecError, arena.multiple_of("-1"));
  CHECK_THROWS(SpecError, arena.at_least("01", false));
  CHECK_THROWS(SpecError, arena.equal_to("1."));
  CHECK_THROWS(SpecError, arena.equal_to(""));
  CHECK_THROWS(UnsupportedError, arena.equal_to("1e9999999999999"));
  CHECK(arena.start(arena.none(), {}) == NumberArena::kDead);
  CHECK(arena.is_empty(arena.intersect({arena.integers(), arena.at_least("5", true), arena.at_most("6", true)})));
  CHECK(!arena.describe(sieve).empty());
}

// Fuel runs out at every possible point; whatever was built by then must not spoil the answers afterwards.
void fuel_cases() {
  NumberArena reference;
  auto make = [](NumberArena& arena) {
    return arena.intersect({arena.multiple_of("7"), arena.complement(arena.multiple_of("3")),
                            arena.at_least("10", false), arena.at_most("5000", false)});
  };
  const std::vector<std::string> texts{"14", "700e-1", "21", "4900", "0.28e2", "5600e-2"};
  for (std::uint64_t fuel = 0; fuel < 300; ++fuel) {
    NumberArena arena;
    NumberSetId set = make(arena);
    try {
      FuelScope scope(fuel);
      for (const std::string& text : texts) read(arena, arena.start(set, {}), text);
    } catch (const FuelError&) {
    }
    NumberSetId same = make(reference);
    for (const std::string& text : texts) {
      CHECK_NOTE(accepts(arena, set, text) == accepts(reference, same, text), text);
      CHECK_NOTE(viable(arena, set, text) == viable(reference, same, text), text);
    }
  }
}

// Walking all continuations of one to three digits must not make a state each.
void few_states() {
  struct Case {
    const char* name;
    std::function<NumberSetId(NumberArena&)> make;
    std::size_t most;
  };
  auto range = [](NumberArena& a, const char* low, const char* high) {
    return a.intersect({a.integers(), a.at_least(low, false), a.at_most(high, false)});
  };
  const std::vector<Case> cases{
      {"number", [](NumberArena& a) { return a.all(); }, 3},
      {"integer", [](NumberArena& a) { return a.integers(); }, 4},
      {"minimum 0", [](NumberArena& a) { return a.at_least("0", false); }, 3},
      {"minimum 1", [](NumberArena& a) { return a.at_least("1", false); }, 6},
      {"integer, minimum 1", [](NumberArena& a) { return a.intersect({a.integers(), a.at_least("1", false)}); }, 4},
      {"integer 0..100", [&](NumberArena& a) { return range(a, "0", "100"); }, 16},
      {"0..100", [](NumberArena& a) { return a.intersect({a.at_least("0", false), a.at_most("100", false)}); }, 10},
      {"multipleOf 0.01", [](NumberArena& a) { return a.multiple_of("0.01"); }, 6},
      {"int64", [&](NumberArena& a) { return range(a, "-9223372036854775808", "9223372036854775807"); }, 20},
      {"draft 4 integer", [](NumberArena& a) { return a.integer_spellings(); }, 3},
  };
  for (const Case& c : cases) {
    NumberArena arena;
    NumberStateId start = arena.start(c.make(arena), {});
    std::map<NumberStateId, int> seen;
    for (int i = 0; i < 1000; ++i) {
      std::string digits = std::to_string(i);
      for (std::size_t width = digits.size(); width <= 3; ++width) {
        NumberStateId state = start;
        for (char d : std::string(width - digits.size(), '0') + digits) {
          state = arena.step(state, d);
          if (state != NumberArena::kDead) seen[state] = 1;
        }
      }
    }
    CHECK_NOTE(seen.size() <= c.most, std::string(c.name) + ": " + std::to_string(seen.size()));
  }
}

void large_enumeration() {
  NumberArena arena;
  std::vector<std::string> texts;
  for (int i = 0; i < 100000; ++i) texts.push_back(std::to_string(i * 37LL % 1000003) + (i % 2 ? ".5" : ""));
  NumberSetId set = arena.any_of(texts);
  for (int i = 0; i < 100000; i += 997)
    CHECK_NOTE(accepts(arena, set, texts[static_cast<std::size_t>(i)]), texts[static_cast<std::size_t>(i)]);
  CHECK(viable(arena, set, "0.0370"));  // e4
  CHECK(!viable(arena, set, "0.0370000000001"));
  NumberSetId rest = arena.intersect({arena.integers(), arena.complement(set), arena.at_least("0", false)});
  CHECK(!accepts(arena, rest, "74"));
  CHECK(accepts(arena, rest, "37"));
}

// Counting by value, against all multiples of a quarter in [-6, 6].
void counting() {
  NumberArena arena;
  std::mt19937 random(5);
  auto pick = [&](std::initializer_list<const char*> texts) {
    return std::string(texts.begin()[random() % texts.size()]);
  };
  NumberSetId grid =
      arena.intersect({arena.multiple_of("0.25"), arena.at_least("-6", false), arena.at_most("6", false)});
  for (int round = 0; round < 400; ++round) {
    ShortList<NumberSetId> parts{grid};
    for (unsigned i = random() % 4; i > 0; --i) {
      NumberSetId part;
      switch (random() % 5) {
        case 0:
          part = arena.multiple_of(pick({"1", "0.5", "2", "0.75", "3"}));
          break;
        case 1:
          part = arena.at_least(pick({"-5", "-0.5", "0", "1", "2.75"}), random() % 2 == 0);
          break;
        case 2:
          part = arena.at_most(pick({"-1", "0", "0.25", "4", "5.5"}), random() % 2 == 0);
          break;
        case 3:
          part = arena.any_of({pick({"0", "1", "-2"}), pick({"1.0", "0.5", "0.1"}), pick({"3e0", "5.75", "7"})});
          break;
        default:
          part = arena.integer_spellings();
      }
      parts.push_back(random() % 3 == 0 ? arena.complement(part) : part);
      if (random() % 4 == 0) parts = {grid, arena.unite({arena.intersect(parts), part})};
    }
    NumberSetId set = arena.intersect(parts);
    std::uint64_t expected = 0;
    for (int quarter = -24; quarter <= 24; ++quarter) {
      std::string sign = quarter < 0 ? "-" : "";
      std::string whole = sign + std::to_string(std::abs(quarter) / 4);
      const char* kRest[] = {"0", "25", "5", "75"};
      bool decimal = arena.contains(set, whole + "." + kRest[std::abs(quarter) % 4]);
      bool plain = quarter % 4 == 0 && arena.contains(set, whole);
      expected += decimal || plain;
    }
    for (std::uint64_t limit : {1, 2, 5, 1000})
      CHECK_NOTE(arena.count(set, limit) == std::min(expected, limit), arena.describe(set));
  }
  auto between = [&](const char* low, const char* high) {
    return arena.intersect({arena.integers(), arena.at_least(low, false), arena.at_most(high, false)});
  };
  CHECK(arena.count(arena.all(), 1u << 20) == 1u << 20);
  CHECK(arena.count(arena.integers(), 1u << 20) == 1u << 20);
  CHECK(arena.count(arena.complement(arena.integers()), 1000) == 1000);
  CHECK(arena.count(arena.intersect({arena.at_least("0", true), arena.at_most("1e-30", false)}), 1000) == 1000);
  CHECK(arena.count(between("0", "1000000"), 5000) == 5000);
  CHECK(arena.count(between("1000000000000000000000000000000", "1000000000000000000000000000009"), 100) == 10);
  CHECK(arena.count(between("-3", "250"), 1000) == 254);
  CHECK(arena.count(between("3", "2"), 1000) == 0);
}

// However many sets are asked: which of 200 values it is, and whether it is at least one of them.
void many_asked_sets() {
  NumberArena arena;
  ShortList<NumberSetId> asked;
  for (int i = 0; i < 200; ++i) asked.push_back(arena.equal_to(std::to_string(i)));
  asked.push_back(arena.at_least("100", false));
  const NumberSetId alive = arena.integers();
  using Yes = ShortList<std::uint32_t>;
  for (auto [text, yes] : {std::pair<const char*, Yes>{"7", {7}},
                           {"199", {199, 200}},
                           {"19.9e1", {199, 200}},
                           {"300", {200}},
                           {"-1", {}}}) {
    NumberStateId state = arena.start(alive, asked);
    for (const char* byte = text; *byte != 0; ++byte) state = arena.step(state, *byte);
    CHECK_NOTE(arena.is_final(state) && arena.verdicts(state).yes == yes, text);
  }
  // All that numbers can answer: each value alone, or beside the bound, or the bound, or nothing.
  const NumberArena::AllAnswers all = arena.all_answers(alive, asked);
  std::set<Yes> found;
  for (const auto* list : {&all.sure, &all.likely}) {
    for (const Answers& answers : *list) found.insert(answers.yes);
  }
  CHECK(found.size() == all.sure.size() + all.likely.size());
  for (std::uint32_t i = 0; i < 200; ++i) CHECK(found.contains(i < 100 ? Yes{i} : Yes{i, 200}));
  CHECK(found.contains(Yes{200}) && found.contains(Yes{}));
}

}  // namespace

int main(int argc, char** argv) {
  counting();
  many_asked_sets();
  big_cases();
  few_states();
  large_enumeration();
  fuel_cases();
  int rounds = argc > 1 ? std::atoi(argv[1]) : 200;
  random_combinations(argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1, rounds);
  return testing::check_summary();
}
