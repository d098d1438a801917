// The byte-level pushdown machine every grammar runs on, built lazily and shared by all matchers of a compiler.
//
// A configuration is a stack of frames; a frame is one StateId (an automaton and a local state of it, interned).
// Reading a byte in the top frame stays, calls (the top becomes the state to return to, a frame is pushed), returns
// (the frame is popped and hands a label to the frame below, which becomes after(frame, label)), or rejects. A state
// may also be *final*: it may end without consuming anything (a number ends at the byte that follows it); the byte is
// then read by the frame below.
//
//     {"a": 1}      document          on `{`: call object            [document-after, object]
//                   object            on `"`: call key               [.., object-key, key]
//                   key               on `"`: return label of "a"    [.., after(object-key, "a")]
//
// Invariants. (1) Aliveness: a state that is reachable by stay, call or after() is alive: it has a completion, whatever
// is below it on the stack. So "no byte of the token is rejected" is "the token is allowed". (2) A byte that a final
// state can consume itself is never tried in the frame below. (3) What a state does never depends on when or by whom
// its row was filled. (4) StateIds, rows and byte classes never move or change meaning during the machine's life.
//
// Threads: reads of filled entries take no lock; anything missing is computed under the machine's one mutex.
// Covered by tests/csrc/test_frames.cc.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/answers.h"
#include "base/arena.h"
#include "base/byte_interner.h"
#include "base/interner.h"
#include "base/short_lock.h"

