// See taken.h.
#include "schema/taken.h"

#include <algorithm>

#include "base/errors.h"
#include "base/fuel.h"
#include "base/utf8.h"

namespace maskforge {

namespace {

constexpr std::size_t kFullChunk = 64;

std::string_view without_space(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

// Without the comma or colon before a value, and the whitespace before and after that.
std::string_view value_in(std::string_view text) {
  text = without_space(text);
  if (text.starts_with(',') || text.starts_with(':')) text.remove_prefix(1);
  return without_space(text);
}

}  // namespace

TakenSets::TakenSets(SchemaStore& store, RegexArena& regexes, NumberArena& numbers)
    : store_(store), regexes_(regexes), numbers_(numbers), constants_(store, regexes, numbers) {
  sets_.intern({});
}

QuestionId TakenSets::value(std::string_view text) {
  FuelScope::spend(text.size() / 16 + 1);
  try {
    const JsonDocument document = parse_json(value_in(text));
    return learn(document.root());
  } catch (const SpecError& error) {
    throw FuelError("uniqueItems cannot compare an item: " + std::string(error.what()));
  }
}

QuestionId TakenSets::learn(const JsonValue& value) {
  QuestionId question = constants_.question(value, "");
  if (known_.contains(question)) return question;
  for (const JsonMember& member : value.members()) {
    FuelScope::spend();
    learn(member.value);
  }
  auto [known, fresh] = known_.try_emplace(question);
  if (fresh) {
    known->second.type = store_.nodes[question].types;
    if (value.is_string()) known->second.text = decode_utf8(value.text());
    if (value.is_number()) known->second.number = value.text();
    bytes_ += sizeof(Value) + 64 + 5 * value.text().size();
  }
  return question;
}

TakenSets::ChunkId TakenSets::chunk_of(ShortList<QuestionId> values) {
  FuelScope::spend(values.size() / 16 + 1);
  std::size_t bytes = sizeof(Chunk) + 64 + values.size() * sizeof(QuestionId);
  ChunkId id = chunks_.intern({std::move(values)});
  // What follows may run out of fuel: the chunk then has no question yet, and gets it when it is asked for again.
  if (chunk_questions_.size() <= id) chunk_questions_.resize(id + 1, kNone);
  if (chunk_questions_[id] != kNone) return id;
  SchemaNode node;
  node.types = 0;
  node.taken = true;
  std::vector<std::u32string> texts;
  std::vector<std::string> numbers;
  for (QuestionId question : chunks_[id].values) {
    const Value& value = known_.at(question);
    node.types |= value.type;
    if (value.type == kStringType) texts.push_back(value.text);
    if (value.type == kNumberType) numbers.push_back(value.number);
    if (value.type == kArrayType || value.type == kObjectType) node.containers.push_back(question);
  }
  node.has_containers = !node.containers.empty();
  if (!texts.empty()) node.texts.push_back(regexes_.words(std::move(texts)));
  if (!numbers.empty()) constants_.restrict_numbers(node, numbers_.any_of(std::move(numbers)));
  chunk_questions_[id] = store_.intern(std::move(node));
  bytes_ += bytes;
  return id;
}

TakenId TakenSets::add_number(TakenId id, std::string_view text) {
  FuelScope::spend(text.size() / 16 + 1);
  Set set = sets_[id];
  try {
    set.numbers = numbers_.digit_sets().add(set.numbers, text);
  } catch (const SpecError& error) {
    throw FuelError("uniqueItems cannot compare an item: " + std::string(error.what()));
  }
  bytes_ += sizeof(Set) + 64 + set.chunks.size() * sizeof(ChunkId);
  return sets_.intern(std::move(set));
}

TakenId TakenSets::add(TakenId id, std::string_view text) {
  text = value_in(text);
  if (text.starts_with('-') || (!text.empty() && text[0] >= '0' && text[0] <= '9')) return add_number(id, text);
  QuestionId value = this->value(text);
  Set set = sets_[id];
  ShortList<QuestionId> values{value};
  if (!set.chunks.empty() && chunks_[set.chunks.back()].values.size() < kFullChunk) {
    const ShortList<QuestionId>& last = chunks_[set.chunks.back()].values;
    values = last;
    values.insert(std::lower_bound(values.begin(), values.end(), value), value);
    set.chunks.pop_back();
  }
  if (values.size() >= kFullChunk) {
    while (!set.chunks.empty() && chunks_[set.chunks.back()].values.size() == values.size()) {
      ShortList<QuestionId> merged;
      const ShortList<QuestionId>& last = chunks_[set.chunks.back()].values;
      std::merge(last.begin(), last.end(), values.begin(), values.end(), std::back_inserter(merged));
      values = std::move(merged);
      set.chunks.pop_back();
    }
  }
  set.chunks.push_back(chunk_of(std::move(values)));
  ++set.others;
  bytes_ += sizeof(Set) + 64 + set.chunks.size() * sizeof(ChunkId);
  return sets_.intern(std::move(set));
}

ShortList<QuestionId> TakenSets::questions(TakenId id) {
  const Set& set = sets_[id];
  ShortList<QuestionId> questions;
  for (ChunkId chunk : set.chunks) questions.push_back(chunk_questions_[chunk]);
  if (set.numbers != DigitSets::kEmpty) {
    SchemaNode node;
    node.types = kNumberType;
    node.taken = true;
    node.taken_numbers = set.numbers;
    questions.push_back(store_.intern(std::move(node)));
  }
  return questions;
}

std::uint32_t TakenSets::size(TakenId id) const {
  return sets_[id].others + static_cast<std::uint32_t>(numbers_.digit_sets().size(sets_[id].numbers));
}

ShortList<QuestionId> TakenSets::values(TakenId set) {
  ShortList<QuestionId> values;
  for (ChunkId chunk : sets_[set].chunks) {
    values.insert(values.end(), chunks_[chunk].values.begin(), chunks_[chunk].values.end());
  }
  for (const std::string& text : numbers_.digit_sets().texts(sets_[set].numbers)) {
    const JsonValue number(JsonValue::Kind::kNumber, text);
    values.push_back(constants_.question(number, ""));
  }
  return values;
}

}  // namespace maskforge
