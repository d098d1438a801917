// See idn_characters.h.
#include "schema/idn_characters.h"

#include <algorithm>
#include <bitset>
#include <iterator>

#include "regex/char_set.h"
#include "regex/unicode.h"
#include "schema/idn_tables.h"

namespace maskforge::formats {
namespace {

using Set = std::vector<CodePointRange>;

Set decode(const std::uint8_t* at, std::size_t size) {
  Set set;
  const std::uint8_t* end = at + size;
  auto number = [&] {
    char32_t value = 0;
    for (int shift = 0;; shift += 7) {
      std::uint8_t byte = *at++;
      value |= static_cast<char32_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
  };
  for (char32_t next = 0; at < end;) {
    char32_t first = next + number();
    char32_t last = first + number();
    set.push_back({first, last});
    next = last + 1;
  }
  return set;
}

// The sets that the rules speak of. Those from kFirstComposes on are the first and second characters of kComposing.
enum Name : unsigned {
  kStops,
  kCapitals,
  kSmallLetters,
  kDigits,
  kHyphens,
  kLetterL,
  kLeft,
  kLeftMarks,
  kMarks,
  kRight,
  kNeutral,
  kExtendedDigits,
  kArabicDigits,
  kZeroWidthJoiner,
  kZeroWidthNonJoiner,
  kMiddleDots,
  kKeraias,
  kKatakanaDot,
  kHebrewSigns,
  kNuktas,
  kViramas,
  kOtherCombining,
  kThaiVowels,
  kThaiTones,
  kGreekScript,
  kHebrewScript,
  kKanaScripts,
  kDual,
  kRightJoining,
  kFirstAlphabet,
  kFirstComposes = kFirstAlphabet + kEastAsian,
};

constexpr CodePointRange kAlphabets[] = {
    {0xDF, 0x17F},  {0x370, 0x3FF}, {0x400, 0x4FF}, {0x531, 0x58F}, {0x591, 0x5FF}, {0x620, 0x6FF},   {0x900, 0x9FF},
    {0xA00, 0xAFF}, {0xB00, 0xBFF}, {0xC00, 0xCFF}, {0xD00, 0xDFF}, {0xE00, 0xEFF}, {0x10D0, 0x10FF}, {0x3000, 0xD7A3}};
static_assert(std::size(kAlphabets) == kEastAsian);

// Neighbours that normal form C would compose.
struct Composing {
  char32_t second;
  std::vector<char32_t> firsts;
};
const Composing kComposing[] = {
    {0x93C, {0x928, 0x930, 0x933}},
    {0x9BE, {0x9C7}},
    {0x9D7, {0x9C7}},
    {0xB3E, {0xB47}},
    {0xB56, {0xB47}},
    {0xB57, {0xB47}},
    {0xBBE, {0xBC6, 0xBC7}},
    {0xBD7, {0xB92, 0xBC6}},
    {0xC56, {0xC46}},
    {0xCC2, {0xCC6}},
    {0xCD5, {0xCBF, 0xCC6, 0xCCA}},
    {0xCD6, {0xCC6}},
    {0xD3E, {0xD46, 0xD47}},
    {0xD57, {0xD46}},
    {0xDCA, {0xDD9, 0xDDC}},
    {0xDCF, {0xDD9}},
    {0xDDF, {0xDD9}},
    {0x102E, {0x1025}},
};
constexpr unsigned kSets = kFirstComposes + 2 * std::size(kComposing);
using Signature = std::bitset<kSets>;

Set scripts(std::initializer_list<const char*> names) {
  Set out;
  for (const char* name : names) {
    CharSet set = unicode_property(name).value();
    out.insert(out.end(), set.begin(), set.end());
  }
  return out;
}

std::vector<Set> all_sets() {
  std::vector<Set> sets(kSets);
  sets[kStops] = {{'.', '.'}, {0x3002, 0x3002}, {0xFF0E, 0xFF0E}, {0xFF61, 0xFF61}};
  sets[kCapitals] = {{'A', 'Z'}};
  sets[kSmallLetters] = {{'a', 'z'}};
  sets[kDigits] = {{'0', '9'}};
  sets[kHyphens] = {{'-', '-'}};
  sets[kLetterL] = {{'l', 'l'}};
  sets[kLeft] = decode(kIdnLeft, kIdnLeftSize);
  sets[kLeftMarks] = decode(kIdnLeftMark, kIdnLeftMarkSize);
  sets[kMarks] = decode(kIdnNonspacingMark, kIdnNonspacingMarkSize);
  sets[kRight] = decode(kIdnRightToLeft, kIdnRightToLeftSize);
  sets[kNeutral] = decode(kIdnNeutral, kIdnNeutralSize);
  sets[kExtendedDigits] = {{0x6F0, 0x6F9}};
  sets[kArabicDigits] = {{0x660, 0x669}};
  sets[kZeroWidthJoiner] = {{0x200D, 0x200D}};
  sets[kZeroWidthNonJoiner] = {{0x200C, 0x200C}};
  sets[kMiddleDots] = {{0xB7, 0xB7}};
  sets[kKeraias] = {{0x375, 0x375}};
  sets[kKatakanaDot] = {{0x30FB, 0x30FB}};
  sets[kHebrewSigns] = {{0x5F3, 0x5F4}};
  sets[kNuktas] = decode(kIdnNukta, kIdnNuktaSize);
  sets[kViramas] = decode(kIdnVirama, kIdnViramaSize);
  sets[kOtherCombining] = decode(kIdnOtherCombining, kIdnOtherCombiningSize);
  sets[kThaiVowels] = {{0xE38, 0xE39}};
  sets[kThaiTones] = {{0xE48, 0xE4B}};
  sets[kGreekScript] = scripts({"Script=Greek"});
  sets[kHebrewScript] = scripts({"Script=Hebrew"});
  sets[kKanaScripts] = scripts({"Script=Hiragana", "Script=Katakana", "Script=Han"});
  sets[kDual] = {{0x620, 0x620}, {0x626, 0x626}, {0x628, 0x628}, {0x62A, 0x62E},
                 {0x633, 0x63F}, {0x641, 0x647}, {0x649, 0x64A}};
  sets[kRightJoining] = {{0x622, 0x625}, {0x627, 0x627}, {0x629, 0x629}, {0x62F, 0x632}, {0x648, 0x648}};
  for (unsigned i = 0; i < kEastAsian; ++i) sets[kFirstAlphabet + i] = {kAlphabets[i]};
  for (unsigned i = 0; i < std::size(kComposing); ++i) {
    for (char32_t first : kComposing[i].firsts) sets[kFirstComposes + 2 * i].push_back({first, first});
    sets[kFirstComposes + 2 * i + 1] = {{kComposing[i].second, kComposing[i].second}};
  }
  return sets;
}

bool allowed(const Signature& in) {
  for (Name name : {kStops, kCapitals, kSmallLetters, kDigits, kHyphens, kLeft, kLeftMarks, kMarks, kRight, kNeutral,
                    kExtendedDigits, kArabicDigits, kZeroWidthJoiner, kZeroWidthNonJoiner, kMiddleDots, kKeraias,
                    kKatakanaDot, kHebrewSigns}) {
    if (in[name]) return true;
  }
  return false;
}

Direction direction(const Signature& in) {
  if (in[kRight] || in[kHebrewSigns]) return Direction::kRight;
  if (in[kDigits] || in[kExtendedDigits]) return Direction::kEuropeanNumber;
  if (in[kArabicDigits]) return Direction::kArabicNumber;
  if (in[kMarks]) return Direction::kMark;
  if (in[kCapitals] || in[kSmallLetters] || in[kLeft] || in[kLeftMarks]) return Direction::kLeft;
  return Direction::kFiller;
}

std::uint64_t composes(const Signature& in, unsigned which) {
  std::uint64_t out = 0;
  for (unsigned i = 0; i < std::size(kComposing); ++i) out |= std::uint64_t{in[kFirstComposes + 2 * i + which]} << i;
  return out;
}

// `composing`: the sets of entries of kComposing in which one character is first, in the order of their Last.
std::uint8_t as_last(const Signature& in, std::vector<std::uint64_t>& composing) {
  static constexpr std::pair<Name, Last> kNamed[] = {
      {kHyphens, kHyphen},       {kLetterL, kSmallL},   {kMiddleDots, kMiddleDot},
      {kKeraias, kKeraia},       {kNuktas, kNukta},     {kViramas, kVirama},
      {kThaiVowels, kThaiVowel}, {kDual, kJoinsOnBoth}, {kZeroWidthNonJoiner, kNonJoiner}};
  for (auto [name, last] : kNamed) {
    if (in[name]) return last;
  }
  if (in[kOtherCombining]) return in[kHebrewScript] ? kHebrewMark : kCombining;
  if (in[kHebrewScript]) return kHebrew;
  const std::uint64_t first = composes(in, 0);
  if (first == 0) return kOther;
  auto known = std::ranges::find(composing, first);
  if (known == composing.end()) known = composing.insert(composing.end(), first);
  return static_cast<std::uint8_t>(kFirstComposing + (known - composing.begin()));
}

// RFC 5891, section 4.2.3; RFC 5892, appendix A; normal form C.
std::uint32_t forbidden_after(const Signature& in, const std::vector<std::uint64_t>& composing) {
  auto bits = [](std::initializer_list<Last> lasts) {
    std::uint32_t out = 0;
    for (Last last : lasts) out |= 1u << last;
    return out;
  };
  const std::uint32_t marks = bits({kVirama, kThaiVowel, kCombining, kHebrewMark});
  std::uint32_t out = 0;
  if (!in[kLetterL]) out |= bits({kMiddleDot});
  if (!in[kGreekScript]) out |= bits({kKeraia});
  if (!in[kDual] && !in[kRightJoining]) out |= bits({kNonJoiner});
  if (in[kHyphens] || in[kLeftMarks] || in[kMarks]) out |= bits({kAtStart});
  if (in[kMiddleDots]) out |= ~bits({kSmallL});
  if (in[kHebrewSigns]) out |= ~bits({kHebrew, kHebrewMark});
  if (in[kZeroWidthJoiner]) out |= ~bits({kVirama});
  if (in[kZeroWidthNonJoiner]) out |= ~bits({kVirama, kJoinsOnBoth});
  // Marks in the wrong order; nukta and virama, Thai vowel and tone are in the right one.
  if (in[kNuktas]) out |= marks | bits({kNukta});
  if (in[kViramas]) out |= marks;
  if (in[kOtherCombining]) out |= (in[kThaiTones] ? marks & ~bits({kThaiVowel}) : marks) | bits({kNukta});
  const std::uint64_t second = composes(in, 1);
  for (std::size_t i = 0; i < composing.size(); ++i) {
    if ((composing[i] & second) != 0) out |= 1u << (kFirstComposing + i);
  }
  return out;
}

IdnCharacter character(const Signature& in, std::vector<std::uint64_t>& composing) {
  IdnCharacter out;
  if (in[kStops]) {
    out.kind = IdnCharacter::Kind::kStop;
    return out;
  }
  if (in[kCapitals]) out.kind = IdnCharacter::Kind::kCapital;
  out.direction = direction(in);
  out.last = as_last(in, composing);
  out.is_kana = in[kKanaScripts];
  out.needs_kana = in[kKatakanaDot];
  if (!in[kCapitals] && !in[kSmallLetters] && !in[kDigits] && !in[kHyphens]) {
    out.alphabet = kMixed;
    for (unsigned i = 0; i < kEastAsian; ++i) {
      if (in[kFirstAlphabet + i]) out.alphabet = static_cast<std::uint8_t>(i + 1);
    }
  }
  return out;
}

struct Cut {
  char32_t at;
  unsigned set;
};

}  // namespace

std::vector<IdnCharacter> idn_characters(CharClasses& classes) {
  std::vector<Set> sets = all_sets();
  std::vector<Cut> cuts;
  for (unsigned i = 0; i < kSets; ++i) {
    normalise(sets[i]);
    for (CodePointRange range : sets[i]) {
      cuts.push_back({range.first, i});
      cuts.push_back({range.last + 1, i});
    }
  }
  std::ranges::sort(cuts, {}, &Cut::at);
  struct Piece {
    char32_t first, last;
    Signature in;
  };
  std::vector<Piece> pieces;
  std::vector<std::uint64_t> composing;
  Signature in;
  for (std::size_t i = 0; i < cuts.size();) {
    const char32_t at = cuts[i].at;
    for (; i < cuts.size() && cuts[i].at == at; ++i) in.flip(cuts[i].set);
    if (i == cuts.size() || !allowed(in)) continue;
    pieces.push_back({at, cuts[i].at - 1, in});
    if (!in[kStops]) as_last(in, composing);  // all of `composing` must be known before the first forbidden_after()
  }
  std::vector<IdnCharacter> found;
  for (const Piece& piece : pieces) {
    IdnCharacter what = character(piece.in, composing);
    if (what.kind != IdnCharacter::Kind::kStop) what.forbidden_after = forbidden_after(piece.in, composing);
    auto known = std::ranges::find(found, what);
    const std::uint32_t id = static_cast<std::uint32_t>(known - found.begin());
    if (known == found.end()) found.push_back(what);
    if (!classes.ranges.empty() && classes.ranges.back().id == id && classes.ranges.back().last + 1 == piece.first) {
      classes.ranges.back().last = piece.last;
    } else {
      classes.ranges.push_back({piece.first, piece.last, id});
    }
  }
  classes.count = static_cast<std::uint32_t>(found.size());
  return found;
}

}  // namespace maskforge::formats
