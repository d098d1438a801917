// Union, intersection and complement of regex nodes. A union is brought to a form that depends on the set of its
// members as little on the way they arose as is cheap:
//   p·x | p·y = p·(x|y)      r{a,b}·t | r{c,d}·t = r{min,max}·t where the intervals touch      t | r{1,b}·t = r{0,b}·t
//   [A]·t | [B]·t = [AB]·t   any·t | s·t = any·t
// An unrolled lookahead loop yields formulas such as a & (x | a & (x | ..)) that would grow with each turn. Where a
// Loop takes part, intersections are distributed over unions and clauses that include another clause are dropped: the
// minimal disjunctive form of a positive formula is unique, so there are finitely many.
//
// The counters' simplifications are there so that the derivatives of ([a-z]+,?){0,500} and (.*a){0,300} stay one node
// instead of hundreds. Covered by tests/csrc/test_regex.cc.
#include <algorithm>

#include "base/fuel.h"
#include "base/stack.h"
#include "regex/graph.h"

namespace maskforge {

struct RegexGraph::Counter {
  RegexId body;
  std::uint32_t least, most;
  RegexId tail;
};

RegexGraph::Counter RegexGraph::as_counter(RegexId r) const {
  RegexId first = head(r), rest = tail(r);
  const RegexNode& n = nodes_[first];
  if (n.kind == RegexKind::kRepeat) return {n.a, n.b, n.c, rest};
  if (n.kind == RegexKind::kLength) return {kAnyChar, n.b, n.c, rest};
  return {first, 1, 1, rest};
}

RegexId RegexGraph::merge_pair(RegexId x, RegexId y) {
  RegexId hx = head(x), hy = head(y);
  if (hx == hy) {
    RegexId pair[2] = {x, y};
    return factor(pair);
  }
  Counter cx = as_counter(x), cy = as_counter(y);
  if (cx.tail == cy.tail) {
    RegexKind kx = nodes_[cx.body].kind, ky = nodes_[cy.body].kind;
    if (cx.body == cy.body) {
      if (cx.least > cy.least) std::swap(cx, cy);
      if (cy.least <= add_counts(cx.most, 1)) {
        return concat(repeat(cx.body, cx.least, std::max(cx.most, cy.most)), cx.tail);
      }
    } else if (cx.least == 1 && cx.most == 1 && cy.least == 1 && cy.most == 1 && kx == RegexKind::kChars &&
               ky == RegexKind::kChars) {
      return concat(chars(unite_sets(ranges(cx.body), ranges(cy.body))), cx.tail);
    }
    if (hx == kAnyText) return x;
    if (hy == kAnyText) return y;
  }
  // t beside r{1,b}·t or r{0,b}·t
  if (cy.tail == x && cy.least <= 1 && y != x) return cy.least == 0 ? y : concat(repeat(cy.body, 0, cy.most), x);
  if (cx.tail == y && cx.least <= 1 && y != x) return cx.least == 0 ? x : concat(repeat(cx.body, 0, cx.most), y);
  if (x == kEpsilon && always_nullable(y)) return y;
  if (y == kEpsilon && always_nullable(x)) return x;
  return kNoMerge;
}

// p·(the rests) for members that all begin with p, taking the longest common p in one go: a loop, since p may be long.
RegexId RegexGraph::factor(std::span<const RegexId> group) {
  ShortList<RegexId> rests(group.begin(), group.end()), prefix;
  for (;;) {
    RegexId first = head(rests[0]);
    if (first == kEpsilon || !std::all_of(rests.begin(), rests.end(), [&](RegexId r) { return head(r) == first; }))
      break;
    prefix.push_back(first);
    for (RegexId& r : rests) r = tail(r);
    FuelScope::spend(rests.size());
  }
  RegexId result = unite(rests);
  for (std::size_t i = prefix.size(); i-- > 0;) result = concat(prefix[i], result);
  return result;
}

void RegexGraph::merge_union(ShortList<RegexId>& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      RegexId merged = merge_pair(parts[j], parts[i]);
      if (merged == kNoMerge) continue;
      parts.erase(parts.begin() + i);
      parts.erase(parts.begin() + j);
      if (std::find(parts.begin(), parts.end(), merged) == parts.end()) parts.push_back(merged);
      i = static_cast<std::size_t>(-1);  // start again: the new member may merge further
      break;
    }
    if (i + 1 == 0 && parts.size() < 2) return;
  }
}

