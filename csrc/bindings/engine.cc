// maskforge._core.Engine, the base of maskforge.Compiler. Covered by tests/grammar/test_compiler.py.
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>

#include <map>
#include <string>

#include "base/errors.h"
#include "bindings/arguments.h"
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

// `fallback`: the default argument, the very object when nothing else was passed; stands for the first choice.
template <typename Value, std::size_t count>
Value choose(const char* option, nb::handle chosen, nb::handle fallback, const Choice<Value> (&choices)[count]) {
  if (chosen.is(fallback)) return choices[0].value;
  std::string names;
  for (const Choice<Value>& choice : choices) {
    if (PyUnicode_Check(chosen.ptr()) && PyUnicode_CompareWithASCIIString(chosen.ptr(), choice.name) == 0) {
      return choice.value;
    }
    names += (names.empty() ? "\"" : ", \"") + std::string(choice.name) + "\"";
  }
  throw MisuseError(std::string(option) + " is one of " + names + ", not " + nb::repr(chosen).c_str());
}

constexpr Choice<WhitespaceStyle> kWhitespace[] = {{"flexible", WhitespaceStyle::kFlexible},
                                                   {"compact", WhitespaceStyle::kCompact}};
constexpr Choice<PropertyOrder> kPropertyOrder[] = {{"any", PropertyOrder::kAny}, {"schema", PropertyOrder::kSchema}};
constexpr Choice<OnRefused> kOnRefused[] = {{"error", OnRefused::kError}, {"report", OnRefused::kReport}};

// The default arguments, which live as long as the functions that have them.
struct Defaults {
  nb::handle whitespace, property_order, on_refused;
} defaults;

// Most callers pass a literal, which is this very object when it is the default.
nb::object interned(const char* text) { return nb::steal(PyUnicode_InternFromString(text)); }

const PythonFunction schema_text{"maskforge.grammar.texts", "schema_text"};
const PythonFunction half_a_pair{"maskforge.grammar.texts", "half_a_pair"};
const PythonFunction check_registry{"maskforge.grammar.references", "check_registry"};
const PythonFunction reachable_resources{"maskforge.grammar.references", "reachable_resources"};

using Resources = std::map<std::string, std::string>;

void create(EngineHandle* self, nb::handle_t<VocabularyHandle> vocabulary, std::size_t memory_limit_bytes,
            std::uint64_t compile_fuel, std::uint64_t fill_fuel, std::uint64_t accept_fuel, std::size_t pool_masks,
            std::size_t pool_bases, nb::handle owner) {
  const std::shared_ptr<const Vocabulary> words = nb::cast<const VocabularyHandle&>(vocabulary).core;
  EngineOptions options;
  options.memory_limit_bytes = memory_limit_bytes;
  options.compile_fuel = compile_fuel;
  options.fill_fuel = fill_fuel;
  options.accept_fuel = accept_fuel;
  options.mask_pool = {pool_masks, pool_bases};
  std::shared_ptr<Engine> core;
  {
    nb::gil_scoped_release release;
    core = Engine::create(words, options);
  }
  new (self) EngineHandle{std::move(core), nb::borrow(owner.is_none() ? nb::handle(vocabulary) : owner)};
}

// SpecError for half of a surrogate pair.
std::string utf8_of(const char* what, nb::handle text) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (data != nullptr) return std::string(data, static_cast<std::size_t>(size));
  nb::python_error error;
  if (!error.matches(PyExc_UnicodeEncodeError)) throw std::move(error);
  nb::object wrong = half_a_pair(what, error.value());
  PyErr_SetObject(wrong.type().ptr(), wrong.ptr());
  throw nb::python_error();
}

GrammarHandle json_schema(const EngineHandle& self, nb::handle schema, nb::handle whitespace, nb::handle property_order,
                          nb::handle on_refused, nb::handle registry) {
  Spec spec{Spec::Kind::kJsonSchema, {}, {}};
  spec.options.whitespace = choose("whitespace", whitespace, defaults.whitespace, kWhitespace);
  spec.options.property_order = choose("property_order", property_order, defaults.property_order, kPropertyOrder);
  spec.options.on_refused = choose("on_refused", on_refused, defaults.on_refused, kOnRefused);
  if (!registry.is_none()) check_registry(registry);
  nb::object text = PyUnicode_Check(schema.ptr()) ? nb::borrow(schema) : schema_text(schema);
  spec.text = utf8_of("schema", text);
  std::shared_ptr<const Grammar> core;
  {
    nb::gil_scoped_release release;
    if (!refers_outward(spec.text)) core = self.core->compile(std::move(spec));
  }
  if (core == nullptr) {
    spec.options.resources = nb::cast<Resources>(reachable_resources(text, registry));
    nb::gil_scoped_release release;
    core = self.core->compile(std::move(spec));
  }
  return GrammarHandle{std::move(core), self.vocabulary, {}};
}

