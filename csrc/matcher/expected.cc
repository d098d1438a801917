// Matcher::expected(): what may come next, in words. Slow (tries all 256 bytes) and only for diagnostics.
// Covered by tests/csrc/test_matcher.cc and tests/matcher/test_matcher.py.
#include <array>
#include <cstdio>

#include "base/fuel.h"
#include "base/stack.h"
#include "matcher/matcher.h"

namespace maskforge {

namespace {

std::string byte_name(unsigned byte) {
  switch (byte) {
    case ' ':
      return "space";
    case '\t':
      return "tab";
    case '\n':
      return "newline";
    case '\r':
      return "carriage return";
  }
  char text[8];
  if (byte > 0x20 && byte < 0x7F) {
    std::snprintf(text, sizeof text, byte == '\'' ? "\"%c\"" : "'%c'", static_cast<int>(byte));
  } else {
    std::snprintf(text, sizeof text, "0x%02X", byte);
  }
  return text;
}

// Ranges never run across these, so that `'0'-'9'` and `'a'-'z'` stay recognisable.
bool may_join(unsigned byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte >= 0x80 ||
         byte < 0x20;
}

std::string list_bytes(const std::array<bool, 256>& allowed) {
  std::size_t count = 0;
  for (bool yes : allowed) count += yes;
  if (count == 256) return "any byte";
  std::string list;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (!allowed[byte]) continue;
    unsigned last = byte;
    while (last < 255 && allowed[last + 1] && may_join(byte) == may_join(last + 1) && (may_join(byte) || count > 64))
      ++last;
    if (!list.empty()) list += ", ";
    list += byte_name(byte);
    if (last > byte) list += (last == byte + 1 ? ", " : "-") + byte_name(last);
    byte = last;
  }
  return list;
}

}  // namespace

std::string Matcher::expected() {
  std::lock_guard lock(mutex_);
  if (terminated_) return "nothing: the sequence has ended";
  return with_enough_stack([&] { return expected_locked(); });
}

std::string Matcher::expected_locked() {
  FuelScope fuel(generation_->options().fill_fuel);
  Machine& machine = generation_->machine();
  bool accepting = configuration_.accepting(machine);
  const std::string end = "the end of the text";
  if (configuration_.frames.empty()) return end;

  std::array<bool, 256> allowed{};
  std::string list;
  for (unsigned byte = 0; byte < 256; ++byte) {
    configuration_.mark(journal_);
    try {
      allowed[byte] = configuration_.advance(machine, static_cast<std::uint8_t>(byte), &journal_);
    } catch (...) {
      configuration_.restore(journal_);
      throw;
    }
    configuration_.restore(journal_);
  }
  list = list_bytes(allowed);
  if (list.empty()) return end;
  std::string text;
  for (std::size_t top = configuration_.frames.size(); text.empty() && top > 0; --top)
    text = machine.describe(configuration_.frames[top - 1]);
  if (!text.empty()) text += ": ";
  text += list;
  return accepting ? text + ", or " + end : text;
}

}  // namespace maskforge
