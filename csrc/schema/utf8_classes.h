// UTF-8 over a partition of characters into classes: what each byte says about the class of the character it is part
// of. Made once for a partition, piece by piece as bytes are asked for, and shared by every state of an automaton
// (regex/text_automaton.h). Guarded by the machine's mutex. Covered by tests/csrc/test_text_automaton.cc.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/short_list.h"
#include "base/stable_vector.h"
#include "machine/machine.h"
#include "regex/text_automaton.h"

namespace maskforge {

class Utf8Classes {
 public:
  static constexpr std::uint32_t kNoClass = 0xFFFFFFFFu;

  // What a byte leads to.
  struct Entry {
    enum class Kind : std::uint8_t {
      kReject,  // no character of any class
      kClass,   // a character of the class `target` once `left` more bytes are read, whichever continuations they are
      kBranch,  // the branch `target`
      kQuote,
      kBackslash,
    } kind = Kind::kReject;
    std::uint8_t left = 0;
    std::uint32_t target = 0;
    bool operator==(const Entry&) const = default;
  };
  // A place before or inside a character.
  struct Branch {
    const ByteClasses* bytes = nullptr;
    std::vector<Entry> entries;        // by byte class
    ShortList<std::uint32_t> classes;  // that occur below, sorted
  };

  // `json`: quote, backslash and control characters are no characters of the text.
  Utf8Classes(Machine& machine, const CharClasses& classes, bool json);

  static constexpr std::uint32_t kRoot = 0;
  const Branch& branch(std::uint32_t index);
  // The classes that occur below a branch. Cheaper than branch().
  std::span<const std::uint32_t> classes_below(std::uint32_t index) const { return branches_[index].classes; }
  std::uint32_t class_of(char32_t c) const;  // kNoClass: not in the language at all
  std::size_t memory_bytes() const { return bytes_; }

 private:
  struct Interval {  // of the characters that begin with the bytes read
    char32_t first;
    char32_t last;
    std::uint8_t left;  // bytes
  };
  // What is known of characters of an interval: no class, one class, or a branch that is made for it.
  Entry entry(Interval interval);
  void fill(std::uint32_t index);
  void fill_root(std::vector<Entry>& by_byte);
  std::size_t first_range(char32_t c) const;  // the range that holds `c`, or the first after it

  Machine& machine_;
  const CharClasses& partition_;
  const bool json_;
  StableVector<Branch> branches_;
  std::vector<Interval> intervals_;  // by branch; the root's means nothing
  std::size_t bytes_ = 0;
};

}  // namespace maskforge
