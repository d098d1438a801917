// ECMA-262 regular expressions with the `u` flag, read straight into the graph.
//
// Strict where leniency would change a meaning, lenient where schemas in the wild need it: identity escapes of any
// ASCII punctuation (`\-`, `\_`, `\"`), a lone `]`, `}` or `{` as a literal, `[\w-.]` with a literal hyphen. What other
// dialects mean by \A, \Z, (?i), (?P<n>..), possessive quantifiers and so on is refused with UnsupportedError, never
// guessed. Covered by tests/csrc/test_regex_parser.cc, tests/csrc/test_regex_exhaustive.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "regex/graph.h"

namespace maskforge {

class RegexParser {
 public:
  // `pattern` is UTF-8. Offsets in errors count code points.
  RegexParser(RegexGraph& graph, std::string_view pattern);

  RegexId parse(RegexMode mode);

 private:
  struct Split {
    RegexId anchored;    // the alternatives that begin with ^, without it
    RegexId unanchored;  // the others
  };

  bool done() const { return at_ >= text_.size(); }
  char32_t peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : 0; }
  bool looking_at(std::string_view ascii) const;
  bool take(std::string_view ascii);
  [[noreturn]] void fail(const std::string& what, std::size_t offset) const;
  [[noreturn]] void refuse(const std::string& what, std::size_t offset) const;

  RegexId parse_alternatives(int depth);
  RegexId parse_sequence(int depth);
  RegexId parse_term(int depth);
  RegexId parse_group(int depth);
  RegexId parse_quantifier(RegexId atom, std::size_t offset);
  bool read_braces(std::uint32_t& least, std::uint32_t& most);
  void skip_group_name();
  Split split_caret(RegexId r);

  // regex/parser_escape.cc
  RegexId parse_escape();
  CharSet parse_class();
  bool parse_class_atom(CharSet& set, char32_t& single);  // false: a set, true: one character
  bool parse_set_escape(CharSet& set);                    // \d \w \s \p and their complements, after the backslash
  char32_t parse_character_escape(bool in_class);         // everything else, after the backslash
  CharSet parse_property(bool negated);
  bool read_hex(std::size_t digits, char32_t& value);

  RegexGraph& graph_;
  std::u32string text_;
  std::size_t at_ = 0;
};

}  // namespace maskforge
