// Frames on the machine: configurations, text with its escapes and encodings, whitespace, words and numbers.
#include <functional>
#include <random>
#include <set>

#include "base/errors.h"
#include "base/utf8.h"
#include "machine/configuration.h"
#include "schema/grammar_space.h"
#include "schema/scalar_frames.h"
#include "schema/separator_frames.h"
#include "schema/text_frames.h"
#include "testing/check.h"

using namespace maskforge;

namespace {

// A bottom frame that calls one other frame at the start and is accepting once that has returned, or ended.
class Bottom : public Automaton {
 public:
  explicit Bottom(Machine& machine) : machine_(machine), id_(machine.add_automaton(this)) {
    std::array<std::uint8_t, 256> of{};
    for (unsigned b = 0; b < 256; ++b) of[b] = static_cast<std::uint8_t>(b);
    classes_ = machine.intern_classes(of);
  }
  // 0 waits, 1 is the end, 2 is the end after two frames that after() brought in. 4 waits and then returns what it
  // hears, plus 10. 5 waits for the label 0, 6 for 1.
  StateId state(std::uint32_t local) { return machine_.intern(id_, local); }
  const ByteClasses* byte_classes(std::uint32_t) override { return classes_; }
  Step compute(std::uint32_t, std::uint8_t) override { return Step::reject(); }
  Label final_label(std::uint32_t local) override { return local >= 1 ? 0 : kNoLabel; }
  StateId after(std::uint32_t local, Label label) override {
    last_label = label;
    if (local == 4) return machine_.leave(label + 10);
    if (local >= 5) return label == local - 5 ? state(1) : kDeadState;
    if (local == 0 && pushed != kDeadState) return machine_.enter(state(3), pushed);
    return state(local == 3 ? 2 : 1);
  }
  std::string describe(std::uint32_t) override { return "bottom"; }

  Label last_label = kNoLabel;
  StateId pushed = kDeadState;  // when set, after() goes on with two frames

 private:
  Machine& machine_;
  std::uint8_t id_;
  const ByteClasses* classes_;
};

struct World {
  Machine machine;
  RegexArena regexes;
  NumberArena numbers;
  Texts texts{machine, regexes};
  TextFrames strings{machine, texts, TextSyntax::kJsonString};
  TextFrames raw{machine, texts, TextSyntax::kRaw};
  SpaceFrames spaces{machine};
  NumberFrames number_frames{machine, numbers};
  WordFrames words{machine};
  SeparatorFrames separators{machine, spaces};
  Bottom bottom{machine};

  // The frame at the bottom hears of a label only once: then the machine knows what follows it.
  bool reads(StateId top, const std::string& text) { return reads({bottom.state(0), top}, text); }
  bool reads(ShortList<StateId> frames, const std::string& text) {
    Configuration c;
    c.frames = std::move(frames);
    for (char byte : text) {
      Configuration before = c;
      Journal journal;
      c.mark(journal);
      if (!c.advance(machine, static_cast<std::uint8_t>(byte), &journal)) return false;
      Configuration after = c;
      c.restore(journal);
      CHECK(c == before);
      c = after;
    }
    return c.accepting(machine);
  }
};

std::string escaped(char32_t c) {
  char out[16];
  if (c < 0x10000) {
    std::snprintf(out, sizeof out, "\\u%04x", static_cast<unsigned>(c));
  } else {
    std::snprintf(out, sizeof out, "\\u%04X\\u%04x", static_cast<unsigned>(0xD800 + ((c - 0x10000) >> 10)),
                  static_cast<unsigned>(0xDC00 + ((c - 0x10000) & 0x3FF)));
  }
  return out;
}

// Every state that can be reached can be left again, down to the closing quote: no dead ends, at no byte.
void check_alive(World& world, StateId start) {
  std::set<StateId> seen{start};
  ShortList<StateId> order{start};
  std::vector<ShortList<StateId>> next;
  std::vector<bool> ends;
  for (std::size_t i = 0; i < order.size() && i < 100000; ++i) {
    ShortList<StateId> targets;
    bool end = world.machine.final_label(order[i]) != kNoLabel;
    for (unsigned byte = 0; byte < 256; ++byte) {
      Step step = world.machine.step(order[i], static_cast<std::uint8_t>(byte));
      if (step.kind() == StepKind::kReturn) end = true;
      if (step.kind() != StepKind::kStay) continue;
      targets.push_back(step.operand());
      if (seen.insert(step.operand()).second) order.push_back(step.operand());
    }
    next.push_back(targets);
    ends.push_back(end);
  }
  std::set<StateId> live;
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < next.size(); ++i) {
      bool alive = ends[i];
      for (StateId target : next[i]) alive = alive || live.contains(target);
      if (alive && live.insert(order[i]).second) changed = true;
    }
  }
  CHECK_NOTE(order.size() < 100000, "too many states to explore");
  CHECK(live.size() == order.size());
}

