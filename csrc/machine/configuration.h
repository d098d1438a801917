// A stack of frames and the bytes of the key in progress: what a matcher is made of, and what a walk simulates exactly.
//
// Copying is copying two small arrays. Covered by tests/csrc/test_machine.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "machine/machine.h"

namespace maskforge {

// The UTF-8 text of a JSON string body (the raw bytes between the quotes). Requires a well-formed body.
std::string decode_json_string(std::string_view body);

struct Configuration {
  std::vector<StateId> frames;    // bottom first; empty once the grammar has ended
  std::string key_bytes;          // raw bytes since the opening quote of the key in progress
  std::uint32_t key_depth = 0;    // frames.size() while that key is on top; 0 when no key is in progress

  // Reads one byte. False: not allowed, and the configuration is then unspecified (callers work on a copy or undo).
  bool advance(Machine& machine, std::uint8_t byte);
  // Whether the text may end here: every frame from the top down may end without another byte.
  bool accepting(Machine& machine) const;
  bool operator==(const Configuration&) const = default;
};

}  // namespace maskforge
