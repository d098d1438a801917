// Value positions: what a container asks of the next value, and which frame reads it.
//
// A *spec* is the question list of one position: literals that are forced (a conjunction that returns nothing),
// questions asked whose verdicts come back as the label, and a demand on the asked ones (a formula over verdicts: the
// combinations with which the container can still be completed). With the demand inside the child's own state, a child
// is alive by itself, whatever is below it on the stack. Guarded by the machine's mutex.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <unordered_map>

#include "base/interner.h"
#include "base/short_list.h"
#include "schema/orders.h"
#include "schema/questions.h"
#include "schema/scalar_frames.h"
#include "schema/text_frames.h"

namespace maskforge {

using SpecId = std::uint32_t;

// A question and the answer it must get, as one integer.
struct Literal {
  QuestionId question;
  bool positive;
  std::uint32_t code() const { return question << 1 | (positive ? 1u : 0u); }
  static Literal of(std::uint32_t code) { return {code >> 1, (code & 1) != 0}; }
};

class Containers;

// Also the frame at the start of a value, which begins after a key (and reads the colon) or after a comma, and becomes
// the value's own frame with the first byte. It knows the spec and nothing of the container, so all containers that ask
// the same share it, and its masks.
class Values : public Automaton {
 public:
  Values(Machine& machine, Questions& questions, Texts& texts, TextFrames& strings, SpaceFrames& spaces);

  StateId start(SpecId spec) { return frame(spec, false, specs_[spec].compact); }
  StateId colon(SpecId spec) { return frame(spec, true, specs_[spec].compact); }
  const ByteClasses* byte_classes(std::uint32_t) override { return classes_; }
  Step compute(std::uint32_t local, std::uint8_t byte) override;
  StateId after(std::uint32_t local, Label) override {
    return machine_.intern(automaton_, local);
  }  // back from whitespace
  std::string describe(std::uint32_t local) override;

  // `forced` are literal codes in any order; `asked` is sorted and unique, as long as it may be, and never holds a
  // forced question.
  SpecId spec(ShortList<std::uint32_t> forced, ShortList<QuestionId> asked, FormulaId demand, bool compact);
  // Whether some value answers the forced questions as they must be and the asked ones as demanded. Exact; memoised.
  bool satisfiable(SpecId spec);
  // How many values do, saturating at `limit`. Requires a spec that asks and demands nothing. Exact where satisfiable()
  // is; like there, a question met again while it is being counted counts for as much as is known of it.
  std::uint64_t count(SpecId spec, std::uint64_t limit);
  // The frame pushed by the first byte of a value; kDeadState when no value of the spec begins with it.
  StateId begin(SpecId spec, std::uint8_t byte);
  // What the numbers, strings and words of the spec answer to the questions asked, each answer once: those that some
  // value surely gives, and those that one may give. Null where they are too many to list.
  using ScalarAnswers = NumberArena::AllAnswers;
  const ScalarAnswers* scalar_answers(SpecId spec);
  TextId text(SpecId spec);  // the body of a string; kDeadText when none is possible
  const ShortList<QuestionId>& asked(SpecId spec) const { return specs_[spec].asked; }
  // What may stand here, for people.
  std::string describe_spec(SpecId spec);

  void set_containers(Containers* objects, Containers* arrays) {
    objects_ = objects;
    arrays_ = arrays;
  }
  Questions& questions() { return questions_; }
  Orders& orders() { return orders_; }
  std::size_t memory_bytes() const {
    return list_bytes_ + specs_.size() * (sizeof(Spec) + sizeof(Starts) + 48) + orders_.memory_bytes() +
           rests_.rests().memory_bytes();
  }

  // Least fixpoint of satisfiability over recursive schemas: a question met again while it is being answered counts as
  // unsatisfiable; "no" answers that relied on that are not remembered. Every memo of a "no" in the engine goes through
  // this.
  class Attempt {
   public:
    explicit Attempt(Values& values) : values_(values), outer_(values.lowest_assumed_) {
      values.lowest_assumed_ = kNoAssumption;
    }
    ~Attempt() { values_.lowest_assumed_ = std::min(values_.lowest_assumed_, outer_); }
    // Whether a "no" found since construction holds without any assumption about the questions that are being answered
    // below.
    bool certain() const { return values_.lowest_assumed_ >= values_.depth_; }

   private:
    friend class Values;
    Values& values_;
    std::uint32_t outer_;
  };

 private:
  static constexpr std::uint32_t kNoAssumption = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t kMaxDepth = 2000;

