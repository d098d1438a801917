// The errors of the core. Every one of them reaches Python as its own exception type; the core never aborts or prints.
//
//   Error
//   ├── SpecError            the spec itself is malformed (bad JSON, bad regex syntax, a keyword of the wrong type)
//   │   └── UnsupportedError well formed, but not something this engine can enforce exactly
//   ├── UnsatisfiableError   well formed, but no value satisfies it
//   ├── FuelError            a limit of work or stack ran out; nothing was changed by the call
//   └── MisuseError          the caller broke a contract (range, dtype, state)
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace maskforge {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class SpecError : public Error {
 public:
  // `where` is a JSON pointer into the schema or "offset N" into a pattern; empty when the whole spec is meant.
  SpecError(const std::string& what, std::string where = {})
      : Error(where.empty() ? what : what + " (at " + where + ")"), message_(what), where_(std::move(where)) {}
  const std::string& message() const { return message_; }
  const std::string& where() const { return where_; }

 private:
  std::string message_;
  std::string where_;
};

class UnsupportedError : public SpecError {
 public:
  using SpecError::SpecError;
};

class UnsatisfiableError : public Error {
 public:
  // `pointers`: JSON pointers to constraints that contradict one another; empty where nothing smaller than the whole
  // spec can be named. `minimal`: without any one of them something satisfies the rest; otherwise fewer may do.
  // `where`: the innermost schema that nothing satisfies, empty when that is the whole.
  UnsatisfiableError(const std::string& what, std::vector<std::string> pointers = {}, bool minimal = true,
                     std::string where = {})
      : Error(what), pointers_(std::move(pointers)), minimal_(minimal), where_(std::move(where)) {}
  const std::vector<std::string>& pointers() const { return pointers_; }
  bool minimal() const { return minimal_; }
  const std::string& where() const { return where_; }

 private:
  std::vector<std::string> pointers_;
  bool minimal_;
  std::string where_;
};

class FuelError : public Error {
 public:
  using Error::Error;
};

class MisuseError : public Error {
 public:
  using Error::Error;
};

}  // namespace maskforge
