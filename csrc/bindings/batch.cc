// maskforge._core.BatchExecutor. Covered by tests/matcher/test_batch.py.
#include <nanobind/stl/vector.h>

#include "base/errors.h"
#include "bindings/bindings.h"

namespace nb = nanobind;

namespace maskforge::bindings {

namespace {

// Copies the cores out of the handles: the list may change while the interpreter lock is released.
std::vector<std::shared_ptr<Matcher>> cores(const nb::sequence& matchers) {
  std::vector<std::shared_ptr<Matcher>> list;
  list.reserve(nb::len(matchers));
  for (nb::handle item : matchers) {
    if (item.is_none()) {
      list.emplace_back();
      continue;
    }
    MatcherHandle* handle = nullptr;
    if (!nb::try_cast(item, handle) || handle == nullptr) {
      throw MisuseError("entry " + std::to_string(list.size()) + " of the batch is neither a matcher nor None");
    }
    list.push_back(handle->core);
  }
  return list;
}

std::vector<bool> fill(BatchExecutor& self, const nb::sequence& matchers, std::uintptr_t address,
                       std::int64_t row_stride_words, const std::vector<std::int64_t>& rows, std::int64_t words) {
  std::vector<std::shared_ptr<Matcher>> list = cores(matchers);
  nb::gil_scoped_release release;
  if (address == 0 && !list.empty()) throw MisuseError("the address of the bitmask is null");
  if (words < 0 || row_stride_words < 0) throw MisuseError("words and row_stride_words are not negative");
  // Rows that overlapped would be written by two threads.
  if (list.size() > 1 && row_stride_words < words)
    throw MisuseError("row_stride_words is smaller than words: rows overlap");
  return self.fill(list, rows,
                   BatchExecutor::Rows{reinterpret_cast<std::uint32_t*>(address),
                                       static_cast<std::size_t>(row_stride_words), static_cast<std::size_t>(words)});
}

std::vector<MaskId> mask_ids(BatchExecutor& self, const nb::sequence& matchers) {
  std::vector<std::shared_ptr<Matcher>> list = cores(matchers);
  nb::gil_scoped_release release;
  return self.mask_ids(list);
}

std::vector<MaskId> draft_mask_ids(BatchExecutor& self, const nb::sequence& matchers,
                                   const std::vector<std::vector<std::int64_t>>& drafts) {
  std::vector<std::shared_ptr<Matcher>> list = cores(matchers);
  nb::gil_scoped_release release;
  return self.draft_mask_ids(list, drafts);
}

std::vector<bool> accept(BatchExecutor& self, const nb::sequence& matchers,
                         const std::vector<std::int64_t>& token_ids) {
  std::vector<std::shared_ptr<Matcher>> list = cores(matchers);
  nb::gil_scoped_release release;
  return self.accept(list, token_ids);
}

}  // namespace

void bind_batch(nb::module_& module) {
  nb::class_<BatchExecutor>(module, "BatchExecutor",
                            "Fills and accepts many rows in one call, on threads that persist.")
      .def(nb::init<std::int64_t>(), nb::arg("threads"))
      .def_prop_ro("threads", &BatchExecutor::threads)
      .def("fill", fill, nb::arg("matchers"), nb::arg("address"), nb::arg("row_stride_words"), nb::arg("rows"),
           nb::arg("words"),
           "Fills row rows[i], `words` int32 at address + 4 * row_stride_words * rows[i], from matchers[i]; None sets "
           "all bits. "
           "Returns per matcher whether any bit is set. When rows fail the others are filled, then the first error is "
           "raised.")
      .def("mask_ids", mask_ids, nb::arg("matchers"),
           "next_token_mask_id of each; -1 for None. When rows fail, the first error is raised after the others are "
           "done.")
      .def("draft_mask_ids", draft_mask_ids, nb::arg("matchers"), nb::arg("drafts"),
           "draft_mask_ids of each, one after the other; -1 for None.")
      .def("accept", accept, nb::arg("matchers"), nb::arg("token_ids"),
           "accept_token of each; None answers True. When anything is raised, no matcher has changed.");
}

}  // namespace maskforge::bindings
