// Recursion whose depth a grammar decides, on threads whose stacks may be small: 8 MiB for most, but 512 KiB for those
// that macOS makes, 128 KiB with musl, and whatever a program asks for.
//
// Where functions call one another as deeply as a grammar wants, one of them on the way around calls Stack::check()
// (FuelScope::spend() does). When little is left of the thread's stack it throws StackLow, which unwinds everything as
// running out of fuel would, up to with_enough_stack() at the entry point of the call, and that does the whole work
// again on a thread that is made for it and has a large stack. So what a call answers does not depend on the thread, no
// lock is held from one thread to the other but those of the caller, and a call that needs little stack, which is
// nearly every call, pays one comparison for a check. Covered by tests/csrc/test_stack.cc and
// tests/regressions/test_stacks.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#if defined(_MSC_VER)
#include <intrin.h>
#endif

namespace maskforge {

// Not an Error: nothing but with_enough_stack() may take it for an answer.
struct StackLow {};

// The part of a thread's stack that may be used before it counts as low.
class Stack {
 public:
  // That of the calling thread; found out once for each.
  static const Stack& of_thread() {
    if (mine_.size_ == 0) find_out();
    return mine_;
  }
  // Throws StackLow when the stack is low, and where the thread runs on another stack than its own (a coroutine, say).
  void require() const {
    if (here() - low_ >= size_) throw_low();
  }
  static void check() { of_thread().require(); }

 private:
  static std::uintptr_t here() {
#if defined(__GNUC__) && defined(__x86_64__)
    std::uintptr_t address;  // as a builtin it would cost every function that checks a frame pointer
    __asm__("mov %%rsp, %0" : "=r"(address));
    return address;
#elif defined(__GNUC__) && defined(__aarch64__)
    std::uintptr_t address;
    __asm__("mov %0, sp" : "=r"(address));
    return address;
#elif defined(_MSC_VER)
    return reinterpret_cast<std::uintptr_t>(_AddressOfReturnAddress());
#else
    return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
#endif
  }
  static void find_out();
  [[noreturn]] static void throw_low();

  static constinit thread_local Stack mine_;
  std::uintptr_t low_ = 0;
  std::uintptr_t size_ = 0;  // 0: not known yet
};

inline constinit thread_local Stack Stack::mine_;

// Runs `work` on a thread with a large stack and waits for it. Rethrows what it throws; throws FuelError where even
// that stack does not suffice, or no such thread is to be had.
void run_on_large_stack(const std::function<void()>& work);

// The result of `work`. Where the stack of this thread is too small for it, `work` is given up somewhere in the middle
// by an exception and done again elsewhere: it must leave nothing behind then that a second run would not do as well.
template <typename Work>
std::invoke_result_t<const Work&> with_enough_stack(const Work& work) {
  try {
    return work();
  } catch (const StackLow&) {
  }
  using Result = std::invoke_result_t<const Work&>;
  if constexpr (std::is_void_v<Result>) {
    run_on_large_stack(work);
  } else {
    std::optional<Result> result;
    run_on_large_stack([&] { result.emplace(work()); });
    return std::move(*result);
  }
}

}  // namespace maskforge
