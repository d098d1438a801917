// Matchers, their undo log, generations and batches, on the toy language of testing/toy_automaton.h. The reference for
// every state is a configuration that reads the whole text from the start.
#include "matcher/matcher.h"

#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "base/errors.h"
#include "base/hash.h"
#include "masks/vocabulary_index.h"
#include "matcher/batch_executor.h"
#include "matcher/engine.h"
#include "testing/check.h"
#include "testing/toy_automaton.h"

namespace maskforge {
namespace {

using testing::ToyAutomaton;

constexpr TokenId kEos = 0;
constexpr TokenId kOtherEos = 1;

// Single bytes, tokens that cross frames and keys, an empty token, one that is never allowed, two end-of-sequence ids.
const std::vector<std::string> kTokens = {"</s>", "<end>",    "",        "[",      "]",    ",",   "\"",    "1",
                                          "23",   "a",        "up",      "dup",    "]]",   "],[", "[[",    "[1,[2,",
                                          "[\"",  "\",",      "\"dup\"", "\"]",    "x9",   "],",  "7,8",   "\"a\",",
                                          "4]",   "\"dup\",", "é",       "[[[[\"", "]]]]", "d",   "5],\"k"};

std::shared_ptr<const Vocabulary> toy_vocabulary() {
  return std::make_shared<const Vocabulary>(kTokens, std::vector<TokenId>{kEos, kOtherEos});
}

struct Toy {
  explicit Toy(EngineOptions options = {}) {
    auto vocabulary = toy_vocabulary();
    generation = std::make_shared<Generation>(vocabulary, std::make_shared<const VocabularyIndex>(vocabulary), options);
    automaton = std::make_unique<ToyAutomaton>(generation->machine());
    start = automaton->state(ToyAutomaton::kStart);
  }
  std::shared_ptr<Matcher> matcher() { return std::make_shared<Matcher>(generation, start); }
  std::shared_ptr<Generation> generation;
  std::unique_ptr<ToyAutomaton> automaton;
  StateId start;
};

// The naive reference: the accepted tokens, read again from the start for every question.
struct Reference {
  Toy& toy;
  std::vector<TokenId> tokens;
  bool allowed(TokenId next) const {
    if (!tokens.empty() && tokens.back() <= kOtherEos) return next <= kOtherEos;
    Configuration configuration;
    configuration.frames = {toy.start};
    std::string text;
    for (TokenId token : tokens) text += kTokens[token];
    if (next > kOtherEos) text += kTokens[next];
    for (char byte : text) {
      if (!configuration.advance(toy.generation->machine(), static_cast<std::uint8_t>(byte))) return false;
    }
    return next <= kOtherEos ? configuration.accepting(toy.generation->machine()) : !kTokens[next].empty();
  }
  std::vector<TokenId> mask() const {
    std::vector<TokenId> mask;
    for (TokenId token = 0; token < kTokens.size(); ++token) {
      if (allowed(token)) mask.push_back(token);
    }
    return mask;
  }
};

void test_journal() {
  Toy toy;
  Machine& machine = toy.generation->machine();
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    Configuration configuration;
    configuration.frames = {toy.start};
    UndoLog log;
    std::vector<Configuration> before;
    for (int step = 0; step < 200; ++step) {
      const std::string& token = kTokens[2 + random() % (kTokens.size() - 2)];
      Configuration saved = configuration;
      Journal journal;
      configuration.mark(journal);
      bool ok = true;
      for (char byte : token) ok = ok && configuration.advance(machine, static_cast<std::uint8_t>(byte), &journal);
      if (!ok) {
        configuration.restore(journal);
        CHECK(configuration == saved);
        continue;
      }
      before.push_back(saved);
      log.push(journal, false);
      while (!before.empty() && random() % 3 == 0) {
        UndoLog copy = log;
        Journal undo;
        log.pop(undo);
        configuration.restore(undo);
        CHECK(configuration == before.back());
        before.pop_back();
        if (random() % 8 == 0) CHECK(copy.size() == before.size() + 1);
      }
    }
    CHECK(log.size() == before.size());
  }
}

void test_walks() {
  Toy toy;
  std::mt19937 random(2);
  for (int round = 0; round < 60; ++round) {
    auto matcher = toy.matcher();
    Reference reference{toy, {}};
    for (int step = 0; step < 60; ++step) {
      std::vector<TokenId> mask = reference.mask();
      CHECK(matcher->allowed_tokens() == mask);
      CHECK(matcher->num_tokens() == reference.tokens.size());
      bool ended = !reference.tokens.empty() && reference.tokens.back() <= kOtherEos;
      CHECK(matcher->is_terminated() == ended);
      CHECK(matcher->is_accepting() == (ended || reference.allowed(kEos)));
      if (ended || random() % 5 == 0) {
        std::size_t count = random() % (reference.tokens.size() + 1);
        if (ended && count == 0) count = 1;
        matcher->rollback(static_cast<std::int64_t>(count));
        reference.tokens.resize(reference.tokens.size() - count);
        continue;
      }
      auto token = static_cast<TokenId>(random() % kTokens.size());
      bool expected = reference.allowed(token);
      CHECK(matcher->validate_tokens(std::vector<std::int64_t>{token}) == (expected ? 1u : 0u));
      auto twin = matcher->fork();
      CHECK(matcher->accept_token(token) == expected);
      CHECK(twin->allowed_tokens() == mask);  // a fork is independent
      if (expected) {
        reference.tokens.push_back(token);
        twin->reset();
        for (TokenId earlier : reference.tokens) CHECK(twin->accept_token(earlier));
        CHECK(twin->allowed_tokens() == matcher->allowed_tokens());
      }
    }
  }
}

void test_end_of_sequence() {
  Toy toy;
  auto matcher = toy.matcher();
  CHECK(!matcher->accept_token(kEos));
  CHECK(matcher->accept_bytes("[1,[") == 4);
  CHECK(matcher->accept_bytes("]]x") == 2);  // only two can be read: nothing was
  CHECK(matcher->accept_bytes("") == 0);
  CHECK(matcher->num_tokens() == 1);
  CHECK(matcher->accept_bytes("]]") == 2);
  CHECK(matcher->is_accepting() && !matcher->is_terminated());
  CHECK((matcher->allowed_tokens() == std::vector<TokenId>{kEos, kOtherEos}));
  CHECK((matcher->validate_tokens(std::vector<std::int64_t>{kOtherEos, kEos}) == 1));
  CHECK(matcher->accept_token(kOtherEos));
  CHECK(matcher->is_terminated() && matcher->is_accepting());
  CHECK((matcher->allowed_tokens() == std::vector<TokenId>{kEos, kOtherEos}));
  CHECK_THROWS(MisuseError, matcher->accept_token(kEos));
  CHECK_THROWS(MisuseError, matcher->accept_token(3));
  CHECK_THROWS(MisuseError, matcher->accept_bytes("1"));
  CHECK(matcher->validate_tokens(std::vector<std::int64_t>{kEos}) == 0);
  CHECK(matcher->fork()->is_terminated());
  CHECK(matcher->forced_tokens().empty());
  matcher->rollback(1);
  CHECK(!matcher->is_terminated() && matcher->accept_token(kEos));
  matcher->rollback(3);
  CHECK(matcher->num_tokens() == 0 && matcher->allowed_tokens() == toy.matcher()->allowed_tokens());
  matcher->accept_bytes("[]");
  matcher->accept_token(kEos);
  matcher->reset();
  CHECK(!matcher->is_terminated() && matcher->num_tokens() == 0);
}

void test_misuse() {
  Toy toy;
  auto matcher = toy.matcher();
  CHECK(matcher->accept_token(3));
  CHECK_THROWS(MisuseError, matcher->accept_token(-1));
  CHECK_THROWS(MisuseError, matcher->accept_token(static_cast<std::int64_t>(kTokens.size())));
  CHECK_THROWS(MisuseError, matcher->accept_token(std::int64_t{1} << 40));
  CHECK_THROWS(MisuseError, matcher->rollback(2));
  CHECK_THROWS(MisuseError, matcher->rollback(-1));
  std::uint32_t word = 0;
  CHECK_THROWS(MisuseError, matcher->fill(&word, 0));
  CHECK((matcher->validate_tokens(std::vector<std::int64_t>{7, -1, 7}) == 1));
  CHECK((matcher->validate_tokens(std::vector<std::int64_t>{7, 999, 7}) == 1));
  CHECK(matcher->num_tokens() == 1);
  std::uint32_t words[3] = {7, 7, 7};
  CHECK(matcher->fill(words, 3) && words[0] != 0 && words[1] == 0 && words[2] == 0);
}

void test_forced() {
  Toy toy;
  auto matcher = toy.matcher();
  matcher->accept_bytes("[\"dup\"");  // only `]` from here on, as `]`, then the end; `]]` and others do not fit
  CHECK((matcher->forced_tokens() == std::vector<TokenId>{4}));  // two end-of-sequence ids: no token is forced
  CHECK(matcher->num_tokens() == 1 && matcher->expected() == "']'");
  auto fresh = toy.matcher();
  CHECK(fresh->forced_tokens().empty() && fresh->expected() == "a list: '['");
  fresh->accept_bytes("[1");
  CHECK(fresh->expected() == "a number: ',', '0'-'9', ']'");
  fresh->accept_bytes("]");
  CHECK(fresh->expected() == "the end of the text");
}

void test_deep_stack() {
  Toy toy;
  auto matcher = toy.matcher();
  const std::size_t depth = 5000;
  for (std::size_t i = 0; i < depth / 4; ++i) CHECK(matcher->accept_bytes("[[[[") == 4);
  std::size_t before = matcher->memory_bytes();
  for (int i = 0; i < 1000; ++i) {
    matcher->accept_bytes("1");
    matcher->accept_bytes(",");
  }
  // A copy of the stack for each token would be 40 MB.
  CHECK_NOTE(matcher->memory_bytes() - before < 150'000, std::to_string(matcher->memory_bytes() - before));
  CHECK(matcher->accept_bytes("1" + std::string(depth, ']')) == depth + 1);
  CHECK(matcher->is_accepting());
  matcher->rollback(1);
  CHECK(!matcher->is_accepting() && matcher->accept_bytes("[") == 1);
  matcher->rollback(2001);
  CHECK(matcher->memory_bytes() < 200'000);
  CHECK(matcher->accept_bytes(std::string(depth, ']')) == depth && matcher->is_accepting());
  CHECK(matcher->fork()->is_accepting());
}

void test_fuel() {
  EngineOptions options;
  options.accept_fuel = 2;
  Toy toy(options);
  auto matcher = toy.matcher();
  CHECK_THROWS(FuelError, matcher->accept_bytes("[1,[2,[3]]]"));
  CHECK(matcher->num_tokens() == 0);
  CHECK(matcher->allowed_tokens() == Toy().matcher()->allowed_tokens());
  // What was computed stays, so that trying again gets further and ends.
  int tries = 0;
  for (bool done = false; !done && tries < 100; ++tries) {
    try {
      done = matcher->accept_bytes("[1,[2,[3]]]") == 11;
    } catch (const FuelError&) {
    }
  }
  CHECK(tries > 1 && tries < 100 && matcher->is_accepting());
}

void test_batch() {
  Toy toy;
  std::mt19937 random(3);
  for (std::int64_t threads : {1, 2, 5}) {
    BatchExecutor executor(threads, BatchExecutor::Sharing::kAlways);
    std::vector<std::shared_ptr<Matcher>> rows, singles;
    for (int i = 0; i < 37; ++i) {
      rows.push_back(i % 9 == 4 ? nullptr : toy.matcher());
      singles.push_back(toy.matcher());
    }
    const std::size_t words = 3, stride = 5;
    for (int step = 0; step < 60; ++step) {
      std::vector<std::uint32_t> batch(2 * rows.size() * stride, 0xABABABABu), single(words);
      std::vector<std::int64_t> places;
      for (std::size_t i = 0; i < rows.size(); ++i)
        places.push_back(static_cast<std::int64_t>(2 * ((i + 3) % rows.size())));
      std::vector<bool> any = executor.fill(rows, places, {batch.data(), stride, words});
      std::vector<std::int64_t> tokens;
      std::vector<bool> expected;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i] == nullptr) {
          single.assign(words, ~0u);
        } else {
          CHECK(any[i] == singles[i]->fill(single.data(), words));
        }
        const std::uint32_t* row = batch.data() + static_cast<std::size_t>(places[i]) * stride;
        CHECK(std::equal(single.begin(), single.end(), row) && row[words] == 0xABABABABu && row[stride] == 0xABABABABu);
        std::int64_t token = 2 + static_cast<std::int64_t>(random() % (kTokens.size() - 2));
        tokens.push_back(token);
        expected.push_back(rows[i] == nullptr || singles[i]->accept_token(token));
      }
      CHECK(executor.accept(rows, tokens) == expected);
    }
  }
}

