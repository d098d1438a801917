// See references.h.
#include "schema/references.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/errors.h"
#include "base/stack.h"
#include "base/word_set.h"

namespace maskforge {

using namespace std::string_view_literals;

namespace {

struct UriParts {
  std::string_view scheme, authority, path, query;
  bool has_scheme = false, has_authority = false, has_query = false;
};

UriParts split_uri(std::string_view uri) {
  UriParts parts;
  uri = uri.substr(0, uri.find('#'));
  std::size_t colon = uri.find_first_of(":/?");
  if (colon != std::string_view::npos && uri[colon] == ':') {
    parts.has_scheme = true;
    parts.scheme = uri.substr(0, colon);
    uri.remove_prefix(colon + 1);
  }
  if (uri.substr(0, 2) == "//") {
    parts.has_authority = true;
    uri.remove_prefix(2);
    parts.authority = uri.substr(0, uri.find_first_of("/?"));
    uri.remove_prefix(parts.authority.size());
  }
  std::size_t mark = uri.find('?');
  parts.path = uri.substr(0, mark);
  if (mark != std::string_view::npos) {
    parts.has_query = true;
    parts.query = uri.substr(mark + 1);
  }
  return parts;
}

std::string remove_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  bool rooted = !path.empty() && path[0] == '/';
  bool slash_at_end = false;
  for (std::size_t i = rooted ? 1 : 0; i <= path.size();) {
    std::size_t end = std::min(path.find('/', i), path.size());
    std::string_view segment = path.substr(i, end - i);
    bool last = end == path.size();
    slash_at_end = false;
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
      slash_at_end = last;
    } else if (segment == ".") {
      slash_at_end = last;
    } else {
      kept.push_back(segment);
    }
    i = end + 1;
  }
  std::string out = rooted ? "/" : "";
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (i > 0) out += '/';
    out += kept[i];
  }
  if (slash_at_end && !kept.empty()) out += '/';
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::optional<Dialect> known_dialect(std::string_view uri) {
  if (uri.find("json-schema.org/draft-04/") != uri.npos || uri.find("json-schema.org/draft-03/") != uri.npos)
    return Dialect::kDraft4;
  if (uri.find("json-schema.org/draft-06/") != uri.npos) return Dialect::kDraft6;
  if (uri.find("json-schema.org/draft-07/") != uri.npos) return Dialect::kDraft7;
  if (uri.find("json-schema.org/draft/2019-09/") != uri.npos) return Dialect::kDraft2019;
  if (uri.find("json-schema.org/draft/2020-12/") != uri.npos) return Dialect::kDraft2020;
  return std::nullopt;
}

// Keywords whose value is a schema, a list of schemas, or a map of schemas: only there does an identifier identify.
const WordSet kSchemas = {"additionalItems",
                          "additionalProperties",
                          "contains",
                          "else",
                          "if",
                          "items",
                          "not",
                          "propertyNames",
                          "then",
                          "unevaluatedItems",
                          "unevaluatedProperties",
                          "contentSchema",
                          "allOf",
                          "anyOf",
                          "oneOf",
                          "prefixItems"};
const WordSet kSchemaMaps = {"$defs",     "definitions", "dependencies", "dependentSchemas", "patternProperties",
                             "properties"};

const JsonValue* string_member(const JsonValue& schema, std::string_view key) {
  const JsonValue* value = schema.find(key);
  return value != nullptr && value->is_string() ? value : nullptr;
}

}  // namespace

void append_pointer_segment(std::string& out, std::string_view key) {
  if (key.find('~') == key.npos && key.find('/') == key.npos) {
    out += key;
    return;
  }
  for (char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out.push_back(c);
    }
  }
}

std::string pointer_segment(std::string_view key) {
  std::string out;
  append_pointer_segment(out, key);
  return out;
}

