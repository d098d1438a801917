// Tokens as a byte trie: a preorder array of 8-byte nodes, the form in which masks are walked.
//
//     tokens 0:"a" 1:"ab" 2:"b"      nodes  a(size 2)  b(size 1)  b(size 1)      tokens in preorder  0 1 2
//
// The tokens that end at node i are a contiguous range of the preorder token list, and so are those of its whole
// subtree; skipping a subtree is one addition. There is no root node: the nodes of depth 0 are the first bytes. Several
// tokens may end at one node (equal tokens, and tries that are merged from subtrees of other tries). Immutable; safe to
// share between threads. Covered by tests/csrc/test_trie.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/blocks.h"
#include "vocabulary/vocabulary.h"

namespace maskforge {

struct TrieNode {
  std::uint32_t byte : 8;
  std::uint32_t size : 24;  // nodes of the subtree, this one included
  std::uint32_t depth : 8;  // bytes before this one
  std::uint32_t first_token : 24;
};
static_assert(sizeof(TrieNode) == 8);

class TokenTrie;

// The subtree at one node, the node's own byte included.
struct TrieRef {
  const TokenTrie* trie;
  std::uint32_t node;
  bool operator==(const TrieRef&) const = default;
};

class TokenTrie {
 public:
  static constexpr std::size_t kMaxTokenBytes = 250;
  static constexpr std::size_t kMaxNodes = (std::size_t{1} << 24) - 2;

  struct Item {
    std::string_view bytes;
    TokenId token;
  };

  // Requires: sorted by bytes, none empty or longer than kMaxTokenBytes, at most kMaxNodes bytes in all distinct
  // prefixes.
  explicit TokenTrie(std::span<const Item> sorted);
  // The union of subtrees whose top nodes all have the same byte. The token lists of equal paths are concatenated.
  explicit TokenTrie(std::span<const TrieRef> same_byte);
  TokenTrie(const TokenTrie&) = delete;
  TokenTrie& operator=(const TokenTrie&) = delete;

  std::uint32_t node_count() const { return static_cast<std::uint32_t>(nodes_.size() - 1); }
  // node_count() nodes and one sentinel, whose first_token is the number of tokens.
  const TrieNode* nodes() const { return nodes_.data(); }
  std::span<const TokenId> tokens() const { return tokens_; }
  std::span<const TokenId> tokens_at(std::uint32_t node) const { return slice(node, node + 1); }
  std::span<const TokenId> tokens_below(std::uint32_t node) const { return slice(node, node + nodes_[node].size); }
  // Whether any byte of the subtree is a quote: most have none, and what ends with one is of no concern to them.
  bool has_quote(std::uint32_t node) const { return (quotes_[node / 64] >> (node % 64) & 1) != 0; }
  // Whether a node has so many children that child() beats looking at all of them. (A small trie has no such nodes.)
  bool is_wide(std::uint32_t node) const { return !wide_bits_.empty() && (wide_bits_[node / 64] >> (node % 64) & 1); }
  // The child of a wide node by its byte; 0, which is no child, when there is none.
  std::uint32_t child(std::uint32_t node, std::uint8_t byte) const;
  std::uint32_t height() const { return height_; }  // bytes on the longest path
  std::size_t memory_bytes() const {
    return sizeof(*this) + nodes_.capacity() * 8 + (quotes_.capacity() + wide_bits_.capacity()) * 8 +
           tokens_.capacity() * sizeof(TokenId) + wide_.capacity() * sizeof(Wide) + wide_children_.capacity() * 4;
  }

 private:
  std::span<const TokenId> slice(std::uint32_t first, std::uint32_t last) const {
    return {tokens_.data() + nodes_[first].first_token, tokens_.data() + nodes_[last].first_token};
  }
  struct Wide {
    std::uint32_t node;
    std::uint32_t begin;  // of its children in wide_children_
    std::uint32_t end;
  };
  using Bits = std::vector<std::uint64_t, BlockAllocator<std::uint64_t>>;
  void finish();
  void find_wide();
  void merge(std::vector<TrieRef>& scratch, std::size_t begin, std::size_t end, std::uint32_t depth);
  void copy(TrieRef from, std::uint32_t depth);

  std::vector<TrieNode, BlockAllocator<TrieNode>> nodes_;
  std::vector<TokenId, BlockAllocator<TokenId>> tokens_;
  Bits quotes_;                               // a bit for each node
  Bits wide_bits_;                            // a bit for each node
  std::vector<Wide> wide_;                    // by node
  std::vector<std::uint32_t> wide_children_;  // by node, then by byte
  std::uint32_t height_ = 0;
};

}  // namespace maskforge
