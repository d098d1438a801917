// Internationalised host names: RFC 5890 to 5893. Covered by tests/csrc/test_idn.cc and tests/csrc/test_formats.cc.
//
// Every name that is accepted is valid: characters by the tables, context rules, the Bidi rule, normal form C, hyphens,
// lengths. Left out are:
// - A-labels ("xn--..."), as in formats_net.cc;
// - labels whose Punycode *might* be longer than 63 octets, by the bounds in label_fits, and longer names by those in
// name_fits;
// - combining marks that could break normal form C: those that compose with a letter before them, and most sequences of
// two;
// - a zero width non-joiner between other letters than those of basic Arabic that join;
// - characters younger than the tables.
//
// The rules count characters of the label and the name, and remember the alphabet, the direction and the character
// before, all at once. As a term that is thousands of large derivatives; as an automaton (regex/text_automaton.h) it is
// one number per state and a few comparisons per step.
#include <algorithm>
#include <unordered_map>

#include "base/stack.h"
#include "schema/format_parts.h"
#include "schema/idn_characters.h"

namespace maskforge::formats {
namespace {

// What the Bidi rule (RFC 5893, section 2) makes of the name so far. One right-to-left character anywhere puts every
// label under the rule, those before it as well.
enum class Bidi : std::uint8_t {
  // before a label
  kOpen,       // every label so far keeps the rule, and none needs to yet
  kLeftOnly,   // a label broke it: no right-to-left character may come any more. Inside a label the same.
  kUnderRule,  // there was a right-to-left character
  // inside a label that begins with a letter from left to right; "filled": it must not end here under the rule
  kOpenLeft,
  kOpenLeftFilled,
  kRuleLeft,
  kRuleLeftFilled,
  // inside a label that begins with a letter from right to left: which digits it has
  kRight,
  kRightEuropean,
  kRightArabic,
  kRightFilled,
  kRightEuropeanFilled,
  kRightArabicFilled,
  kBroken,
};

// Katakana's middle dot needs a character of the Japanese scripts somewhere in its label.
enum class Kana : std::uint8_t { kNone, kNeeded, kSeen };

// Where a name stands. Numbers are capped where more of them makes no difference, so that equal rests are one state.
struct Place {
  unsigned characters = 0;  // of the label
  unsigned beyond = 0;      // of these, beyond ASCII
  unsigned alphabet = kNoAlphabet;
  unsigned total = 0;   // characters of the name
  unsigned labels = 1;  // begun
  unsigned last = kAtStart;
  Bidi bidi = Bidi::kOpen;
  Kana kana = Kana::kNone;
  bool capital = false;        // the label has a capital letter: it stays within ASCII
  bool international = false;  // the name has a character beyond ASCII, full stops apart