std::string resolve_uri(std::string_view base, std::string_view reference) {
  std::size_t hash = reference.find('#');
  std::string fragment = hash == std::string_view::npos ? "" : std::string(reference.substr(hash));
  UriParts r = split_uri(reference);
  if (reference.substr(0, hash).empty()) return std::string(base.substr(0, base.find('#'))) + fragment;
  UriParts b = split_uri(base);
  std::string out;
  if (r.has_scheme) {
    bool hierarchical = r.has_authority || (!r.path.empty() && r.path[0] == '/');
    out = std::string(r.scheme) + ":" + (r.has_authority ? "//" + std::string(r.authority) : "") +
          (hierarchical ? remove_dots(r.path) : std::string(r.path));
  } else {
    if (b.has_scheme) out = std::string(b.scheme) + ":";
    if (r.has_authority) {
      out += "//" + std::string(r.authority) + remove_dots(r.path);
    } else {
      if (b.has_authority) out += "//" + std::string(b.authority);
      if (r.path.empty()) {
        out += b.path;
      } else if (r.path[0] == '/') {
        out += remove_dots(r.path);
      } else {
        std::string merged;
        if (b.has_authority && b.path.empty()) {
          merged = "/" + std::string(r.path);
        } else {
          std::size_t slash = b.path.rfind('/');
          merged =
              std::string(slash == std::string_view::npos ? "" : b.path.substr(0, slash + 1)) + std::string(r.path);
        }
        out += remove_dots(merged);
      }
    }
  }
  if (r.has_query) out += "?" + std::string(r.query);
  return out + fragment;
}

namespace {

// Of a vocabulary's URI: the bits of its keywords, 0 for one without keywords to enforce; nothing where it is not
// known.
std::optional<std::uint8_t> known_vocabulary(std::string_view uri) {
  static const std::unordered_map<std::string_view, std::uint8_t> kOlder = {
      {"core", 0},      {"applicator", kApplicator | kUnevaluated},
      {"content", 0},   {"validation", kValidation},
      {"meta-data", 0}, {"format", kFormat}};
  static const std::unordered_map<std::string_view, std::uint8_t> kLatest = {{"core", 0},
                                                                             {"applicator", kApplicator},
                                                                             {"unevaluated", kUnevaluated},
                                                                             {"validation", kValidation},
                                                                             {"meta-data", 0},
                                                                             {"content", 0},
                                                                             {"format-annotation", kFormat},
                                                                             {"format-assertion", kFormat}};
  for (const auto& [prefix, names] : {std::pair{"https://json-schema.org/draft/2019-09/vocab/"sv, &kOlder},
                                      {"https://json-schema.org/draft/2020-12/vocab/"sv, &kLatest}}) {
    if (!uri.starts_with(prefix)) continue;
    auto known = names->find(uri.substr(prefix.size()));
    if (known != names->end()) return known->second;
  }
  return std::nullopt;
}

std::string without_fragment(std::string_view uri) { return std::string(uri.substr(0, uri.find('#'))); }

}  // namespace

References::MetaSchema& References::meta_schema(const std::string& uri, const std::string& text) {
  auto [entry, fresh] = meta_schemas_.try_emplace(uri);
  MetaSchema& meta = entry->second;
  if (!fresh) return meta;
  meta.document = parse_json(text);
  const JsonValue* vocabularies = meta.document.root().find("$vocabulary");
  if (vocabularies == nullptr || !vocabularies->is_object()) return meta;
  meta.vocabularies = 0;
  for (const JsonMember& member : vocabularies->members()) {
    if (std::optional<std::uint8_t> known = known_vocabulary(member.key)) {
      meta.vocabularies |= *known;
    } else if (member.value.kind == JsonValue::Kind::kTrue) {
      meta.unknown = std::string(member.key);
    }
  }
  return meta;
}

std::string References::unknown_vocabulary(const JsonValue& schema) const {
  const JsonValue* value = string_member(schema, "$schema");
  if (value == nullptr) return {};
  auto meta = meta_schemas_.find(without_fragment(value->text()));
  return meta == meta_schemas_.end() ? std::string{} : meta->second.unknown;
}

