// Threads that wait for work: run(count, work) calls work(0) .. work(count - 1), each once, on the calling thread and
// the pool's.
//
// Each thread has a share of the indices, the same every time, and begins with it: what a row of a batch needs lies in
// the cache of the processor that had the row before. Rows differ a thousandfold in cost, so that who is done goes on
// with the shares of the others, from their ends. The caller, whose share is the first, starts at once and does not
// wait for a thread to wake up; a thread that wakes when nothing is left goes back to sleep. Who waits looks for some
// microseconds before going to sleep. Waking a thread takes as long as tens of rows of known masks, so run() is only
// for work that is worth it (batch_executor.h).
// Work that nobody waits for is an Errand: whatever else there is to do comes before it.
// Covered by tests/csrc/test_matcher.cc and tests/csrc/test_ahead.cc.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace maskforge {

class ThreadPool {
 public:
  // `threads` in all, the calling one included.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Where one share of `count` things ends and the next begins, from 0 to `count`. There is a share for each thread, or
  // for several where there are many.
  std::vector<std::size_t> bounds(std::size_t count) const;

  // Returns when every index is done. `work` must not throw. When another thread's run() is under way, the caller does
  // all the work itself instead of waiting.
  void run(std::size_t count, const std::function<void(std::size_t)>& work) { run(bounds(count), work); }
  // With other bounds of the shares.
  void run(const std::vector<std::size_t>& bounds, const std::function<void(std::size_t)>& work);

  // Work that nobody waits for, in pieces.
  class Errand {
   public:
    virtual ~Errand() = default;
    // Does the next piece, on a thread whose share this is; false when there was none left. Must not throw.
    virtual bool step(std::size_t share) = 0;
  };
  // Has up to so many of the pool's threads do an errand until it is done, or run() or begin() has something else for
  // them, or Background is paused. Nothing happens while a run() is under way.
  void begin(std::shared_ptr<Errand> errand, std::size_t helpers);

 private:
  struct Job;
  static constexpr std::size_t kMaxShares = 16;
  void loop(std::size_t share);
  void drop(std::size_t number);
  void wake(std::shared_ptr<Job> job, std::shared_ptr<Errand> errand, std::size_t helpers);

  std::mutex run_mutex_;  // held for a whole run()
  std::mutex mutex_;      // guards what follows
  std::condition_variable wake_;
  std::shared_ptr<Job> job_;                // what there is to do,
  std::shared_ptr<Errand> errand_;          // one of the two
  std::atomic<std::size_t> job_number_{0};  // written under the mutex
  std::atomic<bool> stopping_{false};       // likewise
  const std::size_t shares_;
  std::vector<std::thread> threads_;
};

}  // namespace maskforge
