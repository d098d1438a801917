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
constexpr std::size_t kMostPairs = 64;
constexpr std::uint64_t kWorthCutting = 2000;  // nodes saved
constexpr std::uint64_t kLargeEnough = 30000;  // nodes that a plan may cost: from here on rare symbols are cut
constexpr unsigned kBeyond = SymbolSet::kBeyondAscii;
constexpr unsigned kSpace = SymbolSet::kSpaceBeyond;
using Symbols = SymbolSet::Bits;
const Symbols kAscii = ~Symbols() >> (SymbolSet::kCount - kBeyond);

// At most kMostTargets + 1 states, each with a place.
class StateSet {
 public:
  void clear() { slots_.fill({kDeadState, 0}); }
  bool insert(StateId state, std::size_t place = 0) {
    Slot& slot = slots_[find(state)];
    if (slot.state == state) return false;
    slot = {state, static_cast<std::uint32_t>(place)};
    return true;
  }
  bool has(StateId state) const { return slots_[find(state)].state == state; }
  // The `place` it was inserted with. Requires it to be there.
  std::size_t place(StateId state) const { return slots_[find(state)].place; }

 private:
  struct Slot {
    StateId state;
    std::uint32_t place;
  };
  static constexpr std::size_t kSlots = 512;
  static_assert(kSlots > 2 * kMostTargets);
  std::size_t find(StateId state) const {
    std::size_t i = mix_hash(0, state) % kSlots;
    while (slots_[i].state != state && slots_[i].state != kDeadState) i = (i + 1) % kSlots;
    return i;
  }
  std::array<Slot, kSlots> slots_;
};

class Prover {
 public:
  Prover(Machine& machine, Readings& readings, const VocabularySlice& slice)
      : machine_(machine), readings_(readings), slice_(slice) {}

  std::optional<SafePlan> prove(StateId start, std::uint64_t cost_limit) {
    SafePlan plan;
    cost_limit_ = cost_limit;
    plan.safe.bits = reading(start).stays;
    if (!plan.safe.bits[kBeyond]) plan.safe.bits[kSpace] = false;
    starts_ = only_later(start);
    plan.safe.bits |= starts_;
    // What a backslash opens never goes on as a text does, and few tokens have one.
    plan.safe.bits['\\'] = false;
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
      HighBytes high;
      for (const Reached& reached : reached_) {
        if (!reached.checked) continue;
        unclear |= reading(reached.state).alive;
        high |= reading(reached.state).high;
      }
      unclear &= ~plan.safe.bits;
      if (unclear['\\']) unclear['"'] = true;  // the backslash's trie leaves out the tokens with a quote
      if (unclear[kBeyond]) unclear[kSpace] = false;
      plan.cost =
          unclear[kBeyond] ? weight(Symbols(unclear).reset(kBeyond)) + slice_.weight_of_high(high) : weight(unclear);
      if (!collect_cuts(plan)) continue;
      if (plan.reach == SafePlan::Reach::kUnknown) plan.cost += slice_.longer(plan.longest).trie.node_count();
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
    std::size_t from;      // place in reached_
    unsigned depth;        // least number of safe symbols that lead here
    Symbols ways_in;       // of those from states that were checked
    Symbols cut = {};      // safe symbols that were not followed from here
    bool checked = false;  // what it reads was taken into account
  };
  static constexpr std::uint64_t kTooMuch = UINT32_MAX;

  std::uint64_t weight(const Symbols& symbols) const {
    std::uint64_t sum = 0;
    each_symbol(symbols, [&](unsigned symbol) { sum += slice_.weight(symbol); });
    return sum;
  }

  // What the first state rejects, but not the one that most symbols lead to: it is safe everywhere but at the start.
  Symbols only_later(StateId start) {
    const Reading& here = reading(start);
    const Symbols rejected = kAscii & ~here.alive;
    if (rejected.none() || cost_limit_ < kLargeEnough) return {};
    struct Target {
      StateId state;
      std::uint64_t weight;
    };
    ShortList<Target> targets;
    here.each_ascii([&](StateId next, const Symbols& leading) {
      auto known = std::ranges::find(targets, next, &Target::state);
      if (known == targets.end()) {
        targets.push_back({next, weight(leading)});
      } else {
        known->weight += weight(leading);
      }
    });
    if (targets.empty()) return {};
    const Reading& there = reading(std::ranges::max_element(targets, {}, &Target::weight)->state);
    return there.ends ? Symbols() : rejected & there.stays;
  }

