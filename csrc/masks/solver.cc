// See solver.h.
#include "masks/solver.h"

#include <algorithm>

#include "base/fuel.h"
#include "base/stack.h"
#include "masks/plan.h"
#include "masks/word_walk.h"

namespace maskforge {

namespace {

constexpr std::uint64_t kWorthClipping = 64;  // nodes
constexpr std::uint64_t kNarrow = 256;        // nodes; less is simply walked
constexpr std::uint64_t kQuickLook =
    1200;  // nodes walked before anything is planned: most first bytes lead nowhere far
constexpr std::uint64_t kWorthPlanning = 3000;  // nodes; from here on clipping and slices are tried
constexpr std::uint64_t kLockstepLimit = 8000;  // nodes
constexpr std::size_t kManyGroups = 64;         // of a forest: from here on rows are computed as a whole
constexpr std::size_t kLongestChain = 16;       // of bases

}  // namespace

struct MaskSolver::Scratch {
  Walker walker;
  Draft draft;
  WordList list;
  ResultParts parts;
  TokenBits bits;
  std::vector<ExitPoint> points;
  std::vector<TokenId> ends;
};

// Walks nest (a call inside a walk may need another walk), so each takes a scratch of its own; a thread keeps them for
// its next miss.
struct MaskSolver::ScratchLease {
  ScratchLease(MaskSolver& solver, Machine& machine) {
    if (kept().empty()) {
      scratch_ = std::make_unique<Scratch>();
    } else {
      scratch_ = std::move(kept().back());
      kept().pop_back();
      scratch_->draft.clear();
    }
    scratch_->walker.start(solver, machine);
  }
  ~ScratchLease() {
    if (kept().size() < kMostKept && scratch_->draft.allowed.capacity() <= kLargestKept)
      kept().push_back(std::move(scratch_));
  }
  Scratch* operator->() { return scratch_.get(); }
  Scratch& operator*() { return *scratch_; }