// The same for many members: groups found by sorting, so that a thousand alternatives cost a sort and not their square.
void RegexGraph::merge_large_union(ShortList<RegexId>& parts) {
  ShortList<RegexId> next;
  std::sort(parts.begin(), parts.end(), [&](RegexId x, RegexId y) { return head(x) < head(y); });
  for (std::size_t i = 0, j; i < parts.size(); i = j) {
    for (j = i + 1; j < parts.size() && head(parts[j]) == head(parts[i]);) ++j;
    next.push_back(j - i == 1 ? parts[i] : factor({parts.data() + i, j - i}));
  }
  auto key = [&](RegexId r) {
    Counter c = as_counter(r);
    return std::make_tuple(
        c.tail, nodes_[c.body].kind == RegexKind::kChars && c.least == 1 && c.most == 1 ? 0u : c.body + 1, c.least);
  };
  std::sort(next.begin(), next.end(), [&](RegexId x, RegexId y) { return key(x) < key(y); });
  parts.clear();
  for (RegexId r : next) {
    RegexId merged = parts.empty() ? kNoMerge : merge_pair(parts.back(), r);
    if (merged == kNoMerge) {
      parts.push_back(r);
    } else {
      parts.back() = merged;
    }
  }
  if (std::find(parts.begin(), parts.end(), kEpsilon) != parts.end()) {
    bool covered =
        std::any_of(parts.begin(), parts.end(), [&](RegexId r) { return r != kEpsilon && always_nullable(r); });
    if (covered) parts.erase(std::find(parts.begin(), parts.end(), kEpsilon));
  }
}

// In a union: x | (x & y) = x, so members that contain another member of the dual kind's list go. In an intersection
// alike.
void RegexGraph::absorb(ShortList<RegexId>& parts, RegexKind inner) const {
  constexpr std::size_t kMost = 64;
  if (parts.size() > kMost) return;
  auto covered = [&](RegexId r) {
    if (nodes_[r].kind != inner) return false;
    std::span<const RegexId> list = members(r);
    return std::any_of(parts.begin(), parts.end(), [&](RegexId other) {
      return other != r && std::binary_search(list.begin(), list.end(), other);
    });
  };
  parts.erase(std::remove_if(parts.begin(), parts.end(), covered), parts.end());
}

// In a union of intersections: a clause that includes all members of another one is absorbed by it.
void RegexGraph::absorb_clauses(ShortList<RegexId>& parts) const {
  auto covered = [&](RegexId r) {
    if (nodes_[r].kind != RegexKind::kIntersect || !nodes_[r].loops) return false;
    std::span<const RegexId> list = members(r);
    return std::any_of(parts.begin(), parts.end(), [&](RegexId other) {
      if (other == r || nodes_[other].kind != RegexKind::kIntersect) return false;
      std::span<const RegexId> fewer = members(other);
      return std::includes(list.begin(), list.end(), fewer.begin(), fewer.end());
    });
  };
  ShortList<RegexId> kept;
  for (RegexId r : parts) {
    FuelScope::spend();
    if (!covered(r)) kept.push_back(r);
  }
  parts = std::move(kept);
}

RegexId RegexGraph::unite(RegexId a, RegexId b) {
  if (a == b || b == kNone) return a;
  if (a == kNone) return b;
  RegexId pair[2] = {a, b};
  return unite(pair);
}

