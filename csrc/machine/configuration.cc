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
void note_frame(const ShortList<StateId>& frames, Journal* journal) {
  if (journal == nullptr || frames.size() > journal->kept) return;
  journal->frames.push_back(frames.back());
  --journal->kept;
}

// The last capture is about to end.
void note_capture(const Configuration& at, Journal* journal) {
  if (journal == nullptr || at.captures.size() > journal->captures_kept) return;
  journal->captures.push_back(at.captures.back());
  --journal->captures_kept;
  if (at.captures.size() > 1 || journal->text_saved) return;
  journal->text.assign(at.text, 0, journal->text_size);
  journal->text_saved = true;
}

}  // namespace

void Configuration::mark(Journal& journal) const {
  journal.kept = static_cast<std::uint32_t>(frames.size());
  journal.frames.clear();
  journal.captures_kept = static_cast<std::uint32_t>(captures.size());
  journal.captures.clear();
  journal.text_size = static_cast<std::uint32_t>(text.size());
  journal.text_saved = false;
  journal.text.clear();
}

void Configuration::restore(const Journal& journal) {
  frames.resize(journal.kept);
  frames.insert(frames.end(), journal.frames.rbegin(), journal.frames.rend());
  captures.resize(journal.captures_kept);
  captures.insert(captures.end(), journal.captures.rbegin(), journal.captures.rend());
  if (journal.text_saved) {
    text = journal.text;
  } else {
    text.resize(journal.text_size);
  }
}

// The callee has been popped; `consumed`: it read the byte that is the last of the text.
bool Configuration::resume(Machine& machine, Label label, bool consumed, Journal* journal) {
  // Bounded: every round but the last pops a frame.
  for (;;) {
    StateId waiting = frames.back();
    StateId next;
    if (machine.wants_text(waiting)) {
      std::size_t begin = captures.back();
      std::size_t end = text.size() - (consumed ? 0 : 1);
      next = is_named(label) ? machine.after(waiting, label)
                             : machine.after_text(waiting, label, std::string_view(text).substr(begin, end - begin));
      note_capture(*this, journal);
      captures.pop_back();
      if (captures.empty()) text.clear();
    } else {
      next = machine.after(waiting, label);
    }
    if (next == kDeadState) return false;
    note_frame(frames, journal);
    label = machine.left_with(next);
    if (label == kNoLabel) {
      replace_top(machine, next);
      return true;
    }
    frames.pop_back();
    if (frames.empty()) return consumed;
  }
}

bool Configuration::advance(Machine& machine, std::uint8_t byte, Journal* journal) {
  if (!captures.empty()) text.push_back(static_cast<char>(byte));
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
          if (captures.empty()) text.assign(1, static_cast<char>(byte));
          captures.push_back(static_cast<std::uint32_t>(text.size() - 1));
        }
        replace_top(machine, call.pushed);
        return true;
      }
      case StepKind::kReturn:
        note_frame(frames, journal);
        frames.pop_back();
        return frames.empty() || resume(machine, step.operand(), true, journal);
      default: {
        Label label = machine.final_label(top);
        if (label == kNoLabel || frames.size() == 1) return false;
        note_frame(frames, journal);
        frames.pop_back();
        if (!resume(machine, label, false, journal)) return false;
      }
    }
  }
  return false;
}

void Configuration::replace_top(Machine& machine, StateId next) {
  if (const Call* two = machine.entered(next)) {
    frames.back() = two->below;
    frames.push_back(two->pushed);
    if (machine.wants_text(two->below)) captures.push_back(static_cast<std::uint32_t>(text.size()));
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
    for (; label != kNoLabel; label = machine.left_with(top)) {
      StateId waiting = between;
      if (between == kDeadState) {
        if (--below == 0) return true;
        waiting = frames[below - 1];
      }
      between = kDeadState;
      top = machine.after(waiting, label);
      if (top == kDeadState) return false;
    }
    if (const Call* two = machine.entered(top)) {
      between = two->below;
      top = two->pushed;
    }
  }
}

}  // namespace maskforge
