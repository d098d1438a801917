// Schemas after loading: nodes (one per schema object), member tables, item tables and names. Only loader.cc writes
// here.
//
// A QuestionId is the index of a node: "does the value satisfy this schema?". kAlways and kNever are the Boolean
// schemas. Guarded by the machine's mutex.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "base/byte_interner.h"
#include "base/short_list.h"
#include "base/stable_vector.h"
#include "number/number.h"
#include "regex/regex.h"

namespace maskforge {

using QuestionId = std::uint32_t;
using NameId = std::uint32_t;
using TableId = std::uint32_t;
inline constexpr QuestionId kAlways = 0;
inline constexpr QuestionId kNever = 1;
inline constexpr std::uint32_t kNone = 0xFFFFFFFFu;

enum ValueType : std::uint8_t {
  kNullType = 1,
  kFalseType = 2,
  kTrueType = 4,
  kNumberType = 8,
  kStringType = 16,
  kArrayType = 32,
  kObjectType = 64,
  kAllTypes = 127,
};

// Questions by name. Names are added in any order; they are found once settle() was called (SchemaStore::intern does).
class PropertyTable {
 public:
  using Entry = std::pair<NameId, QuestionId>;
  void add(NameId name, QuestionId question) { entries_.emplace_back(name, question); }
  void reserve(std::size_t size) { entries_.reserve(size); }
  void add_all(const PropertyTable& other) {
    entries_.insert(entries_.end(), other.entries_.begin(), other.entries_.end());
  }
  // Sorts by name; of a name that was added repeatedly the last question counts.
  void settle();
  const QuestionId* find(NameId name) const;  // null: there is none
  bool contains(NameId name) const { return find(name) != nullptr; }
  std::size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
};

// `properties`, `patternProperties` and `additionalProperties` of one schema object.
struct MemberTable {
  PropertyTable properties;
  std::vector<std::pair<RegexId, QuestionId>> patterns;
  QuestionId additional = kAlways;
};

// `prefixItems` and `items` of one schema object, by whatever names its dialect has for them.
struct ItemTable {
  ShortList<QuestionId> prefix;
  QuestionId rest = kAlways;
};

// One keyword that can name properties, for property_order="schema" (orders.h).
struct OrderStep {
  enum class Kind : std::uint8_t {
    kNames,     // properties
    kSchema,    // $ref, each of allOf
    kBranches,  // anyOf, oneOf
    kOption,    // each of dependentSchemas
    kIf,
    kThen,
    kElse,
  };
  Kind kind;
  ShortList<std::uint32_t> ids;  // kNames: names, as written; else questions
};

// Keywords that constrain in place. What a keyword says of other types than its own is nothing.
struct SchemaNode {
  std::uint8_t types = kAllTypes;
  bool has_numbers = false;  // `numbers` constrains (bounds, multipleOf, integer, enum)
  NumberSetId numbers = 0;
  ShortList<RegexId> texts;  // pattern, length, enum: all must hold
  std::vector<std::string> formats;
  // enum and const with arrays or objects among the values: for containers, one of these must hold.
  bool has_containers = false;
  ShortList<QuestionId> containers;
  // One of these constants, and nothing else: an object that must be none of them looks them up (candidates.h).
  bool taken = false;
  DigitSets::SetId taken_numbers = DigitSets::kEmpty;  // with `taken`: a number must be one of these

  TableId members = kNone;
  ShortList<NameId> required;
  std::uint64_t min_properties = 0;
  std::uint64_t max_properties = ~std::uint64_t{0};
  QuestionId property_names = kAlways;
  std::vector<std::pair<NameId, ShortList<NameId>>> dependent_required;
  std::vector<std::pair<NameId, QuestionId>> dependent_schemas;

  TableId items = kNone;
  std::uint64_t min_items = 0;
  std::uint64_t max_items = ~std::uint64_t{0};
  bool unique_items = false;
  QuestionId contains = kNone;
  std::uint64_t min_contains = 1;
  std::uint64_t max_contains = ~std::uint64_t{0};

  ShortList<QuestionId> all_of;               // allOf and $ref
  std::vector<ShortList<QuestionId>> any_of;  // one list per anyOf
  std::vector<ShortList<QuestionId>> one_of;
  ShortList<QuestionId> none_of;  // not
  QuestionId condition = kNone;   // if
  QuestionId consequence = kAlways;
  QuestionId alternative = kAlways;

  QuestionId unevaluated_members = kNone;
  QuestionId unevaluated_items = kNone;
  // What an `unevaluated` keyword around takes for evaluated, beyond the names, patterns and positions of the tables.
  bool evaluates_members = false;    // all members
  bool evaluates_items = false;      // all items
  bool evaluates_contained = false;  // the items that satisfy `contains`

  std::vector<OrderStep> order;  // as written; empty with property_order="any"

  std::string_view pointer;  // where it stands, for messages; see SchemaStore::place

  // Whether a value is known to satisfy it without a search; a "no" says nothing. Follows from the rest.
  bool surely_satisfiable = false;
};

class SchemaStore {
 public:
  SchemaStore() {
    nodes.emplace_back();
    nodes.emplace_back().types = 0;
  }

  NameId name(std::string_view utf8);
  // Before name() of many: see ByteInterner.
  template <typename Texts, typename TextOf>
  void prefetch_names(const Texts& texts, const TextOf& text_of) const {
    name_ids_.prefetch(texts, text_of);
  }
  std::u32string_view name_text(NameId id) const { return names_[id]; }
  // False for a name with a lone surrogate, which no UTF-8 text can spell.
  bool is_writable(NameId id) const;
  std::size_t memory_bytes() const;

  // Hash-consing: equal nodes and tables are one, across all documents, whatever their place; so equal questions share
  // everything that is built for them.
  QuestionId intern(SchemaNode&& node);
  // Says where a node stands, unless that is known. The first of equal ones counts.
  void place(QuestionId id, std::string_view pointer) {
    std::string_view& known = nodes[id].pointer;
    if (!known.empty() || pointer.empty()) return;
    const std::span<const char> kept = text_arena_.copy(std::span<const char>(pointer));
    known = {kept.data(), kept.size()};
  }
  TableId intern(MemberTable&& table);
  TableId intern(ItemTable&& table);

  StableVector<SchemaNode> nodes;
  StableVector<MemberTable> members;
  StableVector<ItemTable> items;

 private:
  class Content;
  // The place in `list` of what has this content; `item` is moved there where there is none yet.
  template <typename T>
  std::uint32_t id_of(const Content& content, StableVector<T>& list, T& item);

  ByteInterner name_ids_;
  Arena text_arena_;                         // of names_ and pointers
  StableVector<std::u32string_view> names_;  // by id; may be behind name_ids_ by the newest
  ByteInterner contents_;                    // of nodes and tables
  std::vector<std::uint32_t> ids_;           // by content; likewise
  std::string content_;                      // scratch of intern()
};

}  // namespace maskforge
