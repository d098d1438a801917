// Interning of regex nodes and the attributes each is born with: all are computed from the children's in constant time,
// or in the number of members. Covered by tests/csrc/test_regex.cc.
#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/fuel.h"
#include "base/hash.h"
#include "regex/graph.h"

namespace maskforge {

namespace {

bool is_list(RegexKind kind) { return kind == RegexKind::kUnion || kind == RegexKind::kIntersect; }

// Whether the lengths [low·k, high·k] for k = least..most leave no gap between them.
bool repeats_without_gap(std::uint32_t low, std::uint32_t high, std::uint32_t least, std::uint32_t most) {
  if (least == most) return true;
  if (least == 0) {
    if (low > 1) return false;
    least = 1;  // from k = 1 on, low <= 1 <= high + 1 leaves none either
  }
  if (high == RegexArena::kUnbounded) return true;
  return std::uint64_t{high} * least + 1 >= std::uint64_t{low} * (std::uint64_t{least} + 1);
}

// RegexNode::widest of a counter by itself: clip_pure() leaves it as it is where so many characters are looked at.
std::uint16_t widest_of(std::uint32_t turn, std::uint32_t least, std::uint32_t most) {
  std::uint32_t widest = least > 1 ? multiply_counts(turn, least - 1) : 0;
  if (most > 1 && most != RegexArena::kUnbounded) widest = std::max(widest, add_counts(multiply_counts(turn, most), 1));
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(widest, std::numeric_limits<std::uint16_t>::max()));
}

}  // namespace

RegexGraph::RegexGraph() {
  singles_.assign(128, 0);
  RegexNode none;
  none.kind = RegexKind::kNone;
  intern(none);
  RegexNode epsilon;
  epsilon.kind = RegexKind::kEpsilon;
  intern(epsilon);
  RegexNode any;
  any.kind = RegexKind::kLength;
  any.c = kUnbounded;
  intern(any);
  any.b = any.c = 1;
  intern(any);
}

RegexId RegexGraph::intern(RegexNode n) {
  std::uint64_t h = mix_hash(std::uint64_t{n.a} << 32 | n.b, static_cast<std::uint64_t>(n.kind) + 1);
  return find_or_add(n, mix_hash(h, std::uint64_t{n.c} << 32 | n.d), {});
}

RegexId RegexGraph::intern_list(RegexKind kind, std::span<const RegexId> list) {
  RegexNode n;
  n.kind = kind;
  n.b = static_cast<std::uint32_t>(list.size());
  return find_or_add(
      n, hash_bytes({reinterpret_cast<const char*>(list.data()), list.size_bytes()}, n.b ^ (kind == RegexKind::kUnion)),
      list);
}

RegexId RegexGraph::find_or_add(RegexNode& n, std::uint64_t hash, std::span<const RegexId> list) {
  hash ^= hash >> 29;
  const RegexId fresh = static_cast<RegexId>(nodes_.size());
  const RegexId id = index_.find_or_insert(hash, fresh, [&](RegexId at) {
    const RegexNode& other = nodes_[at];
    if (other.kind != n.kind || other.b != n.b) return false;
    if (is_list(n.kind)) return std::memcmp(pool_.data() + other.a, list.data(), list.size_bytes()) == 0;
    return other.a == n.a && other.c == n.c && (other.d == n.d || n.kind == RegexKind::kLoop);
  });
  if (id != fresh) return id;
  try {
    FuelScope::spend(1 + list.size() / 8);
    if (is_list(n.kind)) n.a = static_cast<std::uint32_t>(pool_.size());
    describe_attributes(n, list);
    pool_.insert(pool_.end(), list.begin(), list.end());
    nodes_.emplace_back(n);
  } catch (...) {
    index_.forget(hash, fresh);
    throw;
  }
  return fresh;
}

