// Which of the questions asked of a value it answers with yes: what frames hand up and containers look at.
//
// There is no limit to how many questions are asked: the answers are the sorted positions of the questions that hold,
// and as a label they are one number (Machine::verdict_label), so that whoever keeps or compares answers keeps or
// compares labels. Nearly always there are no questions, and the list is empty.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/hash.h"
#include "base/short_list.h"

namespace maskforge {

struct Answers {
  ShortList<std::uint32_t> yes;  // positions; ascending
  bool operator==(const Answers&) const = default;
  bool holds(std::size_t position) const {
    return std::binary_search(yes.begin(), yes.end(), static_cast<std::uint32_t>(position));
  }
  // Requires that all positions so far are smaller.
  void add(std::size_t position) { yes.push_back(static_cast<std::uint32_t>(position)); }
};

struct AnswersHash {
  std::uint64_t operator()(const Answers& answers) const { return ListHash{}(answers.yes); }
};

}  // namespace maskforge
