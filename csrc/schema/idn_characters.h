// What the rules of internationalised host names ask about a character, as classes of characters that they do not tell
// apart. Covered by tests/csrc/test_idn.cc.
#pragma once

#include <cstdint>
#include <vector>

#include "regex/text_automaton.h"

namespace maskforge::formats {

// Bidirectional classes, as far as RFC 5893 tells them apart.
enum class Direction : std::uint8_t {
  kLeft,            // L
  kRight,           // R and AL
  kEuropeanNumber,  // EN
  kArabicNumber,    // AN
  kFiller,          // ES, CS, ET, ON, BN
  kMark,            // NSM
};

// What a character is to the one after it. The values from kFirstComposing on are those that compose with something.
enum Last : std::uint8_t {
  kAtStart,
  kOther,
  kHyphen,
  kSmallL,
  kMiddleDot,  // an l has to follow
  kKeraia,     // a Greek character has to follow
  kHebrew,
  kHebrewMark,  // combining
  kNukta,
  kVirama,
  kThaiVowel,    // U+0E38, U+0E39
  kCombining,    // any other
  kJoinsOnBoth,  // Arabic
  kNonJoiner,    // an Arabic character that joins has to follow
  kFirstComposing,
};
inline constexpr std::uint32_t kLeftEnds = 1u << kMiddleDot | 1u << kKeraia;
inline constexpr std::uint32_t kOpenEnds = kLeftEnds | 1u << kHyphen | 1u << kNonJoiner;  // no label ends on these

// Alphabets within which Punycode is short.
inline constexpr std::uint8_t kNoAlphabet = 0;  // ASCII
inline constexpr std::uint8_t kEastAsian = 14;
inline constexpr std::uint8_t kMixed = 15;  // several, or none of these

struct IdnCharacter {
  enum class Kind : std::uint8_t { kStop, kCapital, kPlain } kind = Kind::kPlain;
  Direction direction = Direction::kLeft;
  std::uint8_t last = kOther;
  std::uint8_t alphabet = kNoAlphabet;
  bool is_kana = false;  // Hiragana, Katakana, Han
  bool needs_kana = false;
  std::uint32_t forbidden_after = 0;  // bit l: it must not follow a character that is Last l
  bool operator==(const IdnCharacter&) const = default;
};

// Fills in the classes of all characters that a name may have; the answer is by class.
std::vector<IdnCharacter> idn_characters(CharClasses& classes);

}  // namespace maskforge::formats
