// See values.h.
#include "schema/values.h"

#include <algorithm>
#include <bit>

#include "base/errors.h"
#include "base/fuel.h"
#include "schema/separator_frames.h"

namespace maskforge {

Values::Values(Machine& machine, Questions& questions, Texts& texts, TextFrames& strings, SpaceFrames& spaces)
    : machine_(machine),
      questions_(questions),
      orders_(questions.store()),
      texts_(texts),
      strings_(strings),
      spaces_(spaces),
      automaton_(machine.add_automaton(this, {.may_end = false, .lists_words = false})),
      classes_(structural_classes(machine)),
      numbers_(machine, questions.number_sets()),
      rests_(machine, questions.number_sets(), numbers_),
      words_(machine) {}

Step Values::compute(std::uint32_t local, std::uint8_t byte) {
  if (is_json_space(byte)) {
    return (local & 1) != 0 ? Step::reject()
                            : machine_.call(machine_.intern(automaton_, local | 1), spaces_.begin(byte));
  }
  SpecId spec = local >> 2;
  if ((local & 2) != 0) return byte == ':' ? Step::stay(start(spec)) : Step::reject();
  StateId value = begin(spec, byte);
  if (value == kDeadState) return Step::reject();
  const Call* two = machine_.entered(value);
  return two == nullptr ? Step::stay(value) : machine_.call(two->below, two->pushed);
}

std::string Values::describe(std::uint32_t local) { return (local & 2) != 0 ? "`:`" : describe_spec(local >> 2); }

SpecId Values::spec(ShortList<std::uint32_t> forced, ShortList<QuestionId> asked, FormulaId demand, bool compact) {
  std::sort(forced.begin(), forced.end());
  forced.erase(std::unique(forced.begin(), forced.end()), forced.end());
  const std::size_t before = specs_.size(), size = forced.size() + asked.size();
  SpecId id = specs_.intern(Spec{std::move(forced), std::move(asked), demand, compact});
  if (specs_.size() != before) list_bytes_ += size * sizeof(std::uint32_t);
  while (starts_.size() <= id) starts_.emplace_back();
  return id;
}

std::uint8_t Values::types(const Spec& spec) const {
  std::uint8_t types = kAllTypes;
  for (std::uint32_t code : spec.forced) {
    const Literal literal = Literal::of(code);
    if (literal.positive) types &= questions_.store().nodes[literal.question].types;
  }
  return types;
}

TextId Values::text(SpecId spec) {
  if (!starts_[spec].has_text) {
    const Spec& s = specs_[spec];
    if ((types(s) & kStringType) == 0) {
      starts_[spec].has_text = true;
      return kDeadText;
    }
    RegexArena& regexes = texts_.regexes();
    ShortList<RegexId> parts;
    for (std::uint32_t code : s.forced) {
      Literal literal = Literal::of(code);
      RegexId set = questions_.texts(literal.question);
      parts.push_back(literal.positive ? set : questions_.texts_outside(set));
    }
    if (s.demand != kTrue) parts.push_back(questions_.texts_of(s.demand));
    ShortList<RegexId> asked;
    for (QuestionId q : s.asked) {
      asked.push_back(questions_.texts(q));
      // Of a format that is enforced only in part: the texts of which it is known whether they belong to it.
      if (!questions_.is_exact(asked.back()))
        parts.push_back(regexes.unite({asked.back(), questions_.texts_outside(asked.back())}));
    }
    TextId text = texts_.language(regexes.intersect(std::move(parts)), std::move(asked));
    starts_[spec].text = text;
    starts_[spec].has_text = true;
  }
  return starts_[spec].text;
}

NumberSetId Values::number_set(SpecId spec, DigitSets::SetId& without) {
  const Spec& s = specs_[spec];
  NumberArena& sets = questions_.number_sets();
  ShortList<NumberSetId> parts;
  for (std::uint32_t code : s.forced) {
    Literal literal = Literal::of(code);
    const DigitSets::SetId taken = questions_.store().nodes[literal.question].taken_numbers;
    if (!literal.positive && without == DigitSets::kEmpty && sets.digit_sets().size(taken) > NumberRests::kFew) {
      without = taken;
      continue;
    }
    NumberSetId set = questions_.numbers(literal.question);
    parts.push_back(literal.positive ? set : sets.complement(set));
  }
  if (s.demand != kTrue) parts.push_back(questions_.numbers_of(s.demand));
  return parts.empty() ? sets.all() : sets.intersect(std::move(parts));
}

NumberRests::Place Values::number(SpecId spec) {
  if (!starts_[spec].has_number) {
    if ((types(specs_[spec]) & kNumberType) == 0) {
      starts_[spec].has_number = true;
      return starts_[spec].number;
    }
    NumberArena& sets = questions_.number_sets();
    ShortList<NumberSetId> asked;
    for (QuestionId q : specs_[spec].asked) asked.push_back(questions_.numbers(q));
    DigitSets::SetId without = DigitSets::kEmpty;
    NumberSetId all = number_set(spec, without);
    NumberRests::Place number;
    if (all != sets.none() && !sets.is_empty(all)) number = rests_.rests().start(all, asked, without);
    starts_[spec].number = number;
    starts_[spec].has_number = true;
  }
  return starts_[spec].number;
}

std::uint8_t Values::words(SpecId spec) {
  if (!starts_[spec].has_words) {
    const Spec& s = specs_[spec];
    constexpr std::uint8_t kAll = kNullType | kFalseType | kTrueType;
    if ((types(s) & kAll) == 0) {
      starts_[spec].has_words = true;
      return 0;
    }
    std::uint8_t words = s.demand == kTrue ? kAll : questions_.words_of(s.demand);
    for (std::uint32_t code : s.forced) {
      Literal literal = Literal::of(code);
      std::uint8_t set = questions_.words(literal.question);
      words &= literal.positive ? set : static_cast<std::uint8_t>(kAll & ~set);
    }
    starts_[spec].words = words;
    starts_[spec].has_words = true;
  }
  return starts_[spec].words;
}

Answers Values::word_answers(SpecId spec, std::uint8_t bit) {
  Answers answers;
  const ShortList<QuestionId>& asked = specs_[spec].asked;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if ((questions_.words(asked[i]) & bit) != 0) answers.add(i);
  }
  return answers;
}

