// A stack of frames and the bytes of the key in progress: what a matcher is made of, and what a walk simulates exactly.
//
// Copying is copying two small arrays. Covered by tests/csrc/test_frames.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "machine/machine.h"

namespace maskforge {

// The UTF-8 text of a JSON string body (the raw bytes between the quotes). Requires a well-formed body.
std::string decode_json_string(std::string_view body);

// What advance() calls changed since mark(), so that restore() takes them back at the cost of what changed, however
// deep the stack is. Reused from token to token: mark() keeps the capacity.
struct Journal {
  std::uint32_t kept = 0;       // frames below this index are as they were
  std::vector<StateId> frames;  // those at and above it, as they were: topmost first
  std::uint32_t key_depth = 0;  // as it was
  std::uint32_t key_size = 0;   // how much of the key in progress had been read
  bool key_saved = false;       // that key is no longer in the configuration but in `key`
  std::string key;
};

struct Configuration {
  std::vector<StateId> frames;  // bottom first; empty once the grammar has ended
  std::string key_bytes;        // raw bytes since the opening quote of the key in progress
  std::uint32_t key_depth = 0;  // frames.size() while that key is on top; 0 when no key is in progress

  // Reads one byte. False: not allowed, and the configuration is then unspecified (callers work on a copy or undo).
  // With a journal, restore() is the way to undo, after a false or an exception too.
  bool advance(Machine& machine, std::uint8_t byte, Journal* journal = nullptr);
  void mark(Journal& journal) const;     // starts a journal here
  void restore(const Journal& journal);  // back to where it was started
  // Whether the text may end here: every frame from the top down may end without another byte.
  bool accepting(Machine& machine) const;
  bool operator==(const Configuration&) const = default;

 private:
  void replace_top(Machine& machine, StateId next);
};

}  // namespace maskforge
