// See configuration.h.
#include "machine/configuration.h"

#include "base/utf8.h"

namespace maskforge {

namespace {

char32_t hex4(std::string_view digits) {
  char32_t value = 0;
  for (char c : digits) {
    int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value * 16 + static_cast<char32_t>(digit);
  }
  return value;
}

}  // namespace

std::string decode_json_string(std::string_view body) {
  std::string out;
  out.reserve(body.size());
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] != '\\' || i + 1 >= body.size()) {
      out.push_back(body[i]);
      continue;
    }
    char escape = body[++i];
    switch (escape) {
      case 'b':
        out.push_back('\b');
        break;
      case 'f':
        out.push_back('\f');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 't':
        out.push_back('\t');
        break;
      case 'u': {
        if (i + 4 >= body.size()) return out;
        char32_t unit = hex4(body.substr(i + 1, 4));
        i += 4;
        if (unit >= 0xD800 && unit < 0xDC00 && i + 6 < body.size()) {
          char32_t low = hex4(body.substr(i + 3, 4));
          unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
          i += 6;
        }
        append_utf8(out, unit);
        break;
      }
      default:
        out.push_back(escape);
    }
  }
  return out;
}

namespace {

// The top frame is about to be overwritten or popped.
void note_frame(const std::vector<StateId>& frames, Journal* journal) {
  if (journal == nullptr || frames.size() > journal->kept) return;
  journal->frames.push_back(frames.back());
  --journal->kept;
}

// The key in progress is about to be dropped.
void note_key(const std::string& key_bytes, Journal* journal) {
  if (journal == nullptr || journal->key_depth == 0 || journal->key_saved) return;
  journal->key.assign(key_bytes, 0, journal->key_size);
  journal->key_saved = true;
}

}  // namespace

void Configuration::mark(Journal& journal) const {
  journal.kept = static_cast<std::uint32_t>(frames.size());
  journal.frames.clear();
  journal.key_depth = key_depth;
  journal.key_size = static_cast<std::uint32_t>(key_bytes.size());
  journal.key_saved = false;
  journal.key.clear();
}

void Configuration::restore(const Journal& journal) {
  frames.resize(journal.kept);
  frames.insert(frames.end(), journal.frames.rbegin(), journal.frames.rend());
  if (journal.key_saved) {
    key_bytes = journal.key;
  } else {
    key_bytes.resize(journal.key_size);
  }
  key_depth = journal.key_depth;
}

bool Configuration::advance(Machine& machine, std::uint8_t byte, Journal* journal) {
  if (key_depth != 0) key_bytes.push_back(static_cast<char>(byte));
  // Bounded: every round but the last pops a frame.
  while (!frames.empty()) {
    StateId top = frames.back();
    Step step = machine.step(top, byte);
    switch (step.kind()) {
      case StepKind::kStay:
        note_frame(frames, journal);
        frames.back() = step.operand();
        return true;
      case StepKind::kCall: {
        const Call& call = machine.call_at(step.operand());
        note_frame(frames, journal);
        frames.back() = call.below;
        frames.push_back(call.pushed);
        if (machine.wants_text(call.below)) {
          key_bytes.clear();
          key_depth = static_cast<std::uint32_t>(frames.size());
        }
        return true;
      }
      case StepKind::kReturn: {
        note_frame(frames, journal);
        frames.pop_back();
        if (frames.empty()) return true;
        StateId waiting = frames.back();
        StateId next;
        if (machine.wants_text(waiting)) {
          key_bytes.pop_back();  // the closing quote
          next = is_named(step.operand()) ? machine.after(waiting, step.operand())
                                          : machine.after_text(waiting, step.operand(), decode_json_string(key_bytes));
          note_key(key_bytes, journal);
          key_bytes.clear();
          key_depth = 0;
        } else {
          next = machine.after(waiting, step.operand());
        }
        if (next == kDeadState) return false;
        note_frame(frames, journal);
        replace_top(machine, next);
        return true;
      }
      default: {
        Label label = machine.final_label(top);
        if (label == kNoLabel || frames.size() == 1) return false;
        note_frame(frames, journal);
        frames.pop_back();
        StateId next = machine.after(frames.back(), label);
        if (next == kDeadState) return false;
        note_frame(frames, journal);
        replace_top(machine, next);
      }
    }
  }
  return false;
}

void Configuration::replace_top(Machine& machine, StateId next) {
  if (const Call* two = machine.entered(next)) {
    frames.back() = two->below;
    frames.push_back(two->pushed);
  } else {
    frames.back() = next;
  }
}

bool Configuration::accepting(Machine& machine) const {
  std::size_t below = frames.size();  // frames under `top`, plus one
  if (below == 0) return true;
  StateId top = frames.back();
  StateId between = kDeadState;  // the frame under `top` that after() brought in, if any
  for (;;) {
    Label label = machine.final_label(top);
    if (label == kNoLabel) return false;
    StateId waiting = between;
    if (between == kDeadState) {
      if (--below == 0) return true;
      waiting = frames[below - 1];
    }
    between = kDeadState;
    top = machine.after(waiting, label);
    if (top == kDeadState) return false;
    if (const Call* two = machine.entered(top)) {
      between = two->below;
      top = two->pushed;
    }
  }
}

}  // namespace maskforge
