// Bounded work: every loop whose length a grammar decides spends fuel. The budget is per thread and per call, set by
// the entry points (compile, fill, accept); code outside any scope runs without a limit (tests, tools).
#pragma once

#include <cstdint>

#include "base/errors.h"
#include "base/stack.h"

namespace maskforge {

class FuelScope {
 public:
  explicit FuelScope(std::uint64_t units) : outer_(current_), units_(units), left_(units) { current_ = this; }
  ~FuelScope() { current_ = outer_; }
  FuelScope(const FuelScope&) = delete;
  FuelScope& operator=(const FuelScope&) = delete;

  // What the innermost scope began with, and what it has left; very large numbers outside any scope.
  static std::uint64_t whole() { return current_ == nullptr ? ~std::uint64_t{0} : current_->units_; }
  static std::uint64_t left() { return current_ == nullptr ? ~std::uint64_t{0} : current_->left_; }

  // One unit is about one interned state or one graph edge, a fraction of a microsecond.
  // Throws FuelError when the innermost scope's budget is gone, and StackLow when the thread's stack is low.
  static void spend(std::uint64_t units = 1) {
    FuelScope* scope = current_;
    if (scope == nullptr) return Stack::check();
    scope->stack_.require();
    if (scope->left_ < units) {
      scope->left_ = 0;
      throw FuelError("the grammar needs more work than the fuel limit allows");
    }
    scope->left_ -= units;
  }

 private:
  static inline thread_local FuelScope* current_ = nullptr;
  FuelScope* outer_;
  const Stack stack_ = Stack::of_thread();
  std::uint64_t units_;
  std::uint64_t left_;
};

}  // namespace maskforge