 private:
  static constexpr std::size_t kMostKept = 8;
  static constexpr std::size_t kLargestKept = 1u << 18;
  static std::vector<std::unique_ptr<Scratch>>& kept() {
    thread_local std::vector<std::unique_ptr<Scratch>> kept = [] {
      std::vector<std::unique_ptr<Scratch>> empty;
      empty.reserve(kMostKept);
      return empty;
    }();
    return kept;
  }
  std::unique_ptr<Scratch> scratch_;
};

const Result* MaskSolver::walk(const Forest& forest, StateId state) {
  if (const Result* known = memo_.find_walk(forest, state)) return known;
  Stack::check();
  if (const Result* made = by_words(forest, state)) return made;
  // How much of the forest may stay in this frame: what heavier ways than the plain walk, and clipping, could save.
  const std::uint64_t weight = forest.weight_of(machine_.reach(state, forest.bytes()).stay);
  if (weight > kWorthClipping) {
    StateId clipped = machine_.clip(state, forest.height());
    const Result* made = clipped == state ? nullptr : base(forest, state, clipped);
    if (made != nullptr) return memo_.alias_walk(forest, state, made);
  }
  return compute(forest, state, weight);
}

const Result* MaskSolver::base(const Forest& forest, StateId state, StateId base) {
  const Wanted wanted{&forest, base};
  if (waiting_.size() >= kLongestChain || std::ranges::find(waiting_, wanted) != waiting_.end()) return nullptr;
  struct Waiting {
    ShortList<Wanted>& list;
    ~Waiting() { list.pop_back(); }
  };
  waiting_.push_back({&forest, state});
  Waiting waiting{waiting_};
  return walk(forest, base);
}

const Result* MaskSolver::by_words(const Forest& forest, StateId state) {
  if (!machine_.may_list_words(state)) return nullptr;
  ScratchLease scratch(*this, machine_);
  WordList& list = scratch->list;
  list.reference = kDeadState;
  list.words.clear();
  if (!machine_.words(state, list)) return nullptr;
  const Result* base = nullptr;
  if (list.reference != kDeadState) {
    base = this->base(forest, state, list.reference);
    if (base == nullptr) return nullptr;
  }
  if (list.words.empty()) return base == nullptr ? nullptr : memo_.alias_walk(forest, state, base);
  WordWalk walk(*this, machine_, state, list, scratch->draft);
  walk.walk(forest);
  scratch->draft.base = base;
  ++counters_.walks;
  counters_.nodes += walk.visited();
  return finish(forest, state, *scratch);
}

const Result* MaskSolver::walk_children(const TokenTrie& trie, std::uint32_t node, StateId state) {
  ExitPoint point = ExitPoint::after(&trie, node);
  return walk(*memo_.forest_at(point), state);
}

const Result* MaskSolver::compute(const Forest& forest, StateId state, std::uint64_t weight) {
  ScratchLease scratch(*this, machine_);
  bool done = weight > kNarrow && by_lockstep(forest, state, weight, *scratch);
  if (!done && weight > kWorthPlanning) {
    scratch->draft.clear();
    done = scratch->walker.walk_within(forest, state, scratch->draft, kQuickLook, weight) ||
           by_clipping(forest, state, weight, *scratch) || by_slices(forest, state, weight, *scratch);
  }
  if (!done) {
    scratch->draft.clear();
    scratch->walker.walk(forest, state, scratch->draft);
  }
  ++counters_.walks;
  counters_.nodes += scratch->walker.visited();
  return finish(forest, state, *scratch);
}

bool MaskSolver::by_lockstep(const Forest& forest, StateId state, std::uint64_t weight, Scratch& scratch) {
  const bool many = forest.groups().size() >= kManyGroups;
  auto row_of = [&](StateId of) { return many ? machine_.full_row(of) : machine_.row(of); };
  auto entry = [&](const Machine::RowView& row, StateId of, std::uint8_t byte) {
    Step step = row.entry(byte);
    return step.bits != 0 ? step : machine_.step(of, byte);
  };
  // The target of most bytes, by majority vote.
  Machine::RowView mine = row_of(state);
  StateId reference = kDeadState;
  std::size_t votes = 0;
  for (const Forest::Group& group : forest.groups()) {
    Step step = entry(mine, state, group.byte);
    if (step.kind() != StepKind::kStay) continue;
    if (votes == 0) reference = step.operand();
    votes += step.operand() == reference ? 1 : std::size_t(-1);
  }
  if (reference == kDeadState || reference == state) return false;
  if (machine_.final_label(state) != machine_.final_label(reference)) return false;
  Machine::RowView other = row_of(reference);
  const Step loop = Step::stay(reference);
  std::size_t alive = 0;
  std::size_t equal = 0;
  std::size_t loops = 0;
  for (const Forest::Group& group : forest.groups()) {
    Step step = entry(mine, state, group.byte);
    Step its = entry(other, reference, group.byte);
    alive += step.kind() != StepKind::kReject || its.kind() != StepKind::kReject;
    equal += step.bits == its.bits && step.kind() != StepKind::kReject;
    loops += its.bits == loop.bits;
  }
  if (equal * 2 < alive || loops == 0) return false;
  const Result* base = this->base(forest, state, reference);
  if (base == nullptr) return false;
  scratch.draft.clear();
  if (!scratch.walker.lockstep(forest, state, reference, scratch.draft, std::min(kLockstepLimit, weight))) return false;
  scratch.draft.base = base;
  return true;
}

bool MaskSolver::by_clipping(const Forest& forest, StateId state, std::uint64_t weight, Scratch& scratch) {
  if (&forest != &index_.root()) return false;
  // What no short text can tell apart from the state, no longer one can either.
  if (machine_.clip(state, VocabularyIndex::kLengths.back()) == state) return false;
  for (std::uint32_t length : VocabularyIndex::kLengths) {
    if (length >= forest.height()) continue;
    StateId clipped = machine_.clip(state, length);
    if (clipped == state) continue;
    const PlantedTrie& longer = index_.longer_than(length);
    if (longer.trie.node_count() > weight) return false;
    const Result* base = this->base(forest, state, clipped);
    if (base == nullptr) return false;
    scratch.draft.clear();
    scratch.walker.walk(*longer.forest, state, scratch.draft);
    scratch.draft.base = base;
    scratch.draft.covered.assign(longer.trie.tokens().begin(), longer.trie.tokens().end());
    return true;
  }
  return false;
}

bool MaskSolver::by_slices(const Forest& forest, StateId state, std::uint64_t weight, Scratch& scratch) {
  Draft& draft = scratch.draft;
  if (&forest == &index_.root()) {
    draft.clear();
    draft.parts.push_back(walk(index_.not_space(), state));
    for (std::size_t g = 0; g < forest.groups().size(); ++g) {
      if (forest.groups()[g].byte != ' ') continue;
      TrieRef space = entries(forest, g)[0];
      Step step = machine_.step(state, ' ');
      if (step.kind() != StepKind::kStay || index_.after_space()->empty()) {
        scratch.walker.walk(space, state, draft);
        continue;
      }
      std::span<const TokenId> own = space.trie->tokens_at(space.node);
      draft.allowed.insert(draft.allowed.end(), own.begin(), own.end());
      draft.parts.push_back(walk(*index_.after_space(), step.operand()));
    }
    return true;
  }
  bool spaced = &forest == index_.after_space();
  if (!spaced && &forest != &index_.not_space()) return false;
  const VocabularySlice& slice = spaced ? index_.after_space_slice() : index_.not_space_slice();
  // What only decides how a text may end shows in the tokens with a quote, which are looked at one by one.
  const StateId plainer = machine_.same_prefixes(state);
  std::optional<SafePlan> plan = find_safe_plan(machine_, memo_.readings(), plainer, slice, weight * 2 / 3);
  if (!plan) return false;
  draft.clear();
  for (SymbolPair pair : plan->pairs) {
    const PlantedTrie* containing = slice.containing(pair);
    if (containing == nullptr) return false;
    draft.uncertain.push_back(containing->trie.tokens());
    scratch.walker.walk(*containing->forest, state, draft);
  }
  for (std::size_t g = 0; plan->starts.bits.any() && g < forest.groups().size(); ++g) {
    const std::uint8_t byte = forest.groups()[g].byte;
    if (byte >= SymbolSet::kBeyondAscii || !plan->starts.bits[byte]) continue;
    for (TrieRef start : entries(forest, g)) {
      draft.uncertain.push_back(start.trie->tokens_below(start.node));
      scratch.walker.walk(start, state, draft);
    }
  }
  draft.slices.push_back(slice_bits(*plan, slice));
  for (unsigned symbol : plan->unclear) scratch.walker.walk(*slice.containing(symbol).forest, state, draft);
  if (plan->reach == SafePlan::Reach::kUnknown) scratch.walker.walk(*slice.longer(plan->longest).forest, state, draft);
  return true;
}

BitsView MaskSolver::slice_bits(const SafePlan& plan, const VocabularySlice& slice) {
  const SymbolSet::Bits word(~std::uint64_t{0});
  std::uint64_t beyond = (plan.safe.bits >> 128).to_ullong();
  Memo::BitsName name{
      (plan.safe.bits & word).to_ullong(), (plan.safe.bits >> 64 & word).to_ullong(),
      ((std::uint64_t{plan.longest} * 4 + static_cast<std::uint64_t>(plan.reach)) * 4 + beyond) * 2 + slice.skip()};
  if (const BitsView* known = memo_.find_named(name)) return *known;
  TokenBits bits = slice.made_of(plan.safe);
  if (plan.reach == SafePlan::Reach::kDies) slice.keep_short(plan.longest, bits);
  if (plan.reach == SafePlan::Reach::kUnknown) slice.keep_short_bytes(plan.longest, bits);
  return *memo_.add_named(name, bits);
}

// Turns exits into forests. With `bits`, tokens that end on the exit are set there right away: the frame below nearly
// always agrees.
void MaskSolver::finish_exits(Scratch& scratch, bool into_bits) {
  std::vector<Draft::Leave>& leaves = scratch.draft.leaves;
  auto by_label = [](const Draft::Leave& a, const Draft::Leave& b) { return a.label < b.label; };
  if (!std::ranges::is_sorted(leaves, by_label)) std::ranges::stable_sort(leaves, by_label);
  for (std::size_t from = 0; from < leaves.size();) {
    Exit exit{leaves[from].label, into_bits, {}, nullptr};
    scratch.points.clear();
    scratch.ends.clear();
    for (; from < leaves.size() && leaves[from].label == exit.label; ++from) {
      const ExitPoint& point = leaves[from].point;
      scratch.points.push_back(point);
      if (!point.consumed()) continue;
      std::span<const TokenId> own = point.trie->tokens_at(point.node());
      scratch.ends.insert(scratch.ends.end(), own.begin(), own.end());
    }
    exit.forest = memo_.forest(scratch.points);
    if (into_bits) set_bits(scratch.ends, scratch.bits.data());
    if (!scratch.ends.empty()) exit.ends = memo_.ids(scratch.ends);
    scratch.parts.exits.push_back(exit);
  }
}

// One exit for a label, so that the frame below walks one forest instead of several. Making the forest costs as much as
// walking it once or twice: for results that many frames below will see.
void MaskSolver::merge_exits(ResultParts& parts) {
  std::vector<Exit>& exits = parts.exits;
  std::size_t kept = 0;
  for (const Exit& exit : exits) {
    auto same = std::find_if(exits.begin(), exits.begin() + static_cast<std::ptrdiff_t>(kept), [&](const Exit& other) {
      return other.label == exit.label && other.ends_in_bits == exit.ends_in_bits;
    });
    if (same == exits.begin() + static_cast<std::ptrdiff_t>(kept)) {
      exits[kept++] = exit;
      continue;
    }
    same->forest = memo_.unite(same->forest, exit.forest);
    if (same->ends.empty()) {
      same->ends = exit.ends;
    } else if (!exit.ends.empty()) {
      std::vector<TokenId> ends(same->ends.begin(), same->ends.end());
      ends.insert(ends.end(), exit.ends.begin(), exit.ends.end());
      same->ends = memo_.ids(ends);
    }
  }
  exits.erase(exits.begin() + static_cast<std::ptrdiff_t>(kept), exits.end());
}

const Result* MaskSolver::combine(const Result& a, const Result& b) {
  if (const Result* known = memo_.find_combined(a, b)) return known;
  ScratchLease scratch(*this, machine_);
  ResultParts& parts = scratch->parts;
  parts.clear();
  parts.append(a);
  parts.append(b);
  merge_exits(parts);
  return memo_.add_combined(a, b, parts);
}

const Result* MaskSolver::finish(const Forest& forest, StateId state, Scratch& scratch) {
  const Draft& draft = scratch.draft;
  ResultParts& parts = scratch.parts;
  parts.clear();
  if (draft.base != nullptr) {
    parts.overlays.push_back({draft.base, memo_.ids(draft.covered)});
    parts.open = draft.base->open;
  }
  for (const Result* part : draft.parts) parts.append(*part);
  std::size_t words = index_.vocabulary().bitmask_words();
  // Bits cost about as much as setting a quarter of their words one by one.
  if (!draft.slices.empty() || draft.allowed.size() > words / 4 || parts.bits.size() > 1) {
    scratch.bits.assign(words, 0);
    for (BitsView slice : draft.slices) or_bits(slice, scratch.bits.data());
    for (TokenIds tokens : draft.uncertain) clear_bits(tokens, scratch.bits.data());
    for (BitsView part : parts.bits) or_bits(part, scratch.bits.data());
    set_bits(draft.allowed, scratch.bits.data());
    finish_exits(scratch, true);
    parts.bits.assign(1, memo_.bits(scratch.bits));
  } else {
    finish_exits(scratch, false);
    if (!draft.allowed.empty()) parts.added.push_back(memo_.ids(draft.allowed));
  }
  if (!draft.suspects.empty()) parts.suspects.push_back(memo_.ids(draft.suspects));
  parts.open = parts.open || !parts.exits.empty();
  if (&forest == &index_.root() && draft.parts.size() > 1) merge_exits(parts);
  return memo_.add_walk(forest, state, parts);
}

const Result* MaskSolver::resolve(const Result& result, StateId waiting) {
  if (const Result* known = memo_.find_resolved(result, waiting)) return known;
  FuelScope::spend();
  ScratchLease scratch(*this, machine_);
  ResultParts& made = scratch->parts;
  made.clear();
  auto copy = [](auto& to, const auto& from) { to.assign(from.begin(), from.end()); };
  copy(made.bits, result.bits());
  copy(made.removed, result.removed());
  copy(made.added, result.added());
  copy(made.suspects, result.suspects());
  for (const Overlay& overlay : result.overlays()) {
    const Result* base = overlay.base->open ? resolve(*overlay.base, waiting) : overlay.base;
    made.overlays.push_back({base, overlay.except});
    made.open = made.open || base->open;
  }
  for (const Exit& exit : result.exits()) {
    StateId next = waiting == kGround ? kGround : machine_.after(waiting, exit.label);
    if (next == kDeadState) {
      if (exit.ends_in_bits && !exit.ends.empty()) made.removed.push_back(exit.ends);
      continue;
    }
    if (const Label left = waiting == kGround ? kNoLabel : machine_.left_with(next); left != kNoLabel) {
      made.exits.push_back({left, exit.ends_in_bits, exit.ends, exit.forest});
      made.open = true;
      continue;
    }
    if (!exit.ends_in_bits && !exit.ends.empty()) made.added.push_back(exit.ends);
    if (exit.forest == nullptr || waiting == kGround) continue;
    if (const Call* two = machine_.entered(next)) {
      const Result* inner = walk(*exit.forest, two->pushed);
      made.append(inner->open ? *resolve(*inner, two->below) : *inner);
    } else {
      made.append(*walk(*exit.forest, next));
    }
  }
  return memo_.add_resolved(result, waiting, made);
}

}  // namespace maskforge
