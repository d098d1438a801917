// See loader.h: the walk over schemas, references and the report.
#include "schema/loader.h"

#include "base/errors.h"
#include "base/fuel.h"

namespace maskforge {

namespace {

constexpr std::uint64_t kFuelPerSchema = 32;  // reading one takes microseconds, and dynamic scopes multiply them
constexpr int kMaxDepth = 1500;  // of schemas inside schemas; bounds the recursion here and in everything that follows

// The vocabulary of a keyword that is enforced; of "$ref" and its like, which are always there, all.
std::uint8_t vocabulary_of(std::string_view keyword) {
  static const std::unordered_map<std::string_view, std::uint8_t> kVocabularies = [] {
    std::unordered_map<std::string_view, std::uint8_t> found = {
        {"format", kFormat}, {"unevaluatedProperties", kUnevaluated}, {"unevaluatedItems", kUnevaluated}};
    for (std::string_view keyword : {"properties", "patternProperties", "additionalProperties", "propertyNames",
                                     "dependencies", "dependentSchemas", "items", "prefixItems", "additionalItems",
                                     "contains", "allOf", "anyOf", "oneOf", "not", "if", "then", "else"}) {
      found.emplace(keyword, kApplicator);
    }
    for (std::string_view keyword : {"type",       "enum",     "const",         "minLength",        "maxLength",
                                     "pattern",    "minimum",  "maximum",       "exclusiveMinimum", "exclusiveMaximum",
                                     "multipleOf", "required", "minProperties", "maxProperties",    "dependentRequired",
                                     "minItems",   "maxItems", "minContains",   "maxContains",      "uniqueItems"}) {
      found.emplace(keyword, kValidation);
    }
    return found;
  }();
  auto known = kVocabularies.find(keyword);
  return known == kVocabularies.end() ? std::uint8_t{kAllVocabularies} : known->second;
}

}  // namespace

// One or two steps down from path_, for as long as it lives.
class SchemaLoader::Step {
 public:
  Step(std::string& path, std::string_view keyword, std::optional<std::string_view> segment)
      : path_(path), size_(path.size()) {
    path += '/';
    path += keyword;
    if (!segment) return;
    path += '/';
    append_pointer_segment(path, *segment);
  }
  ~Step() { path_.resize(size_); }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

 private:
  std::string& path_;
  const std::size_t size_;
};

// Another path_, for as long as it lives.
class SchemaLoader::Detour {
 public:
  Detour(std::string& path, std::string there) : path_(path), before_(std::exchange(path, std::move(there))) {}
  ~Detour() { path_ = std::move(before_); }
  Detour(const Detour&) = delete;
  Detour& operator=(const Detour&) = delete;

