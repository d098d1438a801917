// See batch_executor.h.
#include "matcher/batch_executor.h"

#ifdef _WIN32
#include <process.h>
#else
#include <unistd.h>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/errors.h"

namespace maskforge {

namespace {

long process_id() {
#ifdef _WIN32
  return 0;  // no fork()
#else
  return static_cast<long>(getpid());
#endif
}

// The error of the first failing row, whichever thread met it.
void rethrow_first(const std::vector<std::exception_ptr>& errors) {
  for (std::size_t i = 0; i < errors.size(); ++i) {
    if (!errors[i]) continue;
    const std::string row = "entry " + std::to_string(i) + " of the batch: ";
    try {
      std::rethrow_exception(errors[i]);
    } catch (const FuelError& error) {
      throw FuelError(row + error.what());
    } catch (const MisuseError& error) {
      throw MisuseError(row + error.what());
    }
  }
}

// Less is done by the caller. Waking a thread takes some 50, but that is not all: known masks worth 150 took 1.4 times
// as long with two threads, for reasons that were not looked into.
constexpr double kWorthSharing = 200;      // microseconds
constexpr std::size_t kRowsForHelper = 4;  // of those that are made ahead; fewer are not worth another thread
constexpr double kSeenEnough = 50;         // microseconds of work from which the rest is estimated

// Tells the caller of a batch when to stop doing the rows alone.
class Stopwatch {
 public:
  // After `done` of `count` rows: whether this took a while, and the others will as well.
  bool worth_sharing(std::size_t done, std::size_t count) const {
    if (done % kRowsPerLook != 0) return false;
    std::chrono::duration<double, std::micro> passed = std::chrono::steady_clock::now() - begin_;
    double left = passed.count() * static_cast<double>(count - done) / static_cast<double>(done);
    return passed.count() > kSeenEnough && left > kWorthSharing;
  }

