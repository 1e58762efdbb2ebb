// Does the masked autoencoder learn what only position and time tell? One clip with one mask, over
// and over, in which each tubelet brightens in a direction of its own.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "dojo/graph/interpreter.h"
#include "dojo/model/mae.h"
#include "dojo/train/step.h"

namespace dojo {
namespace {

const MaeOptions kSmall{.encoder = {.clips = 1,
                                    .frames = 4,
                                    .height = 8,
                                    .width = 16,
                                    .patch = 4,
                                    .channels = 24,
                                    .layers = 1,
                                    .heads = 2},
                        .masked = 0.75,
                        .decoder_channels = 24,
                        .decoder_layers = 1,
                        .decoder_heads = 2};

// Eight places in two frames and the next two: sixteen directions.
std::vector<std::byte> slopes() {
  std::vector<std::byte> clip;
  for (int64_t t = 0; t < 4; ++t)
    for (int64_t y = 0; y < 8; ++y)
      for (int64_t x = 0; x < 16; ++x) {
        const auto tubelet = static_cast<double>(t / 2 * 8 + y / 4 * 4 + x / 4);
        const double angle = tubelet * std::numbers::pi / 8;
        const double slope = std::cos(angle) * (static_cast<double>(x % 4) - 1.5) +
                             std::sin(angle) * (static_cast<double>(y % 4) - 1.5);
        clip.insert(clip.end(), 3, static_cast<std::byte>(std::lround(128 + 40 * slope)));
      }
  return clip;
}

TEST(MaeByHeart, AClipIsFilledInFromWhereItsHolesAre) {
  const Graph graph =
      build_training_step("mae", [](Builder& b) { return mae_training(b, kSmall); }, {});
  const auto executor = make_interpreter(graph);
  initialize_training(*executor, 1);
  Random random(5);
  const TubeMask mask = tube_mask(kSmall, random);
  executor->write("visible", std::as_bytes(std::span(mask.visible)));
  executor->write("masked", std::as_bytes(std::span(mask.masked)));
  executor->write("clip", slopes());
  constexpr int kSteps = 300;
  for (int step = 1; step <= kSteps; ++step) {
    executor->write_scalar("lr", 3e-3f * static_cast<float>(kSteps - step + 1) / kSteps);
    executor->write_scalar("step", static_cast<float>(step));
    ASSERT_TRUE(executor->run());
  }
  EXPECT_GT(executor->read_scalar("patch_mean_mse"), 0.9f);
  EXPECT_LT(executor->read_scalar("loss"), 0.05f);
}

}  // namespace
}  // namespace dojo