void RegexGraph::describe_attributes(RegexNode& n, std::span<const RegexId> list) {
  switch (n.kind) {
    case RegexKind::kNone:
      n.slack = 0;
      return;
    case RegexKind::kEpsilon:
      n.nullable = n.alive = n.dense = true;
      n.slack = 0;
      n.holds = 0;
      return;
    case RegexKind::kChars:
      n.holds = char_mask(sets_[n.a]);
      if (std::has_single_bit(n.holds)) n.needs = n.holds;
      n.alive = n.dense = true;
      n.min_length = n.max_length = n.slack = 1;
      return;
    case RegexKind::kLength:
      n.nullable = n.b == 0;
      n.alive = n.dense = true;
      n.min_length = n.slack = n.b;
      n.max_length = n.c;
      n.open_end = n.c == kUnbounded;
      if (n.c == kUnbounded) n.endless = RegexNode::kAbsorbs | RegexNode::kNeverDies;
      n.widest = widest_of(1, n.b, n.c);
      return;
    case RegexKind::kConcat: {
      const RegexNode &f = nodes_[n.a], &t = nodes_[n.b];
      n.nullable = f.nullable && t.nullable;
      n.alive = f.alive && t.alive;
      n.dense = f.dense && t.dense;
      n.min_length = std::min(add_counts(f.min_length, t.min_length), kUnbounded - 1);
      n.max_length = add_counts(f.max_length, t.max_length);
      n.slack = add_counts(f.slack, t.slack);
      n.open_end = t.open_end && n.slack != kUnbounded;
      n.widest = std::max(f.widest, t.widest);
      n.loops = f.loops || t.loops;
      n.looks_left = f.looks_left || t.looks_left;
      n.looks_ahead = f.looks_ahead || t.looks_ahead;
      n.holds = f.holds | t.holds;
      n.needs = f.needs | t.needs;
      if (n.looks_left || n.looks_ahead) return;
      n.endless = t.endless & RegexNode::kAbsorbs;
      if (t.alive) n.endless |= f.endless & RegexNode::kNeverDies;
      if (f.nullable) n.endless |= t.endless & RegexNode::kNeverDies;
      return;
    }
    case RegexKind::kRepeat: {
      const RegexNode& r = nodes_[n.a];
      n.nullable = n.b == 0 || r.nullable;
      n.alive = n.b == 0 || r.alive;
      n.min_length = std::min(multiply_counts(r.min_length, n.b), kUnbounded - 1);
      n.max_length = multiply_counts(r.max_length, n.c);
      n.dense = r.dense && repeats_without_gap(r.min_length, r.max_length, n.b, n.c);
      n.slack = r.slack == kUnbounded ? kUnbounded : multiply_counts(r.slack, std::max(n.b, 1u));
      n.open_end = n.c == kUnbounded && r.dense && r.min_length <= 1 && r.max_length >= 1 && n.slack != kUnbounded;
      n.widest = std::max(r.widest, widest_of(std::max(r.min_length, 1u), n.b, n.c));
      n.loops = r.loops;
      n.looks_left = r.looks_left;
      n.looks_ahead = r.looks_ahead;
      n.holds = r.holds;
      if (n.b > 0) n.needs = r.needs;
      if (n.looks_left || n.looks_ahead) return;
      n.endless = n.b > 0 ? r.endless : r.endless & RegexNode::kNeverDies;
      return;
    }
    case RegexKind::kWords: {
      const WordList& words = word_lists_[n.a];
      std::uint32_t first = static_cast<std::uint32_t>(words.words[n.b].size()) - n.d;
      n.nullable = first == 0;
      n.alive = true;
      n.max_length = n.c - n.b == 1 ? first : words.longest - n.d;
      n.min_length = n.c - n.b == 1 ? first : (first == 0 ? 0 : 1);
      n.dense = n.c - n.b == 1;
      n.slack = n.max_length;
      n.holds = words.holds;
      return;
    }
    case RegexKind::kAutomaton: {
      const TextAutomaton& automaton = *automata_[n.a];
      n.nullable = automaton.accepts(state_of(n));
      n.alive = true;
      n.min_length = n.nullable ? 0 : 1;
      n.max_length = automaton.most_left(state_of(n));
      n.slack = automaton.slack();
      n.holds = automaton_holds_[n.a];
      return;
    }
    case RegexKind::kUnion:
      return describe_union(n, list);
    case RegexKind::kIntersect:
      return describe_intersect(n, list);
    case RegexKind::kComplement: {
      const RegexNode& r = nodes_[n.a];
      n.nullable = !r.nullable;
      n.alive = r.max_length != kUnbounded;
      n.max_length = kUnbounded;
      n.widest = r.widest;
      n.loops = r.loops;
      n.looks_left = r.looks_left;
      return;
    }
    case RegexKind::kBehind:
      n.nullable = nodes_[n.a].nullable;
      n.looks_left = true;
      return;
    case RegexKind::kAhead:
      n.looks_ahead = true;
      n.looks_left = nodes_[n.a].looks_left;
      return;
    case RegexKind::kLocal:
      n = [&] {
        RegexNode copy = nodes_[n.a];
        copy.kind = RegexKind::kLocal;
        copy.a = n.a;
        copy.b = copy.c = copy.d = copy.edges = copy.shifts = 0;
        copy.emptiness = RegexNode::Emptiness::kUnknown;
        copy.looks_left = false;
        return copy;
      }();
      return;
    case RegexKind::kLoop: {
      const RegexNode &r = nodes_[n.a], &k = nodes_[n.b];
      // n.nullable is set by loop(): it needs the empty matches of the body.
      n.max_length = kUnbounded;
      n.loops = true;
      n.min_length = k.min_length;
      n.looks_left = r.looks_left || k.looks_left;
      return;
    }
  }
}

