// See generation.h.
#include "matcher/generation.h"

#include <algorithm>
#include <utility>

#include "base/fuel.h"

namespace maskforge {

namespace {

constexpr std::size_t kEntryBytes = 96;         // what remembering a spec costs besides its text
constexpr std::size_t kRemeasureStates = 1024;  // how many new states are too few to look at the memory again

void append_part(std::string& key, const std::string& part) {
  key += std::to_string(part.size());
  key += ':';
  key += part;
}

}  // namespace

std::string Spec::key() const {
  std::string key;
  key += kind == Kind::kRegex ? 'r' : 'j';
  if (kind == Kind::kJsonSchema) {
    key += static_cast<char>('0' + static_cast<int>(options.whitespace));
    key += static_cast<char>('0' + static_cast<int>(options.property_order));
    key += static_cast<char>('0' + static_cast<int>(options.on_refused));
    for (const auto& [uri, resource] : options.resources) {
      append_part(key, uri);
      append_part(key, resource);
    }
  }
  key += '|';
  key += text;
  return key;
}

// Half of the memory goes to the masks, which bound themselves, half to the space, which is left behind when it is
// full.
Generation::Generation(std::shared_ptr<const Vocabulary> vocabulary, std::shared_ptr<const VocabularyIndex> index,
                       const EngineOptions& options, std::shared_ptr<MaskPool> pool)
    : options_(options),
      vocabulary_(std::move(vocabulary)),
      pool_(pool ? std::move(pool) : std::make_shared<MaskPool>(vocabulary_->bitmask_words(), options.mask_pool)),
      masks_(space_.machine(), std::move(index), options.memory_limit_bytes / 2) {}

StateId Generation::run(const Spec& spec, const SchemaOptions& options, Report& report) {
  FuelScope fuel(options_.compile_fuel);
  return spec.kind == Spec::Kind::kRegex ? space_.compile_regex(spec.text, report)
                                         : space_.compile_json_schema(spec.text, options, report);
}

StateId Generation::compile(const Spec& spec) {
  std::string key = spec.key();
  {
    std::lock_guard lock(mutex_);
    if (auto known = compiled_.find(key); known != compiled_.end()) return known->second;
  }
  // Two threads may compile one spec at the same time: the space is hash-consed, they get the same state.
  Report report;
  StateId start = run(spec, spec.options, report);
  std::size_t space_bytes = space_.memory_bytes();
  std::size_t states = machine().state_count();
  std::lock_guard lock(mutex_);
  auto [entry, fresh] = compiled_.try_emplace(std::move(key), start);
  if (fresh) compiled_bytes_ += entry->first.size() + kEntryBytes;
  space_bytes_ = space_bytes;
  states_measured_ = states;
  if (first_bytes_ == 0) first_bytes_ = space_bytes + compiled_bytes_;
  return entry->second;
}

Report Generation::report(const Spec& spec) {
  SchemaOptions options = spec.options;
  options.full_report = true;
  Report report;
  run(spec, options, report);
  return report;
}

std::size_t Generation::memory_bytes() const {
  std::size_t bytes = space_.memory_bytes() + masks_.statistics().memo_bytes;
  std::lock_guard lock(mutex_);
  return bytes + compiled_bytes_;
}

bool Generation::outgrown() {
  std::size_t states = machine().state_count();
  std::lock_guard lock(mutex_);
  if (states > states_measured_ + kRemeasureStates) {
    // Matchers make states too. Measuring needs the machine's mutex; a compile may hold it for long, and measures by
    // itself.
    std::unique_lock machine_lock(machine().mutex(), std::try_to_lock);
    if (machine_lock.owns_lock()) {
      space_bytes_ = space_.memory_bytes();
      states_measured_ = states;
    }
  }
  return space_bytes_ + compiled_bytes_ > std::max(options_.memory_limit_bytes / 2, 2 * first_bytes_);
}

}  // namespace maskforge
