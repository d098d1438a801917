// Frames that read text: the byte layer over text states. One automaton reads bodies of JSON strings (escapes
// understood, the closing quote returns the text's label), another reads raw UTF-8 (a regex grammar; it is final
// wherever the text may end).
//
// Local states:
// - body: between two characters;
// - branch: inside a UTF-8 sequence of a text that has classes of characters (utf8_classes.h);
// - lead, tail: inside a UTF-8 sequence, `tail` once the character no longer matters, only how many bytes are left;
// - escape: after a backslash;
// - hex, hextail: inside \uXXXX, likewise;
// - low slash, low u, low hex: a high surrogate was read, and the low one must follow as \uDC00 to \uDFFF.
//
// Ill-formed UTF-8, overlong forms and lone surrogates are never produced. Covered by tests/csrc/test_frames.cc.
#pragma once

#include <array>
#include <memory>
#include <unordered_map>

#include "schema/texts.h"
#include "schema/utf8_classes.h"

namespace maskforge {

enum class TextSyntax { kJsonString, kRaw };

class TextFrames : public Automaton {
 public:
  TextFrames(Machine& machine, Texts& texts, TextSyntax syntax);

  // The state between characters. Requires an alive text.
  StateId body(TextId text) { return state({Phase::kBody, 0, text, 0}); }

  const ByteClasses* byte_classes(std::uint32_t local) override;
  Step compute(std::uint32_t local, std::uint8_t byte) override;
  Step compute_alone(std::uint32_t local, std::uint8_t byte) override;
  Label final_label(std::uint32_t local) override;
  StateId clip(std::uint32_t local, StateId self, std::uint32_t longest) override;
  StateId same_prefixes(std::uint32_t local, StateId self) override;
  bool beyond_ascii(std::uint32_t local, BeyondAscii& found) override;
  bool words(std::uint32_t local, WordList& list) override;
  Label word_label(std::uint32_t local, std::uint32_t word) override;
  std::string describe(std::uint32_t local) override;
  std::size_t memory_bytes() const;

 private:
  enum class Phase : std::uint8_t { kBody, kLead, kBranch, kTail, kEscape, kHex, kHexTail, kLowSlash, kLowU, kLowHex };

  struct Local {
    Phase phase;
    std::uint8_t left;  // bytes (kLead, kTail) or hexadecimal digits (kHex, kHexTail, kLowHex) still to read
    TextId text;        // the text state before the character; after it in kTail and kHexTail
    // What was read of the character. kTail: the lead byte, if it restricts the next byte (E0, ED, F0, F4), else 0.
    // kBranch: the branch. kLow*: the high surrogate; kLowHex: high << 16 | read.
    std::uint32_t value;
    bool operator==(const Local&) const = default;
  };
  struct LocalHash {
    std::uint64_t operator()(const Local& l) const {
      return mix_hash(mix_hash((static_cast<std::uint64_t>(l.phase) << 8) | l.left, l.text), l.value);
    }
  };
  // What a byte does, before any state is interned: equal actions are one byte class.
  struct Action {
    enum class Kind : std::uint8_t { kReject, kReturn, kGo } kind = Kind::kReject;
    Local next{Phase::kBody, 0, 0, 0};
    Label label = 0;
    bool operator==(const Action&) const = default;
  };
  struct Plan {
    const ByteClasses* classes = nullptr;
    std::vector<Action> actions;                  // by class
    const Utf8Classes::Branch* branch = nullptr;  // with it, the actions are derived from its entries
  };

  StateId state(const Local& local) { return machine_.intern(automaton_, id_of(local)); }
  std::uint32_t id_of(const Local& local);
  // Sorts bytes into classes of equal actions; class 0 rejects.
  struct Sorter {
    std::array<std::uint8_t, 256> of{};
    std::vector<Action> actions{Action{}};
    std::uint8_t class_of(const Action& action);
    void set(unsigned byte, const Action& action) { of[byte] = class_of(action); }
    void set(unsigned first, unsigned last, const Action& action);
  };
  Plan& plan(std::uint32_t local);
  Utf8Classes& utf8(TextId text);
  bool plan_branch(std::uint32_t id, const Local& local);
  Action branch_action(TextId text, const Utf8Classes::Entry& entry);
  bool any_alive(TextId text, std::span<const std::uint32_t> classes);
  void plan_body(TextId text, Sorter& sorter);
  bool plan_key(TextId text, Sorter& sorter);
  Step step_of(const Action& action);
  Step step_alone(TextId text, std::uint8_t character);  // of a language, on a character of ASCII
  Action close(TextId text);
  Action character(TextId text, char32_t code_point);
  // The action for a byte after which the character lies in [first, last] and `left` more bytes (or hex digits) decide
  // which.
  Action partial(TextId text, char32_t first, char32_t last, std::uint8_t left, std::uint32_t value, bool hex);
  Action hex_digit(const Local& local, std::uint32_t digit);
  Action low_digit(const Local& local, std::uint32_t digit);

  Machine& machine_;
  Texts& texts_;
  TextSyntax syntax_;
  std::uint8_t automaton_;
  Interner<Local, LocalHash> locals_;
  StableVector<std::uint32_t> bodies_;  // by text: 1 + the local id of its body
  StableVector<Plan> plans_;            // by local id
  std::unordered_map<const CharClasses*, std::unique_ptr<Utf8Classes>> utf8_;
  std::size_t action_bytes_ = 0;
};

}  // namespace maskforge
