// The exception types, and how the core's errors become them. Covered by tests/matcher/test_errors.py.
#include "base/errors.h"

#include <nanobind/eval.h>

#include "bindings/bindings.h"

namespace nb = nanobind;

namespace maskforge::bindings {

namespace {

// Written in Python because they have several bases and attributes of their own, and are raised from Python code too.
constexpr const char* kClasses = R"py(
class MaskforgeError(Exception):
    """The base of every error that maskforge raises on purpose."""

class SpecError(MaskforgeError, ValueError):
    """The spec itself is malformed: not JSON, a regex that does not parse, a keyword of the wrong type.

    `message` says what, `where` is a JSON pointer into the schema or an offset into the pattern ("" for the whole spec).
    """

    def __init__(self, message="", where=""):
        super().__init__(f"{message} (at {where})" if where else message)
        self.message = message
        self.where = where

    def __reduce__(self):
        return type(self), (self.message, self.where)

class UnsupportedError(SpecError):
    """The spec is well formed, but asks for something that cannot be enforced exactly."""

class UnsatisfiableError(MaskforgeError, ValueError):
    """The spec is well formed, but nothing satisfies it.

    `pointers` are JSON pointers to constraints of a schema that contradict one another, () where there is nothing smaller
    than the whole to name. `minimal`: without any one of them something satisfies the rest; otherwise fewer may do.
    `where` is the innermost schema that nothing satisfies, "" when that is the whole.
    """

    def __init__(self, message="", pointers=(), minimal=True, where=""):
        super().__init__(message)
        self.pointers = tuple(pointers)
        self.minimal = minimal
        self.where = where

    def __reduce__(self):
        return type(self), (str(self), self.pointers, self.minimal, self.where)

    @property
    def message(self):
        return str(self)

class FuelError(MaskforgeError):
    """The call needed more work, or more stack, than the limits allow. Nothing was changed."""

class MisuseError(MaskforgeError, ValueError):
    """The caller broke a contract: a range, a shape, a dtype, a device, or the order of calls."""
)py";

struct Types {
  PyObject* base;
  PyObject* spec;
  PyObject* unsupported;
  PyObject* unsatisfiable;
  PyObject* fuel;
  PyObject* misuse;
};

// Messages quote specs, which need not be UTF-8.
PyObject* to_text(const std::string& message) {
  return PyUnicode_DecodeUTF8(message.data(), static_cast<Py_ssize_t>(message.size()), "replace");
}

void raise(PyObject* type, const std::string& message) {
  PyObject* text = to_text(message);
  if (text == nullptr) return;  // another exception is set then
  PyErr_SetObject(type, text);
  Py_DECREF(text);
}

void raise_spec(PyObject* type, const SpecError& error) {
  PyObject* message = to_text(error.message());
  PyObject* where = to_text(error.where());
  PyObject* value = nullptr;
  if (message != nullptr && where != nullptr) value = PyObject_CallFunctionObjArgs(type, message, where, nullptr);
  if (value != nullptr) PyErr_SetObject(type, value);
  Py_XDECREF(message);
  Py_XDECREF(where);
  Py_XDECREF(value);
}

void raise_unsatisfiable(PyObject* type, const UnsatisfiableError& error) {
  PyObject* message = to_text(error.what());
  PyObject* pointers = PyTuple_New(static_cast<Py_ssize_t>(error.pointers().size()));
  PyObject* where = to_text(error.where());
  PyObject* value = nullptr;
  bool complete = message != nullptr && pointers != nullptr && where != nullptr;
  for (std::size_t i = 0; complete && i < error.pointers().size(); ++i) {
    PyObject* pointer = to_text(error.pointers()[i]);
    complete = pointer != nullptr;
    if (complete) PyTuple_SET_ITEM(pointers, static_cast<Py_ssize_t>(i), pointer);
  }
  if (complete) {
    PyObject* minimal = error.minimal() ? Py_True : Py_False;
    value = PyObject_CallFunctionObjArgs(type, message, pointers, minimal, where, nullptr);
  }
  if (value != nullptr) PyErr_SetObject(type, value);
  Py_XDECREF(message);
  Py_XDECREF(pointers);
  Py_XDECREF(where);
  Py_XDECREF(value);
}

// Most derived first. What is not ours is left to nanobind.
void translate(const std::exception_ptr& pointer, void* payload) {
  const Types& types = *static_cast<const Types*>(payload);
  try {
    std::rethrow_exception(pointer);
  } catch (const UnsupportedError& error) {
    raise_spec(types.unsupported, error);
  } catch (const SpecError& error) {
    raise_spec(types.spec, error);
  } catch (const UnsatisfiableError& error) {
    raise_unsatisfiable(types.unsatisfiable, error);
  } catch (const FuelError& error) {
    raise(types.fuel, error.what());
  } catch (const MisuseError& error) {
    raise(types.misuse, error.what());
  } catch (const Error& error) {
    raise(types.base, error.what());
  }
}

}  // namespace

void bind_errors(nb::module_& module) {
  nb::dict scope;
  scope["__builtins__"] = nb::module_::import_("builtins");
  scope["__name__"] = "maskforge._core";
  nb::exec(nb::str(kClasses), scope);
  auto type = [&](const char* name) {
    nb::object value = scope[name];
    module.attr(name) = value;
    return value.release().ptr();  // lives as long as the process, as extension modules do
  };
  static Types types;
  types = {type("MaskforgeError"),     type("SpecError"), type("UnsupportedError"),
           type("UnsatisfiableError"), type("FuelError"), type("MisuseError")};
  nb::register_exception_translator(translate, &types);
}

}  // namespace maskforge::bindings