  struct Spec {
    ShortList<std::uint32_t> forced;
    ShortList<QuestionId> asked;
    FormulaId demand;
    bool compact;
    bool operator==(const Spec&) const = default;
  };
  struct SpecHash {
    std::uint64_t operator()(const Spec& s) const {
      std::uint64_t h = mix_hash(s.demand, s.compact);
      for (std::uint32_t code : s.forced) h = mix_hash(h, code);
      h = mix_hash(h, 0x55);
      for (QuestionId q : s.asked) h = mix_hash(h, q);
      return h;
    }
  };
  enum class Known : std::uint8_t { kUnknown, kNo, kYes, kBusy };
  struct Starts {
    Known satisfiable = Known::kUnknown;
    std::uint32_t busy_depth = 0;
    bool has_text = false, has_number = false, has_object = false, has_array = false, has_words = false;
    TextId text = kDeadText;
    NumberRests::Place number;
    StateId object = kDeadState;
    StateId array = kDeadState;
    std::uint8_t words = 0;
  };

  // Local ids: spec << 2, 2 while the colon is to come, 1 when whitespace was read (or none is allowed).
  StateId frame(SpecId spec, bool colon, bool spaced) {
    return machine_.intern(automaton_, spec << 2 | (colon ? 2u : 0u) | (spaced ? 1u : 0u));
  }
  // What a number must be, but for those it must not be where they are many: these are put into `without`.
  NumberSetId number_set(SpecId spec, DigitSets::SetId& without);
  NumberRests::Place number(SpecId spec);
  StateId container(SpecId spec, bool object);
  std::uint8_t words(SpecId spec);
  // Of what types a value may be, by what the forced questions say themselves; too many rather than too few.
  std::uint8_t types(const Spec& spec) const;
  bool search(SpecId spec);
  // Where a container must be one of those that were taken: whether one of them will do. Equal ones are one question.
  std::optional<bool> search_taken(SpecId spec);
  Answers word_answers(SpecId spec, std::uint8_t bit);
  std::uint64_t count_now(SpecId spec, std::uint64_t limit);
  // What the forced questions and the demand ask of a container. Where `taken` is given, it gets what an object must
  // not be, which is then not in the formula.
  FormulaId demanded_of(const Spec& spec, bool object, ShortList<QuestionId>* taken = nullptr);
  OrderId order_of(const Spec& spec);

  Machine& machine_;
  Questions& questions_;
  Orders orders_;
  Texts& texts_;
  TextFrames& strings_;
  SpaceFrames& spaces_;
  std::uint8_t automaton_;
  const ByteClasses* classes_;
  NumberFrames numbers_;
  RestFrames rests_;
  WordFrames words_;
  Containers* objects_ = nullptr;
  Containers* arrays_ = nullptr;
  struct Count {
    std::uint64_t known = 0;  // so many there are at least
    std::uint64_t limit = 0;  // and no more, where that is less; 0: still being counted, or not known
    std::uint32_t busy_depth = kNoAssumption;
  };

  Interner<Spec, SpecHash> specs_;
  StableVector<Starts> starts_;
  std::unordered_map<SpecId, Count> counts_;
  std::unordered_map<SpecId, std::optional<ScalarAnswers>> scalar_answers_;
  std::size_t list_bytes_ = 0;  // of long lists of questions, and of answers to them
  std::uint32_t depth_ = 0;     // specs being answered
  std::uint32_t lowest_assumed_ =
      kNoAssumption;  // lowest depth whose answer was assumed "no" since the innermost Attempt
};

// Objects and arrays, as the values see them.
class Containers {
 public:
  virtual ~Containers() = default;
  // The frame after the opening bracket, of objects as after(.., SeparatorFrames::kOpened) says; kDeadState when the
  // demanded formula cannot be fulfilled. The order is one of keys, and an object must also be none of the objects in
  // `taken` (questions, see SchemaNode::taken); neither means anything to arrays.
  virtual StateId start(FormulaId demanded, const ShortList<FormulaId>& asked, bool compact, OrderId order,
                        const ShortList<QuestionId>& taken) = 0;
  // Whether the object is one of those of a `taken` question, as a formula that start() may be asked.
  virtual FormulaId among(QuestionId taken) = 0;
  // How many values fulfil the demanded formula, saturating at `limit`.
  virtual std::uint64_t count(FormulaId demanded, bool compact, std::uint64_t limit) = 0;
};

}  // namespace maskforge
