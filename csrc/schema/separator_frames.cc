// See separator_frames.h.
#include "schema/separator_frames.h"

#include "schema/scalar_frames.h"

namespace maskforge {

SeparatorFrames::SeparatorFrames(Machine& machine, SpaceFrames& spaces)
    : machine_(machine),
      spaces_(spaces),
      automaton_(machine.add_automaton(this, {.may_end = false, .lists_words = false})),
      classes_(structural_classes(machine)) {}

Step SeparatorFrames::compute(std::uint32_t local, std::uint8_t byte) {
  if (is_json_space(byte)) {
    if ((local & kSpaced) != 0) return Step::reject();
    return machine_.call(machine_.intern(automaton_, local | kSpaced), spaces_.begin(byte));
  }
  const bool object = (local & kObject) != 0;
  if (byte == (object ? '}' : ']') && (local & kMayEnd) != 0) return Step::returns(kEnd);
  const bool key_only = (local & kKeyOnly) != 0;
  if (byte != (key_only ? '"' : ',') || (local & kMayGoOn) == 0) return Step::reject();
  if (key_only || !object) return Step::returns(kNext);
  return Step::stay(state({true, false}, (local & kCompact) != 0, kObject + kKeyOnly));
}

std::string SeparatorFrames::describe(std::uint32_t local) {
  std::string out;
  if ((local & kMayGoOn) != 0) {
    if ((local & kKeyOnly) != 0) return "";
    out = "`,`";
  }
  if ((local & kMayEnd) != 0) {
    if (!out.empty()) out += " or ";
    out += (local & kObject) != 0 ? "`}`" : "`]`";
  }
  return out;
}

}  // namespace maskforge
