// The Python module maskforge._core: one file per bound class, each with one bind_* function. The only folder that
// knows Python.
//
// Bound objects are handles around the core's own shared pointers, so no core thread ever touches a Python object, and
// everything that can take time runs without the interpreter lock. Grammar and Matcher are the public classes
// themselves, Engine the base of maskforge.Compiler: a layer of Python between would take a sixth of the time from a
// schema to its first mask. Covered by tests/matcher and tests/grammar.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>

#include "masks/mask_pool.h"
#include "matcher/batch_executor.h"
#include "matcher/engine.h"
#include "matcher/matcher.h"
#include "vocabulary/vocabulary.h"

namespace maskforge::bindings {

struct VocabularyHandle {
  std::shared_ptr<const Vocabulary> core;
};

// The `vocabulary` of these three is what Python code asks for under that name: maskforge.Vocabulary.
struct EngineHandle {
  std::shared_ptr<Engine> core;
  nanobind::object vocabulary;
};

struct GrammarHandle {
  std::shared_ptr<const Grammar> core;
  nanobind::object vocabulary;
  mutable nanobind::object report;  // once it was asked for
};

struct MaskPoolHandle {
  std::shared_ptr<MaskPool> core;
};

struct MatcherHandle {
  std::shared_ptr<Matcher> core;
  nanobind::object vocabulary;
};

void bind_errors(nanobind::module_& module);
void bind_vocabulary(nanobind::module_& module);
void bind_engine(nanobind::module_& module);
void bind_grammar(nanobind::module_& module);
void bind_mask_pool(nanobind::module_& module);
void bind_matcher(nanobind::module_& module);
void bind_batch(nanobind::module_& module);
void bind_apply(nanobind::module_& module);

}  // namespace maskforge::bindings
