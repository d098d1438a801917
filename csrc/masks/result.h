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
// Immutable once published; it and all it points at lie in the memo's arena. Covered by tests/csrc/test_masks.cc.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "base/arena.h"
#include "base/stack.h"
#include "machine/machine.h"
#include "masks/forest.h"
#include "masks/token_set.h"

namespace maskforge {

struct Exit {
  Label label;
  bool ends_in_bits;     // `ends` are set in the result's bits already, to be cleared if the label is dead
  TokenIds ends;         // tokens that end with the byte that left the frame
  const Forest* forest;  // what is left of the others; may be null
};

class Result;

struct Overlay {
  const Result* base;
  TokenIds except;  // tokens about which the base says nothing here
};

// What a result consists of. What it points at must be in the memo already.
struct ResultParts {
  bool open = false;
  std::vector<Overlay> overlays;
  std::vector<BitsView> bits;
  std::vector<TokenIds> removed;
  std::vector<TokenIds> added;
  std::vector<Exit> exits;
  std::vector<TokenIds> suspects;

  void clear();
  // Takes over everything `part` says; their tokens must be disjoint.
  void append(const Result& part);
};

// Its lists lie behind it, in the order of `counts`.
class Result {
 public:
  std::span<const Overlay> overlays() const { return list<Overlay>(0, 0); }
  std::span<const Exit> exits() const { return list<Exit>(1, counts_[0] * sizeof(Overlay)); }
  std::span<const BitsView> bits() const { return list<BitsView>(2, structs()); }
  std::span<const TokenIds> removed() const { return list<TokenIds>(3, views(1)); }  // from the bits
  std::span<const TokenIds> added() const { return list<TokenIds>(4, views(2)); }
  // Tokens that only a simulation of the whole configuration decides.
  std::span<const TokenIds> suspects() const { return list<TokenIds>(5, views(3)); }

  const std::uint32_t id;
  const bool open;  // whether this or a base has exits
  // How often this was written as a whole mask, and the mask once that pays (open results never have one).
  mutable std::atomic<std::uint32_t> uses{0};
  // One waiting state in which this was resolved, for the memo: most results meet only one.
  mutable std::atomic<StateId> waiting{kDeadState};
  mutable std::atomic<const Result*> resolved{nullptr};
  mutable std::atomic<const std::uint32_t*> flat{nullptr};

  static const Result* make(std::uint32_t id, const ResultParts& parts, Arena& arena);

 private:
  Result(std::uint32_t number, const ResultParts& parts);
  template <typename T>
  std::span<const T> list(int which, std::size_t offset) const {
    return {reinterpret_cast<const T*>(reinterpret_cast<const char*>(this + 1) + offset), counts_[which]};
  }
  std::size_t structs() const { return counts_[0] * sizeof(Overlay) + counts_[1] * sizeof(Exit); }
  std::size_t views(int lists) const {
    std::size_t count = 0;
    for (int i = 0; i < lists; ++i) count += counts_[2 + i];
    return structs() + count * sizeof(TokenIds);
  }

  std::uint32_t counts_[6];
};
static_assert(sizeof(BitsView) == sizeof(TokenIds) && sizeof(Result) % 8 == 0);

// Writes the allowed tokens of a result (without suspects, and without the ends of open exits that are not in its bits)
// over `words`.
void write_result(const Result& result, std::size_t word_count, std::uint32_t* words);
// Calls visit(ids) for the suspects of a result and of the bases under it.
template <typename Visit>
void visit_suspects(const Result& result, Visit&& visit) {
  for (TokenIds ids : result.suspects()) visit(ids);
  for (const Overlay& overlay : result.overlays()) {
    Stack::check();
    visit_suspects(*overlay.base, visit);
  }
}

}  // namespace maskforge
