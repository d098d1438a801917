// Many rows in one call: fills or accepts for a batch of matchers on a persistent pool of threads.
//
// Waking a thread takes some 50 microseconds, the rows of 64 known masks take as long altogether. So the caller writes
// known masks itself, and wakes others only once it has met enough work: masks that are not known, or so many rows
// that a good part of them is left after that time. Each thread begins with the rows that it had in the batch before
// (thread_pool.h), among them with those that may take long, by what the memo says about them, and has known masks
// last, so that all threads end at about the same time.
//
// From an accept() to the next masks the threads work ahead: they make the masks that will be asked for
// (masks_ahead.h), while the caller accepts the other rows, its own share last, and has a model run. A fill that comes
// before they are done takes what is left.
//
// Threads are started by the first call that can use them, and again in a child process after fork(). Thread safe.
// Covered by tests/csrc/test_matcher.cc, tests/csrc/test_ahead.cc and tests/matcher/test_batch.py.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "matcher/masks_ahead.h"
#include "matcher/matcher.h"
#include "matcher/thread_pool.h"

namespace maskforge {

class BatchExecutor {
 public:
  static constexpr unsigned kMaxThreads = 256;
  enum class Sharing { kWhenWorthIt, kAlways };  // kAlways: for tests, whose work is small
  // `threads` in all, the calling one included: 1 is no pool. Throws MisuseError outside 1 .. kMaxThreads.
  explicit BatchExecutor(std::int64_t threads, Sharing sharing = Sharing::kWhenWorthIt);
  ~BatchExecutor();
  BatchExecutor(const BatchExecutor&) = delete;
  BatchExecutor& operator=(const BatchExecutor&) = delete;

  // Where the masks go: row r begins at data + r * stride and has `words` words.
  struct Rows {
    std::uint32_t* data;
    std::size_t stride;
    std::size_t words;
  };
  // Fills row rows[i] from matchers[i] as Matcher::fill() does; a null matcher allows every token (all bits set). The
  // rows differ from one another; a matcher may come twice. Returns per matcher whether any token is allowed. When rows
  // fail, all others are filled nevertheless, and then the error of the first is thrown, its index named.
  std::vector<bool> fill(std::span<const std::shared_ptr<Matcher>> matchers, std::span<const std::int64_t> rows,
                         Rows out);
  // mask_id() of every row; kUnconstrained for a null matcher. A matcher may come twice. Errors as in fill().
  std::vector<MaskId> mask_ids(std::span<const std::shared_ptr<Matcher>> matchers);
  // draft_mask_ids() of every row, one after the other; for a null matcher all of them are kUnconstrained.
  std::vector<MaskId> draft_mask_ids(std::span<const std::shared_ptr<Matcher>> matchers,
                                     std::span<const std::vector<std::int64_t>> drafts);
  // accept_token() of every row; a null matcher answers true. Either every row answers or, when something is thrown,
  // nothing has changed. Throws MisuseError when a matcher comes twice, has terminated or its token is outside the
  // vocabulary.
  // Where masks were new lately, the next ones are begun as by prepare().
  std::vector<bool> accept(std::span<const std::shared_ptr<Matcher>> matchers, std::span<const std::int64_t> tokens);
  // Has the other threads make the next masks while the caller does something else; returns at once. Ends with the next
  // call. Null matchers are skipped.
  void prepare(std::span<const std::shared_ptr<Matcher>> matchers);

  unsigned threads() const { return threads_; }

 private:
  struct Pool;
  using Work = std::function<void(std::size_t)>;
  // work(0) .. work(count - 1), by as many threads as it is worth.
  void run(std::size_t count, const Work& work);
  // work(i) for every matcher, of which `quick(i)` did some already: it returns whether it did all of it.
  void run_masks(std::span<const std::shared_ptr<Matcher>> matchers, const std::function<bool(std::size_t)>& quick,
                 const Work& work);
  // The same for those from `done` on, while threads work ahead.
  void share_with_ahead(std::span<const std::shared_ptr<Matcher>> matchers, std::size_t done, const MasksAhead& ahead,
                        const Work& work);
  // On the pool, each thread its own rows first, and of these those whose rank(i) < kRanks is lowest: work(i) for the
  // rows from `done` on.
  static constexpr unsigned kRanks = 3;
  void share_by_rank(std::size_t done, std::size_t rows, const std::function<unsigned(std::size_t)>& rank,
                     const Work& work);
  Pool& pool();  // with its threads running
  class AheadOfRows;
  void begin(std::shared_ptr<MasksAhead> ahead, std::size_t rows);  // does nothing where it has the threads already
  std::shared_ptr<MasksAhead> take_ahead();                         // that of the batch before, if it is under way

  const unsigned threads_;
  const Sharing sharing_;
  std::atomic<Pool*> pool_{nullptr};
  std::atomic<bool> masks_are_new_;  // the last time any were asked for
  std::mutex ahead_mutex_;
  std::weak_ptr<MasksAhead> ahead_;  // guarded by ahead_mutex_; who works at it holds it
  const std::shared_ptr<std::atomic<bool>> ahead_found_work_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace maskforge
