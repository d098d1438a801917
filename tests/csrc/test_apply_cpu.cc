// Every instruction path of masks/apply_cpu.cc against the definition, bit by bit, over odd sizes and alignments.
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "base/errors.h"
#include "masks/apply_cpu.h"
#include "testing/check.h"

using namespace maskforge;
using apply_detail::Path;

namespace {

template <typename Bits>
void check_path(Path path, LogitType type, Bits infinity, std::mt19937& random) {
  for (std::size_t vocab : {std::size_t{1}, std::size_t{7}, std::size_t{31}, std::size_t{32}, std::size_t{33},
                            std::size_t{64}, std::size_t{95}, std::size_t{1000}, std::size_t{4096}}) {
    for (int density = 0; density < 5; ++density) {
      for (std::size_t shift = 0; shift < 3; ++shift) {  // rows that no vector register is aligned with
        std::vector<std::uint32_t> words((vocab + 31) / 32);
        for (auto& word : words) {
          switch (density) {
            case 0:
              word = 0;
              break;
            case 1:
              word = 0xffffffffu;
              break;
            case 2:
              word = static_cast<std::uint32_t>(random() & random() & random());
              break;
            case 3:
              word = static_cast<std::uint32_t>(random() | random() | random());
              break;
            default:
              word = random() % 2 != 0 ? 0xffffffffu : static_cast<std::uint32_t>(random());
          }
        }
        std::vector<Bits> logits(vocab + shift + 40);
        for (auto& value : logits) value = static_cast<Bits>(random() & 0x3fff);
        std::vector<Bits> expected = logits;
        for (std::size_t t = 0; t < vocab; ++t) {
          if ((words[t / 32] >> (t % 32) & 1) == 0) expected[shift + t] = infinity;
        }
        apply_detail::apply_row(path, logits.data() + shift, type, vocab, words.data());
        CHECK(logits == expected);
      }
    }
  }
}

void check_rows() {
  const std::size_t vocab = 70, stride = 80, bitmask_stride = 5;
  std::vector<float> logits(4 * stride, 1.0f);
  std::vector<std::uint32_t> bitmask(2 * bitmask_stride, 0);
  bitmask[0] = 1;                   // row 0: token 0
  bitmask[bitmask_stride + 2] = 2;  // row 1: token 65
  const std::int32_t rows[] = {3, 1};
  apply_bitmask_cpu(logits.data(), 0, stride, 2, vocab, bitmask.data(), bitmask_stride, rows);
  for (std::size_t r = 0; r < 4; ++r) {
    for (std::size_t t = 0; t < stride; ++t) {
      bool masked = t < vocab && ((r == 3 && t != 0) || (r == 1 && t != 65));
      CHECK((logits[r * stride + t] < -1e38f) == masked);
    }
  }
  CHECK_THROWS(MisuseError,
               apply_bitmask_cpu(logits.data(), 3, stride, 1, vocab, bitmask.data(), bitmask_stride, nullptr));
}

}  // namespace

int main() {
  std::mt19937 random(20);
  for (Path path : {Path::kPortable, Path::kAvx2, Path::kAvx512}) {
    if (!apply_detail::has_path(path)) continue;
    check_path<std::uint32_t>(path, LogitType::kFloat32, 0xff800000u, random);
    check_path<std::uint16_t>(path, LogitType::kFloat16, 0xfc00u, random);
    check_path<std::uint16_t>(path, LogitType::kBfloat16, 0xff80u, random);
  }
  check_rows();
  return testing::check_summary();
}
