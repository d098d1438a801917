// See masks_ahead.h.
#include "matcher/masks_ahead.h"

namespace maskforge {

bool MasksAhead::take(std::size_t i) {
  State waiting = State::kWaiting;
  return rows_[i].compare_exchange_strong(waiting, State::kTaken);
}

// Whether it is left for the second time over the rows.
bool MasksAhead::leave(std::size_t i) {
  rows_[i].store(State::kWaiting);
  // Unless another thread has come by a second time meanwhile, and found the row taken.
  return next_.load() <= rows_.size() + i || !take(i);
}

bool MasksAhead::step() {
  using Known = MaskEngine::Known;
  const std::size_t turn = next_.fetch_add(1);
  if (turn >= 2 * rows_.size()) return false;
  const bool first = turn < rows_.size();
  const std::size_t i = first ? turn : turn - rows_.size();
  if (!take(i)) return true;
  const Place& place = places_[i];
  try {
    Known known = Known::kMask;
    if (place.generation != nullptr) known = first ? place.generation->known(place.at) : Known::kTop;
    if (first && known == Known::kTop && leave(i)) return true;
    if (known != Known::kMask) {
      found_work_.store(true, std::memory_order_relaxed);
      place.generation->prepare(place.at, Generation::kAheadFuel);
    }
  } catch (...) {
    // Whatever it is, who asks for the mask will be told.
  }
  places_[i].generation.reset();  // the last one to hold it, perhaps
  rows_[i].store(State::kDone);
  return true;
}

}  // namespace maskforge
