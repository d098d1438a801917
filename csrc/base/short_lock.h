// Locks for what is held briefly and often: whoever finds one taken looks again for some tens of microseconds, lets
// other threads run for a while, and only then goes to sleep. Putting a thread to sleep and waking it costs more than
// nearly all of the work that such a lock protects, and while one sleeps each unlock() of the others is a system call.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <thread>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace maskforge {

inline void pause_briefly() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#else
  std::atomic_signal_fence(std::memory_order_seq_cst);
#endif
}

// A line of the cache: what one thread writes often does not share one with what others read often.
inline constexpr std::size_t kCacheLine = 64;

// A std::mutex but for how it waits.
class ShortMutex {
 public:
  void lock() {
    if (!mutex_.try_lock()) wait();
    taken_.store(true, std::memory_order_relaxed);
  }
  bool try_lock() {
    if (!mutex_.try_lock()) return false;
    taken_.store(true, std::memory_order_relaxed);
    return true;
  }
  void unlock() {
    taken_.store(false, std::memory_order_relaxed);
    mutex_.unlock();
  }

 private:
  // Looking only reads: an attempt to lock would take the cache line away from the thread that is to unlock.
  void wait() {
    for (int look = 0; look < kLooks + kYields; ++look) {
      if (look < kLooks) {
        pause_briefly();
      } else {
        std::this_thread::yield();  // the holder may wait for this very processor
      }
      if (!taken_.load(std::memory_order_relaxed) && mutex_.try_lock()) return;
    }
    mutex_.lock();
  }

  static constexpr int kLooks = 1000;  // of some 30 nanoseconds
  static constexpr int kYields = 100;
  std::mutex mutex_;
  std::atomic<bool> taken_{false};  // a hint for those who wait
};

// A std::recursive_mutex but for how it waits, and for what locking once more costs its owner: a comparison.
class ShortRecursiveMutex {
 public:
  void lock() {
    if (owner_.load(std::memory_order_relaxed) != std::this_thread::get_id()) {
      mutex_.lock();
      owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    }
    ++depth_;
  }
  bool try_lock() {
    if (owner_.load(std::memory_order_relaxed) != std::this_thread::get_id()) {
      if (!mutex_.try_lock()) return false;
      owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    }
    ++depth_;
    return true;
  }
  void unlock() {
    if (--depth_ > 0) return;
    owner_.store(std::thread::id(), std::memory_order_relaxed);
    mutex_.unlock();
  }

 private:
  ShortMutex mutex_;
  std::atomic<std::thread::id> owner_{};  // only its own value tells a thread anything
  std::size_t depth_ = 0;                 // guarded by mutex_
};

}  // namespace maskforge
