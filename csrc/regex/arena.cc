// The public face of the regex graph: checks arguments, keeps parsed patterns, and makes concatenation a matter of
// languages (a `^` inside a later part looks at that part's start). Covered by tests/csrc/test_regex.cc.
#include <unordered_map>

#include "base/errors.h"
#include "regex/graph.h"
#include "regex/parser.h"
#include "regex/regex.h"

namespace maskforge {

struct RegexArena::Impl {
  RegexGraph graph;
  std::unordered_map<std::string, RegexId> automata;
  std::unordered_map<std::string, RegexId> parsed;  // mode character + pattern
  std::size_t parsed_bytes = 0;

  void check(RegexId r) const {
    if (r >= graph.size()) throw MisuseError("regex: no such id");
  }
  void check(const ShortList<RegexId>& ids) const {
    for (RegexId r : ids) check(r);
  }
};

RegexArena::RegexArena() : impl_(std::make_unique<Impl>()) {}
RegexArena::~RegexArena() = default;

RegexId RegexArena::none() const { return RegexGraph::kNone; }
RegexId RegexArena::epsilon() const { return RegexGraph::kEpsilon; }
RegexId RegexArena::any_text() const { return RegexGraph::kAnyText; }
RegexId RegexArena::chars(std::vector<CodePointRange> ranges) { return impl_->graph.chars(std::move(ranges)); }
RegexId RegexArena::literal(std::u32string_view text) { return impl_->graph.literal(text); }
RegexId RegexArena::words(std::vector<std::u32string> words) { return impl_->graph.words(std::move(words)); }

RegexId RegexArena::concat(RegexId first, RegexId second) {
  impl_->check(first);
  impl_->check(second);
  return impl_->graph.concat(impl_->graph.local(first), impl_->graph.local(second));
}

RegexId RegexArena::unite(ShortList<RegexId> parts) {
  impl_->check(parts);
  return impl_->graph.unite(parts);
}

RegexId RegexArena::intersect(ShortList<RegexId> parts) {
  impl_->check(parts);
  return impl_->graph.intersect(parts);
}

RegexId RegexArena::complement(RegexId part) {
  impl_->check(part);
  return impl_->graph.complement(part);
}

RegexId RegexArena::repeat(RegexId part, std::uint32_t least, std::uint32_t most) {
  impl_->check(part);
  return impl_->graph.repeat(impl_->graph.local(part), least, most);
}

RegexId RegexArena::length(std::uint32_t least, std::uint32_t most) { return impl_->graph.length(least, most); }

RegexId RegexArena::automaton(std::string_view name,
                              const std::function<std::unique_ptr<TextAutomaton>(RegexArena&)>& make) {
  std::string key(name);
  if (auto known = impl_->automata.find(key); known != impl_->automata.end()) return known->second;
  RegexId start = impl_->graph.automaton(make(*this));
  impl_->automata.emplace(std::move(key), start);
  return start;
}

RegexId RegexArena::parse(std::string_view pattern, RegexMode mode) {
  std::string key(1, mode == RegexMode::kSearch ? 's' : 'w');
  key += pattern;
  if (auto it = impl_->parsed.find(key); it != impl_->parsed.end()) return it->second;
  RegexId result = RegexParser(impl_->graph, pattern).parse(mode);
  impl_->parsed_bytes += key.size() + 64;
  impl_->parsed.emplace(std::move(key), result);
  return result;
}

bool RegexArena::nullable(RegexId r) const {
  impl_->check(r);
  return impl_->graph.node(r).nullable;
}

const std::vector<RegexEdge>& RegexArena::edges(RegexId r) {
  impl_->check(r);
  return impl_->graph.edges(r);
}

RegexId RegexArena::derive_alone(RegexId r, char32_t c) {
  impl_->check(r);
  return impl_->graph.derive_alone(r, c);
}

const CharClasses* RegexArena::classes(RegexId r) const {
  impl_->check(r);
  return impl_->graph.classes(r);
}

RegexId RegexArena::class_edge(RegexId r, std::uint32_t character_class) {
  impl_->check(r);
  return impl_->graph.class_edge(r, character_class);
}

bool RegexArena::is_empty(RegexId r) {
  impl_->check(r);
  return impl_->graph.is_empty(r);
}

bool RegexArena::matches(RegexId r, std::u32string_view text) {
  impl_->check(r);
  return impl_->graph.matches(r, text);
}

std::uint64_t RegexArena::count_words(RegexId r, std::uint64_t limit) {
  impl_->check(r);
  return impl_->graph.count_words(r, limit);
}

std::optional<ListedWords> RegexArena::listed(RegexId r) {
  impl_->check(r);
  return impl_->graph.listed(r);
}

std::optional<std::u32string> RegexArena::shortest_word(RegexId r) {
  impl_->check(r);
  return impl_->graph.shortest_word(r);
}

RegexId RegexArena::clip(RegexId r, std::uint32_t longest) {
  impl_->check(r);
  return impl_->graph.clip(r, longest);
}

RegexId RegexArena::same_prefixes(RegexId r) {
  impl_->check(r);
  return impl_->graph.same_prefixes(r);
}

std::string RegexArena::describe(RegexId r) const {
  impl_->check(r);
  return impl_->graph.describe(r);
}

std::size_t RegexArena::memory_bytes() const { return impl_->graph.memory_bytes() + impl_->parsed_bytes; }

}  // namespace maskforge