void test_characters() {
  World world;
  const std::vector<char32_t> probes = {0,       1,       0x1F,    ' ',     '"',     '/',      '\\',
                                        'a',     'b',     0x7F,    0x80,    0x7FF,   0x800,    0xFFF,
                                        0x1000,  0xCFFF,  0xD7FF,  0xE000,  0xFFFD,  0xFFFF,   0x10000,
                                        0x103FF, 0x10400, 0x3FFFF, 0x40000, 0xFFFFF, 0x100000, 0x10FFFF};
  std::vector<std::vector<CodePointRange>> sets = {{{0, 0x10FFFF}},
                                                   {{'a', 'a'}},
                                                   {{0xD700, 0xE000}},
                                                   {{0x10400, 0x10400}},
                                                   {{0x80, 0x80}, {0x7FF, 0x10000}},
                                                   {{'"', '"'}, {'\\', '\\'}},
                                                   {{0, 0x1F}},
                                                   {{0x100000, 0x10FFFF}}};
  for (const auto& set : sets) {
    RegexId one = world.regexes.chars(set);
    StateId quoted = world.strings.body(world.texts.language(one, {}));
    StateId plain = world.raw.body(world.texts.language(one, {}));
    check_alive(world, quoted);
    check_alive(world, plain);
    for (char32_t c : probes) {
      bool in = false;
      for (CodePointRange range : set) in = in || (c >= range.first && c <= range.last);
      bool bare = c >= 0x20 && c != '"' && c != '\\';
      CHECK(world.reads(quoted, encode_utf8(std::u32string(1, c)) + "\"") == (in && bare));
      CHECK(world.reads(quoted, escaped(c) + "\"") == in);
      CHECK(world.reads(plain, encode_utf8(std::u32string(1, c))) == in);
      CHECK(!world.reads(quoted, "\""));
    }
    for (auto [text, c] : {std::pair{"\\n", U'\n'}, {"\\/", U'/'}, {"\\\"", U'"'}, {"\\\\", U'\\'}, {"\\b", U'\b'}}) {
      bool in = false;
      for (CodePointRange range : set) in = in || (c >= range.first && c <= range.last);
      CHECK(world.reads(quoted, std::string(text) + "\"") == in);
    }
  }
}

void test_what_no_text_holds() {
  World world;
  StateId any = world.strings.body(world.texts.language(world.regexes.any_text(), {}));
  StateId raw = world.raw.body(world.texts.language(world.regexes.any_text(), {}));
  for (const char* bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x80\x80\x80",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC2", "\xE1\x80", "\xC2\x41"}) {
    CHECK_NOTE(!world.reads(any, std::string(bad) + "\""), bad);
    CHECK_NOTE(!world.reads(raw, bad), bad);
  }
  for (const char* bad :
       {"\\ud800", "\\udc00", "\\ud800\\u0041", "\\ud800x", "\\udfff", "\\x41", "\\u12", "\\u12g4", "\n", "\t", "\\"}) {
    CHECK_NOTE(!world.reads(any, std::string(bad) + "\""), bad);
  }
  // Equal futures are equal states, so that all unrestricted strings share their masks.
  CHECK(world.machine.step(any, 'x').operand() == any);
}

