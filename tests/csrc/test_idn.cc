// Internationalised host names (csrc/schema/formats_idn.cc): the automaton against the same rules written as a term of
// the regex algebra, which is far slower but says each rule by itself; on all short texts over characters of every
// kind, and on random names.
#include <cstdio>
#include <random>
#include <set>

#include "schema/format_parts.h"
#include "schema/idn_characters.h"
#include "schema/idn_tables.h"
#include "testing/check.h"

using namespace maskforge;
using namespace maskforge::formats;

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

Set join(const std::vector<Set>& sets) {
  Set out;
  for (const Set& set : sets) out.insert(out.end(), set.begin(), set.end());
  return out;
}

const Set kAsciiLetters = {{'a', 'z'}};
const Set kAsciiDigits = {{'0', '9'}};
const Set kHyphen = {{'-', '-'}};
const Set kArabicDigits = {{0x660, 0x669}};    // bidirectional class AN
const Set kExtendedDigits = {{0x6F0, 0x6F9}};  // class EN
const Set kJoiners = {{0x200C, 0x200D}};       // class BN
const Set kDots = {{0xB7, 0xB7}, {0x375, 0x375}, {0x30FB, 0x30FB}};
const Set kHebrewMarks = {{0x5F3, 0x5F4}};  // class R

class Reference {
 public:
  explicit Reference(RegexArena& regexes)
      : regexes_(regexes),
        left_(decode(kIdnLeft, kIdnLeftSize)),
        left_marks_(decode(kIdnLeftMark, kIdnLeftMarkSize)),
        marks_(decode(kIdnNonspacingMark, kIdnNonspacingMarkSize)),
        right_(decode(kIdnRightToLeft, kIdnRightToLeftSize)),
        neutral_(join({decode(kIdnNeutral, kIdnNeutralSize), kDots})) {}

  RegexId build() {
    // The full set of characters stands here once; the rules below speak of exceptions, in as few ranges as they can.
    RegexId characters = star(join({kAsciiLetters, kAsciiDigits, kHyphen, left_, left_marks_, marks_, neutral_,
                                    kExtendedDigits, kJoiners, right_, kHebrewMarks, kArabicDigits}));
    RegexId valid = regexes_.intersect({characters, whole(regexes_, "[^]*[^\\0-\\x7f][^]*"), no(bad_place()),
                                        no(bad_pair()), no(bad_context()), punycode_fits()});
    RegexId ascii = whole(regexes_, "[A-Za-z0-9]([A-Za-z0-9\\-]{0,61}[A-Za-z0-9])?");
    RegexId label = regexes_.intersect({regexes_.unite({ascii, valid}), no(whole(regexes_, "[^]{2}--[^]*"))});
    RegexId name = name_of(label);
    // RFC 5893: one right-to-left character anywhere puts every label of the name under the Bidi rule.
    RegexId right_to_left = somewhere(regexes_.chars(join({right_, kHebrewMarks, kArabicDigits})));
    return regexes_.intersect({name, regexes_.unite({no(right_to_left), name_of(bidi_rule())}), name_fits()});
  }

 private:
  RegexId any() const { return regexes_.any_text(); }
  RegexId star(const Set& set) { return regexes_.repeat(regexes_.chars(set), 0, RegexArena::kUnbounded); }
  RegexId no(RegexId bad) { return regexes_.complement(bad); }
  RegexId chain(const ShortList<RegexId>& parts) {
    RegexId out = regexes_.epsilon();
    for (std::size_t i = parts.size(); i-- > 0;) out = regexes_.concat(parts[i], out);
    return out;
  }
  RegexId somewhere(RegexId part) { return chain({any(), part, any()}); }

  RegexId name_of(RegexId label) {
    RegexId more = regexes_.concat(whole(regexes_, "[.\\u3002\\uFF0E\\uFF61]"), label);
    return regexes_.concat(label, regexes_.repeat(more, 0, RegexArena::kUnbounded));
  }

  // RFC 5891, section 4.2.3: hyphens, leading marks.
  RegexId bad_place() {
    return regexes_.unite(
        {whole(regexes_, "-[^]*|[^]*-"), regexes_.concat(regexes_.chars(join({left_marks_, marks_})), any())});
  }

