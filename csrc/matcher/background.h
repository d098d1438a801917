// When threads may do work that nobody waits for: not while the process forks, since a child would find the locks that
// they hold taken for ever, and no longer once it ends, since they would use what is gone.
//
// A piece of such work is short (a mask, its fuel bounded), and fork() and exit() wait for the pieces under way. Thread
// safe. Covered by tests/csrc/test_ahead.cc.
#pragma once

#include <atomic>

namespace maskforge {

class Background {
 public:
  // To be called before the first piece.
  static void require();

  // One piece of work, as long as it lives. False where none may be done.
  class Piece {
   public:
    Piece() : allowed_(enter()) {}
    ~Piece() {
      if (allowed_) running_.fetch_sub(1);
    }
    Piece(const Piece&) = delete;
    Piece& operator=(const Piece&) = delete;
    explicit operator bool() const { return allowed_; }

   private:
    const bool allowed_;
  };

  // No piece is under way when pause() returns, and none begins until resume(). They nest.
  static void pause();
  static void resume();

 private:
  static bool enter();
  static void resume_in_child();

  static inline std::atomic<int> running_{0};
  static inline std::atomic<int> pauses_{0};
  static inline std::atomic<bool> ended_{false};
};

}  // namespace maskforge