void test_labels() {
  World world;
  RegexId a = world.regexes.parse("^a", RegexMode::kSearch);
  RegexId b = world.regexes.parse("b$", RegexMode::kSearch);
  StateId top = world.strings.body(world.texts.language(world.regexes.any_text(), {a, b}));
  for (auto [text, verdicts] : {std::pair{"a", 1u}, {"b", 2u}, {"ab", 3u}, {"\\u0061b", 3u}, {"", 0u}, {"ba", 0u}}) {
    CHECK(world.reads(top, std::string(text) + "\""));
    CHECK(world.bottom.last_label == verdicts);
  }
  // However many questions there are: "does it begin with this letter" for 100 letters, and "is it two long".
  World other;
  ShortList<RegexId> asked;
  for (char32_t c = 0x100; c < 0x164; ++c) {
    asked.push_back(other.regexes.concat(other.regexes.chars({{c, c}}), other.regexes.any_text()));
  }
  asked.push_back(other.regexes.length(2, 2));
  StateId many = other.strings.body(other.texts.language(other.regexes.any_text(), asked));
  for (auto [text, yes] : {std::pair<const char*, ShortList<std::uint32_t>>{"\u0163x", {99, 100}},
                           {"\u0101x", {1, 100}},
                           {"\u0163", {99}},
                           {"\u0100", {0}},
                           {"x", {}}}) {
    CHECK(other.reads(many, std::string(text) + "\""));
    const Label label = other.bottom.last_label;
    CHECK(other.machine.answers(label).yes == yes);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      CHECK(other.machine.answers_yes(label, i) == (std::count(yes.begin(), yes.end(), i) > 0));
    }
    CHECK(other.machine.verdict_label(Answers{yes}) == label);
  }
}

void test_scalars() {
  World world;
  for (auto [word, text] : {std::pair{0u, "true"}, {1u, "false"}, {2u, "null"}}) {
    StateId top = world.words.begin(word, 5);
    CHECK(world.reads(top, std::string(text).substr(1)));
    CHECK(world.bottom.last_label == 5);
    CHECK(!world.reads(top, std::string(text).substr(1, 2)));
    CHECK(!world.reads(top, "x"));
  }
  NumberStateId number = world.numbers.start(world.numbers.integers(), {});
  for (auto [text, good] : {std::pair{"12", true},
                            {"-0", true},
                            {"1.0", true},
                            {"1e2", true},
                            {"1.5", false},
                            {"-", false},
                            {"1.", false}}) {
    StateId top = world.number_frames.begin(number, static_cast<std::uint8_t>(text[0]));
    CHECK_NOTE(top != kDeadState && world.reads(top, text + 1) == good, text);
  }
  auto space = [&](const std::string& text) {
    return world.reads(world.spaces.begin(static_cast<std::uint8_t>(text[0])), text.substr(1));
  };
  for (const char* good : {" ", "  ", "\t", "\n", "\r\n", "\n    ", " \n\t\t", "  \r\n  "})
    CHECK_NOTE(space(good), good);
  for (const char* bad : {"   ", "\n\n", "\r", "\n \n", "\r\r\n", " \r"}) CHECK_NOTE(!space(bad), bad);
  CHECK(space("\n" + std::string(SpaceFrames::kMaxIndent, ' ')));
  CHECK(!space("\n" + std::string(SpaceFrames::kMaxIndent + 1, ' ')));
}

void test_two_frames_at_once() {
  World world;
  world.bottom.pushed = world.words.begin(2, 7);  // after the first word, `ull` must follow
  StateId top = world.words.begin(0, 4);
  CHECK(!world.reads(top, "rue"));
  CHECK(world.reads(top, "rueull"));
  CHECK(world.bottom.last_label == 7);
  CHECK(!world.reads(top, "rueullx"));
}

void test_decoding() {
  CHECK(decode_json_string("a\\u0041\\n\\/\\ud83d\\ude00\xC3\xA9") == "aA\n/\xF0\x9F\x98\x80\xC3\xA9");
  CHECK(encode_utf8(decode_utf8("\xF0\x9F\x98\x80z")) == "\xF0\x9F\x98\x80z");
}