  TextAutomaton::State pack() const {
    TextAutomaton::State out = characters;
    auto add = [&](unsigned bits, unsigned value) { out = out << bits | value; };
    add(4, beyond);
    add(4, alphabet);
    add(8, total);
    add(3, labels);
    add(5, last);
    add(4, static_cast<unsigned>(bidi));
    add(2, static_cast<unsigned>(kana));
    add(1, capital);
    add(1, international);
    return out;
  }
  static Place unpack(TextAutomaton::State packed) {
    Place place;
    auto take = [&](unsigned bits) {
      const unsigned value = static_cast<unsigned>(packed & ((1u << bits) - 1));
      packed >>= bits;
      return value;
    };
    place.international = take(1);
    place.capital = take(1);
    place.kana = static_cast<Kana>(take(2));
    place.bidi = static_cast<Bidi>(take(4));
    place.last = take(5);
    place.labels = take(3);
    place.total = take(8);
    place.alphabet = take(4);
    place.beyond = take(4);
    place.characters = take(6);
    return place;
  }
};

bool is_filled(Bidi bidi) {
  return bidi == Bidi::kRuleLeftFilled || (bidi >= Bidi::kRightFilled && bidi <= Bidi::kRightArabicFilled);
}

Bidi begin_label(Bidi before, Direction direction) {
  const bool right_to_left = direction == Direction::kRight || direction == Direction::kArabicNumber;
  if (before == Bidi::kLeftOnly) return right_to_left ? Bidi::kBroken : Bidi::kLeftOnly;
  if (direction == Direction::kRight) return Bidi::kRight;
  if (direction == Direction::kLeft) return before == Bidi::kOpen ? Bidi::kOpenLeft : Bidi::kRuleLeft;
  // A label that begins with a digit or a sign keeps the rule in no name.
  return before == Bidi::kOpen && !right_to_left ? Bidi::kLeftOnly : Bidi::kBroken;
}

Bidi go_on_right(Bidi bidi, Direction direction) {
  const bool european = bidi == Bidi::kRightEuropean || bidi == Bidi::kRightEuropeanFilled;
  const bool arabic = bidi == Bidi::kRightArabic || bidi == Bidi::kRightArabicFilled;
  const Bidi plain = european ? Bidi::kRightEuropean : arabic ? Bidi::kRightArabic : Bidi::kRight;
  switch (direction) {
    case Direction::kLeft:
      return Bidi::kBroken;
    case Direction::kRight:
      return plain;
    case Direction::kEuropeanNumber:
      return arabic ? Bidi::kBroken : Bidi::kRightEuropean;
    case Direction::kArabicNumber:
      return european ? Bidi::kBroken : Bidi::kRightArabic;
    case Direction::kFiller:
      return european ? Bidi::kRightEuropeanFilled : arabic ? Bidi::kRightArabicFilled : Bidi::kRightFilled;
    case Direction::kMark:
      return bidi;
  }
  return Bidi::kBroken;
}

Bidi go_on(Bidi bidi, Direction direction) {
  if (bidi >= Bidi::kRight) return go_on_right(bidi, direction);
  if (direction == Direction::kRight || direction == Direction::kArabicNumber) return Bidi::kBroken;
  if (bidi == Bidi::kLeftOnly || direction == Direction::kMark) return bidi;
  const bool open = bidi == Bidi::kOpenLeft || bidi == Bidi::kOpenLeftFilled;
  if (direction == Direction::kFiller) return open ? Bidi::kOpenLeftFilled : Bidi::kRuleLeftFilled;
  return open ? Bidi::kOpenLeft : Bidi::kRuleLeft;
}

Bidi end_label(Bidi bidi) {
  if (is_filled(bidi)) return Bidi::kBroken;
  if (bidi == Bidi::kOpenLeft) return Bidi::kOpen;
  if (bidi == Bidi::kLeftOnly || bidi == Bidi::kOpenLeftFilled) return Bidi::kLeftOnly;
  return Bidi::kUnderRule;
}

// At most 63 octets as an A-label. tools/punycode_limits.py finds how long a label may be for that: any one of at most
// 14 characters, and one of at most 22 within one alphabet, where most distances between characters take two digits;
// more where only a few are beyond ASCII.
bool label_fits(const Place& place) {
  const unsigned beyond = place.beyond, all = place.characters;
  if (beyond == 0) return all <= 63;
  if (all <= 14 || (beyond <= 4 && all <= 30) || (beyond <= 1 && all <= 51)) return true;
  if (place.alphabet == kMixed) return false;
  if (place.alphabet == kEastAsian) return beyond <= 5 && all <= 32;
  return all <= 22 || (beyond <= 9 && all <= 29) || (beyond <= 5 && all <= 41);
}

// At most 253 octets: three labels of 63 always fit, and so do 31 characters of eight octets with the prefixes of their
// labels.
bool name_fits(const Place& place) {
  return place.international ? place.labels <= 3 || place.total <= 31 : place.total <= 253;
}

void cap(Place& place) {
  const unsigned most_beyond = place.alphabet == kMixed ? 5 : place.alphabet == kEastAsian ? 6 : 10;
  place.beyond = std::min(place.beyond, most_beyond);
  place.labels = std::min(place.labels, 4u);
  if (place.international) place.total = std::min(place.total, 32u);
}

class InternationalNames : public TextAutomaton {
 public:
  explicit InternationalNames(RegexArena&) { characters_ = idn_characters(classes_); }

