#include "dojo/scene/rig.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/random.h"
#include "dojo/scene/waves.h"

namespace dojo::scene {
namespace {

constexpr double kDegree = kTurn / 360;

struct Field {
  const char* name;
  double CameraMount::*value;
  double low, high;
};
constexpr Field kFields[] = {{"ahead_m", &CameraMount::ahead_m, -5, 10},
                             {"left_m", &CameraMount::left_m, -3, 3},
                             {"up_m", &CameraMount::up_m, 0.2, 5},
                             {"yaw_deg", &CameraMount::yaw_deg, -360, 360},
                             {"pitch_deg", &CameraMount::pitch_deg, -60, 60},
                             {"roll_deg", &CameraMount::roll_deg, -60, 60},
                             {"field_of_view_deg", &CameraMount::field_of_view_deg, 10, 150}};

}  // namespace

Pose CameraMount::pose() const {
  Pose pose;
  pose.position = {ahead_m, left_m, up_m};
  pose.yaw = yaw_deg * kDegree;
  pose.pitch = pitch_deg * kDegree;
  pose.roll = roll_deg * kDegree;
  set_axes(pose);
  return pose;
}

double CameraMount::focal_pixels(double width) const {
  return width / 2 / std::tan(field_of_view_deg * kDegree / 2);
}

Rig default_rig(int64_t cameras) {
  DOJO_CHECK(cameras >= 1 && cameras <= 6);
  Rig rig = {{"front", 2.0, 0, 1.35, 0, -3, 0, 65, false},
             {"back", -0.95, 0, 0.95, 180, -12, 0, 110, false},
             {"left_repeater", 2.5, 0.96, 0.85, 148, -5, 0, 80, true},
             {"right_repeater", 2.5, -0.96, 0.85, -148, -5, 0, 80, true},
             {"left_pillar", 1.15, 0.75, 1.2, 62, -4, 0, 85, false},
             {"right_pillar", 1.15, -0.75, 1.2, -62, -4, 0, 85, false}};
  rig.resize(static_cast<size_t>(cameras));
  return rig;
}

Rig remounted(const Rig& rig, uint64_t vehicle, double scale) {
  Rig out = rig;
  if (vehicle == 0) return out;
  for (size_t i = 0; i < out.size(); ++i) {
    Random random(vehicle, stream_id("mounting"), i);
    CameraMount& c = out[i];
    c.ahead_m += scale * 0.05 * random.normal();
    c.up_m = std::max(0.4, c.up_m + scale * 0.10 * random.normal());
    const double aside = scale * 0.05 * random.normal();  // those on a side never into the car
    c.left_m += c.left_m == 0 ? aside : std::copysign(std::abs(aside), c.left_m);
    c.yaw_deg += scale * 2 * random.normal();
    c.pitch_deg = std::clamp(c.pitch_deg + scale * 2 * random.normal(), -45.0, 45.0);
    c.roll_deg += scale * 1.5 * random.normal();
    c.field_of_view_deg =
        std::clamp(c.field_of_view_deg * (1 + 0.04 * scale * random.normal()), 20.0, 140.0);
  }
  return out;
}

std::string rig_text(const Rig& rig) {
  nlohmann::ordered_json cameras = nlohmann::ordered_json::array();
  for (const CameraMount& camera : rig) {
    nlohmann::ordered_json object = {{"name", camera.name}};
    for (const Field& field : kFields) object[field.name] = camera.*field.value;
    object["sees_own_car"] = camera.sees_own_car;
    cameras.push_back(object);
  }
  return nlohmann::ordered_json{{"cameras", cameras}}.dump(1) + "\n";
}

Rig parse_rig(std::string_view text, const std::string& where) {
  const auto wrong = [&](const std::string& what) {
    throw Error(Category::kInput, what, where,
                "give the form of the cameras.json that dojo render writes");
  };
  const nlohmann::json root = nlohmann::json::parse(text, nullptr, false);
  if (root.is_discarded()) wrong("not JSON");
  if (!root.is_object() || !root.contains("cameras") || !root["cameras"].is_array() ||
      root["cameras"].empty() || root["cameras"].size() > 16)
    wrong("no list 'cameras' of 1 to 16 cameras");
  Rig rig;
  std::set<std::string> names;
  for (const nlohmann::json& object : root["cameras"]) {
    CameraMount camera;
    if (!object.is_object() || !object.contains("name") || !object["name"].is_string())
      wrong("a camera without a name");
    camera.name = object["name"];
    if (camera.name.empty() || camera.name.size() > 40 ||
        camera.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != std::string::npos)
      wrong("a name of a camera with other signs than a-z and _");
    if (!names.insert(camera.name).second) wrong(fmt::format("camera {} twice", camera.name));
    for (const Field& field : kFields) {
      if (!object.contains(field.name)) continue;
      const nlohmann::json& value = object[field.name];
      if (!value.is_number() || !(value >= field.low && value <= field.high))
        wrong(fmt::format("{} of camera {} is not a number from {} to {}", field.name, camera.name,
                          field.low, field.high));
      camera.*field.value = value;
    }
    if (object.contains("sees_own_car")) {
      if (!object["sees_own_car"].is_boolean())
        wrong(fmt::format("sees_own_car of camera {} is not true or false", camera.name));
      camera.sees_own_car = object["sees_own_car"];
    }
    rig.push_back(camera);
  }
  return rig;
}

}  // namespace dojo::scene
