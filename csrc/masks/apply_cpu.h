// Applying token bitmasks to logits in CPU memory: what is not allowed becomes -infinity. Knows nothing of grammars.
//
// With AVX-512 (or AVX2) a register of logits is stored under the mask's own bits, so allowed logits are neither read
// nor written, and a word that allows all of its 32 tokens costs one comparison. The path is chosen once, at the first
// call. Covered by tests/csrc/test_apply_cpu.cc and tests/decoding/test_apply.py.
#pragma once

#include <cstddef>
#include <cstdint>

namespace maskforge {

enum class LogitType : int { kFloat32 = 0, kFloat16 = 1, kBfloat16 = 2 };

// For i in 0 .. rows-1 and t in 0 .. vocab-1: where bit t of bitmask row i is 0, element t of logits row
// `logit_rows[i]` (row i when `logit_rows` is null) becomes -infinity. Bit t is bit t % 32 of word t / 32; bits from
// `vocab` on are ignored. Row r of the logits begins at logits + r * row_stride elements, row i of the bitmask at
// bitmask + i * bitmask_stride words; it has at least (vocab + 31) / 32 words. Rows need no alignment beyond that of
// their elements. Throws MisuseError for an unknown `dtype_code`. The caller answers for the memory. Safe to call from
// many threads on different logits.
void apply_bitmask_cpu(void* logits, int dtype_code, std::ptrdiff_t row_stride, std::size_t rows, std::size_t vocab,
                       const std::uint32_t* bitmask, std::ptrdiff_t bitmask_stride, const std::int32_t* logit_rows);

namespace apply_detail {

// The instruction sets a row can be masked with, best last; the tests run each that the machine has.
enum class Path { kPortable, kAvx2, kAvx512 };
bool has_path(Path path);
void apply_row(Path path, void* logits, LogitType type, std::size_t vocab, const std::uint32_t* words);

}  // namespace apply_detail
}  // namespace maskforge