  // Collects the states reached by the safe symbols in reached_. Where a symbol does not stay, takes the cheapest way
  // out (give_way), unless that is simply the end of all paths.
  Closing close(StateId start, SafePlan& plan) {
    Symbols& safe = plan.safe.bits;
    plan.reach = SafePlan::Reach::kEndless;
    reached_.assign(1, {start, 0, 0, {}});
    seen_.clear();
    seen_.insert(start, 0);
    for (std::size_t i = 0; i < reached_.size(); ++i) {
      const unsigned depth = reached_[i].depth;
      if (depth >= VocabularySlice::kMostSymbols) {
        stop_at(VocabularySlice::kLengths.size() - 1, plan);
        break;  // reached_ is ordered by depth
      }
      FuelScope::spend();
      const Reading& here = reading(reached_[i].state);
      if (here.ends) return Closing::kImpossible;
      reached_[i].cut = safe & cut_from(reached_[i], i == 0);
      const Symbols followed = safe & ~reached_[i].cut;
      const Symbols bad = followed & ~here.stays;
      if (bad.any()) {
        if (i > 0 && (followed & here.alive).none() && dies(start, plan)) return Closing::kClosed;
        return give_way(i, bad, plan);
      }
      reached_[i].checked = true;
      each_target(here, followed, [&](StateId next, const Symbols& leading) { add(next, i, depth + 1, leading); });
      if (reached_.size() > (reached_.back().depth <= 1 ? kMostTargets : kMostStates)) {
        const std::optional<unsigned> length = length_within(depth);
        if (length && 2 * slice_.longer(*length).trie.node_count() <= cost_limit_) {
          stop_at(*length, plan);
          return Closing::kClosed;
        }
        return narrow(start, safe) ? Closing::kShrunk : Closing::kImpossible;
      }
    }
    return Closing::kClosed;
  }

  // Of the symbols, those that need not be followed from a state, as far as its ways in are known.
  Symbols cut_from(const Reached& reached, bool first) const {
    Symbols cut = first ? starts_ : kAscii;
    if (!any_pairs_ && !first) return {};
    each_first(reached.ways_in, [&](std::uint8_t symbol) { cut &= pairs_[symbol]; });
    return cut;
  }

  // What to do about `bad` symbols, which do not stay in reached_[at]: they, or those that led there, are not safe
  // after all; or a symbol on the way there is cut; or longer tokens are walked.
  Closing give_way(std::size_t at, const Symbols& bad, SafePlan& plan) {
    Symbols& safe = plan.safe.bits;
    Symbols guilty = bad;
    std::uint64_t least = weight(bad);
    std::size_t cut_at = reached_.size();
    Symbols cut;
    auto consider = [&](std::size_t place, const Symbols& symbols) {
      if (least < kWorthCutting || cost_limit_ < kLargeEnough) return;
      const std::uint64_t cost = cost_of_cut(place, symbols, least - kWorthCutting);
      if (cost >= least - kWorthCutting) return;
      least = cost;
      cut_at = place;
      cut = symbols;
    };
    if (at > 0) {
      const Symbols led = leading(reading(reached_[reached_[at].from].state), reached_[at].state) & safe;
      if (weight(led) < least) {
        guilty = led;
        least = weight(led);
      }
      consider(at, bad);
      for (std::size_t place = at; place > 0; place = reached_[place].from) {
        const std::size_t from = reached_[place].from;
        consider(from, leading(reading(reached_[from].state), reached_[place].state) & safe & ~reached_[from].cut);
      }
      if (const std::optional<unsigned> length = length_within(reached_[at].depth)) {
        if (slice_.longer(*length).trie.node_count() < least) {
          stop_at(*length, plan);
          return Closing::kClosed;
        }
      }
    }
    if (cut_at < reached_.size()) {
      each_first(reached_[cut_at].ways_in, [&](std::uint8_t symbol) { pairs_[symbol] |= cut; });
      any_pairs_ = any_pairs_ || reached_[cut_at].ways_in.any();
      if (cut_at == 0) starts_ |= cut;
      return Closing::kShrunk;
    }
    safe &= ~guilty;
    starts_ &= safe;
    if (!safe[kBeyond]) safe[kSpace] = false;
    return Closing::kShrunk;
  }

  // What walking the tokens costs that it takes to cut `symbols` from reached_[place]; some number from `limit` on
  // where that is too much. Their tries may have to be made, which costs some times as much.
  std::uint64_t cost_of_cut(std::size_t place, const Symbols& symbols, std::uint64_t limit) const {
    constexpr std::uint64_t kMaking = 4;
    if ((symbols & ~kAscii).any()) return kTooMuch;
    std::uint64_t cost = 0;
    for (unsigned second = 0; second < kBeyond && cost < limit; ++second) {
      if (!symbols[second]) continue;
      if (place == 0) cost += slice_.weight_of_start(second);
      each_first(reached_[place].ways_in, [&](std::uint8_t first) {
        cost += kMaking * slice_.weight(SymbolPair{first, static_cast<std::uint8_t>(second)});
      });
    }
    return cost;
  }

