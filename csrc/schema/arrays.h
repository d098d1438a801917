// Arrays: the frame between square brackets.
//
// A *core* is what an array still has to fulfil: the demanded formula, the formulas of the questions asked of it, and
// the index of the next item as far as it still matters (beyond every prefix and length bound it stops counting).
// Reading an item takes the derivative at that index.
//
// uniqueItems. As long as a formula holds a `unique` atom, the core also knows the set of the values that were taken
// (taken.h), and the atom's derivative says of the next item that it is none of them: a negative literal, so that the
// item's own frame steers away from them. Its text tells the core the new value; a walk, which does not know the text,
// goes on with an *anonymous* core, which suspects what another item would write.
//
// Which values the item takes can decide whether enough are left for the items that must follow. For that the values
// are divided into *cells*, by what the schemas of all further items say about them: within a cell, one new value is as
// good as another. A *tally* counts the values taken from each cell, and a search for a completion keeps that in the
// atom instead of the set. Most arrays need no cells, because there are more values than items (sets_apart).
//
// Files: arrays.cc frames and derivatives, array_search.cc satisfiability, cells and counting. Guarded by the machine's
// mutex. Covered by tests/schema/ (Python).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>

#include "base/short_list.h"
#include "schema/separator_frames.h"
#include "schema/taken.h"
#include "schema/verdicts.h"

namespace maskforge {

class Arrays : public Automaton, public Containers {
 public:
  Arrays(Machine& machine, Values& values, TakenSets& taken, Texts& texts, SpaceFrames& spaces,
         SeparatorFrames& separators);

  StateId start(FormulaId demanded, const ShortList<FormulaId>& asked, bool compact, OrderId order,
                const ShortList<QuestionId>& taken) override;
  FormulaId among(QuestionId taken) override { return questions_.array(taken); }
  std::uint64_t count(FormulaId demanded, bool compact, std::uint64_t limit) override;

  const ByteClasses* byte_classes(std::uint32_t) override { return classes_; }
  Step compute(std::uint32_t local, std::uint8_t byte) override;
  StateId after(std::uint32_t local, Label label) override;
  StateId after_text(std::uint32_t local, Label label, std::string_view text) override;
  std::string describe(std::uint32_t local) override;
  std::size_t memory_bytes() const;

 private:
  using CoreId = std::uint32_t;
  // The last two follow a comma in an anonymous core: before the item, and in a string.
  // After an item, the separator is read by a frame of its own (kSeparatorWait), or in kAfterItem where what was read
  // decides what may follow.
  enum class Phase : std::uint8_t { kFirst, kValueWait, kSeparatorWait, kAfterItem, kUnknownItem, kUnknownText };
  enum class Known : std::uint8_t { kUnknown, kNo, kYes };

  struct Core {
    FormulaId demanded = kTrue;
    ShortList<FormulaId> asked;
    std::uint32_t index = 0;
    TakenId taken = kNothingTaken;  // only while some formula holds a `unique` atom
    bool anonymous = false;         // and one more, which a walk does not know
    bool compact = false;
    bool operator==(const Core&) const = default;
  };
  struct CoreHash {
    std::uint64_t operator()(const Core& c) const {
      std::uint64_t h = mix_hash((std::uint64_t{c.demanded} << 32) | c.index,
                                 (std::uint64_t{c.taken} << 2) | (c.anonymous ? 2u : 0u) | (c.compact ? 1u : 0u));
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
    bool unique = false;   // some formula holds a `unique` atom
    bool repeats = false;  // ... whose negation may be wanted
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
    bool plain = true;          // a conjunction of positive items and `unique`, and of lengths of either sign
    std::uint32_t least = 0;
    std::uint32_t most = 0xFFFFFFFFu;
    std::uint32_t reserve = 0;  // items beyond the horizon that negated tables, `contains` and equal items may want
    bool unique = false;        // there is a `unique` atom
    bool repeats = false;       // ... of which the negation may be wanted
    std::uint32_t tally = 0;    // in the atom
    std::uint32_t last(std::uint32_t index) const { return std::max(index, horizon) + reserve + 1; }
  };

