// Simpler languages with the same prefixes: what is left of a language when only the question matters whether a text
// can still become a word.
//
// A password pattern, ^(?=.*[a-z])(?=.*[0-9])[a-z0-9]{8,}$, is an intersection with many derivatives, one for each set
// of things that were seen, and yet every text of its characters can become a word. A member m of an intersection *can
// wait* where it holds some A = S*·X, S a set of characters: for w in S* and v in A, wv is in A again, so w rules
// nothing out. Let C be the intersection of the members that cannot wait, among S characters that all As have, and B
// that of the As.
//   (1) Every character that leads from a live derivative of C to a live one is among S.
//   (2) Every live derivative of C has a word that is in B.
// Then the prefixes of C are those of the whole: w leads to a live derivative d of C, by (2) some v is in d and in B,
// by (1) w is in S*, so wv is in C and in every A, hence in every member. The other direction is plain. Of (2), what
// holds for a derivative holds for all that lead to it, again since S*·B is in B. Covered by tests/csrc/test_regex.cc
// (against brute force).
#include <algorithm>

#include "base/fuel.h"
#include "regex/graph.h"

namespace maskforge {

namespace {

constexpr std::size_t kMostDerivatives = 64;
constexpr std::uint64_t kMostFuel = 2000;

bool contains(CharSpan set, char32_t first, char32_t last) {
  const auto range =
      std::ranges::lower_bound(set, first, {}, [](const CodePointRange& candidate) { return candidate.last; });
  return range != set.end() && range->first <= first && range->last >= last;
}

}  // namespace

RegexId RegexGraph::same_prefixes(RegexId r) {
  const RegexNode n = nodes_[r];
  if ((n.endless & RegexNode::kNeverDies) != 0) return kAnyText;
  if (n.kind != RegexKind::kIntersect || n.looks_left || n.looks_ahead) return r;
  if (auto it = same_prefixes_.find(r); it != same_prefixes_.end()) return it->second;
  RegexId result = r;
  const std::uint64_t most = std::min(FuelScope::left() / 2, kMostFuel);
  std::uint64_t spent = most;
  try {
    FuelScope scope(most);
    result = without_waiting(r);
    spent -= FuelScope::left();
  } catch (const FuelError&) {  // too many derivatives, or too long a search: `r` will do
  }
  FuelScope::spend(spent);
  same_prefixes_.emplace(r, result);
  return result;
}

// The A of a member that can wait, or nothing; `among` keeps the characters of its S.
std::optional<RegexId> RegexGraph::waiting(RegexId member, CharSet& among) const {
  const bool choice = nodes_[member].kind == RegexKind::kUnion;
  for (RegexId part : choice ? members(member) : std::span<const RegexId>(&member, 1)) {
    const RegexNode& start = nodes_[head(part)];
    if (start.c != kUnbounded || start.b != 0 || part == head(part)) continue;
    if (start.kind == RegexKind::kLength) return part;
    if (start.kind != RegexKind::kRepeat || nodes_[start.a].kind != RegexKind::kChars) continue;
    among = intersect_sets(among, ranges(start.a));
    return part;
  }
  return std::nullopt;
}

RegexId RegexGraph::without_waiting(RegexId r) {
  ShortList<RegexId> staying, waiting;
  CharSet among{{0, kLastCodePoint}};
  for (RegexId member : members(r)) {
    if (const std::optional<RegexId> part = this->waiting(member, among)) {
      waiting.push_back(*part);
    } else {
      staying.push_back(member);
    }
  }
  if (waiting.empty()) return r;
  const RegexId core = staying.empty() ? RegexId{kAnyText} : intersect(staying);
  if (is_empty(core)) return r;

  std::vector<RegexId> derivatives{core};
  std::unordered_map<RegexId, std::size_t> places{{core, 0}};
  std::vector<std::vector<std::size_t>> sources(1);  // by derivative, those that lead to it
  for (std::size_t i = 0; i < derivatives.size(); ++i) {
    for (const RegexEdge& edge : edges(derivatives[i])) {
      if (is_empty(edge.target)) continue;
      FuelScope::spend();
      if (!contains(among, edge.first, edge.last)) return r;
      const auto [place, fresh] = places.emplace(edge.target, derivatives.size());
      if (fresh) {
        if (derivatives.size() == kMostDerivatives) return r;
        derivatives.push_back(edge.target);
        sources.emplace_back();
      }
      sources[place->second].push_back(i);
    }
  }

  waiting.push_back(core);
  std::vector<bool> proved(derivatives.size());
  std::vector<std::size_t> reached;
  for (std::size_t i = derivatives.size(); i-- > 0;) {
    if (proved[i]) continue;
    waiting.back() = derivatives[i];
    if (is_empty(intersect(waiting))) return r;
    proved[i] = true;
    reached.assign(1, i);
    while (!reached.empty()) {
      const std::size_t at = reached.back();
      reached.pop_back();
      for (std::size_t source : sources[at]) {
        if (proved[source]) continue;
        proved[source] = true;
        reached.push_back(source);
      }
    }
  }
  return core;
}

}  // namespace maskforge
