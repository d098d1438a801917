// See mask_engine.h. The memo's life: fills hold one of a few locks in shared mode, chosen by thread, so that they do
// not meet; whoever finds the memo too big after a fill takes all of them and starts a new one.
#include "masks/mask_engine.h"

#include <array>
#include <cstring>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <thread>

#include "base/errors.h"
#include "base/fuel.h"
#include "base/stack.h"
#include "masks/memo.h"
#include "masks/solver.h"
#include "masks/vocabulary_index.h"

namespace maskforge {

namespace {

constexpr std::size_t kStripes = 16;
// A mask that is asked for this often is kept as bits, if it takes more than a few ids to write.
constexpr std::uint32_t kUsesBeforeFlat = 12;
constexpr std::size_t kIdsWorthFlat = 96;

std::size_t stripe_of_thread() {
  static std::atomic<std::size_t> next{0};
  thread_local std::size_t mine = next.fetch_add(1, std::memory_order_relaxed) % kStripes;
  return mine;
}

std::size_t listed_ids(const Result& result) {
  std::size_t count = result.bits().size() > 1 ? kIdsWorthFlat : 0;
  for (const Overlay& overlay : result.overlays()) {
    Stack::check();
    count += overlay.except.size() + listed_ids(*overlay.base);
  }
  for (TokenIds ids : result.removed()) count += ids.size();
  for (TokenIds ids : result.added()) count += ids.size();
  return count;
}

}  // namespace

struct MaskEngine::Impl {
  struct alignas(64) Stripe {
    std::shared_mutex mutex;
    std::atomic<std::uint64_t> masks{0};
    std::atomic<std::uint64_t> walks{0};
    std::atomic<std::uint64_t> nodes{0};
  };

  Impl(Machine& m, std::shared_ptr<const VocabularyIndex> i, std::size_t limit)
      : machine(m),
        index(std::move(i)),
        memo_limit(limit / 2),
        memo(std::make_unique<Memo>(index->trie(), VocabularyIndex::kFirstFreeForestId)) {}

  // Each token exactly, from a copy of the configuration. Reading a captured text (of a key) is dear, and suspects are
  // mostly what may follow the end of one: the configuration behind it is kept for the next token that starts alike.
  void simulate_all(std::span<const TokenId> tokens, const Configuration& start, std::uint32_t* words) {
    if (tokens.empty()) return;
    Configuration behind, at;
    std::string_view read_before;  // by `behind`; empty: none is kept
    for (TokenId token : tokens) {
      FuelScope::spend();
      std::string_view bytes = index->vocabulary().token(token);
      bool resumed = !read_before.empty() && bytes.starts_with(read_before);
      at = resumed ? behind : start;
      bool alive = true;
      for (std::size_t i = resumed ? read_before.size() : 0; i < bytes.size() && alive; ++i) {
        std::size_t captures = at.captures.size();
        alive = at.advance(machine, static_cast<std::uint8_t>(bytes[i]));
        if (alive && at.captures.size() < captures) {
          behind = at;
          read_before = bytes.substr(0, i + 1);
        }
      }
      if (alive) set_bits({&token, 1}, words);
    }
  }

  void write_mask(const Result& result, std::uint32_t* words) {
    std::size_t count = index->vocabulary().bitmask_words();
    if (const std::uint32_t* flat = result.flat.load(std::memory_order_acquire)) {
      std::memcpy(words, flat, count * 4);
      return;
    }
    write_result(result, count, words);
    if (result.uses.fetch_add(1, std::memory_order_relaxed) + 1 == kUsesBeforeFlat &&
        listed_ids(result) >= kIdsWorthFlat &&
        flat_bytes.fetch_add(count * 4, std::memory_order_relaxed) <= memo_limit / 4) {
      result.flat.store(memo->bits({words, count}).data(), std::memory_order_release);
    }
  }

  // With kMask, `mask` is the result to be written. A mask that takes simulations is never called known.
  Known find(const Configuration& at, const Result*& mask) const {
    const ShortList<StateId>& frames = at.frames;
    const Result* result = memo->find_walk(index->root(), frames.back());
    if (result == nullptr) return Known::kNothing;
    for (std::size_t depth = frames.size() - 1; result->open; --depth) {
      result = memo->find_resolved(*result, depth > 0 ? frames[depth - 1] : MaskSolver::kGround);
      if (result == nullptr) return Known::kTop;
      if (depth == 0) break;
    }
    bool exact = index->oversized().empty();
    visit_suspects(*result, [&](TokenIds tokens) { exact = exact && tokens.empty(); });
    mask = result;
    return exact ? Known::kMask : Known::kTop;
  }

  const Result& solve(const Configuration& at, Stripe& stripe) {
    const ShortList<StateId>& frames = at.frames;
    MaskSolver solver(machine, *index, *memo);
    const Result* result = solver.walk(index->root(), frames.back());
    for (std::size_t depth = frames.size() - 1; result->open; --depth) {
      result = solver.resolve(*result, depth > 0 ? frames[depth - 1] : MaskSolver::kGround);
      if (depth == 0) break;
    }
    if (solver.counters().walks > 0) {
      stripe.walks.fetch_add(solver.counters().walks, std::memory_order_relaxed);
      stripe.nodes.fetch_add(solver.counters().nodes, std::memory_order_relaxed);
    }
    return *result;
  }

