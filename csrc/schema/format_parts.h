// The builders behind formats.h, by family. Each returns the language of one format; none is memoised.
// Covered by tests/csrc/test_formats.cc.
#pragma once

#include <string>
#include <string_view>

#include "regex/regex.h"

namespace maskforge::formats {

inline RegexId whole(RegexArena& regexes, std::string_view pattern) {
  return regexes.parse(pattern, RegexMode::kWhole);
}

// formats_time.cc: RFC 3339
RegexId date(RegexArena& regexes);
RegexId time(RegexArena& regexes);
RegexId date_time(RegexArena& regexes);
RegexId duration(RegexArena& regexes);

// formats_net.cc: RFC 1123, 5321, 6531, 2673, 4291, 3986, 3987, 6570
std::string ipv4_pattern();
std::string ipv6_pattern();
RegexId hostname(RegexArena& regexes);
RegexId email(RegexArena& regexes);
RegexId idn_email(RegexArena& regexes);
RegexId uri(RegexArena& regexes);
RegexId uri_reference(RegexArena& regexes);
RegexId iri(RegexArena& regexes);
RegexId iri_reference(RegexArena& regexes);
RegexId uri_template(RegexArena& regexes);

// formats_idn.cc: RFC 5890 to 5893
RegexId idn_hostname(RegexArena& regexes);

// formats_regex.cc: ECMA-262
RegexId regex(RegexArena& regexes);

}  // namespace maskforge::formats