 private:
  static constexpr std::size_t kRowsPerLook = 4;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// Rough microseconds; only the order of the rows and the number of threads depend on them.
double expected_cost(MaskEngine::Known known) {
  switch (known) {
    case MaskEngine::Known::kMask:
      return 1;
    case MaskEngine::Known::kTop:
      return 5;
    default:
      return 20;
  }
}

void require_rows(std::span<const std::int64_t> rows) {
  // Most often they come in order.
  if (std::ranges::adjacent_find(rows, std::greater_equal<>()) == rows.end() && (rows.empty() || rows[0] >= 0)) return;
  std::unordered_set<std::int64_t> seen;
  for (std::int64_t row : rows) {
    if (row < 0) throw MisuseError("row " + std::to_string(row) + " is negative");
    if (!seen.insert(row).second) throw MisuseError("row " + std::to_string(row) + " comes twice in one batch");
  }
}

template <typename Flags>
std::vector<bool> to_bools(const Flags& flags) {
  return std::vector<bool>(flags.begin(), flags.end());
}

}  // namespace

struct BatchExecutor::Pool {
  Pool(unsigned threads, long process) : process(process), pool(threads) {}
  const long process;
  ThreadPool pool;
};

BatchExecutor::BatchExecutor(std::int64_t threads, Sharing sharing)
    : threads_(static_cast<unsigned>(threads)), sharing_(sharing), masks_are_new_(sharing == Sharing::kAlways) {
  if (threads < 1 || threads > std::int64_t{kMaxThreads}) {
    throw MisuseError("a batch executor needs 1 to " + std::to_string(kMaxThreads) + " threads, not " +
                      std::to_string(threads));
  }
}

BatchExecutor::~BatchExecutor() {
  Pool* pool = pool_.load();
  // The threads of a pool do not survive fork(), and its locks may be held for ever: in a child it is left as it is.
  if (pool != nullptr && pool->process == process_id()) delete pool;
}

void BatchExecutor::run(std::size_t count, const Work& work) {
  std::size_t done = 0;
  if (threads_ == 1 || sharing_ != Sharing::kAlways) {
    const Stopwatch watch;
    while (done < count) {
      work(done++);
      if (threads_ > 1 && watch.worth_sharing(done, count)) break;
    }
  }
  if (done == count) return;
  take_ahead();  // which ends now
  pool().pool.run(count - done, [&](std::size_t i) { work(done + i); });
}

void BatchExecutor::run_masks(std::span<const std::shared_ptr<Matcher>> matchers,
                              const std::function<bool(std::size_t)>& quick, const Work& work) {
  if (threads_ == 1) {
    for (std::size_t i = 0; i < matchers.size(); ++i) work(i);
    return;
  }
  const std::shared_ptr<MasksAhead> ahead = take_ahead();
  std::size_t done = 0;
  const Stopwatch watch;
  while (done < matchers.size() && quick(done)) {
    if (watch.worth_sharing(++done, matchers.size())) break;
  }
  masks_are_new_.store(ahead_found_work_->exchange(false) || done < matchers.size() || sharing_ == Sharing::kAlways,
                       std::memory_order_relaxed);
  if (ahead != nullptr && !ahead->finished()) {
    share_with_ahead(matchers, done, *ahead, work);
    return;
  }
  using Known = MaskEngine::Known;
  std::vector<Known> known(matchers.size(), Known::kMask);
  double cost = 0;
  for (std::size_t i = done; i < matchers.size(); ++i) {
    if (matchers[i]) known[i] = matchers[i]->known();
    cost += expected_cost(known[i]);
  }
  if (cost > kWorthSharing) {
    auto rank = [&](std::size_t i) { return known[i] != Known::kMask ? 0u : 1u; };
    share_by_rank(done, matchers.size(), rank, work);
  } else {
    run(matchers.size() - done, [&](std::size_t i) { work(done + i); });
  }
}

// The other threads are awake, and had no time for all rows: theirs come last, and those that are being made after all
// others.
void BatchExecutor::share_with_ahead(std::span<const std::shared_ptr<Matcher>> matchers, std::size_t done,
                                     const MasksAhead& ahead, const Work& work) {
  using State = MasksAhead::State;
  auto rank = [&](std::size_t i) {
    const State state = ahead.state(i, matchers[i].get());
    return state == State::kTaken ? 2u : state == State::kDone ? 1u : 0u;
  };
  share_by_rank(done, matchers.size(), rank, work);
}

void BatchExecutor::share_by_rank(std::size_t done, std::size_t rows, const std::function<unsigned(std::size_t)>& rank,
                                  const Work& work) {
  std::vector<unsigned> ranks(rows);
  for (std::size_t i = done; i < rows; ++i) ranks[i] = rank(i);
  const std::vector<std::size_t> bounds = pool().pool.bounds(rows);
  std::vector<std::size_t> order, bounds_in_order = {0};
  order.reserve(rows - done);
  for (std::size_t s = 0; s + 1 < bounds.size(); ++s) {
    for (unsigned now = 0; now < kRanks; ++now) {
      for (std::size_t i = std::max(done, bounds[s]); i < bounds[s + 1]; ++i) {
        if (ranks[i] == now) order.push_back(i);
      }
    }
    bounds_in_order.push_back(order.size());
  }
  take_ahead();  // which ends now
  pool().pool.run(bounds_in_order, [&](std::size_t k) { work(order[k]); });
}

BatchExecutor::Pool& BatchExecutor::pool() {
  Pool* pool = pool_.load(std::memory_order_acquire);
  while (pool == nullptr || pool->process != process_id()) {
    auto fresh = std::make_unique<Pool>(threads_, process_id());
    if (pool_.compare_exchange_strong(pool, fresh.get())) pool = fresh.release();
  }
  return *pool;
}

std::shared_ptr<MasksAhead> BatchExecutor::take_ahead() {
  std::lock_guard lock(ahead_mutex_);
  return std::exchange(ahead_, {}).lock();
}

void BatchExecutor::begin(std::shared_ptr<MasksAhead> ahead, std::size_t rows) {
  {
    std::lock_guard lock(ahead_mutex_);
    if (ahead_.lock() == ahead) return;  // begun, and nothing else came in between
    ahead_ = ahead;
  }
  pool().pool.begin(std::move(ahead), (rows + kRowsForHelper - 1) / kRowsForHelper);
}

void BatchExecutor::prepare(std::span<const std::shared_ptr<Matcher>> matchers) {
  if (threads_ == 1) return;
  auto ahead = std::make_shared<MasksAhead>(pool().pool.bounds(matchers.size()), ahead_found_work_);
  for (std::size_t i = 0; i < matchers.size(); ++i) {
    ahead->add(i, matchers[i] ? matchers[i]->place() : MasksAhead::Place());
  }
  begin(std::move(ahead), matchers.size());
}

// The masks after the tokens of an accept(), which are begun while it accepts them. Nothing of it throws: they are made
// when they are asked for otherwise.
class BatchExecutor::AheadOfRows {
 public:
  AheadOfRows(BatchExecutor& executor, std::size_t rows) : executor_(executor), rows_(rows) {
    if (executor.threads_ == 1 || rows == 0 || !executor.masks_are_new_.load(std::memory_order_relaxed)) return;
    try {
      const std::vector<std::size_t> bounds = executor.pool().pool.bounds(rows);
      first_ = bounds[1];
      ahead_ = std::make_shared<MasksAhead>(bounds, executor.ahead_found_work_);
      executor.begin(ahead_, rows);
    } catch (const std::bad_alloc&) {
      if (ahead_ != nullptr) ahead_->cancel();
    }
  }
  ~AheadOfRows() {
    if (ahead_ != nullptr) ahead_->cancel();
  }
  AheadOfRows(const AheadOfRows&) = delete;
  AheadOfRows& operator=(const AheadOfRows&) = delete;

