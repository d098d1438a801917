// The grammar of patterns: alternatives, sequences, groups, assertions, quantifiers. See parser.h.
#include "regex/parser.h"

#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"
#include "base/stack.h"

namespace maskforge {

namespace {

constexpr int kDeepestGroups = 500;
constexpr CodePointRange kLineTerminators[] = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};

std::u32string decode(std::string_view bytes) {
  std::u32string out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    unsigned char lead = static_cast<unsigned char>(bytes[i]);
    int more = lead < 0x80                   ? 0
               : lead >= 0xC2 && lead < 0xE0 ? 1
               : (lead & 0xF0) == 0xE0       ? 2
               : lead >= 0xF0 && lead < 0xF5 ? 3
                                             : -1;
    char32_t c = more <= 0 ? lead : lead & (0x3F >> more);
    bool ok = more >= 0 && i + more < bytes.size();
    for (int k = 1; ok && k <= more; ++k) {
      unsigned char next = static_cast<unsigned char>(bytes[i + k]);
      ok = (next & 0xC0) == 0x80;
      c = c << 6 | (next & 0x3F);
    }
    if (ok)
      ok = c <= kLastCodePoint && !(c >= kFirstSurrogate && c <= kLastSurrogate) && !(more == 2 && c < 0x800) &&
           !(more == 3 && c < 0x10000);
    if (!ok) throw SpecError("the pattern is not valid UTF-8", "offset " + std::to_string(out.size()));
    out.push_back(c);
    i += static_cast<std::size_t>(more) + 1;
  }
  return out;
}

}  // namespace

RegexParser::RegexParser(RegexGraph& graph, std::string_view pattern) : graph_(graph), text_(decode(pattern)) {
  FuelScope::spend(pattern.size() / 16 + 1);
}

void RegexParser::fail(const std::string& what, std::size_t offset) const {
  throw SpecError("regular expression: " + what, "offset " + std::to_string(offset));
}

void RegexParser::refuse(const std::string& what, std::size_t offset) const {
  throw UnsupportedError("regular expression: " + what, "offset " + std::to_string(offset));
}

bool RegexParser::looking_at(std::string_view ascii) const {
  if (text_.size() - at_ < ascii.size()) return false;
  return std::equal(ascii.begin(), ascii.end(), text_.begin() + static_cast<std::ptrdiff_t>(at_),
                    [](char a, char32_t b) { return static_cast<char32_t>(a) == b; });
}

bool RegexParser::take(std::string_view ascii) {
  if (!looking_at(ascii)) return false;
  at_ += ascii.size();
  return true;
}

// Separates the alternatives that begin with `^`: at the text's start it holds, and no searching comes before it.
RegexParser::Split RegexParser::split_caret(RegexId r) {
  const RegexNode n = graph_.node(r);
  if (n.kind == RegexKind::kBehind && n.a == RegexGraph::kEpsilon) return {RegexGraph::kEpsilon, RegexGraph::kNone};
  if (n.kind == RegexKind::kConcat) {
    Split first = split_caret(n.a);
    if (first.anchored == RegexGraph::kNone) return {RegexGraph::kNone, r};
    return {graph_.concat(first.anchored, n.b), graph_.concat(first.unanchored, n.b)};
  }
  if (n.kind == RegexKind::kUnion) {
    Stack::check();
    ShortList<RegexId> parts(graph_.members(r).begin(), graph_.members(r).end()), anchored, unanchored;
    for (RegexId part : parts) {
      Split split = split_caret(part);
      anchored.push_back(split.anchored);
      unanchored.push_back(split.unanchored);
    }
    return {graph_.unite(anchored), graph_.unite(unanchored)};
  }
  return {RegexGraph::kNone, r};
}

RegexId RegexParser::parse(RegexMode mode) {
  RegexId pattern = parse_alternatives(0);
  if (!done()) fail("unmatched ')'", at_);
  RegexId rest = mode == RegexMode::kSearch ? RegexGraph::kAnyText : RegexGraph::kEpsilon;
  auto [anchored, unanchored] = split_caret(pattern);
  RegexId from_start = graph_.resolve(anchored, rest);
  RegexId anywhere = graph_.resolve(unanchored, rest);
  if (mode == RegexMode::kSearch) anywhere = graph_.concat(RegexGraph::kAnyText, anywhere);
  return graph_.unite(from_start, anywhere);
}

RegexId RegexParser::parse_alternatives(int depth) {
  if (depth > kDeepestGroups) refuse("groups are nested too deeply", at_);
  if (depth > 0) Stack::check();
  RegexId first = parse_sequence(depth);
  if (done() || peek() != '|') return first;
  ShortList<RegexId> parts{first};
  while (!done() && peek() == '|') {
    ++at_;
    parts.push_back(parse_sequence(depth));
  }
  return graph_.unite(parts);
}

RegexId RegexParser::parse_sequence(int depth) {
  ShortList<RegexId> terms;
  while (!done() && peek() != '|' && peek() != ')') terms.push_back(parse_term(depth));
  RegexId result = RegexGraph::kEpsilon;
  for (std::size_t i = terms.size(); i-- > 0;) result = graph_.concat(terms[i], result);
  return result;
}

