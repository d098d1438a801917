// The hash-consed graph behind RegexArena: nodes, their constructors with simplification, derivatives and searches.
//
// A node denotes, at the *current position* of a text, the set of strings that may follow. Three kinds look around:
//   Behind(q)  matches nothing but the empty string, where q (an ordinary regex that has been derived by every
//   character
//              since the text's start) is nullable. `^` is Behind(epsilon), `(?<=ab)` is Behind(any ab). Because q must
//              see every character, a node that holds one is *shifted* when the text moves on past it: the derivative
//              of f·t by c is (d_c f)·(shift_c t) | (d_c t if f is nullable). For all other nodes shift is the
//              identity.
//   Ahead(a)   matches the empty string where the whole rest of the text is in a. It exists only while a pattern is
//   built
//              (a "template"): resolve(r, k) turns a template and its continuation k into a language, Ahead(a) into a &
//              k.
//   Loop(r, k) is the template repetition r followed by k, unrolled one turn at a time when it is derived.
// Example: ((?!foo).)*$ is X = Loop, with X = epsilon | ~(foo any) & .X.
//
// Simplification keeps the states few: a union is left-factored, counters with one body and tail merge into an interval
// (r{0,3}t | r{0,5}t = r{0,5}t), lengths merge in intersections. Nothing recurses on the length of a text or pattern,
// only on the nesting of operators, and that is bounded by the parser and by the caller. Covered by
// tests/csrc/test_regex.cc, tests/csrc/test_regex_exhaustive.cc.
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/hash_index.h"
#include "base/interner.h"
#include "base/short_list.h"
#include "base/stable_vector.h"
#include "regex/char_set.h"
#include "regex/regex.h"

namespace maskforge {

enum class RegexKind : std::uint8_t {
  kNone,
  kEpsilon,
  kChars,       // a = character set
  kConcat,      // a = first (never a concat), b = rest
  kUnion,       // a = offset of the sorted members, b = their number
  kIntersect,   // the same
  kComplement,  // a
  kRepeat,      // a = body, b = least, c = most
  kLength,      // b = least, c = most: any characters, so many
  kWords,       // a = word list, b = first word, c = one past the last, d = characters already read
  kBehind,      // a = what the text so far must complete
  kAhead,       // a = what the text to come must be
  kLocal,       // a = a regex whose text starts here: nothing before it is seen by its Behind nodes
  kAutomaton,   // a = automaton, b, c = its state, low and high, d = some word is no longer than that
  kLoop,        // a = a template repetition, b = what follows it, d = its expansion + 1 once known
};

struct RegexNode {
  RegexKind kind = RegexKind::kNone;
  bool nullable = false;     // at the current position
  bool alive = false;        // certainly not empty (false: unknown)
  bool dense = false;        // alive, and every length from min_length to max_length occurs
  bool open_end = false;     // pure, and from every live state every length from `slack` on occurs
  bool looks_left = false;   // holds a Behind that is not inside a Local
  bool looks_ahead = false;  // holds an unresolved Ahead: a template
  bool loops = false;        // holds a Loop: unions in such intersections are distributed, see graph_boolean.cc
  // From this on, clip(r, longest) is r itself: a text of so many characters can reach the bounds of all its counters.
  std::uint16_t widest = 0;
  // Whether whatever follows a word makes another (kAbsorbs), and whether every text begins one (kNeverDies); 0 where
  // that is not known.
  std::uint8_t endless = 0;
  static constexpr std::uint8_t kAbsorbs = 1, kNeverDies = 2;
  enum class Emptiness : std::uint8_t { kUnknown, kEmpty, kNotEmpty } emptiness = Emptiness::kUnknown;
  std::uint32_t a = 0, b = 0, c = 0, d = 0;
  std::uint32_t min_length = 0;  // no word is shorter
  std::uint32_t max_length = 0;  // no word is longer; kUnbounded: unknown or none
  // From no live state is the shortest completion longer; kUnbounded: unknown. Where it is known the node is *pure*: it
  // has no intersection, complement or lookaround, and each of its derivatives is none or alive.
  std::uint32_t slack = RegexArena::kUnbounded;
  CharMask holds = kEveryClass;  // no word has a character of another class
  CharMask needs = 0;            // every word has one of each of these
  std::uint32_t edges = 0;       // index + 1 into edge_lists_, 0 = not computed
  std::uint32_t shifts = 0;      // the same
};

struct CharSetHash {
  std::uint64_t operator()(const CharSet& set) const {
    return hash_bytes({reinterpret_cast<const char*>(set.data()), set.size() * sizeof(CodePointRange)});
  }
};

using RegexEdges = std::vector<RegexEdge>;

class RegexGraph {
 public:
  static constexpr std::uint32_t kUnbounded = RegexArena::kUnbounded;
  static constexpr RegexId kNone = 0, kEpsilon = 1, kAnyText = 2, kAnyChar = 3;

