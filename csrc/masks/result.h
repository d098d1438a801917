// What walking a forest from a state gave: the tokens that end inside the state's frame, and what is still open, the
// *exits*.
//
//     state "inside a string", all tokens      allowed  `abc`, ` the`, ...
//                                              exit     label 0: the string ended; tokens `"`, `abc"` end right there,
//                                                       and the forest of what may follow (`,` `}` `: "` ...) is left
//                                                       to the frame below
//
// A result says nothing about the frames below, so it is shared by all configurations and grammars that have the state
// on top. Resolving a result in a waiting state (solver.h) gives another result, whose exits are those of that frame.
//
// Tokens are kept by reference: a result made of others points at their lists. A result may also be an *overlay*:
// another result but for some tokens ("a key that is none of these names" but for the tokens on the way to a name).
// Immutable once published, and owned by the memo. Covered by tests/csrc/test_masks.cc.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "machine/machine.h"
#include "masks/forest.h"
#include "masks/token_set.h"

namespace maskforge {

struct Exit {
  Label label;
  bool ends_in_bits;     // `ends` are set in the result's bits already, to be cleared if the label is dead
  const TokenIds* ends;  // tokens that end with the byte that left the frame; may be null
  const Forest* forest;  // what is left of the others; may be null
};

struct Result;

struct Overlay {
  const Result* base;
  const TokenIds* except;  // tokens about which the base says nothing here
};

struct Result {
  std::uint32_t id = 0;
  bool open = false;  // whether this or a base has exits
  std::vector<Overlay> overlays;
  std::vector<const TokenBits*> bits;
  std::vector<const TokenIds*> removed;  // from the bits
  std::vector<const TokenIds*> added;
  std::vector<Exit> exits;
  std::vector<const TokenIds*> suspects;  // tokens that only a simulation of the whole configuration decides
  std::vector<std::unique_ptr<const TokenIds>> owned;

  // How often this was written as a whole mask, and the mask once that pays (open results never have one).
  mutable std::atomic<std::uint32_t> uses{0};
  mutable std::atomic<const TokenBits*> flat{nullptr};

  const TokenIds* own(std::vector<TokenId>&& ids) {
    owned.push_back(std::make_unique<const TokenIds>(std::move(ids)));
    return owned.back().get();
  }
  // Takes over everything `part` says; their tokens must be disjoint.
  void append(const Result& part);
  bool has_suspects() const;
  std::size_t memory_bytes() const;
};

// Writes the allowed tokens of a result (without suspects, and without the ends of open exits that are not in its bits)
// over `words`.
void write_result(const Result& result, std::size_t word_count, std::uint32_t* words);
// Calls visit(ids) for the suspects of a result and of the bases under it.
template <typename Visit>
void visit_suspects(const Result& result, Visit&& visit) {
  for (const TokenIds* ids : result.suspects) visit(*ids);
  for (const Overlay& overlay : result.overlays) visit_suspects(*overlay.base, visit);
}

}  // namespace maskforge
