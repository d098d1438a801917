// maskforge._core.Grammar. Covered by tests/grammar/test_compiler.py.
#include <nanobind/stl/string.h>

#include "bindings/bindings.h"

namespace nb = nanobind;

namespace maskforge::bindings {

void bind_grammar(nb::module_& module) {
  nb::class_<GrammarHandle>(module, "Grammar", "A compiled spec. Immutable; made by an Engine.")
      .def(
          "matcher", [](const GrammarHandle& self) { return MatcherHandle{self.core->matcher()}; },
          nb::call_guard<nb::gil_scoped_release>(), "A matcher at the start of a text.")
      .def(
          "report_json", [](const GrammarHandle& self) { return self.core->report_json(); },
          nb::call_guard<nb::gil_scoped_release>(), "The report: a JSON list of {pointer, keyword, status, reason}.");
}

}  // namespace maskforge::bindings
