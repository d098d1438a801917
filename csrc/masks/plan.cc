// See plan.h.
#include "masks/plan.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/fuel.h"
#include "base/hash.h"

namespace maskforge {

namespace {

constexpr std::size_t kMostStates = 80;
constexpr std::size_t kMostTargets = 200;  // states, where all are one symbol away
constexpr int kMostRestarts = 24;
constexpr unsigned kBeyond = SymbolSet::kBeyondAscii;
constexpr unsigned kSpace = SymbolSet::kSpaceBeyond;
using Symbols = SymbolSet::Bits;

// A set of at most kMostTargets + 1 states.
class StateSet {
 public:
  void clear() { slots_.fill(kDeadState); }
  bool insert(StateId state) {
    StateId& slot = slots_[find(state)];
    if (slot == state) return false;
    slot = state;
    return true;
  }
  bool has(StateId state) const { return slots_[find(state)] == state; }

 private:
  static constexpr std::size_t kSlots = 512;
  static_assert(kSlots > 2 * kMostTargets);
  std::size_t find(StateId state) const {
    std::size_t i = mix_hash(0, state) % kSlots;
    while (slots_[i] != state && slots_[i] != kDeadState) i = (i + 1) % kSlots;
    return i;
  }
  std::array<StateId, kSlots> slots_;
};

class Prover {
 public:
  Prover(Machine& machine, Readings& readings, const VocabularySlice& slice)
      : machine_(machine), readings_(readings), slice_(slice) {}

  std::optional<SafePlan> prove(StateId start, std::uint64_t cost_limit) {
    SafePlan plan;
    plan.safe.bits = reading(start).stays;
    if (!plan.safe.bits[kBeyond]) plan.safe.bits[kSpace] = false;
    for (int restart = 0; restart < kMostRestarts && plan.safe.bits.any(); ++restart) {
      switch (close(start, plan)) {
        case Closing::kImpossible:
          return std::nullopt;
        case Closing::kShrunk:
          continue;
        case Closing::kClosed:
          break;
      }
      Symbols unclear;
      for (const Reached& reached : reached_) {
        if (reached.checked) unclear |= reading(reached.state).alive;
      }
      unclear &= ~plan.safe.bits;
      if (unclear['\\']) unclear['"'] = true;  // the backslash's trie leaves out the tokens with a quote
      if (unclear[kBeyond]) unclear[kSpace] = false;
      plan.cost = weight(unclear);
      if (plan.reach == SafePlan::Reach::kUnknown) plan.cost += slice_.longer().trie.node_count();
      if (plan.cost > cost_limit) {
        // Perhaps one of the safe symbols opens a part where much more is read.
        if (narrow(start, plan.safe.bits)) continue;
        return std::nullopt;
      }
      for (unsigned symbol = 0; symbol < SymbolSet::kCount; ++symbol) {
        if (unclear[symbol]) plan.unclear.push_back(symbol);
      }
      return plan;
    }
    return std::nullopt;
  }

 private:
  enum class Closing { kClosed, kShrunk, kImpossible };
  struct Reached {
    StateId state;
    StateId from;
    unsigned depth;        // least number of safe symbols that lead here
    bool checked = false;  // what it reads was taken into account
  };

  std::uint64_t weight(const Symbols& symbols) const {
    std::uint64_t sum = 0;
    for (unsigned symbol = 0; symbol < SymbolSet::kCount; ++symbol) sum += symbols[symbol] ? slice_.weight(symbol) : 0;
    return sum;
  }

  // Collects the states reached by the safe symbols in reached_. Where a symbol does not stay, takes it or those that
  // led there from the safe ones, unless that is simply the end of all paths.
  Closing close(StateId start, SafePlan& plan) {
    Symbols& safe = plan.safe.bits;
    plan.reach = SafePlan::Reach::kEndless;
    reached_.assign(1, {start, kDeadState, 0});
    seen_.clear();
    seen_.insert(start);
    for (std::size_t i = 0; i < reached_.size(); ++i) {
      if (reached_[i].depth >= VocabularySlice::kMostSymbols) {
        plan.reach = SafePlan::Reach::kUnknown;
        plan.longest = VocabularySlice::kMostSymbols;
        break;  // reached_ is ordered by depth
      }
      FuelScope::spend();
      reached_[i].checked = true;
      const StateId state = reached_[i].state;
      const Reading& here = reading(state);
      if (here.ends) return Closing::kImpossible;
      Symbols bad = safe & ~here.stays;
      if (bad.any()) {
        if (i > 0 && (safe & here.alive).none() && dies(start, plan)) return Closing::kClosed;
        Symbols guilty = bad;
        if (i > 0) {
          Symbols led = leading(reading(reached_[i].from), state) & safe;
          if (weight(led) < weight(bad)) guilty = led;
        }
        safe &= ~guilty;
        if (!safe[kBeyond]) safe[kSpace] = false;
        return Closing::kShrunk;
      }
      unsigned depth = reached_[i].depth + 1;
      each_target(here, safe, [&](StateId next) { add({next, state, depth}); });
      if (reached_.size() > (reached_.back().depth <= 1 ? kMostTargets : kMostStates))
        return narrow(start, safe) ? Closing::kShrunk : Closing::kImpossible;
    }
    return Closing::kClosed;
  }

  // There were too many states, or too much is unclear: keeps the symbols that lead to where they go on in a loop,
  // once. A language that goes on as it begins has most of its tokens there; what leads elsewhere may open a world of
  // its own, as a bracket does in a pattern.
  bool narrow(StateId start, Symbols& safe) {
    if (std::exchange(narrowed_, true)) return false;
    const Symbols looping = this->looping(start, safe);
    const Symbols circling = 2 * weight(looping) < weight(safe) ? this->circling(start, safe) : Symbols();
    safe = weight(circling) > 2 * weight(looping) ? circling : looping;
    return safe.any();
  }

