// Batches on several threads: whatever the threads, the order of the rows and what is known already, every mask is the
// one that a single thread makes. To be run under the thread sanitizer as well (MASKFORGE_SANITIZE=thread).
#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/errors.h"
#include "base/short_lock.h"
#include "matcher/batch_executor.h"
#include "matcher/engine.h"
#include "testing/check.h"

namespace maskforge {
namespace {

using Words = std::vector<std::uint32_t>;
using Rows = std::vector<std::shared_ptr<Matcher>>;
constexpr TokenId kEos = 0;

std::shared_ptr<const Vocabulary> vocabulary() {
  std::vector<std::string> tokens = {"</s>", "",   "{\"", "\": ", "\"}", "\", \"", "true",
                                     "12",   "ab", "], ", "[[",   "é",   "null"};
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(std::string(1, static_cast<char>(byte)));
  for (char a = 'a'; a <= 'z'; ++a) {
    for (char b : {'a', 'e', 'o', 'x', ' ', '-', '"', '1'}) tokens.push_back({a, b});
  }
  return std::make_shared<const Vocabulary>(tokens, std::vector<TokenId>{kEos});
}

// Every family of automata, and several grammars that share states.
std::vector<Spec> specs() {
  const char* schemas[] = {
      R"({"type": "object", "required": ["a"], "additionalProperties": {"type": "boolean"},
          "properties": {"a": {"type": "integer", "minimum": 3}, "b": {"type": "array", "items": {"$ref": "#"}},
                         "c": {"type": "string", "pattern": "^x.*y$", "maxLength": 9}, "d": {"enum": ["abc", 12]}}})",
      R"({"type": "array", "uniqueItems": true, "items": {"enum": ["ab", "abc", 1, 1.5, null, true]}, "minItems": 2})",
      R"({"anyOf": [{"type": "object", "properties": {"kind": {"const": "ab"}, "n": {"multipleOf": 0.25}}},
                    {"type": "object", "properties": {"kind": {"const": "cd"}, "s": {"type": "string"}}}]})",
      R"({"type": "object", "patternProperties": {"^a": {"type": "number"}, "b$": {"minimum": 7}}, "maxProperties": 3})",
      R"({"type": "string", "format": "date-time"})",
      R"({"type": "string", "minLength": 3, "maxLength": 40, "not": {"pattern": "ab+c"}})",
      R"({"type": "number", "minimum": -12.5, "exclusiveMaximum": 1000, "multipleOf": 0.5})",
      R"({"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}], "contains": {"const": 12}})",
      R"({"type": "object", "propertyNames": {"maxLength": 4}, "dependentRequired": {"a": ["b", "c"]}})",
      R"({})",
  };
  std::vector<Spec> found;
  for (const char* schema : schemas) found.push_back({Spec::Kind::kJsonSchema, schema, {}});
  for (const char* pattern : {"[a-f]{2,5}(-[0-9]+)*", "(ab|a[bx])*c", "\\S+@\\S+"})
    found.push_back({Spec::Kind::kRegex, pattern, {}});
  return found;
}

// What one row does: the masks it must see, and the token it takes after each.
struct Walk {
  std::size_t spec;
  std::vector<Words> masks;
  std::vector<std::int64_t> tokens;
};

std::vector<Walk> walks_of_one_thread(const std::shared_ptr<const Vocabulary>& vocabulary, std::size_t steps) {
  auto engine = Engine::create(vocabulary);
  std::vector<Spec> all = specs();
  std::vector<Walk> walks;
  for (std::size_t row = 0; row < 4 * all.size(); ++row) {
    std::mt19937 random(static_cast<unsigned>(row));
    Walk walk{row % all.size(), {}, {}};
    auto matcher = engine->compile(all[walk.spec])->matcher();
    for (std::size_t step = 0; step < steps; ++step) {
      Words words(vocabulary->bitmask_words());
      matcher->fill(words.data(), words.size());
      walk.masks.push_back(words);
      std::vector<TokenId> allowed = matcher->allowed_tokens();
      if (allowed.empty() || matcher->is_terminated()) break;
      if (allowed.size() > 1 && allowed[0] == kEos) allowed.erase(allowed.begin());
      walk.tokens.push_back(allowed[random() % allowed.size()]);
      CHECK(matcher->accept_token(walk.tokens.back()));
    }
    walks.push_back(std::move(walk));
  }
  return walks;
}