// Texts that frames wait for, one inside the other: unique items that hold unique arrays, and unnamed keys.
void test_captures() {
  GrammarSpace space;
  Report report;
  StateId start = space.compile_json_schema(R"({"$defs":{"x":{"anyOf":[{"type":["null","integer","string"]},
      {"type":"array","uniqueItems":true,"items":{"$ref":"#/$defs/x"}},
      {"type":"object","additionalProperties":{"$ref":"#/$defs/x"}}]}},"$ref":"#/$defs/x"})",
                                            {}, report);
  Machine& machine = space.machine();
  const std::string text =
      R"( [ [1,2,[]], [2 , 1], {"a":[3,{"b":[4,4.5e1]}],"\u0062":[ "",[1] ] }, [[[5]],"x"], 12 ,13] )";
  std::vector<Configuration> places(1);
  places[0].frames = {start};
  for (char c : text) {
    places.push_back(places.back());
    bool read = places.back().advance(machine, static_cast<std::uint8_t>(c));
    CHECK_NOTE(read || text.size() + 1 == places.size(), text.substr(0, places.size() - 1));
    std::size_t waiting = 0;
    for (StateId frame : places.back().frames) waiting += machine.wants_text(frame);
    CHECK(waiting == places.back().captures.size());
    CHECK(places.back().text.empty() == (waiting == 0));
  }
  places.pop_back();  // the space at the end is one too many for some
  std::mt19937 random(3);
  Journal journal;
  for (int round = 0; round < 3000; ++round) {
    std::size_t from = random() % places.size();
    std::size_t to = std::min(places.size() - 1, from + random() % 40);
    Configuration at = places[from];
    at.mark(journal);
    for (std::size_t i = from; i < to; ++i) CHECK(at.advance(machine, static_cast<std::uint8_t>(text[i]), &journal));
    CHECK(at == places[to]);
    if (random() % 2 == 0) at.advance(machine, "],:x\"1 "[random() % 7], &journal);  // perhaps not allowed
    at.restore(journal);
    CHECK(at == places[from]);
  }
  for (const char* repeated :
       {"[1,1]", "[[1,2],[1.0,2]]", R"([{"a":1,"b":2},{"b":2,"a":1}])", R"([0,[["x"],["\u0078"]]])"}) {
    Configuration at;
    at.frames = {start};
    bool read = true;
    for (const char* c = repeated; *c != '\0' && read; ++c) read = at.advance(machine, static_cast<std::uint8_t>(*c));
    CHECK_NOTE(!read, repeated);
  }
}

