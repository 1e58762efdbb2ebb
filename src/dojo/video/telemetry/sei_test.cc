#include "dojo/video/telemetry/sei.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "dojo/base/random.h"

namespace dojo {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

double any_double(Random& random) {
  switch (random.below(4)) {
    case 0:
      return 0;
    case 1:
      return std::bit_cast<double>(random.next_u64());  // also NaN, infinite, tiny
    case 2:
      return -0.0;
    default:
      return random.uniform(-180, 180);
  }
}

float any_float(Random& random) {
  return random.chance(0.3) ? std::bit_cast<float>(random.next_u32())
                            : static_cast<float>(any_double(random));
}

VehicleState any_state(Random& random) {
  VehicleState s;
  s.version = random.chance(0.5) ? 1 : random.next_u32();
  s.gear_state = static_cast<Gear>(random.below(4));
  s.frame_seq_no = random.next_u64() >> random.below(64);
  s.vehicle_speed_mps = any_float(random);
  s.accelerator_pedal_position = any_float(random);
  s.steering_wheel_angle = any_float(random);
  s.blinker_on_left = random.chance(0.5);
  s.blinker_on_right = random.chance(0.5);
  s.brake_applied = random.chance(0.5);
  s.autopilot_state = static_cast<Autopilot>(random.below(4));
  s.latitude_deg = any_double(random);
  s.longitude_deg = any_double(random);
  s.heading_deg = any_double(random);
  s.linear_acceleration_mps2_x = any_double(random);
  s.linear_acceleration_mps2_y = any_double(random);
  s.linear_acceleration_mps2_z = any_double(random);
  return s;
}

// Bit for bit: a NaN equals itself, and 0 is not -0.
bool same(const VehicleState& a, const VehicleState& b) {
  const auto f = [](float x, float y) {
    return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y);
  };
  const auto d = [](double x, double y) {
    return std::bit_cast<uint64_t>(x) == std::bit_cast<uint64_t>(y);
  };
  return a.version == b.version && a.gear_state == b.gear_state &&
         a.frame_seq_no == b.frame_seq_no && f(a.vehicle_speed_mps, b.vehicle_speed_mps) &&
         f(a.accelerator_pedal_position, b.accelerator_pedal_position) &&
         f(a.steering_wheel_angle, b.steering_wheel_angle) &&
         a.blinker_on_left == b.blinker_on_left && a.blinker_on_right == b.blinker_on_right &&
         a.brake_applied == b.brake_applied && a.autopilot_state == b.autopilot_state &&
         d(a.latitude_deg, b.latitude_deg) && d(a.longitude_deg, b.longitude_deg) &&
         d(a.heading_deg, b.heading_deg) &&
         d(a.linear_acceleration_mps2_x, b.linear_acceleration_mps2_x) &&
         d(a.linear_acceleration_mps2_y, b.linear_acceleration_mps2_y) &&
         d(a.linear_acceleration_mps2_z, b.linear_acceleration_mps2_z);
}

Bytes with_length(const Bytes& nal, int length_bytes) {
  Bytes out;
  for (int i = length_bytes - 1; i >= 0; --i)
    out.push_back(static_cast<uint8_t>(nal.size() >> (8 * i)));
  return out + nal;
}

// A slice before and one after, as in a real access unit.
Bytes access_unit(const Bytes& nal, int length_bytes) {
  const Bytes delimiter = {0x09, 0x10}, slice = {0x65, 0x88, 0x84, 0x00, 0x10};
  const Bytes start = {0, 0, 0, 1};
  if (length_bytes == 0) return start + delimiter + start + nal + start + slice;
  return with_length(delimiter, length_bytes) + with_length(nal, length_bytes) +
         with_length(slice, length_bytes);
}

TEST(Sei, AMessageHasTheBytesOfProto3) {
  VehicleState s;
  EXPECT_EQ(encode_message(s), Bytes());
  s.version = 1;
  s.gear_state = Gear::kReverse;
  s.frame_seq_no = 300;
  s.vehicle_speed_mps = 12.5f;
  s.brake_applied = true;
  s.heading_deg = -0.5;
  s.linear_acceleration_mps2_z = 1;
  const Bytes wanted = {0x08, 1,    0x10, 2,    0x18, 0xac, 0x02, 0x25, 0, 0,    0x48,
                        0x41, 0x48, 1,    0x69, 0,    0,    0,    0,    0, 0,    0xe0,
                        0xbf, 0x81, 0x01, 0,    0,    0,    0,    0,    0, 0xf0, 0x3f};
  EXPECT_EQ(encode_message(s), wanted);
  EXPECT_EQ(decode_message(wanted), s);
  EXPECT_EQ(decode_message({}), VehicleState());
}

TEST(Sei, ANalUnitHasHeaderMarkerSizeAndStopBit) {
  VehicleState s;
  s.version = 1;
  Bytes wanted = {6, 5, 18};
  wanted.insert(wanted.end(), 15, 0x42);
  EXPECT_EQ(encode_sei_nal(s), wanted + Bytes({0x69, 0x08, 1, 0x80}));
}

