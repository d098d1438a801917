// Masks under formats that are automata: equal to brute force over a vocabulary of words, syntax and characters beyond
// ASCII, and cheap where the language goes on as it begins.
#include <memory>
#include <random>
#include <string>
#include <vector>

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
}

}  // namespace

int main() {
  const std::vector<std::string> tokens = make_tokens();
  equal_brute_force(
      tokens, R"({"type": "string", "format": "regex"})",
      {"\"", "\"(", "\"[", "\"[a", "\"[^a-", "\"\\\\", "\"a{1", "\"(?<a", "\"(?<a>x)\\\\", "\"(?=a)", "\"x\xC3"});
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
