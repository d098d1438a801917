// See vocabulary_index.h.
#include "masks/vocabulary_index.h"

#include <algorithm>
#include <iterator>

namespace maskforge {

namespace {

// What some hundred schemas take, in bitsets of the vocabulary's size and what goes with them: 64 MiB for 128k tokens.
constexpr std::size_t kReservePerToken = 512;
constexpr std::size_t kLargestReserve = std::size_t{1} << 27;

}  // namespace

VocabularyIndex::VocabularyIndex(std::shared_ptr<const Vocabulary> vocabulary)
    : VocabularyIndex(vocabulary, sort_tokens(*vocabulary)) {}

VocabularyIndex::Sorted VocabularyIndex::sort_tokens(const Vocabulary& vocabulary) {
  // The first eight bytes as a number order nearly all tokens without touching their text.
  struct Keyed {
    std::uint64_t head;
    TokenTrie::Item item;
  };
  Sorted sorted;
  std::vector<Keyed> keyed;
  keyed.reserve(vocabulary.size());
  std::size_t total = 0;
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    std::string_view bytes = vocabulary.token(id);
    if (bytes.empty()) continue;
    if (bytes.size() > TokenTrie::kMaxTokenBytes || total + bytes.size() > TokenTrie::kMaxNodes) {
      sorted.oversized.push_back(id);
      continue;
    }
    total += bytes.size();
    std::uint64_t head = 0;
    for (std::size_t i = 0; i < 8; ++i)
      head = (head << 8) | (i < bytes.size() ? static_cast<std::uint8_t>(bytes[i]) : 0u);
    keyed.push_back({head, {bytes, id}});
  }
  std::sort(keyed.begin(), keyed.end(), [](const Keyed& a, const Keyed& b) {
    if (a.head != b.head) return a.head < b.head;
    if (int order = a.item.bytes.compare(b.item.bytes); order != 0) return order < 0;
    return a.item.token < b.item.token;
  });
  sorted.items.reserve(keyed.size());
  for (const Keyed& entry : keyed) sorted.items.push_back(entry.item);
  return sorted;
}

VocabularyIndex::VocabularyIndex(std::shared_ptr<const Vocabulary> vocabulary, Sorted sorted)
    : reserve_(std::min(vocabulary->size() * kReservePerToken, kLargestReserve)),
      vocabulary_(std::move(vocabulary)),
      items_(std::move(sorted.items)),
      oversized_(std::move(sorted.oversized)),
      trie_(items_) {
  std::vector<ExitPoint> all, others;
  for (std::uint32_t node = 0; node < trie_.node_count(); node += trie_.nodes()[node].size) {
    all.push_back(ExitPoint::before(&trie_, node));
    if (trie_.nodes()[node].byte != ' ') {
      others.push_back(all.back());
    } else {
      ExitPoint space = ExitPoint::after(&trie_, node);
      after_space_ = std::make_unique<Forest>(next_id_.fetch_add(1), std::span<const ExitPoint>(&space, 1));
    }
  }
  root_ = std::make_unique<Forest>(next_id_.fetch_add(1), all);
  not_space_ = std::make_unique<Forest>(next_id_.fetch_add(1), others);
  std::vector<TokenTrie::Item> parts[2];
  for (const TokenTrie::Item& item : items_) {
    bool spaced = item.bytes[0] == ' ';
    if (!spaced || item.bytes.size() > 1) parts[spaced].push_back(item);
  }
  for (unsigned i = 0; i < 2; ++i) {
    slices_[i] = std::make_unique<VocabularySlice>(vocabulary_->bitmask_words(), std::move(parts[i]), i, next_id_);
    slices_[i]->make_ready();
  }
  for (std::size_t i = 0; i < kLengths.size(); ++i) {
    std::vector<TokenTrie::Item> longer;
    std::ranges::copy_if(items_, std::back_inserter(longer),
                         [&](const TokenTrie::Item& item) { return item.bytes.size() > kLengths[i]; });
    longer_[i] = std::make_unique<PlantedTrie>(next_id_.fetch_add(1), longer);
  }
}

}  // namespace maskforge