namespace maskforge {

using StateId = std::uint32_t;
using Label = std::uint32_t;  // what a frame hands to the frame below; 29 bits

inline constexpr StateId kDeadState = 0xFFFFFFFFu;
inline constexpr Label kNoLabel = 0xFFFFFFFFu;

enum class StepKind : std::uint8_t {
  kUnknown,  // not computed yet; never seen outside the machine
  kReject,   // no completion after this byte
  kStay,     // target = new state of the top frame
  kCall,     // call = index into calls(): {below: what the top frame becomes, pushed: the new top}
  kReturn,   // label = label for the frame below; the byte is consumed
  kSuspect,  // depends on text the walk does not know (a repeated unnamed key or item): simulate the token exactly
};

// A row entry: the kind in the top three bits, its operand in the others.
struct Step {
  std::uint32_t bits = 0;
  StepKind kind() const { return static_cast<StepKind>(bits >> 29); }
  std::uint32_t operand() const { return bits & 0x1FFFFFFFu; }
  static Step make(StepKind kind, std::uint32_t operand = 0) {
    return Step{(static_cast<std::uint32_t>(kind) << 29) | operand};
  }
  static Step reject() { return make(StepKind::kReject); }
  static Step suspect() { return make(StepKind::kSuspect); }
  static Step stay(StateId state) { return make(StepKind::kStay, state); }
  static Step returns(Label label) { return make(StepKind::kReturn, label); }
};

struct Call {
  StateId below;   // replaces the calling frame; waits for the label
  StateId pushed;  // the new top; may be two frames, where it is that of a step (Machine::enter)
  bool operator==(const Call&) const = default;
};

// A set of byte values.
struct ByteSet {
  std::array<std::uint64_t, 4> words{};
  void add(std::uint8_t byte) { words[byte >> 6] |= std::uint64_t{1} << (byte & 63); }
  bool has(std::uint8_t byte) const { return (words[byte >> 6] >> (byte & 63) & 1) != 0; }
  bool meets(const ByteSet& other) const {
    std::uint64_t both = 0;
    for (int i = 0; i < 4; ++i) both |= words[i] & other.words[i];
    return both != 0;
  }
  ByteSet& operator|=(const ByteSet& other) {
    for (int i = 0; i < 4; ++i) words[i] |= other.words[i];
    return *this;
  }
  ByteSet& operator&=(const ByteSet& other) {
    for (int i = 0; i < 4; ++i) words[i] &= other.words[i];
    return *this;
  }
  ByteSet without(const ByteSet& other) const {
    ByteSet rest;
    for (int i = 0; i < 4; ++i) rest.words[i] = words[i] & ~other.words[i];
    return rest;
  }
  std::size_t size() const {
    std::size_t count = 0;
    for (std::uint64_t word : words) count += static_cast<std::size_t>(std::popcount(word));
    return count;
  }
  // How many there are below `byte`.
  unsigned rank(std::uint8_t byte) const {
    unsigned below = 0;
    for (int i = 0; i < byte >> 6; ++i) below += static_cast<unsigned>(std::popcount(words[i]));
    return below + static_cast<unsigned>(std::popcount(words[byte >> 6] & ((std::uint64_t{1} << (byte & 63)) - 1)));
  }
  // Calls visit(byte) for each, in ascending order.
  template <typename Visit>
  void each(Visit&& visit) const {
    for (unsigned i = 0; i < 4; ++i) {
      for (std::uint64_t left = words[i]; left != 0; left &= left - 1)
        visit(static_cast<std::uint8_t>(i * 64 + static_cast<unsigned>(std::countr_zero(left))));
    }
  }
};

// Bytes that behave alike in a state. Interned: equal partitions are one object.
struct ByteClasses {
  std::array<std::uint8_t, 256> of{};
  std::array<std::uint8_t, 256> first{};  // by class, its smallest byte
  std::uint16_t count = 0;
  std::vector<ByteSet> bytes;  // by class
};

// What a state in the body of a JSON string reads, where that is one of a few words or, with a reference, any text.
//
// Without a reference, the state reads these words, in every spelling JSON has for them, and nothing else. With one, it
// reads what the reference reads, which is every text, and returns the same labels, but for the words: the label of a
// word is word_label().
struct WordList {
  struct Word {
    std::u32string_view text;  // what is left of it; lives as long as the machine
    std::uint32_t id;          // for word_label()
  };
  StateId reference = kDeadState;
  std::vector<Word> words;  // sorted by text, distinct
};

// Where characters beyond ASCII lead, white space (base/white_space.h) apart from the others.
struct BeyondAscii {
  bool all_stay = true;                // every other character stays in the frame
  bool spaces_stay = true;             // so does all white space
  bool any_space = false;              // some white space does; the rest is rejected
  ShortList<StateId> targets, spaces;  // each once, of others and of white space
};

class Machine;

// What is true of all states of an automaton, so that it need not be asked about each.
struct AutomatonTraits {
  bool may_end = true;      // some have a final_label()
  bool lists_words = true;  // some have words()
};

// One kind of frame. Local states are the automaton's own interned ids. All calls happen under the machine's mutex.
// An override may throw (fuel); nothing is then remembered.
class Automaton {
 public:
  virtual ~Automaton() = default;
  virtual const ByteClasses* byte_classes(std::uint32_t local) = 0;
  // The step on `byte`; all bytes of one class give the same step.
  virtual Step compute(std::uint32_t local, std::uint8_t byte) = 0;
  // The same, for a state whose classes nobody may ever ask for.
  virtual Step compute_alone(std::uint32_t local, std::uint8_t byte) { return compute(local, byte); }
  // The label with which the state may end without consuming a byte, or kNoLabel.
  virtual Label final_label(std::uint32_t) { return kNoLabel; }
  // The state of a waiting frame once its callee returned `label`; kDeadState when that leaves no completion. May be
  // Machine::enter() or Machine::leave().
  virtual StateId after(std::uint32_t, Label) { return kDeadState; }
  // The same, for a waiting state that wants the text of its callee (see Machine::wants_text).
  virtual StateId after_text(std::uint32_t local, Label label, std::string_view) { return after(local, label); }
  // A state whose behaviour on every text of at most `longest` bytes (steps, ends, labels) is the same; by default
  // itself.
  virtual StateId clip(std::uint32_t, StateId self, std::uint32_t) { return self; }
  // A state that stays in the frame on the same texts without a quote as this one: what differs is how it ends. By
  // default itself.
  virtual StateId same_prefixes(std::uint32_t, StateId self) { return self; }
  // The same as reading all well-formed characters beyond ASCII byte by byte, with no other byte from 0x80 on; false
  // where that is not known.
  virtual bool beyond_ascii(std::uint32_t, BeyondAscii&) { return false; }
  // Whether the state is described by a list of words, which is then put into `list` (empty before).
  virtual bool words(std::uint32_t, WordList&) { return false; }
  // The label with which the state ends after a word of its list; kNoLabel when it may not end there.
  virtual Label word_label(std::uint32_t, std::uint32_t) { return kNoLabel; }
  // What may come next, for people.
  virtual std::string describe(std::uint32_t local) = 0;
};

// Labels. A key that the schema names returns named_label(index); everything else returns the verdicts on the questions
// asked.
inline constexpr Label kNamedLabelBit = 1u << 28;
inline Label named_label(std::uint32_t index) { return kNamedLabelBit | index; }
inline bool is_named(Label label) { return (label & kNamedLabelBit) != 0; }
inline std::uint32_t name_index(Label label) { return label & ~kNamedLabelBit; }

class Machine {
 public:
  Machine() = default;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // ---- building (takes the mutex; automata call these from inside their overrides) ----
  std::uint8_t add_automaton(Automaton* automaton, AutomatonTraits traits = {});  // not owned; must outlive its use
  // `wants_text`: a waiting state to which the text of its callee matters. When the callee returns a label that is not
  // is_named(), a matcher must continue with after_text() and what was read from the byte on that called it; a walk,
  // which does not know the text, continues with after(), whose state answers kSuspect where the text would matter.
  StateId intern(std::uint8_t automaton, std::uint32_t local, bool wants_text = false);
  Step call(StateId below, StateId pushed);  // `pushed` may be two frames
  // What after() may return to go on with two frames: the waiting frame becomes `below`, and `pushed`, which is not
  // such a pair itself, comes on top of it. (So that what follows a key can be a frame that knows nothing of the
  // object, and shared.) Where `below` wants a text, which then begins with the next byte, the callee of the waiting
  // frame must have read its own last one.
  StateId enter(StateId below, StateId pushed);
  // What after() may return to pop the waiting frame too, which thereby returns `label`.
  StateId leave(Label label);
  const ByteClasses* intern_classes(const std::array<std::uint8_t, 256>& of);
  // Equal answers have equal labels; 0 is "no" to everything. Called under the mutex.
  Label verdict_label(const Answers& answers);
  Answers answers(Label label) const;
  bool answers_yes(Label label, std::size_t position) const;  // of one question
  ShortRecursiveMutex& mutex() { return mutex_; }

