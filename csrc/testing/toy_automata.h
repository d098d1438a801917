// Small machines with every trait that masks have to cope with, for tests; not shipped.
//
//   RandomAutomaton   arbitrary steps, calls, returns and final labels over a few byte classes; where a frame has
//                     returned, all that a machine knows: another state, two frames, returning as well, the end
//   ToyString         a string body with escapes and full UTF-8, driven by a random automaton over character classes
//   ToyKeys           a key body: some names, and "any other key"
//   ToyCounter        at most n bytes of one class, with clipping
//   ToyObject         {"key": value, ...} whose unnamed keys matter later (suspects)
// Each is covered by being used in tests/csrc/test_masks.cc.
#pragma once

#include <array>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/short_list.h"
#include "machine/machine.h"

namespace maskforge::testing {

using Random = std::mt19937;

inline std::uint32_t below(Random& random, std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); }

class ToyAutomaton : public Automaton {
 public:
  explicit ToyAutomaton(Machine& machine) : machine_(machine), self_(machine.add_automaton(this)) {
    std::array<std::uint8_t, 256> each;
    for (unsigned b = 0; b < 256; ++b) each[b] = static_cast<std::uint8_t>(b);
    classes_ = machine.intern_classes(each);
  }
  const ByteClasses* byte_classes(std::uint32_t) override { return classes_; }
  std::string describe(std::uint32_t local) override { return "toy " + std::to_string(local); }
  StateId state(std::uint32_t local, bool wants_text = false) { return machine_.intern(self_, local, wants_text); }

 protected:
  Step stay(std::uint32_t local) { return Step::stay(state(local)); }
  Machine& machine_;
  std::uint8_t self_;
  const ByteClasses* classes_;
};

class RandomAutomaton : public ToyAutomaton {
 public:
  RandomAutomaton(Machine& machine, Random& random, std::uint32_t locals) : ToyAutomaton(machine), locals_(locals) {
    for (unsigned& c : class_of_) c = below(random, kClasses);
    for (std::uint32_t local = 0; local < locals; ++local) {
      std::array<Choice, kClasses> row;
      for (Choice& choice : row) {
        std::uint32_t kind = below(random, 20);
        choice = {kind < 12   ? 's'
                  : kind < 14 ? 'c'
                  : kind < 16 ? 'r'
                              : 'x',
                  below(random, locals), below(random, locals), below(random, locals), below(random, 4) == 0};
      }
      rows_.push_back(row);
      finals_.push_back(below(random, 4) == 0 ? below(random, 3) : kNoLabel);
      std::array<After, 3> after;
      for (After& target : after) {
        std::uint32_t kind = below(random, 20);
        target = {kind < 10   ? 's'
                  : kind < 13 ? 'e'
                  : kind < 16 ? 'l'
                              : 'x',
                  below(random, locals), below(random, locals)};
      }
      afters_.push_back(after);
    }
  }
  Step compute(std::uint32_t local, std::uint8_t byte) override {
    const Choice& choice = rows_[local][class_of_[byte]];
    switch (choice.kind) {
      case 's':
        return stay(choice.first);
      case 'c':
        return machine_.call(state(choice.first),
                             choice.two ? enter(choice.second, choice.third) : state(choice.second));
      case 'r':
        return Step::returns(choice.first % 3);
      default:
        return Step::reject();
    }
  }
  Label final_label(std::uint32_t local) override { return finals_[local]; }
  StateId after(std::uint32_t local, Label label) override {
    const After& after = afters_[local][label % 3];
    switch (after.kind) {
      case 's':
        return state(after.first);
      case 'e':
        return enter(after.first, after.second);
      case 'l':
        return machine_.leave(after.first % 3);
      default:
        return kDeadState;
    }
  }
  std::uint32_t locals() const { return locals_; }

 private:
  static constexpr unsigned kClasses = 7;
  struct Choice {
    char kind;
    std::uint32_t first, second, third;
    bool two;
  };
  struct After {
    char kind;
    std::uint32_t first, second;
  };
  // A frame that is over before it reads anything could come again and again.
  StateId enter(std::uint32_t waiting, std::uint32_t pushed) {
    return finals_[pushed] == kNoLabel ? machine_.enter(state(waiting), state(pushed)) : state(waiting);
  }
  std::uint32_t locals_;
  std::array<unsigned, 256> class_of_{};
  std::vector<std::array<Choice, kClasses>> rows_;
  ShortList<std::uint32_t> finals_;
  std::vector<std::array<After, 3>> afters_;
};

