// Widening of counters that are too far from their bounds for a short word to tell: masks look at most `longest`
// characters ahead, so .{1,255} and .{1,2048} are the same to them and share a mask.
//
// Why it is exact, for a counter r{a,b} inside a pure regex (no intersection, complement or lookaround: each derivative
// of it is none or alive), with s >= 1 the least length of a nonempty turn: a word of n characters begins at most
// ceil(n/s) turns and ends at most floor(n/s). So b >= ceil(n/s) is never the reason for a rejection and may be
// infinite; and if a > floor(n/s) the loop is never left, hence a = floor(n/s) + 1 serves as well, and so does any
// continuation. length{a,b} & p: where p is pure, needs at most `slack` more characters from anywhere, and either a = 0
// or p can go on to every greater length, the upper bound is not felt within n characters when b >= n + slack, and a is
// felt only by acceptance. Covered by tests/csrc/test_regex.cc (against brute force).
#include <algorithm>

#include "base/fuel.h"
#include "regex/graph.h"

namespace maskforge {

RegexId RegexGraph::clip(RegexId r, std::uint32_t longest) {
  const RegexNode n = nodes_[r];
  if (!n.counts || longest >= kUnbounded - 1) return r;
  std::uint64_t key = std::uint64_t{r} << 32 | longest;
  if (auto it = clips_.find(key); it != clips_.end()) return it->second;
  FuelScope::spend();
  RegexId result = r;
  if (n.slack != kUnbounded) {
    result = clip_pure(r, longest);
  } else if (n.kind == RegexKind::kIntersect) {
    result = clip_intersection(r, longest);
  } else if (n.kind == RegexKind::kUnion) {
    // A derivative of a union is empty (nullable) if and only if all (any) of its members' are.
    std::vector<RegexId> parts(members(r).begin(), members(r).end());
    for (RegexId& part : parts) part = clip(part, longest);
    result = unite(parts);
  }
  clips_.emplace(key, result);
  return result;
}

RegexId RegexGraph::clip_pure(RegexId r, std::uint32_t longest) {
  const RegexNode n = nodes_[r];
  if (!n.counts) return r;
  switch (n.kind) {
    case RegexKind::kConcat: {
      std::vector<RegexId> chain;
      for (; nodes_[r].kind == RegexKind::kConcat && nodes_[r].counts; r = nodes_[r].b) chain.push_back(nodes_[r].a);
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
      std::vector<RegexId> parts(members(r).begin(), members(r).end());
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

RegexId RegexGraph::clip_intersection(RegexId r, std::uint32_t longest) {
  std::vector<RegexId> others(members(r).begin(), members(r).end());
  auto it = std::find_if(others.begin(), others.end(), [&](RegexId m) { return nodes_[m].kind == RegexKind::kLength; });
  if (it == others.end() || others.size() != 2) return r;
  std::uint32_t least = nodes_[*it].b, most = nodes_[*it].c;
  others.erase(it);
  RegexId part = others[0];
  const RegexNode n = nodes_[part];
  if (n.slack == kUnbounded) return r;
  bool upper_felt = most != kUnbounded && most < std::uint64_t{longest} + n.slack;
  if (upper_felt || (least > 0 && !n.open_end)) return r;
  RegexId clipped = clip_pure(part, longest);
  if (least == 0) return clipped;
  if (!nodes_[clipped].open_end) clipped = part;
  return intersect(length(std::min(least, longest + 1), kUnbounded), clipped);
}

}  // namespace maskforge