  // Neighbours that normal form C would compose or reorder.
  RegexId bad_pair() {
    static const struct {
      char32_t second;
      std::vector<char32_t> firsts;
    } kComposing[] = {
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
    ShortList<RegexId> pairs;
    for (const auto& composing : kComposing) {
      Set firsts;
      for (char32_t first : composing.firsts) firsts.push_back({first, first});
      pairs.push_back(regexes_.concat(regexes_.chars(firsts), regexes_.chars({{composing.second, composing.second}})));
    }
    // Two marks with a combining class: in order are nukta, virama; Thai vowel, tone.
    Set nukta = decode(kIdnNukta, kIdnNuktaSize);
    Set virama = decode(kIdnVirama, kIdnViramaSize);
    Set other = decode(kIdnOtherCombining, kIdnOtherCombiningSize);
    RegexId combining = regexes_.chars(join({nukta, virama, other}));
    RegexId ordered = regexes_.unite({regexes_.concat(regexes_.chars(nukta), regexes_.chars(virama)),
                                      whole(regexes_, "[\\u0E38\\u0E39][\\u0E48-\\u0E4B]")});
    pairs.push_back(regexes_.intersect({regexes_.concat(combining, combining), no(ordered)}));
    return somewhere(regexes_.unite(pairs));
  }

  // RFC 5892, appendix A.
  RegexId bad_context() {
    RegexId virama = regexes_.chars(decode(kIdnVirama, kIdnViramaSize));
    const std::string dual = "\\u0620\\u0626\\u0628\\u062A-\\u062E\\u0633-\\u063F\\u0641-\\u0647\\u0649\\u064A";
    const std::string right = "\\u0622-\\u0625\\u0627\\u0629\\u062F-\\u0632\\u0648";
    RegexId not_dual = whole(regexes_, "([^]*[^" + dual + "])?");
    RegexId not_joined = whole(regexes_, "([^" + dual + right + "][^]*)?");
    RegexId after_virama = regexes_.concat(any(), virama);
    RegexId joiner = whole(regexes_, "\\u200D");
    RegexId non_joiner = whole(regexes_, "\\u200C");
    return regexes_.unite({
        whole(regexes_, "([^]*[^l])?\\u00B7[^]*|[^]*\\u00B7([^l][^]*)?"),
        whole(regexes_, "[^]*\\u0375(\\P{Script=Greek}[^]*)?"),
        whole(regexes_, "([^]*\\P{Script=Hebrew})?[\\u05F3\\u05F4][^]*"),
        regexes_.intersect({whole(regexes_, "[^]*\\u30FB[^]*"),
                            no(whole(regexes_, "[^]*[\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Han}][^]*"))}),
        regexes_.intersect(
            {whole(regexes_, "[^]*[\\u0660-\\u0669][^]*"), whole(regexes_, "[^]*[\\u06F0-\\u06F9][^]*")}),
        chain({no(after_virama), joiner, any()}),
        chain({regexes_.intersect({no(after_virama), not_dual}), non_joiner, any()}),
        chain({no(after_virama), non_joiner, not_joined}),
    });
  }

  // RFC 5893, section 2, for labels whose characters are right otherwise: what a label of either direction must not
  // contain, start or end with.
  RegexId bidi_rule() {
    const Set right = join({right_, kHebrewMarks});
    const Set numbers = join({kAsciiDigits, kExtendedDigits});
    const Set fillers = join({kHyphen, neutral_, kJoiners});
    RegexId bad_end = chain({any(), regexes_.chars(fillers), star(marks_)});
    RegexId not_left = regexes_.unite({
        somewhere(regexes_.chars(join({right, kArabicDigits}))),
        regexes_.concat(regexes_.chars(join({numbers, fillers})), any()),
        bad_end,
    });
    RegexId both_digits =
        regexes_.intersect({somewhere(regexes_.chars(numbers)), somewhere(regexes_.chars(kArabicDigits))});
    RegexId only_right = star(join({right, numbers, kArabicDigits, fillers, marks_}));
    RegexId right_label =
        regexes_.intersect({regexes_.concat(regexes_.chars(right), only_right), no(bad_end), no(both_digits)});
    RegexId label = whole(regexes_, "[^.\\u3002\\uFF0E\\uFF61]+");
    return regexes_.unite({regexes_.intersect({label, no(not_left)}), right_label});
  }

  // At most 63 octets as an A-label. tools/punycode_limits.py finds how long a label may be for that: any one of at
  // most 14 characters, and one of at most 22 within one alphabet, where most distances between characters take two
  // digits. Limits for labels with few characters beyond ASCII count those as well, which costs states; these are
  // shorter than need be.
  RegexId punycode_fits() {
    static constexpr CodePointRange kAlphabets[] = {
        {0xDF, 0x17F},  {0x370, 0x3FF}, {0x400, 0x4FF}, {0x531, 0x58F}, {0x591, 0x5FF}, {0x620, 0x6FF},  {0x900, 0x9FF},
        {0xA00, 0xAFF}, {0xB00, 0xBFF}, {0xC00, 0xCFF}, {0xD00, 0xDFF}, {0xE00, 0xEFF}, {0x10D0, 0x10FF}};
    ShortList<RegexId> parts;
    for (CodePointRange alphabet : kAlphabets) parts.push_back(star({{0, 0x7F}, alphabet}));
    return regexes_.unite({
        regexes_.intersect(
            {regexes_.unite(parts), regexes_.unite({regexes_.length(1, 22), weight({{9, 29}, {5, 41}})})}),
        regexes_.intersect({star({{0, 0x7F}, {0x3000, 0xD7A3}}), weight({{5, 32}})}),
        regexes_.length(1, 14),
        weight({{4, 30}, {1, 51}}),
    });
  }

  struct Limit {
    std::uint32_t beyond_ascii;
    std::uint32_t total;
  };
  RegexId weight(const std::vector<Limit>& limits) {
    ShortList<RegexId> parts;
    for (Limit limit : limits) {
      RegexId counted =
          whole(regexes_, "([\\0-\\x7f]*[^\\0-\\x7f]){0," + std::to_string(limit.beyond_ascii) + "}[\\0-\\x7f]*");
      parts.push_back(regexes_.intersect({counted, regexes_.length(1, limit.total)}));
    }
    return regexes_.unite(parts);
  }

  // At most 253 octets: three labels of 63 always fit, and so do 31 characters of eight octets with the prefixes of
  // their labels.
  RegexId name_fits() {
    const std::string dot = "[.\\u3002\\uFF0E\\uFF61]";
    const std::string label = "[^.\\u3002\\uFF0E\\uFF61]*";
    return regexes_.unite({
        regexes_.intersect({whole(regexes_, "[\\0-\\x7f\\u3002\\uFF0E\\uFF61]*"), regexes_.length(1, 253)}),
        whole(regexes_, label + "(" + dot + label + "){0,2}"),
        regexes_.length(1, 31),
    });
  }

  RegexArena& regexes_;
  Set left_, left_marks_, marks_, right_, neutral_;
};

RegexId step(RegexArena& arena, RegexId state, char32_t c) {
  for (const CharClasses::Range& range : arena.classes(state)->ranges) {
    if (range.first <= c && c <= range.last) return arena.class_edge(state, range.id);
  }
  return arena.none();
}

// A term is made anew from time to time: its derivatives are large.
struct Judges {
  std::unique_ptr<RegexArena> arena = std::make_unique<RegexArena>();
  RegexId name = idn_hostname(*arena);
  RegexId reference = Reference(*arena).build();
};

std::string show(const std::u32string& text) {
  std::string out;
  for (char32_t c : text) {
    char hex[16];
    std::snprintf(hex, sizeof hex, "%x ", static_cast<unsigned>(c));
    out += hex;
  }
  return out;
}

class Comparison {
 public:
  bool same(const std::u32string& text) {
    if (++compared_ % 400 == 0) judges_ = Judges();
    const bool accepted = judges_.arena->matches(judges_.name, text);
    CHECK_NOTE(accepted == judges_.arena->matches(judges_.reference, text), show(text));
    accepted_ += accepted;
    return accepted;
  }
  int accepted() const { return accepted_; }

