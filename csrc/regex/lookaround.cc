// Lookahead, word boundaries and the loops that hold them. A template (a node with Ahead inside) becomes a language
// once it is known what follows: resolve((?=a)b, k) is any(a) & b·k. A loop over a template is kept as a Loop node and
// unrolled one turn at a time by its derivative; a turn that consumes nothing is followed only where turns are still
// owed, so this ends. Example: resolve(((?!foo).)*, k) = X where X = k | ~(foo any) & .X. Covered by
// tests/csrc/test_regex_exhaustive.cc.
#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"
#include "base/stack.h"
#include "regex/graph.h"

namespace maskforge {

namespace {

constexpr CodePointRange kWordRanges[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};

}  // namespace

RegexId RegexGraph::word_boundary(bool wanted) {
  RegexId word = chars(CharSet(std::begin(kWordRanges), std::end(kWordRanges)));
  RegexId before = concat(kAnyText, word), after = concat(word, kAnyText);
  RegexId not_before = complement(before), not_after = complement(after);
  RegexId one = concat(behind(before), ahead(wanted ? not_after : after));
  RegexId other = concat(behind(not_before), ahead(wanted ? after : not_after));
  return unite(one, other);
}

// future & rest, decided at once where the first character of `rest` alone decides it.
RegexId RegexGraph::ahead_and(RegexId future, RegexId rest) {
  if (rest == kNone) return kNone;
  bool negated = nodes_[future].kind == RegexKind::kComplement;
  RegexId test = negated ? nodes_[future].a : future;
  RegexId first = head(rest);
  if (nodes_[first].kind == RegexKind::kRepeat && nodes_[first].b > 0) first = nodes_[first].a;
  if (tail(test) == kAnyText && nodes_[head(test)].kind == RegexKind::kChars &&
      nodes_[first].kind == RegexKind::kChars) {
    CharSet common = intersect_sets(ranges(head(test)), ranges(first));
    if (common.empty()) return negated ? rest : kNone;
    CharSpan all = ranges(first);
    if (std::equal(common.begin(), common.end(), all.begin(), all.end())) return negated ? kNone : rest;
  }
  return intersect(future, rest);
}

RegexId RegexGraph::resolve(RegexId part, RegexId rest, bool in_behind) {
  const RegexNode n = nodes_[part];
  if (rest == kNone || part == kNone) return kNone;
  if (!n.looks_ahead) return concat(part, rest);
  FuelScope::spend();
  switch (n.kind) {
    case RegexKind::kAhead: {
      if (in_behind) {
        RegexId test = nodes_[n.a].kind == RegexKind::kComplement ? nodes_[n.a].a : n.a;
        bool one_character =
            test == kEpsilon || (tail(test) == kAnyText && nodes_[head(test)].kind == RegexKind::kChars) ||
            (nodes_[test].kind == RegexKind::kLength && nodes_[test].b <= 1 && nodes_[test].c == kUnbounded);
        if (!one_character || nodes_[rest].min_length == 0) {
          throw UnsupportedError("a lookahead that looks out of the lookbehind around it is not supported");
        }
      }
      return ahead_and(n.a, rest);
    }
    case RegexKind::kConcat: {
      ShortList<RegexId> chain;
      for (; nodes_[part].kind == RegexKind::kConcat; part = nodes_[part].b) chain.push_back(nodes_[part].a);
      RegexId result = resolve(part, rest, in_behind);
      for (std::size_t i = chain.size(); i-- > 0;) result = resolve(chain[i], result, in_behind);
      return result;
    }
    case RegexKind::kUnion: {
      ShortList<RegexId> parts(members(part).begin(), members(part).end());
      for (RegexId& r : parts) r = resolve(r, rest, in_behind);
      return unite(parts);
    }
    case RegexKind::kRepeat:
      if (n.b == 0 && n.c == 1) return unite(rest, resolve(n.a, rest, in_behind));
      if (in_behind) throw UnsupportedError("a repeated lookahead inside a lookbehind is not supported");
      return loop(part, rest);
    default:
      throw UnsupportedError("a lookahead in this place is not supported");
  }
}

RegexId RegexGraph::resolve_empty(RegexId part, RegexId rest) {
  const RegexNode n = nodes_[part];
  if (rest == kNone || part == kNone) return kNone;
  if (!n.looks_ahead) {
    if (!n.looks_left) return n.nullable ? rest : kNone;
    return concat(intersect(part, kEpsilon), rest);
  }
  Stack::check();
  switch (n.kind) {
    case RegexKind::kConcat: {
      ShortList<RegexId> chain;
      for (; nodes_[part].kind == RegexKind::kConcat; part = nodes_[part].b) chain.push_back(nodes_[part].a);
      RegexId result = resolve_empty(part, rest);
      for (std::size_t i = chain.size(); i-- > 0;) result = resolve_empty(chain[i], result);
      return result;
    }
    case RegexKind::kUnion: {
      ShortList<RegexId> parts(members(part).begin(), members(part).end());
      for (RegexId& r : parts) r = resolve_empty(r, rest);
      return unite(parts);
    }
    case RegexKind::kRepeat:
      return n.b == 0 ? rest : resolve_empty(n.a, rest);
    default:
      return resolve(part, rest);  // an Ahead
  }
}

RegexId RegexGraph::resolve_nonempty(RegexId part, RegexId rest) {
  const RegexNode n = nodes_[part];
  if (rest == kNone || part == kNone || n.max_length == 0) return kNone;
  if (!n.looks_ahead) {
    return concat(n.min_length > 0 ? part : intersect(part, length(1, kUnbounded)), rest);
  }
  FuelScope::spend();
  switch (n.kind) {
    case RegexKind::kConcat: {
      RegexId begun = resolve_nonempty(n.a, resolve(n.b, rest));
      return unite(begun, resolve_empty(n.a, resolve_nonempty(n.b, rest)));
    }
    case RegexKind::kUnion: {
      ShortList<RegexId> parts(members(part).begin(), members(part).end());
      for (RegexId& r : parts) r = resolve_nonempty(r, rest);
      return unite(parts);
    }
    case RegexKind::kRepeat: {
      RegexId later = repeat(n.a, n.b == 0 ? 0 : n.b - 1, less_one(n.c));
      RegexId begun = resolve_nonempty(n.a, resolve(later, rest));
      if (n.b == 0) return begun;
      RegexId freed = repeat(n.a, 0, less_one(n.c));
      return unite(begun, resolve_empty(n.a, resolve_nonempty(freed, rest)));
    }
    default:
      return kNone;
  }
}

RegexId RegexGraph::loop(RegexId repeat_template, RegexId rest) {
  RegexNode n;
  n.kind = RegexKind::kLoop;
  n.a = repeat_template;
  n.b = rest;
  const RegexNode body = nodes_[repeat_template];
  n.nullable = body.b == 0 ? nodes_[rest].nullable : nodes_[resolve_empty(body.a, rest)].nullable;
  return intern(n);
}

RegexId RegexGraph::expand_loop(RegexId r) {
  const RegexNode n = nodes_[r];
  if (n.d != 0) return n.d - 1;
  const RegexNode repetition = nodes_[n.a];
  RegexId body = repetition.a;
  std::uint32_t least = repetition.b, most = less_one(repetition.c);
  RegexId expansion;
  if (least == 0) {
    expansion = unite(n.b, resolve_nonempty(body, resolve(repeat(body, 0, most), n.b)));
  } else {
    RegexId turn = resolve_nonempty(body, resolve(repeat(body, least - 1, most), n.b));
    expansion = unite(turn, resolve_empty(body, resolve(repeat(body, 0, most), n.b)));
  }
  nodes_[r].d = expansion + 1;
  return expansion;
}

}  // namespace maskforge
