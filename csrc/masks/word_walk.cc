// See word_walk.h. Recursion is as deep as a token is long.
#include "masks/word_walk.h"

#include "base/fuel.h"
#include "base/json_escapes.h"
#include "base/stack.h"
#include "masks/solver.h"

namespace maskforge {

namespace {

constexpr std::uint64_t kNodesPerFuel = 64;
constexpr std::uint32_t kLevelsPerCheck = 8;  // of the stack
constexpr std::size_t kManyGroups = 16;       // of a forest: from here on groups are looked up by byte

bool needs_escape(char32_t c) { return c < 0x20 || c == '"' || c == '\\'; }

unsigned utf8_length(char32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }

std::uint8_t utf8_byte(char32_t c, unsigned place) {
  unsigned length = utf8_length(c);
  if (length == 1) return static_cast<std::uint8_t>(c);
  char32_t bits = c >> (6 * (length - 1 - place));
  if (place > 0) return static_cast<std::uint8_t>(0x80 | (bits & 0x3F));
  return static_cast<std::uint8_t>((0xF00u >> length & 0xFF) | bits);
}

std::uint32_t high_surrogate(char32_t c) { return 0xD800 + ((c - 0x10000) >> 10); }

// The UTF-16 unit of `c` that comes next; after a high surrogate that is not its own, one that matches nothing.
std::uint32_t unit_of(char32_t c, std::uint32_t high) {
  constexpr std::uint32_t kNone = 0xFFFFFFFF;
  if (c < 0x10000) return high == 0 ? c : kNone;
  if (high == 0) return high_surrogate(c);
  return high_surrogate(c) == high ? 0xDC00 + ((c - 0x10000) & 0x3FF) : kNone;
}

}  // namespace

std::uint32_t WordWalk::end_of_run(const Words& words, std::uint32_t i) const {
  const char32_t c = next_of(words, i);
  while (++i < words.to && next_of(words, i) == c) {
  }
  return i;
}

WordWalk::Siblings WordWalk::siblings(const Words& words) const {
  const bool ends = words_[words.from].text.size() == words.depth;
  const Words longer{words.from + (ends ? 1 : 0), words.to, words.depth};
  return {longer, ends, longer.from};
}

// The first bytes of characters come in ascending order, which is what read() asks for.
template <typename Visit>
void WordWalk::each_byte(const Siblings& siblings, Visit&& visit) const {
  const Words longer = siblings.longer;
  if (siblings.ends) visit(std::uint8_t{'"'});
  if (longer.from < longer.to) visit(std::uint8_t{'\\'});
  unsigned last = 256;
  for (std::uint32_t i = longer.from; i < longer.to; i = end_of_run(longer, i)) {
    const char32_t c = next_of(longer, i);
    if (needs_escape(c) || utf8_byte(c, 0) == last) continue;
    last = utf8_byte(c, 0);
    visit(static_cast<std::uint8_t>(last));
  }
}

// The entry's tokens end on the way to a word.
void WordWalk::take(TrieRef entry) {
  if (!alone_) return;
  std::span<const TokenId> own = entry.trie->tokens_at(entry.node);
  draft_.allowed.insert(draft_.allowed.end(), own.begin(), own.end());
}

void WordWalk::close(TrieRef entry, std::uint32_t word) {
  if (!alone_) {
    std::span<const TokenId> below = entry.trie->tokens_below(entry.node);
    draft_.covered.insert(draft_.covered.end(), below.begin(), below.end());
  }
  Label label = machine_.word_label(state_, words_[word].id);
  if (label != kNoLabel) draft_.leaves.push_back({label, ExitPoint::after(entry.trie, entry.node)});
}

void WordWalk::walk(const Forest& forest) {
  Siblings all = siblings({0, static_cast<std::uint32_t>(words_.size()), 0});
  const std::size_t groups = forest.groups().size();
  if (groups >= kManyGroups) {
    each_byte(all, [&](std::uint8_t byte) {
      const std::size_t g = forest.group_of(byte);
      if (g == groups) return;
      for (const TrieRef& entry : solver_.entries(forest, g)) read(entry, byte, all);
    });
  } else {
    for (std::size_t g = 0; g < groups; ++g) {
      const std::uint8_t byte = forest.groups()[g].byte;
      for (const TrieRef& entry : solver_.entries(forest, g)) read(entry, byte, all);
    }
  }
  FuelScope::spend(1 + (visited_ + words_.size()) / kNodesPerFuel);
}

void WordWalk::read(TrieRef entry, std::uint8_t byte, Siblings& siblings) {
  ++visited_;
  const Words& longer = siblings.longer;
  if (byte == '"') {
    if (siblings.ends) close(entry, longer.from - 1);
    return;
  }
  if (!concerns(entry)) return;
  if (byte == '\\') {
    if (longer.from < longer.to) read_escape(entry, longer);
    return;
  }
  auto passed = [&](char32_t c) { return needs_escape(c) || utf8_byte(c, 0) < byte; };
  std::uint32_t& at = siblings.at;
  while (at < longer.to && passed(next_of(longer, at))) at = end_of_run(longer, at);
  if (at == longer.to || utf8_byte(next_of(longer, at), 0) != byte) return;
  std::uint32_t end = at;
  while (end < longer.to && utf8_byte(next_of(longer, end), 0) == byte) ++end;
  read_utf8(entry, {at, end, longer.depth}, 1);
}

void WordWalk::read_utf8(TrieRef entry, const Words& words, unsigned place) {
  take(entry);
  if (place == utf8_length(next_of(words, words.from))) {
    read_children(entry, {words.from, words.to, words.depth + 1});
    return;
  }
  const TrieNode* nodes = entry.trie->nodes();
  const std::uint32_t last = entry.node + nodes[entry.node].size;
  std::uint32_t at = words.from;
  for (std::uint32_t child = entry.node + 1; child < last && at < words.to; child += nodes[child].size) {
    ++visited_;
    while (at < words.to && utf8_byte(next_of(words, at), place) < nodes[child].byte) ++at;
    std::uint32_t end = at;
    while (end < words.to && utf8_byte(next_of(words, end), place) == nodes[child].byte) ++end;
    if (end > at) read_utf8({entry.trie, child}, {at, end, words.depth}, place + 1);
    at = end;
  }
}

void WordWalk::read_children(TrieRef entry, const Words& words) {
  if (words.depth % kLevelsPerCheck == 0) Stack::check();
  const TrieNode* nodes = entry.trie->nodes();
  const std::uint32_t last = entry.node + nodes[entry.node].size;
  Siblings here = siblings(words);
  if (entry.trie->is_wide(entry.node)) {
    each_byte(here, [&](std::uint8_t byte) {
      if (const std::uint32_t child = entry.trie->child(entry.node, byte)) read({entry.trie, child}, byte, here);
    });
    return;
  }
  for (std::uint32_t child = entry.node + 1; child < last; child += nodes[child].size) {
    const std::uint8_t byte = static_cast<std::uint8_t>(nodes[child].byte);
    if (byte > '\\' && here.at == here.longer.to) return;
    read({entry.trie, child}, byte, here);
  }
}

void WordWalk::read_escape(TrieRef entry, const Words& words) {
  take(entry);
  const TrieNode* nodes = entry.trie->nodes();
  if (entry.trie->is_wide(entry.node)) {
    for (char byte : std::string_view("\"/\\bfnrtu")) {
      const std::uint32_t child = entry.trie->child(entry.node, static_cast<std::uint8_t>(byte));
      if (child != 0) read_escaped({entry.trie, child}, static_cast<std::uint8_t>(byte), words);
    }
    return;
  }
  const std::uint32_t last = entry.node + nodes[entry.node].size;
  for (std::uint32_t child = entry.node + 1; child < last; child += nodes[child].size)
    read_escaped({entry.trie, child}, static_cast<std::uint8_t>(nodes[child].byte), words);
}

void WordWalk::read_escaped(TrieRef entry, std::uint8_t byte, const Words& words) {
  ++visited_;
  if (byte == 'u') {
    take(entry);
    read_hex(entry, words, 0, 4, 0);
    return;
  }
  const char32_t c = escaped_character(byte);
  if (c == 0) return;
  for (std::uint32_t i = words.from; i < words.to; ++i) {
    if (next_of(words, i) != c) continue;
    take(entry);
    read_children(entry, {i, end_of_run(words, i), words.depth + 1});
    break;
  }
}

void WordWalk::read_hex(TrieRef entry, const Words& words, std::uint32_t value, unsigned left, std::uint32_t high) {
  const TrieNode* nodes = entry.trie->nodes();
  const std::uint32_t last = entry.node + nodes[entry.node].size;
  for (std::uint32_t child = entry.node + 1; child < last; child += nodes[child].size) {
    ++visited_;
    const int digit = hex_value(static_cast<std::uint8_t>(nodes[child].byte));
    if (digit < 0) continue;
    const std::uint32_t read = value * 16 + static_cast<std::uint32_t>(digit);
    std::uint32_t i = words.from;
    while (i < words.to && unit_of(next_of(words, i), high) >> (4 * (left - 1)) != read) ++i;
    if (i == words.to) continue;
    const TrieRef next{entry.trie, child};
    take(next);
    if (left > 1) {
      read_hex(next, words, read, left - 1, high);
    } else if (high != 0 || next_of(words, i) < 0x10000) {
      read_children(next, {i, end_of_run(words, i), words.depth + 1});
    } else {
      read_low(next, words, read);
    }
  }
}

// After a high surrogate: another escape, for the low one.
void WordWalk::read_low(TrieRef entry, const Words& words, std::uint32_t high) {
  const TrieNode* nodes = entry.trie->nodes();
  for (std::uint8_t byte : {'\\', 'u'}) {
    const std::uint32_t last = entry.node + nodes[entry.node].size;
    std::uint32_t child = entry.node + 1;
    while (child < last && nodes[child].byte != byte) child += nodes[child].size;
    if (child >= last) return;
    entry.node = child;
    take(entry);
  }
  read_hex(entry, words, 0, 4, high);
}

}  // namespace maskforge
