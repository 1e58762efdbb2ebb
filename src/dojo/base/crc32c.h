// CRC-32C (the polynomial of Castagnoli, 0x1EDC6F41, reflected: that of iSCSI, RFC 3720 appendix
// B.4, and of TFRecord): notices every error of up to 32 bits in a row, and all but one in 2^32 of
// the others. No defence against people who want to deceive. Thread-safe.
//
//   crc32c("123456789") == 0xE3069283
//   crc32c("56789", crc32c("1234")) is the same
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace dojo {

// Of the bytes that gave `before`, followed by these.
uint32_t crc32c(std::span<const uint8_t> bytes, uint32_t before = 0);
inline uint32_t crc32c(std::string_view bytes, uint32_t before = 0) {
  return crc32c({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, before);
}

// The same by one table and one byte at a time, on any processor: the oracle.
uint32_t crc32c_by_table(std::span<const uint8_t> bytes, uint32_t before = 0);

}  // namespace dojo
