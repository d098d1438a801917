// See plan.h.
#include "masks/plan.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/fuel.h"

namespace maskforge {

namespace {

constexpr std::size_t kMostStates = 80;
constexpr std::size_t kMostTargets = 40;  // of the characters beyond ASCII
constexpr int kMostRestarts = 24;
constexpr unsigned kBeyond = SymbolSet::kBeyondAscii;

// One state's row, by symbols.
struct Reading {
  StateId state;
  bool ends = false;       // may end without a byte: what it rejects is not really rejected
  std::bitset<129> stays;  // kBeyond: all well-formed characters stay in the frame, and nothing else is read there
  std::bitset<129> alive;  // anything but a rejection; kBeyond: on any byte from 0x80 on
  std::array<StateId, 128> next;  // where it stays
  std::vector<StateId> beyond;    // where well-formed characters lead, if kBeyond stays
};

class Prover {
 public:
  Prover(Machine& machine, const VocabularySlice& slice) : machine_(machine), slice_(slice) {}

  std::optional<SafePlan> prove(StateId start, std::uint64_t cost_limit) {
    SafePlan plan;
    plan.safe.bits = reading(start).stays;
    for (int restart = 0; restart < kMostRestarts && plan.safe.bits.any(); ++restart) {
      switch (close(start, plan)) {
        case Closing::kImpossible:
          return std::nullopt;
        case Closing::kShrunk:
          continue;
        case Closing::kClosed:
          break;
      }
      std::bitset<129> unclear;
      for (const Reached& reached : reached_) {
        if (reached.checked) unclear |= reading(reached.state).alive;
      }
      unclear &= ~plan.safe.bits;
      if (unclear['\\']) unclear['"'] = true;  // the backslash's trie leaves out the tokens with a quote
      if (plan.reach == SafePlan::Reach::kUnknown) plan.cost += slice_.longer().trie.node_count();
      for (unsigned symbol = 0; symbol <= kBeyond; ++symbol) {
        if (!unclear[symbol]) continue;
        plan.cost += slice_.weight(symbol);
        if (plan.cost > cost_limit) return std::nullopt;
        plan.unclear.push_back(symbol);
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

  std::uint64_t weight(const std::bitset<129>& symbols) const {
    std::uint64_t sum = 0;
    for (unsigned symbol = 0; symbol <= kBeyond; ++symbol) sum += symbols[symbol] ? slice_.weight(symbol) : 0;
    return sum;
  }

  // Collects the states reached by the safe symbols in reached_. Where a symbol does not stay, takes it or those that
  // led there from the safe ones, unless that is simply the end of all paths.
  Closing close(StateId start, SafePlan& plan) {
    std::bitset<129>& safe = plan.safe.bits;
    plan.reach = SafePlan::Reach::kEndless;
    reached_.assign(1, {start, kDeadState, 0});
    for (std::size_t i = 0; i < reached_.size(); ++i) {
      if (reached_[i].depth >= VocabularySlice::kMostSymbols) {
        plan.reach = SafePlan::Reach::kUnknown;
        plan.longest = VocabularySlice::kMostSymbols;
        break;  // reached_ is ordered by depth
      }
      FuelScope::spend();
      reached_[i].checked = true;
      const Reading& here = reading(reached_[i].state);
      if (here.ends) return Closing::kImpossible;
      std::bitset<129> bad = safe & ~here.stays;
      if (bad.any()) {
        if (i > 0 && (safe & here.alive).none() && dies(start, plan)) return Closing::kClosed;
        std::bitset<129> guilty = bad;
        if (i > 0) {
          std::bitset<129> led = leading(reading(reached_[i].from), here.state) & safe;
          if (weight(led) < weight(bad)) guilty = led;
        }
        safe &= ~guilty;
        return Closing::kShrunk;
      }
      unsigned depth = reached_[i].depth + 1;
      each_target(here, safe, [&](StateId next) { add({next, here.state, depth}); });
      if (reached_.size() > kMostStates) return narrow(start, safe) ? Closing::kShrunk : Closing::kImpossible;
    }
    return Closing::kClosed;
  }

  // There were too many states: keeps the symbols that lead to where they go on in a loop, once. A language that goes
  // on as it begins has most of its tokens there; what leads elsewhere may open a world of its own, as a bracket does
  // in a pattern.
  bool narrow(StateId start, std::bitset<129>& safe) {
    if (std::exchange(narrowed_, true)) return false;
    std::bitset<129> best, seen;
    StateId heaviest = kDeadState;
    for (unsigned symbol = 0; symbol < kBeyond; ++symbol) {
      if (!safe[symbol] || seen[symbol]) continue;
      const StateId target = reading(start).next[symbol];
      const std::bitset<129> same = leading(reading(start), target) & safe;
      seen |= same;
      if (weight(same) <= weight(best)) continue;
      best = same;
      heaviest = target;
    }
    if (heaviest == kDeadState) return false;
    best &= leading(reading(heaviest), heaviest);
    // leading() is about some of the characters beyond ASCII, this about all.
    best[kBeyond] = best[kBeyond] && reading(start).beyond.size() == 1 && reading(heaviest).beyond.size() == 1;
    safe = best;
    return safe.any();
  }

  // Whether all paths of safe symbols end after the same number of them. reached_ is then all states on them.
  bool dies(StateId start, SafePlan& plan) {
    std::vector<Reached> all;
    std::vector<StateId> layer{start};
    for (unsigned depth = 0; depth <= VocabularySlice::kMostSymbols; ++depth) {
      reached_.clear();
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
  static void each_target(const Reading& here, const std::bitset<129>& symbols, Visit&& visit) {
    StateId last = kDeadState;
    for (unsigned symbol = 0; symbol < kBeyond; ++symbol) {
      if (!symbols[symbol] || here.next[symbol] == last) continue;
      last = here.next[symbol];
      visit(last);
    }
    if (symbols[kBeyond]) {
      for (StateId next : here.beyond) visit(next);
    }
  }

  void add(const Reached& found) {
    for (const Reached& known : reached_) {
      if (known.state == found.state) return;
    }
    reached_.push_back(found);
  }

  static std::bitset<129> leading(const Reading& from, StateId to) {
    std::bitset<129> symbols;
    for (unsigned symbol = 0; symbol < kBeyond; ++symbol)
      symbols[symbol] = from.stays[symbol] && from.next[symbol] == to;
    symbols[kBeyond] = std::ranges::find(from.beyond, to) != from.beyond.end();
    return symbols;
  }

  const Reading& reading(StateId state) {
    for (const auto& known : readings_) {
      if (known->state == state) return *known;
    }
    auto reading = std::make_unique<Reading>();
    reading->state = state;
    reading->ends = machine_.final_label(state) != kNoLabel;
    Machine::RowView row = machine_.full_row(state);
    for (unsigned half = 2; half-- > 0;) {
      std::uint64_t alive = 0;
      std::uint64_t stays = 0;
      for (unsigned bit = 0; bit < 64; ++bit) {
        const unsigned byte = half * 64 + bit;
        const Step step = row.entry(static_cast<std::uint8_t>(byte));
        alive |= std::uint64_t{step.kind() != StepKind::kReject} << bit;
        stays |= std::uint64_t{step.kind() == StepKind::kStay} << bit;
        reading->next[byte] = step.operand();
      }
      reading->alive = reading->alive << 64 | std::bitset<129>(alive);
      reading->stays = reading->stays << 64 | std::bitset<129>(stays);
    }
    for (unsigned byte = kBeyond; byte < 256; ++byte) {
      if (row.entry(static_cast<std::uint8_t>(byte)).kind() != StepKind::kReject) reading->alive[kBeyond] = true;
    }
    if (reading->alive[kBeyond] && stays_beyond(state, reading->beyond)) reading->stays[kBeyond] = true;
    readings_.push_back(std::move(reading));
    return *readings_.back();
  }

  // Whether exactly the well-formed characters from U+0080 on can be read, all within the frame; `ends` is where they
  // lead.
  bool stays_beyond(StateId state, std::vector<StateId>& ends) {
    struct Lead {
      std::uint8_t first, last;  // lead bytes
      std::uint8_t low, high;    // of the second byte
      unsigned more;
    };
    static constexpr Lead kLeads[] = {{0xC2, 0xDF, 0x80, 0xBF, 1}, {0xE0, 0xE0, 0xA0, 0xBF, 2},
                                      {0xE1, 0xEC, 0x80, 0xBF, 2}, {0xED, 0xED, 0x80, 0x9F, 2},
                                      {0xEE, 0xEF, 0x80, 0xBF, 2}, {0xF0, 0xF0, 0x90, 0xBF, 3},
                                      {0xF1, 0xF3, 0x80, 0xBF, 3}, {0xF4, 0xF4, 0x80, 0x8F, 3}};
    for (unsigned byte = 0x80; byte < 0x100; ++byte) {
      if (byte >= 0xC2 && byte <= 0xF4) continue;
      if (machine_.step(state, static_cast<std::uint8_t>(byte)).kind() != StepKind::kReject) return false;
    }
    for (const Lead& lead : kLeads) {
      std::vector<StateId> now;
      for (unsigned byte = lead.first; byte <= lead.last; ++byte) {
        if (!follow(state, static_cast<std::uint8_t>(byte), now)) return false;
      }
      std::uint8_t low = lead.low;
      std::uint8_t high = lead.high;
      for (unsigned more = lead.more; more > 0; --more) {
        std::vector<StateId>& next = more == 1 ? ends : scratch_;
        if (more > 1) next.clear();
        for (StateId inside : now) {
          if (!reads_exactly(inside, low, high, next)) return false;
        }
        if (more > 1) now.swap(scratch_);
        low = 0x80;
        high = 0xBF;
      }
    }
    return true;
  }

  bool follow(StateId state, std::uint8_t byte, std::vector<StateId>& to) {
    Step step = machine_.step(state, byte);
    if (step.kind() != StepKind::kStay) return false;
    if (to.empty() || std::ranges::find(to, step.operand()) == to.end()) to.push_back(step.operand());
    return to.size() <= kMostTargets;
  }

  bool reads_exactly(StateId state, std::uint8_t low, std::uint8_t high, std::vector<StateId>& to) {
    for (const Exact& known : exact_) {
      if (known.state != state || known.low != low || known.high != high) continue;
      if (std::ranges::find(to, known.to) == to.end()) to.push_back(known.to);
      return true;
    }
    if (machine_.final_label(state) != kNoLabel) return false;
    std::size_t before = to.size();
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (byte >= low && byte <= high) {
        if (!follow(state, static_cast<std::uint8_t>(byte), to)) return false;
      } else if (machine_.step(state, static_cast<std::uint8_t>(byte)).kind() != StepKind::kReject) {
        return false;
      }
    }
    if (to.size() == before + 1) exact_.push_back({state, to.back(), low, high});
    return true;
  }

  struct Exact {  // a state inside a character whose every continuation leads to one state
    StateId state, to;
    std::uint8_t low, high;
  };

  Machine& machine_;
  const VocabularySlice& slice_;
  std::vector<Reached> reached_;
  bool narrowed_ = false;
  std::vector<std::unique_ptr<Reading>> readings_;
  std::vector<Exact> exact_;
  std::vector<StateId> scratch_;
};

}  // namespace

std::optional<SafePlan> find_safe_plan(Machine& machine, StateId state, const VocabularySlice& slice,
                                       std::uint64_t cost_limit) {
  return Prover(machine, slice).prove(state, cost_limit);
}

}  // namespace maskforge
