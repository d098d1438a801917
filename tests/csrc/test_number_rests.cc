// Numbers of a set without many single values: NumberRests against the reader of the set from which the values are
// taken out (test_number.cc compares that one with a naive reference). Finality, verdicts and aliveness must agree on
// every short text and on longer ones around the values; so must the number of values left. Then sets of digits by
// themselves, the spellings of draft 4, and sizes.
#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/fuel.h"
#include "number/number.h"
#include "number/rests.h"
#include "testing/check.h"

using namespace maskforge;

namespace {

class Pair {
 public:
  Pair(NumberArena& arena, NumberRests& rests, NumberSetId alive, const ShortList<NumberSetId>& asked,
       const std::vector<std::string>& taken)
      : arena_(arena), rests_(rests) {
    DigitSets::SetId values = DigitSets::kEmpty;
    for (const std::string& text : taken) values = arena.digit_sets().add(values, text);
    place_ = rests.start(alive, asked, values);
    expected_ = arena.start(arena.intersect({alive, arena.complement(arena.any_of(taken))}), asked);
    compare("", place_, expected_);
  }

  void read(const std::string& text) {
    NumberRests::Place place = place_;
    NumberStateId expected = expected_;
    for (std::size_t i = 0; i < text.size(); ++i) {
      step(place, expected, text[i]);
      if (!compare(text.substr(0, i + 1), place, expected)) return;
    }
  }
  void read_all(const std::string& alphabet, std::size_t longest) { walk(alphabet, longest, "", place_, expected_); }
  std::size_t many = 0;  // states that still had many values

 private:
  void step(NumberRests::Place& place, NumberStateId& expected, char byte) {
    place = place.rest != NumberRests::kNoState
                ? rests_.step(place.rest, byte)
                : NumberRests::Place{NumberRests::kNoState, arena_.step(place.plain, byte)};
    expected = arena_.step(expected, byte);
  }
  bool compare(const std::string& text, NumberRests::Place place, NumberStateId expected) {
    CHECK_NOTE(place.dead() == (expected == NumberArena::kDead), "at '" + text + "'");
    if (place.dead() || expected == NumberArena::kDead) return false;
    const bool rest = place.rest != NumberRests::kNoState;
    many += rest;
    const bool final = rest ? rests_.is_final(place.rest) : arena_.is_final(place.plain);
    CHECK_NOTE(final == arena_.is_final(expected), "at '" + text + "'");
    if (final && arena_.is_final(expected)) {
      const Answers& verdicts = rest ? rests_.verdicts(place.rest) : arena_.verdicts(place.plain);
      CHECK_NOTE(verdicts == arena_.verdicts(expected), "at '" + text + "'");
    }
    return true;
  }
  void walk(const std::string& alphabet, std::size_t longest, const std::string& text, NumberRests::Place place,
            NumberStateId expected) {
    if (text.size() == longest) return;
    for (char byte : alphabet) {
      NumberRests::Place next = place;
      NumberStateId also = expected;
      step(next, also, byte);
      if (compare(text + byte, next, also)) walk(alphabet, longest, text + byte, next, also);
    }
  }

