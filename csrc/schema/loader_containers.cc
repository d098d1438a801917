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
      const Way way = within(place, "properties", *properties);
      table.properties.reserve(properties->member_count());
      store_.prefetch_names(properties->members(), [](const JsonMember& member) { return member.key; });
      for (const JsonMember& member : properties->members()) {
        const Way inside = entry(way, member.value, "properties", member.key);
        table.properties.add(store_.name(member.key), child(place, inside, member.value, "properties", member.key));
      }
      note(place, "properties", Enforcement::kEnforced);
    }
    bool exact = true;
    if (patterns != nullptr) {
      if (!patterns->is_object()) malformed("patternProperties", "must be an object");
      const Way way = within(place, "patternProperties", *patterns);
      for (const JsonMember& member : patterns->members()) {
        const Way inside = entry(way, member.value, "patternProperties", member.key);
        try {
          table.patterns.emplace_back(pattern(member.key, "patternProperties", member.key),
                                      child(place, inside, member.value, "patternProperties", member.key));
        } catch (const UnsupportedError& error) {
          refuse(place, "patternProperties", error.message());
          exact = false;
        }
      }
      if (exact) note(place, "patternProperties", Enforcement::kEnforced);
    }
    if (additional != nullptr) {
      if (exact) {
        table.additional =
            child(place, within(place, "additionalProperties", *additional), *additional, "additionalProperties");
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
    const Way way = within(place, "required", *required);
    node.required.reserve(required->items().size());
    for (std::size_t i = 0; i < required->items().size(); ++i) {
      const JsonValue& name = required->items()[i];
      if (!name.is_string()) malformed("required", "must be an array of strings");
      if (reads_entry(way, name, "required", i)) node.required.push_back(store_.name(name.text()));
    }
    note(place, "required", Enforcement::kEnforced);
  } else if (required != nullptr) {
    note(place, "required", Enforcement::kAnnotation, "a Boolean `required` has no meaning since draft 4");
  }
  if (const JsonValue* least = constraint(place, "minProperties")) {
    node.min_properties = count(*least, "minProperties");
    note(place, "minProperties", Enforcement::kEnforced);
  }
  if (const JsonValue* most = constraint(place, "maxProperties")) {
    node.max_properties = count(*most, "maxProperties");
    note(place, "maxProperties", Enforcement::kEnforced);
  }
  if (const JsonValue* names = find(place, "propertyNames");
      names != nullptr && place.scope.dialect != Dialect::kDraft4) {
    node.property_names = child(place, within(place, "propertyNames", *names), *names, "propertyNames");
    note(place, "propertyNames", Enforcement::kEnforced);
  }
  auto read_dependencies = [&](std::string_view keyword, bool names_allowed, bool schemas_allowed) {
    const JsonValue* dependencies = find(place, keyword);
    if (dependencies == nullptr) return;
    if (!dependencies->is_object()) malformed(keyword, "must be an object");
    const Way keyword_way = within(place, keyword, *dependencies);
    for (const JsonMember& member : dependencies->members()) {
      NameId trigger = store_.name(member.key);
      const Way way = entry(keyword_way, member.value, keyword, member.key);
      if (member.value.is_array() && names_allowed) {
        ShortList<NameId> names;
        for (std::size_t i = 0; i < member.value.items().size(); ++i) {
          const JsonValue& name = member.value.items()[i];
          if (!name.is_string()) malformed(keyword, "must list strings");
          if (reads_entry(way, name, keyword, i, member.key)) names.push_back(store_.name(name.text()));
        }
        node.dependent_required.emplace_back(trigger, std::move(names));
      } else if (member.value.is_string() && names_allowed && schemas_allowed) {
        if (way.mode == Mode::kBlank) continue;
        node.dependent_required.emplace_back(trigger, ShortList<NameId>{store_.name(member.value.text())});
      } else if (schemas_allowed) {
        node.dependent_schemas.emplace_back(trigger, applied(place, way, member.value, keyword, member.key));
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
  return child(place, within(place, keyword, *rest), *rest, keyword);
}

void SchemaLoader::read_arrays(SchemaNode& node, const Place& place) {
  const JsonValue* items = find(place, "items");
  const JsonValue* prefix = place.scope.dialect == Dialect::kDraft2020 ? find(place, "prefixItems") : nullptr;
  const JsonValue* additional = find(place, "additionalItems");
  if (items != nullptr || prefix != nullptr) {
    ItemTable table;
    if (prefix != nullptr) {
      table.prefix = prefix_items(place, within(place, "prefixItems", *prefix), *prefix, "prefixItems");
      note(place, "prefixItems", Enforcement::kEnforced);
    }
    if (items != nullptr && items->is_array() && prefix == nullptr) {
      table.prefix = prefix_items(place, within(place, "items", *items), *items, "items");
      if (additional != nullptr) {
        table.rest = child(place, within(place, "additionalItems", *additional), *additional, "additionalItems");
        note(place, "additionalItems", Enforcement::kEnforced);
      }
    } else if (items != nullptr) {
      table.rest = child(place, within(place, "items", *items), *items, "items");
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
  if (const JsonValue* least = constraint(place, "minItems")) {
    node.min_items = count(*least, "minItems");
    note(place, "minItems", Enforcement::kEnforced);
  }
  if (const JsonValue* most = constraint(place, "maxItems")) {
    node.max_items = count(*most, "maxItems");
    note(place, "maxItems", Enforcement::kEnforced);
  }
  if (const JsonValue* contains = find(place, "contains");
      contains != nullptr && place.scope.dialect != Dialect::kDraft4) {
    read_contains(node, place, *contains);
  }
  if (const JsonValue* unique = find(place, "uniqueItems"); unique != nullptr && unique->is_boolean()) {
    const bool wanted = unique->kind == JsonValue::Kind::kTrue && keeps(place, "uniqueItems", *unique);
    node.unique_items = wanted && node.max_items > 1 && (node.types & kArrayType) != 0;
    note(place, "uniqueItems", Enforcement::kEnforced);
  }
  node.unevaluated_items = read_unevaluated(place, "unevaluatedItems");
}

void SchemaLoader::read_contains(SchemaNode& node, const Place& place, const JsonValue& contains) {
  const bool evaluates = needs_.coverage && place.scope.dialect == Dialect::kDraft2020;
  Way way = within(place, "contains", contains, true);
  if (way.mode == Mode::kBlank) {
    node.evaluates_items |= evaluates;
    return;
  }
  const JsonValue* least = nullptr;
  const JsonValue* most = nullptr;
  if (place.scope.dialect >= Dialect::kDraft2019) {
    least = find(place, "minContains");
    most = constraint(place, "maxContains");
  }
  // With a largest number, less in the schema would be more of a constraint.
  node.contains = child(place, most == nullptr ? way : Way{}, contains, "contains");
  node.evaluates_contained = evaluates;
  note(place, "contains", Enforcement::kEnforced);
  if (least != nullptr) {
    // Without the keyword it would be 1: a 0 constrains nothing and stays.
    const std::uint64_t n = count(*least, "minContains");
    if (n == 0 || keeps(place, "minContains", *least)) node.min_contains = n;
    note(place, "minContains", Enforcement::kEnforced);
  }
  if (most != nullptr) {
    node.max_contains = count(*most, "maxContains");
    note(place, "maxContains", Enforcement::kEnforced);
  }
}

void SchemaLoader::read_applicators(SchemaNode& node, const Place& place) {
  if (const JsonValue* all = find(place, "allOf")) {
    for (QuestionId id : branches(place, within(place, "allOf", *all), *all, "allOf")) node.all_of.push_back(id);
    note(place, "allOf", Enforcement::kEnforced);
  }
  if (const JsonValue* any = find(place, "anyOf")) {
    const Way way = within(place, "anyOf", *any);
    if (way.mode != Mode::kBlank || needs_.coverage) node.any_of.push_back(branches(place, way, *any, "anyOf"));
    note(place, "anyOf", Enforcement::kEnforced);
  }
  if (const JsonValue* one = find(place, "oneOf")) {
    Way way = within(place, "oneOf", *one);
    if (way.mode == Mode::kRelaxed && relaxation_->exclusive(way, one).mode == Mode::kRelaxed) way = Way{};
    if (way.mode == Mode::kExact) {
      node.one_of.push_back(branches(place, way, *one, "oneOf"));
    } else if (way.mode == Mode::kRelaxed || needs_.coverage) {
      node.any_of.push_back(branches(place, way, *one, "oneOf"));
    }
    note(place, "oneOf", Enforcement::kEnforced);
  }
  if (const JsonValue* no = constraint(place, "not")) {
    node.none_of.push_back(applied(place, Way{}, *no, "not"));
    note(place, "not", Enforcement::kEnforced);
  }
  if (const JsonValue* condition = find(place, "if"); condition != nullptr && place.scope.dialect >= Dialect::kDraft7) {
    const Way way = within(place, "if", *condition, true);
    auto conditional = [&](std::string_view keyword) {
      const JsonValue* value = find(place, keyword);
      if (value == nullptr) return kAlways;
      const Way inside = way.mode == Mode::kRelaxed ? within(place, keyword, *value) : way;
      QuestionId id = applied(place, inside, *value, keyword);
      note(place, keyword, Enforcement::kEnforced);
      return id;
    };
    node.condition = applied(place, way.mode == Mode::kRelaxed ? Way{} : way, *condition, "if");
    note(place, "if", Enforcement::kEnforced);
    node.consequence = conditional("then");
    node.alternative = conditional("else");
    if (way.mode == Mode::kBlank) {
      // What it evaluates must not hang on a condition that is left out.
      node.all_of.insert(node.all_of.end(), {node.condition, node.consequence, node.alternative});
      node.condition = kNone;
      node.consequence = node.alternative = kAlways;
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
  const std::size_t own = !hidden && all != nullptr ? node.all_of.size() - all->items().size() : node.all_of.size();
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
