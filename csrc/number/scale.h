// A Scale: what one half line of positive magnitudes says about every value, in the form the reader needs.
//
// The bounds and single values of a set cut the half line into *entries* (points) and open *regions* between them.
// Inside a region only divisibility matters, so a region has a *rule*: a label for each pattern of the lattice. A label
// says "dead" (0) or which of the asked sets the value belongs to. Rules are kept twice, for values spelled so far with
// and without fraction or exponent, when a set asks for that (draft 4 integers).
//
// Entries between which nothing is decided are merged away: what a region says about patterns that never occur in it is
// free, so "integer and at least 1" has no entry at all on the positive side (there is no integer in (0, 1)), just like
// "integer". Example: 0 < v <= 100 or v = 250: entries 100, 250; regions (0,100) live, (100,250) dead, (250,oo) dead.
// Covered by tests/csrc/test_number.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/answers.h"
#include "base/interner.h"
#include "base/short_list.h"
#include "number/lattice.h"
#include "number/sets.h"

namespace maskforge::number {

using LabelId = std::uint32_t;
inline constexpr LabelId kDeadLabel = 0;

// How the text is spelled: as digits alone (so far), or with a fraction or exponent.
enum Spelling : std::uint32_t { kPlain = 0, kDecimal = 1 };

struct Rule {
  ShortList<LabelId> labels[2];      // by spelling, then by pattern index
  ShortList<std::uint32_t> live[2];  // the patterns with a live label, the empty one left out
  bool constant = false;             // one label for all patterns and both spellings
  bool operator==(const Rule&) const = default;
};

struct Entry {
  std::string digits;  // 0.DIGITS x 10^top
  std::int64_t top = 0;
  LabelId labels[2] = {0, 0};
  std::uint32_t pattern = 0;
  bool joins_above = false;  // the rule of the region above says the same about this value
  bool operator==(const Entry&) const = default;
};

// The entries [first, last) of one decade [10^(place-1), 10^place); region `last` reaches up to the next decade's
// entries.
struct Decade {
  std::int64_t place = 0;
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  bool operator==(const Decade&) const = default;
};

struct Scale {
  std::uint32_t lattice = 0;
  bool spelled = false;  // the two spellings differ
  std::vector<Entry> entries;
  std::vector<Rule> rules;               // distinct
  ShortList<std::uint32_t> region_rule;  // entries.size() + 1, ascending
  std::vector<Decade> decades;
  bool divides = false;   // some rule depends on the pattern
  bool constant = false;  // no entries, and the one rule is constant
  bool any_live[2] = {false, false};
  // How many live entries (regions) come before each index: live_entries[s][i] counts entries [0, i).
  ShortList<std::uint32_t> live_entries[2];
  ShortList<std::uint32_t> live_regions[2];
  bool operator==(const Scale&) const = default;

  const Rule& region(std::size_t index) const { return rules[region_rule[index]]; }
  LabelId constant_label() const { return rules[0].labels[kDecimal][0]; }  // requires constant
};

// The classification of all numbers: both signs and zero (which has no sign, and counts as dividing by everything).
struct Classification {
  std::uint32_t positive = 0;  // scales
  std::uint32_t negative = 0;
  LabelId zero[2] = {0, 0};  // by spelling
};

class ScaleTable {
 public:
  explicit ScaleTable(const SetTable& sets) : sets_(sets) {}

  // Labels of the values in `alive`; the asked sets are the bits of the verdict. Spends fuel.
  Classification classify(SetId alive, const ShortList<SetId>& asked);

  const Scale& operator[](std::uint32_t id) const { return scales_[id]; }
  const Lattice& lattice(std::uint32_t id) const { return *lattices_[id]; }
  const Answers& verdict(LabelId label) const { return verdicts_[label - 1]; }  // requires a live label
  // The same scale for values spelled with a fraction or exponent only.
  std::uint32_t decimal_only(std::uint32_t scale);
  std::size_t memory_bytes() const { return bytes_; }

 private:
  friend class CellEvaluator;
  friend class ScaleBuilder;
  struct ScaleHash {
    std::uint64_t operator()(const Scale& scale) const;
  };

  std::uint32_t intern_lattice(std::vector<Step> steps);
  LabelId intern_label(Answers verdict) {
    const std::size_t before = verdicts_.size(), size = verdict.yes.size();
    const std::uint32_t id = verdicts_.intern(std::move(verdict));
    if (verdicts_.size() != before) bytes_ += sizeof(Answers) + 16 + size * sizeof(std::uint32_t);
    return id + 1;
  }
  std::uint32_t intern_scale(Scale scale);
  Scale constant_scale(LabelId label);

  const SetTable& sets_;
  Interner<Scale, ScaleHash> scales_;
  std::vector<std::unique_ptr<Lattice>> lattices_;
  Interner<Answers, AnswersHash> verdicts_;
  std::unordered_map<std::uint32_t, std::uint32_t> decimal_only_;
  std::size_t bytes_ = 0;
};

// Whether a half line surely has `limit` values; "no" proves nothing.
bool has_many(const ScaleTable& table, std::uint32_t scale, std::uint64_t limit);

}  // namespace maskforge::number
