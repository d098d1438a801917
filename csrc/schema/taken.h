// The values that an array with `uniqueItems` has read so far, as sets that share their parts.
//
// A set is a few *chunks*, and a chunk is a question: "is it one of these values?". So a chunk that must be answered
// with no is all that the next item needs to know. New values go into a small chunk, which is rebuilt; full ones are
// merged like the digits of a binary counter, so that n values added one after the other take O(n log n) memory, not
// n^2, and the set of n values has O(log n) chunks. Numbers are no part of chunks but a set of digits (digit_sets.h),
// which is a question of its own. Guarded by the machine's mutex. Covered by tests/schema/ (Python).
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "base/interner.h"
#include "base/short_list.h"
#include "schema/constants.h"

namespace maskforge {

using TakenId = std::uint32_t;
inline constexpr TakenId kNothingTaken = 0;

class TakenSets {
 public:
  TakenSets(SchemaStore& store, RegexArena& regexes, NumberArena& numbers);

  // The set with one more value, whose JSON text is given (a comma and whitespace may come before it). Throws FuelError
  // where the value is too deep or a number too long.
  TakenId add(TakenId set, std::string_view text);
  std::uint32_t size(TakenId set) const;
  // A value is taken if and only if one of these questions says yes.
  ShortList<QuestionId> questions(TakenId set);
  ShortList<QuestionId> values(TakenId set);  // each as a question of its own
  // "Is it this value?", and "is it one of these?" of such questions, sorted. The text as for add(), or after a colon.
  QuestionId value(std::string_view text);
  QuestionId any_of(ShortList<QuestionId> values) { return chunk_questions_[chunk_of(std::move(values))]; }
  std::size_t memory_bytes() const { return bytes_; }

 private:
  using ChunkId = std::uint32_t;
  struct Value {
    std::uint8_t type = 0;
    std::u32string text;  // of a string
    std::string number;
  };
  struct Chunk {
    ShortList<QuestionId> values;  // sorted
    bool operator==(const Chunk&) const = default;
  };
  struct ChunkHash {
    std::uint64_t operator()(const Chunk& c) const { return ListHash{}(c.values); }
  };
  struct Set {
    ShortList<ChunkId> chunks;  // full ones first, larger ones first; then at most one that is not full
    std::uint32_t others = 0;   // in the chunks
    DigitSets::SetId numbers = DigitSets::kEmpty;
    bool operator==(const Set&) const = default;
  };
  struct SetHash {
    std::uint64_t operator()(const Set& s) const { return mix_hash(ListHash{}(s.chunks), s.numbers); }
  };

  TakenId add_number(TakenId set, std::string_view text);
  QuestionId learn(const JsonValue& value);  // and the members' values of objects
  ChunkId chunk_of(ShortList<QuestionId> values);

  SchemaStore& store_;
  RegexArena& regexes_;
  NumberArena& numbers_;
  Constants constants_;
  std::unordered_map<QuestionId, Value> known_;
  Interner<Chunk, ChunkHash> chunks_;
  ShortList<QuestionId> chunk_questions_;
  Interner<Set, SetHash> sets_;
  std::size_t bytes_ = 0;
};

}  // namespace maskforge
