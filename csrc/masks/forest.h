// A set of trie subtrees that are walked together from one state: what is left of the tokens after some prefix was
// read.
//
// The whole vocabulary is a forest (one subtree per first byte); "everything that may follow a closing quote" is one
// (the subtrees under every node at which a string ended). Entries are grouped by their first byte, so that a state
// looks only at the bytes it can read. A group that is walked often is merged into one trie, so that equal suffixes are
// walked once. Thread safe: immutable but for the merged tries, which are published atomically. Covered by
// tests/csrc/test_masks.cc.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "machine/machine.h"
#include "vocabulary/trie.h"

namespace maskforge {

// Where a walk left its frame: after the byte of `node` (its children remain to be read) or before it (it remains
// itself).
struct ExitPoint {
  const TokenTrie* trie;
  std::uint32_t code;  // node * 2 + 1 when the node's byte was not consumed
  static ExitPoint after(const TokenTrie* trie, std::uint32_t node) { return {trie, node * 2}; }
  static ExitPoint before(const TokenTrie* trie, std::uint32_t node) { return {trie, node * 2 + 1}; }
  std::uint32_t node() const { return code >> 1; }
  bool consumed() const { return (code & 1) == 0; }
  bool operator==(const ExitPoint&) const = default;
};

class Forest {
 public:
  struct Group {
    std::uint8_t byte;
    std::uint32_t begin;  // entries
    std::uint32_t end;
    std::uint32_t weight;  // nodes
  };

  Forest(std::uint32_t id, std::span<const ExitPoint> points);
  ~Forest();
  Forest(const Forest&) = delete;
  Forest& operator=(const Forest&) = delete;

  std::uint32_t id() const { return id_; }
  bool empty() const { return groups_.empty(); }
  std::span<const Group> groups() const { return groups_; }
  std::uint32_t weight() const { return weight_; }
  std::uint32_t height() const { return height_; }  // at least the bytes of the longest path
  const ByteSet& bytes() const { return bytes_; }   // of the groups
  // Of the groups of `some`, which are among bytes().
  std::uint64_t weight_of(const ByteSet& some) const {
    const ByteSet others = bytes_.without(some);
    const bool most = others.size() * 2 < groups_.size();
    std::uint64_t sum = 0;
    (most ? others : some).each([&](std::uint8_t byte) { sum += groups_[group_at(byte)].weight; });
    return most ? weight_ - sum : sum;
  }
  // The group of one of these bytes.
  std::size_t group_at(std::uint8_t byte) const { return bytes_.rank(byte); }
  // The group of a byte, or groups().size().
  std::size_t group_of(std::uint8_t byte) const { return bytes_.has(byte) ? group_at(byte) : groups_.size(); }
  // The subtrees of a group; after a few calls they are one merged trie. `grown` receives the bytes that merging took.
  std::span<const TrieRef> entries(std::size_t group, std::atomic<std::size_t>& grown) const;
  std::size_t memory_bytes() const {
    return sizeof(*this) + entries_.capacity() * sizeof(TrieRef) +
           groups_.capacity() * (sizeof(Group) + sizeof(Merging));
  }

 private:
  struct Merged {
    explicit Merged(std::span<const TrieRef> refs) : trie(refs), ref{&trie, 0} {}
    TokenTrie trie;
    TrieRef ref;
  };
  struct Merging {
    std::atomic<Merged*> done{nullptr};
    std::atomic<std::uint32_t> uses{0};
  };

  std::uint32_t id_;
  std::uint32_t weight_ = 0;
  std::uint32_t height_ = 0;
  ByteSet bytes_;
  std::vector<TrieRef> entries_;  // by byte
  std::vector<Group> groups_;     // by byte
  std::unique_ptr<Merging[]> merging_;
};

}  // namespace maskforge
