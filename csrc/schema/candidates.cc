// See candidates.h.
#include "schema/candidates.h"

#include <algorithm>

#include "base/fuel.h"

namespace maskforge {

Candidates::GroupId Candidates::group_of(List objects) {
  GroupId id = group_objects_.intern(std::move(objects));
  if (id < groups_.size()) return id;
  const List& list = group_objects_[id];
  Group& group = groups_.emplace_back();
  group.least = ~std::size_t{0};
  for (QuestionId object : list) {
    group.least = std::min(group.least, store_.members[store_.nodes[object].members].properties.size());
  }
  bytes_ += sizeof(Group) + 64 + list.size() * sizeof(QuestionId);
  return id;
}

std::unordered_map<NameId, Candidates::Part>& Candidates::parts(GroupId id) {
  Group& group = groups_[id];
  if (group.split) return group.parts;
  std::unordered_map<NameId, std::pair<List, std::unordered_map<QuestionId, List>>> lists;
  const List& objects = group_objects_[id];
  std::size_t members = 0;
  for (QuestionId object : objects) {
    for (const auto& [name, value] : store_.members[store_.nodes[object].members].properties) {
      auto& [with, values] = lists[name];
      with.push_back(object);
      values[value].push_back(object);
      ++members;
    }
  }
  FuelScope::spend(members / 16 + 1);
  std::unordered_map<NameId, Part> parts;
  for (auto& [name, list] : lists) {
    Part& part = parts[name];
    part.with = group_of(std::move(list.first));
    for (auto& [value, equal] : list.second) part.values.emplace(value, group_of(std::move(equal)));
  }
  bytes_ += members * 48 + lists.size() * 96;
  group.parts = std::move(parts);
  group.split = true;
  return group.parts;
}

CandidatesId Candidates::set_of(List groups) {
  const std::size_t before = sets_.size();
  CandidatesId id = sets_.intern(std::move(groups));
  if (sets_.size() > before) bytes_ += 64 + sets_[id].size() * sizeof(GroupId);
  return id;
}

CandidatesId Candidates::of(const ShortList<QuestionId>& taken) {
  List groups;
  for (QuestionId chunk : taken) {
    List objects;
    for (QuestionId value : store_.nodes[chunk].containers) {
      if (store_.nodes[value].types == kObjectType) objects.push_back(value);
    }
    if (!objects.empty()) groups.push_back(group_of(std::move(objects)));
  }
  return set_of(std::move(groups));
}

CandidatesId Candidates::with_key(CandidatesId set, NameId name) {
  List groups;
  for (GroupId group : sets_[set]) {
    const auto& parts = this->parts(group);
    if (auto part = parts.find(name); part != parts.end()) groups.push_back(part->second.with);
  }
  return set_of(std::move(groups));
}

CandidatesId Candidates::without_key(CandidatesId set, NameId name) {
  List groups;
  for (GroupId group : List(sets_[set])) {
    auto& parts = this->parts(group);
    auto part = parts.find(name);
    if (part == parts.end()) {
      groups.push_back(group);
      continue;
    }
    if (!part->second.others) {
      List others;
      const List& all = group_objects_[group];
      const List& with = group_objects_[part->second.with];
      FuelScope::spend(all.size() / 16 + 1);
      std::set_difference(all.begin(), all.end(), with.begin(), with.end(), std::back_inserter(others));
      part->second.others = group_of(std::move(others));
    }
    if (!group_objects_[*part->second.others].empty()) groups.push_back(*part->second.others);
  }
  return set_of(std::move(groups));
}

CandidatesId Candidates::with_value(CandidatesId set, NameId name, QuestionId value) {
  List groups;
  for (GroupId group : sets_[set]) {
    const auto& values = parts(group).at(name).values;
    if (auto left = values.find(value); left != values.end()) groups.push_back(left->second);
  }
  return set_of(std::move(groups));
}

std::uint64_t Candidates::size(CandidatesId set) const {
  std::uint64_t size = 0;
  for (GroupId group : sets_[set]) size += group_objects_[group].size();
  return size;
}

bool Candidates::any_complete(CandidatesId set, std::size_t keys) const {
  const List& groups = sets_[set];
  return std::any_of(groups.begin(), groups.end(), [&](GroupId group) { return groups_[group].least == keys; });
}

ShortList<QuestionId> Candidates::objects(CandidatesId set) const {
  List objects;
  for (GroupId group : sets_[set]) {
    objects.insert(objects.end(), group_objects_[group].begin(), group_objects_[group].end());
  }
  return objects;
}

ShortList<NameId> Candidates::names(CandidatesId set, std::size_t most, const std::function<bool(NameId)>& wanted) {
  List names;
  for (GroupId group : sets_[set]) {
    for (const auto& [name, part] : parts(group)) {
      if (!wanted(name) || std::find(names.begin(), names.end(), name) != names.end()) continue;
      names.push_back(name);
      if (names.size() > most) return names;
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<ShortList<QuestionId>> Candidates::values(CandidatesId set, NameId name,
                                                      const std::function<bool(QuestionId)>& wanted) {
  std::vector<List> lists;
  for (GroupId group : sets_[set]) {
    List values;
    for (const auto& [value, left] : parts(group).at(name).values) {
      if (wanted(value)) values.push_back(value);
    }
    std::sort(values.begin(), values.end());
    if (!values.empty()) lists.push_back(std::move(values));
  }
  return lists;
}

}  // namespace maskforge
