// Interned texts: equal bytes have equal ids, ids are dense, and fetching ahead changes nothing. The tables beneath,
// from empty to many times what one shard holds.
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/byte_interner.h"
#include "testing/check.h"

using namespace maskforge;

namespace {

// `hash_of` decides which entries meet: in a slot, in a shard.
template <typename HashOf>
void index_is_right(std::uint32_t count, HashOf hash_of) {
  HashIndex index;
  CHECK(index.memory_bytes() == 0 && index.find(hash_of(0), [](std::uint32_t) { return true; }) == HashIndex::kFree);
  for (std::uint32_t id = 0; id < count; ++id) {
    auto same = [&](std::uint32_t at) { return at == id; };
    CHECK(index.find(hash_of(id), same) == HashIndex::kFree);
    index.prefetch(hash_of(id));
    CHECK(index.find_or_insert(hash_of(id), id, same) == id);
    if (id % 97 == 5) {
      index.forget(hash_of(id), id);
      CHECK(index.find(hash_of(id), same) == HashIndex::kFree);
      CHECK(index.find_or_insert(hash_of(id), id, same) == id);
    }
    CHECK(index.find_or_insert(hash_of(id), id + 1, same) == id);
  }
  for (std::uint32_t id = 0; id < count; ++id)
    CHECK(index.find(hash_of(id), [&](std::uint32_t at) { return at == id; }) == id);
  CHECK(index.memory_bytes() >= count * 16 && index.memory_bytes() <= 4096 + count * 64);
}

void map_is_right() {
  std::mt19937_64 random(5);
  HashMap64 map;
  std::unordered_map<std::uint64_t, std::uint32_t> expected;
  CHECK(map.find(0) == nullptr && map.memory_bytes() == 0);
  for (std::uint32_t i = 0; i < 60000; ++i) {
    const std::uint64_t key = i % 3 == 0 ? i : i % 3 == 1 ? std::uint64_t{i} << 32 : random();
    std::uint32_t* known = map.find(key);
    CHECK((known != nullptr) == expected.contains(key));
    if (known != nullptr) continue;
    map.insert(key, i);
    expected.emplace(key, i);
    if (i % 101 == 0) ++*map.find(key), ++expected[key];
  }
  CHECK(map.size() == expected.size());
  for (const auto& [key, value] : expected) CHECK(map.find(key) != nullptr && *map.find(key) == value);
}

}  // namespace

int main() {
  index_is_right(1, [](std::uint32_t id) { return mix_hash(7, id); });
  index_is_right(4097, [](std::uint32_t id) { return mix_hash(7, id); });
  index_is_right(50000, [](std::uint32_t id) { return mix_hash(7, id); });
  index_is_right(6000, [](std::uint32_t id) { return std::uint64_t{id} % 40 << 27 | id % 512; });  // many of each hash
  index_is_right(6000, [](std::uint32_t id) { return std::uint64_t{id}; });                        // all in one shard
  map_is_right();
  ByteInterner interner;
  const auto itself = [](const std::string& text) { return std::string_view(text); };
  interner.prefetch(std::vector<std::string>{"", "none", "of them is known"}, itself);
  CHECK(interner.size() == 0);
  std::vector<std::string> texts{""};
  while (texts.size() < 20000) texts.push_back("text " + std::to_string(texts.size() * texts.size() % 40009));
  std::vector<std::uint32_t> ids;
  for (std::size_t at = 0; at < texts.size(); at += 500) {
    const std::vector<std::string> some(texts.begin() + static_cast<std::ptrdiff_t>(at),
                                        texts.begin() + static_cast<std::ptrdiff_t>(at) + 500);
    const std::size_t before = interner.size();
    interner.prefetch(some, itself);
    CHECK(interner.size() == before);
    for (const std::string& text : some) ids.push_back(interner.intern(text));
  }
  std::size_t most = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    CHECK(interner[ids[i]] == texts[i] && interner.intern(texts[i]) == ids[i]);
    most = std::max<std::size_t>(most, ids[i]);
  }
  CHECK(most + 1 == interner.size());
  return testing::check_summary();
}