// Local: character state * 64 + utf8 phase. Phase 0: between characters; 1: behind a backslash; others: inside a
// character.
class ToyString : public ToyAutomaton {
 public:
  static constexpr std::uint32_t kStates = 5;
  ToyString(Machine& machine, Random& random) : ToyAutomaton(machine) {
    for (std::uint32_t q = 0; q < kStates; ++q) {
      bool steady = below(random, 3) != 0;
      for (std::uint32_t& target : next_[q]) {
        target = below(random, 8) == 0 ? kStates : below(random, 3) == 0 && !steady ? below(random, kStates) : q;
      }
      accepts_[q] = below(random, 3) != 0;
    }
  }
  Step compute(std::uint32_t local, std::uint8_t byte) override {
    std::uint32_t q = local / 64;
    std::uint32_t phase = local % 64;
    if (phase == 1) {
      if (byte == '"' || byte == '\\' || byte == 'n' || byte == '/') return step_to(q, 4);
      return Step::reject();
    }
    if (phase != 0) {
      static constexpr std::uint8_t kLow[] = {0x80, 0xA0, 0x80, 0x90, 0x80};
      static constexpr std::uint8_t kHigh[] = {0xBF, 0xBF, 0x9F, 0xBF, 0x8F};
      std::uint32_t more = (phase - 2) / 5;
      std::uint32_t range = (phase - 2) % 5;
      if (byte < kLow[range] || byte > kHigh[range]) return Step::reject();
      return more == 0 ? stay(q * 64) : stay(q * 64 + 2 + (more - 1) * 5);
    }
    if (byte < 0x20) return Step::reject();
    if (byte == '"') return accepts_[q] ? Step::returns(q % 2) : Step::reject();
    if (byte == '\\') return stay(q * 64 + 1);
    if (byte < 0x80)
      return step_to(q, byte >= 'a' && byte <= 'z' ? 0 : byte >= '0' && byte <= '9' ? 1 : byte == ' ' ? 2 : 3);
    if (byte < 0xC2 || byte > 0xF4) return Step::reject();
    std::uint32_t more = byte < 0xE0 ? 0 : byte < 0xF0 ? 1 : 2;
    std::uint32_t range = byte == 0xE0 ? 1 : byte == 0xED ? 2 : byte == 0xF0 ? 3 : byte == 0xF4 ? 4 : 0;
    std::uint32_t target = next_[q][5 + more];
    return target == kStates ? Step::reject() : stay(target * 64 + 2 + more * 5 + range);
  }

 private:
  Step step_to(std::uint32_t q, unsigned symbol) {
    return next_[q][symbol] == kStates ? Step::reject() : stay(next_[q][symbol] * 64);
  }
  std::array<std::array<std::uint32_t, 8>, kStates> next_{};
  std::array<bool, kStates> accepts_{};
};

// Local 0: a key that is none of the names. Others: a prefix of a name.
class ToyKeys : public ToyAutomaton {
 public:
  ToyKeys(Machine& machine, std::vector<std::string> names)
      : ToyAutomaton(machine), names_(std::move(names)), prefixes_{"?", ""} {}
  std::uint32_t start() const { return 1; }
  Step compute(std::uint32_t local, std::uint8_t byte) override {
    if (byte < 0x20 || byte == '\\') return Step::reject();
    if (byte == '"') {
      for (std::uint32_t i = 0; i < names_.size(); ++i) {
        if (local != 0 && prefixes_[local] == names_[i]) return Step::returns(named_label(i));
      }
      return Step::returns(0);
    }
    if (local == 0) return stay(0);
    std::string longer = prefixes_[local] + static_cast<char>(byte);
    for (const std::string& name : names_) {
      if (!name.starts_with(longer)) continue;
      for (std::uint32_t i = 1; i < prefixes_.size(); ++i) {
        if (prefixes_[i] == longer) return stay(i);
      }
      prefixes_.push_back(longer);
      return stay(static_cast<std::uint32_t>(prefixes_.size() - 1));
    }
    return stay(0);
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::string> prefixes_;
};

// Local n: n more bytes from 0x20 on may follow; any of them may be left out. kFree: as many as you like.
class ToyCounter : public ToyAutomaton {
 public:
  static constexpr std::uint32_t kFree = 1000;
  enum class Kind {
    kClipping,  // ends with a quote
    kAscii,  // the same, but no bytes beyond ASCII, and masks have to find out by themselves how far a counter reaches
    kOpen,   // ASCII but for the comma and the brace; may end anywhere without a byte
  };
  explicit ToyCounter(Machine& machine, Kind kind = Kind::kClipping) : ToyAutomaton(machine), kind_(kind) {}
  Step compute(std::uint32_t local, std::uint8_t byte) override {
    if (byte == '"' && kind_ != Kind::kOpen) return Step::returns(0);
    if (byte < 0x20 || local == 0 || (kind_ != Kind::kClipping && byte >= 0x80)) return Step::reject();
    if (kind_ == Kind::kOpen && (byte == ',' || byte == '}')) return Step::reject();
    return stay(local == kFree ? kFree : local - 1);
  }
  Label final_label(std::uint32_t) override { return kind_ == Kind::kOpen ? 0 : kNoLabel; }
  StateId clip(std::uint32_t local, StateId self, std::uint32_t longest) override {
    return kind_ == Kind::kClipping && local != kFree && local > longest ? state(kFree) : self;
  }

