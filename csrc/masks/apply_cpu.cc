// See apply_cpu.h. Covered by tests/csrc/test_apply_cpu.cc.
#include "masks/apply_cpu.h"

#include <bit>
#include <string>

#include "base/errors.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define MASKFORGE_X86 1
#include <immintrin.h>
#else
#define MASKFORGE_X86 0
#endif

namespace maskforge {
namespace apply_detail {
namespace {

constexpr std::uint32_t kAll = 0xffffffffu;

// -infinity of each type as raw bits, so that 16-bit floats need no type of their own.
constexpr std::uint32_t kFloat32Infinity = 0xff800000u;
constexpr std::uint16_t kFloat16Infinity = 0xfc00u;
constexpr std::uint16_t kBfloat16Infinity = 0xff80u;

// The logits from `begin` on, one by one where they are masked.
template <typename Bits>
void apply_tail(Bits* logits, Bits infinity, std::size_t begin, std::size_t vocab, const std::uint32_t* words) {
  for (std::size_t base = begin; base < vocab; base += 32) {
    std::uint32_t masked = ~words[base / 32];
    if (vocab - base < 32) masked &= (1u << (vocab - base)) - 1;
    for (; masked != 0; masked &= masked - 1)
      logits[base + static_cast<std::size_t>(std::countr_zero(masked))] = infinity;
  }
}

#if MASKFORGE_X86

__attribute__((target("avx512f"))) void apply_avx512(std::uint32_t* logits, std::size_t vocab,
                                                     const std::uint32_t* words) {
  const __m512i infinity = _mm512_set1_epi32(static_cast<int>(kFloat32Infinity));
  const std::size_t full = vocab / 32;
  for (std::size_t w = 0; w < full; ++w) {
    if (words[w] == kAll) continue;
    const std::uint32_t masked = ~words[w];
    _mm512_mask_storeu_epi32(logits + w * 32, static_cast<__mmask16>(masked), infinity);
    _mm512_mask_storeu_epi32(logits + w * 32 + 16, static_cast<__mmask16>(masked >> 16), infinity);
  }
  apply_tail(logits, kFloat32Infinity, full * 32, vocab, words);
}

__attribute__((target("avx512f,avx512bw"))) void apply_avx512(std::uint16_t* logits, std::uint16_t infinity_bits,
                                                              std::size_t vocab, const std::uint32_t* words) {
  const __m512i infinity = _mm512_set1_epi16(static_cast<short>(infinity_bits));
  const std::size_t full = vocab / 32;
  for (std::size_t w = 0; w < full; ++w) {
    if (words[w] == kAll) continue;
    _mm512_mask_storeu_epi16(logits + w * 32, static_cast<__mmask32>(~words[w]), infinity);
  }
  apply_tail(logits, infinity_bits, full * 32, vocab, words);
}

__attribute__((target("avx2"))) void apply_avx2(std::uint32_t* logits, std::size_t vocab, const std::uint32_t* words) {
  const __m256i infinity = _mm256_set1_epi32(static_cast<int>(kFloat32Infinity));
  const __m256i to_sign = _mm256_setr_epi32(31, 30, 29, 28, 27, 26, 25, 24);  // lane i: bit i becomes the sign bit
  const std::size_t full = vocab / 32;
  for (std::size_t w = 0; w < full; ++w) {
    if (words[w] == kAll) continue;
    const std::uint32_t masked = ~words[w];
    for (unsigned part = 0; part < 4; ++part) {
      const __m256i lanes = _mm256_sllv_epi32(_mm256_set1_epi32(static_cast<int>(masked >> (8 * part))), to_sign);
      _mm256_maskstore_epi32(reinterpret_cast<int*>(logits + w * 32 + 8 * part), lanes, infinity);
    }
  }
  apply_tail(logits, kFloat32Infinity, full * 32, vocab, words);
}

__attribute__((target("avx2"))) void apply_avx2(std::uint16_t* logits, std::uint16_t infinity_bits, std::size_t vocab,
                                                const std::uint32_t* words) {
  const __m256i infinity = _mm256_set1_epi16(static_cast<short>(infinity_bits));
  const __m256i bit = _mm256_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384,
                                        static_cast<short>(0x8000));
  const std::size_t full = vocab / 32;
  for (std::size_t w = 0; w < full; ++w) {
    if (words[w] == kAll) continue;
    for (unsigned part = 0; part < 2; ++part) {
      auto* place = reinterpret_cast<__m256i*>(logits + w * 32 + 16 * part);
      const __m256i half = _mm256_set1_epi16(static_cast<short>(words[w] >> (16 * part)));
      const __m256i allowed = _mm256_cmpeq_epi16(_mm256_and_si256(half, bit), bit);
      _mm256_storeu_si256(place, _mm256_blendv_epi8(infinity, _mm256_loadu_si256(place), allowed));
    }
  }
  apply_tail(logits, infinity_bits, full * 32, vocab, words);
}

#endif

Path best_path() {
  if (has_path(Path::kAvx512)) return Path::kAvx512;
  return has_path(Path::kAvx2) ? Path::kAvx2 : Path::kPortable;
}

}  // namespace

bool has_path(Path path) {
#if MASKFORGE_X86
  if (path == Path::kAvx512) return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
  if (path == Path::kAvx2) return __builtin_cpu_supports("avx2");
#endif
  return path == Path::kPortable;
}

void apply_row(Path path, void* logits, LogitType type, std::size_t vocab, const std::uint32_t* words) {
  if (type == LogitType::kFloat32) {
    auto* row = static_cast<std::uint32_t*>(logits);
#if MASKFORGE_X86
    if (path == Path::kAvx512) return apply_avx512(row, vocab, words);
    if (path == Path::kAvx2) return apply_avx2(row, vocab, words);
#endif
    return apply_tail(row, kFloat32Infinity, 0, vocab, words);
  }
  const std::uint16_t infinity = type == LogitType::kFloat16 ? kFloat16Infinity : kBfloat16Infinity;
  auto* row = static_cast<std::uint16_t*>(logits);
#if MASKFORGE_X86
  if (path == Path::kAvx512) return apply_avx512(row, infinity, vocab, words);
  if (path == Path::kAvx2) return apply_avx2(row, infinity, vocab, words);
#endif
  apply_tail(row, infinity, 0, vocab, words);
}

}  // namespace apply_detail

void apply_bitmask_cpu(void* logits, int dtype_code, std::ptrdiff_t row_stride, std::size_t rows, std::size_t vocab,
                       const std::uint32_t* bitmask, std::ptrdiff_t bitmask_stride, const std::int32_t* logit_rows) {
  if (dtype_code < 0 || dtype_code > static_cast<int>(LogitType::kBfloat16)) {
    throw MisuseError("unknown logit type " + std::to_string(dtype_code));
  }
  static const apply_detail::Path path = apply_detail::best_path();
  const auto type = static_cast<LogitType>(dtype_code);
  const std::ptrdiff_t element_bytes = type == LogitType::kFloat32 ? 4 : 2;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto row = static_cast<std::ptrdiff_t>(logit_rows != nullptr ? static_cast<std::size_t>(logit_rows[i]) : i);
    apply_detail::apply_row(path, static_cast<char*>(logits) + row * row_stride * element_bytes, type, vocab,
                            bitmask + static_cast<std::ptrdiff_t>(i) * bitmask_stride);
  }
}

}  // namespace maskforge
