// See masks_ahead.h.
#include "matcher/masks_ahead.h"

#include <utility>

#include "base/short_lock.h"

namespace maskforge {

void MasksAhead::add(std::size_t i, Place place) {
  places_[i] = std::move(place);
  rows_[i].store(State::kWaiting);
}

bool MasksAhead::step() {
  std::size_t i = next_.load();
  do {
    if (i >= rows_.size()) return false;
    if (rows_[i].load() == State::kComing) {
      pause_briefly();  // it will be there within microseconds
      return true;
    }
  } while (!next_.compare_exchange_weak(i, i + 1));
  rows_[i].store(State::kTaken);
  Place& place = places_[i];
  try {
    if (place.generation != nullptr && place.generation->known(place.at) != MaskEngine::Known::kMask) {
      found_work_->store(true);
      place.generation->prepare(place.at, Generation::kAheadFuel);
    }
  } catch (...) {
    // Whatever it is, who asks for the mask will be told.
  }
  place.generation.reset();  // the last one to hold it, perhaps
  rows_[i].store(State::kDone);
  return true;
}

}  // namespace maskforge
