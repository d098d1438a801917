// Text states: deterministic automata over code points, below the byte layer of text_frames.h.
//
// A text state is either a *language* (what may still follow, and which of the asked languages the whole text will
// belong to) or a *key* (a place in the trie of the keys an object names, see keys.h). Both are interned; a key that
// leaves the trie becomes a language, so the body of an unnamed key and of an unrestricted string value are one state,
// with one mask. Guarded by the machine's mutex. Covered by tests/csrc/test_frames.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/interner.h"
#include "base/short_list.h"
#include "machine/machine.h"
#include "regex/regex.h"

namespace maskforge {

using TextId = std::uint32_t;
inline constexpr TextId kDeadText = 0xFFFFFFFFu;

struct TextEdge {
  char32_t first;
  char32_t last;  // inclusive
  TextId target;  // alive
};

// A key state differs from the language of unnamed keys at the same point only in a few characters.
struct KeyOverlay {
  struct Change {
    char32_t character;
    TextId target;  // kDeadText: the character leads nowhere
  };
  TextId rest = kDeadText;
  ShortList<Change> changes;  // sorted by character
};

// Key states: implemented by the objects (objects.h).
class KeyTexts {
 public:
  virtual ~KeyTexts() = default;
  virtual KeyOverlay key_overlay(std::uint32_t key) = 0;
  virtual Label key_close(std::uint32_t key) = 0;  // kNoLabel: the text may not end here
  // Where the rest is dead, or every text: the words that are read otherwise than in the rest, by Automaton::words().
  virtual bool key_words(std::uint32_t key, TextId& rest, std::vector<WordList::Word>& words) = 0;
  virtual Label key_word_label(std::uint32_t key, std::uint32_t word) = 0;
};

class Texts {
 public:
  Texts(Machine& machine, RegexArena& regexes) : machine_(machine), regexes_(regexes) {}

  // The state that reads texts of `alive` and returns, as verdicts, which of `asked` they belong to. kDeadText when
  // empty.
  TextId language(RegexId alive, const ShortList<RegexId>& asked);
  TextId key(std::uint32_t key, KeyTexts* provider);

  // For a state of an automaton (regex/text_automaton.h): its classes of characters, which stand for edges that need
  // not be made, and where one of them leads (kDeadText: nowhere). Null for any other state.
  const CharClasses* classes(TextId text) const {
    const Record& record = records_[text];
    return record.provider == nullptr ? record.classes : nullptr;
  }
  TextId class_target(TextId text, std::uint32_t character_class);
  // Where one character leads (kDeadText: nowhere), for a language whose edges may never be asked for.
  TextId target_alone(TextId text, char32_t c);
  const std::vector<TextEdge>& edges(TextId text);  // sorted, disjoint; what is left out is dead
  const KeyOverlay* overlay(TextId text);           // null for a language
  Label close(TextId text);                         // kNoLabel when the text may not end here
  // Requires a language: the labels with which a text can end, each once. Nothing where there are more than `most`, or
  // where that is not seen after some time.
  std::optional<ShortList<Label>> endings(TextId text, std::size_t most);
  TextId clip(TextId text, std::uint32_t longest);
  // A language with the same beginnings of texts and without questions, as plain as one is known; a key stays as it is.
  TextId same_prefixes(TextId text);
  // As Automaton::words() has it: for keys, and for languages that are lists of words; `rest` stays dead for these.
  bool words(TextId text, TextId& rest, std::vector<WordList::Word>& words);
  Label word_label(TextId text, std::uint32_t word);
  std::string describe(TextId text) const;
  // Requires a language: the regex of what may follow.
  RegexId alive(TextId text) const { return languages_[records_[text].payload].alive; }
  std::size_t memory_bytes() const { return bytes_ + records_.size() * sizeof(Record); }
  RegexArena& regexes() { return regexes_; }

 private:
  // Of the languages asked, those that the text can still belong to: of hundreds, most are gone after a character.
  struct Asked {
    std::uint32_t position;
    RegexId rest;
    bool operator==(const Asked&) const = default;
  };
  struct Language {
    RegexId alive;
    std::vector<Asked> asked;  // by position
    bool operator==(const Language&) const = default;
  };
  struct LanguageHash {
    std::uint64_t operator()(const Language& l) const {
      std::uint64_t h = mix_hash(1, l.alive);
      for (const Asked& a : l.asked) h = mix_hash(h, (std::uint64_t{a.position} << 32) | a.rest);
      return h;
    }
  };
  struct Record {
    KeyTexts* provider = nullptr;  // null: a language
    std::uint32_t payload = 0;
    bool edges_known = false;
    bool close_known = false;
    bool overlay_known = false;
    KeyOverlay overlay;  // of a key
    Label close = kNoLabel;
    std::vector<TextEdge> edges;
    const CharClasses* classes = nullptr;
    ShortList<TextId> class_targets;  // empty until one is asked for
  };
  TextId intern_language(RegexId alive, std::vector<Asked> asked);
  TextId intern_record(std::uint32_t payload, KeyTexts* provider);
  std::vector<TextEdge> language_edges(std::uint32_t payload);
  std::vector<TextEdge> key_edges(TextId text);
  static constexpr TextId kUnknownText = kDeadText - 1;

  Machine& machine_;
  RegexArena& regexes_;
  Interner<Language, LanguageHash> languages_;
  StableVector<TextId> language_ids_;  // by payload
  StableVector<TextId> key_ids_;
  StableVector<Record> records_;
  std::size_t bytes_ = 0;
};

}  // namespace maskforge
