// Interned texts: equal bytes have equal ids, ids are dense, and fetching ahead changes nothing.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_interner.h"
#include "testing/check.h"

using namespace maskforge;

int main() {
  ByteInterner interner;
  const auto itself = [](const std::string& text) { return std::string_view(text); };
  interner.prefetch(std::vector<std::string>{"", "none", "of them is known"}, itself);
  CHECK(interner.size() == 0);
  std::vector<std::string> texts{""};
  while (texts.size() < 20000) texts.push_back("text " + std::to_string(texts.size() * texts.size() % 40009));
  std::vector<std::uint32_t> ids;
  for (std::size_t at = 0; at < texts.size(); at += 500) {
    const std::vector<std::string> some(texts.begin() + static_cast<std::ptrdiff_t>(at),
                                        texts.begin() + static_cast<std::ptrdiff_t>(at) + 500);
    const std::size_t before = interner.size();
    interner.prefetch(some, itself);
    CHECK(interner.size() == before);
    for (const std::string& text : some) ids.push_back(interner.intern(text));
  }
  std::size_t most = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    CHECK(interner[ids[i]] == texts[i] && interner.intern(texts[i]) == ids[i]);
    most = std::max<std::size_t>(most, ids[i]);
  }
  CHECK(most + 1 == interner.size());
  return testing::check_summary();
}
