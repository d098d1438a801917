// See generation.h.
#include "matcher/generation.h"

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>

#include "base/errors.h"
#include "base/fuel.h"
#include "base/hash.h"
#include "base/stack.h"

namespace maskforge {

namespace {

constexpr std::size_t kEntryBytes = 96;         // what remembering a spec costs besides its text
constexpr std::size_t kRemeasureStates = 1024;  // how many new states are too few to look at the memory again
constexpr std::size_t kRemeasureShare = 2048;   // and what part of the memory limit, of new specs
constexpr std::size_t kQuicklyFreed = std::size_t{4} << 20;  // in a few milliseconds

// Giving back what took a while to fill takes about a millisecond for each megabyte. The thread touches nothing but
// what it was given, so it may be cut off by the end of the process.
void discard(Generation* generation) {
  std::unique_ptr<Generation> owned(generation);
  if (owned->memory_bytes() <= kQuicklyFreed) return;
  try {
    std::thread([generation] { delete generation; }).detach();
    static_cast<void>(owned.release());
  } catch (const std::system_error&) {
    // No thread to be had: it is freed here.
  }
}

}  // namespace

std::uint64_t Spec::hash() const {
  std::uint64_t hash = hash_bytes(text, static_cast<std::uint64_t>(kind));
  hash = mix_hash(hash, static_cast<std::uint64_t>(options.whitespace) * 16 +
                            static_cast<std::uint64_t>(options.property_order) * 4 +
                            static_cast<std::uint64_t>(options.on_refused));
  for (const auto& [uri, resource] : options.resources) hash = hash_bytes(resource, hash_bytes(uri, hash));
  return hash;
}

std::shared_ptr<Generation> Generation::create(std::shared_ptr<const Vocabulary> vocabulary,
                                               std::shared_ptr<const VocabularyIndex> index,
                                               const EngineOptions& options, std::shared_ptr<MaskPool> pool) {
  auto make = [&] { return std::make_unique<Generation>(vocabulary, index, options, pool); };
  return {with_enough_stack(make).release(), discard};
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
  return with_enough_stack([&] {
    FuelScope fuel(options_.compile_fuel);
    report.clear();
    return spec.kind == Spec::Kind::kRegex ? space_.compile_regex(spec.text, report)
                                           : space_.compile_json_schema(spec.text, options, report);
  });
}

const Generation::Compiled* Generation::find(std::uint64_t hash, const Spec& spec) const {
  auto [first, last] = compiled_.equal_range(hash);
  for (; first != last; ++first) {
    if (*first->second.spec == spec) return &first->second;
  }
  return nullptr;
}

// Measuring looks into every part of the space: not after each small spec.
bool Generation::is_stale() {
  return first_bytes_ == 0 || machine().state_count() > states_measured_ + kRemeasureStates ||
         compiled_bytes_ - texts_measured_ > options_.memory_limit_bytes / kRemeasureShare;
}

StateId Generation::compile(const std::shared_ptr<const Spec>& spec) {
  const std::uint64_t hash = spec->hash();
  {
    std::lock_guard lock(mutex_);
    if (const Compiled* known = find(hash, *spec)) return known->start;
  }
  // Two threads may compile one spec at the same time: the space is hash-consed, they get the same state.
  Report report;
  StateId start = run(*spec, spec->options, report);
  bool stale;
  {
    std::lock_guard lock(mutex_);
    if (const Compiled* known = find(hash, *spec)) return known->start;
    compiled_.emplace(hash, Compiled{spec, start});
    compiled_bytes_ += spec->text.size() + kEntryBytes;
    for (const auto& [uri, resource] : spec->options.resources) compiled_bytes_ += uri.size() + resource.size();
    stale = is_stale();
  }
  if (!stale) return start;
  std::size_t space_bytes = space_.memory_bytes();
  std::size_t states = machine().state_count();
  std::lock_guard lock(mutex_);
  space_bytes_ = space_bytes;
  states_measured_ = states;
  texts_measured_ = compiled_bytes_;
  if (first_bytes_ == 0) first_bytes_ = space_bytes + compiled_bytes_;
  return start;
}

void Generation::prepare(StateId start) {
  Configuration at;
  at.frames.push_back(start);
  prepare(at, options_.fill_fuel);
}

void Generation::prepare(const Configuration& at, std::uint64_t fuel) {
  try {
    with_enough_stack([&] {
      FuelScope scope(std::min(fuel, options_.fill_fuel));
      masks_.prepare(at);
    });
  } catch (const Error&) {
    // fill() will say it.
  }
}

MaskEngine::Known Generation::known(const Configuration& at) const {
  return with_enough_stack([&] { return masks_.known(at); });
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