  // Symbols with one and the same target, which stays where it is on them.
  Symbols looping(StateId start, const Symbols& safe) {
    Symbols best, seen;
    StateId heaviest = kDeadState;
    for (unsigned symbol = 0; symbol < kBeyond; ++symbol) {
      if (!safe[symbol] || seen[symbol]) continue;
      const StateId target = reading(start).next(symbol);
      const Symbols same = leading(reading(start), target) & safe;
      seen |= same;
      if (weight(same) <= weight(best)) continue;
      best = same;
      heaviest = target;
    }
    if (heaviest == kDeadState) return {};
    best &= leading(reading(heaviest), heaviest);
    // leading() is about some of the characters beyond ASCII, this about all.
    auto single = [&](std::span<const StateId> Reading::* targets) {
      return (reading(start).*targets).size() == 1 && (reading(heaviest).*targets).size() == 1;
    };
    best[kBeyond] = best[kBeyond] && single(&Reading::beyond);
    best[kSpace] = best[kSpace] && best[kBeyond] && single(&Reading::space);
    return best;
  }

  // Symbols that lead from each of their targets to another of these, as where a state is the last symbol read (the
  // characters in the brackets of a pattern).
  Symbols circling(StateId start, Symbols symbols) {
    for (int restart = 0; restart < kMostRestarts && symbols.any(); ++restart) {
      bool changed = false;
      ShortList<StateId> targets;
      seen_.clear();
      each_target(reading(start), symbols, [&](StateId target) {
        if (targets.size() <= kMostTargets && seen_.insert(target)) targets.push_back(target);
      });
      if (targets.size() > kMostTargets) return {};
      for (StateId target : targets) {
        FuelScope::spend();
        const Reading& here = reading(target);
        Symbols bad = here.ends ? symbols : symbols & ~here.stays;
        here.each_ascii([&](StateId next, const Symbols& leading) {
          if (!seen_.has(next)) bad |= leading & symbols;
        });
        auto outside = [&](StateId next) { return !seen_.has(next); };
        if (symbols[kBeyond] && std::ranges::any_of(here.beyond, outside)) bad[kBeyond] = true;
        if (symbols[kSpace] && std::ranges::any_of(here.space, outside)) bad[kSpace] = true;
        if (bad.none()) continue;
        const Symbols led = leading(reading(start), target) & symbols;
        symbols &= weight(led) < weight(bad) ? ~led : ~bad;
        if (!symbols[kBeyond]) symbols[kSpace] = false;
        changed = true;
        break;
      }
      if (!changed) return symbols;
    }
    return {};
  }

  // Whether all paths of safe symbols end after the same number of them. reached_ is then all states on them.
  bool dies(StateId start, SafePlan& plan) {
    std::vector<Reached> all;
    ShortList<StateId> layer{start};
    for (unsigned depth = 0; depth <= VocabularySlice::kMostSymbols; ++depth) {
      reached_.clear();
      seen_.clear();
      std::size_t over = 0;
      for (StateId state : layer) {
        const Reading& here = reading(state);
        if (here.ends) return false;
        all.push_back({state, kDeadState, depth, true});
        if ((plan.safe.bits & here.alive).none()) {
          ++over;
        } else if ((plan.safe.bits & ~here.stays).any()) {
          return false;
        }
        each_target(here, plan.safe.bits & here.stays, [&](StateId next) { add({next, state, depth + 1}); });
      }
      if (over == layer.size()) {
        plan.reach = SafePlan::Reach::kDies;
        plan.longest = depth;
        reached_ = std::move(all);
        return true;
      }
      if (over > 0 || all.size() + reached_.size() > kMostStates) return false;
      layer.clear();
      for (const Reached& next : reached_) layer.push_back(next.state);
    }
    return false;
  }

  template <typename Visit>
  static void each_target(const Reading& here, const Symbols& symbols, Visit&& visit) {
    StateId last = kDeadState;
    here.each_ascii([&](StateId next, const Symbols& leading) {
      if (next != last && (leading & symbols).any()) visit(last = next);
    });
    if (symbols[kBeyond]) std::ranges::for_each(here.beyond, visit);
    if (symbols[kSpace]) std::ranges::for_each(here.space, visit);
  }

  void add(const Reached& found) {
    if (reached_.size() <= kMostTargets && seen_.insert(found.state)) reached_.push_back(found);
  }

  static Symbols leading(const Reading& from, StateId to) {
    Symbols symbols;
    from.each_ascii([&](StateId next, const Symbols& leading) {
      if (next == to) symbols |= leading;
    });
    symbols[kBeyond] = std::ranges::find(from.beyond, to) != from.beyond.end();
    symbols[kSpace] = std::ranges::find(from.space, to) != from.space.end();
    return symbols;
  }

  const Reading& reading(StateId state) { return readings_.of(machine_, state); }

  Machine& machine_;
  Readings& readings_;
  const VocabularySlice& slice_;
  std::vector<Reached> reached_;  // where they are too many to be of use, not all
  StateSet seen_;                 // those in reached_
  bool narrowed_ = false;
};

}  // namespace

std::optional<SafePlan> find_safe_plan(Machine& machine, Readings& readings, StateId state,
                                       const VocabularySlice& slice, std::uint64_t cost_limit) {
  return Prover(machine, readings, slice).prove(state, cost_limit);
}

}  // namespace maskforge
