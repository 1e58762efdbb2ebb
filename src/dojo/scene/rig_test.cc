#include "dojo/scene/rig.h"

#include <gtest/gtest.h>

#include <cmath>

#include "dojo/base/error.h"
#include "dojo/scene/render.h"

namespace dojo::scene {
namespace {

constexpr double kHeight = 240, kWidth = 320;

Pose body_at(double x, double y, double yaw, double pitch, double roll) {
  Pose body;
  body.position = {x, y, 0};
  body.yaw = yaw, body.pitch = pitch, body.roll = roll;
  set_axes(body);
  return body;
}

std::optional<Pixel> seen(const Pose& body, const CameraMount& camera,
                          const std::array<double, 3>& point) {
  const auto pixel =
      project(mounted(body, camera.pose()), camera.focal_pixels(kWidth), kHeight, kWidth, point);
  const bool inside =
      pixel && pixel->x >= 0 && pixel->x < kWidth && pixel->y >= 0 && pixel->y < kHeight;
  return inside ? pixel : std::nullopt;
}

TEST(Rig, EachCameraSeesWhereItsNameSays) {
  const Pose body = body_at(10, -4, kTurn / 4, 0, 0);  // looks to +y: its left is -x
  const Rig rig = default_rig(6);
  const auto sees = [&](double ahead, double left) {
    std::vector<std::string> names;
    for (const CameraMount& camera : rig)
      if (seen(body, camera, {10 - left, -4 + ahead, 1})) names.push_back(camera.name);
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(sees(40, 0), Names{"front"});
  EXPECT_EQ(sees(-40, 0), (Names{"back", "left_repeater", "right_repeater"}));
  EXPECT_EQ(sees(10, 20), Names{"left_pillar"});
  EXPECT_EQ(sees(10, -20), Names{"right_pillar"});
  EXPECT_EQ(sees(-10, 8), (Names{"back", "left_repeater"}));
  EXPECT_EQ(sees(-10, -8), (Names{"back", "right_repeater"}));
}

TEST(Rig, WhatIsAheadIsInTheMiddleAndWhatIsHigherIsHigherInTheImage) {
  CameraMount camera = {.name = "front", .up_m = 1.5, .field_of_view_deg = 90};
  const Pose body = body_at(0, 0, 0.3, 0, 0);
  const double c = std::cos(0.3), s = std::sin(0.3);
  const auto ahead = seen(body, camera, {20 * c, 20 * s, 1.5});
  ASSERT_TRUE(ahead);
  EXPECT_NEAR(ahead->x, kWidth / 2, 1e-9);
  EXPECT_NEAR(ahead->y, kHeight / 2, 1e-9);
  EXPECT_NEAR(ahead->depth, 20, 1e-9);
  const auto aside = seen(body, camera, {20 * c - 10 * s, 20 * s + 10 * c, 3.5});  // left, up
  ASSERT_TRUE(aside);
  EXPECT_NEAR(aside->x, kWidth / 2 - 160 * 10 / 20.0, 1e-9);
  EXPECT_NEAR(aside->y, kHeight / 2 - 160 * 2 / 20.0, 1e-9);
  camera.roll_deg = 90;  // clockwise: what was to the right is now above
  const auto rolled = seen(body, camera, {20 * c + 10 * s, 20 * s - 10 * c, 1.5});
  ASSERT_TRUE(rolled);
  EXPECT_NEAR(rolled->x, kWidth / 2, 1e-9);
  EXPECT_NEAR(rolled->y, kHeight / 2 - 80, 1e-9);
}

// Two cameras agree about a point: what the first sees at a pixel and depth, put into the world by
// its axes and then into the second by yaw, pitch and roll, is where the second sees it.
TEST(Rig, TwoCamerasOfOneCarAgreeAboutPoints) {
  const Pose body = body_at(150, 80, 2.1, 0.02, -0.03);
  int pairs = 0;
  const Rig rig = remounted(default_rig(6), 5, 1);
  for (const CameraMount& one : rig) {
    const Pose pose = mounted(body, one.pose());
    const double f = one.focal_pixels(kWidth);
    for (double x = 10; x < kWidth; x += 30) {
      for (double y = 10; y < kHeight; y += 30) {
        const double depth = 8 + 0.1 * x;
        const double right = (x - kWidth / 2) / f * depth, down = (y - kHeight / 2) / f * depth;
        const auto along = [&](float forward_, float right_, float down_, double at) {
          return at + depth * static_cast<double>(forward_) + right * static_cast<double>(right_) +
                 down * static_cast<double>(down_);
        };
        const std::array<double, 3> point = {
            along(pose.forward.x, pose.right.x, pose.down.x, pose.position[0]),
            along(pose.forward.y, pose.right.y, pose.down.y, pose.position[1]),
            along(pose.forward.z, pose.right.z, pose.down.z, pose.position[2])};
        const auto back = seen(body, one, point);
        ASSERT_TRUE(back);
        EXPECT_NEAR(back->x, x, 1e-3);
        EXPECT_NEAR(back->y, y, 1e-3);
        EXPECT_NEAR(back->depth, depth, 1e-4);
        for (const CameraMount& other : rig) pairs += &other != &one && seen(body, other, point);
      }
    }
  }
  EXPECT_GT(pairs, 20);  // their images overlap
}

// The same point of a still world looks alike in both cameras, and has the depth that the poses
// say.
TEST(Rig, DepthOfOneCameraIsFoundByTheOther) {
  DriveParams params = draw_journey(4, 20, Weather::kDay);
  const World world(params);
  const int64_t h = 120, w = 160;
  Renderer renderer(world, {.height = h, .width = w, .sensor_noise = false});
  const VehicleTruth v = world.vehicle().truth(9);
  const Rig rig = default_rig(6);
  const auto render = [&](const CameraMount& camera) {
    return renderer.render(1, 9,
                           {.pose = mounted(v.body, camera.pose()),
                            .focal_pixels = camera.focal_pixels(static_cast<double>(w))});
  };
  int64_t inside = 0, agree = 0;
  for (const auto& [a, b] : {std::pair{1, 2}, std::pair{1, 3}, std::pair{0, 4}, std::pair{0, 5}}) {
    const CameraMount &one = rig[static_cast<size_t>(a)], &other = rig[static_cast<size_t>(b)];
    const Frame fa = render(one), fb = render(other);
    const Pose pose = mounted(v.body, one.pose());
    const double f = one.focal_pixels(static_cast<double>(w));
    for (int64_t y = 0; y < h; ++y) {
      for (int64_t x = 0; x < w; ++x) {
        const double z = static_cast<double>(fa.depth[static_cast<size_t>(y * w + x)]);
        if (!(z < 60)) continue;
        const double right = (static_cast<double>(x) + 0.5 - static_cast<double>(w) / 2) / f * z,
                     down = (static_cast<double>(y) + 0.5 - static_cast<double>(h) / 2) / f * z;
        const float axes[3][3] = {{pose.forward.x, pose.right.x, pose.down.x},
                                  {pose.forward.y, pose.right.y, pose.down.y},
                                  {pose.forward.z, pose.right.z, pose.down.z}};
        std::array<double, 3> point = pose.position;
        for (size_t i = 0; i < 3; ++i)
          point[i] += z * static_cast<double>(axes[i][0]) +
                      right * static_cast<double>(axes[i][1]) +
                      down * static_cast<double>(axes[i][2]);
        const auto pixel =
            project(mounted(v.body, other.pose()), other.focal_pixels(static_cast<double>(w)),
                    static_cast<double>(h), static_cast<double>(w), point);
        if (!pixel || pixel->x < 1 || pixel->y < 1 || pixel->x >= static_cast<double>(w - 1) ||
            pixel->y >= static_cast<double>(h - 1))
          continue;
        ++inside;
        double nearest = 1e9;  // within a pixel
        for (int64_t dy = -1; dy <= 1; ++dy)
          for (int64_t dx = -1; dx <= 1; ++dx)
            nearest = std::min(
                nearest,
                std::abs(
                    static_cast<double>(
                        fb.depth[static_cast<size_t>((static_cast<int64_t>(pixel->y) + dy) * w +
                                                     static_cast<int64_t>(pixel->x) + dx)]) -
                    pixel->depth) /
                    pixel->depth);
        agree += nearest < 0.05;
      }
    }
  }
  ASSERT_GT(inside, 1000);
  EXPECT_GT(static_cast<double>(agree), 0.8 * static_cast<double>(inside)) << inside;
}

TEST(Rig, VehiclesDifferInMountingAndEachIsAlwaysTheSame) {
  const Rig rig = default_rig(6);
  EXPECT_EQ(remounted(rig, 0, 1), rig);
  EXPECT_EQ(remounted(rig, 3, 0), rig);
  EXPECT_EQ(remounted(rig, 3, 1), remounted(rig, 3, 1));
  EXPECT_NE(remounted(rig, 3, 1), remounted(rig, 4, 1));
  double turned = 0;
  for (uint64_t vehicle = 1; vehicle <= 50; ++vehicle) {
    for (size_t i = 0; i < rig.size(); ++i) {
      const CameraMount c = remounted(rig, vehicle, 1)[i];
      turned += std::abs(c.yaw_deg - rig[i].yaw_deg);
      EXPECT_GE(std::abs(c.left_m), rig[i].left_m == 0 ? 0 : std::abs(rig[i].left_m));
      EXPECT_GT(c.up_m, 0.3);
    }
  }
  EXPECT_NEAR(turned / 300, 2 * std::sqrt(4 / kTurn), 0.3);  // the mean of |2 * normal|
}

TEST(Rig, IsTheSameAfterItWasWrittenAndRead) {
  const Rig rig = remounted(default_rig(6), 9, 1);
  EXPECT_EQ(parse_rig(rig_text(rig), "rig.json"), rig);
}

TEST(Rig, TellsWhatIsWrongWithAFile) {
  const auto message = [](const char* text) -> std::string {
    try {
      parse_rig(text, "rig.json");
      return "";
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput);
      return e.what();
    }
  };
  EXPECT_NE(message("no").find("not JSON"), std::string::npos);
  EXPECT_NE(message("[]").find("'cameras'"), std::string::npos);
  EXPECT_NE(message(R"({"cameras": [{}]})").find("without a name"), std::string::npos);
  EXPECT_NE(message(R"({"cameras": [{"name": "../x"}]})").find("signs"), std::string::npos);
  EXPECT_NE(message(R"({"cameras": [{"name": "a"}, {"name": "a"}]})").find("twice"),
            std::string::npos);
  EXPECT_NE(message(R"({"cameras": [{"name": "a", "pitch_deg": 90}]})").find("pitch_deg"),
            std::string::npos);
  EXPECT_NE(message(R"({"cameras": [{"name": "a", "up_m": "high"}]})").find("up_m"),
            std::string::npos);
  EXPECT_EQ(message(R"({"cameras": [{"name": "a", "up_m": 2}]})"), "");
}

}  // namespace
}  // namespace dojo::scene
