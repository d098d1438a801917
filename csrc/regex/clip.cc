// Widening of counters that are too far from their bounds for a short word to tell: masks look at most `longest`
// characters ahead, so .{1,255} and .{1,2048} are the same to them and share a mask.
//
// Why it is exact, for a counter r{a,b} inside a pure regex (no intersection, complement or lookaround: each derivative
// of it is none or alive), with s >= 1 the least length of a nonempty turn: a word of n characters begins at most
// ceil(n/s) turns and ends at most floor(n/s). So b >= ceil(n/s) is never the reason for a rejection and may be
// infinite; and if a > floor(n/s) the loop is never left, hence a = floor(n/s) + 1 serves as well, and so does any
// continuation. length{a,b} & p: where p is pure, needs at most `slack` more characters from anywhere, and either a = 0
// or p can go on to every greater length, the upper bound is not felt within n characters when b >= n + slack, and a is
// felt only by acceptance.
//
// Where there are intersections and lookarounds, a derivative may be empty though none of its parts is, and the least
// turns of a counter count. Let r' be r with every counter's upper bound that is at least ceil(N/s) made infinite, but
// for those inside complements: r' accepts what r accepts, and of the words of at most N characters no others. If from
// every live derivative of r' a word ends within `slack` characters and n + slack <= N, then r and r' are alike for
// words w of n characters: what is accepted is the same, and where r' is alive some wv with at most N characters is in
// r', hence in r. What looks behind, and what repeats a lookahead, stays as it is. Covered by tests/csrc/test_regex.cc
// (against brute force).
#include <algorithm>

#include "base/fuel.h"
#include "base/stack.h"
#include "regex/graph.h"

