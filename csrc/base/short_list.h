// A list of ids, of which there are most often a few: what std::vector does, but the first ones lie in the list itself.
//
// Formulas, questions and cores are lists of one to four ids, made by the hundred for a schema. In vectors, each would
// be a block of its own somewhere in the heap, and most of what it costs is going there.
// Covered by tests/csrc/test_short_list.cc.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace maskforge {

// Iterators are pointers, and as short-lived as those of a vector; moving a list moves what is in it. What was moved
// from is empty. Throws std::bad_alloc, and std::length_error beyond 2^32 - 1 elements; the list is then as before,
// after an assignment also empty.
template <typename T>
class ShortList {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
  static constexpr std::uint32_t kInside = 16 / sizeof(T);
  static_assert(kInside > 0 && alignof(T) <= alignof(T*));

 public:
  using value_type = T;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using reference = T&;
  using const_reference = const T&;
  using iterator = T*;
  using const_iterator = const T*;

  ShortList() {}
  ShortList(std::initializer_list<T> values) : ShortList(values.begin(), values.end()) {}
  explicit ShortList(std::size_t count, T value = {}) { assign(count, value); }
  template <std::input_iterator It>
  ShortList(It first, It last) {
    try {
      assign(first, last);
    } catch (...) {
      release();
      throw;
    }
  }
  ShortList(const ShortList& other) : ShortList(other.begin(), other.end()) {}
  ShortList(ShortList&& other) noexcept { take(other); }
  ~ShortList() { release(); }
  ShortList& operator=(const ShortList& other) {
    if (this != &other) assign(other.begin(), other.end());
    return *this;
  }
  ShortList& operator=(ShortList&& other) noexcept {
    if (this != &other) {
      release();
      take(other);
    }
    return *this;
  }

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  // What it takes besides itself.
  std::size_t memory_bytes() const { return capacity_ > kInside ? capacity_ * sizeof(T) : 0; }
  bool empty() const { return size_ == 0; }
  T* data() { return capacity_ > kInside ? outside_ : inside_; }
  const T* data() const { return capacity_ > kInside ? outside_ : inside_; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  std::reverse_iterator<T*> rbegin() { return std::reverse_iterator<T*>(end()); }
  std::reverse_iterator<T*> rend() { return std::reverse_iterator<T*>(begin()); }
  std::reverse_iterator<const T*> rbegin() const { return std::reverse_iterator<const T*>(end()); }
  std::reverse_iterator<const T*> rend() const { return std::reverse_iterator<const T*>(begin()); }
  T& operator[](std::size_t i) { return data()[i]; }
  const T& operator[](std::size_t i) const { return data()[i]; }
  T& front() { return data()[0]; }
  const T& front() const { return data()[0]; }
  T& back() { return data()[size_ - 1]; }
  const T& back() const { return data()[size_ - 1]; }

  void clear() { size_ = 0; }
  void reserve(std::size_t count) {
    if (count > capacity_) grow(count);
  }
  void push_back(T value) {
    if (size_ == capacity_) grow(std::size_t{size_} + 1);
    std::construct_at(data() + size_++, value);
  }
  template <typename... Args>
  T& emplace_back(Args&&... args) {
    push_back(T{std::forward<Args>(args)...});
    return back();
  }
  void pop_back() { --size_; }
  void resize(std::size_t count, T value = {}) {
    reserve(count);
    if (count > size_) std::uninitialized_fill(end(), data() + count, value);
    size_ = static_cast<std::uint32_t>(count);
  }
  void assign(std::size_t count, T value) {
    clear();
    resize(count, value);
  }
  // Requires of the iterators that they do not point into this list.
  template <std::input_iterator It>
  void assign(It first, It last) {
    clear();
    if constexpr (std::forward_iterator<It>) {
      const auto count = static_cast<std::size_t>(std::distance(first, last));
      reserve(count);
      std::uninitialized_copy(first, last, data());
      size_ = static_cast<std::uint32_t>(count);
    } else {
      insert(end(), first, last);
    }
  }
  T* insert(const T* at, T value) { return insert(at, &value, &value + 1); }
  T* insert(const T* at, std::initializer_list<T> values) { return insert(at, values.begin(), values.end()); }
  // Likewise.
  template <std::input_iterator It>
  T* insert(const T* at, It first, It last) {
    const std::size_t place = static_cast<std::size_t>(at - begin());
    if constexpr (std::forward_iterator<It>) {
      const auto count = static_cast<std::size_t>(std::distance(first, last));
      reserve(size_ + count);
      T* from = data() + place;
      if (place < size_) std::memmove(static_cast<void*>(from + count), from, (size_ - place) * sizeof(T));
      std::uninitialized_copy(first, last, from);
      size_ += static_cast<std::uint32_t>(count);
    } else {
      const std::size_t before = size_;
      for (; first != last; ++first) push_back(*first);
      std::rotate(data() + place, data() + before, end());
    }
    return data() + place;
  }
  T* erase(const T* at) { return erase(at, at + 1); }
  T* erase(const T* first, const T* last) {
    T* to = begin() + (first - begin());
    const std::size_t behind = static_cast<std::size_t>(end() - last);
    if (first != last && behind > 0) std::memmove(static_cast<void*>(to), last, behind * sizeof(T));
    size_ -= static_cast<std::uint32_t>(last - first);
    return to;
  }

  bool operator==(const ShortList& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }
  auto operator<=>(const ShortList& other) const {
    return std::lexicographical_compare_three_way(begin(), end(), other.begin(), other.end());
  }

 private:
  void take(ShortList& other) noexcept {
    std::memcpy(static_cast<void*>(this), static_cast<const void*>(&other), sizeof(ShortList));
    other.size_ = 0;
    other.capacity_ = kInside;
  }
#if defined(__GNUC__) && !defined(__clang__)
// It does not see that with that capacity the pointer is there.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
  void release() noexcept {
    if (capacity_ > kInside) std::allocator<T>().deallocate(outside_, capacity_);
    size_ = 0;
    capacity_ = kInside;
  }
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
  void grow(std::size_t least) {
    constexpr std::size_t kMost = UINT32_MAX;
    if (least > kMost) throw std::length_error("a list of more than 2^32 elements");
    const std::size_t capacity = std::min(kMost, std::max(least, std::size_t{capacity_} * 2));
    T* moved = std::allocator<T>().allocate(capacity);
    std::memcpy(static_cast<void*>(moved), data(), size_ * sizeof(T));
    const std::uint32_t size = size_;
    release();
    outside_ = moved;
    size_ = size;
    capacity_ = static_cast<std::uint32_t>(capacity);
  }

  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = kInside;
  union {
    T inside_[kInside];
    T* outside_;
  };
};

// As for std::vector.
template <typename T, typename Predicate>
std::size_t erase_if(ShortList<T>& list, Predicate predicate) {
  const std::size_t before = list.size();
  list.erase(std::remove_if(list.begin(), list.end(), predicate), list.end());
  return before - list.size();
}
template <typename T>
std::size_t erase(ShortList<T>& list, const T& value) {
  return erase_if(list, [wanted = value](const T& element) { return element == wanted; });
}

}  // namespace maskforge
