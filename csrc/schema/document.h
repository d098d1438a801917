// The bottom frame of a JSON grammar: one value, with whitespace around it.
#pragma once

#include "schema/values.h"

namespace maskforge {

class Documents : public Automaton {
 public:
  Documents(Machine& machine, Values& values, SpaceFrames& spaces);
  // Requires a satisfiable spec.
  StateId start(SpecId spec, bool compact);

  const ByteClasses* byte_classes(std::uint32_t) override { return classes_; }
  Step compute(std::uint32_t local, std::uint8_t byte) override;
  Label final_label(std::uint32_t local) override;
  StateId after(std::uint32_t local, Label label) override;
  std::string describe(std::uint32_t local) override;

 private:
  enum class Phase : std::uint8_t { kBefore, kWait, kAfter };
  struct Local {
    Phase phase;
    bool spaced;
    bool compact;
    SpecId spec;  // 0 once the value was read, so that all grammars end alike
    bool operator==(const Local&) const = default;
  };
  struct LocalHash {
    std::uint64_t operator()(const Local& l) const {
      return mix_hash(l.spec,
                      (static_cast<std::uint64_t>(l.phase) << 2) | (l.spaced ? 2u : 0u) | (l.compact ? 1u : 0u));
    }
  };
  StateId state(const Local& local) { return machine_.intern(automaton_, locals_.intern(local)); }

  Machine& machine_;
  Values& values_;
  SpaceFrames& spaces_;
  std::uint8_t automaton_;
  const ByteClasses* classes_;
  Interner<Local, LocalHash> locals_;
};

}  // namespace maskforge
