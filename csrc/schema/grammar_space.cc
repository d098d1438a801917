// See grammar_space.h.
#include "schema/grammar_space.h"

#include "base/errors.h"
#include "base/fuel.h"
#include "schema/arrays.h"
#include "schema/document.h"
#include "schema/loader.h"
#include "schema/objects.h"

namespace maskforge {

struct GrammarSpace::Impl {
  Impl()
      : texts(machine, regexes),
        strings(machine, texts, TextSyntax::kJsonString),
        raw(machine, texts, TextSyntax::kRaw),
        spaces(machine),
        questions(store, regexes, numbers, formulas),
        values(machine, questions, texts, strings, spaces),
        taken(store, regexes, numbers),
        objects(machine, values, taken, texts, strings, spaces),
        arrays(machine, values, taken, texts, spaces),
        documents(machine, values, spaces) {
    values.set_containers(&objects, &arrays);
  }

  Machine machine;
  RegexArena regexes;
  NumberArena numbers;
  Texts texts;
  TextFrames strings;
  TextFrames raw;
  SpaceFrames spaces;
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
  std::lock_guard lock(impl_->machine.mutex());
  SchemaLoader loader(impl_->store, impl_->regexes, impl_->numbers, options, report);
  QuestionId root = impl_->questions.resolve(loader.load(document.root()));
  const bool compact = options.whitespace == WhitespaceStyle::kCompact;
  std::vector<std::uint32_t> forced;
  if (root != kAlways) forced.push_back(Literal{root, true}.code());
  SpecId spec = impl_->values.spec(std::move(forced), {}, kTrue, compact);
  if (root == kNever || !impl_->values.satisfiable(spec))
    throw UnsatisfiableError("no JSON value satisfies this schema");
  return impl_->documents.start(spec, compact);
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
  const Impl& i = *impl_;
  return i.machine.memory_bytes() + i.regexes.memory_bytes() + i.numbers.memory_bytes() + i.texts.memory_bytes() +
         i.strings.memory_bytes() + i.raw.memory_bytes() + i.store.memory_bytes() + i.formulas.memory_bytes() +
         i.questions.unevaluated().memory_bytes() + i.values.memory_bytes() + i.objects.memory_bytes() +
         i.taken.memory_bytes() + i.arrays.memory_bytes();
}

}  // namespace maskforge