  // Values that all questions about further items answer alike.
  struct Cell {
    ShortList<std::uint32_t> literals;
    FormulaId formula;    // the same as a conjunction of verdicts
    std::uint64_t count;  // of values; saturating at Cells::limit, and then as good as endless
    std::uint32_t slot;   // in the tally; kNone: taken values need not be counted
  };
  struct Cells {
    std::vector<Cell> list;
    ShortList<std::uint32_t> slots;  // the cells that have one
    std::uint64_t limit;
    bool compact;
    std::unordered_map<QuestionId, std::uint32_t> homes;  // of single values
  };
  using CellsId = std::uint32_t;
  // A list: which Cells, then a count for each slot. In a `unique` atom one more than its id, since 0 stands for the
  // core's set of taken values.
  using Tally = ShortList<std::uint32_t>;

  // arrays.cc
  StateId state(const Local& local) {
    bool wants_text = local.phase == Phase::kValueWait && infos_[local.core].unique;
    return machine_.intern(automaton_, locals_.intern(local), wants_text);
  }
  CoreId intern_core(Core core);
  // The formula after an item at `index`, over verdicts of that item; `unique` takes the place of the `unique` atom.
  FormulaId derive(FormulaId f, std::uint32_t index, FormulaId unique);
  FormulaId with_unique(FormulaId f, FormulaId unique);
  Core settle(const Local& local, Label label);
  Step compute_unknown(const Local& local, std::uint8_t byte);
  StateId after_item(CoreId core);
  Item read_item(CoreId core);
  const Item& item(CoreId core);
  FormulaId at_end(FormulaId f, std::uint32_t index);
  Label end_label(CoreId core);
  Bounds bounds(FormulaId f) const;

  // array_search.cc
  bool satisfiable(const Core& core);
  bool satisfiable_id(CoreId core);
  bool plain_satisfiable(const Core& core, const Bounds& bounds);
  bool item_possible(FormulaId f, std::uint32_t index, bool compact);
  using Failed = std::set<std::pair<FormulaId, std::uint32_t>>;
  bool search(FormulaId f, std::uint32_t index, std::uint32_t last, bool compact, Failed& failed);

  ShortList<FormulaId> tables_of(FormulaId plain) const;
  std::uint32_t prefix_of(const ShortList<FormulaId>& tables) const;
  FormulaId counted(FormulaId f);  // without the `unique` atoms for which nothing needs to be counted
  // Whether the values for the items from `index` up to `least` are so many that no `total` items can be in the way.
  bool sets_apart(FormulaId plain, std::uint32_t index, std::uint32_t least, std::uint64_t total, bool compact);
  std::optional<CellsId> cells_of(const Core& core, std::uint32_t first);
  CellsId make_cells(FormulaId f, std::uint32_t index, std::uint64_t limit, bool count_all, bool compact);
  std::uint32_t home(Cells& cells, QuestionId value);
  FormulaId unique_atom(Tally tally) { return formulas_.atom(AtomKind::kUnique, lists_.intern(std::move(tally)) + 1); }
  Tally tally_of(CellsId cells, TakenId taken);
  void take_from(const Cells& cells, std::uint32_t at, Tally& tally) const;
  FormulaId one_more(const Tally& tally);  // the `unique` atom after a new item, by its cell
  // The two ways to go on in a search: with a new value, and with one that was taken.
  FormulaId new_item(FormulaId f, std::uint32_t index, std::uint32_t tally);
  FormulaId repeated_item(FormulaId f, std::uint32_t index, std::uint32_t tally);
  bool match_cells(FormulaId plain, std::uint32_t index, std::uint32_t least, std::uint32_t tally);

  Machine& machine_;
  Values& values_;
  Questions& questions_;
  Formulas& formulas_;
  SchemaStore& store_;
  TakenSets& taken_;
  Texts& texts_;
  SpaceFrames& spaces_;
  SeparatorFrames& separators_;
  Verdicts verdicts_;
  std::uint8_t automaton_;
  const ByteClasses* classes_;
  Interner<Core, CoreHash> cores_;
  std::deque<CoreInfo> infos_;
  Interner<Local, LocalHash> locals_;
  Interner<ShortList<std::uint32_t>, ListHash> lists_;  // question lists and tallies
  std::deque<Cells> cells_;
  std::map<std::tuple<FormulaId, std::uint32_t, std::uint64_t>, CellsId> known_cells_;
};

}  // namespace maskforge
