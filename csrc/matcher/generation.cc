// See generation.h.
#include "matcher/generation.h"

#include <algorithm>
#include <utility>

#include "base/fuel.h"

namespace maskforge {

namespace {

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
                       const EngineOptions& options)
    : options_(options),
      vocabulary_(std::move(vocabulary)),
      masks_(space_.machine(), std::move(index), options.memory_limit_bytes / 2) {}

std::shared_ptr<const Compiled> Generation::compile(const Spec& spec) {
  std::string key = spec.key();
  {
    std::lock_guard lock(mutex_);
    if (auto known = compiled_.find(key); known != compiled_.end()) return known->second;
  }
  // Two threads may compile one spec at the same time: the space is hash-consed, they get the same state.
  auto compiled = std::make_shared<Compiled>();
  {
    FuelScope fuel(options_.compile_fuel);
    compiled->start = spec.kind == Spec::Kind::kRegex
                          ? space_.compile_regex(spec.text, compiled->report)
                          : space_.compile_json_schema(spec.text, spec.options, compiled->report);
  }
  std::size_t space_bytes = space_.memory_bytes();
  std::lock_guard lock(mutex_);
  auto [entry, fresh] = compiled_.try_emplace(std::move(key), compiled);
  if (fresh) {
    compiled_bytes_ += sizeof(Compiled) + entry->first.size() + 64;
    for (const ReportEntry& line : compiled->report) {
      compiled_bytes_ += sizeof(line) + line.pointer.size() + line.keyword.size() + line.reason.size();
    }
    if (compiled_.size() == 1) first_bytes_ = space_bytes + compiled_bytes_;
  }
  return entry->second;
}

std::size_t Generation::memory_bytes() const {
  std::size_t bytes = space_.memory_bytes() + masks_.statistics().memo_bytes;
  std::lock_guard lock(mutex_);
  return bytes + compiled_bytes_;
}

bool Generation::outgrown() const {
  std::size_t bytes = space_.memory_bytes();
  std::lock_guard lock(mutex_);
  return bytes + compiled_bytes_ > std::max(options_.memory_limit_bytes / 2, 2 * first_bytes_);
}

}  // namespace maskforge