RegexId RegexGraph::unite(std::span<const RegexId> given) {
  constexpr int kDeepest = 200;  // factoring recurses into common beginnings; deeper unions stay unfactored
  ShortList<RegexId> parts;
  parts.reserve(given.size() + 4);
  RegexId inverted = kAnyText;  // the intersection of what is complemented: ~a | ~b = ~(a & b)
  bool any_intersect = false;
  auto add = [&](RegexId r) {
    if (r != kNone) parts.push_back(r);
  };
  for (RegexId r : given) {
    if (r == kAnyText) return kAnyText;
    if (nodes_[r].kind == RegexKind::kUnion) {
      for (RegexId member : members(r)) add(member);
    } else {
      add(r);
    }
  }
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  int complements = 0;
  for (RegexId r : parts) {
    RegexKind kind = nodes_[r].kind;
    complements += kind == RegexKind::kComplement;
    any_intersect |= kind == RegexKind::kIntersect;
  }
  if (complements > 0) {
    for (RegexId r : parts) {
      if (nodes_[r].kind == RegexKind::kComplement && std::binary_search(parts.begin(), parts.end(), nodes_[r].a))
        return kAnyText;
    }
  }
  if (complements > 1) {
    Stack::check();
    ShortList<RegexId> inner;
    erase_if(parts, [&](RegexId r) {
      if (nodes_[r].kind != RegexKind::kComplement) return false;
      inner.push_back(nodes_[r].a);
      return true;
    });
    inverted = complement(intersect(inner));
    parts.push_back(inverted);
    return unite(parts);
  }
  if (any_intersect) {
    absorb(parts, RegexKind::kIntersect);
    if (std::any_of(parts.begin(), parts.end(), [&](RegexId r) { return nodes_[r].loops; })) absorb_clauses(parts);
  }
  if (parts.empty()) return kNone;
  if (parts.size() == 1) return parts[0];
  if (union_depth_ < kDeepest) {
    struct Depth {
      int& depth;
      explicit Depth(int& d) : depth(d) { ++depth; }
      ~Depth() { --depth; }
    } guard(union_depth_);
    if (union_depth_ > 1) Stack::check();
    constexpr std::size_t kSmall = 12;
    if (parts.size() > kSmall) {
      FuelScope::spend(parts.size());
      merge_large_union(parts);
    }
    if (parts.size() <= kSmall) merge_union(parts);
    bool flat = std::none_of(parts.begin(), parts.end(), [&](RegexId r) {
      return r == kAnyText || r == kNone || nodes_[r].kind == RegexKind::kUnion;
    });
    if (parts.size() == 1) return parts[0];
    if (!flat) return unite(parts);
    std::sort(parts.begin(), parts.end());
    parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
    if (parts.size() == 1) return parts[0];
  }
  return intern_list(RegexKind::kUnion, parts);
}

RegexId RegexGraph::intersect(RegexId a, RegexId b) {
  if (a == b || b == kAnyText) return a;
  if (a == kAnyText) return b;
  if (a == kNone || b == kNone) return kNone;
  RegexId pair[2] = {a, b};
  return intersect(pair);
}

