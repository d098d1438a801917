// Mask ids: a number for every distinct mask, so that "which mask?" is answered in one integer and a consumer that
// keeps the masks (a pool on a GPU) is sent each of them once.
//
//     add(bits) ──> id ──find()──> PooledMask   few tokens allowed:   the ids of those
//                                               like a known base:    the base and the tokens that differ
//                                               neither:              a base of its own
//
// Equal masks have one id and different masks never share one: content is found by its hash and then compared. The pool
// holds a bounded number of masks and of bases; beyond it the least recently used are evicted, a base with all masks
// that are described by it. An id is never given out again (its upper bits count), so an id whose mask was evicted
// is recognised and can never mean another mask.
//
// Thread safe. What was found stays valid while it is held, evicted or not. Covered by tests/csrc/test_mask_pool.cc and
// tests/decoding/test_mask_ids.py.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "masks/token_set.h"

namespace maskforge {

using MaskId = std::int64_t;
// The id of no mask: the row may say anything.
inline constexpr MaskId kUnconstrained = -1;

// A dense mask by which others are described. Its slot is a small index that is used again for another base, with
// another serial number.
struct MaskBase {
  std::uint32_t slot;
  std::uint64_t serial;
  TokenBits bits;
};

// One mask: the tokens of the base (none where it is null) but for `flips`, about which the base is wrong.
struct PooledMask {
  MaskId id;
  std::uint32_t allowed;  // how many tokens are
  std::shared_ptr<const MaskBase> base;
  std::vector<TokenId> flips;  // ascending

  // Writes the mask over `words`, of which there must be as many as the pool's.
  void write(std::span<std::uint32_t> words) const;
};

struct MaskPoolStatistics {
  std::size_t masks = 0;
  std::size_t bases = 0;
  std::size_t bytes = 0;  // of their content
  std::uint64_t evictions = 0;
};

class MaskPool {
 public:
  static constexpr unsigned kSlotBits = 20;  // of an id: which slot; the bits above are a serial number
  static constexpr std::size_t kFewFlips = 64;
  struct Limits {
    std::size_t masks = 4096;  // 1 .. 2^20
    std::size_t bases = 256;   // 1 .. 2^16
  };
  // `words`: of a mask. Throws MisuseError for limits out of range.
  MaskPool(std::size_t words, Limits limits);
  ~MaskPool();
  MaskPool(const MaskPool&) = delete;
  MaskPool& operator=(const MaskPool&) = delete;

  // The id of a mask; a new one when it is not there. Requires bits.size() == words(). Costs about a microsecond for
  // 128k tokens when it is there, some tens otherwise.
  MaskId add(BitsView bits);
  // Null for an id whose mask was evicted, and for one that never was.
  std::shared_ptr<const PooledMask> find(MaskId id) const;

  std::size_t words() const { return words_; }
  const Limits& limits() const { return limits_; }
  // No mask has more flips: where they would take more room than the mask itself, it is a base.
  std::size_t most_flips() const { return words_ > kFewFlips ? words_ : kFewFlips; }
  MaskPoolStatistics statistics() const;

 private:
  struct Slot;
  struct BaseSlot;
  struct Shape;

  std::shared_ptr<const PooledMask> find_equal(std::uint64_t hash, BitsView bits);
  Shape describe(BitsView bits) const;

  // All of these require the mutex.
  bool still_there(const Shape& shape) const;
  bool has_equal(std::uint64_t hash, BitsView bits) const;
  std::uint32_t take_slot();
  std::uint32_t take_base();
  void evict(std::uint32_t slot);
  void touch(std::uint32_t slot);

  const std::size_t words_;
  const Limits limits_;

  mutable std::mutex mutex_;  // guards what follows
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::list<std::uint32_t> recent_;                                   // slots in use, the latest first
  std::unordered_multimap<std::uint64_t, std::uint32_t> by_content_;  // hash -> slot
  std::vector<BaseSlot> bases_;
  std::uint64_t next_serial_ = 1;
  std::uint64_t clock_ = 0;  // counts uses
  std::uint64_t evictions_ = 0;
  std::size_t flip_count_ = 0;
};

}  // namespace maskforge
