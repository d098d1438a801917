// See scalar_frames.h.
#include "schema/scalar_frames.h"

namespace maskforge {

namespace {

constexpr std::string_view kNumberBytes = "0123456789-+.eE";
constexpr std::string_view kWords[] = {"true", "false", "null"};

// Every byte of `distinct` is a class of its own, every other byte is in class 0.
const ByteClasses* classes_of(Machine& machine, std::string_view distinct) {
  std::array<std::uint8_t, 256> of{};
  std::uint8_t next = 1;
  for (char c : distinct) of[static_cast<std::uint8_t>(c)] = next++;
  return machine.intern_classes(of);
}

}  // namespace

const ByteClasses* structural_classes(Machine& machine) {
  std::array<std::uint8_t, 256> of{};
  of[' '] = of['\t'] = 1;
  of['\n'] = 2;
  of['\r'] = 3;
  std::uint8_t next = 4;
  for (char c : std::string_view("\"{}[],:-0123456789tfn")) of[static_cast<std::uint8_t>(c)] = next++;
  return machine.intern_classes(of);
}

SpaceFrames::SpaceFrames(Machine& machine)
    : machine_(machine),
      automaton_(machine.add_automaton(this, {.lists_words = false})),
      classes_(classes_of(machine, " \t\n\r")) {}

StateId SpaceFrames::begin(std::uint8_t byte) {
  std::uint32_t local = byte == '\n' ? kIndent : byte == '\r' ? kAfterReturn : 1;
  return machine_.intern(automaton_, local);
}

Step SpaceFrames::compute(std::uint32_t local, std::uint8_t byte) {
  if (!is_json_space(byte)) return Step::reject();
  std::uint32_t next;
  if (local >= kIndent) {
    if (byte == '\n' || byte == '\r' || local - kIndent >= kMaxIndent) return Step::reject();
    next = local + 1;
  } else if (byte == '\n') {
    next = kIndent;
  } else if (local == kAfterReturn) {
    return Step::reject();
  } else if (byte == '\r') {
    next = kAfterReturn;
  } else {
    if (local >= kMaxInline) return Step::reject();
    next = local + 1;
  }
  return Step::stay(machine_.intern(automaton_, next));
}

Label SpaceFrames::final_label(std::uint32_t local) { return local == kAfterReturn ? kNoLabel : 0; }

StateId SpaceFrames::clip(std::uint32_t local, StateId self, std::uint32_t longest) {
  if (local > kIndent && local - kIndent + longest <= kMaxIndent) return machine_.intern(automaton_, kIndent);
  return self;
}

NumberFrames::NumberFrames(Machine& machine, NumberArena& numbers)
    : machine_(machine),
      numbers_(numbers),
      automaton_(machine.add_automaton(this, {.lists_words = false})),
      classes_(classes_of(machine, kNumberBytes)) {}

Step NumberFrames::compute(std::uint32_t local, std::uint8_t byte) {
  if (classes_->of[byte] == 0) return Step::reject();
  NumberStateId next = numbers_.step(local, static_cast<char>(byte));
  return next == NumberArena::kDead ? Step::reject() : Step::stay(machine_.intern(automaton_, next));
}

Label NumberFrames::final_label(std::uint32_t local) {
  return numbers_.is_final(local) ? machine_.verdict_label(numbers_.verdicts(local)) : kNoLabel;
}

RestFrames::RestFrames(Machine& machine, NumberArena& numbers, NumberFrames& plain)
    : machine_(machine),
      rests_(numbers),
      plain_(plain),
      automaton_(machine.add_automaton(this, {.lists_words = false})),
      classes_(classes_of(machine, kNumberBytes)) {}

Step RestFrames::compute(std::uint32_t local, std::uint8_t byte) {
  if (classes_->of[byte] == 0) return Step::reject();
  const StateId next = frame(rests_.step(local, static_cast<char>(byte)));
  return next == kDeadState ? Step::reject() : Step::stay(next);
}

Label RestFrames::final_label(std::uint32_t local) {
  return rests_.is_final(local) ? machine_.verdict_label(rests_.verdicts(local)) : kNoLabel;
}

WordFrames::WordFrames(Machine& machine)
    : machine_(machine),
      automaton_(machine.add_automaton(this, {.may_end = false, .lists_words = false})),
      classes_(classes_of(machine, "aelrsu")) {}

StateId WordFrames::begin(unsigned word, Label label) {
  return machine_.intern(automaton_, locals_.intern({word, 1, label}));
}

Step WordFrames::compute(std::uint32_t local, std::uint8_t byte) {
  Local l = locals_[local];
  std::string_view word = kWords[l.word];
  if (static_cast<std::uint8_t>(word[l.position]) != byte) return Step::reject();
  if (l.position + 1 == word.size()) return Step::returns(l.label);
  return Step::stay(machine_.intern(automaton_, locals_.intern({l.word, l.position + 1, l.label})));
}

std::string WordFrames::describe(std::uint32_t local) {
  return "the rest of the word " + std::string(kWords[locals_[local].word]);
}

}  // namespace maskforge
