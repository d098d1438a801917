// NumberArena: sets (sets.h) are cut into scales (scale.h), which the reader walks (reader.h, where the idea is
// explained). Covered by tests/csrc/test_number.cc.
#include "number/number.h"

#include <map>
#include <unordered_map>

#include "base/errors.h"
#include "number/reader.h"
#include "number/scale.h"
#include "number/sets.h"

namespace maskforge {

using number::Classification;
using number::SetNode;

struct NumberArena::Impl {
  number::SetTable sets;
  number::ScaleTable scales{sets};
  number::Reader reader{scales};
  std::map<ShortList<NumberSetId>, NumberStateId> starts;  // asked sets, then the alive one
  std::unordered_map<NumberSetId, bool> empty;

  void check(NumberSetId set) const {
    if (set >= sets.size()) throw MisuseError("unknown number set");
  }
  void check(NumberStateId state, bool) const {
    if (state >= reader.size()) throw MisuseError("unknown number state");
  }
};

NumberArena::NumberArena() : impl_(std::make_unique<Impl>()) {}
NumberArena::~NumberArena() = default;

NumberSetId NumberArena::none() const { return impl_->sets.none(); }
NumberSetId NumberArena::all() const { return impl_->sets.all(); }
NumberSetId NumberArena::integers() {
  if (!integers_) integers_ = impl_->sets.multiple_of("1");
  return *integers_;
}
NumberSetId NumberArena::integer_spellings() { return impl_->sets.integer_spellings(); }
NumberSetId NumberArena::at_least(std::string_view bound, bool exclusive) {
  return impl_->sets.complement(impl_->sets.below(bound, exclusive));
}
NumberSetId NumberArena::at_most(std::string_view bound, bool exclusive) {
  return impl_->sets.below(bound, !exclusive);
}
NumberSetId NumberArena::multiple_of(std::string_view step) { return impl_->sets.multiple_of(step); }
NumberSetId NumberArena::equal_to(std::string_view value) { return impl_->sets.values({std::string(value)}); }
NumberSetId NumberArena::any_of(std::vector<std::string> values) { return impl_->sets.values(values); }

NumberSetId NumberArena::intersect(ShortList<NumberSetId> parts) {
  for (NumberSetId part : parts) impl_->check(part);
  return impl_->sets.combine(SetNode::Op::kAnd, std::move(parts));
}
NumberSetId NumberArena::unite(ShortList<NumberSetId> parts) {
  for (NumberSetId part : parts) impl_->check(part);
  return impl_->sets.combine(SetNode::Op::kOr, std::move(parts));
}
NumberSetId NumberArena::complement(NumberSetId part) {
  impl_->check(part);
  return impl_->sets.complement(part);
}

bool NumberArena::is_spelled(NumberSetId set) const {
  impl_->check(set);
  return impl_->sets.is_spelled(set);
}
bool NumberArena::has_spellings() const { return impl_->sets.has_spellings(); }
NumberSetId NumberArena::written_plainly(NumberSetId set) {
  impl_->check(set);
  return intersect({impl_->sets.with_spelling(set, true), integers()});
}
NumberSetId NumberArena::written_otherwise(NumberSetId set) {
  impl_->check(set);
  return impl_->sets.with_spelling(set, false);
}

bool NumberArena::is_empty(NumberSetId set) {
  impl_->check(set);
  if (auto known = impl_->empty.find(set); known != impl_->empty.end()) return known->second;
  bool empty = start(set, {}) == kDead;
  impl_->empty.emplace(set, empty);
  return empty;
}

bool NumberArena::is_endless(NumberSetId set, std::uint64_t limit) {
  Classification values = impl_->scales.classify(set, {});
  return number::has_many(impl_->scales, values.positive, limit) ||
         number::has_many(impl_->scales, values.negative, limit);
}

bool NumberArena::contains(NumberSetId set, std::string_view number_text) {
  impl_->check(set);
  return impl_->sets.contains(set, number_text);
}

NumberStateId NumberArena::start(NumberSetId alive, const ShortList<NumberSetId>& asked) {
  ShortList<NumberSetId> key = asked;
  key.push_back(alive);
  for (NumberSetId set : key) impl_->check(set);
  if (auto known = impl_->starts.find(key); known != impl_->starts.end()) return known->second;
  NumberStateId state = impl_->reader.start(impl_->scales.classify(alive, asked));
  impl_->starts.emplace(std::move(key), state);
  return state;
}

NumberArena::AllAnswers NumberArena::all_answers(NumberSetId alive, const ShortList<NumberSetId>& asked) {
  const number::Classification numbers = impl_->scales.classify(alive, asked);
  ShortList<number::LabelId> sure{numbers.zero[0], numbers.zero[1]}, likely;
  for (std::uint32_t id : {numbers.positive, numbers.negative}) {
    const number::Scale& scale = impl_->scales[id];
    // A region has numbers of every pattern only where there is one, and an entry can be no integer.
    ShortList<number::LabelId>& of_entries = scale.spelled ? likely : sure;
    ShortList<number::LabelId>& of_regions = scale.spelled || scale.divides ? likely : sure;
    for (std::uint32_t s = 0; s < 2; ++s) {
      for (const number::Entry& entry : scale.entries) of_entries.push_back(entry.labels[s]);
      for (const number::Rule& rule : scale.rules) {
        of_regions.insert(of_regions.end(), rule.labels[s].begin(), rule.labels[s].end());
      }
    }
  }
  auto sort_unique = [](ShortList<number::LabelId>& labels) {
    std::sort(labels.begin(), labels.end());
    labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
    erase(labels, number::kDeadLabel);
  };
  sort_unique(sure);
  sort_unique(likely);
  AllAnswers all;
  for (number::LabelId label : sure) all.sure.push_back(impl_->scales.verdict(label));
  for (number::LabelId label : likely) {
    if (!std::binary_search(sure.begin(), sure.end(), label)) all.likely.push_back(impl_->scales.verdict(label));
  }
  return all;
}

NumberStateId NumberArena::step(NumberStateId state, char byte) {
  if (state == kDead) return kDead;
  impl_->check(state, true);
  return impl_->reader.step(state, byte);
}

bool NumberArena::is_final(NumberStateId state) {
  if (state == kDead) return false;
  impl_->check(state, true);
  return impl_->reader.label(state) != number::kDeadLabel;
}

const Answers& NumberArena::verdicts(NumberStateId state) {
  if (!is_final(state)) throw MisuseError("no number has been read");
  return impl_->scales.verdict(impl_->reader.label(state));
}

std::string NumberArena::describe(NumberSetId set) const {
  impl_->check(set);
  return impl_->sets.describe(set);
}

std::size_t NumberArena::memory_bytes() const {
  return impl_->sets.memory_bytes() + impl_->scales.memory_bytes() + impl_->reader.memory_bytes() +
         impl_->starts.size() * 96 + digit_sets_.memory_bytes();
}

}  // namespace maskforge