 private:
  std::string& path_;
  std::string before_;
};

SchemaLoader::SchemaLoader(SchemaStore& store, RegexArena& regexes, NumberArena& numbers, const SchemaOptions& options,
                           Report& report, Relaxation* relaxation)
    : store_(store),
      regexes_(regexes),
      numbers_(numbers),
      constants_(store, regexes, numbers),
      options_(options),
      report_(report),
      relaxation_(relaxation),
      references_(options.resources, relaxation == nullptr ? nullptr : &relaxation->documents),
      marks_values_(relaxation == nullptr) {}

QuestionId SchemaLoader::load(const JsonValue& document) {
  references_.add_document(document, Scope{}, "");
  const std::size_t reported = report_.size();
  for (;;) {
    const Needs before = needs_;
    QuestionId root = load_once(document);
    if (needs_ == before) return root;
    marks_values_ = false;
    known_.clear();
    reported_.clear();
    report_.resize(reported);
  }
}

QuestionId SchemaLoader::load_once(const JsonValue& document) {
  Way way;
  if (relaxation_ != nullptr) {
    relaxation_->start();
    way.mode = Mode::kRelaxed;
  }
  QuestionId root = question(document, Scope{}, way);
  while (!pending_.empty()) {
    Pending next = std::move(pending_.back());
    pending_.pop_back();
    Detour detour(path_, std::move(next.path));
    fill(next.place);
  }
  return root;
}

SchemaLoader::Place SchemaLoader::enter(const JsonValue& value, const Scope& around, const Way& way) {
  Place place{&value, references_.enter(value, around), way};
  if (needs_.dynamic_scopes) {
    place.scope.dynamic = references_.pass(place.scope);
    place.repeated = !reported_.insert(&value).second;
  }
  return place;
}

std::pair<QuestionId*, bool> SchemaLoader::met(const Reading& reading) {
  if (marks_values_) {
    QuestionId& mark = reading.value->mark;
    const bool fresh = mark == JsonValue::kUnmarked;
    if (fresh) mark = kNone;
    return {&mark, fresh};
  }
  auto [entry, fresh] = known_.try_emplace(reading, kNone);
  return {&entry->second, fresh};
}

QuestionId SchemaLoader::question(const JsonValue& value, const Scope& scope, const Way& way) {
  FuelScope::spend();
  if (value.kind == JsonValue::Kind::kTrue) return kAlways;
  if (value.kind == JsonValue::Kind::kFalse) return way.mode == Mode::kBlank ? kAlways : kNever;
  if (!value.is_object()) throw SpecError("a schema is an object or a boolean", path_.empty() ? "the root" : path_);
  if (value.member_count() == 0) return kAlways;
  Reading reading{&value, scope.dynamic, way.mode};
  if (!needs_.dynamic_scopes) {
    if (!met(reading).second) return named(reading);
  }
  Place place = enter(value, scope, way);
  if (needs_.dynamic_scopes) {
    reading.dynamic = place.scope.dynamic;
    if (!met(reading).second) return named(reading);
  }
  if (depth_ >= kMaxDepth) {
    throw UnsupportedError("schemas nested deeper than " + std::to_string(kMaxDepth) + " levels", path_);
  }
  struct Level {
    explicit Level(int& depth) : depth(depth) { ++depth; }
    ~Level() { --depth; }
    int& depth;
  } level(depth_);
  return fill(place);
}

// The id of a schema that is being read or waits to be: from now on it has one, and cannot be found equal to another.
QuestionId SchemaLoader::named(const Reading& reading) {
  QuestionId& id = *met(reading).first;
  if (id == kNone) {
    id = static_cast<QuestionId>(store_.nodes.size());
    store_.nodes.emplace_back();
    store_.place(id, path_);
  }
  return id;
}

SchemaLoader::Way SchemaLoader::within(const Place& place, std::string_view keyword, const JsonValue& value,
                                       bool named) {
  if (place.way.mode != Mode::kRelaxed) return place.way;
  return relaxation_->meet(place.way, &value, [&] { return pointer_of(keyword); }, named);
}

SchemaLoader::Way SchemaLoader::entry(const Way& keyword_way, const JsonValue& value, std::string_view keyword,
                                      std::string_view segment) {
  if (keyword_way.mode != Mode::kRelaxed) return keyword_way;
  return relaxation_->meet(keyword_way, &value, [&] { return pointer_of(keyword) + "/" + pointer_segment(segment); });
}

bool SchemaLoader::reads_entry(const Way& list_way, const JsonValue& value, std::string_view keyword, std::size_t i,
                               std::optional<std::string_view> inside) {
  if (list_way.mode != Mode::kRelaxed) return list_way.mode == Mode::kExact;
  auto pointer = [&] {
    const std::string list = pointer_of(keyword);
    return (inside ? list + "/" + pointer_segment(*inside) : list) + "/" + std::to_string(i);
  };
  return relaxation_->meet(list_way, &value, pointer).mode == Mode::kRelaxed;
}

QuestionId SchemaLoader::applied(const Place& place, const Way& way, const JsonValue& value, std::string_view keyword,
                                 std::optional<std::string_view> segment) {
  // Without its constraints a schema matters only for what it evaluates.
  if (way.mode == Mode::kBlank && !needs_.coverage) return kAlways;
  Step step(path_, keyword, segment);
  return question(value, place.scope, way);
}

QuestionId SchemaLoader::child(const Place& place, const Way& way, const JsonValue& value, std::string_view keyword,
                               std::optional<std::string_view> segment) {
  if (way.mode == Mode::kBlank) return kAlways;
  QuestionId id = applied(place, way, value, keyword, segment);
  if (relaxation_ != nullptr) relaxation_->found(way, id);
  return id;
}

ShortList<QuestionId> SchemaLoader::branches(const Place& place, const Way& way, const JsonValue& value,
                                             std::string_view keyword) {
  if (!value.is_array()) malformed(keyword, "must be an array of schemas");
  ShortList<QuestionId> ids;
  ids.reserve(value.items().size());
  for (std::size_t i = 0; i < value.items().size(); ++i) {
    const std::string segment = std::to_string(i);
    // Leaving out one of several alternatives leaves out them all, except in allOf; only what is in them is worth a
    // try.
    const bool whole = keyword == "allOf" || value.items()[i].kind == JsonValue::Kind::kFalse;
    const Way inside = whole ? entry(way, value.items()[i], keyword, segment) : way;
    ids.push_back(applied(place, inside, value.items()[i], keyword, segment));
    if (relaxation_ != nullptr && keyword == "allOf") relaxation_->found(inside, ids.back());
  }
  return ids;
}

ShortList<QuestionId> SchemaLoader::prefix_items(const Place& place, const Way& way, const JsonValue& value,
                                                 std::string_view keyword) {
  if (!value.is_array()) malformed(keyword, "must be an array of schemas");
  ShortList<QuestionId> ids;
  ids.reserve(value.items().size());
  for (std::size_t i = 0; i < value.items().size(); ++i) {
    const std::string segment = std::to_string(i);
    ids.push_back(child(place, entry(way, value.items()[i], keyword, segment), value.items()[i], keyword, segment));
  }
  return ids;
}

std::string SchemaLoader::pointer_of(std::string_view keyword) const { return path_ + "/" + pointer_segment(keyword); }

bool SchemaLoader::is_silent(const Place& place, std::string_view keyword) const {
  return (place.scope.vocabularies & vocabulary_of(keyword)) == 0;
}

void SchemaLoader::refuse(const Place& place, std::string_view keyword, const std::string& reason) {
  if (options_.on_refused == OnRefused::kError) {
    throw UnsupportedError("`" + std::string(keyword) + "` cannot be enforced: " + reason, pointer_of(keyword));
  }
  note(place, keyword, Enforcement::kRefused, reason);
}

void SchemaLoader::malformed(std::string_view keyword, const std::string& what) const {
  throw SpecError("`" + std::string(keyword) + "` " + what, pointer_of(keyword));
}

std::uint64_t SchemaLoader::count(const JsonValue& value, std::string_view keyword) const {
  if (!value.is_number()) malformed(keyword, "must be a non-negative integer");
  // Integral spellings such as 2.0 are integers; anything beyond 2^53 is as good as unbounded.
  std::string digits(value.text());
  std::size_t dot = digits.find('.');
  if (dot != std::string::npos && digits.find_first_not_of('0', dot + 1) == std::string::npos) digits.resize(dot);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) {
    if (digits.find_first_of("eE") != std::string::npos && digits[0] != '-') {
      double number = std::stod(digits);
      if (number >= 0 && number < 9e15 && number == static_cast<double>(static_cast<std::uint64_t>(number))) {
        return static_cast<std::uint64_t>(number);
      }
    }
    malformed(keyword, "must be a non-negative integer");
  }
  return digits.size() > 15 ? std::uint64_t{1} << 53 : std::stoull(digits);
}

