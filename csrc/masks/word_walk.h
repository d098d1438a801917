// Walks tries along a list of words (WordList in machine.h), without building a state for each of their prefixes.
//
//     words `name` `names`, reference: any key      the reference's result holds but for `name"...` and `names"...`
//     the same, no reference                        just the prefixes of the two, and what follows their quotes
//
// Every spelling counts: a character is followed as its UTF-8 bytes, as an escape such as `\n`, and as `\uXXXX`, or
// two of them. Covered by tests/schema/test_key_masks.py.
#pragma once

#include <cstdint>

#include "machine/machine.h"
#include "masks/forest.h"
#include "masks/walker.h"

namespace maskforge {

class WordWalk {
 public:
  // Everything must outlive the walk.
  WordWalk(MaskSolver& solver, Machine& machine, StateId state, const WordList& list, Draft& draft)
      : solver_(solver),
        machine_(machine),
        state_(state),
        words_(list.words),
        alone_(list.reference == kDeadState),
        draft_(draft) {}

  // With a reference: what differs from its result, draft.covered included; otherwise everything. Spends fuel.
  void walk(const Forest& forest);
  std::uint64_t visited() const { return visited_; }

 private:
  // The words that share what was read: words_[from, to), `depth` characters of each.
  struct Words {
    std::uint32_t from;
    std::uint32_t to;
    std::uint32_t depth;
  };
  // Finds the words for one byte after another, in ascending order.
  struct Siblings {
    Words longer;      // without the word that ends here
    bool ends;         // whether there is one; it is the first
    std::uint32_t at;  // in longer
  };
  char32_t next_of(const Words& words, std::uint32_t i) const { return words_[i].text[words.depth]; }
  // The run of words from i on whose next character is that of word i.
  std::uint32_t end_of_run(const Words& words, std::uint32_t i) const;
  Siblings siblings(const Words& words) const;
  // Calls visit(byte) for every byte that can come next.
  template <typename Visit>
  void each_byte(const Siblings& siblings, Visit&& visit) const;
  bool concerns(TrieRef entry) const { return alone_ || entry.trie->has_quote(entry.node); }
  void take(TrieRef entry);
  void close(TrieRef entry, std::uint32_t word);
  // `entry` has the byte, and the siblings have been asked for no larger one.
  void read(TrieRef entry, std::uint8_t byte, Siblings& siblings);
  void read_children(TrieRef entry, const Words& words);
  // The words whose next characters start with the bytes read so far, `place` of them.
  void read_utf8(TrieRef entry, const Words& words, unsigned place);
  void read_escape(TrieRef entry, const Words& words);
  // `entry` has the byte behind the backslash.
  void read_escaped(TrieRef entry, std::uint8_t byte, const Words& words);
  // Below the `u` of an escape, with `left` digits to come. high: the high surrogate that was read before, or 0.
  void read_hex(TrieRef entry, const Words& words, std::uint32_t value, unsigned left, std::uint32_t high);
  void read_low(TrieRef entry, const Words& words, std::uint32_t high);

  MaskSolver& solver_;
  Machine& machine_;
  StateId state_;
  const std::vector<WordList::Word>& words_;
  bool alone_;
  Draft& draft_;
  std::uint64_t visited_ = 0;
};

}  // namespace maskforge