RegexId RegexParser::parse_term(int depth) {
  std::size_t offset = at_;
  char32_t c = peek();
  RegexId atom;
  switch (c) {
    case '^':
      ++at_;
      return graph_.behind(RegexGraph::kEpsilon);
    case '$':
      ++at_;
      return graph_.ahead(RegexGraph::kEpsilon);
    case '(':
      atom = parse_group(depth);
      break;
    case '.':
      ++at_;
      atom = graph_.chars(complement_set(kLineTerminators));
      break;
    case '[':
      atom = graph_.chars(parse_class());
      break;
    case '\\':
      if (peek(1) == 'b' || peek(1) == 'B') {
        at_ += 2;
        return graph_.word_boundary(text_[at_ - 1] == 'b');
      }
      atom = parse_escape();
      break;
    case '*':
    case '+':
    case '?':
      fail("nothing to repeat", offset);
    case '{': {
      std::uint32_t least, most;
      if (read_braces(least, most)) fail("nothing to repeat", offset);
      ++at_;
      atom = graph_.character(c);
      break;
    }
    default:
      ++at_;
      atom = graph_.character(c);
      break;
  }
  return parse_quantifier(atom, offset);
}

RegexId RegexParser::parse_group(int depth) {
  std::size_t offset = at_;
  ++at_;
  RegexId inner;
  bool lookahead = false, lookbehind = false, negative = false;
  if (take("?")) {
    if (take(":")) {
    } else if (take("=")) {
      lookahead = true;
    } else if (take("!")) {
      lookahead = negative = true;
    } else if (take("<=")) {
      lookbehind = true;
    } else if (take("<!")) {
      lookbehind = negative = true;
    } else if (take("<")) {
      skip_group_name();
    } else if (done()) {
      fail("unfinished group", offset);
    } else {
      refuse("a group of another dialect, or with inline flags, which ECMA-262 does not have", offset);
    }
  }
  inner = parse_alternatives(depth + 1);
  if (!take(")")) fail("missing ')'", offset);
  if (lookahead) {
    RegexId future = graph_.resolve(inner, RegexGraph::kAnyText);
    return graph_.ahead(negative ? graph_.complement(future) : future);
  }
  if (lookbehind) {
    try {
      auto [anchored, unanchored] = split_caret(inner);
      RegexId from_start = graph_.resolve(anchored, RegexGraph::kEpsilon, true);
      RegexId anywhere = graph_.resolve(unanchored, RegexGraph::kEpsilon, true);
      RegexId past = graph_.unite(from_start, graph_.concat(RegexGraph::kAnyText, anywhere));
      return graph_.behind(negative ? graph_.complement(past) : past);
    } catch (const UnsupportedError& error) {
      if (!error.where().empty()) throw;
      refuse(error.message(), offset);
    }
  }
  return inner;
}

void RegexParser::skip_group_name() {
  std::size_t offset = at_;
  while (!done() && peek() != '>') {
    char32_t c = peek();
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c >= 0x80 || c == '\\';
    bool digit = c >= '0' && c <= '9';
    bool in_escape = c == '{' || c == '}';
    if (!letter && !in_escape && !(digit && at_ > offset)) fail("bad group name", at_);
    ++at_;
  }
  if (at_ == offset || !take(">")) fail("bad group name", offset);
}

// {n}, {n,} or {n,m}, from the brace on; otherwise nothing is consumed.
bool RegexParser::read_braces(std::uint32_t& least, std::uint32_t& most) {
  std::size_t at = at_ + 1;
  auto digits = [&](std::uint32_t& value) {
    std::size_t begin = at;
    std::uint64_t count = 0;
    for (; at < text_.size() && text_[at] >= '0' && text_[at] <= '9'; ++at) {
      count = std::min<std::uint64_t>(count * 10 + (text_[at] - '0'), RegexGraph::kUnbounded);
    }
    value = static_cast<std::uint32_t>(count);
    return at > begin;
  };
  if (peek() != '{' || !digits(least)) return false;
  std::size_t most_at = at;
  most = least;
  bool open = false;
  if (at < text_.size() && text_[at] == ',') {
    ++at;
    most_at = at;
    open = !digits(most);
  }
  if (at >= text_.size() || text_[at] != '}') return false;
  if (least == RegexGraph::kUnbounded || (!open && most == RegexGraph::kUnbounded))
    refuse("repeat count too large", at_);
  if (open) most = RegexGraph::kUnbounded;
  if (least > most) fail("repeat counts out of order", most_at);
  at_ = at + 1;
  return true;
}

RegexId RegexParser::parse_quantifier(RegexId atom, std::size_t offset) {
  std::uint32_t least = 0, most = RegexGraph::kUnbounded;
  if (done()) return atom;
  switch (peek()) {
    case '*':
      ++at_;
      break;
    case '+':
      ++at_;
      least = 1;
      break;
    case '?':
      ++at_;
      most = 1;
      break;
    case '{':
      if (!read_braces(least, most)) return atom;
      break;
    default:
      return atom;
  }
  take("?");  // lazy: the same language
  if (!done() && (peek() == '+' || peek() == '*' || peek() == '?')) {
    refuse("a quantifier after a quantifier (possessive in other dialects)", at_);
  }
  std::uint32_t again_least, again_most;
  std::size_t here = at_;
  if (!done() && peek() == '{' && read_braces(again_least, again_most)) fail("nothing to repeat", here);
  (void)offset;
  return graph_.repeat(atom, least, most);
}

}  // namespace maskforge
