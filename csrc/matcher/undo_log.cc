// See undo_log.h.
#include "matcher/undo_log.h"

#include <utility>

namespace maskforge {

void UndoLog::push(const Journal& journal, bool ended) {
  if (tail_.steps.size() == kBlockSteps) {
    auto block = std::make_shared<Block>();
    full_.push_back(block);
    *block = std::exchange(tail_, Block());
  }
  // Begins are stored, not counted back from the end: what a push that ran out of memory leaves behind is then
  // harmless.
  auto begin = static_cast<std::uint32_t>(tail_.frames.size());
  auto key_index = static_cast<std::uint32_t>(tail_.keys.size());
  tail_.frames.insert(tail_.frames.end(), journal.frames.begin(), journal.frames.end());
  if (journal.key_saved) tail_.keys.push_back(journal.key);
  auto end = static_cast<std::uint32_t>(tail_.frames.size());
  tail_.steps.push_back(
      Step{journal.kept, begin, end, journal.key_depth, journal.key_size, key_index, journal.key_saved, ended});
}

bool UndoLog::pop(Journal& journal) {
  if (tail_.steps.empty()) {
    tail_ = *full_.back();
    full_.pop_back();
  }
  Step step = tail_.steps.back();
  journal.kept = step.kept;
  journal.frames.assign(tail_.frames.begin() + step.frames_begin, tail_.frames.begin() + step.frames_end);
  journal.key_depth = step.key_depth;
  journal.key_size = step.key_size;
  journal.key_saved = step.key_saved;
  if (step.key_saved) journal.key = std::move(tail_.keys[step.key_index]);
  tail_.frames.resize(step.frames_begin);
  tail_.keys.resize(step.key_index);
  tail_.steps.pop_back();
  return step.ended;
}

void UndoLog::clear() {
  full_.clear();
  tail_ = Block();
}

std::size_t UndoLog::Block::memory_bytes() const {
  std::size_t bytes = steps.capacity() * sizeof(Step) + frames.capacity() * sizeof(StateId);
  for (const std::string& key : keys) bytes += sizeof(key) + key.capacity();
  return bytes;
}

std::size_t UndoLog::memory_bytes() const {
  std::size_t bytes = full_.capacity() * sizeof(full_[0]) + tail_.memory_bytes();
  for (const auto& block : full_) bytes += sizeof(Block) + block->memory_bytes();
  return bytes;
}

}  // namespace maskforge