  NumberArena& arena_;
  NumberRests& rests_;
  NumberRests::Place place_;
  NumberStateId expected_;
};

void random_sets(unsigned seed, int rounds) {
  std::mt19937 rng(seed);
  auto below = [&](int n) { return static_cast<int>(rng() % static_cast<unsigned>(n)); };
  std::size_t many = 0;
  for (int round = 0; round < rounds; ++round) {
    NumberArena arena;
    NumberRests rests(arena);
    ShortList<NumberSetId> parts;
    const int limit = below(3) == 0 ? 1000 : 40;
    if (below(4) != 0) parts.push_back(arena.at_most(std::to_string(limit), below(2) == 0));
    if (below(4) != 0) parts.push_back(arena.at_least(below(2) == 0 ? "0" : "-30", below(2) == 0));
    if (below(4) != 0)
      parts.push_back(arena.multiple_of(std::vector<const char*>{"1", "1", "2", "0.5", "0.05"}[below(5)]));
    if (below(4) == 0) parts.push_back(arena.integer_spellings());
    if (below(6) == 0) parts.push_back(arena.complement(arena.integer_spellings()));
    const NumberSetId alive = arena.intersect(parts);
    ShortList<NumberSetId> asked;
    if (below(2) != 0) asked = {arena.integers(), arena.at_least("7", false)};
    // A part of the values, nearly all of them, or all of them.
    const int kept = std::vector<int>{0, 0, 2, 40}[below(4)];
    std::vector<std::string> taken;
    for (int i = -35; i <= limit; ++i) {
      for (const char* rest : {"", ".5", ".25", "e-1", "e2"}) {
        const std::string text = std::to_string(i) + rest;
        if (below(100) >= kept && (arena.contains(alive, text) || below(40) == 0)) taken.push_back(text);
      }
    }
    for (int i = below(30); i > 0; --i) taken.push_back(std::to_string(below(9) + 1) + "e" + std::to_string(i - 9));
    if (below(3) == 0)
      std::erase_if(taken, [](const std::string& text) { return number::parse_decimal(text)->is_zero(); });
    std::shuffle(taken.begin(), taken.end(), rng);
    if (below(3) == 0) taken.resize(std::min<std::size_t>(taken.size(), 60));
    if (taken.empty()) continue;

    Pair pair(arena, rests, alive, asked, taken);
    std::string digits = "123456789";
    std::shuffle(digits.begin(), digits.end(), rng);
    pair.read_all("-.e0" + digits.substr(0, 2), 5);
    pair.read_all("-.e0123456789", 3);
    for (const std::string& text : taken) {
      pair.read(text);
      pair.read(text + (text.find_first_of(".e") == std::string::npos ? ".00" : "0"));
      pair.read(text + std::to_string(below(100)));
      pair.read("0." + text + "e" + std::to_string(below(5)));
    }
    many += pair.many;

    DigitSets::SetId values = DigitSets::kEmpty;
    for (const std::string& text : taken) values = arena.digit_sets().add(values, text);
    for (std::uint64_t most : {1, 2, 20}) {
      CHECK(rests.count(alive, values, most) ==
            arena.count(arena.intersect({alive, arena.complement(arena.any_of(taken))}), most));
    }
  }
  CHECK(many > 1000);
}

void digit_sets() {
  DigitSets sets;
  DigitSets::SetId one = sets.add(DigitSets::kEmpty, "1.20");
  CHECK(sets.add(one, "12e-1") == one);
  CHECK(sets.size(one) == 1);
  DigitSets::SetId several = one;
  for (const char* text : {"0", "-12", "120", "1", "-0.0", "1203"}) several = sets.add(several, text);
  CHECK(sets.size(several) == 6);
  DigitSets::SetId same = DigitSets::kEmpty;
  for (const char* text : {"1203", "1e0", "1.2", "12e1", "-1.2e1", "0e7"}) same = sets.add(same, text);
  CHECK(same == several);
  for (const char* text : {"1.2", "0", "-12", "120.0", "1", "1203"})
    CHECK_NOTE(sets.contains(several, *number::parse_decimal(text)), text);
  for (const char* text : {"12", "-1.2", "1.3", "-1", "12000", "120.3"})
    CHECK_NOTE(!sets.contains(several, *number::parse_decimal(text)), text);
  const std::vector<std::string> texts = sets.texts(several);
  CHECK(texts.size() == 6);
  DigitSets::SetId again = DigitSets::kEmpty;
  for (const std::string& text : texts) again = sets.add(again, text);
  CHECK(again == several);
  CHECK_THROWS(SpecError, sets.add(several, "x"));
  CHECK_THROWS(UnsupportedError, sets.add(several, "1e9999999999"));
}

void spellings() {
  NumberArena arena;
  NumberSetId plain = arena.integer_spellings();
  NumberSetId some = arena.unite({arena.intersect({plain, arena.at_least("2", false)}), arena.any_of({"1", "0.5"})});
  CHECK(arena.is_spelled(some) && arena.has_spellings());
  CHECK(!arena.is_spelled(arena.integers()));
  for (NumberSetId set : {some, arena.complement(some), plain, arena.complement(plain)}) {
    NumberSetId plainly = arena.written_plainly(set), otherwise = arena.written_otherwise(set);
    CHECK(!arena.is_spelled(plainly) && !arena.is_spelled(otherwise));
    for (const char* text : {"0", "1", "2", "3", "-4"}) {
      const std::string decimal = std::string(text) + ".0";
      CHECK_NOTE(arena.contains(plainly, text) == arena.contains(set, text), text);
      CHECK_NOTE(arena.contains(plainly, decimal) == arena.contains(set, text), text);
      CHECK_NOTE(arena.contains(otherwise, text) == arena.contains(set, decimal), text);
      CHECK_NOTE(arena.contains(otherwise, decimal) == arena.contains(set, decimal), text);
    }
    CHECK(!arena.contains(plainly, "0.5"));
    CHECK(arena.contains(otherwise, "0.5") == arena.contains(set, "0.5"));
  }
}

// What grows with every number may not grow with all of them.
void sizes() {
  NumberArena arena;
  NumberRests rests(arena);
  DigitSets::SetId values = DigitSets::kEmpty;
  std::size_t half = 0;
  for (int i = 0; i < 40000; ++i) {
    if (i == 20000) half = arena.memory_bytes() + rests.memory_bytes();
    const FuelScope fuel(10000);
    const std::string text = std::to_string(i * 7919 % 1000003);
    NumberRests::Place place = rests.start(arena.integers(), {}, values);
    for (char byte : text) {
      if (place.rest == NumberRests::kNoState) {
        place.plain = arena.step(place.plain, byte);
      } else {
        place = rests.step(place.rest, byte);
      }
    }
    if (place.dead()) CHECK_NOTE(false, text);
    values = arena.digit_sets().add(values, text);
  }
  CHECK(arena.memory_bytes() + rests.memory_bytes() < 3 * half);
  CHECK(arena.digit_sets().size(values) == 40000);
  const FuelScope fuel(10000000);
  const std::string alike(999, '1');
  for (int i = 0; i < 40; ++i) values = arena.digit_sets().add(values, alike + std::to_string(i + 10));
  NumberRests::Place place = rests.start(arena.integers(), {}, values);
  for (char byte : alike) place = rests.step(place.rest, byte);
  CHECK(!place.dead() && place.rest != NumberRests::kNoState);
  place = rests.step(place.rest, '1');
  CHECK(!place.dead());
}

}  // namespace

int main(int argc, char** argv) {
  digit_sets();
  spellings();
  sizes();
  random_sets(argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1, argc > 1 ? std::atoi(argv[1]) : 60);
  return testing::check_summary();
}
