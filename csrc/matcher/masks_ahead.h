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
#include <utility>
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
  // All rows are to be add()ed, or the whole to be cancel()ed: who does the work waits for them.
  // `found_work` is set where some mask was not known.
  MasksAhead(std::size_t rows, std::shared_ptr<std::atomic<bool>> found_work)
      : found_work_(std::move(found_work)), rows_(rows), places_(rows) {}
  void add(std::size_t i, Place place);
  void cancel() { next_.store(rows_.size()); }

  // Makes the mask of the next row.
  bool step() override;

  enum class State : std::uint8_t { kComing, kWaiting, kTaken, kDone };
  // Of row i of a batch, if it is the matcher's; kComing otherwise.
  State state(std::size_t i, const void* matcher) const {
    if (i >= rows_.size()) return State::kComing;
    const State state = rows_[i].load();
    return state != State::kComing && places_[i].matcher == matcher ? state : State::kComing;
  }
  bool finished() const { return next_.load() >= rows_.size(); }  // but for those under way

 private:
  std::atomic<std::size_t> next_{0};
  const std::shared_ptr<std::atomic<bool>> found_work_;
  std::vector<std::atomic<State>> rows_;
  std::vector<Place> places_;
};

}  // namespace maskforge
