// JSON documents: what is read, and what is refused with its place.
#include "base/errors.h"
#include "base/stack.h"
#include "schema/json_value.h"
#include "testing/check.h"

using namespace maskforge;

int main() {
  JsonDocument document =
      parse_json(" {\"a\": [1, -2.50e+3, true, null], \"b\\u0041\\n\": \"\\ud83d\\ude00\", \"a\": false} ");
  const JsonValue& value = document.root();
  CHECK(value.is_object() && value.members().size() == 3);
  CHECK(value.members()[0].value.items().size() == 4);
  CHECK(value.members()[0].value.items()[1].text() == "-2.50e+3");
  CHECK(value.find("a")->kind == JsonValue::Kind::kFalse);  // the last of repeated keys
  CHECK(value.find("bA\n")->text() == "\xF0\x9F\x98\x80");
  CHECK(value.find("c") == nullptr);
  CHECK(parse_json("\"\\ud800\"").root().text() == "\xED\xA0\x80");
  for (const char* bad :
       {"",        "{",         "[1,]", "{\"a\":1,}", "{a:1}", "01", "1.", "1e",    "-",         "\"\n\"",
        "\"\\x\"", "\"\\u12\"", "tru",  "[1] 2",      "nul",   "+1", ".5", "\"abc", "{\"a\" 1}", "[1 2]"}) {
    bool thrown = false;
    try {
      parse_json(bad);
    } catch (const SpecError& error) {
      thrown = error.where().rfind("offset ", 0) == 0;
    }
    CHECK_NOTE(thrown, bad);
  }
  // Strings are read 16 or eight bytes at a time: whatever ends one, at every place in them.
  for (std::size_t size = 0; size < 40; ++size) {
    for (std::size_t rest = 0; rest < 20; ++rest) {
      const std::string before(size, '\x7F'), after(rest, '\xC3');
      CHECK(parse_json("[\"" + before + after + "\"]").root().items()[0].text() == before + after);
      CHECK(parse_json("\"" + before + "\\n" + after + "\"").root().text() == before + "\n" + after);
      CHECK_THROWS(SpecError, parse_json("\"" + before + "\x1F" + after + "\""));
      CHECK_THROWS(SpecError, parse_json("\"" + before + after));
    }
  }
  const JsonDocument values = parse_json("[{}, {\"a\": 1}, [], \"\", 0]");
  for (const JsonValue& item : values.root().items()) {
    CHECK(item.members().size() == item.member_count() && item.member_count() == (item.find("a") == nullptr ? 0 : 1));
    CHECK(item.items().empty() && item.text() == (item.is_number() ? "0" : ""));
  }
  auto read = [](const std::string& text) { return with_enough_stack([&] { return parse_json(text); }); };
  CHECK(read(std::string(3000, '[') + std::string(3000, ']')).root().is_array());
  CHECK_THROWS(SpecError, read(std::string(100000, '[')));
  CHECK_THROWS(SpecError, read(std::string(100000, '[') + std::string(100000, ']')));
  // Documents that live at the same time share no memory, whichever went before them; large ones do not stay.
  const std::string large = "[" + std::string(300000, ' ') + "\"" + std::string(200000, 'x') + "\\n\"]";
  for (int turn = 0; turn < 3; ++turn) {
    const JsonDocument first = parse_json("[\"a\\n\", [1, 2, 3]]");
    const JsonDocument second = parse_json(turn == 1 ? large : "[\"b\\n\", {\"k\": [4, 5]}]");
    JsonDocument moved = parse_json("[\"c\\n\"]");
    const JsonDocument third = std::move(moved);
    CHECK(first.root().items()[0].text() == "a\n" && first.root().items()[1].items().size() == 3);
    CHECK(second.root().items()[0].text().size() == (turn == 1 ? 200001 : 2));
    CHECK(third.root().items()[0].text() == "c\n");
  }
  return testing::check_summary();
}
