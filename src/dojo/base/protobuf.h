// Messages in protobuf's wire format, written by hand for the few that we need
// (protobuf.dev/programming-guides/encoding): each field is a key, its number and kind, then its
// value; numbers have 7 bits to a byte, the lowest first. What the fields mean is where they are
// written.
//
//   ProtoMessage packet;
//   packet.number(8, 150).text(2, "a").message(11, ProtoMessage().number(9, 1));
//   packet.bytes()
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dojo {

class ProtoMessage {
 public:
  // Of int32, int64, uint32, uint64, bool and enum: negative ones as 64 bits, ten bytes.
  ProtoMessage& number(uint32_t field, uint64_t value) {
    varint(uint64_t{field} << 3 | kVarint);
    varint(value);
    return *this;
  }
  ProtoMessage& number(uint32_t field, int64_t value) {
    return number(field, static_cast<uint64_t>(value));
  }
  ProtoMessage& number(uint32_t field, int value) { return number(field, int64_t{value}); }
  ProtoMessage& text(uint32_t field, std::string_view value) {
    varint(uint64_t{field} << 3 | kLengthDelimited);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  ProtoMessage& message(uint32_t field, const ProtoMessage& value) {
    return text(field, value.bytes_);
  }

  const std::string& bytes() const { return bytes_; }

 private:
  static constexpr uint64_t kVarint = 0, kLengthDelimited = 2;

  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

}  // namespace dojo
