// The accepted steps of a matcher, each with what it takes to undo it: the few frames it overwrote or popped, never a
// stack.
//
// Persistent in blocks: full blocks are immutable and shared, so copying a log (fork) copies at most one block and a
// list of pointers. A step costs 32 bytes plus 4 per frame that it changed. Not thread safe. Covered by
// tests/csrc/test_matcher.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/short_list.h"
#include "machine/configuration.h"

namespace maskforge {

class UndoLog {
 public:
  std::size_t size() const { return full_.size() * kBlockSteps + tail_.steps.size(); }
  // `ended`: the step was an end-of-sequence token, which leaves the configuration alone.
  void push(const Journal& journal, bool ended);
  // Requires size() > 0. Takes the newest step back: fills `journal` for Configuration::restore(); returns its `ended`.
  bool pop(Journal& journal);
  void clear();
  std::size_t memory_bytes() const;  // shared blocks count in full

 private:
  static constexpr std::size_t kBlockSteps = 128;

  struct Step {
    std::uint32_t kept;
    std::uint32_t begin, captures_begin, end;  // its part of Block::frames, where the captures come last
    std::uint32_t captures_kept;
    std::uint32_t text_size;
    std::uint32_t text_index;  // its entry of Block::texts, when text_saved
    bool text_saved;
    bool ended;
  };
  struct Block {
    std::vector<Step> steps;
    ShortList<std::uint32_t> frames;
    std::vector<std::string> texts;
    std::size_t memory_bytes() const;
  };

  std::vector<std::shared_ptr<const Block>> full_;
  Block tail_;
};

}  // namespace maskforge
