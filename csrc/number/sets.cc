// Building, evaluating and naming number sets; see sets.h. Covered by tests/csrc/test_number.cc.
#include "number/sets.h"

#include <algorithm>
#include <cstdlib>

#include "base/errors.h"
#include "base/fuel.h"
#include "base/hash.h"

namespace maskforge::number {
namespace {

using Op = SetNode::Op;

constexpr std::int64_t kConstantExponentLimit = 1'000'000'000;

}  // namespace

Decimal parse_constant(std::string_view text) {
  std::optional<Decimal> value = parse_decimal(text);
  if (!value) throw SpecError("not a JSON number: '" + std::string(text.substr(0, 80)) + "'");
  if (std::abs(value->top) > kConstantExponentLimit || std::abs(value->exponent()) > kConstantExponentLimit) {
    throw UnsupportedError("the exponent of the number is too large: " + std::string(text.substr(0, 80)));
  }
  return *std::move(value);
}

std::uint64_t SetTable::NodeHash::operator()(const SetNode& node) const {
  std::uint64_t h = mix_hash(static_cast<std::uint64_t>(node.op), node.payload);
  for (SetId part : node.parts) h = mix_hash(h, part);
  return h;
}

std::uint64_t SetTable::ListHash::operator()(const std::vector<Decimal>& list) const {
  std::uint64_t h = list.size();
  for (const Decimal& value : list) {
    h = mix_hash(h, hash_bytes(value.digits));
    h = mix_hash(h, static_cast<std::uint64_t>(value.top) * 2 + value.negative);
  }
  return h;
}

SetTable::SetTable() {
  add(Op::kNone);
  add(Op::kAll);
}

SetId SetTable::add(Op op, std::uint32_t payload, ShortList<SetId> parts) {
  bytes_ += parts.size() * sizeof(SetId);
  const bool spelled =
      op == Op::kIntegerSpelling || std::any_of(parts.begin(), parts.end(), [&](SetId part) { return spelled_[part]; });
  SetId id = nodes_.intern(SetNode{op, payload, std::move(parts)});
  if (spelled_.size() <= id) spelled_.push_back(spelled);
  has_spellings_ = has_spellings_ || spelled;
  return id;
}

SetId SetTable::with_spelling(SetId set, bool plain) {
  if (!spelled_[set]) return set;
  ShortList<SetId> order = closure({set});
  ShortList<SetId> made;
  for (SetId id : order) {
    const SetNode node = nodes_[id];
    ShortList<SetId> parts;
    for (SetId part : node.parts) {
      parts.push_back(
          made[static_cast<std::size_t>(std::lower_bound(order.begin(), order.end(), part) - order.begin())]);
    }
    if (!spelled_[id]) {
      made.push_back(id);
    } else if (node.op == Op::kIntegerSpelling) {
      made.push_back(plain ? all() : none());
    } else {
      made.push_back(node.op == Op::kNot ? complement(parts[0]) : combine(node.op, std::move(parts)));
    }
  }
  return made.back();
}

SetId SetTable::multiple_of(std::string_view step) {
  Decimal value = parse_constant(step);
  if (value.negative || value.is_zero()) throw SpecError("multipleOf must be positive");
  Step factored = factor_step(value);
  auto known = std::find(steps_.begin(), steps_.end(), factored);
  auto payload = static_cast<std::uint32_t>(known - steps_.begin());
  if (known == steps_.end()) {
    steps_.push_back(factored);
    step_values_.push_back(std::move(value));
  }
  return add(Op::kMultiple, payload);
}

SetId SetTable::below(std::string_view bound, bool inclusive) {
  return add(inclusive ? Op::kUpTo : Op::kBelow, lists_.intern({parse_constant(bound)}));
}

SetId SetTable::values(const std::vector<std::string>& texts) {
  std::vector<Decimal> list;
  list.reserve(texts.size());
  FuelScope::spend(texts.size());
  for (const std::string& text : texts) {
    list.push_back(parse_constant(text));
    bytes_ += sizeof(Decimal) + text.size();
  }
  std::sort(list.begin(), list.end(), [](const Decimal& a, const Decimal& b) { return compare(a, b) < 0; });
  list.erase(std::unique(list.begin(), list.end()), list.end());
  if (list.empty()) return none();
  return add(Op::kValues, lists_.intern(std::move(list)));
}

SetId SetTable::combine(Op op, ShortList<SetId> parts) {
  SetId unit = op == Op::kAnd ? all() : none();
  SetId zero = op == Op::kAnd ? none() : all();
  ShortList<SetId> flat;
  for (SetId part : parts) {
    if (nodes_[part].op == op) {
      flat.insert(flat.end(), nodes_[part].parts.begin(), nodes_[part].parts.end());
    } else if (part != unit) {
      flat.push_back(part);
    }
  }
  FuelScope::spend(flat.size());
  std::sort(flat.begin(), flat.end());
  flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
  for (SetId part : flat) {
    if (part == zero) return zero;
    if (nodes_[part].op == Op::kNot && std::binary_search(flat.begin(), flat.end(), nodes_[part].parts[0])) return zero;
  }
  if (flat.empty()) return unit;
  if (flat.size() == 1) return flat[0];
  return add(op, 0, std::move(flat));
}

SetId SetTable::complement(SetId part) {
  if (part == none()) return all();
  if (part == all()) return none();
  if (nodes_[part].op == Op::kNot) return nodes_[part].parts[0];
  return add(Op::kNot, 0, {part});
}

ShortList<SetId> SetTable::closure(const ShortList<SetId>& roots) const {
  ShortList<SetId> found;
  ShortList<SetId> todo = roots;
  std::vector<bool> seen(nodes_.size(), false);
  while (!todo.empty()) {
    SetId id = todo.back();
    todo.pop_back();
    if (seen[id]) continue;
    seen[id] = true;
    FuelScope::spend();
    found.push_back(id);
    todo.insert(todo.end(), nodes_[id].parts.begin(), nodes_[id].parts.end());
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool SetTable::contains(SetId set, std::string_view text) const {
  std::optional<Decimal> value = parse_decimal(text);
  if (!value) return false;
  ShortList<SetId> order = closure({set});
  std::vector<bool> holds(set + 1, false);
  for (SetId id : order) {
    const SetNode& node = nodes_[id];
    auto held = [&](SetId part) { return holds[part]; };
    switch (node.op) {
      case Op::kNone:
        holds[id] = false;
        break;
      case Op::kAll:
        holds[id] = true;
        break;
      case Op::kIntegerSpelling:
        holds[id] = is_integer_spelling(text);
        break;
      case Op::kMultiple:
        holds[id] = divides(steps_[node.payload], *value);
        break;
      case Op::kBelow:
        holds[id] = compare(*value, lists_[node.payload][0]) < 0;
        break;
      case Op::kUpTo:
        holds[id] = compare(*value, lists_[node.payload][0]) <= 0;
        break;
      case Op::kValues: {
        const std::vector<Decimal>& list = lists_[node.payload];
        holds[id] = std::binary_search(list.begin(), list.end(), *value,
                                       [](const Decimal& a, const Decimal& b) { return compare(a, b) < 0; });
        break;
      }
      case Op::kAnd:
        holds[id] = std::all_of(node.parts.begin(), node.parts.end(), held);
        break;
      case Op::kOr:
        holds[id] = std::any_of(node.parts.begin(), node.parts.end(), held);
        break;
      case Op::kNot:
        holds[id] = !holds[node.parts[0]];
        break;
    }
  }
  return holds[set];
}

std::string SetTable::describe(SetId set) const {
  // Diagnostics stay short: shared parts would make the text exponential, so it is cut.
  constexpr std::size_t kLongest = 400;
  std::string out;
  std::vector<std::pair<SetId, std::string>> stack{{set, ""}};  // what to write next: a set, then a text
  while (!stack.empty()) {
    auto [id, after] = stack.back();
    stack.pop_back();
    if (out.size() > kLongest) return out.substr(0, kLongest) + "...";
    if (id == UINT32_MAX) {
      out += after;
      continue;
    }
    const SetNode& node = nodes_[id];
    stack.emplace_back(UINT32_MAX, after);
    switch (node.op) {
      case Op::kNone:
        out += "nothing";
        break;
      case Op::kAll:
        out += "any number";
        break;
      case Op::kIntegerSpelling:
        out += "integer without fraction or exponent";
        break;
      case Op::kMultiple:
        out += "multiple of " + to_text(step_values_[node.payload]);
        break;
      case Op::kBelow:
        out += "< " + to_text(lists_[node.payload][0]);
        break;
      case Op::kUpTo:
        out += "<= " + to_text(lists_[node.payload][0]);
        break;
      case Op::kValues:
        out += "{";
        for (const Decimal& value : lists_[node.payload]) {
          if (out.back() != '{') out += ", ";
          out += to_text(value).substr(0, 60);
          if (out.size() > kLongest) break;
        }
        out += "}";
        break;
      case Op::kAnd:
      case Op::kOr:
        out += "(";
        stack.emplace_back(UINT32_MAX, ")");
        for (std::size_t i = node.parts.size(); i-- > 0;) {
          bool last = i + 1 == node.parts.size();
          stack.emplace_back(node.parts[i], last ? "" : node.op == Op::kAnd ? " and " : " or ");
        }
        break;
      case Op::kNot:
        out += "not ";
        stack.emplace_back(node.parts[0], "");
        break;
    }
  }
  return out;
}

}  // namespace maskforge::number
