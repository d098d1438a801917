// See questions.h.
#include "schema/questions.h"

#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"
#include "base/stack.h"
#include "schema/formats.h"

namespace maskforge {

namespace {

constexpr std::uint8_t kWords = kNullType | kFalseType | kTrueType;

std::uint32_t clip_count(std::uint64_t n) { return static_cast<std::uint32_t>(std::min<std::uint64_t>(n, 0x7FFFFFFF)); }

// Exactly one of the sets, for algebras without that connective: linear in their number.
template <typename Algebra>
std::uint32_t exactly_one(Questions& q, const ShortList<std::uint32_t>& sets) {
  std::uint32_t one = Algebra::none(q);
  std::uint32_t some = Algebra::none(q);
  for (std::uint32_t set : sets) {
    if (set == Algebra::none(q)) continue;
    if (some == Algebra::none(q)) {
      one = some = set;
      continue;
    }
    one = Algebra::unite(q, {Algebra::intersect(q, {one, Algebra::complement(q, set)}),
                             Algebra::intersect(q, {set, Algebra::complement(q, some)})});
    some = Algebra::unite(q, {some, set});
  }
  return one;
}

}  // namespace

struct TextAlgebra {
  using Set = std::uint32_t;
  static Set all(Questions& q) { return q.regexes_.any_text(); }
  static Set none(Questions& q) { return q.regexes_.none(); }
  // The upper bounds of the parts, or nothing when all parts are exact.
  static ShortList<Set> uppers(Questions& q, const ShortList<Set>& sets) {
    ShortList<Set> uppers;
    if (q.upper_bounds_.empty()) return uppers;
    if (std::all_of(sets.begin(), sets.end(), [&](Set set) { return q.is_exact(set); })) return uppers;
    for (Set set : sets) uppers.push_back(q.upper_bound(set));
    return uppers;
  }
  static Set intersect(Questions& q, ShortList<Set> sets) {
    ShortList<Set> uppers = TextAlgebra::uppers(q, sets);
    Set lower = q.regexes_.intersect(std::move(sets));
    return uppers.empty() ? lower : q.bounded(lower, q.regexes_.intersect(std::move(uppers)));
  }
  static Set unite(Questions& q, ShortList<Set> sets) {
    ShortList<Set> uppers = TextAlgebra::uppers(q, sets);
    Set lower = q.regexes_.unite(std::move(sets));
    return uppers.empty() ? lower : q.bounded(lower, q.regexes_.unite(std::move(uppers)));
  }
  static Set complement(Questions& q, Set set) {
    if (q.is_exact(set)) return q.regexes_.complement(set);
    return q.bounded(q.regexes_.complement(q.upper_bound(set)), q.regexes_.complement(set));
  }
  static Set one(Questions& q, ShortList<Set> sets) { return exactly_one<TextAlgebra>(q, sets); }
  static void leaf(Questions& q, const SchemaNode& node, ShortList<Set>& parts) {
    if ((node.types & kStringType) == 0) {
      parts.push_back(none(q));
      return;
    }
    parts.insert(parts.end(), node.texts.begin(), node.texts.end());
    for (const std::string& name : node.formats) parts.push_back(q.format(name));
  }
};

struct NumberAlgebra {
  using Set = std::uint32_t;
  static Set all(Questions& q) { return q.numbers_.all(); }
  static Set none(Questions& q) { return q.numbers_.none(); }
  static Set intersect(Questions& q, ShortList<Set> sets) { return q.numbers_.intersect(std::move(sets)); }
  static Set unite(Questions& q, ShortList<Set> sets) { return q.numbers_.unite(std::move(sets)); }
  static Set complement(Questions& q, Set set) { return q.numbers_.complement(set); }
  static Set one(Questions& q, ShortList<Set> sets) { return exactly_one<NumberAlgebra>(q, sets); }
  static void leaf(Questions& q, const SchemaNode& node, ShortList<Set>& parts) {
    if ((node.types & kNumberType) == 0) {
      parts.push_back(none(q));
      return;
    }
    if (node.has_numbers) parts.push_back(node.numbers);
    if (node.taken_numbers == DigitSets::kEmpty) return;
    constexpr std::uint64_t kMost = 2000;  // the number line is cut at each of them
    const DigitSets& sets = q.numbers_.digit_sets();
    if (sets.size(node.taken_numbers) > kMost)
      throw FuelError("an array with uniqueItems as one of several alternatives may hold at most 2,000 numbers");
    parts.push_back(q.numbers_.any_of(sets.texts(node.taken_numbers)));
  }
};

struct WordAlgebra {
  using Set = std::uint32_t;
  static Set all(Questions&) { return kWords; }
  static Set none(Questions&) { return 0; }
  static Set intersect(Questions&, const ShortList<Set>& sets) {
    Set result = kWords;
    for (Set set : sets) result &= set;
    return result;
  }
  static Set unite(Questions&, const ShortList<Set>& sets) {
    Set result = 0;
    for (Set set : sets) result |= set;
    return result;
  }
  static Set complement(Questions&, Set set) { return kWords & ~set; }
  static Set one(Questions&, const ShortList<Set>& sets) {
    Set one = 0, some = 0, many = 0;
    for (Set set : sets) {
      many |= some & set;
      some |= set;
    }
    one = some & ~many;
    return one;
  }
  static void leaf(Questions&, const SchemaNode& node, ShortList<Set>& parts) { parts.push_back(node.types & kWords); }
};

struct FormulaAlgebra {
  using Set = std::uint32_t;
  static Set all(Questions&) { return kTrue; }
  static Set none(Questions&) { return kFalse; }
  static Set intersect(Questions& q, ShortList<Set> sets) { return q.formulas().conj(std::move(sets)); }
  static Set unite(Questions& q, ShortList<Set> sets) { return q.formulas().disj(std::move(sets)); }
  static Set complement(Questions& q, Set set) { return q.formulas().negate(set); }
  static Set one(Questions& q, ShortList<Set> sets) { return q.formulas().one(std::move(sets)); }
};

struct ObjectAlgebra : FormulaAlgebra {
  static void leaf(Questions& q, const SchemaNode& node, ShortList<Set>& parts) {
    Formulas& f = q.formulas_;
    if ((node.types & kObjectType) == 0) {
      parts.push_back(kFalse);
      return;
    }
    if (node.has_containers) {
      ShortList<Set> values;
      for (QuestionId value : node.containers) values.push_back(q.object(value));
      parts.push_back(f.disj(std::move(values)));
    }
    if (node.members != kNone) parts.push_back(f.atom(AtomKind::kEach, node.members));
    for (NameId name : node.required) parts.push_back(f.atom(AtomKind::kHas, name));
    if (node.min_properties > 0) parts.push_back(f.atom(AtomKind::kCount, clip_count(node.min_properties)));
    if (node.max_properties < 0x7FFFFFFE)
      parts.push_back(f.negate(f.atom(AtomKind::kCount, clip_count(node.max_properties + 1))));
    if (node.property_names != kAlways) {
      RegexId names = q.texts(node.property_names);
      if (names != q.regexes_.any_text()) parts.push_back(f.atom(AtomKind::kNames, names));
    }
    for (const auto& [trigger, names] : node.dependent_required) {
      ShortList<Set> all;
      for (NameId name : names) all.push_back(f.atom(AtomKind::kHas, name));
      parts.push_back(f.disj(f.negate(f.atom(AtomKind::kHas, trigger)), f.conj(std::move(all))));
    }
    for (const auto& [trigger, schema] : node.dependent_schemas) {
      parts.push_back(f.disj(f.negate(f.atom(AtomKind::kHas, trigger)), q.object(schema)));
    }
    if (node.unevaluated_members != kNone) parts.push_back(q.unevaluated_.members(q, node));
  }
};

struct ArrayAlgebra : FormulaAlgebra {
  static void leaf(Questions& q, const SchemaNode& node, ShortList<Set>& parts) {
    Formulas& f = q.formulas_;
    if ((node.types & kArrayType) == 0) {
      parts.push_back(kFalse);
      return;
    }
    if (node.has_containers) {
      ShortList<Set> values;
      for (QuestionId value : node.containers) values.push_back(q.array(value));
      parts.push_back(f.disj(std::move(values)));
    }
    if (node.items != kNone) parts.push_back(f.atom(AtomKind::kItems, node.items));
    if (node.min_items > 0) parts.push_back(f.atom(AtomKind::kLength, clip_count(node.min_items)));
    if (node.max_items < 0x7FFFFFFE)
      parts.push_back(f.negate(f.atom(AtomKind::kLength, clip_count(node.max_items + 1))));
    if (node.unique_items) parts.push_back(f.atom(AtomKind::kUnique, 0));
    if (node.contains != kNone) {
      if (node.min_contains > 0)
        parts.push_back(f.atom(AtomKind::kContains, node.contains, clip_count(node.min_contains)));
      if (node.max_contains < 0x7FFFFFFE) {
        parts.push_back(f.negate(f.atom(AtomKind::kContains, node.contains, clip_count(node.max_contains + 1))));
      }
    }
    if (node.unevaluated_items != kNone) parts.push_back(q.unevaluated_.items(q, node));
  }
};

QuestionId Questions::resolve(QuestionId q) {
  for (int hops = 0; hops < 64; ++hops) {
    const SchemaNode& node = store_.nodes[q];
    bool alias = node.types == kAllTypes && !node.has_numbers && node.texts.empty() && node.formats.empty() &&
                 !node.has_containers && node.members == kNone && node.required.empty() && node.min_properties == 0 &&
                 node.max_properties == ~std::uint64_t{0} && node.property_names == kAlways &&
                 node.dependent_required.empty() && node.dependent_schemas.empty() && node.items == kNone &&
                 node.min_items == 0 && node.max_items == ~std::uint64_t{0} && !node.unique_items &&
                 node.contains == kNone && node.any_of.empty() && node.one_of.empty() && node.none_of.empty() &&
                 node.condition == kNone && node.unevaluated_members == kNone && node.unevaluated_items == kNone;
    if (!alias) return q;
    if (node.all_of.empty()) return kAlways;
    if (node.all_of.size() > 1) return q;
    q = node.all_of[0];
  }
  return q;
}

// What q says, but of numbers whether they are in the set.
QuestionId Questions::with_numbers(QuestionId q, NumberSetId numbers) {
  SchemaNode number, other, either;
  number.types = kNumberType;
  number.has_numbers = true;
  number.numbers = numbers;
  other.types = kAllTypes & ~kNumberType;
  if (q != kAlways) other.all_of = {q};
  either.any_of = {{store_.intern(std::move(number)), store_.intern(std::move(other))}};
  return store_.intern(std::move(either));
}

std::array<QuestionId, 2> Questions::by_spelling(QuestionId q) {
  if (!numbers_.has_spellings()) return {q, q};
  const NumberSetId set = numbers(q);
  if (!numbers_.is_spelled(set)) return {q, q};
  return {with_numbers(q, numbers_.written_plainly(set)), with_numbers(q, numbers_.written_otherwise(set))};
}

QuestionId Questions::usual_spelling() {
  return with_numbers(kAlways,
                      numbers_.unite({numbers_.integer_spellings(), numbers_.complement(numbers_.integers())}));
}

RegexId Questions::format(const std::string& name) {
  if (auto known = formats_.find(name); known != formats_.end()) return known->second;
  RegexId language = format_language(regexes_, name).value();
  if (std::optional<RegexId> upper = format_upper_bound(regexes_, name)) bounded(language, *upper);
  formats_.emplace(name, language);
  return language;
}

RegexId Questions::bounded(RegexId lower, RegexId upper) {
  if (lower != upper) upper_bounds_.emplace(lower, upper);
  return lower;
}

RegexId Questions::texts_outside(RegexId set) { return TextAlgebra::complement(*this, set); }

template <typename Algebra>
std::uint32_t Questions::expand(QuestionId q, Memo& memo) {
  if (q == kAlways) return Algebra::all(*this);
  if (q == kNever) return Algebra::none(*this);
  if (memo.size() <= q) memo.resize(store_.nodes.size(), kUnknown);
  if (memo[q] == kInProgress) {
    throw UnsupportedError("a cycle of references that consumes nothing", std::string(store_.nodes[q].pointer));
  }
  if (memo[q] != kUnknown) return memo[q];
  FuelScope::spend();
  memo[q] = kInProgress;
  try {
    const SchemaNode& node = store_.nodes[q];
    ShortList<std::uint32_t> parts;
    Algebra::leaf(*this, node, parts);
    const std::uint32_t none = Algebra::none(*this);
    bool dead = std::find(parts.begin(), parts.end(), none) != parts.end();
    auto list = [&](const ShortList<QuestionId>& ids) {
      ShortList<std::uint32_t> sets;
      for (QuestionId id : ids) sets.push_back(expand<Algebra>(id, memo));
      return sets;
    };
    if (!dead) {
      for (QuestionId id : node.all_of) parts.push_back(expand<Algebra>(id, memo));
      for (const auto& ids : node.any_of) parts.push_back(Algebra::unite(*this, list(ids)));
      for (const auto& ids : node.one_of) parts.push_back(Algebra::one(*this, list(ids)));
      for (QuestionId id : node.none_of) parts.push_back(Algebra::complement(*this, expand<Algebra>(id, memo)));
      if (node.condition != kNone && (node.consequence != kAlways || node.alternative != kAlways)) {
        std::uint32_t condition = expand<Algebra>(node.condition, memo);
        parts.push_back(
            Algebra::unite(*this, {Algebra::complement(*this, condition), expand<Algebra>(node.consequence, memo)}));
        parts.push_back(Algebra::unite(*this, {condition, expand<Algebra>(node.alternative, memo)}));
      }
    }
    std::uint32_t result = dead ? none : Algebra::intersect(*this, std::move(parts));
    if (memo.size() <= q) memo.resize(store_.nodes.size(), kUnknown);
    memo[q] = result;
    return result;
  } catch (...) {
    memo[q] = kUnknown;
    throw;
  }
}

template <typename Algebra>
std::uint32_t Questions::fold(FormulaId f, Memo& memo) {
  Stack::check();
  const Formulas::Node& node = formulas_.node(f);
  switch (node.op) {
    case Formulas::Op::kFalse:
      return Algebra::none(*this);
    case Formulas::Op::kTrue:
      return Algebra::all(*this);
    case Formulas::Op::kAtom:
      return expand<Algebra>(node.atom.a, memo);
    case Formulas::Op::kNot:
      return Algebra::complement(*this, fold<Algebra>(node.parts[0], memo));
    default:
      break;
  }
  ShortList<std::uint32_t> sets;
  for (FormulaId part : node.parts) sets.push_back(fold<Algebra>(part, memo));
  switch (node.op) {
    case Formulas::Op::kAnd:
      return Algebra::intersect(*this, std::move(sets));
    case Formulas::Op::kOr:
      return Algebra::unite(*this, std::move(sets));
    default:
      return Algebra::one(*this, std::move(sets));
  }
}

RegexId Questions::texts(QuestionId q) { return expand<TextAlgebra>(q, text_memo_); }
NumberSetId Questions::numbers(QuestionId q) { return expand<NumberAlgebra>(q, number_memo_); }
std::uint8_t Questions::words(QuestionId q) { return static_cast<std::uint8_t>(expand<WordAlgebra>(q, word_memo_)); }
FormulaId Questions::object(QuestionId q) { return expand<ObjectAlgebra>(q, object_memo_); }
FormulaId Questions::array(QuestionId q) { return expand<ArrayAlgebra>(q, array_memo_); }
RegexId Questions::texts_of(FormulaId f) { return fold<TextAlgebra>(f, text_memo_); }
NumberSetId Questions::numbers_of(FormulaId f) { return fold<NumberAlgebra>(f, number_memo_); }
std::uint8_t Questions::words_of(FormulaId f) { return static_cast<std::uint8_t>(fold<WordAlgebra>(f, word_memo_)); }
FormulaId Questions::object_of(FormulaId f) { return fold<ObjectAlgebra>(f, object_memo_); }
FormulaId Questions::array_of(FormulaId f) { return fold<ArrayAlgebra>(f, array_memo_); }

}  // namespace maskforge
