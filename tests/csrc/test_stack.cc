// Work that needs more stack than its thread has is done on another one, with the same result.
#include "base/stack.h"

#ifndef _WIN32
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#endif

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/errors.h"
#include "base/fuel.h"
#include "base/short_lock.h"
#include "matcher/engine.h"
#include "schema/json_value.h"
#include "testing/check.h"

using namespace maskforge;

namespace {

// 1 + ... + depth, in frames of some 200 bytes, each of which is needed until the inner ones are done.
std::uint64_t sum_to(std::uint64_t depth) {
  Stack::check();
  volatile char frame[128];
  frame[0] = 1;
  const std::uint64_t inner = depth == 0 ? 0 : sum_to(depth - 1);
  return inner + depth * static_cast<std::uint64_t>(frame[0]);
}

std::uint64_t spend_to(std::uint64_t depth) {
  FuelScope::spend();
  volatile char frame[128];
  frame[0] = 1;
  const std::uint64_t inner = depth == 0 ? 0 : spend_to(depth - 1);
  return inner + depth * static_cast<std::uint64_t>(frame[0]);
}

std::uint64_t sum(std::uint64_t depth) { return depth * (depth + 1) / 2; }

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

void test_any_thread() {
  for (std::uint64_t depth : {1u, 100u, 3000u, 60000u}) {
    CHECK(with_enough_stack([&] { return sum_to(depth); }) == sum(depth));
    CHECK(with_enough_stack([&] {
            FuelScope fuel(1'000'000);
            return spend_to(depth);
          }) == sum(depth));
  }
  // What the work throws is thrown, wherever it ran; what was done before it had to be given up is done again.
  CHECK_THROWS(std::out_of_range, with_enough_stack([] { throw std::out_of_range("here"); }));
  CHECK_THROWS(UnsupportedError, with_enough_stack([] {
                 sum_to(60000);
                 throw UnsupportedError("there");
               }));
  CHECK_THROWS(FuelError, with_enough_stack([] {
                 FuelScope fuel(1000);
                 return spend_to(60000);
               }));
  CHECK_THROWS(FuelError, with_enough_stack([] { sum_to(~std::uint64_t{0} / 4); }));
  CHECK_THROWS(FuelError, with_enough_stack([] { return spend_to(~std::uint64_t{0} / 4); }));
  int begun = 0;
  const auto result = with_enough_stack([&] {
    ++begun;
    sum_to(60000);
    return std::make_unique<int>(begun);
  });
  CHECK(*result == begun && begun <= 2);
  with_enough_stack([&] { begun = 0; });
  CHECK(begun == 0);
  // A lock that the work takes is free again before the work begins anew.
  ShortRecursiveMutex mutex;
  CHECK(with_enough_stack([&] {
          std::lock_guard outer(mutex);
          std::lock_guard inner(mutex);
          return sum_to(60000);
        }) == sum(60000));
  CHECK(mutex.try_lock());
  mutex.unlock();
  CHECK(with_enough_stack([] { return parse_json(nested(2900)).root().is_array(); }));
  CHECK_THROWS(SpecError, with_enough_stack([] { parse_json(nested(100000)); }));
}

// Everything that a small thread can do, and a schema that is read, asked about and matched.
void test_engine(const std::shared_ptr<const Vocabulary>& vocabulary) {
  constexpr std::size_t kDepth = 1400;
  std::string schema;
  for (std::size_t i = 0; i < kDepth; ++i) schema += R"({"type":"array","minItems":1,"items":)";
  schema += R"({"type":"null"})" + std::string(kDepth, '}');
  const auto grammar = Engine::create(vocabulary)->compile({Spec::Kind::kJsonSchema, schema, {}});
  const auto matcher = grammar->matcher();
  CHECK(matcher->accept_bytes(std::string(kDepth, '[')) == kDepth);
  CHECK(!matcher->is_accepting() && !matcher->accept_token('['));
  CHECK(matcher->accept_bytes("null" + std::string(kDepth, ']')) == kDepth + 4 && matcher->is_accepting());
  CHECK(grammar->report().size() > kDepth);
}

#ifndef _WIN32

// In a thread with a stack of that size.
template <typename Work>
void on_stack_of(std::size_t bytes, Work work) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  CHECK(pthread_attr_setstacksize(&attributes, bytes) == 0);
  pthread_t thread;
  auto body = [](void* given) -> void* {
    (*static_cast<Work*>(given))();
    return nullptr;
  };
  CHECK(pthread_create(&thread, &attributes, body, &work) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

// A stack that the system knows nothing of.
[[maybe_unused]] void test_coroutine() {
  static ucontext_t here, there;
  static std::vector<char> stack(std::size_t{1} << 19);
  static std::uint64_t found = 0;
  getcontext(&there);
  there.uc_stack.ss_sp = stack.data();
  there.uc_stack.ss_size = stack.size();
  there.uc_link = &here;
  makecontext(&there, [] { found = with_enough_stack([] { return sum_to(60000); }); }, 0);
  swapcontext(&here, &there);
  CHECK(found == sum(60000));
}

// What `work` answers in a child process.
template <typename Work>
bool in_child(Work work) {
  const pid_t child = fork();
  if (child == 0) _exit(work() ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void test_children() {
  CHECK(in_child([] { return with_enough_stack([] { return sum_to(60000); }) == sum(60000); }));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // No memory for another stack.
  CHECK(in_child([] {
    const rlimit limit{std::size_t{48} << 20, std::size_t{48} << 20};
    if (setrlimit(RLIMIT_AS, &limit) != 0) return false;
    try {
      with_enough_stack([] { return sum_to(60000); });
    } catch (const FuelError& error) {
      return std::string(error.what()).find("cannot be made") != std::string::npos;
    }
    return false;
  }));
#endif
}

#endif

}  // namespace

int main() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(std::string(1, static_cast<char>(byte)));
  tokens.emplace_back();
  const auto vocabulary = std::make_shared<const Vocabulary>(tokens, std::vector<TokenId>{256});
  test_any_thread();
  test_engine(vocabulary);
#ifndef _WIN32
#ifdef __SANITIZE_ADDRESS__
  constexpr std::size_t kLeast = 512;  // KiB: the frames are larger
#else
  constexpr std::size_t kLeast = 64;
#endif
  for (std::size_t kib = kLeast; kib <= 1024; kib *= 2) {
    on_stack_of(kib << 10, [&] {
      test_any_thread();
      test_engine(vocabulary);
    });
  }
#ifndef __SANITIZE_ADDRESS__
  on_stack_of(std::size_t{1} << 20, test_coroutine);  // which the sanitizer knows nothing of either
#endif
  on_stack_of(std::size_t{1} << 20, test_children);
#endif
  return testing::check_summary();
}