const Values::ScalarAnswers* Values::scalar_answers(SpecId spec) {
  if (auto known = scalar_answers_.find(spec); known != scalar_answers_.end()) {
    return known->second ? &*known->second : nullptr;
  }
  const std::size_t most = 4 * specs_[spec].asked.size() + 64;
  std::optional<ScalarAnswers> all = ScalarAnswers{};
  for (std::uint8_t bit : {kNullType, kFalseType, kTrueType}) {
    if ((words(spec) & bit) != 0) all->sure.push_back(word_answers(spec, bit));
  }
  if (text(spec) != kDeadText) {
    const std::optional<ShortList<Label>> labels = texts_.endings(text(spec), most);
    if (labels) {
      for (Label label : *labels) all->sure.push_back(machine_.answers(label));
    } else {
      all.reset();
    }
  }
  if (all && !number(spec).dead()) {
    ShortList<NumberSetId> asked;
    for (QuestionId q : specs_[spec].asked) asked.push_back(questions_.numbers(q));
    DigitSets::SetId without = DigitSets::kEmpty;
    const NumberSetId set = number_set(spec, without);
    if (without == DigitSets::kEmpty) {
      ScalarAnswers numbers = questions_.number_sets().all_answers(set, asked);
      all->sure.insert(all->sure.end(), numbers.sure.begin(), numbers.sure.end());
      all->likely = std::move(numbers.likely);
    } else {
      all.reset();
    }
  }
  if (all) {
    std::sort(all->sure.begin(), all->sure.end(), [](const Answers& a, const Answers& b) { return a.yes < b.yes; });
    all->sure.erase(std::unique(all->sure.begin(), all->sure.end()), all->sure.end());
    std::erase_if(all->likely, [&](const Answers& answers) {
      return std::find(all->sure.begin(), all->sure.end(), answers) != all->sure.end();
    });
  }
  list_bytes_ += 96;
  if (all) {
    for (const auto* list : {&all->sure, &all->likely}) {
      for (const Answers& answers : *list) list_bytes_ += sizeof(Answers) + answers.yes.size() * sizeof(std::uint32_t);
    }
  }
  auto entry = scalar_answers_.emplace(spec, std::move(all)).first;
  return entry->second ? &*entry->second : nullptr;
}

FormulaId Values::demanded_of(const Spec& spec, bool object, ShortList<QuestionId>* taken) {
  Formulas& formulas = questions_.formulas();
  ShortList<FormulaId> parts;
  for (std::uint32_t code : spec.forced) {
    Literal literal = Literal::of(code);
    if (taken != nullptr && !literal.positive && questions_.store().nodes[literal.question].taken) {
      taken->push_back(literal.question);
      continue;
    }
    FormulaId f = object ? questions_.object(literal.question) : questions_.array(literal.question);
    parts.push_back(literal.positive ? f : formulas.negate(f));
  }
  if (spec.demand != kTrue) {
    parts.push_back(object ? questions_.object_of(spec.demand) : questions_.array_of(spec.demand));
  }
  return formulas.conj(std::move(parts));
}