  void fill(const Configuration& at, std::uint32_t* words, Stripe& stripe) {
    const Result& result = solve(at, stripe);
    write_mask(result, words);
    visit_suspects(result, [&](TokenIds tokens) { simulate_all(tokens, at, words); });
    simulate_all(index->oversized(), at, words);
  }

  // Does `work` with the memo; afterwards, whatever came of it, a memo that is too big makes room for a new one.
  template <typename Work>
  void with_memo(Stripe& stripe, Work&& work) {
    bool too_big = false;
    {
      std::shared_lock lock(stripe.mutex);
      auto check_size = [&] { too_big = memo->bytes().load(std::memory_order_relaxed) > memo_limit; };
      try {
        work();
      } catch (...) {
        check_size();
        lock.unlock();
        if (too_big) drop_memo();
        throw;
      }
      check_size();
    }
    if (too_big) drop_memo();
    if (has_retired.load(std::memory_order_relaxed)) free_retired();
  }

  void drop_memo() {
    auto fresh = std::make_unique<Memo>(index->trie(), VocabularyIndex::kFirstFreeForestId);
    {
      std::array<std::unique_lock<std::shared_mutex>, kStripes> all;
      for (std::size_t i = 0; i < kStripes; ++i) all[i] = std::unique_lock(stripes[i].mutex);
      if (memo->bytes().load() <= memo_limit) return;  // another thread was faster
      memo.swap(fresh);
      flat_bytes.store(0);
    }
    std::lock_guard lock(retired_mutex);
    retired.swap(fresh);  // a memo that was still retired is freed at once
    has_retired.store(true, std::memory_order_relaxed);
  }

  void free_retired() {
    std::unique_lock lock(retired_mutex, std::try_to_lock);
    if (!lock.owns_lock() || retired == nullptr || retired->release_some()) return;
    retired.reset();
    has_retired.store(false, std::memory_order_relaxed);
  }

  Machine& machine;
  std::shared_ptr<const VocabularyIndex> index;
  const std::size_t memo_limit;  // half of the limit: a memo that is being freed may be as large again
  std::array<Stripe, kStripes> stripes;
  std::unique_ptr<Memo> memo;  // replaced only under all stripes
  std::atomic<std::size_t> flat_bytes{0};
  std::atomic<bool> has_retired{false};
  std::mutex retired_mutex;
  std::unique_ptr<Memo> retired;  // guarded by retired_mutex
};

MaskEngine::MaskEngine(Machine& machine, std::shared_ptr<const VocabularyIndex> index, std::size_t memory_limit_bytes)
    : impl_(std::make_unique<Impl>(machine, std::move(index), memory_limit_bytes)) {}

MaskEngine::~MaskEngine() = default;

void MaskEngine::fill(const Configuration& at, bool accepting, std::uint32_t* words) {
  const Vocabulary& vocabulary = impl_->index->vocabulary();
  Impl::Stripe& stripe = impl_->stripes[stripe_of_thread()];
  if (at.frames.empty()) {
    std::memset(words, 0, vocabulary.bitmask_words() * 4);
  } else {
    impl_->with_memo(stripe, [&] { impl_->fill(at, words, stripe); });
  }
  if (accepting) set_bits(vocabulary.eos_token_ids(), words);
  stripe.masks.fetch_add(1, std::memory_order_relaxed);
}

void MaskEngine::prepare(const Configuration& at) {
  if (at.frames.empty()) return;
  Impl::Stripe& stripe = impl_->stripes[stripe_of_thread()];
  impl_->with_memo(stripe, [&] { impl_->solve(at, stripe); });
}

bool MaskEngine::fill_known(const Configuration& at, std::uint32_t* words) {
  if (at.frames.empty()) return false;
  Impl::Stripe& stripe = impl_->stripes[stripe_of_thread()];
  std::shared_lock lock(stripe.mutex);
  const Result* mask = nullptr;
  if (impl_->find(at, mask) != Known::kMask) return false;
  impl_->write_mask(*mask, words);
  stripe.masks.fetch_add(1, std::memory_order_relaxed);
  return true;
}

MaskEngine::Known MaskEngine::known(const Configuration& at) const {
  if (at.frames.empty()) return Known::kMask;
  std::shared_lock lock(impl_->stripes[stripe_of_thread()].mutex);
  const Result* mask = nullptr;
  return impl_->find(at, mask);
}

MaskStatistics MaskEngine::statistics() const {
  MaskStatistics sum;
  for (Impl::Stripe& stripe : impl_->stripes) {
    sum.masks += stripe.masks.load();
    sum.walks += stripe.walks.load();
    sum.walked_nodes += stripe.nodes.load();
  }
  std::shared_lock lock(impl_->stripes[0].mutex);
  sum.memo_bytes = impl_->memo->bytes().load();
  return sum;
}

}  // namespace maskforge
