// Arrays: the frame between square brackets.
//
// A *core* is what an array still has to fulfil: the demanded formula, the formulas of the questions asked of it, and
// the index of the next item as far as it still matters (beyond every prefix and length bound it stops counting).
// Reading an item takes the derivative at that index. Guarded by the machine's mutex. Covered by tests/schema/
// (Python).
#pragma once

#include <optional>
#include <set>

#include "schema/verdicts.h"

namespace maskforge {

class Arrays : public Automaton, public Containers {
 public:
  Arrays(Machine& machine, Values& values, SpaceFrames& spaces);

  StateId start(FormulaId demanded, const std::vector<FormulaId>& asked, bool compact) override;

  const ByteClasses* byte_classes(std::uint32_t) override { return classes_; }
  Step compute(std::uint32_t local, std::uint8_t byte) override;
  StateId after(std::uint32_t local, Label label) override;
  std::string describe(std::uint32_t local) override;
  std::size_t memory_bytes() const;

 private:
  using CoreId = std::uint32_t;
  enum class Phase : std::uint8_t { kFirst, kValueWait, kAfterItem };
  enum class Known : std::uint8_t { kUnknown, kNo, kYes };

  struct Core {
    FormulaId demanded = kTrue;
    std::vector<FormulaId> asked;
    std::uint32_t index = 0;
    bool compact = false;
    bool operator==(const Core&) const = default;
  };
  struct CoreHash {
    std::uint64_t operator()(const Core& c) const {
      std::uint64_t h = mix_hash((std::uint64_t{c.demanded} << 32) | c.index, c.compact);
      for (FormulaId f : c.asked) h = mix_hash(h, f);
      return h;
    }
  };
  // What follows when another item is read: the core to go on with and the item's questions.
  struct Item {
    CoreId core = 0;
    SpecId spec = 0;
    std::uint32_t questions = 0;
    bool alive = false;
  };
  struct CoreInfo {
    Known satisfiable = Known::kUnknown;
    std::optional<Item> item;
  };
  struct Local {
    Phase phase;
    bool spaced;
    CoreId core;
    SpecId spec = 0;
    std::uint32_t questions = 0;
    bool operator==(const Local&) const = default;
  };
  struct LocalHash {
    std::uint64_t operator()(const Local& l) const {
      return mix_hash(
          mix_hash((std::uint64_t{l.core} << 8) | (static_cast<std::uint64_t>(l.phase) << 1) | (l.spaced ? 1u : 0u),
                   l.spec),
          l.questions);
    }
  };
  // What the formulas of a core still look at.
  struct Bounds {
    std::uint32_t horizon = 0;  // from this index on, all indices are alike
    bool plain = true;          // a conjunction of positive items and lengths of either sign
    std::uint32_t least = 0;
    std::uint32_t most = 0xFFFFFFFFu;
    std::uint32_t reserve = 0;  // items beyond the horizon that negated tables and `contains` may want
  };

  StateId state(const Local& local) { return machine_.intern(automaton_, locals_.intern(local)); }
  CoreId intern_core(Core core);
  FormulaId derive(FormulaId f, std::uint32_t index);
  Item read_item(CoreId core);
  const Item& item(CoreId core);
  FormulaId at_end(FormulaId f, std::uint32_t index);
  Label end_label(CoreId core);
  Bounds bounds(FormulaId f) const;

  bool satisfiable(const Core& core);
  bool satisfiable_id(CoreId core);
  bool plain_satisfiable(const Core& core, const Bounds& bounds);
  bool item_possible(FormulaId f, std::uint32_t index, bool compact);
  using Failed = std::set<std::pair<FormulaId, std::uint32_t>>;
  bool search(FormulaId f, std::uint32_t index, std::uint32_t last, bool compact, Failed& failed);

  Machine& machine_;
  Values& values_;
  Questions& questions_;
  Formulas& formulas_;
  SchemaStore& store_;
  SpaceFrames& spaces_;
  Verdicts verdicts_;
  std::uint8_t automaton_;
  const ByteClasses* classes_;
  Interner<Core, CoreHash> cores_;
  std::deque<CoreInfo> infos_;
  Interner<Local, LocalHash> locals_;
  Interner<std::vector<std::uint32_t>, ListHash> lists_;
};

}  // namespace maskforge