namespace maskforge {

RegexId RegexGraph::clip(RegexId r, std::uint32_t longest) {
  const RegexNode n = nodes_[r];
  if (longest >= n.widest) return r;
  std::uint64_t key = std::uint64_t{r} << 32 | longest;
  if (auto it = clips_.find(key); it != clips_.end()) return it->second;
  FuelScope::spend();
  RegexId result = r;
  if (n.slack != kUnbounded) {
    result = clip_pure(r, longest);
  } else if (n.kind == RegexKind::kUnion) {
    // A derivative of a union is empty (nullable) if and only if all (any) of its members' are.
    ShortList<RegexId> parts(members(r).begin(), members(r).end());
    for (RegexId& part : parts) part = clip(part, longest);
    result = unite(parts);
  } else {
    result = clip_open(r, longest);
    if (result == r && n.kind == RegexKind::kIntersect) result = clip_intersection(r, longest);
  }
  clips_.emplace(key, result);
  return result;
}

RegexId RegexGraph::clip_pure(RegexId r, std::uint32_t longest) {
  const RegexNode n = nodes_[r];
  if (longest >= n.widest) return r;
  Stack::check();
  switch (n.kind) {
    case RegexKind::kConcat: {
      ShortList<RegexId> chain;
      for (; nodes_[r].kind == RegexKind::kConcat && longest < nodes_[r].widest; r = nodes_[r].b)
        chain.push_back(nodes_[r].a);
      RegexId result = clip_pure(r, longest);
      for (std::size_t i = chain.size(); i-- > 0;) {
        FuelScope::spend();
        RegexId first = clip_pure(chain[i], longest);
        // What cannot be left within the word needs no particular continuation.
        const RegexNode& f = nodes_[first];
        bool endless = f.min_length > longest && (f.kind == RegexKind::kRepeat || f.kind == RegexKind::kLength);
        result = endless ? first : concat(first, result);
      }
      return result;
    }
    case RegexKind::kUnion: {
      ShortList<RegexId> parts(members(r).begin(), members(r).end());
      for (RegexId& part : parts) part = clip_pure(part, longest);
      return unite(parts);
    }
    case RegexKind::kRepeat:
    case RegexKind::kLength: {
      RegexId body = n.kind == RegexKind::kRepeat ? clip_pure(n.a, longest) : kAnyChar;
      std::uint32_t turn = std::max(n.kind == RegexKind::kRepeat ? nodes_[n.a].min_length : 1, 1u);
      std::uint32_t begun = longest / turn + (longest % turn != 0), ended = longest / turn;
      std::uint32_t least = n.b, most = n.c >= begun ? kUnbounded : n.c;
      if (least > ended) {
        least = ended + 1;
        most = kUnbounded;
      }
      return n.kind == RegexKind::kRepeat ? repeat(body, least, std::max(most, 1u)) : length(least, most);
    }
    default:
      return r;
  }
}

// Without any upper bound but small ones: r' above, which has few derivatives. r itself where there is no such.
RegexId RegexGraph::clip_open(RegexId r, std::uint32_t longest) {
  constexpr std::uint32_t kLikelySlack = 8;
  const RegexNode n = nodes_[r];
  if (n.looks_ahead) return r;
  std::uint32_t within = add_counts(longest, kLikelySlack);
  for (int attempt = 0; attempt < 2; ++attempt) {
    bool bounded = false;
    const RegexId opened = open(r, within, bounded);
    if (bounded || opened == r) return r;
    const std::uint32_t needed = add_counts(longest, explore(opened).accept);
    if (needed <= within) return opened;
    within = needed;
  }
  return r;
}

// Sets `bounded` where a counter keeps a large bound.
RegexId RegexGraph::open(RegexId r, std::uint32_t within, bool& bounded) {
  constexpr std::uint32_t kMostTurns = 16;
  const RegexNode n = nodes_[r];
  if (n.widest == 0 || bounded) return r;
  FuelScope::spend();
  switch (n.kind) {
    case RegexKind::kConcat: {
      ShortList<RegexId> chain;
      for (; nodes_[r].kind == RegexKind::kConcat && nodes_[r].widest > 0; r = nodes_[r].b)
        chain.push_back(nodes_[r].a);
      RegexId result = open(r, within, bounded);
      for (std::size_t i = chain.size(); i-- > 0;) result = concat(open(chain[i], within, bounded), result);
      return result;
    }
    case RegexKind::kUnion:
    case RegexKind::kIntersect: {
      ShortList<RegexId> parts(members(r).begin(), members(r).end());
      for (RegexId& part : parts) part = open(part, within, bounded);
      return n.kind == RegexKind::kUnion ? unite(parts) : intersect(parts);
    }
    case RegexKind::kRepeat:
    case RegexKind::kLength: {
      const RegexId body = n.kind == RegexKind::kRepeat ? open(n.a, within, bounded) : kAnyChar;
      const std::uint32_t turn = std::max(n.kind == RegexKind::kRepeat ? nodes_[n.a].min_length : 1, 1u);
      const std::uint32_t begun = within / turn + (within % turn != 0);
      const bool endless = n.c >= begun;
      bounded = bounded || (!endless && n.c > kMostTurns) || n.b > kMostTurns;
      const std::uint32_t most = endless ? kUnbounded : n.c;
      return n.kind == RegexKind::kRepeat ? repeat(body, n.b, most) : length(n.b, most);
    }
    default:
      return r;
  }
}

// Distances in the derivative graph, if it is small: to acceptance, and to a state that accepts and loops to itself,
// from where every greater length can be had. Both as the maximum over the live states.
RegexGraph::Reach RegexGraph::explore(RegexId r) {
  constexpr std::size_t kMostStates = 64;
  const RegexNode n = nodes_[r];
  if (n.slack != kUnbounded) return {n.slack, n.open_end ? n.slack : kUnbounded};
  if (auto it = reaches_.find(r); it != reaches_.end()) return it->second;
  ShortList<RegexId> states{r};
  std::unordered_map<RegexId, std::size_t> index{{r, 0}};
  std::vector<std::pair<std::size_t, std::size_t>> arrows;
  Reach reach{0, 0};
  for (std::size_t i = 0; i < states.size() && states.size() <= kMostStates; ++i) {
    for (const RegexEdge& edge : edges(states[i])) {
      if (is_empty(edge.target)) continue;
      auto [it, fresh] = index.emplace(edge.target, states.size());
      if (fresh) states.push_back(edge.target);
      arrows.emplace_back(i, it->second);
    }
  }
  auto farthest = [&](auto goal) {
    ShortList<std::uint32_t> distance(states.size());
    for (std::size_t i = 0; i < states.size(); ++i) distance[i] = goal(i) ? 0 : kUnbounded;
    for (bool changed = true; changed;) {
      changed = false;
      for (auto [from, to] : arrows) {
        std::uint32_t by = add_counts(distance[to], 1);
        if (by < distance[from]) changed = true, distance[from] = by;
      }
      FuelScope::spend(arrows.size());
    }
    return *std::max_element(distance.begin(), distance.end());
  };
  auto loops = [&](std::size_t i) {
    return nodes_[states[i]].nullable && std::find(arrows.begin(), arrows.end(), std::pair{i, i}) != arrows.end();
  };
  if (states.size() > kMostStates) {
    reach = {kUnbounded, kUnbounded};
  } else {
    reach = {farthest([&](std::size_t i) { return nodes_[states[i]].nullable; }), farthest(loops)};
  }
  reaches_.emplace(r, reach);
  return reach;
}

RegexId RegexGraph::clip_intersection(RegexId r, std::uint32_t longest) {
  // Take the counters out: [C]{a,b} = [C]* & length{a,b}. The rest must be blind to lengths, or nearly so.
  ShortList<RegexId> others(members(r).begin(), members(r).end());
  std::uint32_t least = 0, most = kUnbounded;
  for (RegexId& part : others) {
    const RegexNode n = nodes_[part];
    bool run = n.kind == RegexKind::kRepeat && nodes_[n.a].kind == RegexKind::kChars;
    if (!run && n.kind != RegexKind::kLength) continue;
    least = std::max(least, n.b);
    most = std::min(most, n.c);
    part = run ? repeat(n.a, 0, kUnbounded) : kAnyText;
  }
  if (most == kUnbounded && least <= longest + 1) return r;
  RegexId rest = intersect(others);
  if (is_empty(rest)) return r;
  Reach reach = explore(rest);
  std::uint32_t needed = least > 0 ? reach.pump : reach.accept;
  if (needed == kUnbounded || (most != kUnbounded && most < std::uint64_t{longest} + needed)) return r;
  if (least == 0) return clip(rest, longest);
  RegexId clipped = clip(rest, longest);
  if (explore(clipped).pump == kUnbounded) clipped = rest;
  return intersect(length(std::min(least, longest + 1), kUnbounded), clipped);
}

}  // namespace maskforge
