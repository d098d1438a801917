// maskforge.Matcher. Covered by tests/matcher.
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <tuple>

#include "base/errors.h"
#include "bindings/arguments.h"
#include "bindings/bindings.h"

namespace nb = nanobind;

namespace maskforge::bindings {

namespace {

using Handle = MatcherHandle;
using Release = nb::call_guard<nb::gil_scoped_release>;

// Address, row stride in words, rows and words of a tensor that was checked.
using Rows = std::tuple<std::uintptr_t, std::int64_t, std::int64_t, std::size_t>;
const PythonFunction bitmask_rows{"maskforge.decoding.bitmask", "bitmask_rows"};

bool fill_row(const Handle& self, std::uintptr_t address, std::size_t words) {
  if (address == 0) throw MisuseError("the address of the bitmask row is null");
  return self.core->fill(reinterpret_cast<std::uint32_t*>(address), words);
}

bool fill(const Handle& self, nb::handle bitmask, nb::handle row) {
  const auto [address, stride, rows, words] =
      nb::cast<Rows>(bitmask_rows(bitmask, self.core->vocabulary().bitmask_words()));
  const std::int64_t position = integer(row, "a row");
  if (position < 0 || position >= rows) {
    throw MisuseError("row " + std::to_string(position) + " is outside the bitmask of " + std::to_string(rows) +
                      " rows");
  }
  nb::gil_scoped_release release;
  return fill_row(self, address + 4 * static_cast<std::uintptr_t>(stride * position), words);
}

std::vector<MaskId> draft_mask_ids(const Handle& self, nb::handle token_ids) {
  const std::vector<std::int64_t> tokens = integers(token_ids, "a token id");
  nb::gil_scoped_release release;
  return self.core->draft_mask_ids(tokens);
}

bool accept_token(const Handle& self, nb::handle token_id) {
  const std::int64_t token = integer(token_id, "a token id");
  nb::gil_scoped_release release;
  return self.core->accept_token(token);
}

std::size_t accept_bytes(const Handle& self, nb::handle data) {
  if (!PyBytes_Check(data.ptr())) {
    throw MisuseError(std::string("accept_bytes takes bytes, not ") + nb::type_name(data.type()).c_str());
  }
  const nb::bytes bytes = nb::borrow<nb::bytes>(data);
  std::string_view view(bytes.c_str(), bytes.size());
  nb::gil_scoped_release release;
  return self.core->accept_bytes(view);
}

std::size_t validate_tokens(const Handle& self, nb::handle token_ids) {
  const std::vector<std::int64_t> tokens = integers(token_ids, "a token id");
  nb::gil_scoped_release release;
  return self.core->validate_tokens(tokens);
}

void rollback(const Handle& self, nb::handle num_tokens) {
  const std::int64_t count = integer(num_tokens, "a number of tokens");
  nb::gil_scoped_release release;
  self.core->rollback(count);
}

Handle fork(const Handle& self) {
  std::shared_ptr<Matcher> core;
  {
    nb::gil_scoped_release release;
    core = self.core->fork();
  }
  return Handle{std::move(core), self.vocabulary};
}

std::string describe(const Handle& self) {
  nb::gil_scoped_release release;
  const char* state = self.core->is_terminated() ? "terminated" : self.core->is_accepting() ? "accepting" : "running";
  return std::string("Matcher(") + state + ", num_tokens=" + std::to_string(self.core->num_tokens()) + ")";
}

}  // namespace

void bind_matcher(nb::module_& module) {
  nb::class_<Handle>(
      module, "Matcher",
      "One sequence being decoded: which tokens may come next, and how to go forward and back.\n\n"
      "Made by `grammar.matcher()`. Costs kilobytes; `fork()` is cheap. All methods are safe to call from several "
      "threads; different matchers never wait for one another.")
      .def_prop_ro(
          "vocabulary", [](const Handle& self) { return self.vocabulary; },
          "The `maskforge.Vocabulary` whose tokens it reads.")
      .def("fill_next_token_bitmask", fill, nb::arg("bitmask").none(), nb::arg("row").none() = 0,
           "Writes which tokens may come next into one row of a bitmask.\n\n"
           "bitmask: torch.int32 [rows, words] or [words] in CPU memory, `words >= vocabulary.bitmask_words`, lowest "
           "bit first, 1 = allowed; words beyond the vocabulary become 0.\n"
           "Returns whether any token is allowed. A text that is complete allows the end-of-sequence ids; so does a "
           "matcher that has terminated, so a finished row of a batch can keep coming.\n"
           "Raises MisuseError for a tensor of another dtype, shape, device or layout, or a row that is not there; "
           "FuelError where the grammar asks for too much work (the row is then unspecified).")
      .def("fill_row", fill_row, nb::arg("address"), nb::arg("words"), Release(),
           "`fill_next_token_bitmask` into `words` int32 at a raw address: the caller has checked that they are there.")
      .def(
          "next_token_mask_id", [](const Handle& self) { return self.core->mask_id(); }, Release(),
          "The id of the mask that `fill_next_token_bitmask` writes: equal masks of one compiler have one id.\n\n"
          "Ids are positive and never given out twice. The pool is bounded: an id that was not asked for lately may "
          "become stale, and is then recognised as such. Raises FuelError as `fill_next_token_bitmask` does.")
      .def("draft_mask_ids", draft_mask_ids, nb::arg("token_ids").none(),
           "The mask ids along a draft: before its first token and after each token; changes nothing.\n\n"
           "Behind a token that is not accepted there is no text and so no mask: -1, no constraint, since what is "
           "sampled there is never used. One id more than there are tokens.")
      .def_prop_ro(
          "mask_pool_identity",
          [](const Handle& self) { return reinterpret_cast<std::uintptr_t>(self.core->mask_pool().get()); },
          "Equal for matchers that share a pool.")
      .def_prop_ro(
          "mask_pool", [](const Handle& self) { return MaskPoolHandle{self.core->mask_pool()}; },
          "The native pool that the mask ids belong to; that of the compiler.")
      .def("accept_token", accept_token, nb::arg("token_id").none(),
           "Reads one token; False, and nothing changes, where it is not allowed.\n\n"
           "Raises MisuseError for an id outside the vocabulary and for any token once terminated.")
      .def("accept_bytes", accept_bytes, nb::arg("data").none(),
           "Reads bytes regardless of token boundaries: all of them or none, one step for `rollback`.\n\n"
           "Returns how many of them can be read; the state changed only if that is `len(data)`.")
      .def("validate_tokens", validate_tokens, nb::arg("token_ids").none(),
           "How many of the tokens, from the first on, would be accepted in turn; changes nothing.\n\n"
           "An id outside the vocabulary, such as padding of -1, is never accepted.")
      .def("rollback", rollback, nb::arg("num_tokens").none(),
           "Takes back the last `num_tokens` tokens, end-of-sequence included; MisuseError if fewer were accepted.")
      .def("fork", fork, "An independent matcher in the same state with the same history.")
      .def(
          "reset", [](const Handle& self) { self.core->reset(); }, Release(), "Back to the start, with no history.")
      .def(
          "is_accepting", [](const Handle& self) { return self.core->is_accepting(); }, Release(),
          "Whether the text may end here.")
      .def(
          "is_terminated", [](const Handle& self) { return self.core->is_terminated(); }, Release(),
          "Whether an end-of-sequence token was accepted.")
      .def(
          "forced_tokens", [](const Handle& self) { return self.core->forced_tokens(); }, Release(),
          "The longest run of tokens that have no alternative: while the mask has exactly one. Changes nothing.")
      .def(
          "allowed_tokens", [](const Handle& self) { return self.core->allowed_tokens(); }, Release(),
          "The ids that may come next, ascending. For tests and people: a bitmask is far cheaper.")
      .def(
          "expected", [](const Handle& self) { return self.core->expected(); }, Release(),
          "What may come next, in words.")
      .def(
          "memory_bytes", [](const Handle& self) { return self.core->memory_bytes(); }, Release(),
          "The memory of this matcher alone, without the tables that all matchers share.")
      .def_prop_ro(
          "num_tokens",
          [](const Handle& self) {
            nb::gil_scoped_release release;
            return self.core->num_tokens();
          },
          "How many steps `rollback` can take back.")
      .def("__repr__", describe);
}

}  // namespace maskforge::bindings
