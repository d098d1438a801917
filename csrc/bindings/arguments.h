// Arguments from Python, checked: errors name what was passed, and nothing is taken for what it is not.
#pragma once

#include <nanobind/nanobind.h>

#include <atomic>
#include <cstdint>
#include <vector>

namespace maskforge::bindings {

// An int, or what stands for one (a tensor of one element). Not a bool: True would silently be token 1. `what` is for
// the MisuseError, as in "a token id".
std::int64_t integer(nanobind::handle value, const char* what);
std::vector<std::int64_t> integers(nanobind::handle values, const char* what);

// A Python function of this package, looked up when first called and then kept for the life of the process. Requires
// the interpreter lock.
class PythonFunction {
 public:
  constexpr PythonFunction(const char* module, const char* name) : module_(module), name_(name) {}
  template <typename... Arguments>
  nanobind::object operator()(Arguments&&... arguments) const {
    return get()(std::forward<Arguments>(arguments)...);
  }

 private:
  nanobind::handle get() const;

  const char* module_;
  const char* name_;
  // Not a local static: its guard would be held while the import lets other threads run.
  mutable std::atomic<PyObject*> function_{nullptr};
};

}  // namespace maskforge::bindings
