// What a vehicle reports about itself at one frame. The fields, their names and units are those of
// the message that a TeslaCam writes into its video (teslamotors/dashcam, dashcam.proto);
// docs/telemetry.md has the table. What a message leaves out is 0, so 0 may mean "not told": see
// states_to_telemetry() for what is made of it.
#pragma once

#include <cstdint>

namespace dojo {

// Values that a later firmware may add are kept as the number they are.
enum class Gear : uint8_t { kPark, kDrive, kReverse, kNeutral };
enum class Autopilot : uint8_t { kNone, kSelfDriving, kAutosteer, kTacc };

struct VehicleState {
  uint32_t version = 0;
  Gear gear_state = Gear::kPark;
  uint64_t frame_seq_no = 0;  // the same numbering in all cameras of a vehicle
  float vehicle_speed_mps = 0;
  float accelerator_pedal_position = 0;  // range not stated
  float steering_wheel_angle = 0;        // degrees; sign not stated
  bool blinker_on_left = false, blinker_on_right = false, brake_applied = false;
  Autopilot autopilot_state = Autopilot::kNone;
  double latitude_deg = 0, longitude_deg = 0, heading_deg = 0;
  double linear_acceleration_mps2_x = 0, linear_acceleration_mps2_y = 0,
         linear_acceleration_mps2_z = 0;

  bool operator==(const VehicleState&) const = default;
};

}  // namespace dojo
