// See engine.h.
#include "matcher/engine.h"

#include <cstdio>
#include <utility>

#include "base/stack.h"
#include "masks/vocabulary_index.h"

namespace maskforge {

namespace {

void append_json_string(std::string& out, const std::string& text) {
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  out += '"';
}

const char* status_name(Enforcement status) {
  switch (status) {
    case Enforcement::kEnforced:
      return "enforced";
    case Enforcement::kAnnotation:
      return "annotation";
    default:
      return "refused";
  }
}

}  // namespace

std::unique_ptr<Matcher> Grammar::matcher() const {
  std::shared_ptr<Generation> generation = engine_->generation();
  StateId start = kDeadState;
  {
    std::lock_guard lock(mutex_);
    // Compared by identity: an address may come back, the control block that the weak pointer holds does not.
    if (!generation_.owner_before(generation) && !generation.owner_before(generation_)) start = start_;
  }
  if (start == kDeadState) {
    start = generation->compile(spec_);  // without the lock: it may take long, and twice is harmless
    std::lock_guard lock(mutex_);
    generation_ = generation;
    start_ = start;
  }
  return std::make_unique<Matcher>(std::move(generation), start);
}

Report Grammar::report() const { return engine_->generation()->report(*spec_); }

std::string Grammar::report_json() const {
  std::string json = "[";
  for (const ReportEntry& entry : report()) {
    if (json.size() > 1) json += ", ";
    json += "{\"pointer\": ";
    append_json_string(json, entry.pointer);
    json += ", \"keyword\": ";
    append_json_string(json, entry.keyword);
    json += ", \"status\": ";
    append_json_string(json, status_name(entry.status));
    json += ", \"reason\": ";
    append_json_string(json, entry.reason);
    json += "}";
  }
  return json + "]";
}

std::shared_ptr<Engine> Engine::create(std::shared_ptr<const Vocabulary> vocabulary, const EngineOptions& options) {
  Stack::of_thread();  // in the main thread this takes a while, which no compile has to wait for
  return with_enough_stack([&] { return std::shared_ptr<Engine>(new Engine(vocabulary, options)); });
}

Engine::Engine(std::shared_ptr<const Vocabulary> vocabulary, const EngineOptions& options)
    : options_(options),
      vocabulary_(std::move(vocabulary)),
      index_(std::make_shared<const VocabularyIndex>(vocabulary_)),
      pool_(std::make_shared<MaskPool>(vocabulary_->bitmask_words(), options.mask_pool)),
      current_(Generation::create(vocabulary_, index_, options_, pool_)) {}

std::shared_ptr<const Grammar> Engine::compile(Spec spec) {
  std::shared_ptr<Generation> generation = this->generation();
  auto shared = std::make_shared<const Spec>(std::move(spec));
  const StateId start = generation->compile(shared);
  generation->prepare(start);
  return std::make_shared<const Grammar>(shared_from_this(), std::move(shared), generation, start);
}

std::shared_ptr<Generation> Engine::generation() {
  std::lock_guard lock(mutex_);
  if (current_->outgrown()) current_ = Generation::create(vocabulary_, index_, options_, pool_);
  return current_;
}

std::size_t Engine::memory_bytes() const {
  std::shared_ptr<Generation> current;
  {
    std::lock_guard lock(mutex_);
    current = current_;
  }
  return current->memory_bytes();
}

}  // namespace maskforge