TEST(Sei, EveryFieldOfTwentyThousandStatesIsReadAsItWasWritten) {
  Random random(1);
  for (int i = 0; i < 20000; ++i) {
    const VehicleState s = any_state(random);
    const std::optional<VehicleState> plain = decode_message(encode_message(s));
    ASSERT_TRUE(plain && same(*plain, s)) << i;
    for (int length_bytes : {0, 1, 2, 4}) {
      const std::optional<VehicleState> found =
          find_state(access_unit(encode_sei_nal(s), length_bytes), length_bytes);
      ASSERT_TRUE(found && same(*found, s)) << i << " " << length_bytes;
    }
  }
}

TEST(Sei, NoNalUnitHoldsAStartCode) {
  Random random(2);
  int escapes = 0;
  for (int i = 0; i < 5000; ++i) {
    VehicleState s = any_state(random);
    s.latitude_deg =
        std::bit_cast<double>(random.next_u64() & 0x0300'0000'0301'0000);  // full of zeros
    s.longitude_deg = std::bit_cast<double>(uint64_t{1} << random.below(64));
    const Bytes nal = encode_sei_nal(s);
    for (size_t k = 0; k + 2 < nal.size(); ++k) {
      if (nal[k] != 0 || nal[k + 1] != 0) continue;
      ASSERT_GE(nal[k + 2], 3);
      escapes += nal[k + 2] == 3;
    }
    ASSERT_NE(nal.back(), 0);
    ASSERT_TRUE(same(find_state(access_unit(nal, 0), 0).value(), s));
  }
  EXPECT_GT(escapes, 1000);
}

TEST(Sei, OneByteOfMarkerIsEnoughAndAWrongSizeDoesNotHideAMessage) {
  VehicleState s;
  s.frame_seq_no = 7;
  for (const uint8_t size : {4, 99, 3}) {  // right, too large, too small
    const Bytes nal = {6, 5, size, 0x42, 0x69, 0x18, 7, 0x80};
    EXPECT_EQ(find_state(with_length(nal, 4), 4), s) << int{size};
  }
}

TEST(Sei, OtherPayloadsAreNoStates) {
  VehicleState s;
  s.frame_seq_no = 7;
  const Bytes text = {6, 5, 3, 'a', 'b', 'c', 0x80}, recovery = {6, 6, 1, 0xc4, 0x80};
  const Bytes ours = encode_sei_nal(s);
  EXPECT_EQ(find_state(with_length(text, 4) + with_length(recovery, 4), 4), std::nullopt);
  EXPECT_EQ(find_state(with_length(text, 4) + with_length(recovery, 4) + with_length(ours, 4), 4),
            s);
  // Several payloads in one unit; a size that takes two bytes.
  Bytes both = {6, 6, 1, 0xc4, 5, 255, 10};
  both.insert(both.end(), 265, 1);
  both.insert(both.end(), {5, 4, 0x42, 0x69, 0x18, 7, 0x80});
  EXPECT_EQ(find_state(with_length(both, 4), 4), s);
  // Not an SEI; no marker; a marker that does not end.
  EXPECT_EQ(find_state(with_length({1, 5, 4, 0x42, 0x69, 0x18, 7, 0x80}, 4), 4), std::nullopt);
  EXPECT_EQ(find_state(with_length({6, 5, 3, 0x69, 0x18, 7, 0x80}, 4), 4), std::nullopt);
  EXPECT_EQ(find_state(with_length({6, 5, 4, 0x42, 0x42, 0x42, 0x42, 0x80}, 4), 4), std::nullopt);
}

TEST(Sei, WhatIsNoSuchMessageIsNotRead) {
  const auto bad = [](const Bytes& bytes) { return decode_message(bytes) == std::nullopt; };
  EXPECT_TRUE(bad({0x08}));                                // no value
  EXPECT_TRUE(bad({0x25, 0, 0, 0}));                       // 3 of 4 bytes
  EXPECT_TRUE(bad({0x0d, 0, 0, 0, 0}));                    // version as 4 bytes
  EXPECT_TRUE(bad({0x38, 2}));                             // a bool of 2
  EXPECT_TRUE(bad({0x08, 0x80, 0x80, 0x80, 0x80, 0x10}));  // 2^32 in 32 bits
  EXPECT_TRUE(bad({0x10, 0x80, 0x02}));                    // gear 256
  EXPECT_TRUE(bad({0x18, 0x87, 0x00}));                    // 7, in more bytes than it needs
  EXPECT_TRUE(bad({0x00, 1}));                             // field 0
  EXPECT_TRUE(bad({0x8b, 0x01, 0x8c, 0x01}));              // a group
  EXPECT_TRUE(bad({0x8a, 0x01, 5, 1, 2}));                 // a string cut short
  EXPECT_TRUE(bad({0x18, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2}));  // 65 bits
}

TEST(Sei, FieldsOfLaterVersionsArePassedOver) {
  VehicleState s;
  s.frame_seq_no = 7;
  s.gear_state = static_cast<Gear>(9);
  // 17: a varint, 18: bytes, 19: 4 bytes, 20: 8 bytes; field 3 twice, the last counts.
  const Bytes bytes = {0x88, 0x01, 5, 0x92, 0x01, 2, 'h', 'i', 0x9d, 0x01, 1, 2,    3, 4,    0xa1,
                       0x01, 1,    2, 3,    4,    5, 6,   7,   8,    0x18, 3, 0x10, 9, 0x18, 7};
  EXPECT_EQ(decode_message(bytes), s);
}

}  // namespace
}  // namespace dojo
