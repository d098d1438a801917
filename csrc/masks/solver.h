// Finds results: from the memo, or by the cheapest way that is sure to be right.
//
// Resolution goes down the stack. A mask is walk(root, top); while exits are open, resolve() continues each of them in
// the frame below, after(frame, label), on the forest it left; that is again a walk, with a result in the memo:
//
//     frames  document, object, string      walk(all tokens, string) -> exits {0: quote forest}
//                                           resolve(.., object)      -> walk(quote forest, after(object, 0)) -> exits
//                                           {closed: ..} resolve(.., document)    -> ...
//
// Ways to walk, tried in this order:
//   words     the state reads a list of words, or differs from another state by one: follow just the words
// and when the state keeps many tokens alive:
//   lockstep  most bytes lead to one state that leads to itself ("none of these names"): walk only what differs from it
//   clipping  for tokens of at most L bytes the state equals a simpler one: take its result, and walk the longer tokens
//   slices    a class of symbols is proved harmless (plan.h), for the state or one that stays in the frame on the same
//             texts (Machine::same_prefixes): take its bitset, and walk the tokens with other symbols, and those that
//             the proof leaves out
//   plain     walk everything that is alive
// Words, lockstep and clipping build on the result of another state, their base, which may build on one in turn.
// Nothing in the states keeps such a chain from being endless or from closing: base() does. Covered by
// tests/csrc/test_masks.cc.
#pragma once

#include <cstdint>
#include <span>

#include "base/short_list.h"
#include "machine/machine.h"
#include "masks/memo.h"
#include "masks/plan.h"
#include "masks/vocabulary_index.h"
#include "masks/walker.h"

namespace maskforge {

struct WalkCounters {
  std::uint64_t walks = 0;
  std::uint64_t nodes = 0;
};

class MaskSolver {
 public:
  // The "frame below" the bottom frame: tokens that end the grammar are allowed, nothing may follow.
  static constexpr StateId kGround = kDeadState - 1;

  MaskSolver(Machine& machine, const VocabularyIndex& index, Memo& memo)
      : machine_(machine), index_(index), memo_(memo) {}

  const Result* walk(const Forest& forest, StateId state);
  const Result* walk_children(const TokenTrie& trie, std::uint32_t node, StateId state);
  // Requires result.open.
  const Result* resolve(const Result& result, StateId waiting);

  // Both at once: a result whose tokens are those of the two, which must not share any.
  const Result* combine(const Result& a, const Result& b);

  std::span<const TrieRef> entries(const Forest& forest, std::size_t group) {
    return forest.entries(group, memo_.bytes());
  }
  const WalkCounters& counters() const { return counters_; }

 private:
  struct Scratch;
  struct ScratchLease;
  // The result of `base`, for what `state` reads to differ from. Null where `base` waits for this very result itself or
  // the chain is long: `state` is then to be walked by itself.
  const Result* base(const Forest& forest, StateId state, StateId base);
  // Null where the state is not a list of words.
  const Result* by_words(const Forest& forest, StateId state);
  const Result* compute(const Forest& forest, StateId state, std::uint64_t weight);
  bool by_lockstep(const Forest& forest, StateId state, std::uint64_t weight, Scratch& scratch);
  bool by_clipping(const Forest& forest, StateId state, std::uint64_t weight, Scratch& scratch);
  bool by_slices(const Forest& forest, StateId state, std::uint64_t weight, Scratch& scratch);
  BitsView slice_bits(const SafePlan& plan, const VocabularySlice& slice);
  const Result* finish(const Forest& forest, StateId state, Scratch& scratch);
  void finish_exits(Scratch& scratch, bool into_bits);
  void merge_exits(ResultParts& parts);

  Machine& machine_;
  const VocabularyIndex& index_;
  Memo& memo_;
  WalkCounters counters_;
  struct Wanted {
    const Forest* forest;
    StateId state;
    bool operator==(const Wanted&) const = default;
  };
  ShortList<Wanted> waiting_;  // for their bases, innermost last
};

}  // namespace maskforge
