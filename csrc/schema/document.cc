// See document.h.
#include "schema/document.h"

namespace maskforge {

Documents::Documents(Machine& machine, Values& values, SpaceFrames& spaces)
    : machine_(machine),
      values_(values),
      spaces_(spaces),
      automaton_(machine.add_automaton(this, {.lists_words = false})),
      classes_(structural_classes(machine)) {}

StateId Documents::start(SpecId spec, bool compact) { return state({Phase::kBefore, compact, compact, spec}); }

Step Documents::compute(std::uint32_t id, std::uint8_t byte) {
  Local local = locals_[id];
  if (local.phase == Phase::kWait) return Step::reject();
  if (is_json_space(byte)) {
    if (local.spaced) return Step::reject();
    local.spaced = true;
    return machine_.call(state(local), spaces_.begin(byte));
  }
  if (local.phase == Phase::kAfter) return Step::reject();
  StateId pushed = values_.begin(local.spec, byte);
  if (pushed == kDeadState) return Step::reject();
  return machine_.call(state({Phase::kWait, true, local.compact, 0}), pushed);
}

Label Documents::final_label(std::uint32_t id) { return locals_[id].phase == Phase::kAfter ? 0 : kNoLabel; }

StateId Documents::after(std::uint32_t id, Label) {
  Local local = locals_[id];
  if (local.phase != Phase::kWait) return state(local);  // back from whitespace
  return state({Phase::kAfter, local.compact, local.compact, 0});
}

std::string Documents::describe(std::uint32_t id) {
  Local local = locals_[id];
  return local.phase == Phase::kBefore ? values_.describe_spec(local.spec) : "the end of the text";
}

}  // namespace maskforge
