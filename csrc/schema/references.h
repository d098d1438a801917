// Where references lead: base URIs, `$id`, anchors and JSON pointers, over the document and the resources given with
// it. Nothing is fetched. Covered by tests/schema/test_suite.py and tests/grammar/test_references.py.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schema/json_value.h"

namespace maskforge {

enum class Dialect { kDraft4, kDraft6, kDraft7, kDraft2019, kDraft2020 };

// The vocabularies of 2019-09 and 2020-12 that have keywords which the engine enforces; a set of them is their sum.
enum Vocabulary : std::uint8_t {
  kApplicator = 1,
  kUnevaluated = 2,
  kValidation = 4,
  kFormat = 8,
  kAllVocabularies = 15
};

// By which rules, and relative to which URI, a schema is read.
struct Scope {
  Dialect dialect = Dialect::kDraft2020;
  std::string_view base;      // absolute or empty, no fragment; the References own it
  std::uint32_t dynamic = 0;  // the resources that an evaluation came through, as far as they count: References::pass
  std::uint8_t vocabularies = kAllVocabularies;  // those of the meta-schema
};

// RFC 3986, section 5.2: `reference` resolved against `base`.
std::string resolve_uri(std::string_view base, std::string_view reference);

class References {
 public:
  struct Target {
    const JsonValue* value = nullptr;  // null: there is none
    std::string pointer;               // where it is, for messages
    Scope scope;                       // around it: its own identifier not yet applied
  };

  // `documents`: the resources that were parsed, by URI, for those who read them again; null: nobody does.
  explicit References(const std::map<std::string, std::string>& resources,
                      std::map<std::string, JsonDocument>* documents = nullptr)
      : resources_(resources), documents_(documents == nullptr ? &own_documents_ : documents) {}

  // Knows a document, and (when a reference first needs them) its `$id`s and anchors: a document whose base URI is
  // scope.base (its own `$id` not yet applied).
  void add_document(const JsonValue& document, const Scope& scope, const std::string& pointer);
  // The scope inside `schema`, given the scope around it: applies `$id` (draft 4: `id`) and `$schema` (of a meta-schema
  // that is given as a resource: its own dialect and `$vocabulary`; of an unknown one: nothing).
  Scope enter(const JsonValue& schema, const Scope& around);
  // A vocabulary that the meta-schema of `schema` demands and that is not known; empty where there is none.
  std::string unknown_vocabulary(const JsonValue& schema) const;
  Target resolve(std::string_view reference, const Scope& scope);
  // The value of a `reference` that was resolved in this base URI before; null where it is not remembered. `reference`
  // must live as long as this.
  const JsonValue* resolved_before(std::string_view reference, const Scope& scope) const;
  // The target of a `$dynamicRef`, or of a `$recursiveRef`. Where the reference leads to a dynamic anchor, that is the
  // anchor of this name in the first resource on the way here that has one.
  Target resolve_dynamic(std::string_view reference, const Scope& scope, bool recursive);
  // `scope.dynamic` once the evaluation is in the resource scope.base: for each dynamic anchor, the first resource that
  // defines it. It only grows, and stays 0 where no resource has a dynamic anchor.
  std::uint32_t pass(const Scope& scope);

 private:
  static constexpr std::string_view kRecursiveAnchor = "";               // `$recursiveAnchor` has no name of its own
  using DynamicScope = std::map<std::string, std::string, std::less<>>;  // anchor -> base URI
  struct Resource {
    const JsonValue* root;
    std::string pointer;
    Scope around;  // its own identifier not yet applied
  };
  std::string_view own(std::string_view base);
  void index_documents();
  void index(const JsonValue& value, const Scope& around, const std::string& pointer, int depth);
  // As JsonValue::find, for the many references into a few large objects.
  const JsonValue* member(const JsonValue& object, std::string_view key);
  Target resolve_now(std::string_view reference, const Scope& scope);
  const DynamicScope& dynamic_scope(std::uint32_t id) const;
  Target follow(const Resource& resource, std::string_view fragment);
  const Resource* resource(const std::string& uri, const Scope& referring);
  void apply_meta_schema(const JsonValue& schema, Scope& scope);

  const std::map<std::string, std::string>& resources_;
  // The first document that was added: nearly always the only one, and all references lead into it.
  std::optional<Resource> main_;
  std::string_view main_base_;  // inside it
  bool main_indexed_ = false;
  std::unordered_map<std::string_view, const JsonValue*> resolved_;  // references in main_base_ that begin with '#'
  std::unordered_map<std::string, Resource> by_uri_;  // the other documents, and what lies inside documents
  std::unordered_map<std::string, Target> anchors_;   // "uri#name"
  // By base URI, then by name; kRecursiveAnchor is the name of `$recursiveAnchor`.
  std::map<std::string, std::map<std::string, Target, std::less<>>, std::less<>> dynamic_anchors_;
  std::map<DynamicScope, std::uint32_t> dynamic_ids_;  // 0 is the empty one, which is not here
  std::vector<const DynamicScope*> dynamic_scopes_;    // by id, from 1 on
  struct MetaSchema {
    JsonDocument document;
    std::uint8_t vocabularies = kAllVocabularies;
    std::string unknown;  // a vocabulary that it demands
  };
  MetaSchema& meta_schema(const std::string& uri, const std::string& text);
  std::map<std::string, MetaSchema> meta_schemas_;  // read for their `$vocabulary`
  std::unordered_map<const JsonValue*, std::unordered_map<std::string_view, const JsonValue*>> large_objects_;
  std::vector<Resource> unindexed_;
  std::map<std::string, JsonDocument> own_documents_;
  std::map<std::string, JsonDocument>* const documents_;  // parsed from resources_
  std::set<std::string, std::less<>> bases_;
};

// JSON pointer segments are escaped as RFC 6901 says.
std::string pointer_segment(std::string_view key);
void append_pointer_segment(std::string& out, std::string_view key);

}  // namespace maskforge
