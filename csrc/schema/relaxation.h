// Which constraints of a schema a load leaves out, so that contradiction.h can ask what is left.
//
// A constraint is named by where it stands: a keyword (`/minimum`), an entry of one (`/required/0`, `/properties/a`),
// or a `false` in place of a schema. Leaving one out never makes a schema stricter. What is left out is the constraint
// and not the text: `properties/a` without its constraints still is a property that `additionalProperties` and
// `unevaluatedProperties` do not cover. Where less of a keyword would be more of a constraint (below `not`, in the
// condition of `if`, in the branches of an exclusive `oneOf`, in `contains` with `maxContains`), schemas are read as
// they are, and only the keyword around them is left out.
//
// Constraints form a tree, by the way on which a load first comes to them; leaving one out leaves out all below it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/short_list.h"
#include "schema/json_value.h"

namespace maskforge {

class Relaxation {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNothing = 0xFFFFFFFFu;

  // How a load reads a schema.
  enum class Mode : std::uint8_t {
    kExact,    // as it is
    kRelaxed,  // without what is left out
    kBlank,    // without any constraint: only for what it evaluates
  };
  // How it came to a schema.
  struct Way {
    Mode mode = Mode::kExact;
    Id parent = kNothing;
    std::uint32_t level = 0;
  };
  struct Constraint {
    std::string pointer;
    bool named;        // it is part of a contradiction also where constraints below it are
    bool kept = true;  // set by who owns the relaxation
    Id parent = kNothing;
    std::uint32_t level = 0;          // how many constraints are above
    std::uint32_t schema = kNothing;  // the question of the schema that it leads to, where there is one
    std::string target = {};          // where that schema stands, if not here
  };

  // ---- for the loader
  void start() { met_.clear(), ++load_; }
  // A constraint on the way: the keyword or entry whose value this is. Returns the way to what is below it, blank when
  // it is left out. Requires a relaxed way. `pointer()` is called when it is met for the first time.
  template <typename Pointer>
  Way meet(const Way& way, const JsonValue* value, const Pointer& pointer, bool named = false) {
    auto [id, fresh] = enter(reinterpret_cast<std::uintptr_t>(value), way);
    if (fresh) {
      constraints_[id].pointer = pointer();
      constraints_[id].named = named;
    }
    return onward(id, way);
  }
  // What an exclusive `oneOf` says beyond `anyOf` is a constraint below it; `way` is the one into the keyword.
  Way exclusive(const Way& way, const JsonValue* value) {
    auto [id, fresh] = enter(reinterpret_cast<std::uintptr_t>(value) + 1, way);
    if (fresh) constraints_[id].pointer = constraints_[way.parent].pointer;
    return onward(id, way);
  }
  // The schema at the end of a way, and where it stands.
  void found(const Way& way, std::uint32_t schema, const std::string& target = {}) {
    if (way.mode != Mode::kRelaxed) return;
    constraints_[way.parent].schema = schema;
    constraints_[way.parent].target = target;
  }

  // ---- for the owner
  Constraint& operator[](Id id) { return constraints_[id]; }
  const Constraint& operator[](Id id) const { return constraints_[id]; }
  std::size_t size() const { return constraints_.size(); }
  // What the last load met, in the order of reading.
  const ShortList<Id>& met() const { return met_; }

  // Resources, parsed once: a constraint is known by the address of its value.
  std::map<std::string, JsonDocument> documents;

 private:
  std::pair<Id, bool> enter(std::uintptr_t key, const Way& way);
  Way onward(Id id, const Way& way) const {
    return {constraints_[id].kept ? Mode::kRelaxed : Mode::kBlank, id, way.level + 1};
  }

  std::vector<Constraint> constraints_;
  ShortList<std::uint32_t> loads_;  // by id: when it was last met
  std::unordered_map<std::uintptr_t, Id> ids_;
  ShortList<Id> met_;
  std::uint32_t load_ = 0;
};

}  // namespace maskforge
