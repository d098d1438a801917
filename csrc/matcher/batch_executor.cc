// See batch_executor.h.
#include "matcher/batch_executor.h"

#ifdef _WIN32
#include <process.h>
#else
#include <unistd.h>
#endif

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <string>
#include <unordered_set>

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

BatchExecutor::BatchExecutor(std::int64_t threads) : threads_(static_cast<unsigned>(threads)) {
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

void BatchExecutor::run(std::size_t count, const std::function<void(std::size_t)>& work) {
  if (threads_ == 1 || count < 2) {
    for (std::size_t i = 0; i < count; ++i) work(i);
    return;
  }
  Pool* pool = pool_.load(std::memory_order_acquire);
  while (pool == nullptr || pool->process != process_id()) {
    auto fresh = std::make_unique<Pool>(threads_, process_id());
    if (pool_.compare_exchange_strong(pool, fresh.get())) pool = fresh.release();
  }
  pool->pool.run(count, work);
}

std::vector<bool> BatchExecutor::fill(std::span<const std::shared_ptr<Matcher>> matchers,
                                      std::span<const std::int64_t> rows, Rows out) {
  if (matchers.size() != rows.size()) throw MisuseError("a batch needs one row for each matcher");
  std::unordered_set<std::int64_t> seen;
  for (std::int64_t row : rows) {
    if (row < 0) throw MisuseError("row " + std::to_string(row) + " is negative");
    if (!seen.insert(row).second) throw MisuseError("row " + std::to_string(row) + " comes twice in one batch");
  }
  std::vector<char> any(matchers.size(), 1);
  std::vector<std::exception_ptr> errors(matchers.size());
  run(matchers.size(), [&](std::size_t i) {
    std::uint32_t* words = out.data + static_cast<std::size_t>(rows[i]) * out.stride;
    try {
      if (matchers[i]) {
        any[i] = matchers[i]->fill(words, out.words);
      } else {
        std::fill(words, words + out.words, ~std::uint32_t{0});
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
  run(matchers.size(), [&](std::size_t i) {
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
  run(matchers.size(), [&](std::size_t i) {
    if (!matchers[i]) return;
    try {
      accepted[i] = matchers[i]->accept_locked(static_cast<TokenId>(tokens[i]));
    } catch (...) {
      accepted[i] = 0;
      errors[i] = std::current_exception();
    }
  });
  bool failed =
      std::any_of(errors.begin(), errors.end(), [](const std::exception_ptr& error) { return error != nullptr; });
  if (failed) {
    for (std::size_t i = 0; i < matchers.size(); ++i) {
      if (matchers[i] && accepted[i]) matchers[i]->undo_step();
    }
  }
  rethrow_first(errors);
  return to_bools(accepted);
}

}  // namespace maskforge
