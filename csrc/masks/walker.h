// Walks tries on the machine: the plain walk of a forest from a state, and the lockstep of two states.
//
// Each trie node remembers nothing; the walk keeps one configuration per depth: the top state and a link to the frames
// that wait below it *inside this walk*. The frame the walk started in has no link; leaving it is an exit, and what is
// below it is unknown here (result.h). Covered by tests/csrc/test_masks.cc.
#pragma once

#include <cstdint>
#include <vector>

#include "machine/machine.h"
#include "masks/forest.h"
#include "masks/result.h"

namespace maskforge {

class MaskSolver;

// What a walk collects before it becomes a Result.
struct Draft {
  struct Leave {
    Label label;
    ExitPoint point;
  };
  std::vector<TokenId> allowed;
  std::vector<TokenId> suspects;
  std::vector<TokenId> covered;  // lockstep: tokens on which the reference has nothing to say
  std::vector<Leave> leaves;
  std::vector<const Result*> parts;  // results of calls, resolved up to the frame of this walk
  std::vector<BitsView> slices;      // allowed tokens as bits
  std::vector<TokenIds> uncertain;   // tokens on which `slices` have nothing to say
  const Result* base = nullptr;      // lockstep: the reference
  void clear();
};

class Walker {
 public:
  Walker() {}  // leaves its stacks unset: they are large
  // To be called before a series of walks; resets visited().
  void start(MaskSolver& solver, Machine& machine) {
    solver_ = &solver;
    machine_ = &machine;
    visited_ = 0;
    placed_ = 0;
    limit_ = kNoLimit;
    collecting_ = false;
  }

  // Everything in the forest, from `state`. Spends fuel.
  void walk(const Forest& forest, StateId state, Draft& draft);
  // The same, giving up (false, draft unusable) after about `node_limit` nodes, or earlier when a first look says that
  // it will take more than that. `weight`: of the groups that stay in the frame.
  bool walk_within(const Forest& forest, StateId state, Draft& draft, std::uint64_t node_limit, std::uint64_t weight);
  // One subtree, its own byte included.
  void walk(TrieRef entry, StateId state, Draft& draft);
  // What differs from walking the same from `reference`: fills draft.covered and what is true of those tokens. Gives up
  // (false, draft unusable) after about `node_limit` nodes.
  bool lockstep(const Forest& forest, StateId state, StateId reference, Draft& draft, std::uint64_t node_limit);

  std::uint64_t visited() const { return visited_; }

 private:
  struct Link {
    StateId state;
    std::uint32_t parent;
  };
  struct Config {
    StateId state;
    std::uint32_t link;  // 0: the frame of this walk is on top
    bool operator==(const Config&) const = default;
  };
  // A configuration with its row, if there is one, at hand.
  struct Place {
    Config config;
    Label final;  // kNoLabel: what the row rejects is rejected
    Machine::RowView row;
    Step known(std::uint8_t byte) const { return row.entries == nullptr ? Step{} : row.entry(byte); }
  };
  enum class Kind : std::uint8_t { kDead, kAlive, kCall, kLeaveAfter, kLeaveBefore, kSuspect };
  struct Outcome {
    Kind kind = Kind::kDead;
    Config next{};           // kAlive; kCall: its link is that of the caller
    std::uint32_t call = 0;  // kCall: index into the machine's calls
    Label label = 0;         // kLeave...
    bool operator==(const Outcome&) const = default;
  };

  Place place(Config config) {
    return {config, machine_->final_label(config.state), machine_->row_if_made(config.state)};
  }
  Outcome read(Config config, std::uint8_t byte);
  Config enter(const Outcome& called);
  Config push(const Call& call, std::uint32_t parent);
  Config resume(StateId next, std::uint32_t parent);  // one frame or two, above `parent`
  void call_by_memo(const TokenTrie& trie, std::uint32_t node, const Outcome& called, Draft& draft);
  void finish_calls(Draft& draft);
  bool is_hopeless(std::uint64_t visited, std::uint64_t inside);
  // Applies an outcome to the whole subtree, or returns true when its children have to be walked from `next`.
  bool settle(const TokenTrie& trie, std::uint32_t node, const Outcome& outcome, Draft& draft, Config& next);
  void walk_below(const TokenTrie& trie, std::uint32_t node, Config config, Draft& draft);
  void walk_entry(TrieRef entry, const Outcome& outcome, Draft& draft);
  void lockstep_at(const TokenTrie& trie, std::uint32_t node, const Place& mine, const Place& other, Draft& draft);

  static constexpr std::size_t kDeepest = TokenTrie::kMaxTokenBytes + 2;

  MaskSolver* solver_ = nullptr;
  Machine* machine_ = nullptr;
  // A call from the frame of this walk, whose result still has to be resolved in `below`.
  struct Called {
    StateId below;
    const Result* result;
  };

  std::vector<Link> links_{Link{kDeadState, 0}};
  bool collecting_ = false;  // whether such calls wait in called_ for others with the same frame below
  std::vector<Called> called_;
  std::uint64_t visited_ = 0;
  static constexpr std::uint64_t kNoLimit = UINT64_MAX;
  std::uint64_t limit_ = kNoLimit;  // of visited_
  // walk_within: where its first look ends, how much is done by then, and how much there is.
  std::uint64_t look_ = kNoLimit;  // of visited_
  std::uint64_t done_ = 0;
  std::uint64_t all_ = 0;
  std::uint32_t placed_ = 0;  // so many of stack_ are places of this machine
  Place stack_[kDeepest];     // walk_below
  Place mine_[kDeepest];      // lockstep_at
  Place other_[kDeepest];
};

}  // namespace maskforge