  // Names what was cut in the plan, now that all ways in are known, and adds its cost. Where walking all tokens with a
  // symbol costs less than its pairs, false: it is not safe then.
  bool collect_cuts(SafePlan& plan) {
    plan.pairs.clear();
    plan.starts.bits = reached_[0].cut;
    std::array<Symbols, kBeyond> pairs{};  // by the second symbol
    Symbols cut;
    for (const Reached& reached : reached_) {
      if (reached.cut.none()) continue;
      cut |= reached.cut;
      each_symbol(reached.cut, [&](unsigned second) { pairs[second] |= reached.ways_in; });
    }
    Symbols dear;
    each_symbol(cut, [&](unsigned second) {
      std::uint64_t cost = 0;
      each_first(pairs[second], [&](std::uint8_t first) {
        const SymbolPair pair{first, static_cast<std::uint8_t>(second)};
        const std::uint64_t weight = slice_.weight(pair);
        if (weight > 0) plan.pairs.push_back(pair);
        cost += weight;
      });
      if (plan.starts.bits[second] && reading(reached_[0].state).alive[second]) cost += slice_.weight_of_start(second);
      if (cost > slice_.weight(second)) dear.set(second);
      plan.cost += cost;
    });
    if (plan.pairs.size() > kMostPairs) dear = cut;
    plan.safe.bits &= ~dear;
    starts_ &= ~dear;
    return dear.none();
  }

  template <typename Visit>
  static void each_symbol(const Symbols& symbols, Visit&& visit) {
    for (unsigned symbol = 0; symbol < SymbolSet::kCount; ++symbol) {
      if (symbols[symbol]) visit(symbol);
    }
  }

  template <typename Visit>
  static void each_first(const Symbols& ways_in, Visit&& visit) {
    for (unsigned symbol = 0; symbol <= kBeyond; ++symbol) {
      if (ways_in[symbol] || (symbol == kBeyond && ways_in[kSpace])) visit(static_cast<std::uint8_t>(symbol));
    }
  }

  // The longest of VocabularySlice::kLengths whose tokens end before a state so deep is left.
  static std::optional<unsigned> length_within(unsigned depth) {
    std::optional<unsigned> length;
    for (unsigned i = 0; i < VocabularySlice::kLengths.size() && VocabularySlice::kLengths[i] <= depth; ++i) length = i;
    return length;
  }

  static void stop_at(std::size_t length, SafePlan& plan) {
    plan.reach = SafePlan::Reach::kUnknown;
    plan.longest = static_cast<unsigned>(length);
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
      each_target(reading(start), symbols, [&](StateId target, const Symbols&) {
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
    std::vector<Reached> before = std::move(reached_);
    if (ends_together(start, plan)) return true;
    reached_ = std::move(before);
    return false;
  }

  // The same; leaves reached_ unusable where they do not.
  bool ends_together(StateId start, SafePlan& plan) {
    std::vector<Reached> all;
    std::vector<Reached> layer{{start, 0, 0, {}}};
    for (unsigned depth = 0; depth <= VocabularySlice::kMostSymbols; ++depth) {
      reached_.clear();
      seen_.clear();
      std::size_t over = 0;
      for (Reached& reached : layer) {
        const Reading& here = reading(reached.state);
        if (here.ends) return false;
        reached.cut = plan.safe.bits & cut_from(reached, depth == 0);
        reached.checked = true;
        const Symbols followed = plan.safe.bits & ~reached.cut;
        if ((followed & here.alive).none()) {
          ++over;
        } else if ((followed & ~here.stays).any()) {
          return false;
        }
        each_target(here, followed & here.stays,
                    [&](StateId next, const Symbols& leading) { add(next, 0, depth + 1, leading); });
      }
      all.insert(all.end(), layer.begin(), layer.end());
      if (over == layer.size()) {
        plan.reach = SafePlan::Reach::kDies;
        plan.longest = depth;
        reached_ = std::move(all);
        return true;
      }
      if (over > 0 || all.size() + reached_.size() > kMostStates) return false;
      layer = reached_;
    }
    return false;
  }

  // Calls visit(target, symbols that lead there), perhaps several times for a target.
  template <typename Visit>
  static void each_target(const Reading& here, const Symbols& symbols, Visit&& visit) {
    here.each_ascii([&](StateId next, const Symbols& leading) {
      if ((leading & symbols).any()) visit(next, leading & symbols);
    });
    for (auto [symbol, targets] : {std::pair(kBeyond, here.beyond), std::pair(kSpace, here.space)}) {
      if (!symbols[symbol]) continue;
      for (StateId next : targets) visit(next, Symbols().set(symbol));
    }
  }

  void add(StateId state, std::size_t from, unsigned depth, const Symbols& ways_in) {
    if (reached_.size() > kMostTargets) return;
    if (seen_.insert(state, reached_.size())) {
      reached_.push_back({state, from, depth, ways_in});
    } else {
      reached_[seen_.place(state)].ways_in |= ways_in;
    }
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
  std::uint64_t cost_limit_ = 0;
  std::vector<Reached> reached_;  // where they are too many to be of use, not all
  StateSet seen_;                 // those in reached_, by their place
  bool narrowed_ = false;
  // What may be cut: by the first byte of a token, and by the first symbol of a pair the second ones.
  Symbols starts_;
  std::array<Symbols, kBeyond + 1> pairs_{};
  bool any_pairs_ = false;
};

}  // namespace

std::optional<SafePlan> find_safe_plan(Machine& machine, Readings& readings, StateId state,
                                       const VocabularySlice& slice, std::uint64_t cost_limit) {
  return Prover(machine, readings, slice).prove(state, cost_limit);
}

}  // namespace maskforge