  // ---- reading (no lock when the answer is known) ----
  Step step(StateId state, std::uint8_t byte) {
    const RowOrStep known = this->record(state).row.load(std::memory_order_acquire);
    if (const Row* row = known.row()) {
      Step entry{row->entries()[row->classes->of[byte]].load(std::memory_order_acquire)};
      if (entry.bits != 0) return entry;
    } else if (known.is_step_on(byte)) {
      return known.step();
    }
    return fill(state, byte);
  }
  const Call& call_at(std::uint32_t index) const {
    return (*call_chunks_[index >> kChunkBits].load(std::memory_order_acquire))[index & (kChunkSize - 1)];
  }
  Label final_label(StateId state) {
    std::uint32_t known = record(state).final.load(std::memory_order_acquire);
    if (known == 0) return fill_final(state);
    return known == 1 ? kNoLabel : known - 2;
  }
  StateId after(StateId waiting, Label label) {
    if (label == 0) {
      std::uint32_t known = record(waiting).after0.load(std::memory_order_acquire);
      if (known != 0) return known == 1 ? kDeadState : known - 2;
    }
    return fill_after(waiting, label);
  }
  StateId after_text(StateId waiting, Label label, std::string_view text);
  // The two frames that a result of after() stands for; null when it is a plain state.
  const Call* entered(StateId state) const {
    const Record& record = this->record(state);
    return record.automaton == kEnter ? &call_at(record.local) : nullptr;
  }
  // The label that a result of after() returns at once; kNoLabel for a state to go on from.
  Label left_with(StateId state) const {
    const Record& record = this->record(state);
    return record.automaton == kLeave ? record.local : kNoLabel;
  }
  // A state's row for loops that read many bytes from it: entry(classes[byte]), whose bits are 0 while not computed
  // (then ask step()). Valid for the machine's life.
  struct RowView {
    const std::uint8_t* classes;
    const std::atomic<std::uint32_t>* entries;
    Step entry(std::uint8_t byte) const { return Step{entries[classes[byte]].load(std::memory_order_acquire)}; }
  };
  RowView row(StateId state) {
    const Row* row = record(state).row.load(std::memory_order_acquire).row();
    if (row == nullptr) {
      byte_classes(state);
      row = record(state).row.load(std::memory_order_acquire).row();
    }
    return {row->classes->of.data(), row->entries()};
  }
  // The row if there is one, else one without entries (null): for loops over a few bytes, which do with step().
  RowView row_if_made(StateId state) const {
    const Row* row = record(state).row.load(std::memory_order_acquire).row();
    return row == nullptr ? RowView{nullptr, nullptr} : RowView{row->classes->of.data(), row->entries()};
  }
  // The same with every entry computed, for loops over most bytes.
  RowView full_row(StateId state);
  // What a state does with the bytes of `among`, by classes: those it does not reject, and of these those with which it
  // stays.
  struct Reach {
    ByteSet alive, stay;
  };
  Reach reach(StateId state, const ByteSet& among);
  bool wants_text(StateId state) const { return record(state).wants_text; }
  const ByteClasses* byte_classes(StateId state);  // the partition of the state's row
  StateId clip(StateId state, std::uint32_t longest);
  StateId same_prefixes(StateId state);
  // Whether words() is worth asking.
  bool may_list_words(StateId state) const { return record(state).may_list_words; }
  bool words(StateId state, WordList& list);
  bool beyond_ascii(StateId state, BeyondAscii& found);
  Label word_label(StateId state, std::uint32_t word);
  std::string describe(StateId state);
  std::size_t state_count() const { return count_.load(std::memory_order_acquire); }
  std::size_t memory_bytes() const;

