// The mask by definition: every token is read byte by byte from a copy of the configuration. Slow, and hard to get
// wrong. Not shipped; used by tests/csrc/test_masks*.cc.
#pragma once

#include <cstdint>
#include <vector>

#include "machine/configuration.h"
#include "vocabulary/vocabulary.h"

namespace maskforge::testing {

inline bool accepts_token(Machine& machine, const Configuration& start, std::string_view bytes) {
  if (bytes.empty()) return false;
  Configuration copy = start;
  for (char c : bytes) {
    if (!copy.advance(machine, static_cast<std::uint8_t>(c))) return false;
  }
  return true;
}

inline std::vector<std::uint32_t> brute_force_mask(Machine& machine, const Vocabulary& vocabulary,
                                                   const Configuration& start) {
  std::vector<std::uint32_t> words(vocabulary.bitmask_words(), 0);
  bool accepting = start.accepting(machine);
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    bool allowed = vocabulary.is_eos(id) ? accepting : accepts_token(machine, start, vocabulary.token(id));
    if (allowed) words[id >> 5] |= std::uint32_t{1} << (id & 31);
  }
  return words;
}

}  // namespace maskforge::testing