void References::apply_meta_schema(const JsonValue& schema, Scope& scope) {
  const JsonValue* value = string_member(schema, "$schema");
  std::uint8_t vocabularies = kAllVocabularies;
  for (int hops = 0; value != nullptr && hops < 8; ++hops) {
    if (std::optional<Dialect> known = known_dialect(value->text())) {
      scope.dialect = *known;
      scope.vocabularies = *known >= Dialect::kDraft2019 ? vocabularies : std::uint8_t{kAllVocabularies};
      return;
    }
    const std::string uri = without_fragment(value->text());
    auto given = resources_.find(uri);
    if (given == resources_.end()) break;
    MetaSchema& meta = meta_schema(uri, given->second);
    if (hops == 0) vocabularies = meta.vocabularies;
    value = string_member(meta.document.root(), "$schema");
  }
  if (scope.dialect >= Dialect::kDraft2019 && vocabularies != kAllVocabularies) scope.vocabularies = vocabularies;
}

std::string_view References::own(std::string_view base) {
  auto known = bases_.find(base);
  return known != bases_.end() ? *known : *bases_.emplace(base).first;
}

Scope References::enter(const JsonValue& schema, const Scope& around) {
  Scope scope = around;
  if (!schema.is_object()) return scope;
  const JsonValue* id = string_member(schema, around.dialect == Dialect::kDraft4 ? "id" : "$id");
  apply_meta_schema(schema, scope);
  if (id == nullptr) id = string_member(schema, scope.dialect == Dialect::kDraft4 ? "id" : "$id");
  // Up to draft 7, `$ref` hides its siblings, `$id` too; and an identifier that is only a fragment names a place, not a
  // resource.
  if (id == nullptr || id->text().empty() || id->text()[0] == '#') return scope;
  if (scope.dialect <= Dialect::kDraft7 && string_member(schema, "$ref") != nullptr) return scope;
  const std::string uri = resolve_uri(around.base, id->text());
  scope.base = own(std::string_view(uri).substr(0, uri.find('#')));
  return scope;
}

void References::add_document(const JsonValue& document, const Scope& scope, const std::string& pointer) {
  Scope inside = enter(document, scope);
  if (!main_) {
    main_ = Resource{&document, pointer, scope};
    main_base_ = inside.base;
    return;
  }
  by_uri_.try_emplace(std::string(scope.base), Resource{&document, pointer, scope});
  by_uri_.try_emplace(std::string(inside.base), Resource{&document, pointer, scope});
  unindexed_.push_back(Resource{&document, pointer, scope});
}

void References::index(const JsonValue& value, const Scope& around, const std::string& pointer, int depth) {
  Stack::check();
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.items().size(); ++i) {
      if (value.items()[i].is_object() || value.items()[i].is_array()) {
        index(value.items()[i], around, pointer + "/" + std::to_string(i), depth + 1);
      }
    }
    return;
  }
  if (!value.is_object()) return;
  Scope scope = enter(value, around);
  if (scope.base != around.base) by_uri_.try_emplace(std::string(scope.base), Resource{&value, pointer, around});
  for (const char* keyword : {"$anchor", "$dynamicAnchor"}) {
    if (const JsonValue* anchor = string_member(value, keyword)) {
      anchors_.try_emplace(std::string(scope.base) + "#" + std::string(anchor->text()),
                           Target{&value, pointer, around});
    }
  }
  if (const JsonValue* anchor = string_member(value, "$dynamicAnchor");
      anchor != nullptr && scope.dialect == Dialect::kDraft2020) {
    dynamic_anchors_[std::string(scope.base)].try_emplace(std::string(anchor->text()), Target{&value, pointer, around});
  }
  if (const JsonValue* anchor = value.find("$recursiveAnchor");
      anchor != nullptr && anchor->kind == JsonValue::Kind::kTrue && scope.dialect == Dialect::kDraft2019 &&
      (depth == 0 || scope.base != around.base)) {
    dynamic_anchors_[std::string(scope.base)].try_emplace(std::string(kRecursiveAnchor),
                                                          Target{&value, pointer, around});
  }
  if (const JsonValue* id = string_member(value, scope.dialect == Dialect::kDraft4 ? "id" : "$id")) {
    std::size_t hash = id->text().find('#');
    if (hash != id->text().npos && hash + 1 < id->text().size()) {
      anchors_.try_emplace(std::string(scope.base) + std::string(id->text().substr(hash)),
                           Target{&value, pointer, around});
    }
  }
  for (const JsonMember& member : value.members()) {
    const std::string inner = pointer + "/" + pointer_segment(member.key);
    if (kSchemas.contains(member.key)) {
      index(member.value, scope, inner, depth + 1);
    } else if (kSchemaMaps.contains(member.key) && member.value.is_object()) {
      for (const JsonMember& entry : member.value.members())
        index(entry.value, scope, inner + "/" + pointer_segment(entry.key), depth + 1);
    }
  }
}

