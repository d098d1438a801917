// Locks for what is held briefly and often: whoever finds one taken looks again for a few microseconds before sleeping,
// since putting a thread to sleep and waking it costs more than most of the work that such a lock protects.
#pragma once

#include <atomic>
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

// A std::mutex but for how it waits.
class ShortMutex {
 public:
  void lock() {
    for (int look = 0; look < kLooks; ++look) {
      if (mutex_.try_lock()) return;
      for (int i = 0; i < kPauses; ++i) pause_briefly();
    }
    mutex_.lock();
  }
  bool try_lock() { return mutex_.try_lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  static constexpr int kLooks = 100;
  static constexpr int kPauses = 8;
  std::mutex mutex_;
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
