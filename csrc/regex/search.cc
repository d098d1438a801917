// Questions that walk the derivative graph: emptiness, membership, counting, a shortest word.
//
// Emptiness is decided from attributes for everything plain; otherwise the parts of unions and concatenations answer
// for them, and what is left (intersections, complements, lookaround) is searched best first by how much its members
// still need. A state is empty if and only if no nullable state can be reached, so a search that ends without one
// proves all it visited empty. An intersection with a length range is asked as "which lengths does the rest have?":
// sets of states after k characters, with periods skipped, instead of one state per remaining length. Covered by
// tests/csrc/test_regex.cc.
#include <algorithm>
#include <map>
#include <queue>

#include "base/fuel.h"
#include "regex/graph.h"

namespace maskforge {

namespace {

// A heap entry: the estimate, then first come first served.
struct Candidate {
  std::uint64_t estimate;
  std::uint32_t order;
  RegexId state;
  bool operator<(const Candidate& other) const {
    return estimate != other.estimate ? estimate > other.estimate : order > other.order;
  }
};

}  // namespace

bool RegexGraph::settled(RegexId r, bool& empty) {
  const RegexNode& n = nodes_[r];
  if (r == kNone || n.alive || n.nullable) {
    empty = r == kNone;
    return true;
  }
  empty = n.emptiness == RegexNode::Emptiness::kEmpty;
  return n.emptiness != RegexNode::Emptiness::kUnknown;
}

bool RegexGraph::remember_empty(RegexId r, bool empty) {
  nodes_[r].emptiness = empty ? RegexNode::Emptiness::kEmpty : RegexNode::Emptiness::kNotEmpty;
  return empty;
}

bool RegexGraph::is_empty(RegexId r) {
  bool empty = false;
  if (settled(r, empty)) return empty;
  const RegexNode n = nodes_[r];
  FuelScope::spend();
  if (n.kind == RegexKind::kUnion) {
    for (std::uint32_t i = 0; i < n.b; ++i) {
      if (!is_empty(pool_[n.a + i])) return remember_empty(r, false);
    }
    return remember_empty(r, true);
  }
  if (n.kind == RegexKind::kLocal) return remember_empty(r, is_empty(n.a));
  if (!n.looks_left && n.kind == RegexKind::kRepeat) return remember_empty(r, is_empty(n.a));
  if (!n.looks_left && n.kind == RegexKind::kConcat) {
    RegexId rest = r;
    for (; nodes_[rest].kind == RegexKind::kConcat && !nodes_[rest].alive; rest = nodes_[rest].b) {
      FuelScope::spend();
      if (is_empty(nodes_[rest].a)) return remember_empty(r, true);
    }
    return remember_empty(r, nodes_[rest].kind != RegexKind::kConcat && is_empty(rest));
  }
  return search_empty(r);
}

// Of how much is left to read until a word ends: of an intersection what all its members still need, one after the
// other, though one character may serve several. A path to a word that has to meet many things meets them one by one.
std::uint64_t RegexGraph::search_estimate(RegexId r) const {
  const RegexNode& n = nodes_[r];
  if (n.kind != RegexKind::kIntersect) return n.min_length;
  std::uint64_t all = 0;
  for (std::uint32_t i = 0; i < n.b; ++i) all += nodes_[pool_[n.a + i]].min_length;
  return all;
}

bool RegexGraph::search_empty(RegexId r) {
  constexpr std::uint32_t kFirstTry = 256;  // expansions before a special method takes over, if one fits
  constexpr std::uint32_t kFewWords = 64;
  bool empty = false;
  const RegexNode root = nodes_[r];
  bool special = false;
  if (root.kind == RegexKind::kIntersect && !root.looks_left) {
    for (std::uint32_t i = 0; i < root.b; ++i) {
      const RegexNode& n = nodes_[pool_[root.a + i]];
      special |= n.kind == RegexKind::kLength || n.kind == RegexKind::kWords;
      if (n.kind == RegexKind::kWords && n.c - n.b <= kFewWords && search_words(r, empty))
        return remember_empty(r, empty);
    }
  }
  std::unordered_map<RegexId, RegexId> parents{{r, kNone}};
  std::priority_queue<Candidate> open;
  std::uint32_t order = 0;
  open.push({search_estimate(r), order++, r});
  auto found = [&](RegexId at) {
    for (; at != kNone; at = parents.at(at)) remember_empty(at, false);
    return false;
  };
  for (std::uint32_t expanded = 0; !open.empty(); ++expanded) {
    if (special && expanded == kFirstTry && (search_words(r, empty) || search_by_length(r, empty))) {
      return remember_empty(r, empty);
    }
    RegexId state = open.top().state;
    open.pop();
    const RegexEdges& list = edges(state);
    FuelScope::spend(list.size());
    for (const RegexEdge& edge : list) {
      bool known_empty = false;
      if (settled(edge.target, known_empty)) {
        if (!known_empty) return found(state);
        continue;
      }
      if (parents.emplace(edge.target, state).second) open.push({search_estimate(edge.target), order++, edge.target});
    }
  }
  for (const auto& [state, parent] : parents) remember_empty(state, true);
  return true;
}

// An intersection with a word list: ask the other members about each word.
bool RegexGraph::search_words(RegexId r, bool& empty) {
  ShortList<RegexId> others(members(r).begin(), members(r).end());
  auto it = std::find_if(others.begin(), others.end(), [&](RegexId m) { return nodes_[m].kind == RegexKind::kWords; });
  if (it == others.end()) return false;
  const RegexNode n = nodes_[*it];
  others.erase(it);
  RegexId rest = intersect(others);
  empty = true;
  for (std::uint32_t k = n.b; k < n.c && empty; ++k) empty = !matches(rest, word(n, k).substr(n.d));
  return true;
}

// length{a,b} & rest: is there a word of `rest` whose length is in the range?
bool RegexGraph::search_by_length(RegexId r, bool& empty) {
  ShortList<RegexId> others(members(r).begin(), members(r).end());
  auto it = std::find_if(others.begin(), others.end(), [&](RegexId m) { return nodes_[m].kind == RegexKind::kLength; });
  if (it == others.end()) return false;
  const std::uint64_t least = nodes_[*it].b;
  const std::uint64_t most = nodes_[*it].c == kUnbounded ? ~std::uint64_t{0} : nodes_[*it].c;
  others.erase(it);
  ShortList<RegexId> states{intersect(others)}, next, landmark;  // the states after `read` characters
  std::uint64_t landmark_at = 0, next_landmark = 1;
  empty = false;
  for (std::uint64_t read = 0; read <= most; ++read) {
    if (states.empty()) break;
    next.clear();
    for (RegexId state : states) {
      const RegexNode n = nodes_[state];
      std::uint64_t low = least > read ? least - read : 0, high = most - read;
      if (n.nullable && low == 0) return true;
      if (n.dense && n.min_length <= high && (n.max_length == kUnbounded || n.max_length >= low)) return true;
      if (n.max_length != kUnbounded && n.max_length < low) continue;
      if (n.min_length > high) continue;
      const RegexEdges& list = edges(state);
      FuelScope::spend(list.size());
      for (const RegexEdge& edge : list) next.push_back(edge.target);
    }
    std::sort(next.begin(), next.end());
    next.erase(std::unique(next.begin(), next.end()), next.end());
    std::swap(states, next);
    if (states == landmark) {
      std::uint64_t period = read + 1 - landmark_at;
      if (read + 1 >= least + period) break;  // a whole period beyond the least length without a word
      if (read + 1 < least) read += (least - read - 1) / period * period;
    }
    if (read + 1 >= next_landmark) {
      landmark = states;
      landmark_at = read + 1;
      next_landmark = landmark_at * 2;
    }
  }
  empty = true;
  return true;
}

bool RegexGraph::matches(RegexId r, std::u32string_view text) {
  for (char32_t c : text) {
    FuelScope::spend();
    r = derive(r, c);
    if (r == kNone) return false;
  }
  return nodes_[r].nullable;
}

std::uint64_t RegexGraph::count_words(RegexId r, std::uint64_t limit) {
  // Count by length first: most infinite or huge languages pass the limit within a few steps.
  constexpr int kSteps = 64;
  constexpr std::size_t kMostStates = 512;
  if (limit == 0 || is_empty(r)) return 0;
  const RegexNode n = nodes_[r];
  if (n.kind == RegexKind::kWords) return std::min<std::uint64_t>(limit, n.c - n.b);
  auto times = [&](std::uint64_t count, std::uint64_t factor) {
    return count > limit / factor ? limit : std::min(limit, count * factor);
  };
  std::map<RegexId, std::uint64_t> layer{{r, 1}}, next;
  std::uint64_t total = 0;
  for (int step = 0; step < kSteps && layer.size() <= kMostStates; ++step) {
    next.clear();
    for (const auto& [state, count] : layer) {
      if (nodes_[state].nullable) total = std::min(limit, total + count);  // both are at most limit: see times
      if (total >= limit) return limit;
      for (const RegexEdge& edge : edges(state)) {
        if (is_empty(edge.target)) continue;
        std::uint64_t& sum = next[edge.target];
        std::uint64_t more = times(count, scalar_count(edge.first, edge.last));
        sum = more > limit - sum ? limit : sum + more;
      }
    }
    std::swap(layer, next);
    if (layer.empty()) return total;
  }
  return count_exactly(r, limit);
}

std::optional<ListedWords> RegexGraph::listed(RegexId r) {
  constexpr std::size_t kLongestLiteral = 64;  // characters in a chain; longer words are lists
  const RegexNode n = nodes_[r];
  if (n.kind == RegexKind::kWords) {
    const std::vector<std::u32string>& words = word_lists_[n.a].words;
    return ListedWords{std::span(words).subspan(n.b, n.c - n.b), n.d};
  }
  if (n.kind != RegexKind::kChars && n.kind != RegexKind::kConcat && r != kEpsilon) return std::nullopt;
  auto known = literals_.find(r);
  if (known == literals_.end()) {
    std::u32string word;
    for (RegexId at = r; at != kEpsilon; at = tail(at)) {
      const RegexId first = head(at);
      if (nodes_[first].kind != RegexKind::kChars || word.size() == kLongestLiteral) return std::nullopt;
      const CharSpan set = ranges(first);
      if (set.size() != 1 || set[0].first != set[0].last) return std::nullopt;
      word.push_back(set[0].first);
    }
    list_bytes_ += sizeof(word) + 48 + word.capacity() * sizeof(char32_t);
    known = literals_.emplace(r, std::move(word)).first;
  }
  return ListedWords{std::span(&known->second, 1), 0};
}

// Depth first with memory; a live state met again on its own path means infinitely many words.
std::uint64_t RegexGraph::count_exactly(RegexId r, std::uint64_t limit) {
  struct Visit {
    RegexId state;
    std::size_t edge;
    std::uint64_t sum;
  };
  constexpr std::uint64_t kOnPath = ~std::uint64_t{0};
  std::unordered_map<RegexId, std::uint64_t> known;
  std::vector<Visit> path;
  std::uint64_t result = 0;
  auto enter = [&](RegexId state) {
    known[state] = kOnPath;
    path.push_back({state, 0, nodes_[state].nullable ? std::min<std::uint64_t>(1, limit) : 0});
  };
  auto saturated = [&](std::uint64_t a, std::uint64_t b) { return b > limit - std::min(a, limit) ? limit : a + b; };
  enter(r);
  while (!path.empty()) {
    Visit& visit = path.back();
    const RegexEdges& list = edges(visit.state);
    if (visit.edge == list.size()) {
      result = known[visit.state] = visit.sum;
      path.pop_back();
      continue;
    }
    const RegexEdge edge = list[visit.edge];
    FuelScope::spend();
    if (is_empty(edge.target)) {
      ++visit.edge;
      continue;
    }
    auto it = known.find(edge.target);
    if (it == known.end()) {
      enter(edge.target);
      continue;
    }
    if (it->second == kOnPath) return limit;
    std::uint64_t width = scalar_count(edge.first, edge.last);
    std::uint64_t more = it->second > limit / width ? limit : it->second * width;
    visit.sum = saturated(visit.sum, more);
    ++visit.edge;
  }
  return std::min(result, limit);
}

std::optional<std::u32string> RegexGraph::shortest_word(RegexId r) {
  if (is_empty(r)) return std::nullopt;
  struct Reached {
    std::uint64_t distance;
    RegexId parent;
    char32_t by;
  };
  std::unordered_map<RegexId, Reached> reached{{r, {0, kNone, 0}}};
  std::priority_queue<Candidate> open;  // A*: min_length never overestimates
  std::uint32_t order = 0;
  open.push({nodes_[r].min_length, order++, r});
  while (!open.empty()) {
    Candidate top = open.top();
    open.pop();
    std::uint64_t distance = reached.at(top.state).distance;
    if (top.estimate > distance + nodes_[top.state].min_length) continue;  // reached by a shorter way since
    if (nodes_[top.state].nullable) {
      std::u32string text;
      for (RegexId at = top.state; at != r || distance != 0;) {
        const Reached& step = reached.at(at);
        if (step.distance == 0) break;
        text.push_back(step.by);
        at = step.parent;
      }
      std::reverse(text.begin(), text.end());
      return text;
    }
    const RegexEdges& list = edges(top.state);
    FuelScope::spend(1 + list.size());
    for (const RegexEdge& edge : list) {
      auto [it, fresh] = reached.emplace(edge.target, Reached{distance + 1, top.state, edge.first});
      if (!fresh && it->second.distance <= distance + 1) continue;
      it->second = {distance + 1, top.state, edge.first};
      open.push({distance + 1 + nodes_[edge.target].min_length, order++, edge.target});
    }
  }
  return std::nullopt;
}

}  // namespace maskforge
