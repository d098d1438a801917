// Brzozowski derivatives by classes of characters. The edges of a node are merged from the edges of its parts in one
// sweep over sorted ranges; an explicit stack takes the place of recursion, since a pattern's nullable beginnings may
// be long. Shifts (see graph.h) are the same kind of list for "the text moved on by one character outside this node".
// Covered by tests/csrc/test_regex.cc, tests/csrc/test_regex_exhaustive.cc.
#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"
#include "regex/graph.h"

namespace maskforge {

namespace {

void push_edge(RegexEdges& out, char32_t first, char32_t last, RegexId target) {
  if (target == RegexGraph::kNone || !trim_surrogates(first, last)) return;
  if (!out.empty() && out.back().target == target && adjacent(out.back().last, first)) {
    out.back().last = last;
  } else {
    out.push_back({first, last, target});
  }
}

// The last few answers of a sweep: classes such as \s and \S alternate, so the same combination comes back many times.
class RecentAnswers {
 public:
  static constexpr std::size_t kWidest = 8;

  RegexId* find(std::span<const RegexId> key) {
    for (std::size_t i = 0; i < std::min<std::size_t>(count_, kEntries); ++i) {
      if (std::equal(key.begin(), key.end(), keys_[i])) return &values_[i];
    }
    return nullptr;
  }
  void put(std::span<const RegexId> key, RegexId value) {
    std::size_t i = count_++ % kEntries;
    std::copy(key.begin(), key.end(), keys_[i]);
    values_[i] = value;
  }

