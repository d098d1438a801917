// See slices.h.
#include "masks/slices.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace maskforge {

PlantedTrie::PlantedTrie(std::uint32_t forest_id, std::span<const TokenTrie::Item> items) : trie(items) {
  std::vector<ExitPoint> tops;
  for (std::uint32_t node = 0; node < trie.node_count(); node += trie.nodes()[node].size) {
    tops.push_back(ExitPoint::before(&trie, node));
  }
  forest = std::make_unique<Forest>(forest_id, tops);
}

bool is_utf8_prefix(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    std::uint8_t lead = static_cast<std::uint8_t>(bytes[i++]);
    if (lead < 0x80) continue;
    if (lead < 0xC2 || lead > 0xF4) return false;
    unsigned more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    std::uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    std::uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    for (; more > 0 && i < bytes.size(); --more, ++i) {
      std::uint8_t byte = static_cast<std::uint8_t>(bytes[i]);
      if (byte < low || byte > high) return false;
      low = 0x80;
      high = 0xBF;
    }
  }
  return true;
}

bool has_space_beyond(std::string_view bytes) {
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
    const std::uint8_t lead = static_cast<std::uint8_t>(bytes[i]);
    if (lead < 0xC2) continue;
    for (const SpaceBeyond& space : kSpacesBeyond) {
      if (space.lead != lead) continue;
      const std::size_t last = i + (space.second == 0 ? 1 : 2);
      if (last >= bytes.size()) continue;
      if (space.second != 0 && static_cast<std::uint8_t>(bytes[i + 1]) != space.second) continue;
      const unsigned byte = static_cast<std::uint8_t>(bytes[last]);
      if (byte >> 6 == 2 && (space.last >> (byte & 0x3F) & 1) != 0) return true;
    }
  }
  return false;
}

VocabularySlice::VocabularySlice(std::size_t words, std::vector<TokenTrie::Item> items, unsigned skip,
                                 std::atomic<std::uint32_t>& take_id)
    : words_(words), items_(std::move(items)), skip_(skip), take_id_(take_id) {
  index_pairs();
}

void VocabularySlice::index_pairs() {
  pair_starts_.assign(kPairs + 1, 0);
  pair_weights_.assign(kPairs, 0);
  // A token that contains a pair twice is listed once.
  std::vector<std::uint32_t> last(kPairs);
  auto each_pair = [&](auto&& visit) {
    std::ranges::fill(last, UINT32_MAX);
    for (std::uint32_t i = 0; i < items_.size(); ++i) {
      const std::string_view rest = items_[i].bytes.substr(skip_);
      for (std::size_t k = 1; k < rest.size(); ++k) {
        const auto second = static_cast<std::uint8_t>(rest[k]);
        if (second >= SymbolSet::kBeyondAscii) continue;
        const auto first = std::min<std::uint8_t>(static_cast<std::uint8_t>(rest[k - 1]), SymbolSet::kBeyondAscii);
        const std::size_t pair = place({first, second});
        if (std::exchange(last[pair], i) != i) visit(pair, i, rest.size());
      }
    }
  };
  each_pair([&](std::size_t pair, std::uint32_t, std::size_t size) {
    ++pair_starts_[pair + 1];
    pair_weights_[pair] += static_cast<std::uint32_t>(size);
  });
  std::partial_sum(pair_starts_.begin(), pair_starts_.end(), pair_starts_.begin());
  pair_items_.resize(pair_starts_.back());
  std::vector<std::uint32_t> next(pair_starts_.begin(), pair_starts_.end() - 1);
  each_pair([&](std::size_t pair, std::uint32_t item, std::size_t) { pair_items_[next[pair]++] = item; });
  for (const TokenTrie::Item& item : items_) {
    const auto start = static_cast<std::uint8_t>(item.bytes[skip_]);
    const std::string_view rest = item.bytes.substr(skip_);
    if (start < SymbolSet::kBeyondAscii) start_weights_[start] += static_cast<std::uint32_t>(rest.size());
    const auto high =
        std::ranges::find_if(rest, [](char c) { return static_cast<std::uint8_t>(c) >= SymbolSet::kBeyondAscii; });
    if (high != rest.end())
      high_weights_[static_cast<std::uint8_t>(*high) - SymbolSet::kBeyondAscii] +=
          static_cast<std::uint32_t>(rest.size());
  }
}

