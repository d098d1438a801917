// maskforge._core.Engine. Covered by tests/grammar/test_compiler.py.
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>

#include "base/errors.h"
#include "bindings/bindings.h"

namespace nb = nanobind;

namespace maskforge::bindings {

namespace {

template <typename Value>
struct Choice {
  const char* name;
  Value value;
};

template <typename Value, std::size_t count>
Value choose(const char* option, const std::string& name, const Choice<Value> (&choices)[count]) {
  std::string names;
  for (const Choice<Value>& choice : choices) {
    if (name == choice.name) return choice.value;
    names += (names.empty() ? "\"" : ", \"") + std::string(choice.name) + "\"";
  }
  throw MisuseError(std::string(option) + " is one of " + names + ", not \"" + name + "\"");
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

GrammarHandle json_schema(const EngineHandle& self, std::string schema_text, const std::string& whitespace,
                          const std::string& property_order, const std::string& on_refused,
                          std::map<std::string, std::string> resources) {
  nb::gil_scoped_release release;
  Spec spec{Spec::Kind::kJsonSchema, std::move(schema_text), {}};
  spec.options.whitespace = choose("whitespace", whitespace, kWhitespace);
  spec.options.property_order = choose("property_order", property_order, kPropertyOrder);
  spec.options.on_refused = choose("on_refused", on_refused, kOnRefused);
  spec.options.resources = std::move(resources);
  return GrammarHandle{self.core->compile(std::move(spec))};
}

GrammarHandle regex(const EngineHandle& self, std::string pattern) {
  nb::gil_scoped_release release;
  return GrammarHandle{self.core->compile(Spec{Spec::Kind::kRegex, std::move(pattern), {}})};
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
           nb::arg("resources") = std::map<std::string, std::string>())
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
