// See contradiction.h.
#include "schema/contradiction.h"

#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"

namespace maskforge {

namespace {

constexpr std::uint64_t kShare = 8;  // one question gets this part of the whole fuel, or what is left

std::string listed(const std::vector<std::string>& pointers) {
  constexpr std::size_t kMost = 12;
  const std::size_t shown = std::min(pointers.size(), kMost);
  const std::size_t hidden = pointers.size() - shown;
  std::string list;
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) list += i + 1 < shown || hidden > 0 ? ", " : " and ";
    list += pointers[i];
  }
  return hidden == 0 ? list : list + " and " + std::to_string(hidden) + " more";
}

}  // namespace

std::string Contradiction::describe() const {
  std::string text = "no JSON value satisfies this schema";
  if (pointers.empty()) return text;
  if (pointers[0].empty()) return text + ": it is `false`";
  std::vector<std::string> inner, outer;
  for (std::size_t i = 0; i < pointers.size(); ++i) (inside[i] ? inner : outer).push_back(pointers[i]);
  text += ": " + listed(inner) + (inner.size() == 1 ? " alone rules out every value" : " contradict one another");
  if (!outer.empty()) text += ", and " + listed(outer) + (outer.size() == 1 ? " asks" : " ask") + " for a value there";
  return minimal ? text : text + " (fewer may do: the work limit ended the search)";
}

bool ContradictionSearch::within(std::uint64_t share, const std::function<bool()>& work) {
  share = std::min(share, left_);
  FuelScope scope(share);
  bool answer = false;
  try {
    answer = work();
  } catch (const Error&) {
    // Out of fuel, or a refusal that was out of reach as long as nothing was left out: not known.
    minimal_ = false;
  }
  left_ -= share - FuelScope::left();
  settled_.resize(relaxation_.size(), false);
  return answer;
}

bool ContradictionSearch::contradicts(std::uint64_t share) {
  return within(share, [this] { return empty_(load_(relaxation_)); });
}

bool ContradictionSearch::reload(std::uint64_t share) {
  return within(share, [this] {
    load_(relaxation_);
    return true;
  });
}

ShortList<ContradictionSearch::Id> ContradictionSearch::candidates() const {
  // The uppermost constraints that were not tried. They are few where the schema is deep and many where it is wide,
  // which is what halving is good for.
  auto open = [&](Id id) { return relaxation_[id].kept && !settled_[id]; };
  ShortList<Id> ids;
  std::uint32_t level = ~std::uint32_t{0};
  for (Id id : relaxation_.met()) {
    if (open(id)) level = std::min(level, relaxation_[id].level);
  }
  ShortList<std::uint32_t> below(relaxation_.size(), 0);
  for (auto id = relaxation_.met().rbegin(); id != relaxation_.met().rend(); ++id) {  // children come after parents
    const Id parent = relaxation_[*id].parent;
    if (parent != Relaxation::kNothing) below[parent] += below[*id] + 1;
    if (open(*id) && relaxation_[*id].level == level) ids.push_back(*id);
  }
  // shrink() gives the last ones up first: the large ones, so that what remains is small.
  auto promising = [&](Id id) { return id < promising_.size() && promising_[id]; };
  std::reverse(ids.begin(), ids.end());
  std::stable_sort(ids.begin(), ids.end(),
                   [&](Id a, Id b) { return promising(a) != promising(b) ? promising(a) : below[a] < below[b]; });
  return ids;
}

// Leaves out as many of the candidates as it can while the rest contradicts. `ask`: whether all of them may be
// superfluous; otherwise it is known that they are not. Returns whether any is kept.
bool ContradictionSearch::shrink(const Id* first, const Id* last, bool ask) {
  if (left_ == 0) return true;
  if (ask) {
    for (const Id* id = first; id != last; ++id) relaxation_[*id].kept = false;
    if (contradicts(fuel_ / kShare)) return false;
    for (const Id* id = first; id != last; ++id) relaxation_[*id].kept = true;
  }
  if (last - first == 1) {
    settled_[*first] = left_ > 0;
    return true;
  }
  const Id* middle = first + (last - first) / 2;
  const bool later = shrink(middle, last, true);
  return shrink(first, middle, later) || later;
}