// A state that is asked for few bytes has no row; what it answers is what its row says once it is made.
void test_steps_without_a_row() {
  struct Place {
    const char* schema;  // without one, a pattern: "^" begins it
    const char* before;
  };
  const Place places[] = {
      {R"({"properties":{"name":{"type":"null"}},"additionalProperties":false})", R"({"na)"},
      {R"({"properties":{"name":{"type":"null"}},"additionalProperties":false})", R"({"name)"},
      {R"({"properties":{"name":{},"next":{}},"required":["next"]})", R"({"n)"},
      {R"({"properties":{"n\"s":{},"n\\":{},"n\u0001":{},"n\u007f":{},"n\u00e9":{},"n\u20ac":false}})", R"({"n)"},
      {R"({"properties":{"ab":{}},"patternProperties":{"^a[b-d]$":{"type":"null"}},"additionalProperties":false})",
       R"({"a)"},
      {R"({"propertyNames":{"pattern":"^[xy]\u00e9?$"},"properties":{"x":{"type":"null"}}})", R"({"x)"},
      {R"({"pattern":"^[a-f\u0080-\uffff]{2,5}$","type":"string"})", R"("a)"},
      {R"({"enum":["ab","ac","a","a\"","a\t","a\u00e9"]})", R"("a)"},
      {R"({"anyOf":[{"pattern":"^a"},{"maxLength":3}],"type":"string"})", R"("b)"},
      {R"({"oneOf":[{"pattern":"^a[0-9]"},{"maxLength":3}],"type":"string"})", R"("a)"},
      {R"({"format":"date-time"})", R"("2020-0)"},
      {R"({"format":"idn-hostname"})", R"("a)"},
      {R"({"format":"regex"})", R"("[a)"},
      {R"({"type":"string"})", R"("\u00)"},
      {R"({"items":{"type":"integer"}})", "[1"},
      {R"({"properties":{"a":{"type":"object"}}})", R"({"a")"},
      {"^[a-c\u00e9]+x|b", ""},
      {"^[a-c\u00e9]+x|b", "b"},
  };
  std::mt19937 random(5);
  for (const Place& place : places) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      GrammarSpace space;
      Report report;
      Machine& machine = space.machine();
      Configuration at;
      at.frames = {place.schema[0] == '^' ? space.compile_regex(place.schema, report)
                                          : space.compile_json_schema(place.schema, {}, report)};
      for (const char* c = place.before; *c != '\0'; ++c) CHECK(at.advance(machine, static_cast<std::uint8_t>(*c)));
      const StateId top = at.frames.back();
      const auto asked = static_cast<std::uint8_t>(byte), next = static_cast<std::uint8_t>(random());
      CHECK_NOTE(machine.row_if_made(top).entries == nullptr, place.schema);
      const Step alone = machine.step(top, asked), other = machine.step(top, next);
      CHECK(machine.step(top, asked).bits == alone.bits && machine.step(top, next).bits == other.bits);
      const Machine::RowView row = machine.full_row(top);
      const std::string note = std::string(place.schema) + place.before + " " + std::to_string(byte);
      CHECK_NOTE(row.entry(asked).bits == alone.bits && row.entry(next).bits == other.bits, note);
      CHECK(machine.step(top, asked).bits == alone.bits && machine.row_if_made(top).entries == row.entries);
    }
  }
  // From the third byte on there is a row.
  World world;
  const StateId any = world.strings.body(world.texts.language(world.regexes.any_text(), {}));
  for (const char byte : {'a', 'b', 'b'}) world.machine.step(any, static_cast<std::uint8_t>(byte));
  CHECK(world.machine.row_if_made(any).entries == nullptr);
  world.machine.step(any, 'a');
  CHECK(world.machine.row_if_made(any).entries != nullptr);
}

// Counts how often it is asked for what an automaton may say that none of its states has.
class Asked : public Automaton {
 public:
  Asked(Machine& machine, AutomatonTraits traits) : machine_(machine), id_(machine.add_automaton(this, traits)) {
    classes_ = machine.intern_classes({});
  }
  StateId state() { return machine_.intern(id_, 0); }
  const ByteClasses* byte_classes(std::uint32_t) override { return classes_; }
  Step compute(std::uint32_t, std::uint8_t) override { return Step::reject(); }
  Label final_label(std::uint32_t) override {
    ++ends;
    return 7;
  }
  bool words(std::uint32_t, WordList&) override { return true; }
  std::string describe(std::uint32_t) override { return "asked"; }
  int ends = 0;

 private:
  Machine& machine_;
  std::uint8_t id_;
  const ByteClasses* classes_;
};

// A waiting frame that is over as soon as it hears of its callee.
void test_leaving() {
  World world;
  const StateId leaves = world.bottom.state(4), null = world.words.begin(2, 3), start = world.bottom.state(0);
  CHECK(world.reads({start, leaves, null}, "ull") && world.bottom.last_label == 13);
  CHECK(world.reads({start, leaves, leaves, leaves, null}, "ull") && world.bottom.last_label == 33);
  CHECK(world.reads({leaves, null}, "ull"));  // and nothing is left
  CHECK(!world.reads({leaves, null}, "ul"));
  CHECK(!world.reads({leaves, null}, "ullx"));
  // After a frame that ends before a byte it does not read: nobody reads that byte.
  const StateId number = world.number_frames.begin(world.numbers.start(world.numbers.integers(), {}), '1');
  CHECK(world.reads({start, leaves, number}, "2") && world.bottom.last_label >= 10);
  CHECK(!world.reads({start, leaves, number}, "2 "));
  CHECK(!world.reads({leaves, number}, "2 "));
  World other;
  other.bottom.pushed = other.words.begin(2, 3);  // it goes on with a word
  const StateId digit = other.number_frames.begin(other.numbers.start(other.numbers.integers(), {}), '1');
  CHECK(other.reads({other.bottom.state(0), other.bottom.state(4), digit}, "2ull"));
  CHECK(world.machine.left_with(world.machine.leave(0)) == 0 && world.machine.leave(7) == world.machine.leave(7));
  CHECK(world.machine.left_with(start) == kNoLabel);
}