GrammarHandle regex(const EngineHandle& self, nb::handle pattern) {
  if (!PyUnicode_Check(pattern.ptr())) {
    throw SpecError(
        std::string("a pattern is a str in the syntax of ECMA-262, not ") + nb::type_name(pattern.type()).c_str(), "");
  }
  Spec spec{Spec::Kind::kRegex, utf8_of("pattern", pattern), {}};
  std::shared_ptr<const Grammar> core;
  {
    nb::gil_scoped_release release;
    core = self.core->compile(std::move(spec));
  }
  return GrammarHandle{std::move(core), self.vocabulary, {}};
}

nb::dict statistics(const EngineHandle& self) {
  MaskStatistics numbers;
  {
    nb::gil_scoped_release release;
    numbers = self.core->generation()->masks().statistics();
  }
  nb::dict dict;
  dict["masks"] = numbers.masks;
  dict["walks"] = numbers.walks;
  dict["walked_nodes"] = numbers.walked_nodes;
  dict["memo_bytes"] = numbers.memo_bytes;
  return dict;
}

}  // namespace

void bind_engine(nb::module_& module) {
  constexpr EngineOptions kDefaults;
  const nb::object whitespace = interned(kWhitespace[0].name);
  const nb::object property_order = interned(kPropertyOrder[0].name);
  const nb::object on_refused = interned(kOnRefused[0].name);
  defaults = {whitespace, property_order, on_refused};
  nb::class_<EngineHandle>(module, "Engine", "Compiles specs for one vocabulary; the base of maskforge.Compiler.")
      .def("__init__", create, nb::arg("vocabulary"), nb::arg("memory_limit_bytes") = kDefaults.memory_limit_bytes,
           nb::kw_only(), nb::arg("compile_fuel") = kDefaults.compile_fuel, nb::arg("fill_fuel") = kDefaults.fill_fuel,
           nb::arg("accept_fuel") = kDefaults.accept_fuel, nb::arg("pool_masks") = kDefaults.mask_pool.masks,
           nb::arg("pool_bases") = kDefaults.mask_pool.bases, nb::arg("owner").none() = nb::none(),
           "owner: what `vocabulary` is from then on; by default the native vocabulary itself.")
      .def_prop_ro(
          "vocabulary", [](const EngineHandle& self) { return self.vocabulary; },
          "The `maskforge.Vocabulary` it compiles for.")
      .def("json_schema", json_schema, nb::arg("schema").none(), nb::kw_only(),
           nb::arg("whitespace").none() = whitespace, nb::arg("property_order").none() = property_order,
           nb::arg("on_refused").none() = on_refused, nb::arg("registry").none() = nb::none(),
           "JSON texts of the values that satisfy a schema.\n\n"
           "schema: the schema itself, JSON text of it, or the path of a file with such text. Its dialect (draft 4, 6, "
           "7, 2019-09 or 2020-12) is what `$schema` says, 2020-12 without.\n"
           "whitespace: \"flexible\" is what json.dumps and jq print at any indent, \"compact\" none.\n"
           "property_order: \"any\", or \"schema\": keys in the order in which the schema names them "
           "(docs/json-schema.md).\n"
           "on_refused: what happens when a constraint cannot be enforced exactly: \"error\" raises UnsupportedError, "
           "\"report\" leaves it out and lists it as refused in `Grammar.report`.\n"
           "registry: a `referencing.Registry` where external references are looked up; nothing is ever fetched.\n\n"
           "Raises SpecError (not a schema), UnsupportedError, UnsatisfiableError (no value satisfies it) or FuelError "
           "(too much work).")
      .def(
          "regex", regex, nb::arg("pattern").none(),
          "Texts that a pattern matches as a whole. Syntax: ECMA-262 with the `u` flag.\n\n"
          "Raises SpecError (the pattern does not parse), UnsupportedError (what it asks for is not regular, such as a "
          "backreference), UnsatisfiableError (nothing matches) or FuelError.")
      .def_prop_ro(
          "mask_pool", [](const EngineHandle& self) { return MaskPoolHandle{self.core->mask_pool()}; },
          "The ids of the masks of all its grammars; `maskforge.MaskPool` keeps their masks on a device.")
      .def(
          "memory_bytes", [](const EngineHandle& self) { return self.core->memory_bytes(); },
          nb::call_guard<nb::gil_scoped_release>(),
          "What the shared states and masks take now; tables that only older matchers use are not counted.")
      .def("statistics", statistics, "Counters of the masks made so far: masks, walks, walked_nodes, memo_bytes.");
}

}  // namespace maskforge::bindings
