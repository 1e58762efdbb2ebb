#include "dojo/scene/journey_truth.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

namespace dojo::scene {
namespace {

using nlohmann::ordered_json;

constexpr double kMetresPerDegree = 6378137 * std::numbers::pi / 180;  // of latitude, on a sphere
constexpr double kLatitude = 45, kLongitude = -30;  // of the world's origin: in the open sea

}  // namespace

double time_of(const Journey& j, int64_t frame, size_t camera) {
  return (static_cast<double>(frame) + j.phase[camera]) / static_cast<double>(j.options.fps);
}

VehicleState state_of(const Journey& j, const VehicleTruth& v, int64_t frame) {
  VehicleState state;
  state.version = 1;
  state.gear_state = v.parked ? Gear::kPark : Gear::kDrive;
  state.frame_seq_no = static_cast<uint64_t>(j.first_sequence + frame);
  state.vehicle_speed_mps = static_cast<float>(v.speed_mps);
  state.accelerator_pedal_position = static_cast<float>(v.accelerator_percent);
  state.steering_wheel_angle = static_cast<float>(v.steering_wheel_deg);
  state.blinker_on_left = v.blinker_left;
  state.blinker_on_right = v.blinker_right;
  state.brake_applied = v.brake;
  state.latitude_deg = kLatitude + v.y_m / kMetresPerDegree;
  state.longitude_deg =
      kLongitude + v.x_m / (kMetresPerDegree * std::cos(kLatitude * std::numbers::pi / 180));
  const double heading = 90 - v.heading_rad * 180 / std::numbers::pi;  // clockwise from the north
  state.heading_deg = heading - 360 * std::floor(heading / 360);
  state.linear_acceleration_mps2_x = v.acceleration_mps2;
  state.linear_acceleration_mps2_y = v.lateral_acceleration_mps2;
  return state;
}

const char* const kStateColumns =
    "frame_seq_no,speed_mps,yaw_rate_radps,steering_wheel_deg,acceleration_x_mps2,"
    "acceleration_y_mps2,gear_state,brake_applied,blinker_on_left,blinker_on_right,"
    "accelerator_pedal_position,latitude_deg,longitude_deg,heading_deg";

std::string state_row(const VehicleTruth& v, const VehicleState& s) {
  return fmt::format(
      "{},{:.6f},{:.8f},{:.5f},{:.5f},{:.5f},{},{:d},{:d},{:d},{:.3f},{:.9f},{:.9f},{:.6f}",
      s.frame_seq_no, v.speed_mps, v.yaw_rate_radps, v.steering_wheel_deg, v.acceleration_mps2,
      v.lateral_acceleration_mps2, static_cast<int>(s.gear_state), s.brake_applied,
      s.blinker_on_left, s.blinker_on_right, v.accelerator_percent, s.latitude_deg, s.longitude_deg,
      s.heading_deg);
}

std::string vehicle_table(const Journey& j, const World& world) {
  std::string csv =
      fmt::format("time_seconds,{},curvature_per_m,x_m,y_m,heading_rad\n", kStateColumns);
  for (int64_t i = 0; i < j.frames; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(j.options.fps);
    const VehicleTruth v = world.vehicle().truth(t);
    csv +=
        fmt::format("{:.6f},{},{:.8f},{:.6f},{:.6f},{:.8f}\n", t, state_row(v, state_of(j, v, i)),
                    v.curvature_per_m, v.x_m, v.y_m, v.heading_rad);
  }
  return csv;
}

std::string cameras_text(const Journey& j, const World& world) {
  ordered_json root = ordered_json::parse(rig_text(j.rig));
  const double w = static_cast<double>(j.options.width), h = static_cast<double>(j.options.height);
  for (size_t i = 0; i < j.rig.size(); ++i) {
    ordered_json& camera = root["cameras"][i];
    camera["focal_pixels"] = j.rig[i].focal_pixels(w);
    camera["centre_x"] = w / 2;
    camera["centre_y"] = h / 2;
  }
  root["height"] = j.options.height;
  root["width"] = j.options.width;
  const VehicleSize& size = world.vehicle().size();
  root["vehicle"] = {{"number", j.vehicle},
                     {"wheelbase_m", size.wheelbase_m},
                     {"steering_ratio", size.steering_ratio}};
  return root.dump(1) + "\n";
}

}  // namespace dojo::scene
