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

#include "base/short_lock.h"
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
  // All rows are to be add()ed, or the whole to be cancel()ed: who does the work waits for them. `bounds`: of the
  // threads' shares of the rows (thread_pool.h). `found_work` is set where some mask was not known.
  MasksAhead(const std::vector<std::size_t>& bounds, std::shared_ptr<std::atomic<bool>> found_work);
  void add(std::size_t i, Place place);
  void cancel();

  // Makes the mask of the next row of this share, or of another one.
  bool step(std::size_t share) override;

  enum class State : std::uint8_t { kComing, kWaiting, kTaken, kDone };
  // Of row i of a batch, if it is the matcher's; kComing otherwise.
  State state(std::size_t i, const void* matcher) const {
    if (i >= rows_.size()) return State::kComing;
    const State state = rows_[i].load();
    return state != State::kComing && places_[i].matcher == matcher ? state : State::kComing;
  }
  bool finished() const;  // but for those under way

 private:
  struct alignas(kCacheLine) Share {
    std::size_t end = 0;
    std::atomic<std::size_t> next{0};
    bool finished() const { return next.load() >= end; }
  };
  void make(std::size_t i);

  std::vector<Share> shares_;
  const std::shared_ptr<std::atomic<bool>> found_work_;
  std::vector<std::atomic<State>> rows_;
  std::vector<Place> places_;
};

}  // namespace maskforge