 private:
  static constexpr std::size_t kEntries = 4;
  RegexId keys_[kEntries][kWidest];
  RegexId values_[kEntries];
  std::size_t count_ = 0;
};

// Calls op(targets) for each maximal range on which every list has one target (kNone where a list has no edge).
template <typename Op>
void sweep(std::span<const std::span<const RegexEdge>> lists, RegexEdges& out, Op op) {
  constexpr std::size_t kInline = 24;
  std::size_t at_inline[kInline];
  RegexId targets_inline[kInline];
  std::vector<std::size_t> at_heap;
  ShortList<RegexId> targets_heap;
  std::size_t* at = at_inline;
  RegexId* targets = targets_inline;
  if (lists.size() > kInline) {
    at_heap.resize(lists.size());
    targets_heap.resize(lists.size());
    at = at_heap.data();
    targets = targets_heap.data();
  }
  std::fill(at, at + lists.size(), 0);
  std::fill(targets, targets + lists.size(), RegexGraph::kNone);
  RegexId result = RegexGraph::kNone;
  RecentAnswers recent;
  std::span<const RegexId> key(targets, lists.size());
  for (char32_t pos = 0; pos <= kLastCodePoint;) {
    char32_t end = kLastCodePoint;
    bool changed = pos == 0;
    for (std::size_t i = 0; i < lists.size(); ++i) {
      std::span<const RegexEdge> list = lists[i];
      while (at[i] < list.size() && list[at[i]].last < pos) ++at[i];
      RegexId target = RegexGraph::kNone;
      if (at[i] < list.size()) {
        if (list[at[i]].first <= pos) {
          target = list[at[i]].target;
          end = std::min(end, list[at[i]].last);
        } else {
          end = std::min<char32_t>(end, list[at[i]].first - 1);
        }
      }
      changed |= target != targets[i];
      targets[i] = target;
    }
    if (changed) {
      RegexId* known = lists.size() <= RecentAnswers::kWidest ? recent.find(key) : nullptr;
      if (known != nullptr) {
        result = *known;
      } else {
        FuelScope::spend();
        result = op(key);
        if (lists.size() <= RecentAnswers::kWidest) recent.put(key, result);
      }
    }
    push_edge(out, pos, end, result);
    pos = end + 1;
  }
}

// The union of very many lists: only the lists that have an edge at a place are looked at there.
template <typename Op>
void sweep_sparse(std::span<const std::span<const RegexEdge>> lists, RegexEdges& out, Op op) {
  RegexEdges all;
  for (auto list : lists) all.insert(all.end(), list.begin(), list.end());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  RegexEdges active;
  ShortList<RegexId> targets;
  std::size_t next = 0;
  char32_t pos = 0;
  while (next < all.size() || !active.empty()) {
    if (active.empty()) pos = std::max(pos, all[next].first);
    while (next < all.size() && all[next].first <= pos) active.push_back(all[next++]);
    char32_t end = next < all.size() ? all[next].first - 1 : kLastCodePoint;
    targets.clear();
    for (const auto& edge : active) {
      end = std::min(end, edge.last);
      targets.push_back(edge.target);
    }
    FuelScope::spend(1 + targets.size() / 4);
    push_edge(out, pos, end, op(std::span<const RegexId>(targets)));
    pos = end + 1;
    std::erase_if(active, [&](const RegexEdge& edge) { return edge.last < pos; });
  }
}

}  // namespace

struct RegexGraph::Task {
  RegexId r;
  bool shift;
};

bool RegexGraph::need(std::vector<Task>& stack, RegexId r, bool shift) {
  const RegexNode& n = nodes_[r];
  if (shift ? (!n.looks_left || n.shifts != 0) : n.edges != 0) return false;
  stack.push_back({r, shift});
  return true;
}

// Pushes what the node's list is made from; true when all of it is there.
bool RegexGraph::ready(std::vector<Task>& stack, RegexId r, bool shift) {
  const RegexNode n = nodes_[r];
  bool waits = false;
  switch (n.kind) {
    case RegexKind::kConcat:
      waits |= need(stack, n.a, shift);
      if (nodes_[n.b].looks_left) waits |= need(stack, n.b, true);
      if (!shift && nodes_[n.a].nullable) waits |= need(stack, n.b, false);
      break;
    case RegexKind::kUnion:
    case RegexKind::kIntersect:
      for (std::uint32_t i = 0; i < n.b; ++i) waits |= need(stack, pool_[n.a + i], shift);
      break;
    case RegexKind::kComplement:
    case RegexKind::kLocal:
      waits |= need(stack, n.a, shift);
      break;
    case RegexKind::kRepeat:
      waits |= need(stack, n.a, shift);
      if (!shift && n.looks_left) waits |= need(stack, repeat_rest(n), true);
      break;
    case RegexKind::kBehind:
      if (shift) waits |= need(stack, n.a, false);
      break;
    case RegexKind::kAhead:
      if (!shift) throw MisuseError("regex: a lookahead outside its pattern");
      waits |= need(stack, n.a, true);
      break;
    case RegexKind::kLoop:
      if (shift) {
        waits |= need(stack, n.a, true);
        waits |= need(stack, n.b, true);
      } else {
        waits |= need(stack, expand_loop(r), false);
      }
      break;
    default:
      break;
  }
  return !waits;
}

void RegexGraph::compute(RegexId root, bool root_shift) {
  std::vector<Task> stack{{root, root_shift}};
  while (!stack.empty()) {
    auto [r, shift] = stack.back();
    if ((shift ? nodes_[r].shifts : nodes_[r].edges) != 0) {
      stack.pop_back();
      continue;
    }
    FuelScope::spend();
    if (!ready(stack, r, shift)) continue;
    stack.pop_back();
    RegexEdges list = shift ? compute_shifts(r) : compute_edges(r);
    list_bytes_ += sizeof(RegexEdges) + list.capacity() * sizeof(RegexEdge);
    edge_lists_.push_back(std::move(list));
    (shift ? nodes_[r].shifts : nodes_[r].edges) = static_cast<std::uint32_t>(edge_lists_.size());
  }
}

const RegexEdges& RegexGraph::edges(RegexId r) {
  if (nodes_[r].edges == 0) compute(r, false);
  return edge_lists_[nodes_[r].edges - 1];
}

RegexId RegexGraph::derive(RegexId r, char32_t c) {
  const RegexEdges& list = edges(r);
  auto it =
      std::upper_bound(list.begin(), list.end(), c, [](char32_t x, const RegexEdge& edge) { return x < edge.first; });
  return it != list.begin() && c <= std::prev(it)->last ? std::prev(it)->target : kNone;
}

RegexId RegexGraph::derive_alone(RegexId r, char32_t c, unsigned depth) {
  constexpr unsigned kDeepest = 24;
  constexpr std::uint32_t kMostParts = 16;
  const RegexNode n = nodes_[r];
  if (n.edges != 0 || n.looks_left || n.looks_ahead || depth > kDeepest) return derive(r, c);
  FuelScope::spend();
  auto part = [&](RegexId of) { return derive_alone(of, c, depth + 1); };
  switch (n.kind) {
    case RegexKind::kLength:
      return length(less_one(n.b), less_one(n.c));
    case RegexKind::kAutomaton: {
      const std::vector<CharClasses::Range>& all = automata_[n.a]->classes().ranges;
      auto range = std::ranges::lower_bound(all, c, {}, &CharClasses::Range::last);
      return range != all.end() && range->first <= c ? class_edge(r, range->id) : kNone;
    }
    case RegexKind::kConcat: {
      const RegexId first = concat_derived(part(n.a), n.b);
      return nodes_[n.a].nullable ? unite(first, part(n.b)) : first;
    }
    case RegexKind::kRepeat:
      return concat_derived(part(n.a), repeat_rest(n));
    case RegexKind::kComplement:
      return complement(part(n.a));
    case RegexKind::kUnion:
    case RegexKind::kIntersect: {
      if (n.b > kMostParts) return derive(r, c);
      RegexId parts[kMostParts];
      for (std::uint32_t i = 0; i < n.b; ++i) {
        parts[i] = part(pool_[n.a + i]);
        if (parts[i] == kNone && n.kind == RegexKind::kIntersect) return kNone;
      }
      const std::span<const RegexId> all(parts, n.b);
      return n.kind == RegexKind::kUnion ? unite(all) : intersect(all);
    }
    default:
      return derive(r, c);
  }
}

// A state of an automaton, or one with a bound on the length beside it: then `bound` is that.
RegexId RegexGraph::automaton_in(RegexId r, RegexId& bound) const {
  bound = kAnyText;
  if (nodes_[r].kind == RegexKind::kAutomaton) return r;
  if (nodes_[r].kind != RegexKind::kIntersect || nodes_[r].b != 2) return kNone;
  RegexId state = members(r)[0];
  bound = members(r)[1];
  if (nodes_[state].kind == RegexKind::kLength) std::swap(state, bound);
  return nodes_[state].kind == RegexKind::kAutomaton && nodes_[bound].kind == RegexKind::kLength ? state : kNone;
}

const CharClasses* RegexGraph::classes(RegexId r) const {
  RegexId bound;
  const RegexId state = automaton_in(r, bound);
  return state == kNone ? nullptr : &automata_[nodes_[state].a]->classes();
}

RegexId RegexGraph::class_edge(RegexId r, std::uint32_t character_class) {
  RegexId bound;
  const RegexNode n = nodes_[automaton_in(r, bound)];
  FuelScope::spend();
  const RegexId next = automaton_state(n.a, automata_[n.a]->next(state_of(n), character_class));
  if (bound == kAnyText || next == kNone) return next;
  const RegexNode length = nodes_[bound];
  return intersect(next, this->length(less_one(length.b), less_one(length.c)));
}

// What a repetition leaves after one turn has begun. Where the body may be empty here, the turns still owed may be,
// too.
RegexId RegexGraph::repeat_rest(const RegexNode& n) {
  std::uint32_t least = nodes_[n.a].nullable || n.b == 0 ? 0 : n.b - 1;
  return repeat(n.a, least, less_one(n.c));
}

// (x|y)·t as x·t | y·t for a few members: the pieces of a loop's turns then meet and their counters merge.
RegexId RegexGraph::concat_derived(RegexId derived, RegexId rest) {
  if (rest == kEpsilon || derived == kNone) return derived;
  const RegexNode& n = nodes_[derived];
  constexpr std::uint32_t kMost = 16;
  if (n.kind != RegexKind::kUnion || n.b > kMost) return concat(derived, rest);
  RegexId parts[kMost];
  std::uint32_t count = n.b;
  std::copy_n(pool_.begin() + n.a, count, parts);
  for (std::uint32_t i = 0; i < count; ++i) parts[i] = concat(parts[i], rest);
  return unite(std::span<const RegexId>(parts, count));
}

std::span<const RegexEdge> RegexGraph::shift_span(RegexId r, RegexEdge& whole) const {
  if (nodes_[r].looks_left) return edge_lists_[nodes_[r].shifts - 1];
  whole = {0, kLastCodePoint, r};
  return {&whole, r == kNone ? 0u : 1u};
}

// The edges of first·rest without those that begin in `rest`.
void RegexGraph::concat_edges(RegexId first, RegexId rest, RegexEdges& out) {
  if (nodes_[rest].looks_left) {
    std::span<const RegexEdge> lists[2] = {edge_span(first), edge_lists_[nodes_[rest].shifts - 1]};
    sweep(lists, out, [&](std::span<const RegexId> t) { return t[0] == kNone ? kNone : concat_derived(t[0], t[1]); });
    return;
  }
  std::span<const RegexEdge> list = edge_span(first);
  out.reserve(list.size());
  RegexId last = kNone, result = kNone;
  for (const RegexEdge& edge : list) {
    if (edge.target != last) {
      last = edge.target;
      result = concat_derived(last, rest);
      FuelScope::spend();
    }
    push_edge(out, edge.first, edge.last, result);
  }
}

void RegexGraph::words_edges(RegexNode n, RegexEdges& out) {
  const std::vector<std::u32string>& words = word_lists_[n.a].words;
  std::uint32_t i = n.b;
  if (words[i].size() == n.d) ++i;  // the shortest comes first
  while (i < n.c) {
    char32_t c = words[i][n.d];
    auto beyond =
        std::partition_point(words.begin() + i, words.begin() + n.c, [&](const auto& w) { return w[n.d] <= c; });
    std::uint32_t end = static_cast<std::uint32_t>(beyond - words.begin());
    FuelScope::spend();
    push_edge(out, c, c, words_range(n.a, i, end, n.d + 1));
    i = end;
  }
}

RegexEdges RegexGraph::compute_edges(RegexId r) {
  const RegexNode n = nodes_[r];
  RegexEdges out;
  auto unite_all = [&](std::span<const RegexId> targets) { return unite(targets); };
  switch (n.kind) {
    case RegexKind::kNone:
    case RegexKind::kEpsilon:
    case RegexKind::kBehind:
    case RegexKind::kAhead:
      break;
    case RegexKind::kChars:
      out.reserve(ranges(r).size());
      for (const auto& range : ranges(r)) out.push_back({range.first, range.last, kEpsilon});
      break;
    case RegexKind::kLength:
      push_edge(out, 0, kLastCodePoint, length(less_one(n.b), less_one(n.c)));
      break;
    case RegexKind::kWords:
      words_edges(n, out);
      break;
    case RegexKind::kAutomaton: {
      const CharClasses& classes = automata_[n.a]->classes();
      ShortList<RegexId> targets(classes.count);
      for (std::uint32_t i = 0; i < classes.count; ++i) targets[i] = class_edge(r, i);
      for (const CharClasses::Range& range : classes.ranges) push_edge(out, range.first, range.last, targets[range.id]);
      break;
    }
    case RegexKind::kConcat:
      concat_edges(n.a, n.b, out);
      if (nodes_[n.a].nullable) {
        RegexEdges begun = std::move(out);
        out.clear();
        std::span<const RegexEdge> lists[2] = {begun, edge_span(n.b)};
        sweep(lists, out, [&](std::span<const RegexId> t) { return unite(t[0], t[1]); });
      }
      break;
    case RegexKind::kUnion:
    case RegexKind::kIntersect: {
      std::vector<std::span<const RegexEdge>> lists(n.b);
      for (std::uint32_t i = 0; i < n.b; ++i) lists[i] = edge_span(pool_[n.a + i]);
      constexpr std::size_t kFew = 16;
      if (n.kind == RegexKind::kIntersect) {
        sweep(lists, out, [&](std::span<const RegexId> t) {
          for (RegexId target : t) {
            if (target == kNone) return kNone;
          }
          return intersect(t);
        });
      } else if (lists.size() <= kFew) {
        sweep(lists, out, unite_all);
      } else {
        sweep_sparse(lists, out, unite_all);
      }
      break;
    }
    case RegexKind::kComplement: {
      std::span<const RegexEdge> lists[1] = {edge_span(n.a)};
      sweep(lists, out, [&](std::span<const RegexId> t) { return complement(t[0]); });
      break;
    }
    case RegexKind::kRepeat:
      concat_edges(n.a, repeat_rest(n), out);
      break;
    case RegexKind::kLocal:
      for (const RegexEdge& edge : edge_span(n.a)) push_edge(out, edge.first, edge.last, local(edge.target));
      break;
    case RegexKind::kLoop: {
      std::span<const RegexEdge> list = edge_span(expand_loop(r));
      out.assign(list.begin(), list.end());
      break;
    }
  }
  FuelScope::spend(out.size() / 8);
  return out;
}

RegexEdges RegexGraph::compute_shifts(RegexId r) {
  const RegexNode n = nodes_[r];
  bool is_list = n.kind == RegexKind::kUnion || n.kind == RegexKind::kIntersect;
  RegexEdges out, whole(is_list ? n.b : 2);
  auto map = [&](std::span<const RegexEdge> list, auto op) {
    std::span<const RegexEdge> lists[1] = {list};
    sweep(lists, out, [&](std::span<const RegexId> t) { return op(t[0]); });
  };
  switch (n.kind) {
    case RegexKind::kConcat:
    case RegexKind::kLoop: {
      std::span<const RegexEdge> lists[2] = {shift_span(n.a, whole[0]), shift_span(n.b, whole[1])};
      sweep(lists, out, [&](std::span<const RegexId> t) {
        return n.kind == RegexKind::kConcat ? concat(t[0], t[1]) : resolve(t[0], t[1]);
      });
      break;
    }
    case RegexKind::kUnion:
    case RegexKind::kIntersect: {
      std::vector<std::span<const RegexEdge>> lists(n.b);
      for (std::uint32_t i = 0; i < n.b; ++i) lists[i] = shift_span(pool_[n.a + i], whole[i]);
      sweep(lists, out,
            [&](std::span<const RegexId> t) { return n.kind == RegexKind::kUnion ? unite(t) : intersect(t); });
      break;
    }
    case RegexKind::kComplement:
      map(shift_span(n.a, whole[0]), [&](RegexId t) { return complement(t); });
      break;
    case RegexKind::kRepeat:
      map(shift_span(n.a, whole[0]), [&](RegexId t) { return repeat(t, n.b, n.c); });
      break;
    case RegexKind::kBehind:
      map(edge_span(n.a), [&](RegexId t) { return behind(t); });
      break;
    case RegexKind::kAhead:
      map(shift_span(n.a, whole[0]), [&](RegexId t) { return ahead(t); });
      break;
    default:
      throw MisuseError("regex: a node without lookbehind was shifted");
  }
  return out;
}

}  // namespace maskforge
