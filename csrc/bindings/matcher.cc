// maskforge._core.Matcher. Covered by tests/matcher.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "base/errors.h"
#include "bindings/bindings.h"

namespace nb = nanobind;

namespace maskforge::bindings {

namespace {

using Handle = MatcherHandle;
using Release = nb::call_guard<nb::gil_scoped_release>;

bool fill(const Handle& self, std::uintptr_t address, std::size_t words) {
  if (address == 0) throw MisuseError("the address of the bitmask row is null");
  return self.core->fill(reinterpret_cast<std::uint32_t*>(address), words);
}

std::size_t accept_bytes(const Handle& self, const nb::bytes& data) {
  std::string_view view(data.c_str(), data.size());  // the caller holds the object
  nb::gil_scoped_release release;
  return self.core->accept_bytes(view);
}

}  // namespace

void bind_matcher(nb::module_& module) {
  nb::class_<Handle>(module, "Matcher", "One sequence being decoded. Made by Grammar.matcher().")
      .def("fill_next_token_bitmask", fill, nb::arg("address"), nb::arg("words"), Release(),
           "Writes `words` int32 at a raw address; the caller has checked that they are there. Returns whether any bit "
           "is set.")
      .def(
          "next_token_mask_id", [](const Handle& self) { return self.core->mask_id(); }, Release(),
          "The id, in the engine's mask pool, of the mask that fill_next_token_bitmask writes.")
      .def(
          "draft_mask_ids",
          [](const Handle& self, const std::vector<std::int64_t>& ids) { return self.core->draft_mask_ids(ids); },
          nb::arg("ids"), Release(),
          "The mask ids before the first token and after each, -1 behind one that is not accepted; unchanged.")
      .def_prop_ro(
          "mask_pool_identity",
          [](const Handle& self) { return reinterpret_cast<std::uintptr_t>(self.core->mask_pool().get()); },
          "Equal for matchers that share a pool.")
      .def(
          "mask_pool", [](const Handle& self) { return MaskPoolHandle{self.core->mask_pool()}; },
          "The pool that the mask ids belong to.")
      .def(
          "accept_token", [](const Handle& self, std::int64_t id) { return self.core->accept_token(id); },
          nb::arg("id"), Release(),
          "False, and unchanged, when not allowed. MisuseError outside the vocabulary and after termination.")
      .def("accept_bytes", accept_bytes, nb::arg("data"),
           "Reads all bytes (one step for rollback) or none. Returns how many could be read: len(data) when they were.")
      .def(
          "validate_tokens",
          [](const Handle& self, const std::vector<std::int64_t>& ids) { return self.core->validate_tokens(ids); },
          nb::arg("ids"), Release(),
          "How many would be accepted in turn; unchanged. Ids outside the vocabulary never are.")
      .def(
          "rollback", [](const Handle& self, std::int64_t count) { self.core->rollback(count); }, nb::arg("count"),
          Release(), "Undoes the last `count` tokens; an accepted end-of-sequence token counts.")
      .def(
          "fork", [](const Handle& self) { return Handle{self.core->fork()}; }, Release(),
          "An independent matcher at the same place, with the same history.")
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
          "The tokens that follow without an alternative: while the mask has exactly one. Unchanged.")
      .def(
          "allowed_tokens", [](const Handle& self) { return self.core->allowed_tokens(); }, Release(),
          "The ids of the mask, ascending.")
      .def(
          "expected", [](const Handle& self) { return self.core->expected(); }, Release(),
          "What may come next, for people.")
      .def(
          "memory_bytes", [](const Handle& self) { return self.core->memory_bytes(); }, Release(),
          "Of this matcher alone, without the tables that all matchers share.")
      .def_prop_ro("num_tokens", [](const Handle& self) {
        nb::gil_scoped_release release;
        return self.core->num_tokens();
      });
}

}  // namespace maskforge::bindings
