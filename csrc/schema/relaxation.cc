// See relaxation.h.
#include "schema/relaxation.h"

#include "base/fuel.h"

namespace maskforge {

std::pair<Relaxation::Id, bool> Relaxation::enter(std::uintptr_t key, const Way& way) {
  FuelScope::spend();
  auto [entry, fresh] = ids_.try_emplace(key, static_cast<Id>(constraints_.size()));
  const Id id = entry->second;
  if (fresh) {
    constraints_.emplace_back();
    loads_.push_back(0);
  }
  if (loads_[id] != load_) {
    loads_[id] = load_;
    constraints_[id].parent = way.parent;
    constraints_[id].level = way.level;
    constraints_[id].schema = kNothing;
    met_.push_back(id);
  }
  return {id, fresh};
}

}  // namespace maskforge