RegexId RegexGraph::intersect(std::span<const RegexId> given) {
  ShortList<RegexId> parts, inverted;
  parts.reserve(given.size() + 4);
  std::uint32_t least = 0, most = kUnbounded;  // the length members, as one
  CharSet set;
  bool has_set = false, any_union = false;
  auto add = [&](RegexId r) {
    const RegexNode& n = nodes_[r];
    if (n.kind == RegexKind::kLength || n.kind == RegexKind::kEpsilon) {
      least = std::max(least, n.b);
      most = std::min(most, n.c);
    } else if (n.kind == RegexKind::kComplement) {
      inverted.push_back(n.a);
    } else if (n.kind == RegexKind::kChars) {
      set = has_set ? intersect_sets(set, ranges(r)) : CharSet(ranges(r).begin(), ranges(r).end());
      has_set = true;
    } else {
      any_union |= n.kind == RegexKind::kUnion;
      parts.push_back(r);
    }
  };
  for (RegexId r : given) {
    if (r == kNone) return kNone;
    if (nodes_[r].kind == RegexKind::kIntersect) {
      for (RegexId member : members(r)) add(member);
    } else {
      add(r);
    }
  }
  if (has_set) {
    RegexId merged = chars(std::move(set));
    if (merged == kNone) return kNone;
    if (merged == kAnyChar) {
      least = std::max(least, 1u);
      most = std::min(most, 1u);
    } else {
      parts.push_back(merged);
    }
  }
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  if (!inverted.empty()) {
    Stack::check();
    // ~a & ~b = ~(a | b): one complement, and the union simplifies.
    RegexId outside = unite(inverted);
    if (outside == kAnyText || std::binary_search(parts.begin(), parts.end(), outside)) return kNone;
    if (nodes_[outside].kind == RegexKind::kUnion) {
      for (RegexId member : members(outside)) {
        if (std::binary_search(parts.begin(), parts.end(), member)) return kNone;
      }
    }
    RegexId inside = complement(outside);
    if (nodes_[inside].kind != RegexKind::kComplement) {  // it became something plain: take it in as such
      parts.push_back(inside);
      parts.push_back(length(least, most));
      return intersect(parts);
    }
    if (inside != kAnyText) parts.insert(std::lower_bound(parts.begin(), parts.end(), inside), inside);
  }
  if (any_union) {
    absorb(parts, RegexKind::kUnion);
    auto formula = std::find_if(parts.begin(), parts.end(),
                                [&](RegexId r) { return nodes_[r].kind == RegexKind::kUnion && nodes_[r].loops; });
    if (formula != parts.end()) {
      Stack::check();
      ShortList<RegexId> clauses(members(*formula).begin(), members(*formula).end());
      *formula = length(least, most);
      for (RegexId& clause : clauses) {
        parts.push_back(clause);
        clause = intersect(parts);
        parts.pop_back();
      }
      return unite(clauses);
    }
  }
  std::uint32_t shortest = 0, longest = kUnbounded;
  CharMask holds = kEveryClass, needs = 0;
  for (RegexId r : parts) {
    shortest = std::max(shortest, nodes_[r].min_length);
    longest = std::min(longest, nodes_[r].max_length);
    holds &= nodes_[r].holds;
    needs |= nodes_[r].needs;
  }
  if (least > most || shortest > longest || least > longest || shortest > most) return kNone;
  if ((needs & ~holds) != 0) return kNone;
  if (most == 0 && std::none_of(parts.begin(), parts.end(), [&](RegexId r) { return nodes_[r].looks_left; })) {
    return std::all_of(parts.begin(), parts.end(), [&](RegexId r) { return nodes_[r].nullable; }) ? kEpsilon : kNone;
  }
  // A bound that the other members keep anyway says nothing.
  if (shortest >= least) least = 0;
  if (longest <= most) most = kUnbounded;
  if (least > 0 || most != kUnbounded || parts.empty()) {
    RegexId bound = length(least, most);
    if (parts.empty()) return bound;
    parts.insert(std::lower_bound(parts.begin(), parts.end(), bound), bound);
  }
  if (parts.size() == 1) return parts[0];
  return intern_list(RegexKind::kIntersect, parts);
}

RegexId RegexGraph::complement(RegexId part) {
  const RegexNode n = nodes_[part];
  switch (n.kind) {
    case RegexKind::kNone:
      return kAnyText;
    case RegexKind::kEpsilon:
      return length(1, kUnbounded);
    case RegexKind::kComplement:
      return n.a;
    case RegexKind::kLength: {
      RegexId below = n.b == 0 ? kNone : length(0, n.b - 1);
      RegexId above = n.c == kUnbounded ? kNone : length(n.c + 1, kUnbounded);
      return unite(below, above);
    }
    default: {
      RegexNode result;
      result.kind = RegexKind::kComplement;
      result.a = part;
      return intern(result);
    }
  }
}

}  // namespace maskforge
