// See reading.h.
#include "masks/reading.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace maskforge {

namespace {

constexpr std::size_t kMostTargets = 40;  // of the characters beyond ASCII
constexpr unsigned kBeyond = SymbolSet::kBeyondAscii;
constexpr unsigned kSpace = SymbolSet::kSpaceBeyond;

// What a state inside a character is to read: the bytes with which the character can go on.
struct Cut {
  std::uint8_t low, high;
  std::uint64_t apart = 0;  // those of them, as 0x80 + n, that are or lead to white space
  bool operator==(const Cut&) const = default;
};
constexpr Cut kLastByte{0x80, 0xBF};

// Where characters lead.
struct Targets {
  ShortList<StateId> states;
  bool add(StateId state) {
    if (states.empty() || std::ranges::find(states, state) == states.end()) states.push_back(state);
    return states.size() <= kMostTargets;
  }
};

}  // namespace

// Reads one state. Of the characters beyond ASCII, what the machine tells; where it does not know, follows the lead
// bytes to the states inside the character, and from there on.
class Readings::Reader {
 public:
  Reader(Readings& readings, Machine& machine) : readings_(readings), machine_(machine) {}

  Reading read(StateId state) {
    Reading reading{};
    reading.ends = machine_.final_label(state) != kNoLabel;
    reading.row = machine_.full_row(state);
    reading.partition = &readings_.partition(reading.row);
    for (std::size_t c = 0; c < reading.partition->ascii.size(); ++c) {
      const StepKind kind = Step{reading.row.entries[c].load(std::memory_order_acquire)}.kind();
      if (kind == StepKind::kReject) continue;
      reading.alive |= reading.partition->ascii[c];
      if (kind == StepKind::kStay) reading.stays |= reading.partition->ascii[c];
      reading.high |= reading.partition->beyond[c];
    }
    reading.alive[kBeyond] = reading.alive[kSpace] = reading.high.any();
    if (reading.high.none()) return reading;
    if (machine_.beyond_ascii(state, told)) {
      if (!told.all_stay || std::max(told.targets.size(), told.spaces.size()) > kMostTargets) return reading;
    } else if (follow_leads(reading.row)) {
      told = {true, !space_rejected_, space_read_, beyond_.states, space_.states};
    } else {
      return reading;
    }
    reading.stays[kBeyond] = true;
    reading.stays[kSpace] = told.spaces_stay;
    reading.alive[kSpace] = told.any_space;
    reading.beyond = told.targets;
    reading.space = told.spaces;
    return reading;
  }

  BeyondAscii told;  // holds what a Reading refers to

 private:
  bool follow_leads(const Machine::RowView& row) {
    struct Lead {
      std::uint8_t first, last;  // lead bytes
      std::uint8_t low, high;    // of the second byte
      unsigned more;             // bytes behind the lead
    };
    static constexpr Lead kLeads[] = {
        {0xC2, 0xC2, 0x80, 0xBF, 1}, {0xC3, 0xDF, 0x80, 0xBF, 1}, {0xE0, 0xE0, 0xA0, 0xBF, 2},
        {0xE1, 0xE1, 0x80, 0xBF, 2}, {0xE2, 0xE2, 0x80, 0xBF, 2}, {0xE3, 0xE3, 0x80, 0xBF, 2},
        {0xE4, 0xEC, 0x80, 0xBF, 2}, {0xED, 0xED, 0x80, 0x9F, 2}, {0xEE, 0xEE, 0x80, 0xBF, 2},
        {0xEF, 0xEF, 0x80, 0xBF, 2}, {0xF0, 0xF0, 0x90, 0xBF, 3}, {0xF1, 0xF3, 0x80, 0xBF, 3},
        {0xF4, 0xF4, 0x80, 0x8F, 3}};
    for (unsigned byte = 0x80; byte < 0x100; ++byte) {
      if (byte >= 0xC2 && byte <= 0xF4) continue;
      if (row.entry(static_cast<std::uint8_t>(byte)).kind() != StepKind::kReject) return false;
    }
    for (const Lead& lead : kLeads) {
      Targets after_lead;
      for (unsigned byte = lead.first; byte <= lead.last; ++byte) {
        const Step step = row.entry(static_cast<std::uint8_t>(byte));
        if (step.kind() != StepKind::kStay || !after_lead.add(step.operand())) return false;
      }
      Cut second{lead.low, lead.high};
      for (const SpaceBeyond& white : kSpacesBeyond) {
        if (white.lead == lead.first)
          second.apart |= white.second == 0 ? white.last : std::uint64_t{1} << (white.second & 0x3F);
      }
      for (StateId state : after_lead.states) {
        if (!(lead.more == 1 ? read_last(state, second) : follow(state, lead.first, second, lead.more))) return false;
      }
    }
    return true;
  }

  // From behind the lead byte of a character of three bytes or more.
  bool follow(StateId state, std::uint8_t lead, const Cut& second, unsigned more) {
    Targets now, to_space;
    if (!cut(state, second, now, to_space) || cut_rejected_) return false;
    if (second.apart != 0) {
      const Machine::RowView row = machine_.full_row(state);
      for (const SpaceBeyond& white : kSpacesBeyond) {
        if (white.lead != lead) continue;
        if (!read_last(row.entry(white.second).operand(), Cut{kLastByte.low, kLastByte.high, white.last})) return false;
      }
    }
    for (; more > 2; --more) {
      Targets next;
      for (StateId inside : now.states) {
        if (!cut(inside, kLastByte, next, to_space)) return false;
      }
      now = std::move(next);
    }
    for (StateId inside : now.states) {
      if (std::ranges::find(followed_, inside) != followed_.end()) continue;
      if (!read_last(inside, kLastByte)) return false;
      followed_.push_back(inside);
    }
    return true;
  }

