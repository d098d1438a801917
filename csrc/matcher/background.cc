// See background.h.
#include "matcher/background.h"

#ifndef _WIN32
#include <pthread.h>
#endif

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace maskforge {

void Background::require() {
  static std::once_flag once;
  std::call_once(once, [] {
  // On Windows there is no fork(), and the other threads are gone before a library learns that its process ends.
#ifndef _WIN32
    pthread_atfork(pause, resume, resume_in_child);
    std::atexit([] {
      ended_.store(true);
      pause();
    });
#endif
  });
}

// Either a piece sees the pause, or the pause sees the piece.
bool Background::enter() {
  running_.fetch_add(1);
  if (pauses_.load() == 0) return true;
  running_.fetch_sub(1);
  return false;
}

void Background::pause() {
  pauses_.fetch_add(1);
  for (int look = 0; running_.load() > 0; ++look) {
    if (look < 100) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }
}

void Background::resume() { pauses_.fetch_sub(1); }

// No other thread is there, not even one that was about to fork, or was just told that it must not begin.
void Background::resume_in_child() {
  running_.store(0);
  pauses_.store(ended_.load() ? 1 : 0);
}

}  // namespace maskforge
