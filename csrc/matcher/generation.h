// What the grammars of one vocabulary share for a while: a grammar space, the masks over it, and what was compiled into
// it.
//
// A generation only grows. When it has outgrown the engine's memory limit the engine starts another one; this one lives
// on for as long as a matcher holds it, so reclaiming memory never disturbs a matcher (RE2 resets its DFA cache in the
// same spirit). Thread safe. Covered by tests/csrc/test_matcher.cc.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "machine/machine.h"
#include "masks/mask_engine.h"
#include "masks/mask_pool.h"
#include "schema/grammar_space.h"
#include "schema/report.h"
#include "vocabulary/vocabulary.h"

namespace maskforge {

// How much work one call may do, in units of FuelScope (a unit is a fraction of a microsecond), and how much memory a
// generation may take. The defaults let every schema of MaskBench through and end a hostile one within seconds.
struct EngineOptions {
  static constexpr std::uint64_t kCompileFuel = 20'000'000;
  static constexpr std::uint64_t kFillFuel = 5'000'000;    // one mask
  static constexpr std::uint64_t kAcceptFuel = 1'000'000;  // one token, or one call that only asks

  std::size_t memory_limit_bytes = std::size_t{512} << 20;
  std::uint64_t compile_fuel = kCompileFuel;
  std::uint64_t fill_fuel = kFillFuel;
  std::uint64_t accept_fuel = kAcceptFuel;
  MaskPool::Limits mask_pool;
};

// What a grammar was made from: enough to compile it again.
struct Spec {
  enum class Kind { kJsonSchema, kRegex };
  Kind kind;
  std::string text;
  SchemaOptions options;  // of a JSON Schema
  bool operator==(const Spec&) const = default;
  std::uint64_t hash() const;
};

class Generation {
 public:
  // One that is given back on a thread of its own when it is large: whoever drops it last, a request in most cases,
  // does not wait for that. The arguments are the constructor's.
  static std::shared_ptr<Generation> create(std::shared_ptr<const Vocabulary> vocabulary,
                                            std::shared_ptr<const VocabularyIndex> index, const EngineOptions& options,
                                            std::shared_ptr<MaskPool> pool);
  // `pool` is that of the engine, which outlives generations; without one the generation has its own.
  Generation(std::shared_ptr<const Vocabulary> vocabulary, std::shared_ptr<const VocabularyIndex> index,
             const EngineOptions& options, std::shared_ptr<MaskPool> pool = nullptr);

  // The state that a text of the spec starts in. Throws what GrammarSpace throws, under a budget of its own; a failed
  // compile is not remembered.
  StateId compile(const std::shared_ptr<const Spec>& spec);
  // Has the mask at a start ready for the matchers that will begin there. Where that fails, so will they.
  void prepare(StateId start);
  // The same for where a matcher stands; what needs more than so much fuel is left to whoever asks for it.
  void prepare(const Configuration& at, std::uint64_t fuel);
  static constexpr std::uint64_t kAheadFuel = 250'000;  // for masks that nobody has asked for yet
  // What is known of the mask there.
  MaskEngine::Known known(const Configuration& at) const;
  // Every constraint of the spec. Compiles once more, since compiling is faster without it.
  Report report(const Spec& spec);

  const EngineOptions& options() const { return options_; }
  const Vocabulary& vocabulary() const { return *vocabulary_; }
  GrammarSpace& space() { return space_; }
  Machine& machine() { return space_.machine(); }
  MaskEngine& masks() { return masks_; }
  const std::shared_ptr<MaskPool>& mask_pool() const { return pool_; }
  std::size_t memory_bytes() const;
  // Whether it should be left for a fresh one. Never true for what the first spec alone needs: a single huge grammar
  // would otherwise be compiled again for each matcher. Never waits for a compile that is under way.
  bool outgrown();

 private:
  StateId run(const Spec& spec, const SchemaOptions& options, Report& report);
  struct Compiled {
    std::shared_ptr<const Spec> spec;
    StateId start;
  };
  // Both require the mutex.
  const Compiled* find(std::uint64_t hash, const Spec& spec) const;
  bool is_stale();  // whether the memory should be measured again

  const EngineOptions options_;
  const std::shared_ptr<const Vocabulary> vocabulary_;
  const std::shared_ptr<MaskPool> pool_;
  GrammarSpace space_;
  MaskEngine masks_;

  mutable std::mutex mutex_;                                   // guards what follows; never held while compiling
  std::unordered_multimap<std::uint64_t, Compiled> compiled_;  // by the hash of the spec
  std::size_t compiled_bytes_ = 0;
  std::size_t space_bytes_ = 0;      // when it was last asked
  std::size_t states_measured_ = 0;  // the states there were then
  std::size_t texts_measured_ = 0;   // and compiled_bytes_
  std::size_t first_bytes_ = 0;      // memory after the first compile
};

}  // namespace maskforge