// All walks at once, row by row of one batch; those that are over are null. Returns how many answers were wrong.
std::size_t wrong_in_batch(const std::shared_ptr<Engine>& engine, BatchExecutor& executor,
                           const std::vector<Walk>& walks, std::size_t steps) {
  const std::size_t words = engine->generation()->vocabulary().bitmask_words();
  const std::vector<Spec> all = specs();
  Rows rows;
  std::vector<std::int64_t> places;
  for (std::size_t i = 0; i < walks.size(); ++i) {
    rows.push_back(engine->compile(all[walks[i].spec])->matcher());
    places.push_back(static_cast<std::int64_t>((7 * i + 3) % walks.size()));  // 7 divides no number of rows used here
  }
  Words out(walks.size() * words);
  std::size_t wrong = 0;
  for (std::size_t step = 0; step < steps; ++step) {
    std::vector<std::int64_t> tokens(walks.size(), 0);
    executor.fill(rows, places, {out.data(), words, words});
    std::vector<MaskId> ids = executor.mask_ids(rows);
    for (std::size_t i = 0; i < walks.size(); ++i) {
      if (rows[i] == nullptr) continue;
      const std::uint32_t* mask = out.data() + static_cast<std::size_t>(places[i]) * words;
      wrong += !std::equal(walks[i].masks[step].begin(), walks[i].masks[step].end(), mask);
      wrong += rows[i]->mask_id() != ids[i];
      if (step < walks[i].tokens.size()) {
        tokens[i] = walks[i].tokens[step];
      } else {
        rows[i] = nullptr;
      }
    }
    for (bool accepted : executor.accept(rows, tokens)) wrong += !accepted;
    for (std::size_t i = 0; i < walks.size(); ++i) {
      if (rows[i] != nullptr && step + 1 >= walks[i].masks.size()) rows[i] = nullptr;
    }
  }
  return wrong;
}

void test_batches() {
  constexpr std::size_t kSteps = 25;
  auto words = vocabulary();
  const std::vector<Walk> walks = walks_of_one_thread(words, kSteps);
  using Sharing = BatchExecutor::Sharing;
  for (int threads : {2, 4}) {
    for (Sharing sharing : {Sharing::kAlways, Sharing::kWhenWorthIt}) {
      BatchExecutor executor(threads, sharing);
      auto engine = Engine::create(words);
      CHECK(wrong_in_batch(engine, executor, walks, kSteps) == 0);  // nothing is known
      CHECK(wrong_in_batch(engine, executor, walks, kSteps) == 0);  // everything is
    }
  }
}

// Two batches on one cold engine whose memo is dropped again and again, while other specs are compiled into it.
void test_batches_at_once() {
  constexpr std::size_t kSteps = 15;
  auto words = vocabulary();
  const std::vector<Walk> walks = walks_of_one_thread(words, kSteps);
  EngineOptions options;
  options.memory_limit_bytes = std::size_t{1} << 20;
  auto engine = Engine::create(words, options);
  std::atomic<bool> over{false};
  std::thread compiler([&] {
    for (int i = 0; !over; ++i) {
      Spec spec{Spec::Kind::kJsonSchema, R"({"type": "string", "maxLength": )" + std::to_string(i % 50 + 1) + "}", {}};
      engine->compile(spec)->matcher()->allowed_tokens();
    }
  });
  std::atomic<std::size_t> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 2; ++caller) {
    callers.emplace_back([&] {
      BatchExecutor executor(2, BatchExecutor::Sharing::kAlways);
      for (int round = 0; round < 3; ++round) wrong += wrong_in_batch(engine, executor, walks, kSteps);
    });
  }
  for (std::thread& caller : callers) caller.join();
  over = true;
  compiler.join();
  CHECK(wrong == 0);
}

