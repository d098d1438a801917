// maskforge._core.BatchExecutor. Covered by tests/matcher/test_batch.py.
#include <nanobind/stl/vector.h>

#include <numeric>

#include "base/errors.h"
#include "bindings/arguments.h"
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

// `rows`: None for row i from matcher i. All is checked before anything is written.
std::vector<bool> fill(BatchExecutor& self, const nb::sequence& matchers, std::uintptr_t address,
                       std::int64_t row_stride_words, std::int64_t row_count, std::int64_t words, nb::handle rows) {
  const std::vector<std::shared_ptr<Matcher>> list = cores(matchers);
  std::vector<std::int64_t> places;
  if (rows.is_none()) {
    places.resize(list.size());
    std::iota(places.begin(), places.end(), 0);
  } else {
    places = integers(rows, "a row");
  }
  nb::gil_scoped_release release;
  if (address == 0 && !list.empty()) throw MisuseError("the address of the bitmask is null");
  if (words < 0 || row_stride_words < 0) throw MisuseError("words and row_stride_words are not negative");
  // Rows that overlapped would be written by two threads.
  if (list.size() > 1 && row_stride_words < words)
    throw MisuseError("row_stride_words is smaller than words: rows overlap");
  for (const std::shared_ptr<Matcher>& matcher : list) {
    if (matcher != nullptr) matcher->require_words(static_cast<std::size_t>(words));
  }
  for (std::int64_t place : places) {
    if (place >= 0 && place < row_count) continue;
    throw MisuseError("row " + std::to_string(place) + " is outside the bitmask of " + std::to_string(row_count) +
                      " rows");
  }
  return self.fill(list, places,
                   BatchExecutor::Rows{reinterpret_cast<std::uint32_t*>(address),
                                       static_cast<std::size_t>(row_stride_words), static_cast<std::size_t>(words)});
}

std::vector<MaskId> mask_ids(BatchExecutor& self, const nb::sequence& matchers) {
  const std::vector<std::shared_ptr<Matcher>> list = cores(matchers);
  nb::gil_scoped_release release;
  return self.mask_ids(list);
}

std::vector<MaskId> draft_mask_ids(BatchExecutor& self, const nb::sequence& matchers, const nb::sequence& drafts) {
  const std::vector<std::shared_ptr<Matcher>> list = cores(matchers);
  std::vector<std::vector<std::int64_t>> tokens;
  for (nb::handle draft : drafts) tokens.push_back(integers(draft, "a token id"));
  nb::gil_scoped_release release;
  return self.draft_mask_ids(list, tokens);
}

std::vector<bool> accept(BatchExecutor& self, const nb::sequence& matchers, nb::handle token_ids) {
  const std::vector<std::shared_ptr<Matcher>> list = cores(matchers);
  const std::vector<std::int64_t> tokens = integers(token_ids, "a token id");
  nb::gil_scoped_release release;
  return self.accept(list, tokens);
}

void prepare(BatchExecutor& self, const nb::sequence& matchers) {
  const std::vector<std::shared_ptr<Matcher>> list = cores(matchers);
  nb::gil_scoped_release release;
  self.prepare(list);
}

}  // namespace

void bind_batch(nb::module_& module) {
  nb::class_<BatchExecutor>(module, "BatchExecutor",
                            "Fills and accepts many rows in one call, on threads that persist.")
      .def(nb::init<std::int64_t>(), nb::arg("threads"))
      .def_prop_ro("threads", &BatchExecutor::threads)
      .def("fill", fill, nb::arg("matchers"), nb::arg("address"), nb::arg("row_stride_words"), nb::arg("row_count"),
           nb::arg("words"), nb::arg("rows").none() = nb::none(),
           "Fills row rows[i] of row_count, `words` int32 at address + 4 * row_stride_words * rows[i], from "
           "matchers[i], by default row i; None for a matcher sets all bits. Returns per matcher whether any bit is "
           "set. When rows fail the others are filled, then the first error is raised.")
      .def("mask_ids", mask_ids, nb::arg("matchers"),
           "next_token_mask_id of each; -1 for None. When rows fail, the first error is raised after the others are "
           "done.")
      .def("draft_mask_ids", draft_mask_ids, nb::arg("matchers"), nb::arg("drafts"),
           "draft_mask_ids of each, one after the other; -1 for None.")
      .def("accept", accept, nb::arg("matchers"), nb::arg("token_ids").none(),
           "accept_token of each; None answers True. When anything is raised, no matcher has changed. Where masks were "
           "new lately, the other threads begin with the next ones.")
      .def("prepare", prepare, nb::arg("matchers"),
           "Has the other threads begin with the next masks and returns at once; None is skipped.");
}

}  // namespace maskforge::bindings