 private:
  Kind kind_;
};

// Locals: 0 before a key, 1 waiting for a key, 2 waiting for a value, 3 behind a value, 4 + v + 3 * i the colon behind
// a key, whose value has kind i; v: 0 unknown, 1 short unnamed key, 2 long or named key. Only behind a long key may a
// `{` follow the colon.
class ToyObject : public ToyAutomaton {
 public:
  explicit ToyObject(Machine& machine) : ToyAutomaton(machine) {}
  StateId key = 0;
  ShortList<StateId> strings;  // bodies by kind of value
  StateId space = 0;           // a frame that is final
  Step compute(std::uint32_t local, std::uint8_t byte) override {
    if (byte == ' ' && space != 0) return machine_.call(state(local), space);
    if (local == 0 && byte == '"') return machine_.call(state(1, true), key);
    if (local == 3 && byte == ',') return stay(0);
    if ((local == 0 || local == 3) && byte == '}') return Step::returns(7);
    if (local >= 1000) {
      std::uint32_t kind = (local - 1000) / 3;
      std::uint32_t known = (local - 1000) % 3;
      if (byte == '"') return machine_.call(state(2), strings[kind % strings.size()]);
      if (byte == '{')
        return known == 0 ? Step::suspect() : known == 2 ? machine_.call(state(2), state(0)) : Step::reject();
      return Step::reject();
    }
    if (local >= 4 && byte == ':') return stay(1000 + local - 4);
    return Step::reject();
  }
  StateId after(std::uint32_t local, Label label) override {
    if (local == 1) return state(4 + (is_named(label) ? 2 + 3 * (1 + name_index(label)) : 0));
    if (local == 2) return state(3);
    return state(local);  // the space is over
  }
  StateId after_text(std::uint32_t local, Label label, std::string_view text) override {
    if (local == 1 && !is_named(label)) return state(4 + (text.size() > 5 ? 2 : 1));
    return after(local, label);
  }
};

// A frame of at most four spaces.
class ToySpace : public ToyAutomaton {
 public:
  explicit ToySpace(Machine& machine) : ToyAutomaton(machine) {}
  Step compute(std::uint32_t local, std::uint8_t byte) override {
    return byte == ' ' && local < 4 ? stay(local + 1) : Step::reject();
  }
  Label final_label(std::uint32_t) override { return 0; }
};

// Tokens in the manner of a real vocabulary: words, most with a space before, numbers, punctuation with quotes, whole
// and broken UTF-8, single bytes, duplicates and empty tokens.
inline std::vector<std::string> toy_tokens(Random& random, std::size_t count, unsigned letters) {
  static const std::vector<std::string> kPieces = {"\"",
                                                   "\":",
                                                   "\", \"",
                                                   "\"}",
                                                   "{\"",
                                                   "}",
                                                   ",",
                                                   ":",
                                                   " ",
                                                   "  ",
                                                   "\\",
                                                   "\\n",
                                                   "\\\"",
                                                   "\xC3\xA9",
                                                   "\xE4\xB8\xAD",
                                                   "\xF0\x9F\x98\x80",
                                                   "\xC3",
                                                   "\xE4\xB8",
                                                   "\xF0\x9F",
                                                   "\xA9",
                                                   "\xB8\xAD",
                                                   "\xFF",
                                                   "\xED\xA0\x80",
                                                   "\x01",
                                                   "-",
                                                   "_",
                                                   "(",
                                                   ")"};
  std::vector<std::string> tokens;
  for (unsigned b = 0; b < 256 && tokens.size() < count; ++b) tokens.push_back(std::string(1, static_cast<char>(b)));
  while (tokens.size() < count) {
    std::string token;
    if (below(random, 5) < 2) token.push_back(' ');
    std::uint32_t parts = 1 + below(random, 3);
    for (std::uint32_t p = 0; p < parts; ++p) {
      if (below(random, 4) == 0) {
        token += kPieces[below(random, static_cast<std::uint32_t>(kPieces.size()))];
        continue;
      }
      std::uint32_t length = 1 + below(random, 5);
      bool digits = below(random, 5) == 0;
      for (std::uint32_t i = 0; i < length; ++i) {
        token += static_cast<char>(digits ? '0' + below(random, 10) : 'a' + below(random, letters));
      }
    }
    if (below(random, 60) == 0) {  // longer than what proofs about counters cover
      std::uint32_t more = 15 + below(random, 25);
      for (std::uint32_t i = 0; i < more; ++i) token += static_cast<char>('a' + below(random, 2));
      if (below(random, 3) == 0) token += "\"}";
    }
    if (below(random, 40) == 0) token.clear();
    tokens.push_back(token);
  }
  return tokens;
}

}  // namespace maskforge::testing
