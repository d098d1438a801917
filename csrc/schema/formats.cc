// The table of formats. Covered by tests/csrc/test_formats.cc.
#include "schema/formats.h"

#include <algorithm>

#include "schema/format_parts.h"

namespace maskforge {
namespace {

struct Format {
  std::string_view name;
  RegexId (*build)(RegexArena&);
};

constexpr std::string_view kJsonPointer = "(/([^~/]|~[01])*)*";

RegexId ipv4(RegexArena& regexes) { return formats::whole(regexes, formats::ipv4_pattern()); }
RegexId ipv6(RegexArena& regexes) { return formats::whole(regexes, formats::ipv6_pattern()); }
RegexId uuid(RegexArena& regexes) {
  return formats::whole(regexes, "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}");
}
RegexId json_pointer(RegexArena& regexes) { return formats::whole(regexes, kJsonPointer); }
constexpr std::string_view kNumber = "(0|[1-9][0-9]*)";
RegexId relative_json_pointer(RegexArena& regexes) {
  return formats::whole(regexes, std::string(kNumber) + "(#|" + std::string(kJsonPointer) + ")");
}
// draft-bhutton-relative-json-pointer-00 adds the manipulation of an index ("0+1").
RegexId relative_json_pointer_2020(RegexArena& regexes) {
  const std::string number(kNumber);
  return formats::whole(regexes, number + "(#|([+\\-]" + number + ")?" + std::string(kJsonPointer) + ")");
}

// What no dialect takes for a pattern, of what is plain to see: a quantifier of nothing at the start; a group that is
// closed and was not opened, or opened and never closed; a class that is never closed; a backslash at the end.
constexpr std::string_view kNoPattern =
    R"re(^[*+?]|^[^\\[(]*\)|^[^\\[]*\([^)]*$|^[^\\]*\[[^\]]*$|^([^\\]|\\[^])*\\$)re";

constexpr std::string_view kRelativeJsonPointer2020 = "relative-json-pointer of 2020-12";

constexpr Format kFormats[] = {
    {"date", formats::date},
    {"date-time", formats::date_time},
    {"duration", formats::duration},
    {"email", formats::email},
    {"hostname", formats::hostname},
    {"idn-email", formats::idn_email},
    {"idn-hostname", formats::idn_hostname},
    {"ipv4", ipv4},
    {"ipv6", ipv6},
    {"iri", formats::iri},
    {"iri-reference", formats::iri_reference},
    {"json-pointer", json_pointer},
    {"regex", formats::regex},
    {"relative-json-pointer", relative_json_pointer},
    {kRelativeJsonPointer2020, relative_json_pointer_2020},
    {"time", formats::time},
    {"uri", formats::uri},
    {"uri-reference", formats::uri_reference},
    {"uri-template", formats::uri_template},
    {"uuid", uuid},
};

const Format* find_format(std::string_view name) {
  auto found =
      std::find_if(std::begin(kFormats), std::end(kFormats), [&](const Format& format) { return format.name == name; });
  return found == std::end(kFormats) ? nullptr : found;
}

}  // namespace

std::optional<std::string_view> known_format(std::string_view name, bool is_2020) {
  if (is_2020 && name == "relative-json-pointer") return kRelativeJsonPointer2020;
  const Format* format = name == kRelativeJsonPointer2020 ? nullptr : find_format(name);
  if (format == nullptr) return std::nullopt;
  return format->name;
}

std::optional<RegexId> format_language(RegexArena& regexes, std::string_view name) {
  const Format* format = find_format(name);
  if (format == nullptr) return std::nullopt;
  return format->build(regexes);
}

std::optional<RegexId> format_upper_bound(RegexArena& regexes, std::string_view name) {
  if (name == "hostname") {
    constexpr std::string_view kLabel = "[A-Za-z0-9]([A-Za-z0-9\\-]{0,61}[A-Za-z0-9])?";
    return formats::whole(regexes, std::string(kLabel) + "(\\." + std::string(kLabel) + ")*");
  }
  if (name == "idn-hostname") return formats::whole(regexes, "[A-Za-z0-9.\\-\\u{80}-\\u{10FFFF}]+");
  if (name == "regex") return regexes.complement(regexes.parse(kNoPattern, RegexMode::kSearch));
  return std::nullopt;
}

}  // namespace maskforge
