// Constructors of regex nodes other than union, intersection and complement, with the simplifications that keep
// derivatives few: counters of one body add up (r·r{2,5} = r{3,6}), nested counters multiply where no count is skipped
// ((r{1,50}){1,50} = r{1,2500}), concatenations hang to the right. Covered by tests/csrc/test_regex.cc.
#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"
#include "base/stack.h"
#include "regex/graph.h"

namespace maskforge {

RegexId RegexGraph::chars(CharSet ranges) {
  normalise(ranges);
  if (ranges.empty()) return kNone;
  if (ranges.size() == 1 && ranges[0].first == 0 && ranges[0].last == kLastCodePoint) return kAnyChar;
  std::size_t size = ranges.size();
  std::uint32_t set = sets_.intern(std::move(ranges));
  if (set < set_nodes_.size() && set_nodes_[set] != 0) return set_nodes_[set] - 1;
  RegexNode n;
  n.kind = RegexKind::kChars;
  n.a = set;
  RegexId id = intern(n);
  if (set_nodes_.size() <= set) set_nodes_.resize(set + 1, 0);
  set_nodes_[set] = id + 1;
  list_bytes_ += size * sizeof(CodePointRange) + 48;
  return id;
}

RegexId RegexGraph::character(char32_t c) {
  if (c >= singles_.size()) return chars({{c, c}});
  if (singles_[c] == 0) {
    RegexId id = chars({{c, c}});
    singles_[c] = id + 1;
  }
  return singles_[c] - 1;
}

RegexId RegexGraph::literal(std::u32string_view text) {
  constexpr std::size_t kChainLimit = 32;  // longer ones are one word: a node for the whole, not for each character
  if (text.size() > kChainLimit) {
    std::vector<std::u32string> one;
    one.emplace_back(text);
    return words(std::move(one));
  }
  RegexId result = kEpsilon;
  for (std::size_t i = text.size(); i-- > 0;) result = concat(character(text[i]), result);
  return result;
}

RegexId RegexGraph::words(std::vector<std::u32string> words) {
  auto has_surrogate = [](const std::u32string& w) {
    return std::any_of(w.begin(), w.end(),
                       [](char32_t c) { return (c >= kFirstSurrogate && c <= kLastSurrogate) || c > kLastCodePoint; });
  };
  std::size_t total = 1;
  for (const auto& w : words) total += w.size() / 16 + 1;
  FuelScope::spend(total);
  words.erase(std::remove_if(words.begin(), words.end(), has_surrogate), words.end());
  if (words.empty()) return kNone;
  if (!std::is_sorted(words.begin(), words.end())) std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  const bool single = words.size() == 1;
  if (single) {
    if (auto known = single_words_.find(words[0]); known != single_words_.end()) return known->second;
  }
  WordList list;
  list.longest = 0;
  list.holds = 0;
  std::size_t bytes = sizeof(WordList);
  for (const auto& w : words) {
    list.longest = std::max(list.longest, static_cast<std::uint32_t>(w.size()));
    for (char32_t c : w) {
      const CodePointRange alone{c, c};
      list.holds |= char_mask({&alone, 1});
    }
    bytes += sizeof(w) + (w.capacity() > 3 ? w.capacity() * 4 : 0);
  }
  list.words = std::move(words);
  std::uint32_t count = static_cast<std::uint32_t>(list.words.size());
  word_lists_.push_back(std::move(list));
  list_bytes_ += bytes;
  const std::uint32_t last = static_cast<std::uint32_t>(word_lists_.size() - 1);
  RegexId result = words_range(last, 0, count, 0);
  if (single) {
    single_words_.emplace(word_lists_[last].words[0], result);
    list_bytes_ += bytes + 64;
  }
  return result;
}

RegexId RegexGraph::words_range(std::uint32_t list, std::uint32_t first, std::uint32_t last, std::uint32_t read) {
  if (last - first == 1) {
    std::u32string_view only = word_lists_[list].words[first];
    if (only.size() - read <= 8) {  // short ends are chains, so that equal ends of different words meet
      RegexId result = kEpsilon;
      for (std::size_t i = only.size(); i-- > read;) result = concat(character(only[i]), result);
      return result;
    }
  }
  RegexNode n;
  n.kind = RegexKind::kWords;
  n.a = list;
  n.b = first;
  n.c = last;
  n.d = read;
  return intern(n);
}

RegexId RegexGraph::length(std::uint32_t least, std::uint32_t most) {
  if (least > most || least == kUnbounded) return kNone;
  if (most == 0) return kEpsilon;
  RegexNode n;
  n.kind = RegexKind::kLength;
  n.b = least;
  n.c = most;
  return intern(n);
}

RegexId RegexGraph::concat(RegexId first, RegexId second) {
  if (first == kNone || second == kNone) return kNone;
  if (first == kEpsilon) return second;
  if (second == kEpsilon) return first;
  if (nodes_[first].kind != RegexKind::kConcat) return prepend(first, second);
  ShortList<RegexId> chain;
  for (; nodes_[first].kind == RegexKind::kConcat; first = nodes_[first].b) chain.push_back(nodes_[first].a);
  RegexId result = prepend(first, second);
  for (std::size_t i = chain.size(); i-- > 0;) result = prepend(chain[i], result);
  return result;
}

RegexId RegexGraph::prepend(RegexId first, RegexId rest) {
  if (rest == kNone || first == kNone) return kNone;
  if (rest == kEpsilon) return first;
  RegexId next = head(rest);
  const RegexNode &f = nodes_[first], &h = nodes_[next];
  if (h.kind == RegexKind::kBehind && nodes_[h.a].max_length < f.min_length) return kNone;
  if (first == next && f.max_length == 0) return rest;  // an assertion twice
  if (f.kind == RegexKind::kLength && h.kind == RegexKind::kLength) {
    std::uint32_t least = add_counts(f.b, h.b), most = add_counts(f.c, h.c);
    bool exact = least != kUnbounded && (most != kUnbounded || f.c == kUnbounded || h.c == kUnbounded);
    if (exact) {
      Stack::check();
      return concat(length(least, most), tail(rest));
    }
  }
  bool f_counts = f.kind == RegexKind::kRepeat, h_counts = h.kind == RegexKind::kRepeat;
  RegexId f_body = f_counts ? f.a : first, h_body = h_counts ? h.a : next;
  if (f.kind == RegexKind::kLength) f_counts = false, f_body = first;
  if (f_body == h_body || f_body == next || first == h_body) {
    // One body on both sides: which reading makes them equal? r{a,b}·r{c,d}, r·r{c,d}, r{a,b}·r, r·r.
    std::uint32_t fa = 1, fb = 1, ha = 1, hb = 1;
    RegexId body = first;
    if (f_counts && f_body == h_body && h_counts) {
      body = f_body, fa = f.b, fb = f.c, ha = h.b, hb = h.c;
    } else if (f_counts && f_body == next) {
      body = f_body, fa = f.b, fb = f.c;
    } else if (h_counts && first == h_body) {
      ha = h.b, hb = h.c;
    } else if (first != next) {
      body = kNone;
    }
    std::uint32_t least = add_counts(fa, ha), most = add_counts(fb, hb);
    bool exact = least != kUnbounded && (most != kUnbounded || fb == kUnbounded || hb == kUnbounded);
    if (body != kNone && exact) {
      Stack::check();
      return concat(repeat(body, least, most), tail(rest));
    }
  }
  RegexNode n;
  n.kind = RegexKind::kConcat;
  n.a = first;
  n.b = rest;
  return intern(n);
}

RegexId RegexGraph::repeat(RegexId body, std::uint32_t least, std::uint32_t most) {
  if (least > most || least == kUnbounded) throw MisuseError("repeat: the least count exceeds the most");
  if (most == 0 || body == kEpsilon) return kEpsilon;
  Stack::check();
  if (body == kNone) return least == 0 ? kEpsilon : kNone;
  if (least == 1 && most == 1) return body;
  RegexNode r = nodes_[body];
  // Nothing but assertions: repeating them says nothing more, and none of them is needed when none is asked for.
  if (r.max_length == 0) return least == 0 ? kEpsilon : body;
  if (r.kind == RegexKind::kUnion) {
    std::span<const RegexId> parts = members(body);
    auto it = std::find(parts.begin(), parts.end(), kEpsilon);
    if (it != parts.end()) {
      ShortList<RegexId> others(parts.begin(), parts.end());
      others.erase(others.begin() + (it - parts.begin()));
      return repeat(unite(others), 0, most);
    }
  }
  if (always_nullable(body)) least = 0;
  bool counted = r.kind == RegexKind::kRepeat || r.kind == RegexKind::kLength;
  if (counted) {
    // Is every count between r.b·least and r.c·most reached? With no turn allowed, the gap from 0 to r.b is one more.
    std::uint32_t from = std::max(least, 1u);
    bool whole = r.c == kUnbounded || least == most || most == from ||
                 std::uint64_t{r.c} * from + 1 >= std::uint64_t{r.b} * (std::uint64_t{from} + 1);
    std::uint32_t low = multiply_counts(r.b, from), high = multiply_counts(r.c, most);
    bool exact = low != kUnbounded && (high != kUnbounded || r.c == kUnbounded || most == kUnbounded);
    bool zero_fits = least > 0 || r.b <= 1;
    if (whole && exact && zero_fits) {
      if (least == 0) low = 0;
      return r.kind == RegexKind::kLength ? length(low, high) : repeat(r.a, low, high);
    }
  }
  RegexNode n;
  n.kind = RegexKind::kRepeat;
  n.a = body;
  n.b = least;
  n.c = most;
  return intern(n);
}

RegexId RegexGraph::automaton(std::unique_ptr<TextAutomaton> automaton) {
  automata_.push_back(std::move(automaton));
  const TextAutomaton& added = *automata_.back();
  CharSet all;
  for (const CharClasses::Range& range : added.classes().ranges) all.push_back({range.first, range.last});
  automaton_holds_.push_back(char_mask(all));
  list_bytes_ += added.classes().ranges.size() * sizeof(CharClasses::Range);
  return automaton_state(static_cast<std::uint32_t>(automata_.size() - 1), automata_.back()->start());
}

RegexId RegexGraph::automaton_state(std::uint32_t automaton, TextAutomaton::State state) {
  if (state == TextAutomaton::kDead) return kNone;
  RegexNode n;
  n.kind = RegexKind::kAutomaton;
  n.a = automaton;
  n.b = static_cast<std::uint32_t>(state);
  n.c = static_cast<std::uint32_t>(state >> 32);
  n.d = automata_[automaton]->least_left(state);
  return intern(n);
}

RegexId RegexGraph::behind(RegexId past) {
  if (past == kNone) return kNone;
  if (past == kAnyText) return kEpsilon;
  RegexNode n;
  n.kind = RegexKind::kBehind;
  n.a = past;
  return intern(n);
}

RegexId RegexGraph::ahead(RegexId future) {
  if (future == kNone) return kNone;
  if (future == kAnyText) return kEpsilon;
  RegexNode n;
  n.kind = RegexKind::kAhead;
  n.a = future;
  return intern(n);
}

RegexId RegexGraph::local(RegexId part) {
  if (!nodes_[part].looks_left) return part;
  RegexNode n;
  n.kind = RegexKind::kLocal;
  n.a = part;
  return intern(n);
}

std::string RegexGraph::describe(RegexId r, int depth) const {
  Stack::check();
  const RegexNode& n = nodes_[r];
  if (depth > 40) return "...";
  auto count = [](std::uint32_t k) { return k == kUnbounded ? std::string() : std::to_string(k); };
  auto counter = [&] { return "{" + count(n.b) + (n.b == n.c ? "" : "," + count(n.c)) + "}"; };
  auto join = [&](const char* separator) {
    std::string out = "(";
    for (std::uint32_t i = 0; i < n.b; ++i) out += (i ? separator : "") + describe(pool_[n.a + i], depth + 1);
    return out + ")";
  };
  switch (n.kind) {
    case RegexKind::kNone:
      return "none";
    case RegexKind::kEpsilon:
      return "()";
    case RegexKind::kChars: {
      std::string out = "[";
      auto show = [](char32_t c) {
        if (c > 32 && c < 127) return std::string(1, static_cast<char>(c));
        char text[16];
        std::snprintf(text, sizeof text, "\\u{%x}", static_cast<unsigned>(c));
        return std::string(text);
      };
      std::size_t shown = 0;
      for (const auto& range : ranges(r)) {
        if (++shown > 8) return out + "...]";
        out += show(range.first) + (range.last > range.first ? "-" + show(range.last) : "");
      }
      return out + "]";
    }
    case RegexKind::kConcat: {
      std::string out;
      int parts = 0;
      for (; nodes_[r].kind == RegexKind::kConcat && ++parts < 60; r = nodes_[r].b)
        out += describe(nodes_[r].a, depth + 1);
      return out + (parts < 60 ? describe(r, depth + 1) : "...");
    }
    case RegexKind::kUnion:
      return join("|");
    case RegexKind::kIntersect:
      return join("&");
    case RegexKind::kComplement:
      return "~(" + describe(n.a, depth + 1) + ")";
    case RegexKind::kRepeat:
      return "(" + describe(n.a, depth + 1) + ")" + counter();
    case RegexKind::kLength:
      return "any" + counter();
    case RegexKind::kWords:
      return "words" + std::to_string(n.a) + "[" + count(n.b) + ".." + count(n.c) + " after " + count(n.d) + "]";
    case RegexKind::kAutomaton:
      return "automaton" + count(n.a) + "[" + std::to_string(state_of(n)) + "]";
    case RegexKind::kBehind:
      return "(?<=:" + describe(n.a, depth + 1) + ")";
    case RegexKind::kAhead:
      return "(?=:" + describe(n.a, depth + 1) + ")";
    case RegexKind::kLocal:
      return "local(" + describe(n.a, depth + 1) + ")";
    case RegexKind::kLoop:
      return "loop(" + describe(n.a, depth + 1) + ", " + describe(n.b, depth + 1) + ")";
  }
  return "?";
}

}  // namespace maskforge