// What must not be true of the object lists nothing, like what stands below `not`.
OrderId Values::order_of(const Spec& spec) {
  ShortList<QuestionId> questions = spec.asked;
  for (std::uint32_t code : spec.forced) {
    if (Literal::of(code).positive) questions.push_back(Literal::of(code).question);
  }
  return orders_.of(std::move(questions));
}

StateId Values::container(SpecId spec, bool object) {
  if (object ? !starts_[spec].has_object : !starts_[spec].has_array) {
    const Spec& s = specs_[spec];
    if ((types(s) & (object ? kObjectType : kArrayType)) == 0) {
      (object ? starts_[spec].has_object : starts_[spec].has_array) = true;
      return kDeadState;
    }
    ShortList<FormulaId> asked;
    for (QuestionId q : s.asked) {
      const bool among = object && questions_.store().nodes[q].taken;
      asked.push_back(among ? objects_->among(q) : object ? questions_.object(q) : questions_.array(q));
    }
    bool compact = s.compact;
    ShortList<QuestionId> taken;
    FormulaId demanded = demanded_of(s, object, object ? &taken : nullptr);
    const OrderId order = object && demanded != kFalse ? order_of(s) : kNoOrder;
    Attempt attempt(*this);
    StateId state =
        demanded == kFalse ? kDeadState : (object ? objects_ : arrays_)->start(demanded, asked, compact, order, taken);
    if (state == kDeadState && !attempt.certain()) return kDeadState;
    Starts& starts = starts_[spec];
    (object ? starts.object : starts.array) = state;
    (object ? starts.has_object : starts.has_array) = true;
  }
  return object ? starts_[spec].object : starts_[spec].array;
}

bool Values::search(SpecId spec) {
  if (words(spec) != 0) return true;
  if (text(spec) != kDeadText) return true;
  if (!number(spec).dead()) return true;
  if (std::optional<bool> found = search_taken(spec)) return *found;
  return container(spec, false) != kDeadState || container(spec, true) != kDeadState;
}

std::optional<bool> Values::search_taken(SpecId spec) {
  const Spec s = specs_[spec];
  const auto& nodes = questions_.store().nodes;
  auto is_taken = [&](std::uint32_t code) { return nodes[Literal::of(code).question].taken; };
  auto first = std::find_if(s.forced.begin(), s.forced.end(),
                            [&](std::uint32_t code) { return Literal::of(code).positive && is_taken(code); });
  if (first == s.forced.end()) return std::nullopt;
  ShortList<std::uint32_t> others;
  std::copy_if(s.forced.begin(), s.forced.end(), std::back_inserter(others),
               [&](std::uint32_t code) { return !is_taken(code); });
  for (QuestionId value : nodes[Literal::of(*first).question].containers) {
    FuelScope::spend();
    const bool wanted = std::all_of(s.forced.begin(), s.forced.end(), [&](std::uint32_t code) {
      if (!is_taken(code)) return true;
      const ShortList<QuestionId>& list = nodes[Literal::of(code).question].containers;
      return std::binary_search(list.begin(), list.end(), value) == Literal::of(code).positive;
    });
    if (!wanted) continue;
    ShortList<std::uint32_t> forced = others;
    forced.push_back(Literal{value, true}.code());
    if (satisfiable(this->spec(std::move(forced), s.asked, s.demand, s.compact))) return true;
  }
  return false;
}

bool Values::satisfiable(SpecId spec) {
  Starts& starts = starts_[spec];
  if (starts.satisfiable == Known::kYes) return true;
  if (starts.satisfiable == Known::kNo) return false;
  if (starts.satisfiable == Known::kBusy) {
    lowest_assumed_ = std::min(lowest_assumed_, starts.busy_depth);
    return false;
  }
  FuelScope::spend();
  if (depth_ >= kMaxDepth)
    throw UnsupportedError("required values nested deeper than " + std::to_string(kMaxDepth) + " levels");
  bool found = false;
  bool certain = false;
  {
    Attempt attempt(*this);
    starts.satisfiable = Known::kBusy;
    starts.busy_depth = depth_++;
    try {
      found = search(spec);
    } catch (...) {
      --depth_;
      starts_[spec].satisfiable = Known::kUnknown;
      throw;
    }
    --depth_;
    // Assumptions about this very question are settled now: if it is "no" under "no", that is the least fixpoint.
    // A "yes" rests on no assumption at all.
    if (found || lowest_assumed_ >= depth_) lowest_assumed_ = kNoAssumption;
    certain = lowest_assumed_ == kNoAssumption;
  }
  starts_[spec].satisfiable = found ? Known::kYes : certain ? Known::kNo : Known::kUnknown;
  return found;
}

