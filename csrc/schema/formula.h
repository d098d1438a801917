// Boolean formulas over what an object or an array must still fulfil, hash-consed.
//
// A formula speaks of one container that is being read: `each` (every member satisfies a table of keywords), `has` (a
// key occurs), and so on. Reading a member takes a derivative (objects.cc, arrays.cc): atoms turn true or false, or ask
// for the verdict of the member's value. Negation stands only on atoms and on `one`; `one` (exactly one) is a
// connective of its own and is never expanded pairwise. `unevaluated` is a term of unevaluated.h with the conditions of
// its coverages as parts; it grows with every one of them, and stands under a negation like an atom. Guarded by the
// machine's mutex. Covered by tests/csrc/test_formula.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/interner.h"
#include "base/short_list.h"

namespace maskforge {

using FormulaId = std::uint32_t;
inline constexpr FormulaId kFalse = 0;
inline constexpr FormulaId kTrue = 1;

enum class AtomKind : std::uint8_t {
  kEach,         // object: every member agrees with table a (properties, patternProperties, additionalProperties)
  kNames,        // object: every key belongs to the regex a
  kHas,          // object: key a occurs
  kCount,        // object: at least a members
  kItems,        // array: every item agrees with item table a (prefixItems, items)
  kLength,       // array: at least a items
  kContains,     // array: at least b further items satisfy question a
  kUnique,       // array: no two items are equal, further ones included (a: see Arrays::Tally)
  kVerdict,      // the value being read satisfies question a
  kOpen,         // likewise of a value read before, whose verdict is not known: see Verdicts::ask
  kUnevaluated,  // of an `unevaluated` formula: its term a
  kTaken,        // object, only asked: it is one of a list (a, b: see Objects)
};

struct Atom {
  AtomKind kind;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  bool operator==(const Atom&) const = default;
};

class Formulas {
 public:
  enum class Op : std::uint8_t { kFalse, kTrue, kAtom, kNot, kAnd, kOr, kOne, kUnevaluated };
  struct Node {
    Op op;
    Atom atom{AtomKind::kVerdict, 0, 0};
    ShortList<FormulaId> parts;  // sorted, unique (kOne: sorted, may repeat; kUnevaluated: as its term has them)
    bool operator==(const Node&) const = default;
  };

  // What an `unevaluated` formula becomes when its conditions change.
  using Rebuild = std::function<FormulaId(std::uint32_t term, ShortList<FormulaId> conditions)>;
  using Replace = std::function<FormulaId(const Atom&, FormulaId)>;

  Formulas();
  // Called once, before the first `unevaluated`.
  void set_rebuild(Rebuild rebuild) { rebuild_ = std::move(rebuild); }
  FormulaId atom(AtomKind kind, std::uint32_t a, std::uint32_t b = 0);
  FormulaId conj(ShortList<FormulaId> parts);
  FormulaId disj(ShortList<FormulaId> parts);
  FormulaId one(ShortList<FormulaId> parts);
  FormulaId negate(FormulaId f);
  FormulaId unevaluated(std::uint32_t term, ShortList<FormulaId> conditions);  // as they are: see Unevaluated::make
  FormulaId conj(FormulaId a, FormulaId b) { return conj(ShortList<FormulaId>{a, b}); }
  FormulaId disj(FormulaId a, FormulaId b) { return disj(ShortList<FormulaId>{a, b}); }

  const Node& node(FormulaId f) const { return nodes_[f]; }
  // The formula with every atom replaced, and every `unevaluated` formula rebuilt over its replaced conditions.
  FormulaId map(FormulaId f, const Replace& replace) { return map(f, replace, rebuild_); }
  FormulaId map(FormulaId f, const Replace& replace, const Rebuild& rebuild);
  // Calls visit(atom, positive, negative): whether the atom (or the term of an `unevaluated`) occurs in that polarity.
  void visit_atoms(FormulaId f, const std::function<void(const Atom&, bool positive, bool negative)>& visit) const;
  std::size_t memory_bytes() const { return bytes_; }

 private:
  struct NodeHash {
    std::uint64_t operator()(const Node& n) const {
      std::uint64_t h = mix_hash(static_cast<std::uint64_t>(n.op) * 64 + static_cast<std::uint64_t>(n.atom.kind),
                                 (std::uint64_t{n.atom.a} << 32) | n.atom.b);
      for (FormulaId part : n.parts) h = mix_hash(h, part);
      return h;
    }
  };
  FormulaId intern(Node node);
  FormulaId junction(Op op, ShortList<FormulaId> parts);
  FormulaId map_memo(FormulaId f, const Replace& replace, const Rebuild& rebuild, std::uint32_t epoch);
  bool holds_unevaluated(FormulaId f) const;
  struct Facts {
    ShortList<FormulaId> hold, fail;  // sorted
  };
  FormulaId given(FormulaId f, const Facts& facts, int depth);
  FormulaId given_parts(FormulaId f, const Facts& facts, int depth);
  bool propagate(ShortList<FormulaId>& conjunction);

  Interner<Node, NodeHash> nodes_;
  HashMap64 negations_;
  Rebuild rebuild_;
  // Scratch of map and visit_atoms, by formula; an entry counts only for the epoch it was written in.
  struct Mark {
    std::uint32_t epoch = 0;
    std::uint32_t value = 0;
  };
  Mark& mark(FormulaId f) const {
    if (marks_.size() <= f) marks_.resize(nodes_.size() + 64);
    return marks_[f];
  }
  mutable std::vector<Mark> marks_;
  mutable std::uint32_t epoch_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace maskforge
