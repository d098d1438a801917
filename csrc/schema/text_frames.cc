// See text_frames.h.
#include "schema/text_frames.h"

#include <algorithm>

#include "base/json_escapes.h"
#include "base/white_space.h"

namespace maskforge {

namespace {

// The edge that holds `c`, or the first one after it.
std::vector<TextEdge>::const_iterator edge_at(const std::vector<TextEdge>& edges, char32_t c) {
  return std::lower_bound(edges.begin(), edges.end(), c,
                          [](const TextEdge& edge, char32_t value) { return edge.last < value; });
}

}  // namespace

TextFrames::TextFrames(Machine& machine, Texts& texts, TextSyntax syntax)
    : machine_(machine),
      texts_(texts),
      syntax_(syntax),
      automaton_(machine.add_automaton(
          this, {.may_end = syntax == TextSyntax::kRaw, .lists_words = syntax == TextSyntax::kJsonString})) {}

std::uint32_t TextFrames::id_of(const Local& local) {
  if (local.phase != Phase::kBody) return locals_.intern(local);
  while (bodies_.size() <= local.text) bodies_.emplace_back(0);
  std::uint32_t& known = bodies_[local.text];
  if (known == 0) known = locals_.append(local) + 1;
  return known - 1;
}

Utf8Classes& TextFrames::utf8(TextId text) {
  const CharClasses* classes = texts_.classes(text);
  std::unique_ptr<Utf8Classes>& made = utf8_[classes];
  if (!made) made = std::make_unique<Utf8Classes>(machine_, *classes, syntax_ == TextSyntax::kJsonString);
  return *made;
}

// Whether the state reads its bytes by the branches that all states of its automaton share.
bool TextFrames::plan_branch(std::uint32_t id, const Local& local) {
  if (local.phase != Phase::kBranch && local.phase != Phase::kBody) return false;
  if (texts_.classes(local.text) == nullptr) return false;
  const Utf8Classes::Branch& branch =
      utf8(local.text).branch(local.phase == Phase::kBody ? Utf8Classes::kRoot : local.value);
  plans_[id].branch = &branch;
  plans_[id].classes = branch.bytes;
  return true;
}

bool TextFrames::any_alive(TextId text, std::span<const std::uint32_t> classes) {
  return std::ranges::any_of(classes, [&](std::uint32_t id) { return texts_.class_target(text, id) != kDeadText; });
}

TextFrames::Action TextFrames::branch_action(TextId text, const Utf8Classes::Entry& entry) {
  using Kind = Utf8Classes::Entry::Kind;
  switch (entry.kind) {
    case Kind::kReject:
      return {};
    case Kind::kClass: {
      const TextId target = texts_.class_target(text, entry.target);
      if (target == kDeadText) return {};
      return {Action::Kind::kGo, {entry.left == 0 ? Phase::kBody : Phase::kTail, entry.left, target, 0}, 0};
    }
    case Kind::kBranch:
      if (!any_alive(text, utf8(text).classes_below(entry.target))) return {};
      return {Action::Kind::kGo, {Phase::kBranch, 0, text, entry.target}, 0};
    case Kind::kQuote:
      return close(text);
    case Kind::kBackslash:
      if (!any_alive(text, utf8(text).classes_below(Utf8Classes::kRoot))) return {};
      return {Action::Kind::kGo, {Phase::kEscape, 0, text, 0}, 0};
  }
  return {};
}

// What the closing quote does.
TextFrames::Action TextFrames::close(TextId text) {
  const Label label = texts_.close(text);
  if (label == kNoLabel) return {};
  return {Action::Kind::kReturn, {Phase::kBody, 0, 0, 0}, label};
}

TextFrames::Action TextFrames::character(TextId text, char32_t c) {
  if (texts_.classes(text) != nullptr) {
    const std::uint32_t id = utf8(text).class_of(c);
    const TextId target = id == Utf8Classes::kNoClass ? kDeadText : texts_.class_target(text, id);
    if (target == kDeadText) return {};
    return {Action::Kind::kGo, {Phase::kBody, 0, target, 0}, 0};
  }
  const std::vector<TextEdge>& edges = texts_.edges(text);
  auto edge = edge_at(edges, c);
  if (edge == edges.end() || edge->first > c) return {};
  return {Action::Kind::kGo, {Phase::kBody, 0, edge->target, 0}, 0};
}

TextFrames::Action TextFrames::partial(TextId text, char32_t first, char32_t last, std::uint8_t left,
                                       std::uint32_t value, bool hex) {
  if (left == 0) return character(text, first);
  const std::vector<TextEdge>& edges = texts_.edges(text);
  auto edge = edge_at(edges, first);
  if (edge == edges.end() || edge->first > last) return {};
  bool uniform = edge->first <= first;
  TextId target = edge->target;
  char32_t reached = edge->last;
  for (++edge; uniform && reached < last && edge != edges.end(); ++edge) {
    uniform = edge->first == reached + 1 && edge->target == target;
    reached = edge->last;
  }
  if (uniform && reached >= last)
    return {Action::Kind::kGo, {hex ? Phase::kHexTail : Phase::kTail, left, target, 0}, 0};
  return {Action::Kind::kGo, {hex ? Phase::kHex : Phase::kLead, left, text, value}, 0};
}

TextFrames::Action TextFrames::hex_digit(const Local& local, std::uint32_t digit) {
  std::uint32_t value = local.value * 16 + digit;
  std::uint8_t left = static_cast<std::uint8_t>(local.left - 1);
  char32_t first = static_cast<char32_t>(value) << (4 * left);
  char32_t last = first + (char32_t{1} << (4 * left)) - 1;
  if (last < 0xD800 || first > 0xDFFF) return partial(local.text, first, last, left, value, true);
  if (left > 0) {
    // Some of the four-digit values are surrogates: alive if a plain character or a pair may follow.
    const std::vector<TextEdge>& edges = texts_.edges(local.text);
    // Edges may run across the surrogates: look at what lies on either side of them.
    auto some_in = [&](char32_t from, char32_t to) {
      auto edge = edge_at(edges, from);
      return from <= to && edge != edges.end() && edge->first <= to;
    };
    bool plain = some_in(first, std::min<char32_t>(last, 0xD7FF)) || some_in(std::max<char32_t>(first, 0xE000), last);
    char32_t high_first = std::max<char32_t>(first, 0xD800);
    char32_t high_last = std::min<char32_t>(last, 0xDBFF);
    bool pair = false;
    if (high_first <= high_last) {
      auto astral = edge_at(edges, 0x10000 + ((high_first - 0xD800) << 10));
      pair = astral != edges.end() && astral->first <= 0x10000 + ((high_last - 0xD800) << 10) + 0x3FF;
    }
    if (!plain && !pair) return {};
    return {Action::Kind::kGo, {Phase::kHex, left, local.text, value}, 0};
  }
  if (value >= 0xDC00) return {};  // a low surrogate alone
  char32_t block = 0x10000 + ((value - 0xD800) << 10);
  const std::vector<TextEdge>& edges = texts_.edges(local.text);
  auto edge = edge_at(edges, block);
  if (edge == edges.end() || edge->first > block + 0x3FF) return {};
  return {Action::Kind::kGo, {Phase::kLowSlash, 0, local.text, value}, 0};
}

TextFrames::Action TextFrames::low_digit(const Local& local, std::uint32_t digit) {
  std::uint32_t high = local.value >> 16;
  std::uint32_t read = (local.value & 0xFFFF) * 16 + digit;
  std::uint8_t left = static_cast<std::uint8_t>(local.left - 1);
  std::uint32_t first = read << (4 * left);
  std::uint32_t last = first + (1u << (4 * left)) - 1;
  first = std::max(first, 0xDC00u);
  last = std::min(last, 0xDFFFu);
  if (first > last) return {};
  char32_t block = 0x10000 + ((high - 0xD800) << 10);
  if (left == 0) return character(local.text, block + (read - 0xDC00));
  const std::vector<TextEdge>& edges = texts_.edges(local.text);
  auto edge = edge_at(edges, block + (first - 0xDC00));
  if (edge == edges.end() || edge->first > block + (last - 0xDC00)) return {};
  return {Action::Kind::kGo, {Phase::kLowHex, left, local.text, (high << 16) | read}, 0};
}

std::uint8_t TextFrames::Sorter::class_of(const Action& action) {
  for (std::size_t i = actions.size(); i-- > 0;) {
    if (actions[i] == action) return static_cast<std::uint8_t>(i);
  }
  actions.push_back(action);
  return static_cast<std::uint8_t>(actions.size() - 1);
}

void TextFrames::Sorter::set(unsigned first, unsigned last, const Action& action) {
  std::uint8_t c = class_of(action);
  for (unsigned b = first; b <= last; ++b) of[b] = c;
}

// The body of a key: as that of the unnamed key at the same point, but for the characters with which names go on.
bool TextFrames::plan_key(TextId text, Sorter& sorter) {
  const KeyOverlay* overlay = texts_.overlay(text);
  if (overlay == nullptr || overlay->rest == kDeadText || syntax_ == TextSyntax::kRaw) return false;
  if (!overlay->changes.empty() && overlay->changes.back().character >= 0x80) return false;
  const Plan& rest = plan(id_of({Phase::kBody, 0, overlay->rest, 0}));
  sorter.of = rest.classes->of;
  sorter.actions.reserve(rest.actions.size() + overlay->changes.size() + 2);
  if (rest.branch == nullptr) {
    sorter.actions = rest.actions;
  } else {
    sorter.actions.clear();
    for (const Utf8Classes::Entry& entry : rest.branch->entries)
      sorter.actions.push_back(branch_action(overlay->rest, entry));
  }
  for (const KeyOverlay::Change& change : overlay->changes) {
    if (change.character < 0x20 || change.character == '"' || change.character == '\\') continue;
    sorter.set(change.character, change.target == kDeadText
                                     ? Action{}
                                     : Action{Action::Kind::kGo, {Phase::kBody, 0, change.target, 0}, 0});
  }
  sorter.set('"', close(text));
  // An escape can write any character that may follow; that there is one is plain when the rest has more than the
  // changes touch.
  const std::vector<TextEdge>& edges = texts_.edges(overlay->rest);
  bool some = std::any_of(edges.begin(), edges.end(),
                          [&](const TextEdge& edge) { return edge.last - edge.first >= overlay->changes.size(); }) ||
              !texts_.edges(text).empty();
  // Where no name goes on, an escape leads where it leads in the rest.
  const TextId escaped = overlay->changes.empty() ? overlay->rest : text;
  sorter.set('\\', some ? Action{Action::Kind::kGo, {Phase::kEscape, 0, escaped, 0}, 0} : Action{});
  return true;
}

void TextFrames::plan_body(TextId text, Sorter& sorter) {
  if (plan_key(text, sorter)) return;
  const std::vector<TextEdge>& edges = texts_.edges(text);
  auto go = [](Phase phase, std::uint8_t left, TextId target, std::uint32_t value) {
    return Action{Action::Kind::kGo, {phase, left, target, value}, 0};
  };
  for (const TextEdge& edge : edges) {
    if (edge.first >= 0x80) break;
    sorter.set(edge.first, std::min<char32_t>(edge.last, 0x7F), go(Phase::kBody, 0, edge.target, 0));
  }
  auto beyond = edge_at(edges, 0x80);
  if (beyond != edges.end()) {
    // Most often every character beyond ASCII goes to one state: no need to look at the lead bytes one by one.
    TextId target = beyond->target;
    bool uniform = beyond->first <= 0x80;
    char32_t reached = beyond->last;
    for (auto edge = beyond + 1; uniform && edge != edges.end(); ++edge) {
      uniform = edge->target == target && (edge->first == reached + 1 || (reached == 0xD7FF && edge->first == 0xE000));
      reached = edge->last;
    }
    if (uniform && reached == 0x10FFFF) {
      sorter.set(0xC2, 0xDF, go(Phase::kTail, 1, target, 0));
      sorter.set(0xE1, 0xEF, go(Phase::kTail, 2, target, 0));
      sorter.set(0xF1, 0xF3, go(Phase::kTail, 3, target, 0));
      for (unsigned b : {0xE0u, 0xEDu}) sorter.set(b, go(Phase::kTail, 2, target, b));
      for (unsigned b : {0xF0u, 0xF4u}) sorter.set(b, go(Phase::kTail, 3, target, b));
    } else {
      for (unsigned b = 0xC2; b <= 0xDF; ++b) {
        sorter.set(b, partial(text, (b & 0x1Fu) << 6, ((b & 0x1Fu) << 6) + 0x3F, 1, b & 0x1Fu, false));
      }
      for (unsigned b = 0xE0; b <= 0xEF; ++b) {
        char32_t first = (b & 0x0Fu) << 12;
        Action action = partial(text, std::max<char32_t>(first, 0x800), first + 0xFFF, 2, b & 0x0Fu, false);
        // The second byte of E0 and ED is restricted, so these never become a plain tail.
        if ((b == 0xE0 || b == 0xED) && action.kind == Action::Kind::kGo)
          action.next = {Phase::kLead, 2, text, b & 0x0Fu};
        sorter.set(b, action);
      }
      for (unsigned b = 0xF0; b <= 0xF4; ++b) {
        char32_t first = (b & 0x07u) << 18;
        char32_t last = std::min<char32_t>(first + 0x3FFFF, 0x10FFFF);
        Action action = partial(text, std::max<char32_t>(first, 0x10000), last, 3, b & 0x07u, false);
        if ((b == 0xF0 || b == 0xF4) && action.kind == Action::Kind::kGo)
          action.next = {Phase::kLead, 3, text, b & 0x07u};
        sorter.set(b, action);
      }
    }
  }
  if (syntax_ == TextSyntax::kRaw) return;
  sorter.set(0, 0x1F, Action{});
  sorter.set('"', close(text));
  sorter.set('\\', edges.empty() ? Action{} : go(Phase::kEscape, 0, text, 0));
}

TextFrames::Plan& TextFrames::plan(std::uint32_t id) {
  while (plans_.size() <= id) plans_.emplace_back();
  if (plans_[id].classes != nullptr) return plans_[id];
  Local local = locals_[id];
  if (plan_branch(id, local)) return plans_[id];
  Sorter sorter;
  switch (local.phase) {
    case Phase::kBranch:
      break;
    case Phase::kBody:
      plan_body(local.text, sorter);
      break;
    case Phase::kLead:
      for (unsigned b = 0x80; b <= 0xBF; ++b) {
        std::uint32_t value = (local.value << 6) | (b & 0x3F);
        std::uint8_t left = static_cast<std::uint8_t>(local.left - 1);
        bool overlong = (local.left == 2 && local.value == 0 && value < 0x20) ||
                        (local.left == 3 && local.value == 0 && value < 0x10);
        bool beyond = local.left == 3 && local.value == 4 && value >= 0x110;
        bool surrogate = local.left == 2 && local.value == 0xD && value >= 0x360;
        if (overlong || beyond || surrogate) continue;
        char32_t first = static_cast<char32_t>(value) << (6 * left);
        sorter.set(b, partial(local.text, first, first + (char32_t{1} << (6 * left)) - 1, left, value, false));
      }
      break;
    case Phase::kTail: {
      std::uint8_t left = static_cast<std::uint8_t>(local.left - 1);
      unsigned first = local.value == 0xE0 ? 0xA0 : local.value == 0xF0 ? 0x90 : 0x80;
      unsigned last = local.value == 0xED ? 0x9F : local.value == 0xF4 ? 0x8F : 0xBF;
      sorter.set(first, last, {Action::Kind::kGo, {left == 0 ? Phase::kBody : Phase::kTail, left, local.text, 0}, 0});
      break;
    }
    case Phase::kEscape: {
      for (std::uint8_t byte : {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'})
        sorter.set(byte, character(local.text, escaped_character(byte)));
      sorter.set('u', {Action::Kind::kGo, {Phase::kHex, 4, local.text, 0}, 0});
      break;
    }
    case Phase::kHex:
    case Phase::kHexTail:
    case Phase::kLowHex:
      for (unsigned b = '0'; b <= 'f'; ++b) {
        int digit = hex_value(static_cast<std::uint8_t>(b));
        if (digit < 0) continue;
        if (local.phase == Phase::kHexTail) {
          std::uint8_t left = static_cast<std::uint8_t>(local.left - 1);
          sorter.set(b, {Action::Kind::kGo, {left == 0 ? Phase::kBody : Phase::kHexTail, left, local.text, 0}, 0});
        } else {
          sorter.set(b, local.phase == Phase::kHex ? hex_digit(local, static_cast<std::uint32_t>(digit))
                                                   : low_digit(local, static_cast<std::uint32_t>(digit)));
        }
      }
      break;
    case Phase::kLowSlash:
      sorter.set('\\', {Action::Kind::kGo, {Phase::kLowU, 0, local.text, local.value}, 0});
      break;
    case Phase::kLowU:
      sorter.set('u', {Action::Kind::kGo, {Phase::kLowHex, 4, local.text, local.value << 16}, 0});
      break;
  }
  Plan& plan = plans_[id];
  action_bytes_ += sorter.actions.size() * sizeof(Action);
  plan.actions = std::move(sorter.actions);
  plan.classes = machine_.intern_classes(sorter.of);
  return plan;
}

const ByteClasses* TextFrames::byte_classes(std::uint32_t local) { return plan(local).classes; }

Step TextFrames::compute(std::uint32_t local, std::uint8_t byte) {
  Plan& plan = this->plan(local);
  const std::uint8_t byte_class = plan.classes->of[byte];
  const Action action = plan.branch == nullptr ? plan.actions[byte_class]
                                               : branch_action(locals_[local].text, plan.branch->entries[byte_class]);
  return step_of(action);
}

// By the text alone, where a byte is a character of it or its end.
Step TextFrames::compute_alone(std::uint32_t id, std::uint8_t byte) {
  const Local local = locals_[id];
  const bool controls = syntax_ == TextSyntax::kJsonString && (byte < 0x20 || byte == '\\');
  if (local.phase != Phase::kBody || byte >= 0x80 || controls) return compute(id, byte);
  if (syntax_ == TextSyntax::kJsonString && byte == '"') return step_of(close(local.text));
  const KeyOverlay* overlay = texts_.overlay(local.text);
  if (overlay == nullptr) return step_alone(local.text, byte);
  auto change = std::ranges::lower_bound(overlay->changes, char32_t{byte}, {}, &KeyOverlay::Change::character);
  TextId target = overlay->rest;
  if (change != overlay->changes.end() && change->character == byte) {
    target = change->target;
  } else if (target != kDeadText) {
    return step_alone(target, byte);
  }
  return target == kDeadText ? Step::reject() : Step::stay(body(target));
}

Step TextFrames::step_alone(TextId text, std::uint8_t character) {
  if (texts_.classes(text) != nullptr) return step_of(this->character(text, character));
  const TextId target = texts_.target_alone(text, character);
  return target == kDeadText ? Step::reject() : Step::stay(body(target));
}

Step TextFrames::step_of(const Action& action) {
  switch (action.kind) {
    case Action::Kind::kReject:
      return Step::reject();
    case Action::Kind::kReturn:
      return Step::returns(action.label);
    case Action::Kind::kGo:
      break;
  }
  return Step::stay(state(action.next));
}

Label TextFrames::final_label(std::uint32_t local) {
  const Local& l = locals_[local];
  return syntax_ == TextSyntax::kRaw && l.phase == Phase::kBody ? texts_.close(l.text) : kNoLabel;
}

StateId TextFrames::clip(std::uint32_t id, StateId self, std::uint32_t longest) {
  Local local = locals_[id];
  if (local.phase == Phase::kLowSlash || local.phase == Phase::kLowU) return self;
  TextId clipped = texts_.clip(local.text, longest);
  if (clipped == local.text || clipped == kDeadText) return self;
  local.text = clipped;
  return state(local);
}

StateId TextFrames::same_prefixes(std::uint32_t id, StateId self) {
  const Local local = locals_[id];
  return syntax_ == TextSyntax::kRaw || local.phase != Phase::kBody ? self : body(texts_.same_prefixes(local.text));
}

bool TextFrames::beyond_ascii(std::uint32_t id, BeyondAscii& found) {
  const Local local = locals_[id];
  if (syntax_ == TextSyntax::kRaw || local.phase != Phase::kBody) return false;
  TextId text = local.text;
  if (const KeyOverlay* overlay = texts_.overlay(text)) {
    if (overlay->rest == kDeadText || (!overlay->changes.empty() && overlay->changes.back().character >= 0x80))
      return false;
    text = overlay->rest;
  }
  // Characters in order, with where they lead: kDeadText where they are rejected.
  char32_t next = 0x80;
  auto space = kWhiteSpaceBeyondAscii;
  auto add = [&](char32_t last, TextId target) {
    if (last < next) return;
    bool others = false;  // some character that is no white space
    bool spaces = false;
    while (next <= last) {
      while (space != std::end(kWhiteSpaceBeyondAscii) && space->last < next) ++space;
      const bool more = space != std::end(kWhiteSpaceBeyondAscii) && space->first <= last;
      const char32_t until = more ? space->first : last + 1;  // no white space before it
      if (next < until && !(next >= 0xD800 && until <= 0xE000)) others = true;
      next = std::max(next, until);
      if (!more) break;
      spaces = true;
      next = std::min(space->last, last) + 1;
    }
    if (target == kDeadText) {
      found.all_stay = found.all_stay && !others;
      found.spaces_stay = found.spaces_stay && !spaces;
      return;
    }
    found.any_space = found.any_space || spaces;
    auto note = [state = body(target)](ShortList<StateId>& states) {
      if (std::ranges::find(states, state) == states.end()) states.push_back(state);
    };
    if (others) note(found.targets);
    if (spaces) note(found.spaces);
  };
  if (const CharClasses* classes = texts_.classes(text)) {
    for (const CharClasses::Range& range : classes->ranges) {
      if (range.last < 0x80) continue;
      if (range.first > next) add(range.first - 1, kDeadText);
      if (!found.all_stay) return true;
      add(range.last, texts_.class_target(text, range.id));
    }
  } else {
    for (const TextEdge& edge : texts_.edges(text)) {
      if (edge.last < 0x80) continue;
      if (edge.first > next) add(edge.first - 1, kDeadText);
      if (!found.all_stay) return true;
      add(edge.last, edge.target);
    }
  }
  add(0x10FFFF, kDeadText);
  return true;
}

bool TextFrames::words(std::uint32_t id, WordList& list) {
  const Local local = locals_[id];
  if (syntax_ == TextSyntax::kRaw || local.phase != Phase::kBody) return false;
  TextId rest = kDeadText;
  if (!texts_.words(local.text, rest, list.words)) return false;
  if (rest != kDeadText) list.reference = body(rest);
  return true;
}

Label TextFrames::word_label(std::uint32_t id, std::uint32_t word) { return texts_.word_label(locals_[id].text, word); }

std::size_t TextFrames::memory_bytes() const {
  std::size_t bytes = locals_.size() * (sizeof(Local) + 12) + action_bytes_;
  for (const auto& [classes, made] : utf8_) bytes += made->memory_bytes();
  return bytes;
}

std::string TextFrames::describe(std::uint32_t local) {
  const Local& l = locals_[local];
  std::string text = texts_.describe(l.text);
  switch (l.phase) {
    case Phase::kBody:
      return syntax_ == TextSyntax::kRaw ? text : "the rest of a string, " + text;
    case Phase::kLead:
    case Phase::kBranch:
    case Phase::kTail:
      return "the next byte of a UTF-8 character";
    default:
      return "the rest of an escape sequence";
  }
}

}  // namespace maskforge
