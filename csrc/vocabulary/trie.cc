// See trie.h.
#include "vocabulary/trie.h"

#include <algorithm>

#include "base/stack.h"

namespace maskforge {

namespace {

constexpr std::uint32_t kLevelsPerCheck = 8;  // of the stack

TrieNode make_node(std::uint32_t byte, std::uint32_t depth, std::size_t first_token) {
  TrieNode node;
  node.byte = byte & 0xFF;
  node.size = 1;
  node.depth = depth & 0xFF;
  node.first_token = static_cast<std::uint32_t>(first_token) & 0xFFFFFF;
  return node;
}

}  // namespace

TokenTrie::TokenTrie(std::span<const Item> sorted) {
  tokens_.reserve(sorted.size());
  nodes_.reserve(sorted.size() * 2 + 1);
  std::vector<std::uint32_t> open;  // the nodes on the path of the last item
  std::string_view last;
  auto close = [&](std::size_t depth) {
    for (; open.size() > depth; open.pop_back()) {
      nodes_[open.back()].size = static_cast<std::uint32_t>(nodes_.size() - open.back()) & 0xFFFFFF;
    }
  };
  for (const Item& item : sorted) {
    std::size_t common = 0;
    std::size_t most = std::min(last.size(), item.bytes.size());
    while (common < most && last[common] == item.bytes[common]) ++common;
    close(common);
    for (std::size_t depth = common; depth < item.bytes.size(); ++depth) {
      open.push_back(static_cast<std::uint32_t>(nodes_.size()));
      nodes_.push_back(
          make_node(static_cast<std::uint8_t>(item.bytes[depth]), static_cast<std::uint32_t>(depth), tokens_.size()));
    }
    height_ = std::max(height_, static_cast<std::uint32_t>(item.bytes.size()));
    tokens_.push_back(item.token);
    last = item.bytes;
  }
  close(0);
  finish();
}

TokenTrie::TokenTrie(std::span<const TrieRef> same_byte) {
  std::vector<TrieRef> scratch(same_byte.begin(), same_byte.end());
  if (!scratch.empty()) merge(scratch, 0, scratch.size(), 0);
  finish();
}

void TokenTrie::finish() {
  nodes_.push_back(make_node(0, 0, tokens_.size()));  // the sentinel
  quotes_.assign(nodes_.size() / 64 + 1, 0);
  std::uint32_t path[kMaxTokenBytes + 1];
  for (std::uint32_t i = 0; i + 1 < nodes_.size(); ++i) {
    path[nodes_[i].depth] = i;
    if (nodes_[i].byte != '"') continue;
    for (std::uint32_t depth = nodes_[i].depth + 1u; depth-- > 0 && !has_quote(path[depth]);)
      quotes_[path[depth] / 64] |= std::uint64_t{1} << (path[depth] % 64);
  }
  find_wide();
}

void TokenTrie::find_wide() {
  constexpr std::uint32_t kWide = 16;        // children
  constexpr std::uint32_t kSmall = 1u << 9;  // nodes
  const std::uint32_t count = node_count();
  if (count < kSmall) return;
  wide_bits_.assign(count / 64 + 1, 0);
  for (std::uint32_t node = 0; node < count; ++node) {
    if (nodes_[node].size <= kWide) continue;
    const std::uint32_t begin = static_cast<std::uint32_t>(wide_children_.size());
    const std::uint32_t last = node + nodes_[node].size;
    for (std::uint32_t child = node + 1; child < last; child += nodes_[child].size) wide_children_.push_back(child);
    const std::uint32_t end = static_cast<std::uint32_t>(wide_children_.size());
    if (end - begin < kWide) {
      wide_children_.resize(begin);
      continue;
    }
    wide_.push_back({node, begin, end});
    wide_bits_[node / 64] |= std::uint64_t{1} << (node % 64);
  }
}

std::uint32_t TokenTrie::child(std::uint32_t node, std::uint8_t byte) const {
  const Wide& wide = *std::ranges::lower_bound(wide_, node, {}, &Wide::node);
  auto end = wide_children_.begin() + wide.end;
  auto at = std::ranges::lower_bound(wide_children_.begin() + wide.begin, end, byte, {},
                                     [&](std::uint32_t child) { return nodes_[child].byte; });
  return at != end && nodes_[*at].byte == byte ? *at : 0;
}

// Emits the union of scratch[begin, end), all of one byte. Recursion is as deep as a token is long.
void TokenTrie::merge(std::vector<TrieRef>& scratch, std::size_t begin, std::size_t end, std::uint32_t depth) {
  if (end - begin == 1) return copy(scratch[begin], depth);
  if (depth % kLevelsPerCheck == kLevelsPerCheck - 1) Stack::check();
  std::size_t self = nodes_.size();
  nodes_.push_back(make_node(scratch[begin].trie->nodes_[scratch[begin].node].byte, depth, tokens_.size()));
  height_ = std::max(height_, depth + 1);
  std::size_t children = scratch.size();
  for (std::size_t i = begin; i < end; ++i) {
    const TrieRef ref = scratch[i];
    std::span<const TokenId> own = ref.trie->tokens_at(ref.node);
    tokens_.insert(tokens_.end(), own.begin(), own.end());
    std::uint32_t last = ref.node + ref.trie->nodes_[ref.node].size;
    for (std::uint32_t child = ref.node + 1; child < last; child += ref.trie->nodes_[child].size) {
      scratch.push_back({ref.trie, child});
    }
  }
  auto byte_of = [](const TrieRef& ref) { return ref.trie->nodes_[ref.node].byte; };
  std::stable_sort(scratch.begin() + static_cast<std::ptrdiff_t>(children), scratch.end(),
                   [&](const TrieRef& a, const TrieRef& b) { return byte_of(a) < byte_of(b); });
  std::size_t all = scratch.size();
  for (std::size_t from = children; from < all;) {
    std::size_t to = from + 1;
    while (to < all && byte_of(scratch[to]) == byte_of(scratch[from])) ++to;
    merge(scratch, from, to, depth + 1);
    from = to;
  }
  scratch.resize(children);
  nodes_[self].size = static_cast<std::uint32_t>(nodes_.size() - self) & 0xFFFFFF;
}

void TokenTrie::copy(TrieRef from, std::uint32_t depth) {
  const TrieNode* source = from.trie->nodes_.data() + from.node;
  std::uint32_t count = source->size;
  std::uint32_t token_shift = static_cast<std::uint32_t>(tokens_.size()) - source->first_token;
  std::uint32_t depth_shift = depth - source->depth;
  for (std::uint32_t i = 0; i < count; ++i) {
    TrieNode node = source[i];
    node.first_token = (node.first_token + token_shift) & 0xFFFFFF;
    node.depth = (node.depth + depth_shift) & 0xFF;
    height_ = std::max(height_, node.depth + 1u);
    nodes_.push_back(node);
  }
  std::span<const TokenId> below = from.trie->tokens_below(from.node);
  tokens_.insert(tokens_.end(), below.begin(), below.end());
}

}  // namespace maskforge
