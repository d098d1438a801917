// The compiler of one vocabulary, and the grammars that it makes.
//
//     Engine ──current──> Generation <──holds── Matcher
//        ^                    ^
//        └── Grammar (a spec) ┘ finds itself again in the current generation whenever a matcher is asked for
//
// Thread safe. Covered by tests/csrc/test_matcher.cc.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "matcher/generation.h"
#include "matcher/matcher.h"

namespace maskforge {

class Engine;

// A compiled spec. Immutable; keeps its engine alive, but not a generation.
class Grammar {
 public:
  // `start`: of the spec, in `generation`.
  Grammar(std::shared_ptr<Engine> engine, std::shared_ptr<const Spec> spec, std::weak_ptr<Generation> generation,
          StateId start)
      : engine_(std::move(engine)), spec_(std::move(spec)), generation_(std::move(generation)), start_(start) {}

  // A matcher at the start of a text. Costs about a microsecond; compiles the spec again when a new generation has
  // begun since.
  std::unique_ptr<Matcher> matcher() const;
  // Every constraint of the spec. Compiles it once more.
  Report report() const;
  std::string report_json() const;  // the same as a list of {"pointer", "keyword", "status", "reason"}

 private:
  const std::shared_ptr<Engine> engine_;
  const std::shared_ptr<const Spec> spec_;
  mutable std::mutex mutex_;                      // guards what follows
  mutable std::weak_ptr<Generation> generation_;  // where it was last looked up
  mutable StateId start_;                         // its start there
};

class Engine : public std::enable_shared_from_this<Engine> {
 public:
  // Indexes the vocabulary, which takes a fraction of a second.
  static std::shared_ptr<Engine> create(std::shared_ptr<const Vocabulary> vocabulary,
                                        const EngineOptions& options = {});

  // Throws SpecError, UnsupportedError, UnsatisfiableError or FuelError. What was compiled before is found, not
  // compiled again. The first mask is made as well: whoever compiles will ask for it, and a server that compiles beside
  // its steps does not want it to be made in one of them.
  std::shared_ptr<const Grammar> compile(Spec spec);

  // The generation new matchers belong to; starts another when the one at hand has outgrown the memory limit.
  std::shared_ptr<Generation> generation();
  const EngineOptions& options() const { return options_; }
  // The ids of the masks of all grammars.
  const std::shared_ptr<MaskPool>& mask_pool() const { return pool_; }
  // Of the current generation; older ones that matchers still hold are not counted.
  std::size_t memory_bytes() const;

 private:
  Engine(std::shared_ptr<const Vocabulary> vocabulary, const EngineOptions& options);

  const EngineOptions options_;
  const std::shared_ptr<const Vocabulary> vocabulary_;
  const std::shared_ptr<const VocabularyIndex> index_;
  const std::shared_ptr<MaskPool> pool_;
  mutable std::mutex mutex_;
  std::shared_ptr<Generation> current_;  // guarded by mutex_
};

}  // namespace maskforge