  // The last byte of a character.
  bool read_last(StateId state, const Cut& bytes) {
    if (!cut(state, bytes, beyond_, space_)) return false;
    space_rejected_ = space_rejected_ || cut_rejected_;
    space_read_ = space_read_ || cut_read_;
    return true;
  }

  // Whether a state reads the bytes of a cut, all within the frame, and no others; what is apart may be rejected, or
  // leave. `to` and `to_apart` are where they lead. Sets cut_rejected_ and cut_read_: whether some of what is apart
  // does not stay, is not rejected.
  bool cut(StateId state, const Cut& bytes, Targets& to, Targets& to_apart) {
    cut_rejected_ = cut_read_ = false;
    if (machine_.final_label(state) != kNoLabel) return false;
    const Machine::RowView row = machine_.full_row(state);
    const std::vector<std::uint8_t>& roles = this->roles(row, bytes);
    for (std::size_t c = 0; c < roles.size(); ++c) {
      const Step step{row.entries[c].load(std::memory_order_acquire)};
      const bool stays = step.kind() == StepKind::kStay;
      const bool rejects = step.kind() == StepKind::kReject;
      if ((roles[c] & kOutside) != 0 && !rejects) return false;
      if ((roles[c] & kInside) != 0 && !(stays && to.add(step.operand()))) return false;
      if ((roles[c] & kApart) == 0) continue;
      cut_rejected_ = cut_rejected_ || !stays;
      cut_read_ = cut_read_ || !rejects;
      if (stays && !to_apart.add(step.operand())) return false;
    }
    return true;
  }

  // What the classes of a row are to a cut; a class may be several.
  enum : std::uint8_t { kInside = 1, kApart = 2, kOutside = 4 };
  const std::vector<std::uint8_t>& roles(const Machine::RowView& row, const Cut& bytes) {
    for (const Roles& known : roles_) {
      if (known.classes == row.classes && known.bytes == bytes) return known.of;
    }
    Roles& made = roles_.emplace_back(Roles{row.classes, bytes, {}});
    made.of.resize(readings_.partition(row).ascii.size());
    for (unsigned byte = 0; byte < 256; ++byte) {
      const bool goes_on = byte >= bytes.low && byte <= bytes.high;
      const bool apart = goes_on && (bytes.apart >> (byte & 0x3F) & 1) != 0;
      made.of[row.classes[byte]] |= apart ? kApart : goes_on ? kInside : kOutside;
    }
    return made.of;
  }
  struct Roles {
    const std::uint8_t* classes;
    Cut bytes;
    std::vector<std::uint8_t> of;  // by class
  };

  Readings& readings_;
  Machine& machine_;
  Targets beyond_, space_;
  bool space_rejected_ = false;
  bool space_read_ = false;
  bool cut_rejected_ = false;
  bool cut_read_ = false;
  ShortList<StateId> followed_;  // read as the last byte, all of it
  std::deque<Roles> roles_;
};

const Reading& Readings::of(Machine& machine, StateId state) {
  const std::uint64_t key = std::uint64_t{state} + 1;
  if (const Reading* known = readings_.find(key)) return *known;
  Reader reader(*this, machine);
  Reading reading = reader.read(state);
  std::lock_guard lock(mutex_);
  if (const Reading* known = readings_.find(key)) return *known;
  reading.beyond = arena_.copy(reading.beyond);
  reading.space = arena_.copy(reading.space);
  const Reading* made = new (arena_.allocate(sizeof(Reading))) Reading(reading);
  readings_.insert(key, made);
  count_bytes();
  return *made;
}

const Partition& Readings::partition(const Machine::RowView& row) {
  const std::uint64_t key = reinterpret_cast<std::uintptr_t>(row.classes);
  if (const Partition* known = partitions_.find(key)) return *known;
  const std::size_t count = std::size_t{*std::max_element(row.classes, row.classes + 256)} + 1;
  std::vector<SymbolSet::Bits> ascii(count);
  std::vector<HighBytes> beyond(count);
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (byte < kBeyond) {
      ascii[row.classes[byte]][byte] = true;
    } else {
      beyond[row.classes[byte]][byte - kBeyond] = true;
    }
  }
  std::lock_guard lock(mutex_);
  if (const Partition* known = partitions_.find(key)) return *known;
  const Partition made{row.classes, arena_.copy(std::span<const SymbolSet::Bits>(ascii)),
                       arena_.copy(std::span<const HighBytes>(beyond))};
  const Partition* kept = new (arena_.allocate(sizeof(Partition))) Partition(made);
  partitions_.insert(key, kept);
  count_bytes();
  return *kept;
}

void Readings::count_bytes() {
  const std::size_t now = arena_.memory_bytes();
  bytes_.fetch_add(now - counted_, std::memory_order_relaxed);
  counted_ = now;
}

}  // namespace maskforge
