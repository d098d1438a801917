// See masks_ahead.h.
#include "matcher/masks_ahead.h"

#include <algorithm>
#include <utility>

namespace maskforge {

MasksAhead::MasksAhead(const std::vector<std::size_t>& bounds, std::shared_ptr<std::atomic<bool>> found_work)
    : shares_(bounds.size() - 1), found_work_(std::move(found_work)), rows_(bounds.back()), places_(bounds.back()) {
  for (std::size_t s = 0; s < shares_.size(); ++s) {
    shares_[s].next = bounds[s];
    shares_[s].end = bounds[s + 1];
  }
}

void MasksAhead::add(std::size_t i, Place place) {
  places_[i] = std::move(place);
  rows_[i].store(State::kWaiting);
}

void MasksAhead::cancel() {
  for (Share& share : shares_) share.next.store(rows_.size());
}

bool MasksAhead::finished() const { return std::ranges::all_of(shares_, &Share::finished); }

bool MasksAhead::step(std::size_t share) {
  bool coming = false;
  for (std::size_t k = 0; k < shares_.size(); ++k) {
    Share& from = shares_[(share + k) % shares_.size()];
    std::size_t i = from.next.load();
    while (i < from.end && rows_[i].load() != State::kComing) {
      if (!from.next.compare_exchange_weak(i, i + 1)) continue;
      make(i);
      return true;
    }
    coming = coming || i < from.end;
  }
  if (coming) pause_briefly();  // they will be there within microseconds
  return coming;
}

void MasksAhead::make(std::size_t i) {
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
}

}  // namespace maskforge
