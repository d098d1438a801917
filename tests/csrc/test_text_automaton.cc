// Languages given as automata: in the algebra of terms they are what an equal term is, and read byte by byte as well,
// which is compared in every state that can be reached, for every byte.
#include <set>

#include "schema/text_frames.h"
#include "testing/check.h"

using namespace maskforge;

namespace {

// Texts over four classes, of which the second and the fourth may each come at most twice and the third never first.
// The classes have ends at every kind of place that UTF-8 and surrogates make special.
constexpr CharClasses::Range kRanges[] = {{'"', '"', 0},       {'0', '9', 0},         {'\\', '\\', 1},
                                          {'a', 'z', 1},       {0x7F, 0x900, 0},      {0x901, 0x901, 2},
                                          {0x903, 0xFFF, 1},   {0x1000, 0x2FFF, 2},   {0xD000, 0xE100, 3},
                                          {0xE102, 0xFFFF, 1}, {0x10000, 0x103FF, 3}, {0x10FC00, 0x10FFFE, 0}};

class Toy : public TextAutomaton {
 public:
  explicit Toy(int* made = nullptr) {
    classes_ = {{std::begin(kRanges), std::end(kRanges)}, 4};
    if (made != nullptr) ++*made;
  }
  State start() override { return 0; }
  State next(State state, std::uint32_t id) override {
    if (id == 2 && state == 0) return kDead;
    if (id == 1 && (state & 3) == 2) return kDead;
    if (id == 3 && (state >> 2 & 3) == 2) return kDead;
    return (state + (id == 1 ? 1 : id == 3 ? 4 : 0)) | State{1} << 40;
  }
  bool accepts(State state) const override { return state != 0; }
  std::uint32_t most_left(State) const override { return RegexArena::kUnbounded; }
  std::uint32_t slack() const override { return 1; }
};

std::vector<CodePointRange> of_class(std::uint32_t id) {
  std::vector<CodePointRange> out;
  for (const CharClasses::Range& range : kRanges) {
    if (range.id == id) out.push_back({range.first, range.last});
  }
  return out;
}

RegexId as_term(RegexArena& arena) {
  std::vector<CodePointRange> all;
  for (const CharClasses::Range& range : kRanges) all.push_back({range.first, range.last});
  auto times = [&](std::uint32_t id) {
    auto rest = all;
    std::erase_if(rest, [&](const CodePointRange& range) {
      auto own = of_class(id);
      return std::find(own.begin(), own.end(), range) != own.end();
    });
    RegexId others = arena.repeat(arena.chars(rest), 0, RegexArena::kUnbounded);
    return arena.concat(others, arena.repeat(arena.concat(arena.chars(of_class(id)), others), 0, 2));
  };
  RegexId first = arena.concat(arena.chars(of_class(2)), arena.any_text());
  return arena.intersect({times(1), times(3), arena.complement(first), arena.length(1, RegexArena::kUnbounded)});
}

RegexId toy(RegexArena& arena) {
  return arena.automaton("toy", [](RegexArena&) { return std::make_unique<Toy>(); });
}

void algebra() {
  RegexArena arena;
  int made = 0;
  auto make = [&](RegexArena&) { return std::make_unique<Toy>(&made); };
  CHECK(arena.automaton("a", make) == arena.automaton("a", make));
  CHECK(arena.automaton("a", make) != arena.automaton("b", make));
  CHECK(made == 2);

  const RegexId a = toy(arena);
  const RegexId t = as_term(arena);
  CHECK(!arena.is_empty(a));
  CHECK(arena.is_empty(arena.intersect({a, arena.complement(t)})));
  CHECK(arena.is_empty(arena.intersect({t, arena.complement(a)})));
  CHECK(!arena.nullable(a));
  CHECK(arena.shortest_word(a)->size() == 1);
  CHECK(arena.is_empty(arena.intersect({a, arena.length(0, 0)})));
  CHECK(arena.is_empty(arena.intersect({a, arena.parse("^[a-z]{3}$", RegexMode::kSearch)})));
  CHECK(!arena.is_empty(arena.intersect({a, arena.parse("^[a-z]{2}$", RegexMode::kSearch)})));
  CHECK(arena.matches(arena.concat(a, a), U"abab"));
  CHECK(!arena.matches(arena.concat(a, a), U"ababa"));
  CHECK(arena.count_words(arena.intersect({a, arena.parse("^[ab]*$", RegexMode::kSearch)}), 100) == 6);
  for (std::uint32_t most : {3u, 40u, 200u}) {
    const RegexId bounded = arena.intersect({a, arena.length(0, most)});
    for (std::uint32_t longest : {2u, 24u}) {
      const RegexId clipped = arena.clip(bounded, longest);
      std::u32string word;
      for (RegexId x = bounded, y = clipped; word.size() < longest; word += U'0') {
        CHECK(arena.is_empty(x) == arena.is_empty(y));
        CHECK(arena.nullable(x) == arena.nullable(y));
        auto derive = [&](RegexId r) {
          for (const RegexEdge& edge : arena.edges(r)) {
            if (edge.first <= U'0' && U'0' <= edge.last) return edge.target;
          }
          return arena.none();
        };
        x = derive(x), y = derive(y);
      }
    }
  }
}

struct World {
  Machine machine;
  RegexArena regexes;
  Texts texts{machine, regexes};
  TextFrames strings{machine, texts, TextSyntax::kJsonString};
  TextFrames raw{machine, texts, TextSyntax::kRaw};
};

// Follows both states through all bytes. `bound`: what else holds for the texts.
void bytes(World& world, TextFrames& frames, RegexId bound) {
  const RegexId a = world.regexes.intersect({toy(world.regexes), bound});
  const RegexId t = world.regexes.intersect({as_term(world.regexes), bound});
  CHECK(world.texts.classes(world.texts.language(a, {})) != nullptr);
  CHECK(world.texts.classes(world.texts.language(t, {})) == nullptr);
  std::vector<std::pair<StateId, StateId>> open{
      {frames.body(world.texts.language(a, {})), frames.body(world.texts.language(t, {}))}};
  std::set<std::pair<StateId, StateId>> met(open.begin(), open.end());
  while (!open.empty()) {
    auto [x, y] = open.back();
    open.pop_back();
    CHECK(world.machine.final_label(x) == world.machine.final_label(y));
    for (unsigned byte = 0; byte < 256; ++byte) {
      const Step left = world.machine.step(x, static_cast<std::uint8_t>(byte));
      const Step right = world.machine.step(y, static_cast<std::uint8_t>(byte));
      CHECK_NOTE(left.kind() == right.kind(), std::to_string(byte));
      if (left.kind() != right.kind()) return;
      if (left.kind() == StepKind::kReturn) CHECK(left.operand() == right.operand());
      if (left.kind() == StepKind::kStay && met.emplace(left.operand(), right.operand()).second)
        open.emplace_back(left.operand(), right.operand());
    }
  }
  CHECK(met.size() > 100);
}

}  // namespace

int main() {
  algebra();
  World world;
  for (TextFrames* frames : {&world.strings, &world.raw}) {
    bytes(world, *frames, world.regexes.any_text());
    bytes(world, *frames, world.regexes.length(0, 5));
    bytes(world, *frames, world.regexes.length(3, 6));
    bytes(world, *frames, world.regexes.length(4, RegexArena::kUnbounded));
  }
  return testing::check_summary();
}
