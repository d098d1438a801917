// maskforge.Grammar. Covered by tests/grammar/test_compiler.py.
#include <nanobind/stl/string.h>

#include <string>

#include "bindings/arguments.h"
#include "bindings/bindings.h"

namespace nb = nanobind;

namespace maskforge::bindings {

namespace {

using Handle = GrammarHandle;

const PythonFunction read_report{"maskforge.grammar.report", "read_report"};

MatcherHandle matcher(const Handle& self) {
  std::shared_ptr<Matcher> core;
  {
    nb::gil_scoped_release release;
    core = self.core->matcher();
  }
  return MatcherHandle{std::move(core), self.vocabulary};
}

std::string report_json(const Handle& self) {
  nb::gil_scoped_release release;
  return self.core->report_json();
}

nb::object report(const Handle& self) {
  if (!self.report.is_valid()) {
    nb::object made = read_report(report_json(self));
    if (!self.report.is_valid()) self.report = std::move(made);  // another thread may have been faster
  }
  return self.report;
}

std::string describe(const Handle& self) {
  nb::object parts = report(self);
  auto count = [&](const char* name) { return std::to_string(nb::len(nb::object(parts.attr(name)))); };
  return "Grammar(" + count("enforced") + " enforced, " + count("annotations") + " annotations, " + count("refused") +
         " refused)";
}

}  // namespace

void bind_grammar(nb::module_& module) {
  nb::class_<Handle>(module, "Grammar",
                     "A compiled spec, made by a `Compiler`. Immutable, safe to share between threads; any number of "
                     "matchers can use one.")
      .def("matcher", matcher,
           "A matcher at the start of a text; costs microseconds and kilobytes.\n\n"
           "When the compiler has outgrown its memory limit since, the spec is compiled once more, which can take as "
           "long as the first time and raise FuelError; matchers that exist are not affected.")
      .def_prop_ro(
          "vocabulary", [](const Handle& self) { return self.vocabulary; },
          "The `maskforge.Vocabulary` whose tokens the matchers read.")
      .def_prop_ro("report", report,
                   "Every constraint of the spec: enforced, an annotation, or refused. Made when first asked for.")
      .def("report_json", report_json, "The report as a JSON list of {pointer, keyword, status, reason}.")
      .def("__repr__", describe);
}

}  // namespace maskforge::bindings
