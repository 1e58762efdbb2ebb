#include "dojo/train/model_metadata.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "dojo/base/error.h"

namespace dojo {
namespace {

SafeTensors checkpoint() {
  SafeTensors content;
  content.metadata = to_metadata(TrainedModel{
      .model = {.frames = 4, .height = 64, .width = 96, .channels = 16}, .interval_seconds = 0.05});
  return content;
}

TEST(ModelMetadata, SurvivesBeingWritten) {
  const TrainedModel t = trained_model_of(checkpoint(), "best.safetensors");
  EXPECT_EQ(t.model.frames, 4);
  EXPECT_EQ(t.model.height, 64);
  EXPECT_EQ(t.model.width, 96);
  EXPECT_EQ(t.model.channels, 16);
  EXPECT_EQ(t.interval_seconds, 0.05);
}

TEST(ModelMetadata, WhatIsNoResultIsAnInputErrorWithTheFile) {
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"task", "depth"},
                                                        {"state", "{}"},
                                                        {"model", "{}"},
                                                        {"model", "[]"},
                                                        {"interval_seconds", "0.1s"},
                                                        {"interval_seconds", "-1"}}) {
    SafeTensors bad = checkpoint();
    bad.metadata[key] = value;
    try {
      trained_model_of(bad, "best.safetensors");
      ADD_FAILURE() << key;
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput);
      EXPECT_EQ(e.where(), "best.safetensors");
    }
  }
}

SafeTensors ego_checkpoint() {
  SafeTensors content;
  content.metadata = to_metadata(
      TrainedEgo{.model = {.frames = 5, .height = 64, .width = 96, .channels = 8},
                 .scale = {.mean = {9.1, 0.01, -2}, .deviation = {4, 0.1, 30}, .frames = {7, 0, 7}},
                 .interval_seconds = 0.2});
  return content;
}

TEST(ModelMetadata, OfTheTaskEgoHoldsItsLabels) {
  EXPECT_EQ(task_of(ego_checkpoint(), "b"), "ego");
  const TrainedEgo t = trained_ego_of(ego_checkpoint(), "best.safetensors");
  EXPECT_EQ(t.model.frames, 5);
  EXPECT_EQ(t.model.channels, 8);
  EXPECT_EQ(t.scale.mean, (EgoValues{9.1, 0.01, -2}));
  EXPECT_EQ(t.scale.deviation, (EgoValues{4, 0.1, 30}));
  EXPECT_EQ(t.scale.frames[1], 0);
  EXPECT_EQ(t.interval_seconds, 0.2);
  EXPECT_THROW(trained_ego_of(checkpoint(), "b"), Error);
  EXPECT_THROW(trained_model_of(ego_checkpoint(), "b"), Error);
}

TEST(ModelMetadata, LabelsThatMakeNoSenseAreAnInputErrorWithTheFile) {
  for (const char* labels : {"[]", "{}",
                             R"({"speed_mps":{"mean":1,"deviation":0,"frames":1},)"
                             R"("yaw_rate_radps":{"mean":1,"deviation":1,"frames":1},)"
                             R"("steering_wheel_deg":{"mean":1,"deviation":1,"frames":1}})"}) {
    SafeTensors bad = ego_checkpoint();
    bad.metadata["labels"] = labels;
    try {
      trained_ego_of(bad, "best.safetensors");
      ADD_FAILURE() << labels;
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput);
      EXPECT_EQ(e.where(), "best.safetensors");
    }
  }
}

SafeTensors mae_checkpoint() {
  SafeTensors content;
  content.metadata = to_metadata(
      TrainedMae{.model = {.encoder = {.frames = 4, .patch = 8, .layers = 3}, .masked = 0.8},
                 .interval_seconds = 0.3});
  return content;
}

TEST(ModelMetadata, OfTheTaskMaeHoldsItsNetwork) {
  EXPECT_EQ(task_of(mae_checkpoint(), "b"), "mae");
  const TrainedMae t = trained_mae_of(mae_checkpoint(), "best.safetensors");
  EXPECT_EQ(t.model.encoder.frames, 4);
  EXPECT_EQ(t.model.encoder.patch, 8);
  EXPECT_EQ(t.model.encoder.layers, 3);
  EXPECT_EQ(t.model.masked, 0.8);
  EXPECT_EQ(t.interval_seconds, 0.3);
  EXPECT_THROW(trained_mae_of(checkpoint(), "b"), Error);
  EXPECT_THROW(trained_model_of(mae_checkpoint(), "b"), Error);
}

TEST(ModelMetadata, ANetworkThatThereCannotBeIsAnInputErrorWithTheFile) {
  for (const auto& [part, other] : std::vector<std::pair<std::string, std::string>>{
           {R"("masked":"0.8")", R"("masked":"inf")"},
           {R"("masked":"0.8")", R"("masked":0.8)"},
           {R"("patch":"8")", R"("patch":"0")"},
           {R"("layers":"3")", R"("layers":"1000000000")"},
           {R"("frames":"4")", R"("frames":"-4")"},
           {R"("heads")", R"("hands")"}}) {
    SafeTensors bad = mae_checkpoint();
    std::string& model = bad.metadata["model"];
    const size_t at = model.find(part);
    ASSERT_NE(at, std::string::npos) << part << " in " << model;
    model.replace(at, part.size(), other);
    try {
      trained_mae_of(bad, "best.safetensors");
      ADD_FAILURE() << other;
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput) << other;
      EXPECT_EQ(e.where(), "best.safetensors") << other;
    }
  }
}

}  // namespace
}  // namespace dojo
