// A small pushdown language for tests of what sits on the machine: nested lists of numbers and quoted keys.
//
//     [1,22,["a",[]],"dup"]     a number ends at the byte that follows it; after the key "dup" the list must close
//
// It has every kind of step: calls, returns, final states, a waiting state that wants the text of a key, and suspicion.
// Used by tests/csrc/test_matcher.cc. Not shipped.
#pragma once

#include <string>
#include <string_view>

#include "machine/machine.h"

namespace maskforge::testing {

class ToyAutomaton : public Automaton {
 public:
  enum Local : std::uint32_t {
    kStart,      // the document: one list
    kDone,       // after it
    kOpen,       // in a list: an item or `]`
    kAfterItem,  // `,` or `]`
    kNumber,     // digits
    kWaiting,    // for the key that is being read
    kKey,        // lower-case letters up to the quote
    kComma,      // an item
    kAfterKey,   // `,` or `]`, but only `]` when the key was "dup": the walk cannot know
    kMustClose,  // `]`
    kStates,
  };

  explicit ToyAutomaton(Machine& machine) : machine_(machine), id_(machine.add_automaton(this)) {}
  StateId state(Local local) { return machine_.intern(id_, local, local == kWaiting); }

  const ByteClasses* byte_classes(std::uint32_t) override {
    std::array<std::uint8_t, 256> of{};
    of['['] = 1;
    of[']'] = 2;
    of[','] = 3;
    of['"'] = 4;
    for (unsigned byte = '0'; byte <= '9'; ++byte) of[byte] = 5;
    for (unsigned byte = 'a'; byte <= 'z'; ++byte) of[byte] = 6;
    return machine_.intern_classes(of);
  }

  Step compute(std::uint32_t local, std::uint8_t byte) override {
    ++computed;
    switch (local) {
      case kStart:
        if (byte == '[') return machine_.call(state(kDone), state(kOpen));
        break;
      case kOpen:
      case kComma:
        if (byte == '[') return machine_.call(state(kAfterItem), state(kOpen));
        if (byte == '"') return machine_.call(state(kWaiting), state(kKey));
        if (byte >= '0' && byte <= '9') return machine_.call(state(kAfterItem), state(kNumber));
        if (byte == ']' && local == kOpen) return Step::returns(0);
        break;
      case kAfterItem:
        if (byte == ',') return Step::stay(state(kComma));
        if (byte == ']') return Step::returns(0);
        break;
      case kNumber:
        if (byte >= '0' && byte <= '9') return Step::stay(state(kNumber));
        break;
      case kKey:
        if (byte >= 'a' && byte <= 'z') return Step::stay(state(kKey));
        if (byte == '"') return Step::returns(0);
        break;
      case kAfterKey:
        if (byte == ',') return Step::suspect();
        if (byte == ']') return Step::returns(0);
        break;
      case kMustClose:
        if (byte == ']') return Step::returns(0);
        break;
    }
    return Step::reject();
  }

  Label final_label(std::uint32_t local) override { return local == kNumber || local == kDone ? 0 : kNoLabel; }
  StateId after(std::uint32_t local, Label) override {
    return local == kWaiting ? state(kAfterKey) : state(static_cast<Local>(local));
  }
  StateId after_text(std::uint32_t, Label, std::string_view key) override {
    return state(key == "\"dup\"" ? kMustClose : kAfterItem);
  }
  std::string describe(std::uint32_t local) override {
    constexpr const char* kNames[kStates] = {"a list", "", "an item", "", "a number", "", "a key", "an item", "", ""};
    return kNames[local];
  }

  std::size_t computed = 0;  // row entries filled so far

 private:
  Machine& machine_;
  const std::uint8_t id_;
};

}  // namespace maskforge::testing
