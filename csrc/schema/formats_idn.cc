// Internationalised host names. Covered by tests/csrc/test_formats.cc.
#include "schema/format_parts.h"

namespace maskforge::formats {

// Every ASCII host name is an internationalised one.
RegexId idn_hostname(RegexArena& regexes) { return hostname(regexes); }

}  // namespace maskforge::formats