 private:
  static constexpr unsigned kChunkBits = 10;
  static constexpr std::uint32_t kChunkSize = 1u << kChunkBits;
  static constexpr std::uint32_t kMaxChunks = 1u << 16;  // 64 million states
  // These stand for automata.
  static constexpr std::uint8_t kEnter = 255;  // the local id is a call
  static constexpr std::uint8_t kLeave = 254;  // the local id is a label

  struct Row {
    const ByteClasses* classes;
    std::atomic<std::uint32_t>* entries() { return reinterpret_cast<std::atomic<std::uint32_t>*>(this + 1); }
    const std::atomic<std::uint32_t>* entries() const {
      return reinterpret_cast<const std::atomic<std::uint32_t>*>(this + 1);
    }
  };
  // What a state is known to do: all of it, or the last step that was asked for, and how many there were. Most states
  // inside a string are passed with one byte, for which their classes need not be found.
  class RowOrStep {
   public:
    RowOrStep() = default;
    explicit RowOrStep(Row* row) : word_(reinterpret_cast<std::uintptr_t>(row)) {}
    RowOrStep(Step step, std::uint8_t byte, unsigned count)
        : word_(std::uint64_t{step.bits} << 32 | std::uint64_t{byte} << 8 | count << 1 | 1) {}
    Row* row() const { return (word_ & 1) != 0 ? nullptr : reinterpret_cast<Row*>(static_cast<std::uintptr_t>(word_)); }
    // What is no row:
    unsigned count() const { return word_ >> 1 & 0x7F; }
    bool is_step_on(std::uint8_t byte) const { return (word_ >> 8 & 0xFF) == byte && count() > 0; }
    Step step() const { return Step{static_cast<std::uint32_t>(word_ >> 32)}; }

   private:
    std::uint64_t word_ = 1;  // odd: no row
  };
  struct Record {
    std::atomic<RowOrStep> row{};
    std::atomic<std::uint32_t> final{0};   // 0 unknown, 1 none, label + 2
    std::atomic<std::uint32_t> after0{0};  // 0 unknown, 1 dead, state + 2
    std::uint32_t local = 0;
    std::uint32_t calls[2] = {0, 0};  // 1 + the first two calls with this state below; guarded by mutex_
    std::uint8_t automaton = 0;
    bool wants_text = false;
    bool may_list_words = true;
  };
  using RecordChunk = std::array<Record, kChunkSize>;
  using CallChunk = std::array<Call, kChunkSize>;

  Record& record(StateId state) {
    return (*chunks_[state >> kChunkBits].load(std::memory_order_acquire))[state & (kChunkSize - 1)];
  }
  const Record& record(StateId state) const {
    return (*chunks_[state >> kChunkBits].load(std::memory_order_acquire))[state & (kChunkSize - 1)];
  }
  Row* ensure_row(Record& record);
  Step fill(StateId state, std::uint8_t byte);
  Label fill_final(StateId state);
  StateId fill_after(StateId waiting, Label label);
  StateId append(std::uint8_t automaton, std::uint32_t local, bool wants_text);
  StateId& id_of(std::uint8_t automaton, std::uint32_t local);

  // Apart: what every look-up reads, what every lock writes, and what is written under the lock.
  alignas(kCacheLine) std::vector<Automaton*> automata_;
  std::array<AutomatonTraits, 256> traits_{};  // by automaton
  SparseTable<std::atomic<RecordChunk*>> chunks_{kMaxChunks};
  SparseTable<std::atomic<CallChunk*>> call_chunks_{kMaxChunks};
  alignas(kCacheLine) ShortRecursiveMutex mutex_;
  // guarded by mutex_ (but for reading count_)
  alignas(kCacheLine) std::atomic<std::uint32_t> count_{0};
  std::uint32_t call_count_ = 0;
  ByteInterner class_ids_;                      // ByteClasses::of, as bytes
  std::deque<ByteClasses> classes_;             // by that id; may be behind by the newest
  std::array<std::vector<StateId*>, 256> ids_;  // by automaton and local id, in chunks; kDeadState: none
  HashMap64 call_ids_;                          // (below, pushed) -> index, but for Record::calls
  HashMap64 leaves_;                            // label -> state
  HashMap64 afters_;                            // (waiting, label), label > 0
  HashMap64 clips_;                             // (state, longest)
  Interner<Answers, AnswersHash> wide_;         // answers that are not their own label
  Arena arena_;
};

}  // namespace maskforge
