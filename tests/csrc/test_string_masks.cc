// Masks inside strings, under formats that are automata, patterns and bounds: equal to brute force over a vocabulary of
// words, syntax and characters beyond ASCII, and cheap where the language goes on as it begins. What states read by
// symbols, against all code points.
#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "masks/plan.h"
#include "masks/vocabulary_index.h"
#include "matcher/engine.h"
#include "schema/formats.h"
#include "schema/text_frames.h"
#include "testing/check.h"

using namespace maskforge;

namespace {

std::vector<std::string> make_tokens() {
  std::mt19937 rng(29);
  std::vector<std::string> tokens{"\"",    "\\",  "\\\\", "\\u", "00e9", "\"}",  "xn--",
                                  "\\\\d", "(?:", "[a",   "]+",  "{2,",  "\xC3", "\xA9"};
  for (unsigned byte = 0x20; byte < 0x7F; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  const std::vector<std::string> letters{"a",      "b",      "l",      "x",      "Z",      "0",      "-",
                                         ".",      "\u00e9", "\u00b7", "\u03b1", "\u0375", "\u05d0", "\u05f3",
                                         "\u0660", "\u0915", "\u094d", "\u200d", "\u30fb", "\u4e00", "\uff0e"};
  for (int i = 0; i < 1500; ++i) {
    std::string token;
    for (unsigned k = 1 + rng() % 4; k > 0; --k) token += letters[rng() % letters.size()];
    tokens.push_back(token);
  }
  for (int i = 0; i < 4000; ++i) {
    std::string token(i % 2, ' ');
    for (unsigned k = 2 + rng() % 7; k > 0; --k) token.push_back(static_cast<char>('a' + rng() % 26));
    tokens.push_back(token);
  }
  // White space beyond ASCII: whole, cut, in a word, behind a space; and what only looks like it.
  for (const char* token :
       {"\u00a0",     "\u2003",   "\u2003x",  "a\u2028",  "\u2029", "\u3000\u3000", " \u00a0",   " \u2028b",
        "ab\u00a0cd", "\u1680",   "\u205f",   "\u202f\"", "\ufeff", "\xE2\x80",     "a\xE2\x80", " \xE2",
        "\xE2\x81",   "\xE1\x9A", "\xE3\x80", "\xEF\xBB", "\xC2",   "\xA0",         "\x80\xA8",  "\xA8z",
        "\x9F",       "\u2013",   "\u201cab", "\u2060",   "\u3001", "\u0085",       "\u180e",    "\ufefe"})
    tokens.emplace_back(token);
  tokens.push_back("");
  return tokens;
}

void equal_brute_force(const std::vector<std::string>& tokens, const std::string& schema,
                       const std::vector<std::string>& texts) {
  auto vocabulary = std::make_shared<Vocabulary>(tokens, std::vector<TokenId>{static_cast<TokenId>(tokens.size() - 1)});
  auto engine = Engine::create(vocabulary);
  auto grammar = engine->compile(Spec{Spec::Kind::kJsonSchema, schema, {}});
  std::vector<std::uint32_t> words(vocabulary->bitmask_words());
  for (const std::string& text : texts) {
    auto matcher = grammar->matcher();
    CHECK_NOTE(matcher->accept_bytes(text) == text.size(), text);
    matcher->fill(words.data(), words.size());
    for (std::size_t token = 0; token < tokens.size(); ++token) {
      const bool allowed = words[token / 32] >> (token % 32) & 1;
      const bool accepted = matcher->accept_token(static_cast<std::int64_t>(token));
      if (accepted) matcher->rollback(1);
      CHECK_NOTE(allowed == accepted, text + " then " + tokens[token]);
    }
  }
}

// After a parenthesis a pattern goes on as at its start: most tokens need no walk, although the states of all that may
// be opened are many.
void planned(const std::vector<std::string>& tokens) {
  auto vocabulary = std::make_shared<const Vocabulary>(tokens, std::vector<TokenId>{});
  VocabularyIndex index(vocabulary);
  Machine machine;
  RegexArena regexes;
  Texts texts(machine, regexes);
  TextFrames strings(machine, texts, TextSyntax::kJsonString);
  const StateId start = strings.body(texts.language(format_language(regexes, "regex").value(), {}));
  const StateId inside = machine.step(start, '(').operand();
  std::atomic<std::size_t> bytes{0};
  Readings readings(bytes);
  for (StateId state : {start, inside}) {
    auto plan = find_safe_plan(machine, readings, state, index.not_space_slice(), 100000);
    CHECK(plan.has_value());
    if (plan) CHECK(plan->safe.bits['a'] && plan->safe.bits['z'] && plan->reach == SafePlan::Reach::kEndless);
  }
  // In brackets a state is the last character read, which a range may begin with: there are as many as characters, but
  // of most of them each leads to these again.
  const StateId brackets = machine.step(start, '[').operand();
  for (StateId state : {brackets, machine.step(brackets, 'a').operand(), machine.step(brackets, '^').operand()}) {
    auto plan = find_safe_plan(machine, readings, state, index.not_space_slice(), 100000);
    CHECK(plan.has_value());
    if (!plan) continue;
    for (char c : std::string("abz019")) CHECK_NOTE(plan->safe.bits[static_cast<unsigned>(c)], std::string(1, c));
    CHECK(plan->safe.bits[SymbolSet::kBeyondAscii] && plan->reach == SafePlan::Reach::kEndless);
    for (char c : std::string("-]\\"))
      CHECK_NOTE(std::ranges::find(plan->unclear, static_cast<unsigned>(c)) != plan->unclear.end(), std::string(1, c));
  }
}

std::string utf8(char32_t c) {
  std::string out;
  append_utf8(out, c);
  return out;
}

const std::vector<char32_t> kSpaces{0xA0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007,
                                    0x2008, 0x2009, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF};

// What one state reads of the symbols beyond ASCII, character by character.
void reading_is_right(RegexArena& regexes, const std::string& pattern, const std::string& before, TextSyntax syntax) {
  Machine machine;
  Texts texts(machine, regexes);
  TextFrames strings(machine, texts, syntax);
  StateId state = strings.body(texts.language(regexes.parse(pattern, RegexMode::kSearch), {}));
  for (char c : before) state = machine.step(state, static_cast<std::uint8_t>(c)).operand();
  std::atomic<std::size_t> bytes{0};
  Readings readings(bytes);
  const Reading& reading = readings.of(machine, state);
  CHECK(&reading == &readings.of(machine, state));
  CHECK(bytes.load() > 0);

  enum class Read { kStays, kRejected, kOther };
  auto read = [&](const std::string& text, StateId& end) {
    end = state;
    for (char c : text) {
      const Step step = machine.step(end, static_cast<std::uint8_t>(c));
      if (step.kind() == StepKind::kReject && machine.final_label(end) == kNoLabel) return Read::kRejected;
      if (step.kind() != StepKind::kStay) return Read::kOther;
      end = step.operand();
    }
    return Read::kStays;
  };
  for (unsigned byte = 0; byte < 128; ++byte) {
    StateId end;
    const Read how = read(std::string(1, static_cast<char>(byte)), end);
    CHECK_NOTE(reading.stays[byte] == (how == Read::kStays), pattern + " " + std::to_string(byte));
    CHECK_NOTE(reading.alive[byte] == (how != Read::kRejected), pattern + " " + std::to_string(byte));
    CHECK(how != Read::kStays || reading.next(byte) == end);
  }
  bool all_stay = true, spaces_stay = true, any_space = false;
  std::set<StateId> ends, space_ends;
  for (char32_t c = 0x80; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    if (c > 0x3100 && c % 61 != 0 && c != 0xFEFF && c != 0xFFFF) continue;
    const bool space = std::ranges::find(kSpaces, c) != kSpaces.end();
    StateId end;
    const Read how = read(utf8(c), end);
    (space ? spaces_stay : all_stay) &= how == Read::kStays;
    any_space |= space && how != Read::kRejected;
    if (how == Read::kStays) (space ? space_ends : ends).insert(end);
  }
  CHECK_NOTE(reading.stays[SymbolSet::kBeyondAscii] == all_stay, pattern);
  if (!all_stay) return;
  CHECK_NOTE(reading.stays[SymbolSet::kSpaceBeyond] == spaces_stay, pattern);
  CHECK_NOTE(reading.alive[SymbolSet::kSpaceBeyond] == any_space, pattern);
  CHECK_NOTE(std::set<StateId>(reading.beyond.begin(), reading.beyond.end()) == ends, pattern);
  if (spaces_stay) CHECK_NOTE(std::set<StateId>(reading.space.begin(), reading.space.end()) == space_ends, pattern);
}

// Tokens of any characters but line ends need no walk.
void dots_are_planned(const std::vector<std::string>& tokens, RegexArena& regexes) {
  auto vocabulary = std::make_shared<const Vocabulary>(tokens, std::vector<TokenId>{});
  VocabularyIndex index(vocabulary);
  Machine machine;
  Texts texts(machine, regexes);
  TextFrames strings(machine, texts, TextSyntax::kJsonString);
  const StateId start = strings.body(texts.language(regexes.parse("^.*@.*$", RegexMode::kSearch), {}));
  std::atomic<std::size_t> bytes{0};
  Readings readings(bytes);
  auto plan = find_safe_plan(machine, readings, start, index.not_space_slice(), 100000);
  CHECK(plan.has_value());
  if (!plan) return;
  CHECK(plan->safe.bits[SymbolSet::kBeyondAscii] && !plan->safe.bits[SymbolSet::kSpaceBeyond]);
  CHECK(std::ranges::find(plan->unclear, SymbolSet::kSpaceBeyond) != plan->unclear.end());
  const TokenBits slice = index.not_space_slice().made_of(plan->safe);
  for (std::size_t token = 0; token < tokens.size(); ++token) {
    const std::string& text = tokens[token];
    if (text == "a\xE2\x80" || text == "\u201cab" || text == "\xC2") CHECK_NOTE(test_bit(slice, TokenId(token)), text);
    if (text == "a\u2028" || text == "ab\u00a0cd" || text == "\xA8z")
      CHECK_NOTE(!test_bit(slice, TokenId(token)), text);
  }
}

// What is asked of a text decides how it may end, not how it goes on: without that, a proof has few states to look at.
void questions_wait(RegexArena& regexes) {
  Machine machine;
  Texts texts(machine, regexes);
  TextFrames strings(machine, texts, TextSyntax::kJsonString);
  const RegexId any = regexes.parse("^[^]*$", RegexMode::kSearch);
  const RegexId uri = format_language(regexes, "uri").value();
  const StateId plain = strings.body(texts.language(any, {}));
  StateId asking = strings.body(texts.language(any, {uri}));
  for (char c : std::string("http://a")) {
    CHECK(asking != plain && machine.same_prefixes(asking) == plain);
    asking = machine.step(asking, static_cast<std::uint8_t>(c)).operand();
  }
  CHECK(machine.same_prefixes(plain) == plain);
}

// Of a language that leaves out a word, or begins unlike it goes on, or ends soon, most tokens need no walk: the rest
// is told by two bytes that follow each other, by the first one, by its length.
void rare_tokens_are_walked(RegexArena& regexes) {
  std::mt19937 rng(31);
  std::vector<std::string> tokens{"\"", "\\", "\\\\", "\\n", "\"}", "\u00e9", "\xC3", "\u00e9\u03b1"};
  for (unsigned byte = 0x20; byte < 0x7F; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (int i = 0; i < 9000; ++i) {
    std::string token(i % 3 == 0, ' ');
    for (unsigned k = 2 + rng() % 5; k > 0; --k) token.push_back("abcdefghABCDEFGH0123"[rng() % 20]);
    if (i % 50 == 0) token += i % 100 == 0 ? "\u00e9" : "\xCE";
    tokens.push_back(token);
  }
  for (int i = 0; i < 600; ++i) {
    std::string token;
    const unsigned kinds = 1 + rng() % 3;  // of characters
    for (unsigned k = 7 + rng() % 20; k > 0; --k) token.push_back("abAB01"[rng() % (2 * kinds)]);
    tokens.push_back(token);
  }
  for (const char* word : {"adba", "BaA", "ba", "aa"}) {
    for (int i = 0; i < 40; ++i) {
      std::string token;
      for (unsigned k = rng() % 4; k > 0; --k) token.push_back("adbe"[rng() % 4]);
      token += word;
      for (unsigned k = rng() % 4; k > 0; --k) token.push_back("adbe"[rng() % 4]);
      tokens.push_back(token);
    }
  }
  tokens.push_back("");
  auto vocabulary = std::make_shared<const Vocabulary>(tokens, std::vector<TokenId>{});
  VocabularyIndex index(vocabulary);
  struct Expected {
    const char* pattern;
    const char* before;
    std::size_t pairs;  // at least
    const char* starts;
    SafePlan::Reach reach;
  };
  for (const Expected& expected : {
           Expected{"^(?!.*adba)", "", 1, "", SafePlan::Reach::kEndless},
           Expected{"^(?!.*adba)", "a", 1, "", SafePlan::Reach::kEndless},
           Expected{"^(?!.*adba)", "ad", 1, "b", SafePlan::Reach::kEndless},
           Expected{"^(?!.*adba)", "adb", 1, "a", SafePlan::Reach::kEndless},
           Expected{"^(?!.*(adba|BaA))[a-zA-Z0-9\u00e9]*$", "", 1, "", SafePlan::Reach::kEndless},
           Expected{"^[a-d][a-h0-9]*$", "", 0, "efgh0123", SafePlan::Reach::kEndless},
           Expected{"^(?=.*[a-z])(?=.*[A-Z])(?=.*\\d).{8,15}$", "", 0, "", SafePlan::Reach::kUnknown},
           Expected{"^(?=.*\\d).{0,13}$", "", 0, "", SafePlan::Reach::kUnknown},
           Expected{"^(?!.*adba).{0,5}$", "a", 1, "", SafePlan::Reach::kDies},
       }) {
    Machine machine;
    Texts texts(machine, regexes);
    TextFrames strings(machine, texts, TextSyntax::kJsonString);
    StateId state = strings.body(texts.language(regexes.parse(expected.pattern, RegexMode::kSearch), {}));
    for (const char* c = expected.before; *c != 0; ++c)
      state = machine.step(state, static_cast<std::uint8_t>(*c)).operand();
    std::atomic<std::size_t> bytes{0};
    Readings readings(bytes);
    auto plan = find_safe_plan(machine, readings, state, index.not_space_slice(), 100000);
    const std::string note = std::string(expected.pattern) + " after " + expected.before;
    CHECK_NOTE(plan.has_value(), note);
    if (!plan) continue;
    CHECK_NOTE(plan->pairs.size() >= expected.pairs && plan->pairs.size() <= 4 * expected.pairs, note);
    for (unsigned c = 'a'; c <= 'h'; ++c) {
      const bool start = std::string(expected.starts).find(static_cast<char>(c)) != std::string::npos;
      CHECK_NOTE(plan->starts.bits[c] == start, note + ": " + static_cast<char>(c));
      CHECK_NOTE(plan->safe.bits[c], note + ": " + static_cast<char>(c));
    }
    CHECK_NOTE(plan->reach == expected.reach, note);
    const std::string schema = "{\"type\": \"string\", \"pattern\": \"" + std::string(expected.pattern) + "\"}";
    std::string escaped;
    for (char c : schema) escaped += c == '\\' ? "\\\\" : std::string(1, c);
    equal_brute_force(tokens, escaped, {std::string("\"") + expected.before});
  }
}

}  // namespace

int main() {
  const std::vector<std::string> tokens = make_tokens();
  RegexArena regexes;
  for (const char* pattern :
       {"^.*$", "^\\S+$", "^[^]*$", "^\\w+$", "^[^a]+$", "^[^\\u00e9]*$", "^(\\S+ )*.$", "^.*@.*$", "^[^\\u2003]*$",
        "^[\\s]+$", "^[^\\s\\u2013]+$", "^.{3,5}$", "^(.|\\u2028b)*$", "^[\\u0080-\\uffff]+$"}) {
    for (const char* before : {"", "a", "ab"}) {
      if (std::string(pattern) == "^[\\s]+$" || std::string(pattern).starts_with("^[\\u0080")) before = "";
      if (std::string(pattern) == "^[^a]+$" && *before != 0) before = "b";
      reading_is_right(regexes, pattern, before, TextSyntax::kJsonString);
    }
  }
  // Raw text, whose frames do not tell what is beyond ASCII; where it may not end yet.
  for (const char* pattern : {"^\\S+$", "^\\w+$", "^[^a]+$", "^(\\S+ )*.$", "^.*@.*$", "^[\\s]+$", "^[^\\s\\u2013]+$",
                              "^.{3,5}$", "^[\\u0080-\\uffff]+$"})
    reading_is_right(regexes, pattern, "", TextSyntax::kRaw);
  dots_are_planned(tokens, regexes);
  questions_wait(regexes);
  rare_tokens_are_walked(regexes);
  for (const char* pattern : {"^.*$", "^\\\\S+$", "^.*@.*[.].*$", "^(\\\\S+\\\\s)*\\\\S$", "^.{2,9}$",
                              "^(K_\\\\w+=\\\\S+)*( K_\\\\w+=\\\\S+)*$"}) {
    const std::string schema = std::string(R"({"type": "string", "pattern": ")") + pattern + "\"}";
    equal_brute_force(tokens, schema,
                      pattern[1] == '(' && pattern[2] == 'K'
                          ? std::vector<std::string>{"\"", "\"K_a", "\"K_a=", "\"K_a=b"}
                          : std::vector<std::string>{"\"", "\"a", "\"ab\xE2\x80"});
  }
  // Lists of words, and what follows from which of them it was.
  equal_brute_force(tokens,
                    R"({"enum": ["", "ab", "abl", "a\"b", "b\\n", "\u00e9", "\ud83d\ude00x", "xn--", "x\u0375", 1]})",
                    {"", "\"", "\"a", "\"ab", "\"\\", "\"b", "\"\\u00", "\"\xC3", "\"x", "\"\\ud83d"});
  equal_brute_force(tokens, R"({"const": "abl01"})", {"\"", "\"a", "\"abl0", "\"abl01"});
  equal_brute_force(tokens, R"({"pattern": "^abl$"})", {"\"", "\"a", "\"\\u0061b"});
  equal_brute_force(tokens, R"({"oneOf": [{"enum": ["a", "ab", "abl"]}, {"enum": ["ab", "abl\u00e9", "b"]}]})",
                    {"\"", "\"a", "\"ab", "\"abl"});
  equal_brute_force(
      tokens,
      R"({"properties": {"a": {"enum": ["a", "ab", "b", "bl"]}, "b": {"type": "string"}}, "required": ["b"],
                        "if": {"properties": {"a": {"enum": ["a", "bl"]}}}, "then": {"properties": {"b": {"const": "l"}}},
                        "additionalProperties": false})",
      {"{\"a\": \"", "{\"a\": \"a", "{\"a\": \"ab\"", "{\"a\": \"a\", \"b\": \"", "{\"a\": \"bl\", \"b\": \"l",
       "{\"a\": \"b\", \"b\": \""});
  for (const char* bounds : {R"("maxLength": 12)", R"("minLength": 9)", R"("minLength": 7, "maxLength": 7)",
                             R"("minLength": 40, "maxLength": 60, "pattern": "^\\S*$")"}) {
    const std::string schema = std::string(R"({"type": "string", )") + bounds + "}";
    equal_brute_force(tokens, schema, {"\"", "\"a", "\"ab\xE2", "\"abcde", "\"abcdef\\u00"});
  }
  equal_brute_force(
      tokens, R"({"type": "string", "format": "regex"})",
      {"\"", "\"(", "\"[", "\"[a", "\"[^a-", "\"\\\\", "\"a{1", "\"(?<a", "\"(?<a>x)\\\\", "\"(?=a)", "\"x\xC3"});
  equal_brute_force(tokens, R"({"type": "string", "format": "regex", "maxLength": 60})",
                    {"\"", "\"(", "\"[", "\"[a", "\"[^a-", "\"\\\\", "\"(?<a>x)\\\\", "\"x\xC3"});
  equal_brute_force(tokens, R"({"type": "string", "format": "regex", "minLength": 3, "maxLength": 5})",
                    {"\"", "\"(", "\"[", "\"[a", "\"[^a-", "\"\\\\", "\"[ab]"});
  equal_brute_force(tokens, R"({"type": "string", "pattern": "^(?!.*lb)(?=.{1,99}$)((.{1,63}b){1,50}(?!a*$)[a-z]+)$"})",
                    {"\"", "\"a", "\"ab", "\"abx", "\"ab\xE2"});
  equal_brute_force(
      tokens, R"({"type": "string", "format": "idn-hostname"})",
      {"\"", "\"l", "\"l\u00b7", "\"a.", "\"\u03b1\u0375", "\"\u05d0", "\"\u05d0\u05d0.", "\"\u0915\u094d", "\"\u30fb",
       "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\u00e9", "\"a\xE4", "\"1.", "\"aZ"});
  // Beside other keywords the states are those of the product, read by another way.
  equal_brute_force(tokens, R"({"type": "string", "format": "idn-hostname", "maxLength": 7, "pattern": "^[^.]*$"})",
                    {"\"", "\"l\u00b7", "\"\u03b1", "\"\u05d0\u05d0"});
  equal_brute_force(tokens,
                    R"({"type": "object", "propertyNames": {"format": "idn-hostname"}, "properties": {"ab": {}}})",
                    {"{\"", "{\"a", "{\"l\u00b7", "{\"ab\": 1, \""});
  planned(tokens);
  return testing::check_summary();
}
