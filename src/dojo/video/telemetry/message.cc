// The message of sei.h in proto3 (protobuf.dev/programming-guides/encoding): each field is a tag,
// its number * 8 + wire type, and its value: a varint (wire type 0), 8 bytes (1), a length and
// bytes (2), or 4 bytes (5).
#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

#include "dojo/video/telemetry/sei.h"

namespace dojo {
namespace {

static_assert(std::endian::native == std::endian::little,
              "floating point fields are copied as they lie in memory");

// The one definition of the message: calls visit(field number, member) for each field.
template <typename State, typename Visit>
void visit_fields(State& s, const Visit& visit) {
  visit(1, s.version);
  visit(2, s.gear_state);
  visit(3, s.frame_seq_no);
  visit(4, s.vehicle_speed_mps);
  visit(5, s.accelerator_pedal_position);
  visit(6, s.steering_wheel_angle);
  visit(7, s.blinker_on_left);
  visit(8, s.blinker_on_right);
  visit(9, s.brake_applied);
  visit(10, s.autopilot_state);
  visit(11, s.latitude_deg);
  visit(12, s.longitude_deg);
  visit(13, s.heading_deg);
  visit(14, s.linear_acceleration_mps2_x);
  visit(15, s.linear_acceleration_mps2_y);
  visit(16, s.linear_acceleration_mps2_z);
}

enum WireType : uint64_t { kVarint = 0, kEightBytes = 1, kBytes = 2, kFourBytes = 5 };

template <typename T>
constexpr WireType wire_type() {
  if constexpr (!std::is_floating_point_v<T>) return kVarint;
  return sizeof(T) == 8 ? kEightBytes : kFourBytes;
}

void put_varint(uint64_t value, std::vector<uint8_t>* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<uint8_t>(value | 0x80));
  out->push_back(static_cast<uint8_t>(value));
}

// What is left to read; `good` turns false where the bytes end too early or make no sense.
struct Reader {
  std::span<const uint8_t> bytes;
  bool good = true;

  uint64_t varint() {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size() && i < 10; ++i) {
      const uint64_t bits = bytes[i] & 0x7f;
      if (i == 9 && bits > 1) break;  // more than 64 bits
      value |= bits << (7 * i);
      if (bytes[i] & 0x80) continue;
      if (i > 0 && bits == 0) break;  // longer than it need be
      bytes = bytes.subspan(i + 1);
      return value;
    }
    good = false;
    return 0;
  }

  const uint8_t* take(uint64_t count) {
    if (count > bytes.size()) {
      good = false;
      return nullptr;
    }
    const uint8_t* begin = bytes.data();
    bytes = bytes.subspan(count);
    return begin;
  }

  template <typename T>
  void value(T* out) {
    if constexpr (std::is_floating_point_v<T>) {
      if (const uint8_t* from = take(sizeof(T))) std::memcpy(out, from, sizeof(T));
    } else {
      const uint64_t number = varint();
      const uint64_t limit = std::is_same_v<T, bool> ? 1
                             : sizeof(T) == 8        ? std::numeric_limits<uint64_t>::max()
                             : sizeof(T) == 4        ? std::numeric_limits<uint32_t>::max()
                                                     : std::numeric_limits<uint8_t>::max();
      good = good && number <= limit;
      if (good) *out = static_cast<T>(number);
    }
  }

  void skip(uint64_t type) {
    switch (type) {
      case kVarint:
        varint();
        break;
      case kEightBytes:
        take(8);
        break;
      case kBytes:
        take(varint());
        break;
      case kFourBytes:
        take(4);
        break;
      default:
        good = false;
    }
  }
};

}  // namespace

std::vector<uint8_t> encode_message(const VehicleState& state) {
  std::vector<uint8_t> out;
  out.reserve(128);  // more than all fields together
  visit_fields(state, [&](uint64_t number, const auto& member) {
    using T = std::remove_cvref_t<decltype(member)>;
    if constexpr (std::is_floating_point_v<T>) {
      uint8_t bytes[sizeof(T)];
      std::memcpy(bytes, &member, sizeof bytes);
      constexpr uint8_t kZero[sizeof(T)] = {};
      if (std::memcmp(bytes, kZero, sizeof bytes) == 0) return;  // -0 has a bit set, and is written
      put_varint(number << 3 | wire_type<T>(), &out);
      out.insert(out.end(), bytes, bytes + sizeof bytes);
    } else {
      const auto value = static_cast<uint64_t>(member);
      if (value == 0) return;
      put_varint(number << 3 | kVarint, &out);
      put_varint(value, &out);
    }
  });
  return out;
}

std::optional<VehicleState> decode_message(std::span<const uint8_t> bytes) {
  VehicleState state;
  Reader reader{bytes};
  while (reader.good && !reader.bytes.empty()) {
    const uint64_t tag = reader.varint(), number = tag >> 3, type = tag & 7;
    bool known = false;
    visit_fields(state, [&](uint64_t field, auto& member) {
      if (field != number) return;
      known = true;
      reader.good = reader.good && type == wire_type<std::remove_cvref_t<decltype(member)>>();
      if (reader.good) reader.value(&member);
    });
    if (number == 0 || number > (1u << 29) - 1) reader.good = false;
    if (reader.good && !known) reader.skip(type);
  }
  if (!reader.good) return std::nullopt;
  return state;
}

}  // namespace dojo
