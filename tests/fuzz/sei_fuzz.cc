// Fuzz entry of the telemetry reader: any bytes, taken as an access unit, hold no vehicle state or
// one whose every field is written in them. The first byte says how the NAL units are told apart.
// Built with mutate.cc for ctest; with clang also: -fsanitize=fuzzer,address instead of mutate.cc.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "dojo/video/telemetry/sei.h"

namespace {

// All of it without emulation prevention.
std::vector<uint8_t> unescaped(std::span<const uint8_t> bytes) {
  std::vector<uint8_t> out;
  int zeros = 0;
  for (const uint8_t b : bytes) {
    if (zeros < 2 || b != 3) out.push_back(b);
    zeros = b == 0 ? zeros + 1 : 0;
  }
  return out;
}

template <typename T>
void must_be_in(const std::vector<uint8_t>& bytes, const dojo::VehicleState& state,
                T dojo::VehicleState::*field) {
  dojo::VehicleState alone;
  alone.*field = state.*field;
  const std::vector<uint8_t> written = dojo::encode_message(alone);  // nothing for 0
  if (std::search(bytes.begin(), bytes.end(), written.begin(), written.end()) != bytes.end())
    return;
  if (written.empty()) return;
  std::fprintf(stderr, "field %d was invented\n", written[0] >> 3);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span<const uint8_t> packet(data + 1, size - 1);
  const std::optional<dojo::VehicleState> state = dojo::find_state(packet, data[0] % 5);
  if (!state) return 0;
  const std::vector<uint8_t> message = dojo::encode_message(*state);
  const std::optional<dojo::VehicleState> again = dojo::decode_message(message);
  if (!again || dojo::encode_message(*again) != message) {
    std::fprintf(stderr, "written and read back to something else\n");
    std::abort();
  }
  using S = dojo::VehicleState;
  const std::vector<uint8_t> bytes = unescaped(packet);
  must_be_in(bytes, *state, &S::version);
  must_be_in(bytes, *state, &S::gear_state);
  must_be_in(bytes, *state, &S::frame_seq_no);
  must_be_in(bytes, *state, &S::vehicle_speed_mps);
  must_be_in(bytes, *state, &S::accelerator_pedal_position);
  must_be_in(bytes, *state, &S::steering_wheel_angle);
  must_be_in(bytes, *state, &S::blinker_on_left);
  must_be_in(bytes, *state, &S::blinker_on_right);
  must_be_in(bytes, *state, &S::brake_applied);
  must_be_in(bytes, *state, &S::autopilot_state);
  must_be_in(bytes, *state, &S::latitude_deg);
  must_be_in(bytes, *state, &S::longitude_deg);
  must_be_in(bytes, *state, &S::heading_deg);
  must_be_in(bytes, *state, &S::linear_acceleration_mps2_x);
  must_be_in(bytes, *state, &S::linear_acceleration_mps2_y);
  must_be_in(bytes, *state, &S::linear_acceleration_mps2_z);
  return 0;
}
