// Everything compiled grammars share: one machine with its arenas and automata. Grammars of one space share states,
// rows and (through them) masks. A space only grows; when it outgrows its memory a compiler starts another, and the old
// one lives on for as long as a grammar or matcher holds it.
//
// Thread safe: compiling takes the machine's mutex.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "machine/machine.h"
#include "schema/contradiction.h"
#include "schema/json_value.h"
#include "schema/report.h"

namespace maskforge {

enum class WhitespaceStyle { kFlexible, kCompact };
enum class PropertyOrder { kAny, kSchema };
enum class OnRefused { kError, kReport };

struct SchemaOptions {
  WhitespaceStyle whitespace = WhitespaceStyle::kFlexible;
  PropertyOrder property_order = PropertyOrder::kAny;
  OnRefused on_refused = OnRefused::kError;
  std::map<std::string, std::string> resources;  // URI -> schema text, for external references
  bool full_report = false;                      // otherwise the report of a schema stays empty
  bool operator==(const SchemaOptions&) const = default;
};

class GrammarSpace {
 public:
  GrammarSpace();
  ~GrammarSpace();
  GrammarSpace(const GrammarSpace&) = delete;
  GrammarSpace& operator=(const GrammarSpace&) = delete;

  Machine& machine();
  // Both return the state of the bottom frame; a matcher's first configuration is that one frame. Throw SpecError,
  // UnsupportedError, UnsatisfiableError or FuelError (under the caller's FuelScope). A failed compile leaves the space
  // usable.
  StateId compile_json_schema(std::string_view schema_text, const SchemaOptions& options, Report& report);
  StateId compile_regex(std::string_view pattern, Report& report);
  std::size_t memory_bytes() const;

 private:
  struct Impl;
  static Contradiction contradiction_in(const JsonValue& document, SchemaOptions options);

  std::unique_ptr<Impl> impl_;
};

}  // namespace maskforge
