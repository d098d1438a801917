// Which constraints of a schema that nothing satisfies contradict one another.
//
// A set of constraints is left out, and the rest is asked whether something satisfies it (relaxation.h says what
// leaving out means). Leaving out more never makes a schema stricter, so a set of which no single constraint can be
// left out is minimal: the algorithm of Junker (QuickXplain, AAAI 2004), which halves the candidates and so needs few
// questions where few of many matter. It goes from the top down: first whole keywords, then the entries of those that
// remain, then what stands below them, so that a large schema shrinks at once, and a search that has to end early still
// names something readable. Of several minimal sets one with few and small parts is preferred, without a promise.
// Covered by tests/schema/test_contradictions.py.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/short_list.h"
#include "schema/relaxation.h"

namespace maskforge {

struct Contradiction {
  // JSON pointers in the order of reading, "" for a root that is `false`; none where nothing could be found out.
  std::vector<std::string> pointers;
  bool minimal = true;  // false: the work limit came first
  // The innermost schema that is empty by itself, and which of the pointers make it so (the others ask for a value of
  // it); "" and all of them where that is the whole.
  std::string where;
  std::vector<bool> inside;

  std::string describe() const;
};

class ContradictionSearch {
 public:
  // Both may throw what a compile throws. Load: reads the schema without what the relaxation leaves out, and returns
  // the question that it asks. Empty: whether nothing satisfies a question of the last load.
  using Load = std::function<std::uint32_t(Relaxation&)>;
  using Empty = std::function<bool(std::uint32_t question)>;

  ContradictionSearch(Load load, Empty empty) : load_(std::move(load)), empty_(std::move(empty)) {}
  // Throws nothing but std::bad_alloc.
  Contradiction run(std::uint64_t fuel);

 private:
  using Id = Relaxation::Id;

  // Does some work under a share of the fuel; false also when that did not do.
  bool within(std::uint64_t share, const std::function<bool()>& work);
  bool contradicts(std::uint64_t share);
  bool reload(std::uint64_t share);
  ShortList<Id> candidates() const;
  bool shrink(const Id* first, const Id* last, bool ask);
  Contradiction result();
  ShortList<Id> empty_places();

  Load load_;
  Empty empty_;
  Relaxation relaxation_;
  std::vector<bool> settled_;    // by id: tried and found necessary
  std::vector<bool> promising_;  // by id: it leads to a schema that was empty by itself before anything was left out
  std::uint64_t fuel_ = 0;
  std::uint64_t left_ = 0;
  bool minimal_ = true;
};

}  // namespace maskforge