void VocabularySlice::prepare() const {
  std::call_once(prepared_, [this] {
    all_.assign(words_, 0);
    well_formed_.assign(words_, 0);
    for (const TokenTrie::Item& item : items_) {
      std::uint32_t word = item.token >> 5;
      std::uint32_t bit = std::uint32_t{1} << (item.token & 31);
      all_[word] |= bit;
      std::string_view rest = item.bytes.substr(skip_);
      std::array<std::uint64_t, 3> seen{};
      for (char c : rest) {
        unsigned symbol = std::min<unsigned>(static_cast<std::uint8_t>(c), SymbolSet::kBeyondAscii);
        seen[symbol >> 6] |= std::uint64_t{1} << (symbol & 63);
      }
      if (seen[2] == 0 || is_utf8_prefix(rest)) well_formed_[word] |= bit;
      if (seen[2] != 0 && has_space_beyond(rest)) seen[2] |= std::uint64_t{1} << (SymbolSet::kSpaceBeyond & 63);
      for (unsigned part = 0; part < 3; ++part) {
        for (std::uint64_t left = seen[part]; left != 0; left &= left - 1) {
          unsigned symbol = part * 64 + static_cast<unsigned>(__builtin_ctzll(left));
          if (has_[symbol].empty()) has_[symbol].assign(words_, 0);
          has_[symbol][word] |= bit;
          weights_[symbol] += static_cast<std::uint32_t>(rest.size());
        }
      }
    }
    for (unsigned symbol = 0; symbol < SymbolSet::kBeyondAscii; ++symbol) {
      if (has_[symbol].empty()) continue;
      TokenBits& block = has_some_of_[symbol / kBlock];
      if (block.empty()) block.assign(words_, 0);
      or_bits(has_[symbol], block.data());
    }
  });
}

void VocabularySlice::make_ready() const {
  prepare();
  measure();
  for (unsigned length = 0; length < kLengths.size(); ++length) longer(length);
  for (unsigned symbol = 0; symbol < SymbolSet::kCount; ++symbol) {
    if (weights_[symbol] > 0) containing(symbol);
  }
}

std::uint32_t VocabularySlice::weight(unsigned symbol) const {
  prepare();
  return weights_[symbol] / 2;  // tokens share about half of their bytes with a neighbour
}

std::uint32_t VocabularySlice::weight(SymbolPair pair) const { return pair_weights_[place(pair)] / 2; }

std::uint32_t VocabularySlice::weight_of_start(unsigned ascii) const { return start_weights_[ascii] / 2; }

std::uint64_t VocabularySlice::weight_of_high(const HighBytes& first) const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < first.size(); ++i) sum += first[i] ? high_weights_[i] / 2 : 0;
  return sum;
}

TokenBits VocabularySlice::made_of(const SymbolSet& allowed) const {
  prepare();
  TokenBits bits = allowed.bits[SymbolSet::kBeyondAscii] ? well_formed_ : all_;
  auto leave_out = [&](const TokenBits& tokens) {
    if (!tokens.empty()) and_not_bits(tokens, bits.data());
  };
  for (unsigned block = 0; block < has_some_of_.size(); ++block) {
    const SymbolSet::Bits here = allowed.bits >> (block * kBlock) & SymbolSet::Bits((1u << kBlock) - 1);
    if (here.none()) {
      leave_out(has_some_of_[block]);
    } else if (here.count() < kBlock) {
      for (unsigned i = 0; i < kBlock; ++i) {
        if (!here[i]) leave_out(has_[block * kBlock + i]);
      }
    }
  }
  for (unsigned beyond : {SymbolSet::kBeyondAscii, SymbolSet::kSpaceBeyond}) {
    if (!allowed.bits[beyond]) leave_out(has_[beyond]);
  }
  return bits;
}

