// ShortList beside std::vector: the same operations, the same contents.
#include <cstdint>
#include <iterator>
#include <limits>
#include <random>
#include <sstream>
#include <vector>

#include "base/short_list.h"
#include "testing/check.h"

using namespace maskforge;

namespace {

struct Pair {
  std::uint32_t a;
  std::uint32_t b;
  bool operator==(const Pair&) const = default;
};

template <typename T>
bool same(const ShortList<T>& list, const std::vector<T>& expected) {
  return list.size() == expected.size() && list.empty() == expected.empty() && list.capacity() >= list.size() &&
         std::equal(list.begin(), list.end(), expected.begin(), expected.end()) &&
         std::equal(list.rbegin(), list.rend(), expected.rbegin(), expected.rend());
}

// Random operations on two lists; `make`: a value from a number.
template <typename T, typename Make>
void compare_with_vectors(unsigned seed, const Make& make) {
  std::mt19937 random(seed);
  auto below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
  auto any = [&] { return make(static_cast<std::uint32_t>(below(1000))); };
  ShortList<T> lists[2];
  std::vector<T> vectors[2];
  for (int step = 0; step < 4000; ++step) {
    const std::size_t i = below(2);
    ShortList<T>& list = lists[i];
    std::vector<T>& vector = vectors[i];
    const std::size_t at = below(list.size() + 1), to = at + below(list.size() - at + 1);
    const T value = any();
    const std::vector<T> some{any(), any(), any()};
    const auto count = static_cast<std::ptrdiff_t>(below(4));
    switch (below(16)) {
      case 0:
        list.push_back(value);
        vector.push_back(value);
        break;
      case 1:  // what grows the list may lie in it
        if (list.empty()) break;
        list.push_back(list.front());
        vector.push_back(vector.front());
        break;
      case 2:
        if (list.empty()) break;
        list.pop_back();
        vector.pop_back();
        break;
      case 3: {
        const auto* place = list.insert(list.begin() + at, value);
        CHECK(static_cast<std::size_t>(place - list.begin()) == at);
        vector.insert(vector.begin() + static_cast<std::ptrdiff_t>(at), value);
        break;
      }
      case 4:
        list.insert(list.begin() + at, some.begin(), some.begin() + count % 4);
        vector.insert(vector.begin() + static_cast<std::ptrdiff_t>(at), some.begin(), some.begin() + count % 4);
        break;
      case 5:
        list.erase(list.begin() + at, list.begin() + to);
        vector.erase(vector.begin() + static_cast<std::ptrdiff_t>(at),
                     vector.begin() + static_cast<std::ptrdiff_t>(to));
        break;
      case 6:
        if (at == list.size()) break;
        list.erase(list.begin() + at);
        vector.erase(vector.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      case 7:
        list.resize(at + static_cast<std::size_t>(count), value);
        vector.resize(at + static_cast<std::size_t>(count), value);
        break;
      case 8:
        list.assign(some.begin(), some.end());
        vector = some;
        break;
      case 9:
        list = lists[1 - i];
        vector = vectors[1 - i];
        break;
      case 10:
        list = std::move(lists[1 - i]);
        vector = vectors[1 - i];
        vectors[1 - i].clear();
        CHECK(lists[1 - i].empty());
        break;
      case 11: {
        ShortList<T> moved(std::move(list));
        CHECK(same(moved, vector) && list.empty());
        std::swap(list, moved);
        break;
      }
      case 12: {
        ShortList<T>& self = list;
        list = self;
        list = std::move(self);
        break;
      }
      case 13:
        list.reserve(at * 2);
        CHECK(list.capacity() >= at * 2);
        break;
      case 14: {
        const std::size_t gone = erase_if(list, [&](const T& x) { return x == value || x == make(7); });
        CHECK(gone == std::erase_if(vector, [&](const T& x) { return x == value || x == make(7); }));
        CHECK(erase(list, make(3)) == std::erase(vector, make(3)));
        break;
      }
      default:
        list.clear();
        vector.clear();
        break;
    }
    CHECK(same(lists[0], vectors[0]) && same(lists[1], vectors[1]));
    CHECK((lists[0] == lists[1]) == (vectors[0] == vectors[1]));
    const ShortList<T> copy(list);
    CHECK(same(copy, vector) && copy == list);
  }
}

}  // namespace

int main() {
  for (unsigned seed = 0; seed < 20; ++seed) {
    compare_with_vectors<std::uint32_t>(seed, [](std::uint32_t n) { return n; });
    compare_with_vectors<std::uint8_t>(seed, [](std::uint32_t n) { return static_cast<std::uint8_t>(n); });
    compare_with_vectors<Pair>(seed, [](std::uint32_t n) { return Pair{n / 10, n}; });
  }
  using List = ShortList<std::uint32_t>;
  CHECK(sizeof(List) == sizeof(std::vector<std::uint32_t>));
  CHECK(List({1, 2, 3, 4}).memory_bytes() == 0 && List(5).memory_bytes() >= 20);
  CHECK(List(3, 7) == List({7, 7, 7}) && List(2) == List({0, 0}));
  CHECK(List({1, 2}) < List({1, 3}) && List({1, 2}) < List({1, 2, 0}) && List({2}) > List({1, 9}));
  List list{1, 2, 3, 4, 5};
  CHECK(list.front() == 1 && list.back() == 5 && list[2] == 3);
  list.emplace_back(6u) = 9;
  CHECK(list.back() == 9);
  // Iterators that can be read only once.
  std::istringstream numbers("10 11 12 13 14 15");
  list.insert(list.begin() + 1, std::istream_iterator<std::uint32_t>(numbers), std::istream_iterator<std::uint32_t>());
  CHECK(list == List({1, 10, 11, 12, 13, 14, 15, 2, 3, 4, 5, 9}));
  CHECK_THROWS(std::length_error, list.reserve(std::size_t{std::numeric_limits<std::uint32_t>::max()} + 1));
  CHECK(list.size() == 12 && list[3] == 12);
  return testing::check_summary();
}
