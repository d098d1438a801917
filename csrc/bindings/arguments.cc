// See arguments.h. Covered by tests/matcher/test_errors.py.
#include "bindings/arguments.h"

#include <string>

#include "base/errors.h"

namespace nb = nanobind;

namespace maskforge::bindings {

namespace {

// For messages. A repr may fail: that of an integer does from some thousand digits on.
std::string shown(nb::handle value) {
  try {
    return nb::repr(value).c_str();
  } catch (nb::python_error&) {
    return std::string("one that has no repr, of type ") + nb::type_name(value.type()).c_str();
  }
}

}  // namespace

std::int64_t integer(nb::handle value, const char* what) {
  PyObject* object = value.ptr();
  if (PyBool_Check(object) || !PyIndex_Check(object)) {
    throw MisuseError(std::string(what) + " is an integer, not " + shown(value));
  }
  nb::object whole;
  if (!PyLong_Check(object)) {
    whole = nb::steal(PyNumber_Index(object));
    if (!whole.is_valid()) throw nb::python_error();
    object = whole.ptr();
  }
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
  if (overflow != 0) throw MisuseError(std::string(what) + " does not fit 64 bits: " + shown(value));
  if (number == -1 && PyErr_Occurred() != nullptr) throw nb::python_error();
  return number;
}

std::vector<std::int64_t> integers(nb::handle values, const char* what) {
  std::vector<std::int64_t> list;
  for (nb::handle value : nb::iter(values)) list.push_back(integer(value, what));
  return list;
}

nb::handle PythonFunction::get() const {
  PyObject* known = function_.load(std::memory_order_acquire);
  if (known == nullptr) {
    nb::object found = nb::module_::import_(module_).attr(name_);
    if (function_.compare_exchange_strong(known, found.ptr())) known = found.release().ptr();
  }
  return known;
}

}  // namespace maskforge::bindings
