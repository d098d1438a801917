// Extended regular expressions over Unicode scalar values, hash-consed, explored by Brzozowski derivatives.
//
// A RegexId denotes a language of code point strings (no surrogates, U+0000 to U+10FFFF). Union, intersection and
// complement are operators of the algebra, repetition counts are numbers in the node and are never unrolled, so a JSON
// Schema string question of any Boolean shape is one RegexId, and a deterministic state is one RegexId too.
// Not thread safe: the machine's lock serialises growth.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/short_list.h"
#include "regex/text_automaton.h"

namespace maskforge {

using RegexId = std::uint32_t;

struct CodePointRange {
  char32_t first;
  char32_t last;  // inclusive
  bool operator==(const CodePointRange&) const = default;
};

struct RegexEdge {
  char32_t first;
  char32_t last;  // inclusive
  RegexId target;
};

enum class RegexMode {
  kWhole,   // the pattern matches the whole text (compiler.regex)
  kSearch,  // the pattern occurs somewhere in the text (JSON Schema `pattern`)
};

// A language that is a list: what is left of each of its words behind the first `read` characters, which they share.
struct ListedWords {
  std::span<const std::u32string> words;  // sorted, distinct; live as long as the arena
  std::size_t read = 0;
  std::u32string_view operator[](std::size_t i) const { return std::u32string_view(words[i]).substr(read); }
};

class RegexArena {
 public:
  static constexpr std::uint32_t kUnbounded = std::numeric_limits<std::uint32_t>::max();

  RegexArena();
  ~RegexArena();
  RegexArena(const RegexArena&) = delete;
  RegexArena& operator=(const RegexArena&) = delete;

  // ---- building ----
  RegexId none() const;      // the empty language
  RegexId epsilon() const;   // the empty string alone
  RegexId any_text() const;  // every string
  RegexId chars(std::vector<CodePointRange> ranges);
  RegexId literal(std::u32string_view text);
  // The finite language of these words; cost linear in their total size, however many there are (a sorted array and
  // a range in it, never a union of literals).
  RegexId words(std::vector<std::u32string> words);
  RegexId concat(RegexId first, RegexId second);
  RegexId unite(ShortList<RegexId> parts);
  RegexId intersect(ShortList<RegexId> parts);
  RegexId complement(RegexId part);
  RegexId repeat(RegexId part, std::uint32_t least, std::uint32_t most);  // most may be kUnbounded
  RegexId length(std::uint32_t least, std::uint32_t most);                // code points
  // The language of an automaton, which is made once for each name.
  RegexId automaton(std::string_view name, const std::function<std::unique_ptr<TextAutomaton>(RegexArena&)>& make);
  // ECMA-262 pattern with the `u` flag, UTF-8 text. Throws SpecError("...", "offset N") on bad syntax and
  // UnsupportedError on what is not regular (backreferences).
  RegexId parse(std::string_view pattern, RegexMode mode);

  // ---- asking ----
  bool nullable(RegexId r) const;
  // The derivative by every code point: sorted, disjoint, adjacent ranges with equal targets merged; a range that is
  // left out goes to none(). Targets may be empty without being none(): ask is_empty. Memoised. Spends fuel.
  const std::vector<RegexEdge>& edges(RegexId r);
  // By one character, for a regex whose edges may never be asked for.
  RegexId derive_alone(RegexId r, char32_t c);
  // For a state of an automaton, perhaps with a bound on the length beside it: its classes of characters, and the
  // derivative by one of them. Null for anything else.
  const CharClasses* classes(RegexId r) const;
  RegexId class_edge(RegexId r, std::uint32_t character_class);
  // Whether no string matches. Exact and memoised; spends fuel (FuelError leaves nothing half-known).
  bool is_empty(RegexId r);
  bool matches(RegexId r, std::u32string_view text);
  // Number of words, saturating at `limit`. Spends fuel.
  std::uint64_t count_words(RegexId r, std::uint64_t limit);
  // The words of a language that was made by words() or is one literal, or follows one of these; nothing for others,
  // even if they are finite. Constant time for a list.
  std::optional<ListedWords> listed(RegexId r);
  // A shortest word of the language, or nothing when it is empty.
  std::optional<std::u32string> shortest_word(RegexId r);
  // A regex c such that for every word w of at most `longest` code points: the derivative of r by w is empty
  // (accepting) if and only if that of c is. Counters that are further from their bounds than `longest` are widened to
  // one canonical form, so that
  // .{1,255} and .{1,2048} share a mask. Returns r itself when nothing can be widened *exactly*.
  RegexId clip(RegexId r, std::uint32_t longest);
  // A regex with the same prefixes of words, perhaps one with fewer derivatives: for any text the derivative of r by it
  // is empty if and only if that of the result is. Whatever stays alive for ever gives any_text(). Spends fuel.
  RegexId same_prefixes(RegexId r);
  std::string describe(RegexId r) const;  // for diagnostics
  std::size_t memory_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace maskforge
