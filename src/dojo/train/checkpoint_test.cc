#include "dojo/train/checkpoint.h"

#include <gtest/gtest.h>

#include <cstring>

#include "dojo/base/error.h"
#include "dojo/base/test_folder.h"
#include "dojo/graph/interpreter.h"
#include "dojo/train/tiny_test_model.h"

namespace dojo {
namespace {

std::unique_ptr<Executor> tiny_executor(uint64_t seed) {
  auto executor = make_interpreter(tiny::step_graph());
  initialize_training(*executor, seed);
  return executor;
}

TEST(Checkpoint, StateSurvivesBeingWritten) {
  LoopState s;
  s.step = 123456789012;
  s.position = ~uint64_t{0};
  s.metrics_lines = 7;
  s.evaluated_step = 100;
  s.best_step = 90;
  s.best_score = 0.1;  // no finite binary fraction: all bits must come back
  s.first_score = 0.9;
  s.held_out_clips = 32;
  s.elapsed_seconds = 1.0 / 3;
  s.log = {.steps = 3, .sums = {{"loss", 0.7}, {"mse", 1e-300}}};
  s.guard.smooth_loss = 0.2;
  s.guard.least_smooth_loss = 0.1;
  s.guard.smooth_copy = 0.3;
  s.guard.steps_above = 5;
  const LoopState t = parse_loop_state(to_json(s), "x");
  EXPECT_EQ(to_json(t), to_json(s));
  EXPECT_EQ(t.position, s.position);
  EXPECT_EQ(t.best_score, s.best_score);
  EXPECT_EQ(t.log.sums, s.log.sums);
  EXPECT_EQ(t.first_score, 0.9);
  EXPECT_EQ(t.held_out_clips, 32);
  EXPECT_EQ(t.guard.steps_above, 5);
}

TEST(Checkpoint, NamesOfGivenUpFilesComeBackByteByByte) {
  for (const std::string path : {"a.mp4", "caf\xe9.mp4", "caf\xc3\xa9.mp4", "caf\\xe9.mp4"}) {
    LoopState s;
    s.given_up = {{path, "input", "no frame in " + path, true, false}};
    const LoopState t = parse_loop_state(to_json(s), "x");
    ASSERT_EQ(t.given_up.size(), 1u);
    EXPECT_EQ(t.given_up[0].path, path);
    EXPECT_EQ(t.given_up[0].category, "input");
    EXPECT_EQ(t.given_up[0].reason, "no frame in " + path);
    EXPECT_FALSE(t.given_up[0].was_used);
  }
}

TEST(Checkpoint, NamesAsAnEarlierVersionWroteThemAreRefused) {
  LoopState s;
  s.given_up = {{"a.mp4", "input", "no frame"}};
  std::string json = to_json(s);
  json.replace(json.find("\"file\""), 6, "\"path\"");
  try {
    parse_loop_state(json, "last.safetensors");
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kInput);
    EXPECT_EQ(e.where(), "last.safetensors");
    EXPECT_NE(e.message().find("earlier version"), std::string::npos);
  }
}

TEST(Checkpoint, AChangeOfAnyKindDiffersFromTheChecksum) {
  const TestFolder folder;
  const std::string path = folder / "c.safetensors";
  SafeTensors content = training_tensors(*tiny_executor(1));
  content.metadata = {{"step", "7"}};
  write_checkpoint(path, content);
  const SafeTensors good = read_checkpoint(path);
  EXPECT_EQ(good.metadata.at("step"), "7");
  const auto refused = [&](const SafeTensors& changed) {
    write_safetensors(path, changed);
    try {
      read_checkpoint(path);
    } catch (const Error& e) {
      EXPECT_NE(e.message().find("checksum"), std::string::npos);
      return true;
    }
    return false;
  };
  SafeTensors bad = good;
  bad.tensors[3].data[5] ^= std::byte{1};
  EXPECT_TRUE(refused(bad));
  bad = good;
  bad.metadata["step"] = "8";
  EXPECT_TRUE(refused(bad));
  bad = good;
  std::swap(bad.tensors[0].name, bad.tensors[1].name);
  EXPECT_TRUE(refused(bad));
  EXPECT_FALSE(refused(good));
  content.metadata.clear();
  EXPECT_FALSE(refused(content));  // of another program, without a checksum
}

TEST(Checkpoint, ABrokenStateIsAnInputError) {
  const std::string good = to_json(LoopState{});
  for (const std::string& bad : {std::string("{}"), std::string("[]"),
                                 good.substr(0, good.size() - 1), std::string("{\"step\":\"x\"}")})
    EXPECT_THROW(parse_loop_state(bad, "last.safetensors"), Error) << bad;
}

TEST(Checkpoint, RestoringGivesAllParametersAndStates) {
  const auto a = tiny_executor(1), b = tiny_executor(2);
  EXPECT_NE(a->read_f32("offset"), b->read_f32("offset"));
  const SafeTensors saved = training_tensors(*a);
  EXPECT_EQ(saved.tensors.size(), 8u);  // two parameters, each with two moments and an average
  restore(*b, saved, "x");
  for (const Tensor& t : saved.tensors)
    EXPECT_EQ(a->read_f32(t.name), b->read_f32(t.name)) << t.name;
}

TEST(Checkpoint, ARefusedCheckpointChangesNothing) {
  const auto a = tiny_executor(1), b = tiny_executor(2);
  SafeTensors saved = training_tensors(*a);
  saved.tensors.back().type.shape.push_back(1);
  const auto before = b->read_f32("offset");
  EXPECT_THROW(restore(*b, saved, "x"), Error);
  EXPECT_EQ(b->read_f32("offset"), before);
}

TEST(Checkpoint, TheBestOneHoldsAveragesUnderTheParametersNames) {
  const auto e = tiny_executor(1);
  const std::vector<float> average(48, 0.5f);
  e->write_f32("offset.ema", average);
  const SafeTensors best = averaged_tensors(*e);
  ASSERT_EQ(best.tensors.size(), 2u);
  const Tensor* offset = best.find("offset");
  ASSERT_NE(offset, nullptr);
  EXPECT_EQ(0, std::memcmp(offset->data.data(), average.data(), offset->data.size()));
}

}  // namespace
}  // namespace dojo
