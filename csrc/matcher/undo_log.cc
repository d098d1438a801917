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
  auto text_index = static_cast<std::uint32_t>(tail_.texts.size());
  tail_.frames.insert(tail_.frames.end(), journal.frames.begin(), journal.frames.end());
  auto captures_begin = static_cast<std::uint32_t>(tail_.frames.size());
  tail_.frames.insert(tail_.frames.end(), journal.captures.begin(), journal.captures.end());
  if (journal.text_saved) tail_.texts.push_back(journal.text);
  auto end = static_cast<std::uint32_t>(tail_.frames.size());
  tail_.steps.push_back(Step{journal.kept, begin, captures_begin, end, journal.captures_kept, journal.text_size,
                             text_index, journal.text_saved, ended});
}

bool UndoLog::pop(Journal& journal) {
  if (tail_.steps.empty()) {
    tail_ = *full_.back();
    full_.pop_back();
  }
  Step step = tail_.steps.back();
  journal.kept = step.kept;
  journal.frames.assign(tail_.frames.begin() + step.begin, tail_.frames.begin() + step.captures_begin);
  journal.captures_kept = step.captures_kept;
  journal.captures.assign(tail_.frames.begin() + step.captures_begin, tail_.frames.begin() + step.end);
  journal.text_size = step.text_size;
  journal.text_saved = step.text_saved;
  if (step.text_saved) journal.text = std::move(tail_.texts[step.text_index]);
  tail_.frames.resize(step.begin);
  tail_.texts.resize(step.text_index);
  tail_.steps.pop_back();
  return step.ended;
}

void UndoLog::clear() {
  full_.clear();
  tail_ = Block();
}

std::size_t UndoLog::Block::memory_bytes() const {
  std::size_t bytes = steps.capacity() * sizeof(Step) + frames.memory_bytes();
  for (const std::string& text : texts) bytes += sizeof(text) + text.capacity();
  return bytes;
}

std::size_t UndoLog::memory_bytes() const {
  std::size_t bytes = full_.capacity() * sizeof(full_[0]) + tail_.memory_bytes();
  for (const auto& block : full_) bytes += sizeof(Block) + block->memory_bytes();
  return bytes;
}

}  // namespace maskforge
