// maskforge._core.Engine. Covered by tests/grammar/test_compiler.py.
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <optional>
#include <string_view>

#include "base/errors.h"
#include "bindings/bindings.h"
#include "schema/outward.h"

namespace nb = nanobind;

namespace maskforge::bindings {

namespace {

template <typename Value>
struct Choice {
  const char* name;
  Value value;
};

template <typename Value, std::size_t count>
Value choose(const char* option, std::string_view name, const Choice<Value> (&choices)[count]) {
  std::string names;
  for (const Choice<Value>& choice : choices) {
    if (name == choice.name) return choice.value;
    names += (names.empty() ? "\"" : ", \"") + std::string(choice.name) + "\"";
  }
  throw MisuseError(std::string(option) + " is one of " + names + ", not \"" + std::string(name) + "\"");
}

constexpr Choice<WhitespaceStyle> kWhitespace[] = {{"flexible", WhitespaceStyle::kFlexible},
                                                   {"compact", WhitespaceStyle::kCompact}};
constexpr Choice<PropertyOrder> kPropertyOrder[] = {{"any", PropertyOrder::kAny}, {"schema", PropertyOrder::kSchema}};
constexpr Choice<OnRefused> kOnRefused[] = {{"error", OnRefused::kError}, {"report", OnRefused::kReport}};

void create(EngineHandle* self, const VocabularyHandle& vocabulary, std::size_t memory_limit_bytes,
            std::uint64_t compile_fuel, std::uint64_t fill_fuel, std::uint64_t accept_fuel, std::size_t pool_masks,
            std::size_t pool_bases) {
  nb::gil_scoped_release release;
  EngineOptions options;
  options.memory_limit_bytes = memory_limit_bytes;
  options.compile_fuel = compile_fuel;
  options.fill_fuel = fill_fuel;
  options.accept_fuel = accept_fuel;
  options.mask_pool = {pool_masks, pool_bases};
  auto core = Engine::create(vocabulary.core, options);
  new (self) EngineHandle{std::move(core)};
}

// Raises UnicodeEncodeError for half of a surrogate pair.
std::string utf8_of(const nb::str& text) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (data == nullptr) throw nb::python_error();
  return std::string(data, static_cast<std::size_t>(size));
}

std::optional<GrammarHandle> json_schema(const EngineHandle& self, const nb::str& schema_text,
                                         std::string_view whitespace, std::string_view property_order,
                                         std::string_view on_refused,
                                         std::optional<std::map<std::string, std::string>> resources) {
  Spec spec{Spec::Kind::kJsonSchema, utf8_of(schema_text), {}};
  nb::gil_scoped_release release;
  spec.options.whitespace = choose("whitespace", whitespace, kWhitespace);
  spec.options.property_order = choose("property_order", property_order, kPropertyOrder);
  spec.options.on_refused = choose("on_refused", on_refused, kOnRefused);
  if (resources) {
    spec.options.resources = std::move(*resources);
  } else if (refers_outward(spec.text)) {
    return std::nullopt;
  }
  return GrammarHandle{self.core->compile(std::move(spec))};
}

GrammarHandle regex(const EngineHandle& self, const nb::str& pattern) {
  Spec spec{Spec::Kind::kRegex, utf8_of(pattern), {}};
  nb::gil_scoped_release release;
  return GrammarHandle{self.core->compile(std::move(spec))};
}

}  // namespace

void bind_engine(nb::module_& module) {
  constexpr EngineOptions kDefaults;
  nb::class_<EngineHandle>(module, "Engine", "Compiles specs for one vocabulary. Thread safe.")
      .def("__init__", create, nb::arg("vocabulary"), nb::arg("memory_limit_bytes") = kDefaults.memory_limit_bytes,
           nb::kw_only(), nb::arg("compile_fuel") = kDefaults.compile_fuel, nb::arg("fill_fuel") = kDefaults.fill_fuel,
           nb::arg("accept_fuel") = kDefaults.accept_fuel, nb::arg("pool_masks") = kDefaults.mask_pool.masks,
           nb::arg("pool_bases") = kDefaults.mask_pool.bases)
      .def("json_schema", json_schema, nb::arg("schema_text"), nb::arg("whitespace") = "flexible",
           nb::arg("property_order") = "any", nb::arg("on_refused") = "error",
           nb::arg("resources").none() = std::map<std::string, std::string>(),
           "With None for the resources, returns None where the schema may refer to any: they are then to be given.")
      .def("regex", regex, nb::arg("pattern"))
      .def(
          "mask_pool", [](const EngineHandle& self) { return MaskPoolHandle{self.core->mask_pool()}; },
          "The ids of the masks of all grammars.")
      .def(
          "memory_bytes", [](const EngineHandle& self) { return self.core->memory_bytes(); },
          nb::call_guard<nb::gil_scoped_release>())
      .def(
          "statistics",
          [](const EngineHandle& self) {
            MaskStatistics statistics;
            {
              nb::gil_scoped_release release;
              statistics = self.core->generation()->masks().statistics();
            }
            nb::dict dict;
            dict["masks"] = statistics.masks;
            dict["walks"] = statistics.walks;
            dict["walked_nodes"] = statistics.walked_nodes;
            dict["memo_bytes"] = statistics.memo_bytes;
            return dict;
          },
          "Counters of the current generation's masks.");
}

}  // namespace maskforge::bindings
