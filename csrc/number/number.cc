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
  std::map<std::vector<NumberSetId>, NumberStateId> starts;  // asked sets, then the alive one
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

NumberSetId NumberArena::intersect(std::vector<NumberSetId> parts) {
  for (NumberSetId part : parts) impl_->check(part);
  return impl_->sets.combine(SetNode::Op::kAnd, std::move(parts));
}
NumberSetId NumberArena::unite(std::vector<NumberSetId> parts) {
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

NumberStateId NumberArena::start(NumberSetId alive, const std::vector<NumberSetId>& asked) {
  if (asked.size() > 64) throw MisuseError("at most 64 number sets can be asked at once");
  std::vector<NumberSetId> key = asked;
  key.push_back(alive);
  for (NumberSetId set : key) impl_->check(set);
  if (auto known = impl_->starts.find(key); known != impl_->starts.end()) return known->second;
  NumberStateId state = impl_->reader.start(impl_->scales.classify(alive, asked));
  impl_->starts.emplace(std::move(key), state);
  return state;
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

std::uint64_t NumberArena::verdicts(NumberStateId state) {
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
