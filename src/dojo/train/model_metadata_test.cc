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

}  // namespace
}  // namespace dojo
