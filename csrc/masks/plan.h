// Proves which symbols are harmless in a string-like state, so that a walk can be replaced by a ready-made slice.
//
// A set X of symbols is *safe* from a state when every state that is reached by symbols of X stays in its frame on
// every symbol of X: then every token made of X is allowed, without looking at any of them. Of the other symbols, those
// that all these states reject make a token forbidden; the remaining ones (the closing quote, the backslash, a dash
// that only some states read) are *unclear*: the tokens that contain one have to be walked.
//
//     body of "^[a-z]+-[0-9]+$"    safe: a to z      unclear: -      rejected: everything else
//
// What is rare need not be proved: a state may be left out of the proof when all ways into it and out of it again are
// known by two bytes that follow each other, or by the first byte of a token. The tokens that contain such a pair, or
// start with such a byte, are walked.
//
//     body of "^(?!.*admin)"          all symbols safe but " and \; tokens that contain "dm" are walked
//
// Let a state's *ways in* be the safe symbols that lead to it from a state of the proof. Where a symbol is *cut* from a
// state, its pairs with all ways in are among those that are walked, and if it is the first state, so is the symbol as
// a first byte: then a token without any of these never takes what was cut.
//
// Counters make a state different after every character. Then the proof covers a bounded number of symbols: either
// every path of safe symbols dies after exactly `longest` of them (a string may have 5 more characters), or nothing is
// said beyond so many bytes, and the few longer tokens are walked.
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
  // What is said of safe symbols is not said of tokens that start with one of `starts` (ASCII) or contain one of
  // `pairs`: they have to be walked.
  SymbolSet starts;
  std::vector<SymbolPair> pairs;
  enum class Reach : std::uint8_t {
    kEndless,  // tokens of safe symbols are allowed
    kDies,     // ... of at most `longest` symbols; longer ones are not
    kUnknown,  // ... of at most VocabularySlice::kLengths[longest] bytes; longer ones have to be walked
  } reach = Reach::kEndless;
  unsigned longest = 0;
  std::uint64_t cost = 0;  // about how many nodes are to be walked
};

// A plan for the tokens of `slice` from `state` that costs fewer than `cost_limit` nodes, or nothing. Interns machine
// states: spends fuel. `readings` are those of the machine.
std::optional<SafePlan> find_safe_plan(Machine& machine, Readings& readings, StateId state,
                                       const VocabularySlice& slice, std::uint64_t cost_limit);

}  // namespace maskforge
