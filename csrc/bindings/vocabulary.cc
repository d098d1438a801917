// maskforge._core.Vocabulary. Covered by tests/decoding/test_vocabulary.py and tests/matcher/test_errors.py.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <limits>

#include "base/errors.h"
#include "bindings/bindings.h"

namespace nb = nanobind;

namespace maskforge::bindings {

namespace {

// Moves the bytes objects of a sequence into strings, without a Python call for each.
std::vector<std::string> token_bytes(const nb::sequence& tokens) {
  std::vector<std::string> words;
  words.reserve(nb::len(tokens));
  for (nb::handle token : tokens) {
    char* data = nullptr;
    Py_ssize_t size = 0;
    if (!PyBytes_Check(token.ptr())) {
      throw MisuseError("token " + std::to_string(words.size()) + " is not a bytes object");
    }
    if (PyBytes_AsStringAndSize(token.ptr(), &data, &size) != 0) throw nb::python_error();
    words.emplace_back(data, static_cast<std::size_t>(size));
  }
  return words;
}

void create(VocabularyHandle* self, const nb::sequence& tokens, const std::vector<std::int64_t>& eos_token_ids) {
  std::vector<std::string> words = token_bytes(tokens);
  std::vector<TokenId> eos;
  for (std::int64_t id : eos_token_ids) {
    if (id < 0 || id >= static_cast<std::int64_t>(words.size())) {
      throw MisuseError("end-of-sequence id " + std::to_string(id) + " is outside the vocabulary of " +
                        std::to_string(words.size()) + " tokens");
    }
    eos.push_back(static_cast<TokenId>(id));
  }
  nb::gil_scoped_release release;
  auto core = std::make_shared<const Vocabulary>(std::move(words), std::move(eos));
  new (self) VocabularyHandle{std::move(core)};
}

nb::bytes token(const VocabularyHandle& self, std::int64_t id) {
  if (id < 0 || id >= static_cast<std::int64_t>(self.core->size())) {
    throw MisuseError("token id " + std::to_string(id) + " is outside the vocabulary of " +
                      std::to_string(self.core->size()) + " tokens");
  }
  std::string_view bytes = self.core->token(static_cast<TokenId>(id));
  return nb::bytes(bytes.data(), bytes.size());
}

}  // namespace

void bind_vocabulary(nb::module_& module) {
  nb::class_<VocabularyHandle>(module, "Vocabulary", "The bytes of every token. Immutable.")
      .def("__init__", create, nb::arg("tokens"), nb::arg("eos_token_ids"))
      .def_prop_ro("size", [](const VocabularyHandle& self) { return self.core->size(); })
      .def_prop_ro("bitmask_words", [](const VocabularyHandle& self) { return self.core->bitmask_words(); })
      .def_prop_ro("eos_token_ids",
                   [](const VocabularyHandle& self) {
                     auto ids = self.core->eos_token_ids();
                     return std::vector<TokenId>(ids.begin(), ids.end());
                   })
      .def_prop_ro("fingerprint", [](const VocabularyHandle& self) { return self.core->fingerprint(); })
      .def_prop_ro("longest_token", [](const VocabularyHandle& self) { return self.core->longest_token(); })
      .def("token", token, nb::arg("id"), "The bytes of a token; empty for one that is never text.");
}

}  // namespace maskforge::bindings
