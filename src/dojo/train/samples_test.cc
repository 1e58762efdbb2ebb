#include "dojo/train/samples.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "dojo/base/file.h"
#include "dojo/base/test_folder.h"
#include "dojo/graph/interpreter.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/tiny_test_model.h"

namespace dojo {
namespace {

TEST(Samples, ShowEachRecordingAndOneSequence) {
  const TestFolder folder;
  Evaluator evaluator(tiny::held_out(), tiny::inference_graph(),
                      [](const Graph& g) { return make_interpreter(g); });
  const auto step = make_interpreter(tiny::step_graph());
  SafeTensors weights = averaged_tensors(*step);  // all zero: predicts black
  evaluator.load(weights, "weights");
  write_samples(folder.path(), evaluator, {.examples = 4, .horizons = 2});

  const auto list = nlohmann::json::parse(read_file(folder / "samples.json"));
  ASSERT_EQ(list.size(), 6u);
  EXPECT_EQ(list[0]["recording"], "a.mp4");
  EXPECT_EQ(list[1]["recording"], "a.mp4");
  EXPECT_EQ(list[2]["recording"], "b.mp4");
  EXPECT_EQ(list[4]["horizon"], 1);
  EXPECT_EQ(list[5]["horizon"], 2);
  EXPECT_NE(list[0]["frame"], list[1]["frame"]);
  std::set<std::string> files = {"samples.json"};
  for (const auto& sample : list) {
    EXPECT_GT(sample["mse"].get<double>(), sample["copy_last_mse"].get<double>());
    for (const char* kind : {"last", "truth", "prediction", "flow", "error", "copy_error"}) {
      const std::string file = sample["images"][kind];
      files.insert(file);
      EXPECT_EQ(read_file(folder / file).substr(1, 3), "PNG") << file;
    }
  }
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    found.insert(entry.path().filename());
  EXPECT_EQ(found, files);

  // Again, with fewer: the former pictures go, a file of the user's stays.
  write_file_atomic(folder / "9_mine.png", "mine");
  write_samples(folder.path(), evaluator, {.examples = 1, .horizons = 1});
  EXPECT_FALSE(std::filesystem::exists(folder / "5_last.png"));
  EXPECT_TRUE(std::filesystem::exists(folder / "0_last.png"));
  EXPECT_EQ(read_file(folder / "9_mine.png"), "mine");
}

}  // namespace
}  // namespace dojo
