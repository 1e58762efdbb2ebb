// Telemetry inside H.264 video, as TeslaCams write it: one message a frame, in a NAL unit of type 6
// (supplemental enhancement information, SEI) of the frame's access unit.
//
//   06            NAL unit header: SEI
//   05 nn         payload type 5 (user data, unregistered), payload size
//   42 .. 42 69   marker: one or more bytes 42, then 69
//   ...           the message: proto3 (docs/telemetry.md has the fields)
//   80            stop bit
//
// after which a 03 is put between two zero bytes and a byte below 04 (emulation prevention). Writer
// and reader are our own: strict, small, and fast enough
// (docs/decisions/0004-own-message-reader.md). The bytes come from files that nobody has checked:
// reading never fails on them, it finds a message or it does not. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dojo/video/telemetry/vehicle_state.h"

namespace dojo {

// The message in proto3: fields in the order of their numbers, those with the value 0 left out.
std::vector<uint8_t> encode_message(const VehicleState& state);

// Nothing unless all of the bytes are such a message. Fields that are not known are passed over, of
// a field that comes twice the last counts (both as proto3 says). Stricter than proto3: a known
// field of another wire type, a number that does not fit its field or is longer than it need be is
// no such message. So what is found is what the bytes say.
std::optional<VehicleState> decode_message(std::span<const uint8_t> bytes);

// A whole NAL unit, without start code or length. The marker has 16 bytes, the size of the
// identifier that the standard wants here.
std::vector<uint8_t> encode_sei_nal(const VehicleState& state);

// The first message in the access unit `packet`. `length_bytes`: of the number before each NAL unit
// (1 to 4, in MP4 and Matroska); 0: the units stand between start codes.
std::optional<VehicleState> find_state(std::span<const uint8_t> packet, int length_bytes);

}  // namespace dojo