QuestionId SchemaLoader::fill(const Place& place) {
  FuelScope::spend(kFuelPerSchema);
  SchemaNode node;
  read_keywords(node, place);
  if (options_.property_order == PropertyOrder::kSchema) read_order(node, place);
  node.surely_satisfiable = is_surely_satisfiable(node);
  QuestionId& id = *met(Reading{place.value, place.scope.dynamic, place.way.mode}).first;
  if (id == kNone) {
    id = store_.intern(std::move(node));
    store_.place(id, path_);
  } else {
    node.pointer = store_.nodes[id].pointer;
    store_.nodes[id] = std::move(node);
  }
  return id;
}

// By a value that needs no search: a word, "", 0, [] or {}, or any text of a length that there is.
bool SchemaLoader::is_surely_satisfiable(const SchemaNode& node) const {
  const bool has_applicators = !node.all_of.empty() || !node.any_of.empty() || !node.one_of.empty() ||
                               !node.none_of.empty() || node.condition != kNone;
  if (has_applicators) return false;
  if ((node.types & (kNullType | kFalseType | kTrueType)) != 0) return true;
  if ((node.types & kStringType) != 0 && node.texts.empty() && node.formats.empty()) return true;
  if ((node.types & kNumberType) != 0) {
    if (!node.has_numbers || node.numbers == numbers_.integers()) return true;
    if (numbers_.has_spellings() && node.numbers == numbers_.integer_spellings()) return true;
  }
  if (node.has_containers) return false;
  if ((node.types & kArrayType) != 0 && node.min_items == 0 && node.contains == kNone) return true;
  return (node.types & kObjectType) != 0 && node.required.empty() && node.min_properties == 0;
}