void test_batch_misuse() {
  Toy toy;
  BatchExecutor executor(3, BatchExecutor::Sharing::kAlways);
  CHECK_THROWS(MisuseError, BatchExecutor(0));
  CHECK_THROWS(MisuseError, BatchExecutor(100000));
  auto first = toy.matcher(), second = toy.matcher(), ended = toy.matcher();
  ended->accept_bytes("[]");
  ended->accept_token(kEos);
  using Rows = std::vector<std::shared_ptr<Matcher>>;
  using Ids = std::vector<std::int64_t>;
  CHECK_THROWS(MisuseError, executor.accept(Rows{first, second, first}, Ids{3, 3, 3}));
  CHECK_THROWS(MisuseError, executor.accept(Rows{first, second}, Ids{3}));
  CHECK_THROWS(MisuseError, executor.accept(Rows{first, second}, Ids{3, 1000}));
  CHECK_THROWS(MisuseError, executor.accept(Rows{first, ended}, Ids{3, kEos}));
  CHECK(first->num_tokens() == 0 && second->num_tokens() == 0 && ended->num_tokens() == 2);
  std::vector<std::uint32_t> words(8);
  CHECK_THROWS(MisuseError, executor.fill(Rows{first, second}, Ids{0, 0}, {words.data(), 1, 1}));
  CHECK_THROWS(MisuseError, executor.fill(Rows{first, second}, Ids{0, -1}, {words.data(), 1, 1}));
  CHECK_THROWS(MisuseError, executor.fill(Rows{first}, Ids{}, {words.data(), 1, 1}));
  executor.fill(Rows{first, first, ended}, Ids{0, 1, 2}, {words.data(), 1, 1});  // a matcher may be filled twice
  CHECK(words[0] != 0 && words[0] == words[1] && words[2] == 3);
  CHECK(executor.fill(Rows{}, Ids{}, {nullptr, 0, 0}).empty());
}

