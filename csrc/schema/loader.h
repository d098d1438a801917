// Schema documents in, questions out: reads the keywords of every schema that is reachable, resolves references, and
// says of each keyword whether it is enforced. One file per keyword family: loader_scalars.cc, loader_containers.cc;
// loader_report.cc writes the report, references.cc resolves `$ref`. Covered by tests/schema/test_soundness.py and
// test_completeness.py.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/short_list.h"
#include "schema/constants.h"
#include "schema/grammar_space.h"
#include "schema/json_value.h"
#include "schema/references.h"
#include "schema/relaxation.h"
#include "schema/store.h"

namespace maskforge {

class SchemaLoader {
 public:
  SchemaLoader(SchemaStore& store, RegexArena& regexes, NumberArena& numbers, const SchemaOptions& options,
               Report& report, Relaxation* relaxation = nullptr);
  // The question that the whole document asks. Throws SpecError or UnsupportedError; nodes added before a throw stay
  // unused.
  QuestionId load(const JsonValue& document);

 private:
  using Mode = Relaxation::Mode;
  using Way = Relaxation::Way;

  // A place in a document: its value, and the rules it is read by. Where it is: path_.
  struct Place {
    const JsonValue* value;
    Scope scope;
    Way way;                // by which a relaxed load came here
    bool repeated = false;  // it was read before, in another dynamic scope
  };
  // What only some schemas need. Where a pass over the document finds that it does, there is another pass.
  struct Needs {
    bool dynamic_scopes = false;  // a question is a schema and its dynamic scope
    bool coverage = false;        // nodes say what they evaluate
    bool operator==(const Needs&) const = default;
  };
  // A schema, the dynamic scope that it is evaluated in, and how much of it is read.
  struct Reading {
    const JsonValue* value;
    std::uint32_t dynamic;
    Mode mode;
    bool operator==(const Reading&) const = default;
  };
  struct ReadingHash {
    std::size_t operator()(const Reading& r) const {
      return std::hash<const JsonValue*>{}(r.value) ^
             ((std::size_t{r.dynamic} * 4 + static_cast<std::size_t>(r.mode)) * 0x9E3779B97F4A7C15u);
    }
  };

  // The target of a reference, read after what refers to it.
  struct Pending {
    Place place;
    std::string path;
  };
  class Step;
  class Detour;
  // Where the question of a reading is written, and whether it was met for the first time. Valid until the next call.
  std::pair<QuestionId*, bool> met(const Reading& reading);

  QuestionId load_once(const JsonValue& document);
  Place enter(const JsonValue& value, const Scope& around, const Way& way);
  QuestionId question(const JsonValue& value, const Scope& scope, const Way& way);
  // A schema for the same value, and one for a member or an item. `way`: the keyword's, or that of its entry.
  QuestionId applied(const Place& place, const Way& way, const JsonValue& value, std::string_view keyword,
                     std::optional<std::string_view> segment = {});
  QuestionId child(const Place& place, const Way& way, const JsonValue& value, std::string_view keyword,
                   std::optional<std::string_view> segment = {});
  ShortList<QuestionId> branches(const Place& place, const Way& way, const JsonValue& value, std::string_view keyword);
  ShortList<QuestionId> prefix_items(const Place& place, const Way& way, const JsonValue& value,
                                     std::string_view keyword);
  // The way into a keyword, and on to one of its entries. Without a relaxation all ways are exact and cost nothing.
  Way within(const Place& place, std::string_view keyword, const JsonValue& value, bool named = false);
  Way entry(const Way& keyword_way, const JsonValue& value, std::string_view keyword, std::string_view segment);
  // Whether an entry of `required` and its like is read; `inside`: the property that the list belongs to.
  bool reads_entry(const Way& list_way, const JsonValue& value, std::string_view keyword, std::size_t i,
                   std::optional<std::string_view> inside = {});
  bool keeps(const Place& place, std::string_view keyword, const JsonValue& value) {
    return place.way.mode == Mode::kExact || within(place, keyword, value).mode == Mode::kRelaxed;
  }
  // A keyword's value, if it is there and not left out.
  const JsonValue* constraint(const Place& place, std::string_view keyword) {
    const JsonValue* value = find(place, keyword);
    return value != nullptr && keeps(place, keyword, *value) ? value : nullptr;
  }
  QuestionId named(const Reading& reading);
  QuestionId fill(const Place& place);
  bool is_surely_satisfiable(const SchemaNode& node) const;
  QuestionId target(const Place& place, std::string_view keyword, const JsonValue& reference);
  void read_keywords(SchemaNode& node, const Place& place);
  // The value of a keyword; null where it is absent, or where the meta-schema leaves its vocabulary out.
  const JsonValue* find(const Place& place, std::string_view keyword) const {
    const JsonValue* value = place.value->find(keyword);
    if (value == nullptr || place.scope.vocabularies == kAllVocabularies) return value;
    return is_silent(place, keyword) ? nullptr : value;
  }
  bool is_silent(const Place& place, std::string_view keyword) const;
  // Only a full report is ever read; nothing is spent on it otherwise.
  void note(const Place& place, std::string_view keyword, Enforcement status, std::string_view reason = {}) {
    if (options_.full_report && !place.repeated) report(keyword, status, reason);
  }
  void report(std::string_view keyword, Enforcement status, std::string_view reason);
  void report_rest(const Place& place);  // what the keywords that are not enforced mean
  // Of a keyword that is read: why it means nothing here, where that is so.
  void note_idle(const Place& place, std::string_view keyword);
  void refuse(const Place& place, std::string_view keyword, const std::string& reason);
  [[noreturn]] void malformed(std::string_view keyword, const std::string& what) const;
  std::uint64_t count(const JsonValue& value, std::string_view keyword) const;
  RegexId pattern(std::string_view text, std::string_view keyword, std::optional<std::string_view> segment = {});
  std::string pointer_of(std::string_view keyword) const;

  // loader_scalars.cc
  void read_type(SchemaNode& node, const Place& place);
  void read_strings(SchemaNode& node, const Place& place);
  void read_numbers(SchemaNode& node, const Place& place);
  void read_values(SchemaNode& node, const Place& place);  // enum, const
  // loader_containers.cc
  QuestionId read_unevaluated(const Place& place, std::string_view keyword);
  void read_objects(SchemaNode& node, const Place& place);
  void read_arrays(SchemaNode& node, const Place& place);
  void read_contains(SchemaNode& node, const Place& place, const JsonValue& contains);
  void read_applicators(SchemaNode& node, const Place& place);
  // For property_order="schema". Requires that all other keywords were read.
  void read_order(SchemaNode& node, const Place& place);

  SchemaStore& store_;
  RegexArena& regexes_;
  NumberArena& numbers_;
  Constants constants_;
  const SchemaOptions& options_;
  Report& report_;
  Relaxation* const relaxation_;  // null: everything is read as it is
  References references_;
  Needs needs_;
  // The question of what was met, kNone: being read, and nothing has referred to it yet. The first pass, which most
  // often is the only one, writes it into the document: JsonValue::mark.
  bool marks_values_;
  std::unordered_map<Reading, QuestionId, ReadingHash> known_;
  std::unordered_set<const JsonValue*> reported_;  // with dynamic scopes: what is in the report
  std::vector<Pending> pending_;
  std::string path_;  // the JSON pointer of the place that is being read
  int depth_ = 0;
};

}  // namespace maskforge
