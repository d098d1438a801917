// Mask ids: equal masks have one id, different masks never do, and an id outlives its mask without meaning another. The
// reference is a map from content to id.
#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "base/errors.h"
#include "masks/mask_pool.h"
#include "testing/check.h"

namespace maskforge {
namespace {

constexpr std::size_t kWords = 200;

TokenBits content(const MaskPool& pool, MaskId id) {
  auto mask = pool.find(id);
  if (mask == nullptr) return {};
  TokenBits words(pool.words(), 0xDEADBEEF);
  mask->write(words);
  return words;
}

TokenBits random_bits(std::mt19937& draw, std::size_t words, double density) {
  std::bernoulli_distribution bit(density);
  TokenBits bits(words);
  for (std::uint32_t& word : bits) {
    for (int i = 0; i < 32; ++i) word |= std::uint32_t{bit(draw)} << i;
  }
  return bits;
}

TokenBits flipped(std::mt19937& draw, TokenBits bits, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t at = draw() % (bits.size() * 32);
    bits[at / 32] ^= 1u << (at % 32);
  }
  return bits;
}

std::size_t popcount(const TokenBits& bits) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < bits.size() * 32; ++i) count += bits[i / 32] >> (i % 32) & 1;
  return count;
}

void test_content_and_form() {
  std::mt19937 draw(1);
  MaskPool pool(kWords, {});
  const TokenBits none(kWords, 0), all(kWords, ~0u);
  const TokenBits some = random_bits(draw, kWords, 0.01);
  const TokenBits dense = random_bits(draw, kWords, 0.9);
  const TokenBits near = flipped(draw, dense, 40);
  const TokenBits far = flipped(draw, dense, 400);
  for (const TokenBits& bits : {none, all, some, dense, near, far}) {
    const MaskId id = pool.add(bits);
    CHECK(id > 0 && pool.add(bits) == id);
    CHECK(content(pool, id) == bits);
    auto mask = pool.find(id);
    CHECK(mask->allowed == popcount(bits) && mask->id == id);
    CHECK(std::is_sorted(mask->flips.begin(), mask->flips.end()) && mask->flips.size() <= pool.most_flips());
  }
  CHECK(pool.find(pool.add(none))->base == nullptr);
  CHECK(pool.find(pool.add(some))->base == nullptr && pool.find(pool.add(some))->flips.size() == popcount(some));
  CHECK(pool.find(pool.add(near))->base == pool.find(pool.add(dense))->base);
  CHECK(pool.find(pool.add(dense))->flips.empty() && !pool.find(pool.add(near))->flips.empty());
  CHECK(pool.find(pool.add(far))->base != pool.find(pool.add(dense))->base);
  const MaskPoolStatistics numbers = pool.statistics();
  CHECK(numbers.masks == 6 && numbers.bases == 3 && numbers.evictions == 0 && numbers.bytes > 3 * kWords * 4);
}

void test_the_ends_of_a_list() {
  MaskPool pool(kWords, {});
  TokenBits bits(kWords, 0);
  for (std::size_t i = 0; i < pool.most_flips(); ++i) bits[i % kWords] |= 1u << (i / kWords);
  CHECK(pool.find(pool.add(bits))->base == nullptr);  // just few enough
  bits[0] |= 1u << 31;
  CHECK(pool.find(pool.add(bits))->base != nullptr && content(pool, pool.add(bits)) == bits);
}

void test_misuse() {
  MaskPool pool(kWords, {});
  const TokenBits shorter(kWords - 1);
  CHECK_THROWS(MisuseError, pool.add(shorter));
  CHECK_THROWS(MisuseError, MaskPool(kWords, {0, 1}));
  CHECK_THROWS(MisuseError, MaskPool(kWords, {1, 0}));
  CHECK_THROWS(MisuseError, MaskPool(kWords, {(std::size_t{1} << 20) + 1, 1}));
  for (MaskId id : {MaskId{-1}, MaskId{0}, MaskId{1} << 20, MaskId{12345}, INT64_MAX, INT64_MIN}) {
    CHECK(pool.find(id) == nullptr);
  }
}

