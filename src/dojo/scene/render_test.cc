#include "dojo/scene/render.h"

#include <gtest/gtest.h>

#include <cmath>

#include "dojo/base/error.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/random.h"

namespace dojo::scene {
namespace {

// The picture of one drive at two moments; noise off, so that values can be compared.
struct Pair {
  World world;
  Renderer renderer;
  Frame a, b;
  Pair(uint64_t seed, double t, double dt)
      : world(draw_params(seed, 10)),
        renderer(world, {.height = 128, .width = 256, .sensor_noise = false}),
        a(renderer.render(0, t)),
        b(renderer.render(1, t + dt)) {}
};

double dot3(const std::array<double, 3>& p, Vec3 v) {
  return p[0] * static_cast<double>(v.x) + p[1] * static_cast<double>(v.y) +
         p[2] * static_cast<double>(v.z);
}

TEST(Render, GivesTheSameBytesForAnyNumberOfThreads) {
  const int before = num_threads();
  const World world(draw_params(3, 10));
  std::vector<Frame> frames;
  for (int threads : {1, 2, 3, 7}) {
    set_num_threads(threads);
    frames.push_back(Renderer(world, {.height = 90, .width = 162}).render(5, 2.5));
  }
  set_num_threads(before);
  for (const Frame& f : frames) {
    EXPECT_EQ(f.rgb, frames[0].rgb);
    EXPECT_EQ(f.depth, frames[0].depth);
  }
}

TEST(Render, FramesDependOnTimeAndNumberOnlyNotOnOrder) {
  const World world(draw_params(4, 10));
  Renderer first({world}, {.height = 64, .width = 128}),
      second({world}, {.height = 64, .width = 128});
  const Frame a = first.render(7, 0.35);
  second.render(1, 0.05);
  second.render(9, 0.45);
  EXPECT_EQ(second.render(7, 0.35).rgb, a.rgb);
}

TEST(Render, OtherSeedsGiveOtherWorlds) {
  const World one(draw_params(1, 10)), two(draw_params(2, 10));
  const Frame a = Renderer(one, {.height = 64, .width = 128}).render(0, 0),
              b = Renderer(two, {.height = 64, .width = 128}).render(0, 0);
  double difference = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i) difference += std::abs(a.rgb[i] - b.rgb[i]);
  EXPECT_GT(difference / static_cast<double>(a.rgb.size()), 10);
}

// The ground's depth must be the one of the camera model: a point at that depth lies on z = 0 or
// above it.
TEST(Render, NoPointLiesBelowTheGroundAndTheRoadAheadLiesOnIt) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    Pair p(seed, 1.0, 0.05);
    const double f = p.renderer.focal_pixels();
    int64_t on_ground = 0;
    for (int64_t y = 0; y < p.a.height; ++y) {
      for (int64_t x = 0; x < p.a.width; ++x) {
        const double z = p.a.depth[static_cast<size_t>(y * p.a.width + x)];
        if (!std::isfinite(z)) continue;
        const Pose& pose = p.a.truth.pose;
        const double right = (static_cast<double>(x) + 0.5 - 128) / f * z,
                     down = (static_cast<double>(y) + 0.5 - 64) / f * z;
        const double height = pose.position[2] + z * static_cast<double>(pose.forward.z) +
                              right * static_cast<double>(pose.right.z) +
                              down * static_cast<double>(pose.down.z);
        ASSERT_GT(height, -0.01 - 1e-3 * z) << seed << " " << x << " " << y;
        on_ground += std::abs(height) < 0.01;
      }
    }
    EXPECT_GT(on_ground, p.a.height * p.a.width / 6) << seed;
  }
}

// Depth, camera model and ego-motion agree: the points seen in one frame, moved into the next
// camera, land where the next frame sees the same depth. Moving cars and what becomes hidden make
// exceptions; a wrong sign or focal length makes nearly all fail.
TEST(Render, DepthAndMotionReprojectIntoTheNextFrame) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    Pair p(seed, 1.5, 0.1);
    const double f = p.renderer.focal_pixels();
    int64_t inside = 0, agree = 0;
    double error = 0, still = 0;
    for (int64_t y = 0; y < p.a.height; ++y) {
      for (int64_t x = 0; x < p.a.width; ++x) {
        const double z = p.a.depth[static_cast<size_t>(y * p.a.width + x)];
        if (!std::isfinite(z) || z > 60) continue;
        const Pose &pa = p.a.truth.pose, &pb = p.b.truth.pose;
        const double right = (static_cast<double>(x) + 0.5 - 128) / f * z,
                     down = (static_cast<double>(y) + 0.5 - 64) / f * z;
        std::array<double, 3> point;
        const float axes[3][3] = {{pa.forward.x, pa.right.x, pa.down.x},
                                  {pa.forward.y, pa.right.y, pa.down.y},
                                  {pa.forward.z, pa.right.z, pa.down.z}};
        for (size_t i = 0; i < 3; ++i) {
          point[i] = pa.position[i] - pb.position[i] + z * static_cast<double>(axes[i][0]) +
                     right * static_cast<double>(axes[i][1]) +
                     down * static_cast<double>(axes[i][2]);
        }
        const double zb = dot3(point, pb.forward);
        if (zb < 1) continue;
        const int64_t xb = static_cast<int64_t>(std::floor(128 + f * dot3(point, pb.right) / zb));
        const int64_t yb = static_cast<int64_t>(std::floor(64 + f * dot3(point, pb.down) / zb));
        if (xb < 1 || yb < 1 || xb >= p.b.width - 1 || yb >= p.b.height - 1) continue;
        ++inside;
        double nearest = 1e9;  // within a pixel
        for (int64_t v = yb - 1; v <= yb + 1; ++v) {
          for (int64_t u = xb - 1; u <= xb + 1; ++u) {
            nearest = std::min(
                nearest,
                std::abs(static_cast<double>(p.b.depth[static_cast<size_t>(v * p.b.width + u)]) -
                         zb) /
                    zb);
          }
        }
        if (nearest < 0.05) {
          ++agree;
          for (size_t c = 0; c < 3; ++c) {
            const double from = p.a.rgb[static_cast<size_t>(y * p.a.width + x) * 3 + c];
            error += std::abs(from - p.b.rgb[static_cast<size_t>(yb * p.b.width + xb) * 3 + c]);
            still += std::abs(from - p.b.rgb[static_cast<size_t>(y * p.b.width + x) * 3 + c]);
          }
        }
      }
    }
    ASSERT_GT(inside, 2000) << seed;
    EXPECT_GT(static_cast<double>(agree), 0.85 * static_cast<double>(inside)) << seed;
    EXPECT_LT(error, 0.8 * still)
        << seed;  // knowing the motion explains the next picture better than copying does
  }
}

TEST(Render, RefusesPicturesThatNobodyCanMean) {
  const World world(draw_params(1, 1));
  EXPECT_THROW(Renderer(world, {.height = 8, .width = 128}), Error);
  EXPECT_THROW(Renderer(world, {.height = 128, .width = 100000}), Error);
}

}  // namespace
}  // namespace dojo::scene