void test_separators() {
  World world;
  using Choice = SeparatorFrames::Choice;
  SeparatorFrames& separators = world.separators;
  constexpr Label kNext = SeparatorFrames::kNext, kEnd = SeparatorFrames::kEnd;
  auto label = [&](StateId frame, const std::string& text) {
    for (Label label : {kNext, kEnd}) {
      if (world.reads({world.bottom.state(5 + label), frame}, text)) return label;
    }
    return kNoLabel;
  };
  for (bool next : {false, true}) {
    for (bool end : {false, true}) {
      for (bool compact : {false, true}) {
        const Choice choice{next, end};
        const StateId member = separators.behind_member(choice, compact);
        const StateId item = separators.behind_item(choice, compact);
        const StateId brace = separators.behind_brace(choice, compact);
        const Label if_next = next ? kNext : kNoLabel, if_end = end ? kEnd : kNoLabel;
        CHECK(label(member, "}") == if_end && label(item, "]") == if_end && label(brace, "}") == if_end);
        CHECK(label(member, ",\"") == if_next && label(item, ",") == if_next && label(brace, "\"") == if_next);
        const Label spaced_next = compact ? kNoLabel : if_next, spaced_end = compact ? kNoLabel : if_end;
        CHECK(label(member, "\n  }") == spaced_end && label(item, " ]") == spaced_end);
        CHECK(label(brace, " }") == spaced_end && label(brace, "\n\"") == spaced_next);
        CHECK(label(member, " ,\"") == spaced_next && label(member, ", \"") == spaced_next);
        CHECK(label(member, " ,\n \"") == spaced_next && label(item, " ,") == spaced_next);
        // The closing bracket of the other kind; after a comma; a second comma; a run of whitespace in two parts.
        for (const char* wrong : {"]", ",}", ",,", ",", "\"", " ", "", ",\"\"", "\n\n}", "x"})
          CHECK(label(member, wrong) == kNoLabel);
        for (const char* wrong : {"}", ",]", ",,", "\"", "", "\n\n]", "x"}) CHECK(label(item, wrong) == kNoLabel);
        for (const char* wrong : {",", ",\"", "]", "", "\n\n}", "x"}) CHECK(label(brace, wrong) == kNoLabel);
      }
    }
  }
}

void test_traits() {
  Machine machine;
  Asked plain{machine, {}};
  CHECK(machine.final_label(plain.state()) == 7 && machine.may_list_words(plain.state()) && plain.ends == 1);
  Asked quiet{machine, {.may_end = false, .lists_words = false}};
  CHECK(machine.final_label(quiet.state()) == kNoLabel && !machine.may_list_words(quiet.state()) && quiet.ends == 0);
  // The traits of the frames for strings, which differ by syntax.
  World world;
  const RegexId any = world.regexes.any_text();
  const StateId in_string = world.strings.body(world.texts.language(any, {}));
  const StateId in_raw = world.raw.body(world.texts.language(any, {}));
  CHECK(world.machine.may_list_words(in_string) && world.machine.final_label(in_string) == kNoLabel);
  CHECK(!world.machine.may_list_words(in_raw) && world.machine.final_label(in_raw) != kNoLabel);
}

}  // namespace

int main() {
  test_captures();
  test_characters();
  test_what_no_text_holds();
  test_labels();
  test_scalars();
  test_two_frames_at_once();
  test_leaving();
  test_separators();
  test_decoding();
  test_steps_without_a_row();
  test_traits();
  return testing::check_summary();
}
