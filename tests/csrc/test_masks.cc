// Masks equal brute force: toy machines with every trait (calls, finals, dead labels, suspects, clipping, UTF-8) over
// toy vocabularies, along random walks, with a cold and a warm memo, a memo that is dropped all the time, and several
// threads.
#include <memory>
#include <thread>

#include "base/fuel.h"
#include "masks/mask_engine.h"
#include "masks/vocabulary_index.h"
#include "testing/brute_force.h"
#include "testing/check.h"
#include "testing/toy_automata.h"

using namespace maskforge;
using namespace maskforge::testing;

namespace {

struct Setup {
  std::shared_ptr<const Vocabulary> vocabulary;
  std::shared_ptr<const VocabularyIndex> index;
};

Setup make_setup(Random& random, std::size_t count, unsigned letters) {
  std::vector<std::string> tokens = toy_tokens(random, count, letters);
  std::vector<TokenId> eos{static_cast<TokenId>(below(random, static_cast<std::uint32_t>(count)))};
  Setup setup;
  setup.vocabulary = std::make_shared<const Vocabulary>(std::move(tokens), std::move(eos));
  setup.index = std::make_shared<const VocabularyIndex>(setup.vocabulary);
  return setup;
}

std::vector<std::uint32_t> mask_of(MaskEngine& engine, Machine& machine, const Vocabulary& vocabulary,
                                   const Configuration& at) {
  std::vector<std::uint32_t> words(vocabulary.bitmask_words(), 0xDEADBEEF);
  engine.fill(at, at.accepting(machine), words.data());
  return words;
}

std::string difference(const Vocabulary& vocabulary, const std::vector<std::uint32_t>& got,
                       const std::vector<std::uint32_t>& want) {
  std::string text;
  int shown = 0;
  for (TokenId id = 0; id < vocabulary.size() && shown < 5; ++id) {
    bool have = (got[id >> 5] >> (id & 31) & 1) != 0;
    bool need = (want[id >> 5] >> (id & 31) & 1) != 0;
    if (have == need) continue;
    ++shown;
    text += (need ? " missing [" : " extra [") + std::string(vocabulary.token(id)) + "]";
  }
  return text;
}

// Walks tokens that the mask allows, from each of `starts`, and compares every mask on the way.
void follow(Machine& machine, const Setup& setup, MaskEngine& engine, const std::vector<Configuration>& starts,
            Random& random, int steps, const char* what) {
  const Vocabulary& vocabulary = *setup.vocabulary;
  for (const Configuration& start : starts) {
    Configuration at = start;
    for (int i = 0; i < steps; ++i) {
      std::vector<std::uint32_t> want = brute_force_mask(machine, vocabulary, at);
      std::vector<std::uint32_t> got = mask_of(engine, machine, vocabulary, at);
      if (got != want) {
        CHECK_NOTE(false, std::string(what) + difference(vocabulary, got, want) +
                              " top: " + (at.frames.empty() ? "none" : machine.describe(at.frames.back())) + " under " +
                              (at.frames.size() < 2 ? "none" : machine.describe(at.frames[at.frames.size() - 2])));
        return;
      }
      CHECK(got == want);
      CHECK(mask_of(engine, machine, vocabulary, at) == want);
      std::vector<TokenId> allowed;
      for (TokenId id = 0; id < vocabulary.size(); ++id) {
        if ((want[id >> 5] >> (id & 31) & 1) != 0 && !vocabulary.is_eos(id)) allowed.push_back(id);
      }
      if (allowed.empty()) break;
      for (char c : vocabulary.token(allowed[below(random, static_cast<std::uint32_t>(allowed.size()))])) {
        CHECK(at.advance(machine, static_cast<std::uint8_t>(c)));
      }
    }
  }
}

Configuration with_frames(ShortList<StateId> frames) {
  Configuration configuration;
  configuration.frames = std::move(frames);
  return configuration;
}

void test_random_machines() {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    Machine machine;
    RandomAutomaton automaton(machine, random, 3 + below(random, 10));
    Setup setup = make_setup(random, 300 + below(random, 2500), 2 + below(random, 24));
    std::vector<Configuration> starts;
    for (int i = 0; i < 6; ++i) {
      ShortList<StateId> frames;
      for (std::uint32_t depth = 1 + below(random, 5); depth > 0; --depth) {
        frames.push_back(automaton.state(below(random, automaton.locals())));
      }
      starts.push_back(with_frames(frames));
    }
    MaskEngine engine(machine, setup.index, std::size_t{64} << 20);
    follow(machine, setup, engine, starts, random, 4, "random machine");
    MaskEngine tiny(machine, setup.index, 0);
    follow(machine, setup, tiny, starts, random, 2, "random machine, tiny memo");
  }
}

