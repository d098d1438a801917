// Fixed sets of short words, such as the keywords of a language.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace maskforge {

// Looks at the ends and the length of a word before anything else. Holds at most 100 words, which must outlive it.
class WordSet {
 public:
  WordSet(std::initializer_list<std::string_view> words) {
    for (std::string_view word : words) {
      std::size_t i = slot_of(word);
      while (!slots_[i].empty()) i = (i + 1) % kSlots;
      slots_[i] = word;
    }
  }
  bool contains(std::string_view word) const {
    if (word.empty()) return false;
    for (std::size_t i = slot_of(word); !slots_[i].empty(); i = (i + 1) % kSlots) {
      if (slots_[i] == word) return true;
    }
    return false;
  }

 private:
  static constexpr std::size_t kSlots = 256;
  static std::size_t slot_of(std::string_view word) {
    const unsigned first = static_cast<unsigned char>(word.front());
    const unsigned last = static_cast<unsigned char>(word.back());
    return (first * 7 + last * 31 + word.size() * 13) % kSlots;
  }

  std::array<std::string_view, kSlots> slots_;
};

}  // namespace maskforge