 private:
  Judges judges_;
  int compared_ = 0;
  int accepted_ = 0;
};

// A few characters of every class, among them its ends, and some of none.
std::vector<char32_t> samples(const CharClasses& classes) {
  std::set<char32_t> out{' ', '_', 0x80, 0xC0, 0x3B1, 0x4E00, 0x1F600};
  std::vector<int> taken(classes.count, 0);
  for (const CharClasses::Range& range : classes.ranges) {
    if (taken[range.id]++ < 2) out.insert({range.first, range.last});
  }
  return {out.begin(), out.end()};
}

void short_texts(Comparison& comparison, const std::vector<char32_t>& characters) {
  for (char32_t a : characters) comparison.same({a});
  std::mt19937 rng(2);
  for (char32_t a : characters) {
    for (char32_t b : characters) {
      if (rng() % 8 == 0) comparison.same({a, b});
    }
  }
}

// Whether any two of these and a plain letter may be neighbours decides all the rules on context.
void neighbours(Comparison& comparison, const std::vector<char32_t>& characters) {
  for (std::u32string before : {U"\u0915", U"\u0627", U"\u0644", U"a", U"\u03b1", U"\u05d0"}) {
    for (char32_t a : characters) {
      std::u32string text = before + a;
      comparison.same(text + before);
      comparison.same(before + U"." + text);
    }
  }
}

void random_names(Comparison& comparison, const std::vector<char32_t>& characters, int rounds) {
  struct Alphabet {
    char32_t first, last;
  };
  static constexpr Alphabet kSome[] = {{0xDF, 0x17F},    {0x370, 0x3FF},   {0x430, 0x44F},   {0x5D0, 0x5F4},
                                       {0x620, 0x6FF},   {0x900, 0x97F},   {0xC00, 0xCFF},   {0xE00, 0xE7F},
                                       {0x10D0, 0x10F0}, {0x3041, 0x30FF}, {0x4E00, 0x9FFF}, {0xAC00, 0xD7A3}};
  RegexArena names;
  const RegexId name = idn_hostname(names);
  std::mt19937 rng(3);
  auto below = [&](std::size_t n) { return static_cast<char32_t>(rng() % n); };
  for (int round = 0; round < rounds; ++round) {
    const Alphabet alphabet = kSome[below(std::size(kSome))];
    const unsigned foreign = below(4) == 0 ? 2 : 60;  // one in so many is any character at all
    const unsigned beyond = 1 + below(8);             // one in so many is beyond ASCII
    const unsigned length = 1 + below(below(3) == 0 ? 66 : 16);
    std::u32string text;
    for (unsigned labels = 1 + below(below(6) == 0 ? 20 : 3); labels > 0; --labels) {
      for (unsigned i = 1 + below(length); i > 0; --i) {
        if (below(foreign) == 0) {
          text.push_back(characters[below(characters.size())]);
        } else if (below(beyond) == 0) {
          text.push_back(alphabet.first + below(alphabet.last - alphabet.first + 1));
        } else {
          text.push_back(U"abcdefghijkl0189ABl-"[below(below(4) == 0 ? 20 : 12)]);
        }
      }
      if (labels > 1) text.push_back(U'.');
    }
    if (text.size() < 24) comparison.same(text);
    // Valid names are rare among these: make one that is, and then spoil it.
    std::u32string valid;
    RegexId at = name;
    for (char32_t c : text) {
      RegexId next = step(names, at, c);
      if (next == names.none()) continue;
      at = next;
      valid.push_back(c);
    }
    comparison.same(valid);
    if (!valid.empty()) valid[below(valid.size())] = characters[below(characters.size())];
    comparison.same(valid);
  }
}

// Every state has a completion, within slack() characters.
void aliveness(const CharClasses& classes) {
  RegexArena arena;
  std::mt19937 rng(4);
  for (int walk = 0; walk < 300; ++walk) {
    RegexId state = idn_hostname(arena);
    for (int i = 0; i < 80; ++i) {
      ShortList<RegexId> ways;
      for (std::uint32_t id = 0; id < classes.count; ++id) {
        RegexId next = arena.class_edge(state, id);
        if (next != arena.none()) ways.push_back(next);
      }
      const bool ends = arena.nullable(state);
      CHECK(ends || !ways.empty());
      std::set<RegexId> layer{state};
      bool found = ends;
      for (int distance = 0; distance < 3 && !found; ++distance) {
        std::set<RegexId> next;
        for (RegexId at : layer) {
          for (std::uint32_t id = 0; id < classes.count; ++id) next.insert(arena.class_edge(at, id));
        }
        layer.swap(next);
        for (RegexId at : layer) found |= arena.nullable(at);
      }
      CHECK(found);
      if (ways.empty()) break;
      state = ways[rng() % ways.size()];
    }
  }
}

}  // namespace

int main() {
  CharClasses classes;
  idn_characters(classes);
  const std::vector<char32_t> characters = samples(classes);
  Comparison comparison;
  short_texts(comparison, characters);
  neighbours(comparison, characters);
  random_names(comparison, characters, 1500);
  CHECK(comparison.accepted() > 1500);
  aliveness(classes);
  return testing::check_summary();
}
