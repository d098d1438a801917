// See loader.h: the keywords of objects and arrays, and the applicators that work in place.
#include "base/errors.h"
#include "schema/loader.h"

namespace maskforge {

void SchemaLoader::read_objects(SchemaNode& node, const Place& place) {
  const JsonValue* properties = find(place, "properties");
  const JsonValue* patterns = find(place, "patternProperties");
  const JsonValue* additional = find(place, "additionalProperties");
  if (properties != nullptr || patterns != nullptr || additional != nullptr) {
    MemberTable table;
    if (properties != nullptr) {
      if (!properties->is_object()) malformed("properties", "must be an object");
      for (const JsonMember& member : properties->members()) {
        table.properties.add(store_.name(member.key), child(place, member.value, "properties", member.key));
      }
      note(place, "properties", Enforcement::kEnforced);
    }
    bool exact = true;
    if (patterns != nullptr) {
      if (!patterns->is_object()) malformed("patternProperties", "must be an object");
      for (const JsonMember& member : patterns->members()) {
        std::string pointer = path_ + "/patternProperties/" + pointer_segment(member.key);
        try {
          table.patterns.emplace_back(pattern(member.key, "patternProperties", pointer),
                                      child(place, member.value, "patternProperties", member.key));
        } catch (const UnsupportedError& error) {
          refuse(place, "patternProperties", error.message());
          exact = false;
        }
      }
      if (exact) note(place, "patternProperties", Enforcement::kEnforced);
    }
    if (additional != nullptr) {
      if (exact) {
        table.additional = child(place, *additional, "additionalProperties");
        note(place, "additionalProperties", Enforcement::kEnforced);
      } else {
        refuse(place, "additionalProperties", "it depends on a refused patternProperties");
      }
    }
    node.members = store_.intern(std::move(table));
    // Of refused patterns nobody knows what they evaluate; then nothing is called unevaluated.
    node.evaluates_members = needs_.coverage && (additional != nullptr || !exact);
  }
  node.unevaluated_members = read_unevaluated(place, "unevaluatedProperties");
  if (const JsonValue* required = find(place, "required"); required != nullptr && !required->is_boolean()) {
    if (!required->is_array()) malformed("required", "must be an array of strings");
    for (const JsonValue& name : required->items) {
      if (!name.is_string()) malformed("required", "must be an array of strings");
      node.required.push_back(store_.name(name.text));
    }
    note(place, "required", Enforcement::kEnforced);
  } else if (required != nullptr) {
    note(place, "required", Enforcement::kAnnotation, "a Boolean `required` has no meaning since draft 4");
  }
  if (const JsonValue* least = find(place, "minProperties")) {
    node.min_properties = count(*least, "minProperties");
    note(place, "minProperties", Enforcement::kEnforced);
  }
  if (const JsonValue* most = find(place, "maxProperties")) {
    node.max_properties = count(*most, "maxProperties");
    note(place, "maxProperties", Enforcement::kEnforced);
  }
  if (const JsonValue* names = find(place, "propertyNames");
      names != nullptr && place.scope.dialect != Dialect::kDraft4) {
    node.property_names = child(place, *names, "propertyNames");
    note(place, "propertyNames", Enforcement::kEnforced);
  }
  auto read_dependencies = [&](std::string_view keyword, bool names_allowed, bool schemas_allowed) {
    const JsonValue* dependencies = find(place, keyword);
    if (dependencies == nullptr) return;
    if (!dependencies->is_object()) malformed(keyword, "must be an object");
    for (const JsonMember& member : dependencies->members()) {
      NameId trigger = store_.name(member.key);
      if (member.value.is_array() && names_allowed) {
        std::vector<NameId> names;
        for (const JsonValue& name : member.value.items) {
          if (!name.is_string()) malformed(keyword, "must list strings");
          names.push_back(store_.name(name.text));
        }
        node.dependent_required.emplace_back(trigger, std::move(names));
      } else if (member.value.is_string() && names_allowed && schemas_allowed) {
        node.dependent_required.emplace_back(trigger, std::vector<NameId>{store_.name(member.value.text)});
      } else if (schemas_allowed) {
        node.dependent_schemas.emplace_back(trigger, child(place, member.value, keyword, member.key));
      } else {
        malformed(keyword, "must map names to arrays of strings");
      }
    }
    note(place, keyword, Enforcement::kEnforced);
  };
  if (place.scope.dialect <= Dialect::kDraft7) {
    read_dependencies("dependencies", true, true);
  } else {
    if (find(place, "dependencies") != nullptr) {
      note(place, "dependencies", Enforcement::kAnnotation,
           "replaced by dependentRequired and dependentSchemas in this dialect");
    }
    read_dependencies("dependentRequired", true, false);
    read_dependencies("dependentSchemas", false, true);
  }
}

// kNone where the keyword is absent.
QuestionId SchemaLoader::read_unevaluated(const Place& place, std::string_view keyword) {
  const JsonValue* rest = find(place, keyword);
  if (rest == nullptr) return kNone;
  if (place.scope.dialect < Dialect::kDraft2019) {
    note(place, keyword, Enforcement::kAnnotation, "not a keyword of this dialect");
    return kNone;
  }
  needs_.coverage = true;
  note(place, keyword, Enforcement::kEnforced);
  return child(place, *rest, keyword);
}

void SchemaLoader::read_arrays(SchemaNode& node, const Place& place) {
  const JsonValue* items = find(place, "items");
  const JsonValue* prefix = place.scope.dialect == Dialect::kDraft2020 ? find(place, "prefixItems") : nullptr;
  const JsonValue* additional = find(place, "additionalItems");
  if (items != nullptr || prefix != nullptr) {
    ItemTable table;
    if (prefix != nullptr) {
      table.prefix = children(place, *prefix, "prefixItems");
      note(place, "prefixItems", Enforcement::kEnforced);
    }
    if (items != nullptr && items->is_array() && prefix == nullptr) {
      table.prefix = children(place, *items, "items");
      if (additional != nullptr) {
        table.rest = child(place, *additional, "additionalItems");
        note(place, "additionalItems", Enforcement::kEnforced);
      }
    } else if (items != nullptr) {
      table.rest = child(place, *items, "items");
      if (additional != nullptr)
        note(place, "additionalItems", Enforcement::kAnnotation, "no meaning where `items` is one schema");
    }
    if (items != nullptr) note(place, "items", Enforcement::kEnforced);
    node.items = store_.intern(std::move(table));
    const bool only_prefix = items == nullptr || (items->is_array() && prefix == nullptr && additional == nullptr);
    node.evaluates_items = needs_.coverage && !only_prefix;
  } else if (additional != nullptr) {
    note(place, "additionalItems", Enforcement::kAnnotation, "no meaning without `items`");
  }
  if (const JsonValue* least = find(place, "minItems")) {
    node.min_items = count(*least, "minItems");
    note(place, "minItems", Enforcement::kEnforced);
  }
  if (const JsonValue* most = find(place, "maxItems")) {
    node.max_items = count(*most, "maxItems");
    note(place, "maxItems", Enforcement::kEnforced);
  }
  if (const JsonValue* contains = find(place, "contains");
      contains != nullptr && place.scope.dialect != Dialect::kDraft4) {
    node.contains = child(place, *contains, "contains");
    node.evaluates_contained = needs_.coverage && place.scope.dialect == Dialect::kDraft2020;
    note(place, "contains", Enforcement::kEnforced);
    if (place.scope.dialect >= Dialect::kDraft2019) {
      if (const JsonValue* least = find(place, "minContains")) {
        node.min_contains = count(*least, "minContains");
        note(place, "minContains", Enforcement::kEnforced);
      }
      if (const JsonValue* most = find(place, "maxContains")) {
        node.max_contains = count(*most, "maxContains");
        note(place, "maxContains", Enforcement::kEnforced);
      }
    }
  }
  if (const JsonValue* unique = find(place, "uniqueItems"); unique != nullptr && unique->is_boolean()) {
    node.unique_items = unique->kind == JsonValue::Kind::kTrue && node.max_items > 1 && (node.types & kArrayType) != 0;
    note(place, "uniqueItems", Enforcement::kEnforced);
  }
  node.unevaluated_items = read_unevaluated(place, "unevaluatedItems");
}

void SchemaLoader::read_applicators(SchemaNode& node, const Place& place) {
  if (const JsonValue* all = find(place, "allOf")) {
    for (QuestionId id : children(place, *all, "allOf")) node.all_of.push_back(id);
    note(place, "allOf", Enforcement::kEnforced);
  }
  if (const JsonValue* any = find(place, "anyOf")) {
    node.any_of.push_back(children(place, *any, "anyOf"));
    note(place, "anyOf", Enforcement::kEnforced);
  }
  if (const JsonValue* one = find(place, "oneOf")) {
    node.one_of.push_back(children(place, *one, "oneOf"));
    note(place, "oneOf", Enforcement::kEnforced);
  }
  if (const JsonValue* no = find(place, "not")) {
    node.none_of.push_back(child(place, *no, "not"));
    note(place, "not", Enforcement::kEnforced);
  }
  if (const JsonValue* condition = find(place, "if"); condition != nullptr && place.scope.dialect >= Dialect::kDraft7) {
    node.condition = child(place, *condition, "if");
    note(place, "if", Enforcement::kEnforced);
    if (const JsonValue* then = find(place, "then")) {
      node.consequence = child(place, *then, "then");
      note(place, "then", Enforcement::kEnforced);
    }
    if (const JsonValue* otherwise = find(place, "else")) {
      node.alternative = child(place, *otherwise, "else");
      note(place, "else", Enforcement::kEnforced);
    }
  }
}

void SchemaLoader::read_order(SchemaNode& node, const Place& place) {
  using Kind = OrderStep::Kind;
  const JsonValue& schema = *place.value;
  const Dialect dialect = place.scope.dialect;
  const JsonValue* reference = schema.find("$ref");
  const bool refers = reference != nullptr && reference->is_string();
  const JsonValue* all = find(place, "allOf");
  const bool hidden = refers && dialect <= Dialect::kDraft7;
  // node.all_of: the reference, the dynamic reference, allOf.
  const std::size_t own = !hidden && all != nullptr ? node.all_of.size() - all->items.size() : node.all_of.size();
  const std::string_view dynamic = dialect == Dialect::kDraft2020 ? "$dynamicRef" : "$recursiveRef";
  const std::string_view dependent = dialect <= Dialect::kDraft7 ? "dependencies" : "dependentSchemas";
  for (const JsonMember& member : schema.members()) {
    const std::string_view keyword = member.key;
    if (&member.value != find(place, keyword) || (hidden && keyword != "$ref")) continue;
    if (keyword == "properties") {
      OrderStep names{Kind::kNames, {}};
      std::unordered_set<NameId> listed;
      for (const JsonMember& property : member.value.members()) {
        const NameId name = store_.name(property.key);
        if (listed.insert(name).second) names.ids.push_back(name);
      }
      node.order.push_back(std::move(names));
    } else if (keyword == "$ref" && refers) {
      node.order.push_back({Kind::kSchema, {node.all_of[0]}});
    } else if (keyword == dynamic && own > (refers ? 1u : 0u)) {
      node.order.push_back({Kind::kSchema, {node.all_of[own - 1]}});
    } else if (keyword == "allOf") {
      for (std::size_t i = own; i < node.all_of.size(); ++i) node.order.push_back({Kind::kSchema, {node.all_of[i]}});
    } else if (keyword == "anyOf") {
      node.order.push_back({Kind::kBranches, node.any_of[0]});
    } else if (keyword == "oneOf") {
      node.order.push_back({Kind::kBranches, node.one_of[0]});
    } else if (keyword == dependent) {
      for (const auto& [trigger, q] : node.dependent_schemas) node.order.push_back({Kind::kOption, {q}});
    } else if (keyword == "if" && node.condition != kNone) {
      node.order.push_back({Kind::kIf, {node.condition}});
    } else if (keyword == "then" && node.condition != kNone) {
      node.order.push_back({Kind::kThen, {node.consequence}});
    } else if (keyword == "else" && node.condition != kNone) {
      node.order.push_back({Kind::kElse, {node.alternative}});
    }
  }
}

}  // namespace maskforge
