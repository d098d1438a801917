// Formulas against truth tables: random ones, built in steps that simplify, agree with a naive evaluation under every
// assignment. An `unevaluated` formula stands here for "one of the conditions holds".
#include <algorithm>
#include <random>

#include "schema/formula.h"
#include "testing/check.h"

using namespace maskforge;

namespace {

constexpr unsigned kAtoms = 4;

// A formula and its truth table, bit i for assignment i.
struct Case {
  FormulaId id;
  std::uint32_t table;
};

constexpr std::uint32_t kAll = 0xFFFF;

bool value(Formulas& formulas, FormulaId f, unsigned assignment) {
  FormulaId result =
      formulas.map(f, [&](const Atom& atom, FormulaId) { return (assignment >> atom.a & 1) != 0 ? kTrue : kFalse; });
  CHECK(result == kTrue || result == kFalse);
  return result == kTrue;
}

}  // namespace

int main() {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    Formulas formulas;
    auto some = [&](std::uint32_t term, ShortList<FormulaId> conditions) -> FormulaId {
      erase(conditions, kFalse);
      if (conditions.empty()) return kFalse;
      return std::ranges::find(conditions, kTrue) != conditions.end() ? kTrue : formulas.unevaluated(term, conditions);
    };
    formulas.set_rebuild(some);
    std::vector<Case> cases{{kFalse, 0}, {kTrue, kAll}};
    for (unsigned a = 0; a < kAtoms; ++a) {
      std::uint32_t table = 0;
      for (unsigned i = 0; i < 16; ++i) table |= (i >> a & 1u) << i;
      cases.push_back({formulas.atom(AtomKind::kVerdict, a), table});
    }
    for (int step = 0; step < 25; ++step) {
      std::vector<Case> parts;
      for (unsigned n = random() % 4 + 1; n > 0; --n) parts.push_back(cases[random() % cases.size()]);
      ShortList<FormulaId> ids;
      std::uint32_t all = kAll, any = 0, twice = 0;
      for (const Case& part : parts) {
        ids.push_back(part.id);
        all &= part.table;
        twice |= any & part.table;
        any |= part.table;
      }
      switch (random() % 5) {
        case 0:
          cases.push_back({formulas.conj(ids), all});
          break;
        case 1:
          cases.push_back({formulas.disj(ids), any});
          break;
        case 2:
          cases.push_back({formulas.one(ids), any & ~twice});
          break;
        case 3:
          cases.push_back({some(0, ids), any});
          break;
        default:
          cases.push_back({formulas.negate(ids[0]), kAll & ~parts[0].table});
      }
      const Case& made = cases.back();
      for (unsigned i = 0; i < 16; ++i) CHECK(value(formulas, made.id, i) == ((made.table >> i & 1) != 0));
      // An atom that visit_atoms does not report in a polarity does not matter in it.
      unsigned positive = 0, negative = 0;
      formulas.visit_atoms(made.id, [&](const Atom& atom, bool p, bool n) {
        if (atom.kind == AtomKind::kUnevaluated) return;
        positive |= (p ? 1u : 0u) << atom.a;
        negative |= (n ? 1u : 0u) << atom.a;
      });
      for (unsigned a = 0; a < kAtoms; ++a) {
        for (unsigned i = 0; i < 16; ++i) {
          if ((i >> a & 1) != 0) continue;
          bool low = (made.table >> i & 1) != 0;
          bool high = (made.table >> (i | 1u << a) & 1) != 0;
          CHECK((positive >> a & 1) != 0 || !(high && !low));
          CHECK((negative >> a & 1) != 0 || !(low && !high));
        }
      }
    }
  }
  return testing::check_summary();
}