  RegexGraph();

  // ---- constructors (graph_build.cc, graph_boolean.cc) ----
  RegexId chars(CharSet ranges);
  RegexId character(char32_t c);
  RegexId literal(std::u32string_view text);
  RegexId words(std::vector<std::u32string> words);
  RegexId concat(RegexId first, RegexId second);
  RegexId repeat(RegexId body, std::uint32_t least, std::uint32_t most);
  RegexId length(std::uint32_t least, std::uint32_t most);
  RegexId automaton(std::unique_ptr<TextAutomaton> automaton);
  RegexId behind(RegexId past);
  RegexId ahead(RegexId future);
  RegexId local(RegexId part);
  RegexId unite(std::span<const RegexId> parts);
  RegexId unite(RegexId a, RegexId b);
  RegexId intersect(std::span<const RegexId> parts);
  RegexId intersect(RegexId a, RegexId b);
  RegexId complement(RegexId part);

  // ---- lookaround (lookaround.cc) ----
  // The language of the texts that match the template and then `rest`. Inside a lookbehind (`in_behind`) the text goes
  // on after `rest`, so only lookaheads that `rest` itself decides are exact; others throw UnsupportedError.
  RegexId resolve(RegexId part, RegexId rest, bool in_behind = false);
  RegexId word_boundary(bool wanted);

  // ---- derivatives (derive.cc) ----
  const RegexEdges& edges(RegexId r);
  RegexId derive(RegexId r, char32_t c);
  // The same, where the edges may never be asked for: by the derivatives of the parts, as far as they go.
  RegexId derive_alone(RegexId r, char32_t c, unsigned depth = 0);
  const CharClasses* classes(RegexId r) const;  // null for all but states of automata, perhaps with a bounded length
  RegexId class_edge(RegexId r, std::uint32_t character_class);

  // ---- questions (search.cc) ----
  bool is_empty(RegexId r);
  bool matches(RegexId r, std::u32string_view text);
  std::uint64_t count_words(RegexId r, std::uint64_t limit);
  std::optional<ListedWords> listed(RegexId r);
  std::optional<std::u32string> shortest_word(RegexId r);

  // ---- other languages that do (clip.cc, prefixes.cc) ----
  RegexId clip(RegexId r, std::uint32_t longest);
  RegexId same_prefixes(RegexId r);

  std::string describe(RegexId r, int depth = 0) const;
  std::size_t memory_bytes() const;

  const RegexNode& node(RegexId r) const { return nodes_[r]; }
  std::size_t size() const { return nodes_.size(); }
  CharSpan ranges(RegexId chars_node) const { return sets_[nodes_[chars_node].a]; }
  // The members of a union or intersection. Valid until the next node is built.
  std::span<const RegexId> members(RegexId r) const { return {pool_.data() + nodes_[r].a, nodes_[r].b}; }
  std::u32string_view word(const RegexNode& n, std::uint32_t k) const { return word_lists_[n.a].words[k]; }

 private:
  struct WordList {
    std::vector<std::u32string> words;  // sorted, distinct
    std::uint32_t longest;
    CharMask holds;
  };
  struct Frame;  // a piece of scratch_, given back at the end of a scope

  RegexId intern(RegexNode n);
  RegexId intern_list(RegexKind kind, std::span<const RegexId> list);
  RegexId find_or_add(RegexNode& n, std::uint64_t hash, std::span<const RegexId> list);
  void describe_attributes(RegexNode& n, std::span<const RegexId> list);
  void describe_union(RegexNode& n, std::span<const RegexId> list);
  void describe_intersect(RegexNode& n, std::span<const RegexId> list);
  RegexId words_range(std::uint32_t list, std::uint32_t first, std::uint32_t last, std::uint32_t read);
  RegexId automaton_state(std::uint32_t automaton, TextAutomaton::State state);
  static TextAutomaton::State state_of(const RegexNode& n) { return TextAutomaton::State{n.c} << 32 | n.b; }
  RegexId prepend(RegexId first, RegexId rest);  // concat where `first` is no concat
  bool always_nullable(RegexId r) const { return nodes_[r].nullable && !nodes_[r].looks_left; }
  RegexId head(RegexId r) const { return nodes_[r].kind == RegexKind::kConcat ? nodes_[r].a : r; }
  RegexId tail(RegexId r) const { return nodes_[r].kind == RegexKind::kConcat ? nodes_[r].b : kEpsilon; }

  // union and intersection (graph_boolean.cc)
  struct Counter;  // a member read as body{least,most}·tail
  Counter as_counter(RegexId r) const;
  RegexId merge_pair(RegexId x, RegexId y);  // one node for x | y, or kNoMerge
  RegexId factor(std::span<const RegexId> group);
  void merge_union(ShortList<RegexId>& parts);
  void merge_large_union(ShortList<RegexId>& parts);
  void absorb(ShortList<RegexId>& parts, RegexKind inner) const;
  void absorb_clauses(ShortList<RegexId>& parts) const;
  static constexpr RegexId kNoMerge = kUnbounded;

