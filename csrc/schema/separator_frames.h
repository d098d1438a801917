// What follows a member, an item or the brace that opens an object: whitespace, a comma or the closing bracket, and in
// objects the quote that opens the next key.
//
// A frame of its own on top of the object or array, which waits to hear what it was. So that walks read the separators
// of all objects once; only what comes after them depends on the object.
// Covered by tests/csrc/test_frames.cc and, as all frames of objects and arrays, by tests/schema.
#pragma once

#include <cstdint>
#include <string>

#include "machine/machine.h"

namespace maskforge {

class SpaceFrames;

class SeparatorFrames : public Automaton {
 public:
  // Labels. After kNext, the comma of an array was read, or the quote in front of a key; after kEnd, the closing
  // bracket.
  static constexpr Label kNext = 0;
  static constexpr Label kEnd = 1;
  // Not returned: what an object that was just opened is asked to go on after.
  static constexpr Label kOpened = 2;

  // Which of the two may come.
  struct Choice {
    bool next;
    bool end;
  };

  SeparatorFrames(Machine& machine, SpaceFrames& spaces);
  StateId behind_brace(Choice choice, bool compact) { return state(choice, compact, kObject + kKeyOnly); }
  StateId behind_member(Choice choice, bool compact) { return state(choice, compact, kObject); }
  StateId behind_item(Choice choice, bool compact) { return state(choice, compact, 0); }

  const ByteClasses* byte_classes(std::uint32_t) override { return classes_; }
  Step compute(std::uint32_t local, std::uint8_t byte) override;
  StateId after(std::uint32_t local, Label) override { return machine_.intern(automaton_, local); }  // whitespace
  // Nothing before a key: the object knows which.
  std::string describe(std::uint32_t local) override;

 private:
  // Local ids: sums of these.
  enum : std::uint32_t {
    kMayEnd = 1,
    kMayGoOn = 2,
    kObject = 4,
    kCompact = 8,
    kSpaced = 16,   // whitespace was read here, or none is allowed
    kKeyOnly = 32,  // no comma: one was read, or the object has no members yet
  };
  StateId state(Choice choice, bool compact, std::uint32_t kind) {
    return machine_.intern(automaton_, (choice.end ? kMayEnd : 0u) + (choice.next ? kMayGoOn : 0u) + kind +
                                           (compact ? kCompact + kSpaced : 0u));
  }

  Machine& machine_;
  SpaceFrames& spaces_;
  std::uint8_t automaton_;
  const ByteClasses* classes_;
};

}  // namespace maskforge
