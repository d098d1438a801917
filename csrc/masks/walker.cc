// See walker.h.
#include "masks/walker.h"

#include "base/fuel.h"
#include "masks/solver.h"

namespace maskforge {

namespace {

// From this many nodes on, what a callee does with a subtree is looked up in the memo instead of walked in place.
constexpr std::uint32_t kCallByMemo = 128;
constexpr std::uint64_t kNodesPerFuel = 64;
constexpr std::uint64_t kFirstLook = 200;  // nodes
// An overlay that leaves out more tokens is dearer to write than a mask of its own.
constexpr std::size_t kMostCovered = 2000;

void append(std::vector<TokenId>& to, std::span<const TokenId> ids) {
  if (ids.size() == 1) {
    to.push_back(ids[0]);
  } else {
    to.insert(to.end(), ids.begin(), ids.end());
  }
}

}  // namespace

void Draft::clear() {
  allowed.clear();
  suspects.clear();
  covered.clear();
  leaves.clear();
  parts.clear();
  slices.clear();
  uncertain.clear();
  base = nullptr;
}

// The answer of the whole stack of this walk to one byte.
Walker::Outcome Walker::read(Config config, std::uint8_t byte) {
  // Bounded: every round pops a link.
  for (;;) {
    Step step = machine_->step(config.state, byte);
    Label label;
    switch (step.kind()) {
      case StepKind::kStay:
        return {Kind::kAlive, {step.operand(), config.link}};
      case StepKind::kCall:
        return {Kind::kCall, {kDeadState, config.link}, step.operand()};
      case StepKind::kSuspect:
        return {Kind::kSuspect};
      case StepKind::kReturn:
        label = step.operand();
        break;
      default:
        label = machine_->final_label(config.state);
        if (label == kNoLabel) return {};
    }
    const bool consumed = step.kind() == StepKind::kReturn;
    while (label != kNoLabel) {
      if (config.link == 0) return {consumed ? Kind::kLeaveAfter : Kind::kLeaveBefore, {}, 0, label};
      const Link link = links_[config.link];
      const StateId next = machine_->after(link.state, label);
      if (next == kDeadState) return {};
      label = machine_->left_with(next);
      config = label == kNoLabel ? resume(next, link.parent) : Config{kDeadState, link.parent};
    }
    if (consumed) return {Kind::kAlive, config};
  }
}

Walker::Config Walker::enter(const Outcome& called) {
  const Config pushed = push(machine_->call_at(called.call), called.next.link);
  return resume(pushed.state, pushed.link);
}

Walker::Config Walker::push(const Call& call, std::uint32_t parent) {
  Link link{call.below, parent};
  if (links_.back().state != link.state || links_.back().parent != link.parent) links_.push_back(link);
  return {call.pushed, static_cast<std::uint32_t>(links_.size() - 1)};
}

Walker::Config Walker::resume(StateId next, std::uint32_t parent) {
  const Call* two = machine_->entered(next);
  return two == nullptr ? Config{next, parent} : push(*two, parent);
}

void Walker::call_by_memo(const TokenTrie& trie, std::uint32_t node, const Outcome& called, Draft& draft) {
  append(draft.allowed, trie.tokens_at(node));
  const Call& call = machine_->call_at(called.call);
  const Call* two = machine_->entered(call.pushed);
  const Result* result = solver_->walk_children(trie, node, two == nullptr ? call.pushed : two->pushed);
  if (two != nullptr && result->open) result = solver_->resolve(*result, two->below);
  if (collecting_ && called.next.link == 0 && result->open) {
    called_.push_back({call.below, result});
    return;
  }
  if (result->open) result = solver_->resolve(*result, call.below);
  for (std::uint32_t link = called.next.link; link != 0 && result->open; link = links_[link].parent) {
    result = solver_->resolve(*result, links_[link].state);
  }
  draft.parts.push_back(result);
}

// Whitespace in front of something is the common case: several first bytes, all with the same frame below, and results
// that are the same for every such frame. They are resolved as one.
void Walker::finish_calls(Draft& draft) {
  for (std::size_t i = 0; i < called_.size(); ++i) {
    const Called first = called_[i];
    if (first.result == nullptr) continue;
    const Result* all = first.result;
    for (std::size_t k = i + 1; k < called_.size(); ++k) {
      if (called_[k].result == nullptr || called_[k].below != first.below) continue;
      all = solver_->combine(*all, *called_[k].result);
      called_[k].result = nullptr;
    }
    draft.parts.push_back(solver_->resolve(*all, first.below));
  }
}

bool Walker::settle(const TokenTrie& trie, std::uint32_t node, const Outcome& outcome, Draft& draft, Config& next) {
  switch (outcome.kind) {
    case Kind::kDead:
      return false;
    case Kind::kSuspect:
      append(draft.suspects, trie.tokens_below(node));
      return false;
    case Kind::kLeaveAfter:
      draft.leaves.push_back({outcome.label, ExitPoint::after(&trie, node)});
      return false;
    case Kind::kLeaveBefore:
      draft.leaves.push_back({outcome.label, ExitPoint::before(&trie, node)});
      return false;
    case Kind::kCall:
      if (trie.nodes()[node].size > kCallByMemo) {
        call_by_memo(trie, node, outcome, draft);
        return false;
      }
      next = enter(outcome);
      break;
    case Kind::kAlive:
      next = outcome.next;
      break;
  }
  append(draft.allowed, trie.tokens_at(node));
  return trie.nodes()[node].size > 1;
}

// The subtree under `node`, whose byte led to `config`.
void Walker::walk_below(const TokenTrie& trie, std::uint32_t node, Config config, Draft& draft) {
  const TrieNode* nodes = trie.nodes();
  const TokenId* tokens = trie.tokens().data();
  std::uint32_t top = nodes[node].depth + 1u;
  std::uint32_t last = node + nodes[node].size;
  stack_[0] = place(config);
  placed_ = std::max(placed_, 1u);
  std::uint64_t visited = 0;
  std::uint64_t budget = std::min(limit_, look_) - std::min({limit_, look_, visited_});
  for (std::uint32_t i = node + 1; i < last;) {
    TrieNode at = nodes[i];
    Place& here = stack_[at.depth - top];
    if (++visited > budget) {
      if (look_ == kNoLimit || is_hopeless(visited_ + visited, i - node)) break;
      budget = limit_ - std::min(limit_, visited_);
    }
    std::uint8_t byte = static_cast<std::uint8_t>(at.byte);
    Step step = here.known(byte);
    if (step.bits == 0) {
      step = machine_->step(here.config.state, byte);
      if (here.row.entries == nullptr) here.row = machine_->row_if_made(here.config.state);
    }
    Config next;
    if (step.kind() == StepKind::kStay) {
      std::uint32_t first = at.first_token;
      std::uint32_t end = nodes[i + 1].first_token;
      for (; first < end; ++first) draft.allowed.push_back(tokens[first]);
      if (at.size == 1) {
        ++i;
        continue;
      }
      next = {step.operand(), here.config.link};
    } else if ((step.kind() == StepKind::kReject && here.final == kNoLabel) ||
               !settle(trie, i, read(here.config, byte), draft, next)) {
      i += at.size;
      continue;
    }
    // Most states of a string lead to where the sibling led, or to themselves.
    const std::uint32_t level = at.depth - top + 1u;
    Place& below = (&here)[1];
    if (level >= placed_ || below.config.state != next.state) {
      if (next.state == here.config.state) {
        below = here;
      } else {
        below = place(next);
      }
      if (level >= placed_) placed_ = level + 1;
    }
    below.config.link = next.link;
    ++i;
  }
  visited_ += visited;
}

void Walker::walk_entry(TrieRef entry, const Outcome& outcome, Draft& draft) {
  links_.resize(1);
  Config next;
  std::uint64_t before = visited_++;
  if (settle(*entry.trie, entry.node, outcome, draft, next)) walk_below(*entry.trie, entry.node, next, draft);
  FuelScope::spend(1 + (visited_ - before) / kNodesPerFuel);
}

void Walker::walk(TrieRef entry, StateId state, Draft& draft) {
  walk_entry(entry, read({state, 0}, static_cast<std::uint8_t>(entry.trie->nodes()[entry.node].byte)), draft);
}

void Walker::walk(const Forest& forest, StateId state, Draft& draft) {
  Place start = place({state, 0});
  visited_ += forest.groups().size();
  called_.clear();
  collecting_ = true;
  // What a final state rejects is read by the frames below.
  const ByteSet alive = start.final == kNoLabel ? machine_->reach(state, forest.bytes()).alive : forest.bytes();
  alive.each([&](std::uint8_t byte) {
    if (visited_ > limit_) return;
    Outcome outcome = read(start.config, byte);
    if (outcome.kind == Kind::kDead) return;
    const std::size_t g = forest.group_at(byte);
    for (const TrieRef& entry : solver_->entries(forest, g)) walk_entry(entry, outcome, draft);
    if (outcome.kind == Kind::kAlive) done_ += forest.groups()[g].weight;
  });
  collecting_ = false;
  if (visited_ <= limit_) finish_calls(draft);
}

// Both configurations are about to read the byte of `node`.
void Walker::lockstep_at(const TokenTrie& trie, std::uint32_t node, const Place& mine, const Place& other,
                         Draft& draft) {
  const TrieNode* nodes = trie.nodes();
  std::uint32_t top = nodes[node].depth;
  std::uint32_t last = node + nodes[node].size;
  mine_[0] = mine;
  other_[0] = other;
  for (std::uint32_t i = node; i < last && visited_ <= limit_;) {
    TrieNode at = nodes[i];
    Place& my_place = mine_[at.depth - top];
    Place& its_place = other_[at.depth - top];
    ++visited_;
    std::uint8_t byte = static_cast<std::uint8_t>(at.byte);
    Step step = my_place.known(byte);
    if (step.bits != 0 && step.bits == its_place.known(byte).bits && my_place.config.link == its_place.config.link &&
        my_place.final == its_place.final) {
      i += at.size;
      continue;
    }
    Outcome my = read(my_place.config, byte);
    Outcome its = read(its_place.config, byte);
    if (my.kind == Kind::kAlive && its.kind == Kind::kAlive && my != its) {
      (&my_place)[1] = place(my.next);
      (&its_place)[1] = place(its.next);
      ++i;
      continue;
    }
    if (my != its) {
      append(draft.covered, trie.tokens_below(i));
      Config next;
      if (settle(trie, i, my, draft, next)) walk_below(trie, i, next, draft);
      if (draft.covered.size() > kMostCovered) visited_ = limit_ + 1;
    }
    i += at.size;
  }
}

bool Walker::lockstep(const Forest& forest, StateId state, StateId reference, Draft& draft, std::uint64_t node_limit) {
  std::uint64_t before = visited_;
  limit_ = visited_ + node_limit;
  Place mine = place({state, 0});
  Place other = place({reference, 0});
  visited_ += forest.groups().size();
  for (std::size_t g = 0; g < forest.groups().size() && visited_ <= limit_; ++g) {
    std::uint8_t byte = forest.groups()[g].byte;
    Step step = mine.known(byte);
    if (step.bits != 0 && step.bits == other.known(byte).bits && mine.final == other.final) continue;
    for (const TrieRef& entry : solver_->entries(forest, g)) {
      links_.resize(1);
      lockstep_at(*entry.trie, entry.node, mine, other, draft);
    }
  }
  FuelScope::spend(1 + (visited_ - before) / kNodesPerFuel);
  bool done = visited_ <= limit_;
  limit_ = kNoLimit;
  return done;
}

// At the end of the first look: sets the limit to what was visited if the rest will go over it.
bool Walker::is_hopeless(std::uint64_t visited, std::uint64_t inside) {
  look_ = kNoLimit;
  const std::uint64_t done = std::max<std::uint64_t>(done_ + inside, 1);
  if (visited * all_ / done <= 2 * limit_) return false;
  limit_ = 0;
  return true;
}

bool Walker::walk_within(const Forest& forest, StateId state, Draft& draft, std::uint64_t node_limit,
                         std::uint64_t weight) {
  limit_ = visited_ + forest.groups().size() + node_limit;
  look_ = visited_ + forest.groups().size() + kFirstLook;
  done_ = 0;
  all_ = weight;
  walk(forest, state, draft);
  bool done = visited_ <= limit_;
  limit_ = look_ = kNoLimit;
  return done;
}

}  // namespace maskforge
