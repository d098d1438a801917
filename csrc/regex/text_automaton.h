// A language of texts given as a deterministic automaton instead of as a term: for rules that count and remember many
// things at once, whose term would have derivatives by the thousand, each dear to make.
//
// Its states are plain numbers, so a state of it is one node of the graph, a leaf that unions, intersections and
// complements treat like any other. Characters come in classes that are the same in every state, so that what reads
// texts byte by byte can share one table for all of them. Covered by tests/csrc/test_text_automaton.cc.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace maskforge {

// A partition of the characters that the language has at all.
struct CharClasses {
  struct Range {
    char32_t first;
    char32_t last;  // inclusive
    std::uint32_t id;
  };
  std::vector<Range> ranges;  // sorted, disjoint; neither end is a surrogate
  std::uint32_t count = 0;    // ids are smaller
};

class TextAutomaton {
 public:
  using State = std::uint64_t;
  static constexpr State kDead = ~State{0};

  virtual ~TextAutomaton() = default;
  const CharClasses& classes() const { return classes_; }
  virtual State start() = 0;
  // kDead, or a state from which some text is accepted. Constant time, or nearly so.
  virtual State next(State state, std::uint32_t character_class) = 0;
  virtual bool accepts(State state) const = 0;
  // No accepted text has more characters from here.
  virtual std::uint32_t most_left(State state) const = 0;
  // From every state some text of at most so many characters is accepted.
  virtual std::uint32_t slack() const = 0;
  // From this one.
  virtual std::uint32_t least_left(State) const { return slack(); }

 protected:
  CharClasses classes_;
};

}  // namespace maskforge
