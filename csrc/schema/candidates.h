// Which of the objects that a unique array has taken an object can still turn out to be equal to.
//
// A candidate has every key that was read, with the value that was read; so a key drops those that lack it, and a value
// those that have another one. What is left is looked up, not asked: each group of candidates knows, for each of its
// names, the groups that are left after each value. A set is a list of groups, one for each chunk of taken values
// (taken.h), so that sets that grow share almost everything. Guarded by the machine's mutex. Covered by tests/schema/
// (Python).
#pragma once

#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/interner.h"
#include "base/short_list.h"
#include "schema/store.h"

namespace maskforge {

using CandidatesId = std::uint32_t;
inline constexpr CandidatesId kNoCandidates = 0;

class Candidates {
 public:
  explicit Candidates(SchemaStore& store) : store_(store) { sets_.intern({}); }

  // The objects among the values of questions that are `taken` (see SchemaNode).
  CandidatesId of(const ShortList<QuestionId>& taken);
  CandidatesId with_key(CandidatesId set, NameId name);
  CandidatesId without_key(CandidatesId set, NameId name);
  // Requires candidates that all have the key.
  CandidatesId with_value(CandidatesId set, NameId name, QuestionId value);
  std::uint64_t size(CandidatesId set) const;
  // Whether one of them has no other keys than the `keys` that were read.
  bool any_complete(CandidatesId set, std::size_t keys) const;
  ShortList<QuestionId> objects(CandidatesId set) const;
  // The names for which `wanted` holds, sorted; stops once there are more than `most`.
  ShortList<NameId> names(CandidatesId set, std::size_t most, const std::function<bool(NameId)>& wanted);
  // Requires candidates that all have the key: for each group, the values for which `wanted` holds, sorted.
  std::vector<ShortList<QuestionId>> values(CandidatesId set, NameId name,
                                            const std::function<bool(QuestionId)>& wanted);
  std::size_t memory_bytes() const { return bytes_; }

 private:
  using GroupId = std::uint32_t;
  struct Part {
    GroupId with = 0;               // those that have the key
    std::optional<GroupId> others;  // those that have not, once asked for
    std::unordered_map<QuestionId, GroupId> values;
  };
  struct Group {
    std::size_t least = 0;  // keys of the smallest candidate
    bool split = false;
    std::unordered_map<NameId, Part> parts;  // once split
  };
  using List = ShortList<std::uint32_t>;

  GroupId group_of(List objects);
  std::unordered_map<NameId, Part>& parts(GroupId group);
  CandidatesId set_of(List groups);

  SchemaStore& store_;
  Interner<List, ListHash> group_objects_;  // sorted
  StableVector<Group> groups_;
  Interner<List, ListHash> sets_;
  std::size_t bytes_ = 0;
};

}  // namespace maskforge
