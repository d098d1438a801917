// Proves which symbols are harmless in a string-like state, so that a walk can be replaced by a ready-made slice.
//
// A set X of symbols is *safe* from a state when every state that is reached by symbols of X stays in its frame on
// every symbol of X: then every token made of X is allowed, without looking at any of them. Of the other symbols, those
// that all these states reject make a token forbidden; the remaining ones (the closing quote, the backslash, a dash
// that only some states read) are *unclear*: the tokens that contain one have to be walked.
//
//     body of "^[a-z]+-[0-9]+$"    safe: a to z      unclear: -      rejected: everything else
//
// Counters make a state different after every character. Then the proof covers a bounded number of symbols: either
// every path of safe symbols dies after exactly `longest` of them (a string may have 5 more characters), or nothing is
// said beyond `longest`, and the few tokens of more bytes are walked.
//
// Nothing is assumed about how the machine was made: the proof reads its rows. Covered by tests/csrc/test_masks.cc,
// tests/csrc/test_string_masks.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "machine/machine.h"
#include "masks/reading.h"
#include "masks/slices.h"

namespace maskforge {

struct SafePlan {
  SymbolSet safe;
  std::vector<unsigned> unclear;
  enum class Reach : std::uint8_t {
    kEndless,  // tokens of safe symbols are allowed
    kDies,     // ... of at most `longest` symbols; longer ones are not
    kUnknown,  // ... of at most `longest` bytes; longer ones have to be walked
  } reach = Reach::kEndless;
  unsigned longest = 0;
  std::uint64_t cost = 0;  // about how many nodes are to be walked
};

// A plan for the tokens of `slice` from `state` that costs fewer than `cost_limit` nodes, or nothing. Interns machine
// states: spends fuel. `readings` are those of the machine.
std::optional<SafePlan> find_safe_plan(Machine& machine, Readings& readings, StateId state,
                                       const VocabularySlice& slice, std::uint64_t cost_limit);

}  // namespace maskforge
