// See loader.h: what a full report says of every keyword.
#include <string>
#include <unordered_map>

#include "base/word_set.h"
#include "schema/loader.h"

namespace maskforge {

namespace {

// Keywords without validation meaning. Any other unknown keyword is an annotation too; these need no explanation in the
// report.
const WordSet kAnnotations = {
    "$schema",          "$id",        "id",          "$comment",  "$anchor",         "$dynamicAnchor",
    "$recursiveAnchor", "$defs",      "definitions", "title",     "description",     "default",
    "examples",         "deprecated", "readOnly",    "writeOnly", "contentEncoding", "contentMediaType",
    "contentSchema",    "$vocabulary"};

// Keywords that not all dialects have, or that mean nothing without another one.
struct Keyword {
  Dialect since;
  const char* needs = nullptr;
};
const std::unordered_map<std::string_view, Keyword> kNotAlways = {{"const", {Dialect::kDraft6}},
                                                                  {"contains", {Dialect::kDraft6}},
                                                                  {"propertyNames", {Dialect::kDraft6}},
                                                                  {"if", {Dialect::kDraft7}},
                                                                  {"then", {Dialect::kDraft7, "if"}},
                                                                  {"else", {Dialect::kDraft7, "if"}},
                                                                  {"dependentRequired", {Dialect::kDraft2019}},
                                                                  {"dependentSchemas", {Dialect::kDraft2019}},
                                                                  {"minContains", {Dialect::kDraft2019, "contains"}},
                                                                  {"maxContains", {Dialect::kDraft2019, "contains"}},
                                                                  {"prefixItems", {Dialect::kDraft2020}}};

}  // namespace

void SchemaLoader::report(std::string_view keyword, Enforcement status, std::string_view reason) {
  report_.push_back({pointer_of(keyword), std::string(keyword), status, std::string(reason)});
}

void SchemaLoader::note_idle(const Place& place, std::string_view keyword) {
  if (find(place, keyword) == nullptr) {
    note(place, keyword, Enforcement::kAnnotation, "not in a vocabulary of the meta-schema");
    return;
  }
  auto known = kNotAlways.find(keyword);
  if (known == kNotAlways.end()) return;
  const auto& [since, needs] = known->second;
  if (place.scope.dialect < since) {
    note(place, keyword, Enforcement::kAnnotation, "not a keyword of this dialect");
  } else if (needs != nullptr && find(place, needs) == nullptr) {
    note(place, keyword, Enforcement::kAnnotation, "no meaning without `" + std::string(needs) + "`");
  }
}

void SchemaLoader::report_rest(const Place& place) {
  const JsonValue& schema = *place.value;
  const std::string_view dynamic = place.scope.dialect == Dialect::kDraft2020 ? "$dynamicRef" : "$recursiveRef";
  static const WordSet kRead = {"$ref",
                                "type",
                                "enum",
                                "const",
                                "minLength",
                                "maxLength",
                                "pattern",
                                "format",
                                "minimum",
                                "maximum",
                                "exclusiveMinimum",
                                "exclusiveMaximum",
                                "multipleOf",
                                "properties",
                                "patternProperties",
                                "additionalProperties",
                                "propertyNames",
                                "required",
                                "minProperties",
                                "maxProperties",
                                "dependencies",
                                "dependentRequired",
                                "dependentSchemas",
                                "items",
                                "prefixItems",
                                "additionalItems",
                                "minItems",
                                "maxItems",
                                "contains",
                                "minContains",
                                "maxContains",
                                "allOf",
                                "anyOf",
                                "oneOf",
                                "not",
                                "if",
                                "then",
                                "else",
                                "uniqueItems",
                                "unevaluatedProperties",
                                "unevaluatedItems"};
  for (const JsonMember& member : schema.members()) {
    if (kRead.contains(member.key)) {
      note_idle(place, member.key);
      continue;
    }
    if (member.key == dynamic && place.scope.dialect >= Dialect::kDraft2019) continue;
    if (kAnnotations.contains(member.key)) {
      note(place, member.key, Enforcement::kAnnotation);
    } else {
      note(place, member.key, Enforcement::kAnnotation, "not a keyword of this dialect");
    }
  }
}

}  // namespace maskforge
