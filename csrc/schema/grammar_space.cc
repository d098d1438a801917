// See grammar_space.h.
#include "schema/grammar_space.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/errors.h"
#include "base/fuel.h"
#include "schema/arrays.h"
#include "schema/contradiction.h"
#include "schema/document.h"
#include "schema/json_value.h"
#include "schema/loader.h"
#include "schema/objects.h"

namespace maskforge {

struct GrammarSpace::Impl {
  Impl()
      : texts(machine, regexes),
        strings(machine, texts, TextSyntax::kJsonString),
        raw(machine, texts, TextSyntax::kRaw),
        spaces(machine),
        separators(machine, spaces),
        questions(store, regexes, numbers, formulas),
        values(machine, questions, texts, strings, spaces),
        taken(store, regexes, numbers),
        objects(machine, values, taken, texts, strings, spaces, separators),
        arrays(machine, values, taken, texts, spaces, separators),
        documents(machine, values, spaces) {
    values.set_containers(&objects, &arrays);
  }

  // Nothing where no value satisfies the question.
  std::optional<SpecId> spec(QuestionId root, const SchemaOptions& options) {
    root = questions.resolve(root);
    ShortList<std::uint32_t> forced;
    if (root != kAlways) forced.push_back(Literal{root, true}.code());
    SpecId spec = values.spec(std::move(forced), {}, kTrue, options.whitespace == WhitespaceStyle::kCompact);
    if (root == kNever || !values.satisfiable(spec)) return std::nullopt;
    return spec;
  }
  std::size_t memory_bytes() const {
    return machine.memory_bytes() + regexes.memory_bytes() + numbers.memory_bytes() + texts.memory_bytes() +
           strings.memory_bytes() + raw.memory_bytes() + store.memory_bytes() + formulas.memory_bytes() +
           questions.unevaluated().memory_bytes() + values.memory_bytes() + objects.memory_bytes() +
           taken.memory_bytes() + arrays.memory_bytes();
  }

  Machine machine;
  RegexArena regexes;
  NumberArena numbers;
  Texts texts;
  TextFrames strings;
  TextFrames raw;
  SpaceFrames spaces;
  SeparatorFrames separators;
  SchemaStore store;
  Formulas formulas;
  Questions questions;
  Values values;
  TakenSets taken;
  Objects objects;
  Arrays arrays;
  Documents documents;
};

GrammarSpace::GrammarSpace() : impl_(std::make_unique<Impl>()) {}
GrammarSpace::~GrammarSpace() = default;

Machine& GrammarSpace::machine() { return impl_->machine; }

StateId GrammarSpace::compile_json_schema(std::string_view schema_text, const SchemaOptions& options, Report& report) {
  JsonDocument document = parse_json(schema_text);
  {
    std::lock_guard lock(impl_->machine.mutex());
    SchemaLoader loader(impl_->store, impl_->regexes, impl_->numbers, options, report);
    if (std::optional<SpecId> spec = impl_->spec(loader.load(document.root()), options))
      return impl_->documents.start(*spec, options.whitespace == WhitespaceStyle::kCompact);
  }
  Contradiction contradiction = contradiction_in(document.root(), options);
  throw UnsatisfiableError(contradiction.describe(), contradiction.pointers, contradiction.minimal,
                           contradiction.where);
}

// In spaces of its own: what is tried here is of no use to grammars, and nobody has to wait for it.
Contradiction GrammarSpace::contradiction_in(const JsonValue& document, SchemaOptions options) {
  constexpr std::uint64_t kMostFuel = 8'000'000;  // a few seconds
  constexpr std::size_t kScratchBytes = std::size_t{64} << 20;
  options.full_report = false;
  options.property_order = PropertyOrder::kAny;  // every value can be written in some order
  std::unique_ptr<Impl> scratch;
  auto load = [&](Relaxation& relaxation) {
    if (scratch == nullptr || scratch->memory_bytes() > kScratchBytes) scratch = std::make_unique<Impl>();
    Report unread;
    return SchemaLoader(scratch->store, scratch->regexes, scratch->numbers, options, unread, &relaxation)
        .load(document);
  };
  ContradictionSearch search(load, [&](QuestionId question) { return !scratch->spec(question, options); });
  return search.run(std::min(FuelScope::whole() / 2, kMostFuel));
}

StateId GrammarSpace::compile_regex(std::string_view pattern, Report& report) {
  std::lock_guard lock(impl_->machine.mutex());
  RegexId language = impl_->regexes.parse(pattern, RegexMode::kWhole);
  TextId text = impl_->texts.language(language, {});
  if (text == kDeadText) throw UnsatisfiableError("no text matches this pattern");
  report.push_back({"", "regex", Enforcement::kEnforced, ""});
  return impl_->raw.body(text);
}

std::size_t GrammarSpace::memory_bytes() const {
  std::lock_guard lock(impl_->machine.mutex());
  return impl_->memory_bytes();
}

}  // namespace maskforge