  State start() override { return Place{}.pack(); }
  State next(State state, std::uint32_t character_class) override {
    Place place = Place::unpack(state);
    if (!step(place, characters_[character_class])) return kDead;
    const State packed = place.pack();
    return ends(place) || can_end(packed) ? packed : kDead;
  }
  bool accepts(State state) const override { return ends(Place::unpack(state)); }
  std::uint32_t most_left(State state) const override { return 253 - Place::unpack(state).total; }
  // A character that completes its neighbour, one of the Japanese scripts, one that may stand last.
  std::uint32_t slack() const override { return 3; }

 private:
  static bool ends(const Place& place) {
    return place.characters > 0 && !(kOpenEnds >> place.last & 1) && place.kana != Kana::kNeeded &&
           !is_filled(place.bidi);
  }

  // Reads one character; false if no name has it here.
  static bool step(Place& place, const IdnCharacter& c) {
    ++place.total;
    if (c.kind == IdnCharacter::Kind::kStop) {
      if (!ends(place)) return false;
      place = Place{.total = place.total,
                    .labels = place.labels + 1,
                    .bidi = end_label(place.bidi),
                    .international = place.international};
      cap(place);
      return place.bidi != Bidi::kBroken && name_fits(place);
    }
    if (c.forbidden_after >> place.last & 1) return false;
    // "--" in the third and fourth place is for A-labels and the like.
    if (place.characters == 3 && place.last == kHyphen && c.last == kHyphen) return false;
    if (c.kind == IdnCharacter::Kind::kCapital) {
      if (place.beyond > 0) return false;
      place.capital = true;
    }
    place.bidi = place.characters == 0 ? begin_label(place.bidi, c.direction) : go_on(place.bidi, c.direction);
    ++place.characters;
    if (c.alphabet != kNoAlphabet) {
      if (place.capital) return false;
      ++place.beyond;
      place.international = true;
      place.alphabet = place.alphabet == kNoAlphabet || place.alphabet == c.alphabet ? c.alphabet : kMixed;
    }
    // A non-joiner after a virama asks nothing of what follows.
    place.last = c.last == kNonJoiner && place.last == kVirama ? unsigned{kOther} : c.last;
    if (c.is_kana) place.kana = Kana::kSeen;
    if (c.needs_kana && place.kana == Kana::kNone) place.kana = Kana::kNeeded;
    // No letter that could complete these is written from right to left.
    if (place.bidi >= Bidi::kRight && (place.kana == Kana::kNeeded || (kLeftEnds >> place.last & 1))) return false;
    const bool fits = place.bidi != Bidi::kBroken && label_fits(place) && name_fits(place);
    cap(place);
    return fits;
  }

  // Whether some name goes on from here. Few states are asked: one of the first characters tried completes most of
  // them.
  bool can_end(State state) {
    if (auto known = can_end_.find(state); known != can_end_.end()) return known->second;
    Stack::check();
    bool found = false;
    for (std::size_t i = 0; i < characters_.size() && !found; ++i) {
      Place place = Place::unpack(state);
      found = step(place, characters_[i]) && (ends(place) || can_end(place.pack()));
    }
    can_end_.emplace(state, found);
    return found;
  }

  std::vector<IdnCharacter> characters_;  // by class
  std::unordered_map<State, bool> can_end_;
};

}  // namespace

RegexId idn_hostname(RegexArena& regexes) {
  return regexes.automaton("idn-hostname",
                           [](RegexArena& arena) { return std::make_unique<InternationalNames>(arena); });
}

}  // namespace maskforge::formats