  // derivatives (derive.cc)
  struct Task;
  void compute(RegexId r, bool shift);
  bool need(std::vector<Task>& stack, RegexId r, bool shift);
  bool ready(std::vector<Task>& stack, RegexId r, bool shift);
  RegexEdges compute_edges(RegexId r);
  RegexEdges compute_shifts(RegexId r);
  void concat_edges(RegexId first, RegexId rest, RegexEdges& out);
  void words_edges(RegexNode n, RegexEdges& out);
  RegexId concat_derived(RegexId derived, RegexId rest);
  RegexId automaton_in(RegexId r, RegexId& bound) const;
  RegexId repeat_rest(const RegexNode& n);
  std::span<const RegexEdge> shift_span(RegexId r, RegexEdge& whole) const;
  std::span<const RegexEdge> edge_span(RegexId r) const { return edge_lists_[nodes_[r].edges - 1]; }

  // lookaround (lookaround.cc)
  RegexId resolve_empty(RegexId part, RegexId rest);     // matches of no characters, then rest
  RegexId resolve_nonempty(RegexId part, RegexId rest);  // matches of at least one
  RegexId loop(RegexId repeat_template, RegexId rest);
  RegexId expand_loop(RegexId r);
  RegexId ahead_and(RegexId future, RegexId rest);

  // searches (search.cc)
  bool settled(RegexId r, bool& empty);
  std::uint64_t search_estimate(RegexId r) const;
  bool search_empty(RegexId r);
  bool search_by_length(RegexId r, bool& empty);
  bool search_words(RegexId r, bool& empty);
  bool remember_empty(RegexId r, bool empty);
  std::uint64_t count_exactly(RegexId r, std::uint64_t limit);

  // clip (clip.cc)
  RegexId clip_pure(RegexId r, std::uint32_t longest);
  RegexId clip_open(RegexId r, std::uint32_t longest);
  RegexId open(RegexId r, std::uint32_t within, bool& bounded);
  RegexId clip_intersection(RegexId r, std::uint32_t longest);
  struct Reach {
    std::uint32_t accept;  // from every live state a word ends within so many characters; kUnbounded: not known
    std::uint32_t pump;    // ... and within so many more, every greater length occurs; kUnbounded: not known
  };
  Reach explore(RegexId r);

  // same prefixes (prefixes.cc)
  std::optional<RegexId> waiting(RegexId member, CharSet& among) const;
  RegexId without_waiting(RegexId r);

  StableVector<RegexNode> nodes_;
  HashIndex index_;          // of nodes_
  ShortList<RegexId> pool_;  // members of unions and intersections
  Interner<CharSet, CharSetHash> sets_;
  ShortList<RegexId> set_nodes_;  // per set, its node + 1
  std::deque<WordList> word_lists_;
  std::unordered_map<std::u32string, RegexId> single_words_;  // long ones: equal words are one language
  std::unordered_map<RegexId, std::u32string> literals_;      // those that were asked for by listed()
  std::deque<RegexEdges> edge_lists_;                         // a deque: callers keep references while the graph grows
  ShortList<RegexId> singles_;                                // ASCII characters' nodes + 1
  std::unordered_map<std::uint64_t, RegexId> clips_;
  std::unordered_map<RegexId, Reach> reaches_;
  std::unordered_map<RegexId, RegexId> same_prefixes_;
  std::vector<std::unique_ptr<TextAutomaton>> automata_;
  std::vector<CharMask> automaton_holds_;
  std::size_t list_bytes_ = 0;
  int union_depth_ = 0;
};

// Counter arithmetic; kUnbounded is infinity and sticks.
inline std::uint32_t add_counts(std::uint32_t a, std::uint32_t b) {
  std::uint64_t sum = std::uint64_t{a} + b;
  return sum >= RegexArena::kUnbounded ? RegexArena::kUnbounded : static_cast<std::uint32_t>(sum);
}
inline std::uint32_t multiply_counts(std::uint32_t a, std::uint32_t b) {
  if (a == 0 || b == 0) return 0;
  if (a == RegexArena::kUnbounded || b == RegexArena::kUnbounded) return RegexArena::kUnbounded;
  std::uint64_t product = std::uint64_t{a} * b;
  return product >= RegexArena::kUnbounded ? RegexArena::kUnbounded : static_cast<std::uint32_t>(product);
}
inline std::uint32_t less_one(std::uint32_t count) {
  return count == RegexArena::kUnbounded || count == 0 ? count : count - 1;
}

}  // namespace maskforge