QuestionId SchemaLoader::target(const Place& place, std::string_view keyword, const JsonValue& reference) {
  if (keyword == "$ref" && marks_values_ && !needs_.dynamic_scopes) {
    // Most schemas refer to few others, many times.
    const JsonValue* known = references_.resolved_before(reference.text(), place.scope);
    if (known != nullptr && known->is_object() && known->mark < JsonValue::kUnmarked) {
      FuelScope::spend();
      note(place, keyword, Enforcement::kEnforced);
      return known->mark;
    }
  }
  References::Target target =
      keyword == "$ref" ? references_.resolve(reference.text(), place.scope)
                        : references_.resolve_dynamic(reference.text(), place.scope, keyword == "$recursiveRef");
  auto wrong = [&](const char* what) {
    return SpecError("`" + std::string(keyword) + "` \"" + std::string(reference.text()) + "\" " + what,
                     path_ + "/" + std::string(keyword));
  };
  if (target.value == nullptr) throw wrong("leads nowhere");
  if (!target.value->is_object() && !target.value->is_boolean()) throw wrong("does not lead to a schema");
  note(place, keyword, Enforcement::kEnforced);
  const Way way = within(place, keyword, reference, true);
  const bool blank = way.mode == Mode::kBlank;
  if (target.value->is_boolean() || target.value->member_count() == 0 || (blank && !needs_.coverage)) {
    return target.value->kind == JsonValue::Kind::kFalse && !blank ? kNever : kAlways;
  }
  Detour detour(path_, std::move(target.pointer));
  if (depth_ < kMaxDepth / 4) {
    QuestionId id = question(*target.value, target.scope, way);
    if (relaxation_ != nullptr) relaxation_->found(way, id, path_);
    return id;
  }
  // A long chain of references is read level by level.
  Place there = enter(*target.value, target.scope, way);
  const Reading reading{there.value, there.scope.dynamic, way.mode};
  const bool fresh = met(reading).second;
  QuestionId id = named(reading);
  if (fresh) pending_.push_back({std::move(there), path_});
  return id;
}

void SchemaLoader::read_keywords(SchemaNode& node, const Place& place) {
  const JsonValue& schema = *place.value;
  if (const JsonValue* reference = schema.find("$ref"); reference != nullptr && reference->is_string()) {
    node.all_of.push_back(target(place, "$ref", *reference));
    if (place.scope.dialect <= Dialect::kDraft7) {
      if (!options_.full_report) return;
      for (const JsonMember& member : schema.members()) {
        if (member.key != "$ref") note(place, member.key, Enforcement::kAnnotation, "hidden by `$ref` in this dialect");
      }
      return;
    }
  }
  const std::string_view dynamic = place.scope.dialect == Dialect::kDraft2020 ? "$dynamicRef" : "$recursiveRef";
  if (const JsonValue* reference = schema.find(dynamic);
      reference != nullptr && reference->is_string() && place.scope.dialect >= Dialect::kDraft2019) {
    if (needs_.dynamic_scopes) node.all_of.push_back(target(place, dynamic, *reference));
    needs_.dynamic_scopes = true;
  }
  if (schema.find("$schema") != nullptr) {
    if (std::string unknown = references_.unknown_vocabulary(schema); !unknown.empty()) {
      refuse(place, "$schema", "its meta-schema requires the vocabulary \"" + unknown + "\", which is not known");
    }
  }
  // Most schemas have few keywords: whole families are passed over by what the keys look like.
  constexpr std::uint64_t kValues = JsonValue::key_kinds({"enum", "const"});
  constexpr std::uint64_t kStrings = JsonValue::key_kinds({"minLength", "maxLength", "pattern", "format"});
  constexpr std::uint64_t kNumbers =
      JsonValue::key_kinds({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"});
  constexpr std::uint64_t kObjects = JsonValue::key_kinds(
      {"properties", "patternProperties", "additionalProperties", "unevaluatedProperties", "required", "minProperties",
       "maxProperties", "propertyNames", "dependencies", "dependentRequired", "dependentSchemas"});
  constexpr std::uint64_t kArrays = JsonValue::key_kinds({"items", "prefixItems", "additionalItems", "unevaluatedItems",
                                                          "minItems", "maxItems", "contains", "uniqueItems"});
  constexpr std::uint64_t kApplicators = JsonValue::key_kinds({"allOf", "anyOf", "oneOf", "not", "if"});
  read_type(node, place);
  if (schema.may_have(kValues)) read_values(node, place);
  if (schema.may_have(kStrings)) read_strings(node, place);
  if (schema.may_have(kNumbers)) read_numbers(node, place);
  if (schema.may_have(kObjects)) read_objects(node, place);
  if (schema.may_have(kArrays)) read_arrays(node, place);
  if (schema.may_have(kApplicators)) read_applicators(node, place);
  if (options_.full_report) report_rest(place);
}

}  // namespace maskforge