  // The row to be accepted as number k: the others can begin once theirs are, so those of the caller come last.
  std::size_t row(std::size_t k) const { return (first_ + k) % rows_; }
  void add(std::size_t i, const Matcher* matcher) {
    if (ahead_ == nullptr) return;
    try {
      ahead_->add(i, matcher == nullptr ? MasksAhead::Place() : matcher->place_locked());
    } catch (const std::bad_alloc&) {
      ahead_->cancel();
    }
  }
  // After the last row, if all went well: begins again where the threads were needed for the rows.
  void go_on() {
    if (ahead_ != nullptr) executor_.begin(std::move(ahead_), rows_);
  }

 private:
  BatchExecutor& executor_;
  const std::size_t rows_;
  std::size_t first_ = 0;
  std::shared_ptr<MasksAhead> ahead_;
};

std::vector<bool> BatchExecutor::fill(std::span<const std::shared_ptr<Matcher>> matchers,
                                      std::span<const std::int64_t> rows, Rows out) {
  if (matchers.size() != rows.size()) throw MisuseError("a batch needs one row for each matcher");
  require_rows(rows);
  std::vector<char> any(matchers.size(), 1);
  std::vector<std::exception_ptr> errors(matchers.size());
  auto place = [&](std::size_t i) { return out.data + static_cast<std::size_t>(rows[i]) * out.stride; };
  auto quick = [&](std::size_t i) {
    try {
      if (!matchers[i]) {
        std::fill_n(place(i), out.words, ~std::uint32_t{0});
        return true;
      }
      std::optional<bool> filled = matchers[i]->fill_known(place(i), out.words);
      any[i] = filled.value_or(true);
      return filled.has_value();
    } catch (...) {
      errors[i] = std::current_exception();
      return true;
    }
  };
  run_masks(matchers, quick, [&](std::size_t i) {
    try {
      if (matchers[i]) {
        any[i] = matchers[i]->fill(place(i), out.words);
      } else {
        std::fill_n(place(i), out.words, ~std::uint32_t{0});
      }
    } catch (...) {
      errors[i] = std::current_exception();
    }
  });
  rethrow_first(errors);
  return to_bools(any);
}

std::vector<MaskId> BatchExecutor::mask_ids(std::span<const std::shared_ptr<Matcher>> matchers) {
  std::vector<MaskId> ids(matchers.size(), kUnconstrained);
  std::vector<std::exception_ptr> errors(matchers.size());
  auto quick = [&](std::size_t i) {
    try {
      std::optional<MaskId> id = matchers[i] ? matchers[i]->known_mask_id() : kUnconstrained;
      ids[i] = id.value_or(kUnconstrained);
      return id.has_value();
    } catch (...) {
      errors[i] = std::current_exception();
      return true;
    }
  };
  run_masks(matchers, quick, [&](std::size_t i) {
    try {
      if (matchers[i]) ids[i] = matchers[i]->mask_id();
    } catch (...) {
      errors[i] = std::current_exception();
    }
  });
  rethrow_first(errors);
  return ids;
}

std::vector<MaskId> BatchExecutor::draft_mask_ids(std::span<const std::shared_ptr<Matcher>> matchers,
                                                  std::span<const std::vector<std::int64_t>> drafts) {
  if (matchers.size() != drafts.size()) throw MisuseError("a batch needs one draft for each matcher");
  std::vector<std::size_t> begin;
  std::size_t total = 0;
  for (const std::vector<std::int64_t>& draft : drafts) {
    begin.push_back(total);
    total += draft.size() + 1;
  }
  std::vector<MaskId> ids(total, kUnconstrained);
  std::vector<std::exception_ptr> errors(matchers.size());
  run(matchers.size(), [&](std::size_t i) {
    try {
      if (!matchers[i]) return;
      std::vector<MaskId> found = matchers[i]->draft_mask_ids(drafts[i]);
      std::copy(found.begin(), found.end(), ids.begin() + static_cast<std::ptrdiff_t>(begin[i]));
    } catch (...) {
      errors[i] = std::current_exception();
    }
  });
  rethrow_first(errors);
  return ids;
}

std::vector<bool> BatchExecutor::accept(std::span<const std::shared_ptr<Matcher>> matchers,
                                        std::span<const std::int64_t> tokens) {
  if (matchers.size() != tokens.size()) throw MisuseError("a batch needs one token for each matcher");
  std::vector<std::exception_ptr> errors(matchers.size());
  std::unordered_set<const Matcher*> seen;
  for (std::size_t i = 0; i < matchers.size(); ++i) {
    if (!matchers[i]) continue;
    if (!seen.insert(matchers[i].get()).second) {
      throw MisuseError("entry " + std::to_string(i) + " of the batch: the matcher comes twice in one batch");
    }
    try {
      matchers[i]->require_token(tokens[i]);
    } catch (...) {
      errors[i] = std::current_exception();
    }
  }
  rethrow_first(errors);

  // All matchers stay locked until the outcome is known, so that taking back is exact; in the order of their addresses,
  // so that two batches that share matchers do not wait for each other.
  std::vector<Matcher*> order;
  order.reserve(seen.size());
  for (const std::shared_ptr<Matcher>& matcher : matchers) {
    if (matcher) order.push_back(matcher.get());
  }
  std::sort(order.begin(), order.end(), std::less<Matcher*>());
  std::vector<std::unique_lock<std::mutex>> locks;
  locks.reserve(order.size());
  for (Matcher* matcher : order) locks.emplace_back(matcher->mutex_);

  for (std::size_t i = 0; i < matchers.size(); ++i) {
    try {
      if (matchers[i]) matchers[i]->require_running();
    } catch (...) {
      errors[i] = std::current_exception();
    }
  }
  rethrow_first(errors);

  std::vector<char> accepted(matchers.size(), 1);
  std::vector<bool> answer(matchers.size());
  AheadOfRows ahead(*this, matchers.size());
  run(matchers.size(), [&](std::size_t k) {
    const std::size_t i = ahead.row(k);
    if (matchers[i]) {
      try {
        accepted[i] = matchers[i]->accept_locked(static_cast<TokenId>(tokens[i]));
      } catch (...) {
        accepted[i] = 0;
        errors[i] = std::current_exception();
      }
    }
    ahead.add(i, matchers[i].get());
  });
  bool failed =
      std::any_of(errors.begin(), errors.end(), [](const std::exception_ptr& error) { return error != nullptr; });
  if (failed) {
    for (std::size_t i = 0; i < matchers.size(); ++i) {
      if (matchers[i] && accepted[i]) matchers[i]->undo_step();
    }
  }
  rethrow_first(errors);
  ahead.go_on();
  std::copy(accepted.begin(), accepted.end(), answer.begin());
  return answer;
}

}  // namespace maskforge
