// See mask_pool.h.
#include "masks/mask_pool.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "base/errors.h"

namespace maskforge {

namespace {

constexpr std::size_t kMostBases = std::size_t{1} << 16;
// A mask is described by a base where that takes at most 1 / kNear of what a base of its own would.
constexpr std::size_t kNear = 4;
constexpr std::size_t kBlock = 128;  // words between two looks at whether a base is too far

std::size_t count_bits(BitsView bits) {
  std::size_t count = 0;
  for (std::uint32_t word : bits) count += static_cast<std::size_t>(std::popcount(word));
  return count;
}

// In how many tokens two masks differ; some number above `limit` when it is more than that.
std::size_t distance(BitsView a, BitsView b, std::size_t limit) {
  std::size_t count = 0;
  for (std::size_t begin = 0; begin < a.size() && count <= limit; begin += kBlock) {
    const std::size_t end = std::min(a.size(), begin + kBlock);
    for (std::size_t i = begin; i < end; ++i) count += static_cast<std::size_t>(std::popcount(a[i] ^ b[i]));
  }
  return count;
}

}  // namespace

struct MaskPool::Slot {
  std::shared_ptr<const PooledMask> mask;  // null: free
  std::uint64_t hash = 0;
  std::list<std::uint32_t>::iterator place;  // in recent_
};

struct MaskPool::BaseSlot {
  std::shared_ptr<const MaskBase> base;  // null: free
  std::size_t masks = 0;                 // that are described by it; it is freed with the last
  std::uint64_t used = 0;                // clock_ when one of them was last asked for
};

// How a new mask will be kept.
struct MaskPool::Shape {
  std::size_t allowed = 0;
  bool new_base = false;
  std::shared_ptr<const MaskBase> base;
  std::vector<TokenId> flips;
};

void PooledMask::write(std::span<std::uint32_t> words) const {
  if (base) {
    std::memcpy(words.data(), base->bits.data(), words.size() * sizeof(words[0]));
  } else {
    std::fill(words.begin(), words.end(), 0);
  }
  for (TokenId id : flips) words[id >> 5] ^= std::uint32_t{1} << (id & 31);
}

MaskPool::MaskPool(std::size_t words, Limits limits) : words_(words), limits_(limits) {
  if (limits.masks < 1 || limits.masks > std::size_t{1} << kSlotBits) {
    throw MisuseError("a mask pool holds 1 to " + std::to_string(std::size_t{1} << kSlotBits) + " masks, not " +
                      std::to_string(limits.masks));
  }
  if (limits.bases < 1 || limits.bases > kMostBases) {
    throw MisuseError("a mask pool holds 1 to " + std::to_string(kMostBases) + " bases, not " +
                      std::to_string(limits.bases));
  }
  bases_.resize(limits.bases);
}

MaskPool::~MaskPool() = default;

MaskId MaskPool::add(BitsView bits) {
  if (bits.size() != words_) {
    throw MisuseError("a mask of " + std::to_string(bits.size()) + " words for a pool of masks of " +
                      std::to_string(words_));
  }
  const std::uint64_t hash = hash_bits(bits);
  for (;;) {
    if (auto known = find_equal(hash, bits)) return known->id;
    Shape shape = describe(bits);  // without the lock: it reads every base

    std::lock_guard lock(mutex_);
    // Another thread may have added the same since, or evicted the base: look again.
    if (has_equal(hash, bits) || !still_there(shape)) continue;

    if (shape.new_base) {
      const std::uint32_t at = take_base();
      shape.base = std::make_shared<const MaskBase>(MaskBase{at, next_serial_++, {bits.begin(), bits.end()}});
      bases_[at] = {shape.base, 0, clock_};
    }
    if (shape.base) ++bases_[shape.base->slot].masks;  // before a slot is taken, which may free bases
    const std::uint32_t slot = take_slot();
    const MaskId id = static_cast<MaskId>(next_serial_++ << kSlotBits | slot);
    flip_count_ += shape.flips.size();
    slots_[slot].mask = std::make_shared<const PooledMask>(
        PooledMask{id, static_cast<std::uint32_t>(shape.allowed), std::move(shape.base), std::move(shape.flips)});
    slots_[slot].hash = hash;
    recent_.push_front(slot);
    slots_[slot].place = recent_.begin();
    by_content_.emplace(hash, slot);
    touch(slot);
    return id;
  }
}

std::shared_ptr<const PooledMask> MaskPool::find_equal(std::uint64_t hash, BitsView bits) {
  std::vector<std::shared_ptr<const PooledMask>> found;  // one, but for collisions of the hash
  {
    std::lock_guard lock(mutex_);
    auto [begin, end] = by_content_.equal_range(hash);
    for (auto entry = begin; entry != end; ++entry) {
      touch(entry->second);
      found.push_back(slots_[entry->second].mask);
    }
  }
  if (found.empty()) return nullptr;
  thread_local TokenBits words;
  words.resize(words_);
  for (std::shared_ptr<const PooledMask>& mask : found) {
    mask->write(words);
    if (std::memcmp(words.data(), bits.data(), words_ * sizeof(words[0])) == 0) return std::move(mask);
  }
  return nullptr;
}

MaskPool::Shape MaskPool::describe(BitsView bits) const {
  Shape shape;
  shape.allowed = count_bits(bits);
  if (shape.allowed > most_flips()) {
    std::vector<std::shared_ptr<const MaskBase>> bases;
    {
      std::lock_guard lock(mutex_);
      for (const BaseSlot& slot : bases_) {
        if (slot.base) bases.push_back(slot.base);
      }
    }
    std::size_t nearest = most_flips() / kNear + 1;
    for (std::shared_ptr<const MaskBase>& base : bases) {
      const std::size_t apart = distance(bits, base->bits, nearest - 1);
      if (apart < nearest) {
        nearest = apart;
        shape.base = base;
      }
    }
    if (!shape.base) {
      shape.new_base = true;
      return shape;
    }
  }
  for (std::size_t i = 0; i < words_; ++i) {
    for (std::uint32_t word = bits[i] ^ (shape.base ? shape.base->bits[i] : 0); word != 0; word &= word - 1) {
      shape.flips.push_back(static_cast<TokenId>(i * 32 + static_cast<std::size_t>(std::countr_zero(word))));
    }
  }
  return shape;
}

bool MaskPool::still_there(const Shape& shape) const {
  return !shape.base || bases_[shape.base->slot].base == shape.base;
}

bool MaskPool::has_equal(std::uint64_t hash, BitsView bits) const {
  auto [begin, end] = by_content_.equal_range(hash);
  return std::any_of(begin, end, [&](const auto& entry) {
    TokenBits words(words_);
    slots_[entry.second].mask->write(words);
    return std::equal(bits.begin(), bits.end(), words.begin());
  });
}

std::uint32_t MaskPool::take_slot() {
  if (free_slots_.empty() && slots_.size() == limits_.masks) evict(recent_.back());
  if (free_slots_.empty()) {
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

std::uint32_t MaskPool::take_base() {
  std::size_t oldest = 0;
  for (std::size_t i = 0; i < bases_.size(); ++i) {
    if (!bases_[i].base) return static_cast<std::uint32_t>(i);
    if (bases_[i].used < bases_[oldest].used) oldest = i;
  }
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].mask && slots_[slot].mask->base == bases_[oldest].base) evict(slot);
    if (!bases_[oldest].base) break;
  }
  return static_cast<std::uint32_t>(oldest);
}

