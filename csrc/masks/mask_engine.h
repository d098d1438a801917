// Which tokens may come next: token bitmasks of configurations, memoised per machine and vocabulary.
//
// One MaskEngine serves one Machine (a grammar space) and one Vocabulary; its memo is shared by every grammar of the
// space. Thread safe. What a mask says never depends on the memo's content, only its cost does.
#pragma once

#include <cstdint>
#include <memory>

#include "machine/configuration.h"
#include "vocabulary/vocabulary.h"

namespace maskforge {

class VocabularyIndex;  // tries, slices and bitsets of one vocabulary, built once and shared (masks/vocabulary_index.h)

struct MaskStatistics {
  std::uint64_t masks = 0;
  std::uint64_t walks = 0;  // memo misses that walked a trie
  std::uint64_t walked_nodes = 0;
  std::uint64_t memo_bytes = 0;
};

class MaskEngine {
 public:
  MaskEngine(Machine& machine, std::shared_ptr<const VocabularyIndex> index, std::size_t memory_limit_bytes);
  ~MaskEngine();

  // Writes the mask of a configuration; `accepting` says whether the text may end there (sets the end-of-sequence ids).
  // Writes exactly vocabulary.bitmask_words() words. Spends fuel; on FuelError `words` is unspecified.
  void fill(const Configuration& at, bool accepting, std::uint32_t* words);
  // The same without end-of-sequence ids, if nothing has to be computed; else false, and `words` is as it was. Costs a
  // copy and as many look-ups as frames are looked at.
  bool fill_known(const Configuration& at, std::uint32_t* words);
  // Finds the mask without writing it, so that fill() has it ready. Spends fuel.
  void prepare(const Configuration& at);
  // What the memo has for a configuration, which tells how much work fill() may be.
  enum class Known { kMask, kTop, kNothing };  // kTop: only what the top frame allows
  Known known(const Configuration& at) const;
  MaskStatistics statistics() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace maskforge
