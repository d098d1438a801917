// The errors of the core. Every one of them reaches Python as its own exception type; the core never aborts or prints.
//
//   Error
//   ├── SpecError            the spec itself is malformed (bad JSON, bad regex syntax, a keyword of the wrong type)
//   │   └── UnsupportedError well formed, but not something this engine can enforce exactly
//   ├── UnsatisfiableError   well formed, but no value satisfies it
//   ├── FuelError            the work limit ran out; nothing was changed by the call
//   └── MisuseError          the caller broke a contract (range, dtype, state)
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

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
  using Error::Error;
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
