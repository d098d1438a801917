// What a compile says about every constraint of a spec. Nothing is dropped silently.
#pragma once

#include <string>
#include <vector>

namespace maskforge {

enum class Enforcement { kEnforced, kAnnotation, kRefused };

struct ReportEntry {
  std::string pointer;  // JSON pointer to the keyword in the schema, "" for a whole regex
  std::string keyword;
  Enforcement status;
  std::string reason;  // why it is an annotation or refused; empty when enforced
};

using Report = std::vector<ReportEntry>;

}  // namespace maskforge