void VocabularySlice::measure() const {
  std::call_once(measured_, [this] {
    for (TokenBits& bits : at_most_) bits.assign(words_, 0);
    for (TokenBits& bits : short_) bits.assign(words_, 0);
    for (const TokenTrie::Item& item : items_) {
      std::string_view rest = item.bytes.substr(skip_);
      std::size_t symbols = 0;
      for (char c : rest) symbols += (static_cast<std::uint8_t>(c) & 0xC0) != 0x80;
      if (symbols <= kMostSymbols) set_bits({&item.token, 1}, at_most_[symbols].data());
      for (unsigned length = 0; length < kLengths.size(); ++length) {
        if (rest.size() <= kLengths[length]) set_bits({&item.token, 1}, short_[length].data());
      }
    }
    for (unsigned n = 1; n <= kMostSymbols; ++n) or_bits(at_most_[n - 1], at_most_[n].data());
  });
}

void VocabularySlice::keep_short(unsigned most_symbols, TokenBits& bits) const {
  measure();
  and_bits(at_most_[most_symbols], bits.data());
}

void VocabularySlice::keep_short_bytes(unsigned length, TokenBits& bits) const {
  measure();
  and_bits(short_[length], bits.data());
}

const PlantedTrie& VocabularySlice::longer(unsigned length) const {
  std::lock_guard lock(mutex_);
  std::unique_ptr<PlantedTrie>& made = longer_[length];
  if (!made) {
    std::vector<TokenTrie::Item> chosen;
    for (const TokenTrie::Item& item : items_) {
      if (item.bytes.size() > skip_ + kLengths[length]) chosen.push_back({item.bytes.substr(skip_), item.token});
    }
    made = std::make_unique<PlantedTrie>(take_id_.fetch_add(1), chosen);
  }
  return *made;
}

bool VocabularySlice::contains(const TokenTrie::Item& item, unsigned symbol) const {
  return !has_[symbol].empty() && test_bit(has_[symbol], item.token);
}

const PlantedTrie& VocabularySlice::containing(unsigned symbol) const {
  if (const PlantedTrie* ready = ready_[symbol].load(std::memory_order_acquire)) return *ready;
  prepare();
  std::lock_guard lock(mutex_);
  if (!tries_[symbol]) {
    std::vector<TokenTrie::Item> chosen;
    for (const TokenTrie::Item& item : items_) {
      if (!contains(item, symbol) || (symbol == '\\' && contains(item, '"'))) continue;
      chosen.push_back({item.bytes.substr(skip_), item.token});
    }
    tries_[symbol] = std::make_unique<PlantedTrie>(take_id_.fetch_add(1), chosen);
    ready_[symbol].store(tries_[symbol].get(), std::memory_order_release);
  }
  return *tries_[symbol];
}

const PlantedTrie* VocabularySlice::containing(SymbolPair pair) const {
  const std::size_t place = this->place(pair);
  std::lock_guard lock(mutex_);
  if (auto made = pair_tries_.find(place); made != pair_tries_.end()) return made->second.get();
  if (pair_nodes_ + pair_weights_[place] > kMostPairNodes) return nullptr;
  pair_nodes_ += pair_weights_[place];
  std::vector<TokenTrie::Item> chosen;
  for (std::uint32_t i = pair_starts_[place]; i < pair_starts_[place + 1]; ++i) {
    const TokenTrie::Item& item = items_[pair_items_[i]];
    chosen.push_back({item.bytes.substr(skip_), item.token});
  }
  auto made = std::make_unique<PlantedTrie>(take_id_.fetch_add(1), chosen);
  return pair_tries_.emplace(place, std::move(made)).first->second.get();
}

}  // namespace maskforge
