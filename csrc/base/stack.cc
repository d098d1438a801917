// See stack.h.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE  // pthread_getattr_np
#endif
#include "base/stack.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <pthread.h>
#endif
#if defined(__linux__) && !defined(__GLIBC__)
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <exception>
#include <string>

#include "base/errors.h"

#if defined(__SANITIZE_ADDRESS__)
#define MASKFORGE_LARGE_FRAMES
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MASKFORGE_LARGE_FRAMES
#endif
#endif

namespace maskforge {

namespace {

// What may be used from one check to the next, and what throwing and unwinding take: no more than 20 KiB in all. Of a
// stack of 128 KiB most should remain.
#ifdef MASKFORGE_LARGE_FRAMES
constexpr std::size_t kReserve = std::size_t{384} << 10;
#else
constexpr std::size_t kReserve = std::size_t{32} << 10;
#endif
// More than a hundred times what threads have where stacks are small. Only what is used of it takes memory.
constexpr std::size_t kLargeStack = std::size_t{64} << 20;
// Where the system does not say: so much is there below the frame that asks first.
constexpr std::size_t kAssumed = std::size_t{96} << 10;

struct Bounds {
  std::uintptr_t first = 0;
  std::uintptr_t last = 0;  // exclusive; 0: not known
};

Bounds bounds_of_thread() {
#if defined(_WIN32)
  ULONG_PTR first = 0, last = 0;
  GetCurrentThreadStackLimits(&first, &last);
  return {first, last};
#elif defined(__APPLE__)
  const pthread_t self = pthread_self();
  const auto last = reinterpret_cast<std::uintptr_t>(pthread_get_stackaddr_np(self));
  return {last - pthread_get_stacksize_np(self), last};
#elif defined(__linux__)
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return {};
  void* first = nullptr;
  std::size_t size = 0, guard = 0;
  const bool known = pthread_attr_getstack(&attributes, &first, &size) == 0;
  pthread_attr_getguardsize(&attributes, &guard);  // some count it as a part of the stack
  pthread_attr_destroy(&attributes);
  if (!known || size <= guard) return {};
  Bounds bounds{reinterpret_cast<std::uintptr_t>(first) + guard, reinterpret_cast<std::uintptr_t>(first) + size};
#ifndef __GLIBC__
  // Of the main thread's stack musl says how far it has grown, not how far it may. Arguments and environment, which lie
  // above, are at most a quarter of the limit.
  constexpr std::size_t kUsualLimit = std::size_t{8} << 20;
  rlimit limit;
  if (guard == 0 && syscall(SYS_gettid) == getpid() && getrlimit(RLIMIT_STACK, &limit) == 0) {
    const std::size_t most = std::min<std::size_t>(limit.rlim_cur, kUsualLimit);
    bounds.first = std::min(bounds.first, bounds.last - most / 2);
  }
#endif
  return bounds;
#else
  return {};
#endif
}

struct Job {
  const std::function<void()>& work;
  std::exception_ptr error;

  void run() noexcept {
    try {
      work();
    } catch (const StackLow&) {
      error = std::make_exception_ptr(FuelError("the grammar is nested more deeply than a stack of " +
                                                std::to_string(kLargeStack >> 20) + " MiB allows"));
    } catch (...) {
      error = std::current_exception();
    }
  }
};

#ifdef _WIN32
bool run_elsewhere(Job& job) {
  auto body = [](void* given) -> DWORD {
    static_cast<Job*>(given)->run();
    return 0;
  };
  HANDLE thread = CreateThread(nullptr, kLargeStack, body, &job, STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
  if (thread == nullptr) return false;
  WaitForSingleObject(thread, INFINITE);
  CloseHandle(thread);
  return true;
}
#else
extern "C" void* maskforge_run_job(void* given) {
  static_cast<Job*>(given)->run();
  return nullptr;
}

bool run_elsewhere(Job& job) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_t thread;
  const bool made = pthread_attr_setstacksize(&attributes, kLargeStack) == 0 &&
                    pthread_create(&thread, &attributes, maskforge_run_job, &job) == 0;
  pthread_attr_destroy(&attributes);
  return made && pthread_join(thread, nullptr) == 0;
}
#endif

}  // namespace

void Stack::find_out() {
  Bounds bounds = bounds_of_thread();
  if (bounds.last == 0) {
    bounds.first = here() - kAssumed;
    bounds.last = ~std::uintptr_t{0};
  }
  // Of a stack that is smaller than the reserve nothing may be used.
  const std::uintptr_t size = bounds.last - bounds.first;
  mine_.low_ = bounds.first + std::min(kReserve, size - 1);
  mine_.size_ = bounds.last - mine_.low_;
}

void Stack::throw_low() { throw StackLow{}; }

void run_on_large_stack(const std::function<void()>& work) {
  Job job{work, nullptr};
  if (!run_elsewhere(job)) {
    throw FuelError("the grammar needs more stack than this thread has, and a thread with " +
                    std::to_string(kLargeStack >> 20) + " MiB of it cannot be made");
  }
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace maskforge