void References::index_documents() {
  if (main_ && !main_indexed_) {
    main_indexed_ = true;
    index(*main_->root, main_->around, main_->pointer, 0);
  }
  while (!unindexed_.empty()) {
    Resource document = unindexed_.back();
    unindexed_.pop_back();
    index(*document.root, document.around, document.pointer, 0);
  }
}

const References::Resource* References::resource(const std::string& uri, const Scope& referring) {
  if (main_ && (uri == main_->around.base || uri == main_base_)) return &*main_;
  if (auto known = by_uri_.find(uri); known != by_uri_.end()) return &known->second;
  index_documents();
  if (auto known = by_uri_.find(uri); known != by_uri_.end()) return &known->second;
  auto given = resources_.find(uri);
  if (given == resources_.end()) given = resources_.find(uri + "#");
  if (given == resources_.end()) return nullptr;
  auto parsed = documents_->find(given->first);
  if (parsed == documents_->end()) parsed = documents_->emplace(given->first, parse_json(given->second)).first;
  add_document(parsed->second.root(), Scope{referring.dialect, own(uri)}, uri + "#");
  auto known = by_uri_.find(uri);
  return known == by_uri_.end() ? nullptr : &known->second;
}

constexpr std::size_t kFewMembers = 32;  // that are looked through one by one

const JsonValue* References::member(const JsonValue& object, std::string_view key) {
  if (object.member_count() <= kFewMembers) return object.find(key);
  auto [entry, fresh] = large_objects_.try_emplace(&object);
  if (fresh) {
    for (const JsonMember& member : object.members()) entry->second[member.key] = &member.value;
  }
  auto found = entry->second.find(key);
  return found == entry->second.end() ? nullptr : found->second;
}

References::Target References::follow(const Resource& resource, std::string_view fragment) {
  if (fragment.empty()) return {resource.root, resource.pointer, resource.around};
  if (fragment[0] != '/') {
    index_documents();
    auto anchor = anchors_.find(std::string(enter(*resource.root, resource.around).base) + "#" + std::string(fragment));
    return anchor == anchors_.end() ? Target{} : anchor->second;
  }
  Target target{resource.root, resource.pointer, resource.around};
  for (std::size_t i = 1; i <= fragment.size();) {
    std::size_t end = std::min(fragment.find('/', i), fragment.size());
    std::string unescaped;
    std::string_view key = fragment.substr(i, end - i);
    if (key.find('~') != key.npos) {
      for (std::size_t k = i; k < end; ++k) {
        if (fragment[k] == '~' && k + 1 < end) {
          unescaped.push_back(fragment[++k] == '1' ? '/' : '~');
        } else {
          unescaped.push_back(fragment[k]);
        }
      }
      key = unescaped;
    }
    const JsonValue* next = nullptr;
    if (target.value->is_object()) {
      next = member(*target.value, key);
    } else if (target.value->is_array() && !key.empty() && key.find_first_not_of("0123456789") == key.npos &&
               key.size() < 9) {
      std::size_t index = std::stoul(std::string(key));
      if (index < target.value->items().size()) next = &target.value->items()[index];
    }
    if (next == nullptr) return {};
    // Large objects are tables of schemas most often, and their members many to look through.
    const bool is_table = target.value->member_count() > kFewMembers && member(*target.value, "$id") == nullptr &&
                          member(*target.value, "id") == nullptr && member(*target.value, "$schema") == nullptr;
    if (!is_table) target.scope = enter(*target.value, target.scope);
    target.pointer += '/';
    append_pointer_segment(target.pointer, key);
    target.value = next;
    i = end + 1;
  }
  return target;
}

