// Token tries against the plain list of tokens: layout, subtree ranges, merging.
#include <algorithm>
#include <map>
#include <set>

#include "masks/forest.h"
#include "masks/slices.h"
#include "testing/check.h"
#include "testing/toy_automata.h"
#include "vocabulary/trie.h"

using namespace maskforge;
using namespace maskforge::testing;

namespace {

std::vector<TokenTrie::Item> sorted_items(const std::vector<std::string>& tokens) {
  std::vector<TokenTrie::Item> items;
  for (TokenId id = 0; id < tokens.size(); ++id) {
    if (!tokens[id].empty()) items.push_back({tokens[id], id});
  }
  std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
  return items;
}

using Listing = std::map<std::string, std::multiset<TokenId>>;

// All (text, token) pairs of a subtree, by its nodes alone.
void list(const TokenTrie& trie, std::uint32_t first, std::uint32_t last, Listing& out,
          const std::string& prefix = {}) {
  std::string path;
  std::uint32_t top = first < last ? trie.nodes()[first].depth : 0;
  for (std::uint32_t i = first; i < last; ++i) {
    const TrieNode& node = trie.nodes()[i];
    path.resize(node.depth - top);
    path.push_back(static_cast<char>(node.byte));
    for (TokenId token : trie.tokens_at(i)) out[prefix + path].insert(token);
    std::size_t below_count = 0;
    for (std::uint32_t k = i; k < i + node.size; ++k) below_count += trie.tokens_at(k).size();
    CHECK(below_count == trie.tokens_below(i).size());
  }
}

void test_trie() {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    Random random(seed);
    std::vector<std::string> tokens = toy_tokens(random, 50 + below(random, 800), 1 + below(random, 20));
    TokenTrie trie(sorted_items(tokens));
    Listing want, got;
    std::size_t longest = 0;
    for (TokenId id = 0; id < tokens.size(); ++id) {
      if (!tokens[id].empty()) want[tokens[id]].insert(id);
      longest = std::max(longest, tokens[id].size());
    }
    list(trie, 0, trie.node_count(), got);
    CHECK(got == want);
    CHECK(trie.height() == longest);

    // Merge the subtrees of one byte at several places; the result lists all of them behind that byte.
    for (std::uint8_t byte : {std::uint8_t{'a'}, std::uint8_t{'"'}, std::uint8_t{' '}}) {
      std::vector<TrieRef> refs;
      Listing merged_want;
      for (std::uint32_t i = 0; i < trie.node_count(); ++i) {
        if (trie.nodes()[i].byte != byte || below(random, 2) == 0) continue;
        refs.push_back({&trie, i});
        list(trie, i, i + trie.nodes()[i].size, merged_want);
      }
      if (refs.empty()) continue;
      TokenTrie merged(refs);
      Listing merged_got;
      list(merged, 0, merged.node_count(), merged_got);
      CHECK(merged_got == merged_want);
      CHECK(merged.nodes()[0].size == merged.node_count());
      std::set<std::string> prefixes;
      for (const auto& [text, ids] : merged_want) {
        for (std::size_t n = 1; n <= text.size(); ++n) prefixes.insert(text.substr(0, n));
      }
      CHECK(merged.node_count() == prefixes.size());
    }
  }
}

void test_forest() {
  Random random(3);
  std::vector<std::string> tokens = toy_tokens(random, 600, 5);
  TokenTrie trie(sorted_items(tokens));
  std::vector<ExitPoint> points;
  Listing want;
  for (std::uint32_t i = 0; i < trie.node_count(); ++i) {
    if (trie.nodes()[i].byte == '"' && trie.nodes()[i].depth < 2) points.push_back(ExitPoint::after(&trie, i));
  }
  for (const ExitPoint& point : points) {
    std::uint32_t last = point.node() + trie.nodes()[point.node()].size;
    for (std::uint32_t c = point.node() + 1; c < last; c += trie.nodes()[c].size)
      list(trie, c, c + trie.nodes()[c].size, want);
  }
  Forest forest(9, points);
  for (int round = 0; round < 6; ++round) {  // merged from some round on
    Listing got;
    std::atomic<std::size_t> grown{0};
    for (std::size_t g = 0; g < forest.groups().size(); ++g) {
      for (const TrieRef& ref : forest.entries(g, grown)) {
        CHECK(ref.trie->nodes()[ref.node].byte == forest.groups()[g].byte);
        list(*ref.trie, ref.node, ref.node + ref.trie->nodes()[ref.node].size, got);
      }
    }
    CHECK(got == want);
  }
}

void test_utf8_prefix() {
  CHECK(is_utf8_prefix("") && is_utf8_prefix("abc") && is_utf8_prefix("\xC3\xA9") && is_utf8_prefix("a\xE4\xB8"));
  CHECK(is_utf8_prefix("\xF0\x9F") && is_utf8_prefix("\xF4\x8F\xBF\xBF") && is_utf8_prefix("\xED\x9F\xBF"));
  CHECK(!is_utf8_prefix("\x80") && !is_utf8_prefix("\xC1\x80") && !is_utf8_prefix("\xED\xA0\x80"));
  CHECK(!is_utf8_prefix("\xF4\x90") &&
        !is_utf8_prefix("\xC3"
                        "a") &&
        !is_utf8_prefix("\xF5") && !is_utf8_prefix("\xE0\x80"));
}

}  // namespace

int main() {
  test_trie();
  test_forest();
  test_utf8_prefix();
  return check_summary();
}
