// Questions that single values answer: `const`, `enum`, and the items that a unique array has taken.
//
// Equal values, however they are spelled, become the same question. Guarded by the machine's mutex. Covered by
// tests/schema/ (Python).
#pragma once

#include <vector>

#include "schema/json_value.h"
#include "schema/store.h"

namespace maskforge {

class Constants {
 public:
  Constants(SchemaStore& store, RegexArena& regexes, NumberArena& numbers)
      : store_(store), regexes_(regexes), numbers_(numbers) {}

  // "Is it this value?" `pointer`: where it stands, for messages.
  QuestionId question(const JsonValue& value, const std::string& pointer);
  // Adds "is it one of these?" to a node.
  void restrict(SchemaNode& node, const std::vector<const JsonValue*>& values, const std::string& pointer);
  // Adds a set of numbers to a node.
  void restrict_numbers(SchemaNode& node, NumberSetId set);

 private:
  SchemaStore& store_;
  RegexArena& regexes_;
  NumberArena& numbers_;
};

}  // namespace maskforge