void test_batch_all_or_nothing() {
  EngineOptions options;
  options.accept_fuel = 3;
  Toy toy(options);
  toy.matcher()->accept_bytes("[");
  BatchExecutor executor(2, BatchExecutor::Sharing::kAlways);
  std::vector<std::shared_ptr<Matcher>> rows = {toy.matcher(), toy.matcher(), toy.matcher()};
  bool thrown = false;
  try {
    executor.accept(rows, std::vector<std::int64_t>{3, 15, 3});  // the second needs states that nobody computed
  } catch (const FuelError& error) {
    thrown = std::string(error.what()).find("entry 1 of the batch") != std::string::npos;
  }
  CHECK(thrown);
  for (const auto& matcher : rows)
    CHECK(matcher->num_tokens() == 0 && matcher->validate_tokens(std::vector<std::int64_t>{3}) == 1);
}

void test_pool() {
  ThreadPool pool(4);
  for (std::size_t count : {0, 1, 2, 3, 1000}) {
    for (int repeat = 0; repeat < 50; ++repeat) {
      std::vector<std::atomic<int>> done(count);
      pool.run(count, [&](std::size_t i) { ++done[i]; });
      bool once = true;
      for (const auto& times : done) once = once && times == 1;
      CHECK(once);
    }
  }
  // Several callers at a time share nothing but the threads.
  std::atomic<std::size_t> total{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c) {
    callers.emplace_back([&] {
      for (int repeat = 0; repeat < 200; ++repeat) pool.run(16, [&](std::size_t) { ++total; });
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(total == 4 * 200 * 16);
}

// Two threads: each begins with its own share, and goes on from the end of the other's.
void test_shares_of_a_pool() {
  CHECK((ThreadPool(2).bounds(7) == std::vector<std::size_t>{0, 3, 7}));
  CHECK((ThreadPool(1).bounds(7) == std::vector<std::size_t>{0, 7}));
  CHECK(ThreadPool(200).bounds(1000).size() < 40);
  for (std::size_t count : {0, 1, 5, 1000}) CHECK(ThreadPool(7).bounds(count).back() == count);
  ThreadPool pool(2);
  for (int repeat = 0; repeat < 20; ++repeat) {
    const std::thread::id caller = std::this_thread::get_id();
    std::vector<std::size_t> of_caller, of_other;
    std::atomic<std::size_t> done{0};
    std::atomic<bool> begun{false};
    pool.run({0, 3, 6}, [&](std::size_t i) {
      if (std::this_thread::get_id() == caller) {
        of_caller.push_back(i);
        begun = true;
        while (done < 5) std::this_thread::yield();  // the other does the rest
      } else {
        while (!begun) std::this_thread::yield();
        of_other.push_back(i);
        ++done;
      }
    });
    CHECK(of_caller == std::vector<std::size_t>{0});
    CHECK((of_other == std::vector<std::size_t>{3, 4, 5, 2, 1}));
  }
  ThreadPool several(4);
  for (const std::vector<std::size_t>& bounds :
       {std::vector<std::size_t>{0, 0, 0, 0, 50}, {0, 50, 50, 50, 50}, {0, 1, 1, 49, 50}, {0, 0, 0, 0, 0}}) {
    for (int repeat = 0; repeat < 50; ++repeat) {
      std::vector<std::atomic<int>> done(bounds.back());
      several.run(bounds, [&](std::size_t i) { ++done[i]; });
      CHECK(std::ranges::all_of(done, [](const auto& times) { return times == 1; }));
    }
  }
}

void test_process_fork() {
#if !defined(_WIN32) && !defined(__SANITIZE_THREAD__)  // that sanitizer refuses new threads in a forked child
  Toy toy;
  BatchExecutor executor(3, BatchExecutor::Sharing::kAlways);
  std::vector<std::shared_ptr<Matcher>> rows = {toy.matcher(), toy.matcher(), toy.matcher(), toy.matcher()};
  CHECK(executor.accept(rows, std::vector<std::int64_t>(4, 3)) == std::vector<bool>(4, true));
  pid_t child = fork();
  if (child == 0) {
    alarm(20);  // a pool without threads would wait for ever
    std::vector<bool> got;
    for (int i = 0; i < 10; ++i) got = executor.accept(rows, std::vector<std::int64_t>(4, 3));
    _exit(got == std::vector<bool>(4, true) ? 0 : 1);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  CHECK(executor.accept(rows, std::vector<std::int64_t>(4, 3)) == std::vector<bool>(4, true));
#endif
}

// Many threads on few matchers of one cold generation: every call happens in some order, so what was accepted is a
// text.
void test_threads() {
  for (int round = 0; round < 10; ++round) {
    Toy toy;
    auto shared = toy.matcher();
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        std::mt19937 random(t);
        auto own = toy.matcher();
        Reference reference{toy, {}};
        for (int step = 0; step < 150; ++step) {
          auto token = static_cast<TokenId>(2 + random() % (kTokens.size() - 2));
          bool expected = reference.allowed(token);
          if (own->accept_token(token) != expected) ++wrong;
          if (expected) reference.tokens.push_back(token);
          if (own->allowed_tokens() != reference.mask()) ++wrong;
          shared->accept_token(token);
          shared->is_accepting();
          if (step % 10 == 9) {
            auto twin = shared->fork();
            twin->rollback(static_cast<std::int64_t>(twin->num_tokens()));
            if (twin->allowed_tokens() != toy.matcher()->allowed_tokens()) ++wrong;
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
  }
}

// The same on a schema, whose states are made by several automata: what each thread sees is what one thread alone sees.
void test_threads_on_a_schema() {
  std::vector<std::string> tokens = {"</s>", "", "{\"", "\": ", "\"}", "\",\"", "true", "12", "ab", "],", "[["};
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(std::string(1, static_cast<char>(byte)));
  auto vocabulary = std::make_shared<const Vocabulary>(tokens, std::vector<TokenId>{0});
  const std::string schema = R"({"type": "object", "required": ["a"], "additionalProperties": {"type": "boolean"},
    "properties": {"a": {"type": "integer", "minimum": 3}, "b": {"type": "array", "items": {"$ref": "#"}},
                   "c": {"type": "string", "pattern": "^x.*y$", "maxLength": 9}, "d": {"enum": ["abc", 12, null]}}})";
  auto walk = [&](const Grammar& grammar, unsigned seed) {
    std::mt19937 random(seed);
    auto matcher = grammar.matcher();
    std::uint64_t seen = 0;
    for (int step = 0; step < 120; ++step) {
      std::vector<TokenId> allowed = matcher->allowed_tokens();
      for (TokenId token : allowed) seen = mix_hash(seen, token);
      if (matcher->is_terminated()) break;
      if (allowed.empty() || !matcher->accept_token(allowed[random() % allowed.size()])) return std::uint64_t{0};
      if (step % 7 == 6) matcher->rollback(2);
    }
    return seen;
  };
  constexpr unsigned kWalks = 24;
  std::vector<std::uint64_t> expected, got(kWalks);
  auto alone = Engine::create(vocabulary)->compile(Spec{Spec::Kind::kJsonSchema, schema, {}});
  for (unsigned seed = 0; seed < kWalks; ++seed) {
    expected.push_back(walk(*alone, seed));
    CHECK(expected.back() != 0);
  }
  auto engine = Engine::create(vocabulary);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      auto grammar = engine->compile(Spec{Spec::Kind::kJsonSchema, schema, {}});
      for (unsigned seed = t; seed < kWalks; seed += 4) got[seed] = walk(*grammar, seed);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(got == expected);
}

void test_generations() {
  EngineOptions options;
  options.memory_limit_bytes = 1;  // every generation is outgrown once it holds twice what its first spec needed
  auto engine = Engine::create(toy_vocabulary(), options);
  auto grammar = engine->compile(Spec{Spec::Kind::kRegex, "\\[(1|23)*\\]", {}});
  auto old = grammar->matcher();
  CHECK(old->accept_bytes("[1") == 2);
  auto first = engine->generation();
  std::vector<TokenId> before = old->allowed_tokens();
  for (int i = 0; i < 200 && engine->generation() == first; ++i) {
    engine->compile(Spec{Spec::Kind::kRegex, "\\[(a|d){" + std::to_string(i) + "}\\]", {}})
        ->matcher()
        ->accept_bytes("[aaaa");
  }
  CHECK(engine->generation() != first);
  auto fresh = grammar->matcher();
  CHECK(fresh->accept_bytes("[1") == 2 && fresh->allowed_tokens() == before);
  first.reset();
  CHECK(old->allowed_tokens() == before && old->accept_bytes("23]") == 3 && old->is_accepting());  // it lives on

  auto roomy = Engine::create(toy_vocabulary());
  auto one = roomy->compile(Spec{Spec::Kind::kRegex, "1*", {}});
  std::size_t bytes = roomy->memory_bytes();
  roomy->compile(Spec{Spec::Kind::kRegex, "1*", {}});
  CHECK(roomy->memory_bytes() == bytes);  // found, not compiled again
  CHECK_THROWS(SpecError, roomy->compile(Spec{Spec::Kind::kRegex, "(", {}}));
  CHECK(one->matcher()->accept_bytes("111") == 3);
  CHECK(one->report_json().front() == '[' && one->report_json().back() == ']');
}

}  // namespace
}  // namespace maskforge

int main() {
  using namespace maskforge;
  test_journal();
  test_walks();
  test_end_of_sequence();
  test_misuse();
  test_forced();
  test_deep_stack();
  test_fuel();
  test_batch();
  test_batch_misuse();
  test_batch_all_or_nothing();
  test_pool();
  test_shares_of_a_pool();
  test_process_fork();
  test_threads();
  test_threads_on_a_schema();
  test_generations();
  return testing::check_summary();
}