std::uint64_t Values::count(SpecId spec, std::uint64_t limit) {
  if (limit <= 1) return satisfiable(spec) ? limit : 0;
  Count& count = counts_[spec];
  if (count.limit >= limit || count.known < count.limit) return std::min(count.known, limit);
  if (count.busy_depth != kNoAssumption) {
    lowest_assumed_ = std::min(lowest_assumed_, count.busy_depth);
    return std::min(count.known, limit);
  }
  if (!satisfiable(spec)) return 0;
  if (depth_ >= kMaxDepth)
    throw UnsupportedError("required values nested deeper than " + std::to_string(kMaxDepth) + " levels");
  Attempt attempt(*this);
  count.busy_depth = depth_++;
  std::uint64_t found = 0;
  try {
    // A value that holds others of its own kind may be counted anew with what is known of them, until nothing changes.
    for (;;) {
      lowest_assumed_ = kNoAssumption;
      found = count_now(spec, limit);
      Count& now = counts_[spec];
      bool again = found > now.known && found < limit && lowest_assumed_ != kNoAssumption;
      now.known = std::max(now.known, found);
      if (!again) break;
    }
  } catch (...) {
    --depth_;
    counts_[spec].busy_depth = kNoAssumption;
    throw;
  }
  --depth_;
  counts_[spec].busy_depth = kNoAssumption;
  if (found >= limit || lowest_assumed_ >= depth_) {
    lowest_assumed_ = kNoAssumption;
    counts_[spec].limit = limit;
  }
  return std::min(found, limit);
}

std::uint64_t Values::count_now(SpecId spec, std::uint64_t limit) {
  FuelScope::spend();
  std::uint64_t found = static_cast<std::uint64_t>(std::popcount(words(spec)));
  if (found < limit && text(spec) != kDeadText)
    found += texts_.regexes().count_words(texts_.alive(text(spec)), limit - found);
  if (found < limit && !number(spec).dead()) {
    DigitSets::SetId without = DigitSets::kEmpty;
    NumberSetId set = number_set(spec, without);
    found += rests_.rests().count(set, without, limit - found);
  }
  for (bool object : {false, true}) {
    if (found >= limit) break;
    const Spec& s = specs_[spec];
    bool compact = s.compact;
    if (object) {
      ShortList<QuestionId> taken;
      FormulaId demanded = demanded_of(s, object, &taken);
      if (demanded == kFalse) break;
      std::uint64_t enough = limit - found;
      for (QuestionId q : taken) enough += questions_.store().nodes[q].containers.size();
      if (!taken.empty() && objects_->count(demanded, compact, std::bit_ceil(enough)) >= enough) return limit;
    }
    FormulaId demanded = demanded_of(s, object);
    if (demanded != kFalse) found += (object ? objects_ : arrays_)->count(demanded, compact, limit - found);
  }
  return std::min(found, limit);
}

StateId Values::begin(SpecId spec, std::uint8_t byte) {
  switch (byte) {
    case '"': {
      TextId t = text(spec);
      return t == kDeadText ? kDeadState : strings_.body(t);
    }
    case '{': {
      const StateId object = container(spec, true);
      return object == kDeadState ? kDeadState : machine_.after(object, SeparatorFrames::kOpened);
    }
    case '[':
      return container(spec, false);
    case 't':
      return (words(spec) & kTrueType) != 0 ? words_.begin(0, machine_.verdict_label(word_answers(spec, kTrueType)))
                                            : kDeadState;
    case 'f':
      return (words(spec) & kFalseType) != 0 ? words_.begin(1, machine_.verdict_label(word_answers(spec, kFalseType)))
                                             : kDeadState;
    case 'n':
      return (words(spec) & kNullType) != 0 ? words_.begin(2, machine_.verdict_label(word_answers(spec, kNullType)))
                                            : kDeadState;
    default:
      break;
  }
  if (byte != '-' && (byte < '0' || byte > '9')) return kDeadState;
  const NumberRests::Place start = number(spec);
  if (start.dead()) return kDeadState;
  return start.rest == NumberRests::kNoState ? numbers_.begin(start.plain, byte) : rests_.begin(start.rest, byte);
}

std::string Values::describe_spec(SpecId spec) {
  std::string out;
  auto add = [&](bool possible, const char* what) {
    if (possible) out += (out.empty() ? "" : ", ") + std::string(what);
  };
  std::uint8_t known_words = words(spec);
  add((known_words & kNullType) != 0, "null");
  add((known_words & kFalseType) != 0, "false");
  add((known_words & kTrueType) != 0, "true");
  add(!number(spec).dead(), "a number");
  add(text(spec) != kDeadText, "a string");
  add(container(spec, false) != kDeadState, "an array");
  add(container(spec, true) != kDeadState, "an object");
  return out;
}

}  // namespace maskforge