Contradiction ContradictionSearch::run(std::uint64_t fuel) {
  fuel_ = left_ = fuel;
  // Without a confirmation that the whole contradicts there is nothing to say of its parts.
  if (!contradicts(fuel / 2)) return {{}, false, {}, {}};
  // Most often one schema is empty by itself, and the way to it is all that counts.
  for (Id id : empty_places()) {
    promising_.resize(relaxation_.size(), false);
    for (; id != Relaxation::kNothing && !promising_[id]; id = relaxation_[id].parent) promising_[id] = true;
  }
  while (reload(left_)) {
    const ShortList<Id> ids = candidates();
    if (ids.empty()) break;
    shrink(ids.data(), ids.data() + ids.size(), true);
  }
  if (left_ == 0) minimal_ = false;
  left_ = fuel;  // to read what was found, not to search on
  return reload(fuel) ? result() : Contradiction{{}, false, {}, {}};
}

// The constraints that lead to a schema which is empty by itself, as far as can be told.
ShortList<ContradictionSearch::Id> ContradictionSearch::empty_places() {
  ShortList<Id> places;
  const bool minimal = minimal_;
  within(fuel_ / kShare, [&] {
    for (Id id : relaxation_.met()) {
      const Relaxation::Constraint& constraint = relaxation_[id];
      if (constraint.kept && constraint.schema != Relaxation::kNothing && empty_(constraint.schema)) {
        places.push_back(id);
      }
    }
    return true;
  });
  minimal_ = minimal;  // that a place was missed says nothing of the pointers
  return places;
}

Contradiction ContradictionSearch::result() {
  // A constraint is named unless those below it say more. What was not tried is named by what is above it, alone.
  const std::size_t size = relaxation_.size();
  std::vector<bool> has_below(size, false);
  std::vector<bool> stands_for_others(size, false);
  for (Id id : relaxation_.met()) {
    const Relaxation::Constraint& constraint = relaxation_[id];
    if (!constraint.kept) continue;
    if (constraint.parent != Relaxation::kNothing) has_below[constraint.parent] = true;
    Id known = id;
    while (!settled_[known] && relaxation_[known].parent != Relaxation::kNothing) known = relaxation_[known].parent;
    if (known != id || !settled_[id]) stands_for_others[known] = true;
  }
  Id place = Relaxation::kNothing;
  for (Id id : empty_places()) {
    if (place == Relaxation::kNothing || relaxation_[id].level > relaxation_[place].level) place = id;
  }
  std::vector<bool> in_place(size, false);
  std::vector<bool> hidden(size, false);
  Contradiction found{{}, minimal_, {}, {}};
  for (Id id : relaxation_.met()) {
    const Relaxation::Constraint& constraint = relaxation_[id];
    if (!constraint.kept) continue;
    if (constraint.parent != Relaxation::kNothing) {
      in_place[id] = in_place[constraint.parent] || constraint.parent == place;
      hidden[id] = hidden[constraint.parent] || stands_for_others[constraint.parent];
    }
    const bool says_it_all = settled_[id] && (constraint.named || !has_below[id]);
    if (hidden[id] || !(says_it_all || stands_for_others[id])) continue;
    found.pointers.push_back(constraint.pointer);
    const bool is_place = id == place && !constraint.named && (!has_below[id] || stands_for_others[id]);
    found.inside.push_back(in_place[id] || is_place);
  }
  if (relaxation_.met().empty()) found = {{""}, true, "", {true}};
  if (place != Relaxation::kNothing) {
    const Relaxation::Constraint& constraint = relaxation_[place];
    found.where = constraint.target.empty() ? constraint.pointer : constraint.target;
  }
  // Below a place that shares its constraints with another one the order of reading may name none of them.
  if (std::find(found.inside.begin(), found.inside.end(), true) == found.inside.end()) {
    found.where.clear();
    found.inside.assign(found.inside.size(), true);
  }
  return found;
}

}  // namespace maskforge