// An object with everything; `seed` decides its strings.
struct ToyWorld {
  explicit ToyWorld(unsigned seed)
      : random(seed),
        object(machine),
        space(machine),
        counter(machine),
        ascii(machine, ToyCounter::Kind::kAscii),
        open(machine, ToyCounter::Kind::kOpen) {
    std::vector<std::string> names;
    for (std::uint32_t i = below(random, 6); i > 0; --i) {
      std::string name;
      for (std::uint32_t n = 1 + below(random, 7); n > 0; --n) name += static_cast<char>('a' + below(random, 6));
      names.push_back(name);
    }
    if (below(random, 2) == 0) names.push_back("id");
    keys = std::make_unique<ToyKeys>(machine, names);
    object.key = keys->state(keys->start());
    for (int i = 0; i < 4; ++i) {
      bodies.push_back(std::make_unique<ToyString>(machine, random));
      object.strings.push_back(bodies.back()->state(0));
    }
    for (std::uint32_t length : {1u, 3u, 6u, 11u, 40u}) object.strings.push_back(counter.state(length));
    for (std::uint32_t length : {2u, 5u, 23u, 24u, 25u, 60u}) object.strings.push_back(ascii.state(length));
    for (std::uint32_t length : {1u, 9u, 30u, ToyCounter::kFree}) object.strings.push_back(open.state(length));
    object.strings.push_back(counter.state(ToyCounter::kFree));
    if (seed % 2 == 0) object.space = space.state(0);
  }
  std::vector<Configuration> starts() {
    std::vector<Configuration> starts{with_frames({object.state(0)}), with_frames({object.state(2), object.state(0)})};
    for (StateId body : object.strings) starts.push_back(with_frames({object.state(2), object.state(2), body}));
    for (auto& body : bodies) {
      for (std::uint32_t q = 0; q < ToyString::kStates; ++q)
        starts.push_back(with_frames({object.state(2), body->state(q * 64)}));
    }
    Configuration in_key = with_frames({object.state(1, true), object.key});
    in_key.captures = {0};
    in_key.text = "\"";
    starts.push_back(in_key);
    for (char c : std::string("id")) {
      in_key.advance(machine, static_cast<std::uint8_t>(c));
      starts.push_back(in_key);
    }
    return starts;
  }
  Random random;
  Machine machine;
  ToyObject object;
  ToySpace space;
  ToyCounter counter;
  ToyCounter ascii;
  ToyCounter open;
  std::unique_ptr<ToyKeys> keys;
  std::vector<std::unique_ptr<ToyString>> bodies;
};

void test_objects() {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    ToyWorld world(seed);
    Setup setup = make_setup(world.random, seed % 3 == 0 ? 12000 : 3000, 5 + below(world.random, 20));
    MaskEngine engine(world.machine, setup.index, std::size_t{64} << 20);
    follow(world.machine, setup, engine, world.starts(), world.random, 4, "object");
    MaskEngine tiny(world.machine, setup.index, 0);
    follow(world.machine, setup, tiny, world.starts(), world.random, 1, "object, tiny memo");
    MaskEngine small(world.machine, setup.index, 300000);
    follow(world.machine, setup, small, world.starts(), world.random, 2, "object, small memo");
    CHECK(engine.statistics().masks > 0 && engine.statistics().walked_nodes > 0);
  }
}

void test_threads() {
  ToyWorld world(4);
  Setup setup = make_setup(world.random, 6000, 12);
  std::vector<Configuration> starts = world.starts();
  std::vector<std::vector<std::uint32_t>> wants;
  for (const Configuration& at : starts) wants.push_back(brute_force_mask(world.machine, *setup.vocabulary, at));
  for (std::size_t limit : {std::size_t{0}, std::size_t{200000}, std::size_t{64} << 20}) {
    MaskEngine engine(world.machine, setup.index, limit);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (unsigned round = 0; round < 6; ++round) {
          for (std::size_t i = 0; i < starts.size(); ++i) {
            std::size_t k = (i * 7 + t * 3 + round) % starts.size();
            if (mask_of(engine, world.machine, *setup.vocabulary, starts[k]) != wants[k]) ++wrong;
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
  }
}

void test_oversized_and_ended() {
  Machine machine;
  ToyCounter counter(machine);
  std::vector<std::string> tokens{
      "ab", std::string(400, 'a'), std::string(250, 'a'), std::string(251, 'a'), "\"", "</s>", "", "a\""};
  auto vocabulary = std::make_shared<const Vocabulary>(tokens, std::vector<TokenId>{5});
  Setup setup{vocabulary, std::make_shared<const VocabularyIndex>(vocabulary)};
  MaskEngine engine(machine, setup.index, 1 << 20);
  for (std::uint32_t length : {0u, 1u, 2u, 250u, 251u, 300u, 400u, 1000u}) {
    Configuration at = with_frames({counter.state(length)});
    CHECK(mask_of(engine, machine, *vocabulary, at) == brute_force_mask(machine, *vocabulary, at));
  }
  Configuration ended;
  CHECK(mask_of(engine, machine, *vocabulary, ended) == brute_force_mask(machine, *vocabulary, ended));
  CHECK(mask_of(engine, machine, *vocabulary, ended)[0] == 1u << 5);
}

void test_fuel() {
  ToyWorld world(4);
  Setup setup = make_setup(world.random, 3000, 12);
  MaskEngine engine(world.machine, setup.index, std::size_t{64} << 20);
  Configuration at = with_frames({world.object.state(2), world.bodies[0]->state(0)});
  std::vector<std::uint32_t> words(setup.vocabulary->bitmask_words());
  CHECK_THROWS(FuelError, {
    FuelScope scope(2);
    engine.fill(at, false, words.data());
  });
  CHECK(mask_of(engine, world.machine, *setup.vocabulary, at) ==
        brute_force_mask(world.machine, *setup.vocabulary, at));
}

}  // namespace

int main() {
  test_random_machines();
  test_objects();
  test_threads();
  test_oversized_and_ended();
  test_fuel();
  return check_summary();
}
