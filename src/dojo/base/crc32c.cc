#include "dojo/base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace dojo {
namespace {

constexpr std::array<uint32_t, 256> kTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78u : 0);
    table[i] = crc;
  }
  return table;
}();

#if defined(__x86_64__)
constexpr size_t kPart = 1024;  // bytes of each of three parts that are summed side by side

// What the register becomes when kPart zero bytes follow. That is linear in its bits, so four
// tables of its bytes do.
constexpr std::array<std::array<uint32_t, 256>, 4> kShift = [] {
  std::array<std::array<uint32_t, 256>, 4> tables{};
  for (size_t bit = 0; bit < 32; ++bit) {
    uint32_t crc = uint32_t{1} << bit;
    for (size_t i = 0; i < kPart; ++i) crc = crc >> 8 ^ kTable[crc & 255];
    for (size_t byte = 0; byte < 256; ++byte)
      if (byte >> bit % 8 & 1) tables[bit / 8][byte] ^= crc;
  }
  return tables;
}();

uint64_t shifted(uint64_t crc) {
  return kShift[0][crc & 255] ^ kShift[1][crc >> 8 & 255] ^ kShift[2][crc >> 16 & 255] ^
         kShift[3][crc >> 24 & 255];
}

// The processor's own instruction, 8 bytes at a time. It takes three cycles and a new one can begin
// in each, so long inputs are summed in three parts at once.
__attribute__((target("sse4.2"))) uint32_t crc32c_sse42(std::span<const uint8_t> bytes,
                                                        uint32_t before) {
  uint64_t crc = static_cast<uint32_t>(~before);
  const uint8_t* at = bytes.data();
  size_t left = bytes.size();
  const auto word = [](const uint8_t* from) {
    uint64_t value;
    std::memcpy(&value, from, sizeof value);
    return value;
  };
  for (; left >= 3 * kPart; left -= 3 * kPart, at += 3 * kPart) {
    uint64_t second = 0, third = 0;
    for (size_t i = 0; i < kPart; i += 8) {
      crc = _mm_crc32_u64(crc, word(at + i));
      second = _mm_crc32_u64(second, word(at + kPart + i));
      third = _mm_crc32_u64(third, word(at + 2 * kPart + i));
    }
    crc = shifted(shifted(crc) ^ second) ^ third;
  }
  for (; left >= 8; left -= 8, at += 8) crc = _mm_crc32_u64(crc, word(at));
  uint32_t tail = static_cast<uint32_t>(crc);
  for (; left > 0; --left) tail = _mm_crc32_u8(tail, *at++);
  return ~tail;
}
#endif

}  // namespace

uint32_t crc32c_by_table(std::span<const uint8_t> bytes, uint32_t before) {
  uint32_t crc = ~before;
  for (const uint8_t byte : bytes) crc = crc >> 8 ^ kTable[(crc ^ byte) & 255];
  return ~crc;
}

uint32_t crc32c(std::span<const uint8_t> bytes, uint32_t before) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return crc32c_sse42(bytes, before);
#endif
  return crc32c_by_table(bytes, before);
}

}  // namespace dojo