std::uint32_t References::pass(const Scope& scope) {
  index_documents();
  auto anchors = dynamic_anchors_.find(scope.base);
  if (anchors == dynamic_anchors_.end()) return scope.dynamic;
  DynamicScope wider = dynamic_scope(scope.dynamic);
  for (const auto& [name, target] : anchors->second) wider.try_emplace(name, scope.base);
  const auto next = static_cast<std::uint32_t>(dynamic_scopes_.size() + 1);
  auto [entry, fresh] = dynamic_ids_.try_emplace(std::move(wider), next);
  if (fresh) dynamic_scopes_.push_back(&entry->first);
  return entry->second;
}

References::Target References::resolve_dynamic(std::string_view reference, const Scope& scope, bool recursive) {
  Target target = resolve(reference, scope);
  if (target.value == nullptr) return target;
  index_documents();
  std::size_t hash = reference.find('#');
  std::string name(kRecursiveAnchor);
  if (!recursive) {
    if (hash == reference.npos) return target;
    name = percent_decode(reference.substr(hash + 1));
  }
  auto anchors = dynamic_anchors_.find(enter(*target.value, target.scope).base);
  if (anchors == dynamic_anchors_.end()) return target;
  auto same = anchors->second.find(name);
  if (same == anchors->second.end() || same->second.value != target.value) return target;
  const DynamicScope& dynamic = dynamic_scope(scope.dynamic);
  if (auto first = dynamic.find(name); first != dynamic.end()) target = dynamic_anchors_.at(first->second).at(name);
  target.scope.dynamic = scope.dynamic;
  return target;
}

const References::DynamicScope& References::dynamic_scope(std::uint32_t id) const {
  static const DynamicScope kEmpty;
  return id == 0 ? kEmpty : *dynamic_scopes_[id - 1];
}

const JsonValue* References::resolved_before(std::string_view reference, const Scope& scope) const {
  if (!main_ || scope.base.data() != main_base_.data()) return nullptr;
  auto known = resolved_.find(reference);
  return known == resolved_.end() ? nullptr : known->second;
}

References::Target References::resolve(std::string_view reference, const Scope& scope) {
  Target target = resolve_now(reference, scope);
  target.scope.dynamic = scope.dynamic;
  if (reference.starts_with('#') && main_ && scope.base.data() == main_base_.data())
    resolved_.try_emplace(reference, target.value);
  return target;
}

References::Target References::resolve_now(std::string_view reference, const Scope& scope) {
  // Into the document itself, by the way that nearly all references go.
  if (reference.starts_with("#/") && main_ && scope.base.data() == main_base_.data() &&
      reference.find('%') == reference.npos)
    return follow(*main_, reference.substr(1));
  std::string uri = resolve_uri(scope.base, reference);
  std::size_t hash = uri.find('#');
  std::string fragment = hash == std::string::npos ? "" : percent_decode(std::string_view(uri).substr(hash + 1));
  const Resource* resource = this->resource(uri.substr(0, hash), scope);
  return resource == nullptr ? Target{} : follow(*resource, fragment);
}

}  // namespace maskforge
