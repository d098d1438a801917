// maskforge._core.apply_bitmask_cpu. Covered by tests/decoding/test_apply.py.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/vector.h>

#include "base/errors.h"
#include "bindings/bindings.h"
#include "masks/apply_cpu.h"

namespace nb = nanobind;

namespace maskforge::bindings {

namespace {

void apply(std::uintptr_t logits_addr, int dtype_code, std::int64_t row_stride_elements, std::int64_t rows,
           std::int64_t vocab, std::uintptr_t bitmask_addr, std::int64_t bitmask_stride_words,
           const std::optional<std::vector<std::int32_t>>& row_indices) {
  nb::gil_scoped_release release;
  if (rows < 0 || vocab < 0) throw MisuseError("rows and vocab are not negative");
  if (rows == 0 || vocab == 0) return;
  if (logits_addr == 0 || bitmask_addr == 0) throw MisuseError("the address of the logits or of the bitmask is null");
  if (row_indices && row_indices->size() != static_cast<std::size_t>(rows)) {
    throw MisuseError(std::to_string(row_indices->size()) + " row indices for " + std::to_string(rows) + " rows");
  }
  apply_bitmask_cpu(reinterpret_cast<void*>(logits_addr), dtype_code, static_cast<std::ptrdiff_t>(row_stride_elements),
                    static_cast<std::size_t>(rows), static_cast<std::size_t>(vocab),
                    reinterpret_cast<const std::uint32_t*>(bitmask_addr),
                    static_cast<std::ptrdiff_t>(bitmask_stride_words), row_indices ? row_indices->data() : nullptr);
}

}  // namespace

void bind_apply(nb::module_& module) {
  module.def(
      "apply_bitmask_cpu", apply, nb::arg("logits_addr"), nb::arg("dtype_code"), nb::arg("row_stride_elements"),
      nb::arg("rows"), nb::arg("vocab"), nb::arg("bitmask_addr"), nb::arg("bitmask_stride_words"),
      nb::arg("row_indices").none() = nb::none(),
      "Sets logits whose bit is 0 to -inf. dtype_code: 0 float32, 1 float16, 2 bfloat16. The caller has checked the "
      "memory and the indices.");
}

}  // namespace maskforge::bindings