// fill_known() writes what fill() writes, or nothing.
void test_known_masks() {
  auto engine = Engine::create(vocabulary());
  const std::size_t size = engine->generation()->vocabulary().bitmask_words();
  for (const Spec& spec : specs()) {
    auto matcher = engine->compile(spec)->matcher();
    std::size_t known = 0;
    std::mt19937 random(5);
    for (int step = 0; step < 20 && !matcher->is_terminated(); ++step) {
      Words quick(size + 1, 0xABABABABu), words(size + 1), again(size + 1, 0xABABABABu);
      const bool expected = matcher->known() == MaskEngine::Known::kMask;
      std::optional<bool> any = matcher->fill_known(quick.data(), quick.size());
      CHECK(any.has_value() == expected);
      const bool filled = matcher->fill(words.data(), words.size());
      if (any) {
        CHECK(quick == words && *any == filled);
      } else {
        CHECK(quick == Words(size + 1, 0xABABABABu));
      }
      any = matcher->fill_known(again.data(), again.size());  // now, but for masks that take simulations
      if (any) CHECK(again == words && *any == filled && matcher->known_mask_id() == matcher->mask_id());
      known += any.has_value();
      std::vector<TokenId> allowed = matcher->allowed_tokens();
      if (allowed.empty()) break;
      matcher->accept_token(allowed[random() % allowed.size()]);
    }
    CHECK(known > 0);
    Words few(1);
    CHECK_THROWS(MisuseError, matcher->fill_known(few.data(), few.size()));
  }
}

// Locks that are taken all the time: nothing is lost, whoever waits comes in, and the owner may lock once more.
template <typename Lock>
void test_lock(bool recursive) {
  Lock lock;
  std::size_t count = 0;
  std::vector<std::thread> threads;
  constexpr std::size_t kTimes = 20000;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < kTimes; ++i) {
        if (t == 0) {
          while (!lock.try_lock()) std::this_thread::yield();
        } else {
          lock.lock();
        }
        if (recursive) lock.lock();
        ++count;
        if (recursive) lock.unlock();
        lock.unlock();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(count == 3 * kTimes);
  lock.lock();
  bool taken_twice = true;
  std::thread([&] { taken_twice = lock.try_lock(); }).join();
  CHECK(!taken_twice);
  std::thread sleeper([&] {  // finds the lock taken for longer than it looks
    lock.lock();
    ++count;
    lock.unlock();
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(count == 3 * kTimes);
  lock.unlock();
  sleeper.join();
  CHECK(count == 3 * kTimes + 1);
}

// Generations that are left while they are large, and given back on threads of their own: each once, what a matcher
// still holds not before the matcher is gone.
void test_large_generations() {
  const auto words = vocabulary();
  std::vector<std::weak_ptr<Generation>> left;
  std::unique_ptr<Matcher> old;
  {
    EngineOptions options;
    options.memory_limit_bytes = std::size_t{16} << 20;
    auto engine = Engine::create(words, options);
    old = engine->compile({Spec::Kind::kRegex, "(ab|c){2,9}", {}})->matcher();
    const std::weak_ptr<Generation> first = engine->generation();
    left.push_back(first);
    for (int number = 0; left.size() < 3 && number < 60000; ++number) {
      std::string pattern = "x" + std::to_string(number) + "(a|b|[c-f]{2})*\\d{3,5}";
      engine->compile({Spec::Kind::kRegex, pattern, {}})->matcher()->accept_bytes("x" + std::to_string(number) + "ab");
      const std::weak_ptr<Generation> now = engine->generation();
      if (now.owner_before(left.back()) || left.back().owner_before(now)) left.push_back(now);
    }
    CHECK(left.size() == 3);
    CHECK(!left[0].expired() && left[1].expired());
    CHECK(left[0].lock()->memory_bytes() > std::size_t{4} << 20);  // else it would be freed at once
  }
  CHECK(old->accept_bytes("abccab") == 6);
  old.reset();
  CHECK(left[0].expired() && left[2].expired());
}

}  // namespace
}  // namespace maskforge

int main() {
  using namespace maskforge;
  test_lock<ShortMutex>(false);
  test_lock<ShortRecursiveMutex>(true);
  test_known_masks();
  test_batches();
  test_batches_at_once();
  test_large_generations();
  return testing::check_summary();
}