void MaskPool::evict(std::uint32_t slot) {
  Slot& from = slots_[slot];
  auto [begin, end] = by_content_.equal_range(from.hash);
  by_content_.erase(std::find_if(begin, end, [&](const auto& entry) { return entry.second == slot; }));
  recent_.erase(from.place);
  flip_count_ -= from.mask->flips.size();
  if (from.mask->base) {
    BaseSlot& base = bases_[from.mask->base->slot];
    if (--base.masks == 0) base.base = nullptr;
  }
  from.mask = nullptr;
  free_slots_.push_back(slot);
  ++evictions_;
}

void MaskPool::touch(std::uint32_t slot) {
  recent_.splice(recent_.begin(), recent_, slots_[slot].place);
  const PooledMask& mask = *slots_[slot].mask;
  ++clock_;
  if (mask.base) bases_[mask.base->slot].used = clock_;
}

std::shared_ptr<const PooledMask> MaskPool::find(MaskId id) const {
  if (id < 0) return nullptr;
  const std::size_t slot = static_cast<std::size_t>(id) & ((std::size_t{1} << kSlotBits) - 1);
  std::lock_guard lock(mutex_);
  if (slot >= slots_.size() || !slots_[slot].mask || slots_[slot].mask->id != id) return nullptr;
  return slots_[slot].mask;
}

MaskPoolStatistics MaskPool::statistics() const {
  std::lock_guard lock(mutex_);
  MaskPoolStatistics sum;
  sum.masks = recent_.size();
  for (const BaseSlot& slot : bases_) sum.bases += slot.base != nullptr;
  sum.bytes = flip_count_ * sizeof(TokenId) + sum.bases * words_ * sizeof(std::uint32_t) +
              slots_.size() * (sizeof(Slot) + sizeof(PooledMask));
  sum.evictions = evictions_;
  return sum;
}

}  // namespace maskforge
