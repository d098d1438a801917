// Masks that are made before they are asked for: what does it, when it must not, and that nobody can tell but by the
// time a mask takes.
#include "matcher/masks_ahead.h"

#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/errors.h"
#include "matcher/background.h"
#include "matcher/batch_executor.h"
#include "matcher/engine.h"
#include "testing/check.h"

namespace maskforge {
namespace {

using namespace std::chrono_literals;
using Known = MaskEngine::Known;
using State = MasksAhead::State;
using Rows = std::vector<std::shared_ptr<Matcher>>;

// Whether it becomes true while other threads do their work; false after ten seconds.
template <typename Condition>
bool soon(const Condition& condition) {
  for (int look = 0; look < 100'000; ++look) {
    if (condition()) return true;
    std::this_thread::sleep_for(100us);
  }
  return false;
}

// A step takes a while, so that some are left when something else is to be done.
struct Count : ThreadPool::Errand {
  explicit Count(int steps) : left(steps) {}
  bool step(std::size_t) override {
    if (left.fetch_sub(1) <= 0) return false;
    std::this_thread::sleep_for(50us);
    ++done;
    return true;
  }
  std::atomic<int> left;
  std::atomic<int> done{0};
};
constexpr int kEndless = 1'000'000;

void test_errands() {
  for (unsigned threads : {2u, 4u}) {
    ThreadPool pool(threads);
    for (int round = 0; round < 20; ++round) {
      auto short_one = std::make_shared<Count>(9);
      pool.begin(short_one, 2);
      CHECK(soon([&] { return short_one->done == 9; }));
      auto endless = std::make_shared<Count>(kEndless), next = std::make_shared<Count>(kEndless);
      pool.begin(endless, threads);
      if (round % 2 == 0) CHECK(soon([&] { return endless->done > 0; }));
      pool.begin(next, threads);
      CHECK(soon([&] { return next->done > 0; }));
      CHECK(soon([&] { return endless.use_count() == 1; }));  // nobody is at it any more
      std::atomic<int> total{0};
      pool.run(50, [&](std::size_t) { ++total; });
      CHECK(total == 50);
      CHECK(soon([&] { return next.use_count() == 1; }));
    }
    pool.begin(std::make_shared<Count>(kEndless), threads);  // ends with the pool
  }
  ThreadPool alone(1);
  alone.begin(std::make_shared<Count>(1), 1);  // nobody to do it
}

void test_pauses() {
  ThreadPool pool(3);
  auto endless = std::make_shared<Count>(kEndless);
  pool.begin(endless, 2);
  CHECK(soon([&] { return endless->done > 0; }));
  Background::pause();
  Background::pause();
  const int done = endless->done;
  auto other = std::make_shared<Count>(kEndless);
  pool.begin(other, 2);
  CHECK(!Background::Piece());
  std::this_thread::sleep_for(5ms);
  CHECK(endless->done == done && other->done == 0);
  Background::resume();
  CHECK(!Background::Piece());
  Background::resume();
  CHECK(Background::Piece());
  pool.begin(other, 2);
  CHECK(soon([&] { return other->done > 0; }));
}

const std::vector<std::string> kTokens = {"</s>", "{",  "}", "\"", "a", "b",   "c",   ":", ",", "1",
                                          "23",   "ab", " ", "[",  "]", "{\"", "\":", "-", ".", "abc"};

std::shared_ptr<Engine> engine_with(EngineOptions options = {}) {
  return Engine::create(std::make_shared<const Vocabulary>(kTokens, std::vector<TokenId>{0}), options);
}

// Each text begins in its own schema.
Rows rows_of(Engine& engine, int count) {
  Rows rows;
  for (int i = 0; i < count; ++i) {
    const std::string schema =
        R"({"type": "array", "items": {"type": "string", "pattern": "^[a-c]{)" + std::to_string(i + 2) + R"(}$"}})";
    rows.push_back(engine.compile(Spec{Spec::Kind::kJsonSchema, schema, {}})->matcher());
    CHECK(rows.back()->accept_bytes("[\"a") == 3);
  }
  return rows;
}

bool all_known(const Rows& rows) {
  for (const auto& row : rows) {
    if (row->known() != Known::kMask) return false;
  }
  return true;
}

void test_steps() {
  auto engine = engine_with();
  Rows rows = rows_of(*engine, 3);
  auto ended = engine->compile(Spec{Spec::Kind::kRegex, "a", {}})->matcher();
  CHECK(ended->accept_bytes("a") == 1);
  rows[1]->allowed_tokens();
  CHECK(rows[0]->known() == Known::kNothing && rows[1]->known() == Known::kMask);
  auto found_work = std::make_shared<std::atomic<bool>>(false);
  MasksAhead ahead({0, 5}, found_work);
  ahead.add(3, ended->place());
  ahead.add(1, MasksAhead::Place());
  CHECK(ahead.step(0) && ahead.step(0) && !ahead.finished());  // row 0 is not there yet
  CHECK(ahead.state(3, ended.get()) == State::kWaiting && ahead.state(0, rows[0].get()) == State::kComing);
  ahead.add(0, rows[0]->place());
  ahead.add(2, rows[1]->place());
  ahead.add(4, rows[2]->place());
  CHECK(!*found_work && ahead.state(0, rows[0].get()) == State::kWaiting);
  int steps = 0;
  while (ahead.step(0)) {
    ++steps;
    CHECK(rows[0]->known() == Known::kMask && ahead.state(0, rows[0].get()) == State::kDone && *found_work);
  }
  CHECK(steps == 5 && ahead.finished() && !ahead.step(0));
  CHECK(all_known(rows));
  CHECK(ahead.state(0, rows[1].get()) == State::kComing && ahead.state(5, rows[0].get()) == State::kComing);
  CHECK(ahead.state(4, rows[2].get()) == State::kDone);

  *found_work = false;
  MasksAhead again({0, 3}, found_work), cancelled({0, 3}, found_work);
  for (std::size_t i = 0; i < 3; ++i) again.add(i, rows[i]->place());
  while (again.step(0)) {
  }
  CHECK(!*found_work);  // all are known
  cancelled.add(0, rows[0]->place());
  CHECK(cancelled.step(0) && cancelled.step(0) && !cancelled.finished());
  cancelled.cancel();
  CHECK(!cancelled.step(0) && cancelled.finished());

  // What a matcher needs is kept alive until its row is done, and no longer.
  std::weak_ptr<Generation> generation = rows[0]->place().generation;
  MasksAhead last({0, 1}, found_work);
  last.add(0, rows[0]->place());
  rows.clear();
  ended.reset();
  engine.reset();
  CHECK(!generation.expired());
  while (last.step(0)) {
  }
  CHECK(generation.expired());
}

// Each thread makes those of its own share, and then what is left of the others.
void test_shares() {
  auto engine = engine_with();
  Rows rows = rows_of(*engine, 6);
  MasksAhead ahead({0, 2, 2, 6}, std::make_shared<std::atomic<bool>>(false));
  for (std::size_t i : {1, 3, 4, 5}) ahead.add(i, rows[i]->place());
  auto made = [&](std::size_t i) { return ahead.state(i, rows[i].get()) == State::kDone; };
  // Rows 0 and 2 are not there yet, and those behind them wait for them.
  for (std::size_t share : {0, 1, 2}) CHECK(ahead.step(share));
  for (std::size_t i = 0; i < 6; ++i) CHECK(!made(i));
  ahead.add(2, rows[2]->place());
  CHECK(ahead.step(0) && made(2) && !made(3));  // nothing to do in the share itself: the next one helps
  ahead.add(0, rows[0]->place());
  CHECK(ahead.step(2) && made(3) && !made(0));
  CHECK(ahead.step(0) && made(0) && !made(4));
  CHECK(ahead.step(1) && made(4) && !made(1) && !ahead.finished());
  CHECK(ahead.step(2) && made(5));
  CHECK(ahead.step(2) && made(1) && ahead.finished() && !ahead.step(1));
}

void test_too_much_work() {
  EngineOptions options;
  options.fill_fuel = 0;
  auto engine = engine_with(options);
  Rows rows = rows_of(*engine, 2);
  MasksAhead ahead({0, 2}, std::make_shared<std::atomic<bool>>(false));
  for (std::size_t i = 0; i < 2; ++i) ahead.add(i, rows[i]->place());
  while (ahead.step(0)) {
  }
  CHECK(ahead.state(1, rows[1].get()) == State::kDone && rows[1]->known() != Known::kMask);
  CHECK_THROWS(FuelError, rows[1]->allowed_tokens());
}

std::vector<std::uint32_t> masks(BatchExecutor& executor, const Rows& rows) {
  std::vector<std::uint32_t> words(rows.size());
  std::vector<std::int64_t> places;
  for (std::size_t i = 0; i < rows.size(); ++i) places.push_back(static_cast<std::int64_t>(i));
  executor.fill(rows, places, {words.data(), 1, 1});
  return words;
}

void test_executor() {
  const std::vector<std::int64_t> tokens(12, 5);
  {
    auto engine = engine_with();
    BatchExecutor executor(3);
    Rows rows = rows_of(*engine, 12);
    CHECK(executor.accept(rows, tokens) == std::vector<bool>(12, true));
    std::this_thread::sleep_for(2ms);
    CHECK(rows[3]->known() == Known::kNothing);  // nobody asked for masks yet
    masks(executor, rows);
    CHECK(all_known(rows));
    executor.accept(rows, tokens);  // the masks before were new
    CHECK(soon([&] { return all_known(rows); }));
    masks(executor, rows);  // and they were not known when they were made ahead
    executor.accept(rows, tokens);
    CHECK(soon([&] { return all_known(rows); }));
    for (int i = 0; i < 2; ++i) {
      for (const auto& row : rows) row->rollback(1);
      masks(executor, rows);  // all known by now
      CHECK(executor.accept(rows, tokens)[11]);
      std::this_thread::sleep_for(1ms);
      masks(executor, rows);
    }
    auto other = engine_with();
    Rows fresh = rows_of(*other, 12);
    executor.accept(fresh, tokens);
    std::this_thread::sleep_for(2ms);
    CHECK(fresh[3]->known() == Known::kNothing);  // no mask was new the last time: nothing is begun
  }
  for (std::int64_t threads : {1, 2, 5}) {
    auto engine = engine_with(), other = engine_with();
    BatchExecutor executor(threads, BatchExecutor::Sharing::kAlways), plain(1);
    Rows rows = rows_of(*engine, 12), same = rows_of(*other, 12);
    rows[7] = same[7] = nullptr;
    executor.prepare(rows);
    executor.prepare(Rows{});
    executor.prepare(rows);
    for (int step = 0; step < 30; ++step) {
      if (step % 3 == 0) std::this_thread::sleep_for(200us);  // sometimes there is time for some, or for all
      CHECK(masks(executor, rows) == masks(plain, same));
      std::vector<std::int64_t> next;
      for (int i = 0; i < 12; ++i) next.push_back(3 + (step * 7 + i) % 9);
      CHECK(executor.accept(rows, next) == plain.accept(same, next));
      if (step % 5 == 4) executor.prepare(Rows(rows.begin() + 2, rows.end()));  // another batch
    }
  }
}

void test_matchers_that_are_gone() {
  BatchExecutor executor(4, BatchExecutor::Sharing::kAlways);
  for (int round = 0; round < 30; ++round) {
    auto engine = engine_with();
    Rows rows = rows_of(*engine, 8);
    std::weak_ptr<Generation> generation = engine->generation();
    if (round % 3 == 2) Background::pause();  // given up with most rows left
    executor.prepare(rows);
    rows.clear();
    engine.reset();
    CHECK(soon([&] { return generation.expired(); }));
    if (round % 3 == 2) Background::resume();
  }
}

// Not under sanitizers: that of threads refuses new ones in a forked child, that of addresses leaves the locks of its
// allocator there as they were at the fork.
#if !defined(_WIN32) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define MASKFORGE_TEST_FORK
#endif

void test_process_fork() {
#ifdef MASKFORGE_TEST_FORK
  const std::vector<std::int64_t> tokens(40, 5);
  for (int round = 0; round < 20; ++round) {
    auto engine = engine_with();
    BatchExecutor executor(3, BatchExecutor::Sharing::kAlways);
    Rows rows = rows_of(*engine, 40);
    executor.accept(rows, tokens);  // the others are at work now
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);  // a lock that is held for ever
      masks(executor, rows);
      executor.accept(rows, std::vector<std::int64_t>(40, 4));
      const bool good = soon([&] { return all_known(rows); });
      masks(executor, rows);
      _exit(good ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(Background::Piece());
    masks(executor, rows);
  }
#endif
}

// A process that ends while threads are at work: under what it leaves behind.
void test_end() {
#ifdef MASKFORGE_TEST_FORK
  std::fflush(stdout);  // or the child writes it too
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    static auto* engine = new std::shared_ptr<Engine>(engine_with());
    static auto* executor = new BatchExecutor(3, BatchExecutor::Sharing::kAlways);
    static auto* rows = new Rows(rows_of(**engine, 40));
    executor->accept(*rows, std::vector<std::int64_t>(40, 5));
    std::exit(testing::failed == 0 ? 0 : 1);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
#endif
}

}  // namespace
}  // namespace maskforge

int main() {
  using namespace maskforge;
  test_errands();
  test_pauses();
  test_steps();
  test_shares();
  test_too_much_work();
  test_executor();
  test_matchers_that_are_gone();
  test_process_fork();
  test_end();
  return testing::check_summary();
}
