// Masks that will be asked for soon, made by threads that have nothing else to do: between the token that a batch
// accepts and its next masks a model runs, and the processor waits for it.
//
// Nothing depends on it: a mask that was not made is made when it is asked for. So a row is left out when it needs more
// work than a mask usually does. Thread safe. Covered by tests/csrc/test_ahead.cc.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "machine/configuration.h"
#include "matcher/generation.h"
#include "matcher/thread_pool.h"

namespace maskforge {

class MasksAhead : public ThreadPool::Errand {
 public:
  // Where a sequence stands.
  struct Place {
    const void* matcher = nullptr;           // only compared
    std::shared_ptr<Generation> generation;  // null: there is nothing to be made
    Configuration at;                        // the frames only, which is all that a memo knows
  };
  explicit MasksAhead(std::vector<Place> places) : rows_(places.size()), places_(std::move(places)) {}

  // Looks at the next row, and makes its mask. Rows of which nothing is known, which take longest, come first.
  bool step() override;

  enum class State : std::uint8_t { kWaiting, kTaken, kDone };
  // Of row i of a batch, if it is the matcher's; kWaiting otherwise.
  State state(std::size_t i, const void* matcher) const {
    return i < places_.size() && places_[i].matcher == matcher ? rows_[i].load(std::memory_order_acquire)
                                                               : State::kWaiting;
  }
  bool finished() const { return next_.load(std::memory_order_relaxed) >= 2 * rows_.size(); }
  // Whether some mask was not known.
  bool found_work() const { return found_work_.load(std::memory_order_relaxed); }

 private:
  bool take(std::size_t i);
  bool leave(std::size_t i);

  std::atomic<std::size_t> next_{0};  // twice over the rows
  std::atomic<bool> found_work_{false};
  std::vector<std::atomic<State>> rows_;
  std::vector<Place> places_;
};

}  // namespace maskforge