// Few slots, few bases, masks of every form: whatever an id says is what was added under it.
void test_eviction(MaskPool::Limits limits, unsigned seed) {
  std::mt19937 draw(seed);
  MaskPool pool(kWords, limits);
  std::vector<TokenBits> masks;
  for (int i = 0; i < 30; ++i) {
    masks.push_back(random_bits(draw, kWords, i % 3 == 0 ? 0.02 : 0.5));
    masks.push_back(flipped(draw, masks.back(), 9));
  }
  std::map<MaskId, std::size_t> ids;  // whose content it is
  std::size_t stale = 0;
  for (int step = 0; step < 4000; ++step) {
    const std::size_t which = draw() % masks.size();
    const MaskId id = pool.add(masks[which]);
    auto [known, fresh] = ids.try_emplace(id, which);
    CHECK(fresh || known->second == which);
    CHECK(content(pool, id) == masks[which]);
    if (step % 100 == 0) {
      for (const auto& [old, owner] : ids) {
        const TokenBits bits = content(pool, old);
        CHECK(bits.empty() || bits == masks[owner]);
        stale += bits.empty();
      }
      const MaskPoolStatistics numbers = pool.statistics();
      CHECK(numbers.masks <= limits.masks && numbers.bases <= limits.bases);
    }
  }
  CHECK(stale > 0 && pool.statistics().evictions + pool.statistics().masks == ids.size());
}

void test_the_least_recent_goes_first() {
  std::mt19937 draw(5);
  MaskPool pool(kWords, {3, 8});
  std::vector<TokenBits> masks;
  for (int i = 0; i < 4; ++i) masks.push_back(random_bits(draw, kWords, 0.01));
  std::vector<MaskId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(pool.add(masks[i]));
  CHECK(pool.add(masks[0]) == ids[0]);
  auto held = pool.find(ids[1]);
  ids.push_back(pool.add(masks[3]));
  CHECK(pool.find(ids[1]) == nullptr && pool.find(ids[0]) && pool.find(ids[2]) && pool.find(ids[3]));
  TokenBits words(kWords);
  held->write(words);
  CHECK(words == masks[1]);  // what is held stays
  const MaskId again = pool.add(masks[1]);
  CHECK(again != ids[1] && pool.find(ids[1]) == nullptr && pool.find(ids[2]) == nullptr);
}

void test_a_base_goes_with_its_masks() {
  std::mt19937 draw(6);
  MaskPool pool(kWords, {100, 2});
  const TokenBits first = random_bits(draw, kWords, 0.5), second = random_bits(draw, kWords, 0.5);
  const TokenBits list = random_bits(draw, kWords, 0.01);
  const MaskId few = pool.add(list), a = pool.add(first), near_a = pool.add(flipped(draw, first, 5));
  const MaskId b = pool.add(second);
  pool.add(first);  // so that the base of `b` is the older
  const TokenBits third = random_bits(draw, kWords, 0.5);
  const MaskId c = pool.add(third);
  CHECK(pool.find(b) == nullptr && pool.find(a) && pool.find(near_a) && pool.find(few));
  CHECK(content(pool, c) == third && content(pool, a) == first);
  CHECK(pool.find(c)->base->slot < 2 && pool.find(c)->base->serial > pool.find(a)->base->serial);
  // With the mask that was the base itself gone, the base stays for the other.
  MaskPool small(kWords, {2, 2});
  const TokenBits near = flipped(draw, first, 5);
  small.add(first);
  const MaskId kept = small.add(near);
  small.add(list);
  CHECK(small.find(kept) && content(small, kept) == near && small.statistics().bases == 1);
}

void test_threads() {
  std::mt19937 draw(7);
  for (MaskPool::Limits limits : {MaskPool::Limits{4096, 256}, MaskPool::Limits{7, 2}}) {
    MaskPool pool(kWords, limits);
    std::vector<TokenBits> masks;
    for (int i = 0; i < 20; ++i) masks.push_back(random_bits(draw, kWords, i % 2 == 0 ? 0.01 : 0.6));
    std::vector<std::map<MaskId, std::size_t>> seen(4);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < seen.size(); ++t) {
      threads.emplace_back([&, t] {
        std::mt19937 own(100 + t);
        TokenBits words(kWords);
        for (int step = 0; step < 2000; ++step) {
          const std::size_t which = own() % masks.size();
          const MaskId id = pool.add(masks[which]);
          if (!seen[t].try_emplace(id, which).second && seen[t][id] != which) ++wrong;
          if (auto mask = pool.find(id)) {
            mask->write(words);
            if (words != masks[which]) ++wrong;
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    std::map<MaskId, std::size_t> together;
    for (const auto& one : seen) {
      for (const auto& [id, which] : one) CHECK(together.try_emplace(id, which).first->second == which);
    }
    if (limits.masks > masks.size()) CHECK(together.size() == masks.size());  // one id each, whoever was first
  }
}

}  // namespace
}  // namespace maskforge

int main() {
  using namespace maskforge;
  test_content_and_form();
  test_the_ends_of_a_list();
  test_misuse();
  for (unsigned seed = 0; seed < 4; ++seed) {
    test_eviction({12, 5}, seed);
    test_eviction({1, 1}, seed);
    test_eviction({50, 1}, seed);
  }
  test_the_least_recent_goes_first();
  test_a_base_goes_with_its_masks();
  test_threads();
  return testing::check_summary();
}
