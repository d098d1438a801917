// See forest.h.
#include "masks/forest.h"

#include <algorithm>
#include <array>

namespace maskforge {

namespace {

constexpr std::uint32_t kUsesBeforeMerging = 8;
constexpr std::uint32_t kLargestMerge = 1u << 12;  // nodes; larger groups are walked entry by entry

}  // namespace

Forest::Forest(std::uint32_t id, std::span<const ExitPoint> points) : id_(id) {
  std::array<std::uint32_t, 257> starts{};
  auto each = [&](auto&& visit) {
    for (const ExitPoint& point : points) {
      const TrieNode* nodes = point.trie->nodes();
      std::uint32_t node = point.node();
      if (!point.consumed()) {
        visit(point.trie, node, nodes[node]);
        continue;
      }
      std::uint32_t last = node + nodes[node].size;
      for (std::uint32_t child = node + 1; child < last; child += nodes[child].size)
        visit(point.trie, child, nodes[child]);
    }
  };
  each([&](const TokenTrie* trie, std::uint32_t, const TrieNode& node) {
    ++starts[node.byte + 1u];
    height_ = std::max(height_, trie->height() - node.depth);
  });
  for (unsigned b = 0; b < 256; ++b) starts[b + 1] += starts[b];
  entries_.resize(starts[256]);
  std::array<std::uint32_t, 256> at;
  std::array<std::uint32_t, 256> weights{};
  std::copy(starts.begin(), starts.end() - 1, at.begin());
  each([&](const TokenTrie* trie, std::uint32_t node, const TrieNode& value) {
    entries_[at[value.byte]++] = {trie, node};
    weights[value.byte] += value.size;
  });
  for (unsigned b = 0; b < 256; ++b) {
    if (starts[b + 1] == starts[b]) continue;
    groups_.push_back({static_cast<std::uint8_t>(b), starts[b], starts[b + 1], weights[b]});
    bytes_.add(static_cast<std::uint8_t>(b));
    weight_ += weights[b];
  }
  merging_ = std::make_unique<Merging[]>(groups_.size());
}

Forest::~Forest() {
  for (std::size_t i = 0; i < groups_.size(); ++i) delete merging_[i].done.load();
}

std::span<const TrieRef> Forest::entries(std::size_t group, std::atomic<std::size_t>& grown) const {
  const Group& g = groups_[group];
  std::span<const TrieRef> all(entries_.data() + g.begin, g.end - g.begin);
  if (all.size() == 1) return all;
  Merging& merging = merging_[group];
  if (const Merged* done = merging.done.load(std::memory_order_acquire)) return {&done->ref, 1};
  if (g.weight > kLargestMerge || merging.uses.fetch_add(1, std::memory_order_relaxed) + 1 < kUsesBeforeMerging)
    return all;
  auto merged = std::make_unique<Merged>(all);
  Merged* expected = nullptr;
  if (!merging.done.compare_exchange_strong(expected, merged.get(), std::memory_order_acq_rel))
    return {&expected->ref, 1};
  grown.fetch_add(merged->trie.memory_bytes(), std::memory_order_relaxed);
  return {&merged.release()->ref, 1};
}

}  // namespace maskforge
