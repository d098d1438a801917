// See thread_pool.h.
#include "matcher/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/short_lock.h"
#include "matcher/background.h"

namespace maskforge {

namespace {

// Whether something becomes true within some tens of microseconds, and then `yields` turns of other threads.
template <typename Condition>
bool look_for(const Condition& condition, int yields = 0) {
  constexpr int kLooks = 300;
  constexpr int kPauses = 4;
  for (int look = 0; look < kLooks; ++look) {
    if (condition()) return true;
    for (int i = 0; i < kPauses; ++i) pause_briefly();
  }
  for (; yields > 0; --yields) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return condition();
}

// The last index of a batch may take as long as a hard mask does.
constexpr int kYieldsForLast = 200;

// A share of a job: its first indices are taken by those whose it is, its last ones by others.
struct alignas(kCacheLine) Share {
  // False when nothing is left of it.
  bool take(bool own, std::size_t& index) {
    auto is_left = [&](std::uint64_t taken) { return (taken & kFromBegin) + (taken >> 32) < size; };
    if (!is_left(taken_.load(std::memory_order_relaxed))) return false;
    const std::uint64_t taken = taken_.fetch_add(own ? 1 : std::uint64_t{1} << 32, std::memory_order_relaxed);
    if (!is_left(taken)) return false;
    index = own ? begin + (taken & kFromBegin) : begin + size - 1 - (taken >> 32);
    return true;
  }

  std::size_t begin = 0, size = 0;

 private:
  static constexpr std::uint64_t kFromBegin = 0xFFFFFFFF;
  std::atomic<std::uint64_t> taken_{0};  // how many from the begin, and above 32 bits from the end
};

}  // namespace

// A thread may hold a job long after its run() returned, so `work` is only touched for an index that run() still waits
// for.
struct ThreadPool::Job {
  explicit Job(std::size_t shares) : shares(shares) {}
  const std::function<void(std::size_t)>* work;
  std::size_t count;
  std::vector<Share> shares;
  alignas(kCacheLine) std::atomic<std::size_t> done{0};
  std::mutex mutex;
  std::condition_variable finished;

  void help(std::size_t share) {
    std::size_t mine = 0, index = 0;
    for (std::size_t k = 0; k < shares.size(); ++k) {
      Share& from = shares[(share + k) % shares.size()];
      for (; from.take(k == 0, index); ++mine) (*work)(index);
    }
    if (mine > 0 && done.fetch_add(mine, std::memory_order_acq_rel) + mine == count) {
      std::lock_guard lock(mutex);  // so that the waiter is either before its check or asleep
      finished.notify_all();
    }
  }
};

ThreadPool::ThreadPool(unsigned threads) : shares_(std::clamp<std::size_t>(threads, 1, kMaxShares)) {
  try {
    for (unsigned i = 1; i < threads; ++i) threads_.emplace_back([this, i] { loop(i % shares_); });
  } catch (const std::system_error&) {
    // No more threads to be had: those that run, and the caller, do the work.
  }
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::vector<std::size_t> ThreadPool::bounds(std::size_t count) const {
  std::vector<std::size_t> bounds;
  for (std::size_t s = 0; s <= shares_; ++s) bounds.push_back(count * s / shares_);
  return bounds;
}

void ThreadPool::run(const std::vector<std::size_t>& bounds, const std::function<void(std::size_t)>& work) {
  const std::size_t count = bounds.back();
  std::unique_lock running(run_mutex_, std::defer_lock);
  if (count < 2 || threads_.empty() || !running.try_lock()) {
    for (std::size_t index = 0; index < count; ++index) work(index);
    return;
  }
  auto job = std::make_shared<Job>(shares_);
  job->work = &work;
  job->count = count;
  for (std::size_t s = 0; s < shares_; ++s) {
    job->shares[s].begin = bounds[s];
    job->shares[s].size = bounds[s + 1] - bounds[s];
  }
  wake(job, nullptr, count - 1);
  job->help(0);
  if (look_for([&] { return job->done.load(std::memory_order_acquire) == count; }, kYieldsForLast)) return;
  std::unique_lock lock(job->mutex);
  job->finished.wait(lock, [&] { return job->done.load(std::memory_order_acquire) == count; });
}

void ThreadPool::begin(std::shared_ptr<Errand> errand, std::size_t helpers) {
  std::unique_lock running(run_mutex_, std::try_to_lock);
  if (threads_.empty() || !running.owns_lock()) return;
  Background::require();
  wake(nullptr, std::move(errand), helpers);
}

void ThreadPool::wake(std::shared_ptr<Job> job, std::shared_ptr<Errand> errand, std::size_t helpers) {
  {
    std::lock_guard lock(mutex_);
    job_.swap(job);
    errand_.swap(errand);  // what was there is given back below
    job_number_.fetch_add(1, std::memory_order_release);
  }
  if (helpers >= threads_.size()) {
    wake_.notify_all();
  } else {
    for (std::size_t i = 0; i < helpers; ++i) wake_.notify_one();
  }
}

// What an errand that was done or given up holds is not kept until there is something else to do.
void ThreadPool::drop(std::size_t number) {
  std::shared_ptr<Errand> done;  // given back after the lock
  std::lock_guard lock(mutex_);
  if (job_number_ == number) done.swap(errand_);
}

void ThreadPool::loop(std::size_t share) {
  std::size_t seen = 0;
  for (;;) {
    std::shared_ptr<Job> job;
    std::shared_ptr<Errand> errand;
    look_for([&] { return stopping_.load(std::memory_order_relaxed) || job_number_.load() != seen; });
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stopping_ || job_number_ != seen; });
      if (stopping_) return;
      seen = job_number_;
      job = job_;
      errand = errand_;
    }
    if (job != nullptr) job->help(share);
    while (errand != nullptr && !stopping_.load(std::memory_order_relaxed) && job_number_.load() == seen) {
      const Background::Piece piece;
      if (!piece || !errand->step(share)) break;
    }
    if (errand != nullptr) drop(seen);
  }
}

}  // namespace maskforge
