// Frames of the values without parts: whitespace runs, numbers, and the words true, false and null.
// Covered by tests/csrc/test_frames.cc.
#pragma once

#include <string>
#include <vector>

#include "machine/machine.h"
#include "number/number.h"
#include "number/rests.h"

namespace maskforge {

inline bool is_json_space(std::uint8_t byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }

// The byte classes of every state between values: brackets, separators, and each first byte of a value apart.
const ByteClasses* structural_classes(Machine& machine);

// A run of whitespace, called by a structural state on its first byte and ended by the first byte that is none. The run
// is bounded, so that no model can idle in it, and shaped like what printers print: at most two spaces or tabs, then
// optionally one line break and an indentation of at most kMaxIndent characters.
class SpaceFrames : public Automaton {
 public:
  static constexpr std::uint32_t kMaxInline = 2;
  static constexpr std::uint32_t kMaxIndent = 1024;

  explicit SpaceFrames(Machine& machine);
  // The frame after the first byte of a run. Requires is_json_space(byte).
  StateId begin(std::uint8_t byte);

  const ByteClasses* byte_classes(std::uint32_t) override { return classes_; }
  Step compute(std::uint32_t local, std::uint8_t byte) override;
  Label final_label(std::uint32_t local) override;
  StateId clip(std::uint32_t local, StateId self, std::uint32_t longest) override;
  std::string describe(std::uint32_t) override { return "whitespace"; }

 private:
  // Local ids: 0..2 inline characters read; 3 after a carriage return; 4 + n after a line break and n indentation
  // characters.
  static constexpr std::uint32_t kAfterReturn = 3;
  static constexpr std::uint32_t kIndent = 4;

  Machine& machine_;
  std::uint8_t automaton_;
  const ByteClasses* classes_;
};

// A number that belongs to a set.
class NumberFrames : public Automaton {
 public:
  NumberFrames(Machine& machine, NumberArena& numbers);
  // The frame after the first byte of a number; kDeadState when no number of the set begins with it.
  StateId begin(NumberStateId start, std::uint8_t byte) { return frame(numbers_.step(start, static_cast<char>(byte))); }
  StateId frame(NumberStateId state) {
    return state == NumberArena::kDead ? kDeadState : machine_.intern(automaton_, state);
  }

  const ByteClasses* byte_classes(std::uint32_t) override { return classes_; }
  Step compute(std::uint32_t local, std::uint8_t byte) override;
  Label final_label(std::uint32_t local) override;
  std::string describe(std::uint32_t) override { return "the rest of a number"; }

 private:
  Machine& machine_;
  NumberArena& numbers_;
  std::uint8_t automaton_;
  const ByteClasses* classes_;
};

// A number that belongs to a set and is none of many single values, as long as it can turn out to be many of them; then
// a frame of NumberFrames.
class RestFrames : public Automaton {
 public:
  RestFrames(Machine& machine, NumberArena& numbers, NumberFrames& plain);
  // The frame after the first byte; kDeadState when no such number begins with it.
  StateId begin(NumberRests::StateId start, std::uint8_t byte) {
    return frame(rests_.step(start, static_cast<char>(byte)));
  }
  NumberRests& rests() { return rests_; }
  const NumberRests& rests() const { return rests_; }

  const ByteClasses* byte_classes(std::uint32_t) override { return classes_; }
  Step compute(std::uint32_t local, std::uint8_t byte) override;
  Label final_label(std::uint32_t local) override;
  std::string describe(std::uint32_t) override { return "the rest of a number"; }

 private:
  StateId frame(NumberRests::Place place) {
    return place.rest == NumberRests::kNoState ? plain_.frame(place.plain) : machine_.intern(automaton_, place.rest);
  }

  Machine& machine_;
  NumberRests rests_;
  NumberFrames& plain_;
  std::uint8_t automaton_;
  const ByteClasses* classes_;
};

class WordFrames : public Automaton {
 public:
  explicit WordFrames(Machine& machine);
  // The frame after the first letter of `true` (0), `false` (1) or `null` (2), returning `label` after the last.
  StateId begin(unsigned word, Label label);

  const ByteClasses* byte_classes(std::uint32_t) override { return classes_; }
  Step compute(std::uint32_t local, std::uint8_t byte) override;
  std::string describe(std::uint32_t local) override;

 private:
  struct Local {
    unsigned word;
    unsigned position;
    Label label;
    bool operator==(const Local&) const = default;
  };
  struct LocalHash {
    std::uint64_t operator()(const Local& l) const { return mix_hash(mix_hash(l.word * 8 + l.position, l.label), 7); }
  };

  Machine& machine_;
  std::uint8_t automaton_;
  const ByteClasses* classes_;
  Interner<Local, LocalHash> locals_;
};

}  // namespace maskforge