void RegexGraph::describe_union(RegexNode& n, std::span<const RegexId> list) {
  n.dense = n.open_end = true;
  n.min_length = kUnbounded - 1;
  n.slack = 0;
  n.holds = 0;
  n.needs = kEveryClass;
  std::uint8_t absorbs = RegexNode::kAbsorbs, never_dies = 0;
  for (RegexId id : list) {
    const RegexNode& r = nodes_[id];
    absorbs &= r.endless;
    never_dies |= r.endless & RegexNode::kNeverDies;
    n.holds |= r.holds;
    n.needs &= r.needs;
    n.nullable |= r.nullable;
    n.alive |= r.alive;
    n.dense &= r.dense;
    n.open_end &= r.open_end;
    n.min_length = std::min(n.min_length, r.min_length);
    n.max_length = std::max(n.max_length, r.max_length);
    n.slack = std::max(n.slack, r.slack);
    n.widest = std::max(n.widest, r.widest);
    n.loops |= r.loops;
    n.looks_left |= r.looks_left;
    n.looks_ahead |= r.looks_ahead;
  }
  if (!n.looks_left && !n.looks_ahead) n.endless = absorbs | never_dies;
  if (!n.dense) return;
  // Do the members' lengths cover [min, max]? Few members: repeat "extend the covered prefix" instead of sorting.
  if (list.size() > 32) {
    n.dense = false;
    return;
  }
  std::uint32_t covered = n.min_length;
  for (bool grew = true; grew && covered < n.max_length;) {
    grew = false;
    for (RegexId id : list) {
      const RegexNode& r = nodes_[id];
      if (r.min_length <= add_counts(covered, 1) && r.max_length > covered) {
        covered = r.max_length;
        grew = true;
      }
    }
  }
  n.dense = covered >= n.max_length;
}

void RegexGraph::describe_intersect(RegexNode& n, std::span<const RegexId> list) {
  n.nullable = true;
  n.max_length = kUnbounded;
  bool has_length = false;
  std::uint8_t both = RegexNode::kAbsorbs | RegexNode::kNeverDies;
  for (RegexId id : list) {
    const RegexNode& r = nodes_[id];
    both &= r.endless;
    n.holds &= r.holds;
    n.needs |= r.needs;
    n.nullable &= r.nullable;
    n.min_length = std::max(n.min_length, r.min_length);
    n.max_length = std::min(n.max_length, r.max_length);
    n.widest = std::max(n.widest, r.widest);
    n.loops |= r.loops;
    n.looks_left |= r.looks_left;
    has_length |= r.kind == RegexKind::kLength;
  }
  // A text goes on to words of one member after the other, and stays among those that it reached.
  if (!n.looks_left) n.endless = both == (RegexNode::kAbsorbs | RegexNode::kNeverDies) ? both : 0;
  if (n.endless != 0) n.alive = true;
  if (list.size() == 2 && has_length) {
    const bool first = nodes_[list[0]].kind == RegexKind::kLength;
    const RegexNode &bound = nodes_[list[first ? 0 : 1]], &part = nodes_[list[first ? 1 : 0]];
    // A dense part: intersect() has checked that the ranges of lengths meet.
    n.dense = bound.dense && part.dense;
    const std::uint32_t short_word = part.kind == RegexKind::kAutomaton ? part.d : part.slack;
    n.alive = n.alive || n.dense || (part.alive && bound.b == 0 && short_word <= bound.c && short_word != kUnbounded);
  }
}

std::size_t RegexGraph::memory_bytes() const {
  return nodes_.size() * sizeof(RegexNode) + index_.memory_bytes() + pool_.capacity() * sizeof(RegexId) + list_bytes_;
}

}  // namespace maskforge
