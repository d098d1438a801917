// A stack of frames and the texts that some of them wait for: what a matcher is made of, and what a walk simulates
// exactly.
//
// Copying is copying three small arrays. Covered by tests/csrc/test_frames.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/short_list.h"
#include "machine/machine.h"

namespace maskforge {

// The UTF-8 text of a JSON string body (the raw bytes between the quotes). Requires a well-formed body.
std::string decode_json_string(std::string_view body);

// What advance() calls changed since mark(), so that restore() takes them back at the cost of what changed, however
// deep the stack is. Reused from token to token: mark() keeps the capacity.
struct Journal {
  std::uint32_t kept = 0;             // frames below this index are as they were
  ShortList<StateId> frames;          // those at and above it, as they were: topmost first
  std::uint32_t captures_kept = 0;    // likewise
  ShortList<std::uint32_t> captures;  // likewise: last first
  std::uint32_t text_size = 0;        // how much of the text had been read
  bool text_saved = false;            // that text is no longer in the configuration but here
  std::string text;
};

struct Configuration {
  ShortList<StateId> frames;  // bottom first; empty once the grammar has ended
  // For each frame that waits for a text (Machine::wants_text), bottom first: where its text begins. One lies inside
  // the other.
  ShortList<std::uint32_t> captures;
  std::string text;  // what was read since the first of them began; empty without any

  // Reads one byte. False: not allowed, and the configuration is then unspecified (callers work on a copy or undo).
  // With a journal, restore() is the way to undo, after a false or an exception too.
  bool advance(Machine& machine, std::uint8_t byte, Journal* journal = nullptr);
  void mark(Journal& journal) const;     // starts a journal here
  void restore(const Journal& journal);  // back to where it was started
  // Whether the text may end here: every frame from the top down may end without another byte.
  bool accepting(Machine& machine) const;
  bool operator==(const Configuration&) const = default;

 private:
  bool resume(Machine& machine, Label label, bool consumed, Journal* journal);
  void replace_top(Machine& machine, StateId next);
};

}  // namespace maskforge
