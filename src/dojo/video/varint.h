// Numbers in as few bytes as they need: 7 bits to a byte, the lowest first, the top bit set in all
// but the last (LEB128, as protobuf has it); signed ones with the sign in the lowest bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dojo/base/error.h"

namespace dojo {

inline void put_varint(std::string* out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *out += static_cast<char>(value | 0x80);
  *out += static_cast<char>(value);
}

inline uint64_t zigzag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t unzigzag(uint64_t value) { return static_cast<int64_t>(value >> 1 ^ -(value & 1)); }

// a + b and a - b as two's complement has them: any pair of numbers survives being stored as a
// difference.
inline int64_t wrapping_add(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
inline int64_t wrapping_subtract(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

// Takes numbers and bytes off a text that nobody trusts. Throws Error(kInput) at its end.
class VarintReader {
 public:
  explicit VarintReader(std::string_view bytes) : left_(bytes) {}

  uint64_t next() {
    uint64_t value = 0;
    for (size_t i = 0; i < left_.size() && i < 10; ++i) {
      const auto byte = static_cast<uint8_t>(left_[i]);
      if (i == 9 && byte > 1) break;  // more than 64 bits
      value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
      if (byte & 0x80) continue;
      left_.remove_prefix(i + 1);
      return value;
    }
    fail();
  }
  int64_t next_signed() { return unzigzag(next()); }
  // A count of things that take at least `bytes_each`: never more than there is room for.
  size_t next_count(size_t bytes_each) {
    const uint64_t count = next();
    if (count > left_.size() / bytes_each) fail();
    return static_cast<size_t>(count);
  }
  std::string_view bytes(size_t size) {
    if (size > left_.size()) fail();
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  bool empty() const { return left_.empty(); }

 private:
  [[noreturn]] static void fail() {
    throw Error(Category::kInput, "bytes are cut short or make no sense");
  }
  std::string_view left_;
};

}  // namespace dojo
