// See machine.h.
#include "machine/machine.h"

#include <mutex>
#include <new>

#include "base/errors.h"
#include "base/fuel.h"

namespace maskforge {

namespace {

constexpr unsigned kIdChunkBits = 10;
constexpr unsigned kStepsWithoutRow = 2;  // of a state
constexpr unsigned kDirectVerdicts = 27;  // answers to so many questions are their own label, as bits
constexpr Label kWideLabels = 1u << kDirectVerdicts;

std::uint64_t pair_key(std::uint32_t high, std::uint32_t low) { return (std::uint64_t{high} << 32) | low; }

}  // namespace

// Where the state of a local id is written. Local ids are dense, so this needs no hashing.
StateId& Machine::id_of(std::uint8_t automaton, std::uint32_t local) {
  std::vector<StateId*>& chunks = ids_[automaton];
  const std::size_t at = local >> kIdChunkBits;
  if (chunks.size() <= at) chunks.resize(at + 1);
  if (chunks[at] == nullptr) {
    StateId* chunk = static_cast<StateId*>(arena_.allocate(sizeof(StateId) << kIdChunkBits));
    std::fill_n(chunk, 1u << kIdChunkBits, kDeadState);
    chunks[at] = chunk;
  }
  return chunks[at][local & ((1u << kIdChunkBits) - 1)];
}

std::uint8_t Machine::add_automaton(Automaton* automaton, AutomatonTraits traits) {
  std::lock_guard lock(mutex_);
  traits_[automata_.size()] = traits;
  automata_.push_back(automaton);
  return static_cast<std::uint8_t>(automata_.size() - 1);
}

StateId Machine::intern(std::uint8_t automaton, std::uint32_t local, bool wants_text) {
  std::lock_guard lock(mutex_);
  StateId& named = id_of(automaton, local);
  if (named == kDeadState) named = append(automaton, local, wants_text);
  return named;
}

StateId Machine::append(std::uint8_t automaton, std::uint32_t local, bool wants_text) {
  std::uint32_t id = count_.load(std::memory_order_relaxed);
  std::uint32_t chunk = id >> kChunkBits;
  FuelScope::spend();
  if (chunk >= kMaxChunks) throw FuelError("the machine holds as many states as it can");
  if (chunks_[chunk].load() == nullptr)
    chunks_[chunk].store(new (arena_.allocate(sizeof(RecordChunk))) RecordChunk(), std::memory_order_release);
  Record& record = this->record(id);
  record.local = local;
  record.automaton = automaton;
  record.wants_text = wants_text;
  record.may_list_words = traits_[automaton].lists_words;
  if (!traits_[automaton].may_end) record.final.store(1, std::memory_order_relaxed);
  count_.store(id + 1, std::memory_order_release);
  return id;
}

Step Machine::call(StateId below, StateId pushed) {
  std::lock_guard lock(mutex_);
  const std::uint64_t key = pair_key(below, pushed);
  std::uint32_t* free = nullptr;
  for (std::uint32_t& own : record(below).calls) {
    if (own == 0) {
      free = &own;
      break;
    }
    if (call_at(own - 1).pushed == pushed) return Step::make(StepKind::kCall, own - 1);
  }
  if (free == nullptr) {
    if (const std::uint32_t* known = call_ids_.find(key)) return Step::make(StepKind::kCall, *known);
  }
  std::uint32_t chunk = call_count_ >> kChunkBits;
  if (chunk >= kMaxChunks) throw FuelError("the machine holds as many calls as it can");
  if (call_chunks_[chunk].load() == nullptr)
    call_chunks_[chunk].store(new (arena_.allocate(sizeof(CallChunk))) CallChunk(), std::memory_order_release);
  (*call_chunks_[chunk].load())[call_count_ & (kChunkSize - 1)] = Call{below, pushed};
  if (free != nullptr) {
    *free = call_count_ + 1;
  } else {
    call_ids_.insert(key, call_count_);
  }
  return Step::make(StepKind::kCall, call_count_++);
}

StateId Machine::enter(StateId below, StateId pushed) {
  std::lock_guard lock(mutex_);
  return intern(kEnter, call(below, pushed).operand());
}

StateId Machine::leave(Label label) {
  std::lock_guard lock(mutex_);
  if (const std::uint32_t* known = leaves_.find(label)) return *known;
  const StateId state = append(kLeave, label, false);
  leaves_.insert(label, state);
  return state;
}

const ByteClasses* Machine::intern_classes(const std::array<std::uint8_t, 256>& of) {
  std::lock_guard lock(mutex_);
  const std::uint32_t id = class_ids_.intern({reinterpret_cast<const char*>(of.data()), of.size()});
  while (classes_.size() <= id) {
    ByteClasses& classes = classes_.emplace_back();
    std::ranges::copy(class_ids_[static_cast<std::uint32_t>(classes_.size() - 1)], classes.of.begin());
    std::uint8_t most = 0;
    for (unsigned byte = 256; byte-- > 0;) {
      most = std::max(most, classes.of[byte]);
      classes.first[classes.of[byte]] = static_cast<std::uint8_t>(byte);
    }
    classes.count = static_cast<std::uint16_t>(most + 1);
    classes.bytes.resize(classes.count);
    for (unsigned byte = 0; byte < 256; ++byte) classes.bytes[classes.of[byte]].add(static_cast<std::uint8_t>(byte));
  }
  return &classes_[id];
}

Label Machine::verdict_label(const Answers& answers) {
  if (answers.yes.empty()) return 0;
  if (answers.yes.back() >= kDirectVerdicts) {
    std::lock_guard lock(mutex_);
    const std::uint32_t id = wide_.intern(answers);
    if (id >= kWideLabels) throw FuelError("the machine holds as many sets of answers as it can");
    return (1u << kDirectVerdicts) + id;
  }
  Label label = 0;
  for (std::uint32_t position : answers.yes) label |= 1u << position;
  return label;
}

Answers Machine::answers(Label label) const {
  if (label >> kDirectVerdicts != 0) return wide_[label - (1u << kDirectVerdicts)];
  Answers answers;
  for (std::uint32_t position = 0; label >> position != 0; ++position) {
    if ((label >> position & 1) != 0) answers.add(position);
  }
  return answers;
}

bool Machine::answers_yes(Label label, std::size_t position) const {
  if (label >> kDirectVerdicts != 0) return wide_[label - (1u << kDirectVerdicts)].holds(position);
  return position < kDirectVerdicts && (label >> position & 1) != 0;
}

Machine::Row* Machine::ensure_row(Record& record) {
  Row* row = record.row.load(std::memory_order_acquire).row();
  if (row != nullptr) return row;
  const ByteClasses* classes = automata_[record.automaton]->byte_classes(record.local);
  void* place = arena_.allocate(sizeof(Row) + classes->count * sizeof(std::atomic<std::uint32_t>));
  row = new (place) Row{classes};
  for (unsigned i = 0; i < classes->count; ++i) new (row->entries() + i) std::atomic<std::uint32_t>(0);
  record.row.store(RowOrStep(row), std::memory_order_release);
  return row;
}

const ByteClasses* Machine::byte_classes(StateId state) {
  Record& record = this->record(state);
  const Row* row = record.row.load(std::memory_order_acquire).row();
  if (row != nullptr) return row->classes;
  std::lock_guard lock(mutex_);
  return ensure_row(record)->classes;
}

Machine::RowView Machine::full_row(StateId state) {
  RowView view = row(state);
  const ByteClasses& classes = *record(state).row.load(std::memory_order_acquire).row()->classes;
  auto missing = [&](unsigned c) { return view.entries[c].load(std::memory_order_acquire) == 0; };
  unsigned c = 0;
  while (c < classes.count && !missing(c)) ++c;
  if (c == classes.count) return view;
  std::lock_guard lock(mutex_);  // once for all of them
  for (; c < classes.count; ++c) {
    if (missing(c)) fill(state, classes.first[c]);
  }
  return view;
}

Machine::Reach Machine::reach(StateId state, const ByteSet& among) {
  RowView view = row(state);
  const ByteClasses& classes = *record(state).row.load(std::memory_order_acquire).row()->classes;
  Reach reach;
  std::unique_lock<ShortRecursiveMutex> lock(mutex_, std::defer_lock);  // once for all that is missing
  for (unsigned c = 0; c < classes.count; ++c) {
    if (!classes.bytes[c].meets(among)) continue;
    Step step{view.entries[c].load(std::memory_order_acquire)};
    if (step.bits == 0) {
      if (!lock.owns_lock()) lock.lock();
      step = fill(state, classes.first[c]);
    }
    if (step.kind() == StepKind::kReject) continue;
    reach.alive |= classes.bytes[c];
    if (step.kind() == StepKind::kStay) reach.stay |= classes.bytes[c];
  }
  reach.alive &= among;
  reach.stay &= among;
  return reach;
}

Step Machine::fill(StateId state, std::uint8_t byte) {
  std::lock_guard lock(mutex_);
  Record& record = this->record(state);
  const RowOrStep known = record.row.load(std::memory_order_relaxed);
  if (known.row() == nullptr) {
    if (known.is_step_on(byte)) return known.step();
    if (known.count() < kStepsWithoutRow) {
      FuelScope::spend();
      const Step step = automata_[record.automaton]->compute_alone(record.local, byte);
      if (record.row.load(std::memory_order_relaxed).row() == nullptr)
        record.row.store(RowOrStep(step, byte, known.count() + 1), std::memory_order_release);
      return step;
    }
  }
  Row* row = ensure_row(record);
  std::atomic<std::uint32_t>& entry = row->entries()[row->classes->of[byte]];
  if (entry.load() != 0) return Step{entry.load()};
  FuelScope::spend();
  Step step = automata_[record.automaton]->compute(record.local, byte);
  entry.store(step.bits, std::memory_order_release);
  return step;
}

Label Machine::fill_final(StateId state) {
  std::lock_guard lock(mutex_);
  Record& record = this->record(state);
  Label label = automata_[record.automaton]->final_label(record.local);
  record.final.store(label == kNoLabel ? 1 : label + 2, std::memory_order_release);
  return label;
}

StateId Machine::fill_after(StateId waiting, Label label) {
  std::lock_guard lock(mutex_);
  Record& record = this->record(waiting);
  if (label == 0) {
    std::uint32_t known = record.after0.load();
    if (known != 0) return known == 1 ? kDeadState : known - 2;
  } else if (const std::uint32_t* known = afters_.find(pair_key(waiting, label))) {
    return *known;
  }
  FuelScope::spend();
  StateId next = automata_[record.automaton]->after(record.local, label);
  if (label == 0) {
    record.after0.store(next == kDeadState ? 1 : next + 2, std::memory_order_release);
  } else if (afters_.find(pair_key(waiting, label)) == nullptr) {
    afters_.insert(pair_key(waiting, label), next);
  }
  return next;
}

StateId Machine::after_text(StateId waiting, Label label, std::string_view text) {
  std::lock_guard lock(mutex_);
  Record& record = this->record(waiting);
  FuelScope::spend();
  return automata_[record.automaton]->after_text(record.local, label, text);
}

StateId Machine::clip(StateId state, std::uint32_t longest) {
  std::lock_guard lock(mutex_);
  if (const std::uint32_t* known = clips_.find(pair_key(state, longest))) return *known;
  Record& record = this->record(state);
  StateId clipped = automata_[record.automaton]->clip(record.local, state, longest);
  clips_.insert(pair_key(state, longest), clipped);
  return clipped;
}

StateId Machine::same_prefixes(StateId state) {
  std::lock_guard lock(mutex_);
  const Record& record = this->record(state);
  return automata_[record.automaton]->same_prefixes(record.local, state);
}

bool Machine::beyond_ascii(StateId state, BeyondAscii& found) {
  std::lock_guard lock(mutex_);
  const Record& record = this->record(state);
  return automata_[record.automaton]->beyond_ascii(record.local, found);
}

bool Machine::words(StateId state, WordList& list) {
  std::lock_guard lock(mutex_);
  const Record& record = this->record(state);
  return automata_[record.automaton]->words(record.local, list);
}

Label Machine::word_label(StateId state, std::uint32_t word) {
  std::lock_guard lock(mutex_);
  FuelScope::spend();
  const Record& record = this->record(state);
  return automata_[record.automaton]->word_label(record.local, word);
}

std::string Machine::describe(StateId state) {
  std::lock_guard lock(mutex_);
  Record& record = this->record(state);
  return automata_[record.automaton]->describe(record.local);
}

std::size_t Machine::memory_bytes() const {
  std::size_t answers = 0;
  for (std::uint32_t id = 0; id < wide_.size(); ++id) answers += 48 + wide_[id].yes.size() * sizeof(std::uint32_t);
  return answers + arena_.memory_bytes() + call_ids_.memory_bytes() + leaves_.memory_bytes() + afters_.memory_bytes() +
         clips_.memory_bytes() + class_ids_.memory_bytes() +
         classes_.size() * (sizeof(ByteClasses) + 16 * sizeof(ByteSet));
}

}  // namespace maskforge
