// Whole training steps against PyTorch: the first ten losses and gradient norms of small runs with
// clipping and AdamW, from tests/golden/steps/*.json, written by tests/golden/make_step_goldens.py,
// which makes the same weights and batches.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <tuple>

#include "dojo/base/random.h"
#include "dojo/graph/interpreter.h"
#include "dojo/host/executor.h"
#include "dojo/model/ego.h"
#include "dojo/model/predict.h"
#include "dojo/model/resnet.h"
#include "dojo/train/step.h"

namespace dojo {
namespace {

constexpr uint64_t kSeed = 7;

std::vector<float> uniform(std::string_view name, int64_t count, double bound) {
  Random random(kSeed, stream_id(name));
  std::vector<float> values(static_cast<size_t>(count));
  for (float& x : values) x = static_cast<float>(random.uniform(-bound, bound));
  return values;
}

// Heads are not zero here: they would leave half of the network without a gradient.
std::vector<float> first_value(const std::string& name, const Shape& shape) {
  if (shape.size() >= 2) {
    return uniform(name, num_elements(shape),
                   1 / std::sqrt(double(num_elements(shape) / shape[0])));
  }
  std::vector<float> values = uniform(name, num_elements(shape), 0.125);
  if (name.ends_with("weight")) {
    for (float& x : values) x += 1;
  }
  return values;
}

// Triangular waves that move from frame to frame; integers only.
std::vector<std::byte> moving_waves(const Shape& shape) {
  const auto wave = [](int64_t u) { return std::abs((u % 256 + 256) % 256 - 128); };
  std::vector<std::byte> clip;
  for (int64_t b = 0; b < shape[0]; ++b)
    for (int64_t t = 0; t < shape[1]; ++t)
      for (int64_t y = 0; y < shape[2]; ++y)
        for (int64_t x = 0; x < shape[3]; ++x)
          for (int64_t c = 0; c < 3; ++c) {
            const int64_t sum =
                wave(x * 9 + y * 5 + t * 7 + b * 60) + wave(y * 11 - x * 3 + t * 4 + c * 40);
            clip.push_back(static_cast<std::byte>(sum * 255 / 256));
          }
  return clip;
}

struct Network {
  const char* name;  // of its golden
  TaskGraph (*model)(Builder& b);
};

TaskGraph small_predict(Builder& b) {
  PredictOptions options;
  options.batch = 2;
  options.height = 32;
  options.width = 64;
  options.channels = 8;
  return predict_training(b, options);
}

TaskGraph small_resnet(Builder& b) {
  return resnet18_clip_training(b, {.images = 4, .height = 64, .width = 64, .first_channels = 8});
}

TaskGraph small_ego(Builder& b) {
  const EgoOptions options{.batch = 2, .frames = 3, .height = 32, .width = 64, .channels = 8};
  return ego_training(b, options,
                      {.mean = {0.25, 0.5, 0}, .deviation = {0.5, 2, 0.25}, .frames = {1, 1, 1}});
}

constexpr Network kNetworks[] = {
    {"predict", small_predict}, {"resnet18", small_resnet}, {"ego", small_ego}};

struct Way {
  const char* name;
  std::unique_ptr<Executor> (*make)(const Graph& graph);
  double tolerance;  // of a loss, relative
};

std::unique_ptr<Executor> in_double(const Graph& graph) {
  return make_interpreter(graph, Precision::kDouble);
}
std::unique_ptr<Executor> in_float(const Graph& graph) {
  return make_interpreter(graph, Precision::kFloat);
}
std::unique_ptr<Executor> on_host(const Graph& graph) { return make_host_executor(graph); }

constexpr Way kWays[] = {
    {"in_double", in_double, 1e-6}, {"in_float", in_float, 1e-4}, {"on_the_host", on_host, 1e-4}};

class StepGoldens : public testing::TestWithParam<std::tuple<Network, Way>> {};

TEST_P(StepGoldens, TheNetworkTrainsAsInPyTorch) {
  const auto& [network, way] = GetParam();
  std::ifstream file(std::filesystem::path(DOJO_SOURCE_DIR) / "tests/golden/steps" /
                     (std::string(network.name) + ".json"));
  const nlohmann::json golden = nlohmann::json::parse(file);
  OptimizerOptions options;
  options.ema_decay = 0;
  const Graph graph = build_training_step(network.name, network.model, options);
  EXPECT_EQ(count_parameters(graph), golden["parameters"].get<int64_t>());

  const std::unique_ptr<Executor> executor = way.make(graph);
  initialize_training(*executor, kSeed);
  for (const Input& input : graph.inputs) {
    const Value& value = graph.value(input.value);
    if (input.role == Role::kParameter)
      executor->write_f32(value.name, first_value(value.name, value.type.shape));
    if (value.name == "clip") executor->write("clip", moving_waves(value.type.shape));
    if (value.name == "images" || value.name == "target" || value.name == "labels") {
      executor->write_f32(value.name, uniform(value.name, value.type.num_elements(), 1));
    }
    if (value.name == "known")
      executor->write_f32(value.name, std::vector<float>{1, 1, 0, 1, 1, 1});
  }
  executor->write_scalar("lr", golden["lr"].get<float>());
  for (size_t step = 0; step < golden["losses"].size(); ++step) {
    executor->write_scalar("step", static_cast<float>(step + 1));
    ASSERT_TRUE(executor->run());
    const double loss = golden["losses"][step], norm = golden["grad_norms"][step];
    EXPECT_NEAR(executor->read_scalar("loss"), loss, way.tolerance * loss) << "step " << step + 1;
    EXPECT_NEAR(executor->read_scalar("grad_norm"), norm, 10 * way.tolerance * norm)
        << "step " << step + 1;
  }
}

std::string case_name(const testing::TestParamInfo<std::tuple<Network, Way>>& info) {
  const auto& [network, way] = info.param;
  return fmt::format("{}_{}", network.name, way.name);
}

INSTANTIATE_TEST_SUITE_P(Small, StepGoldens,
                         testing::Combine(testing::ValuesIn(kNetworks), testing::ValuesIn(kWays)),
                         case_name);

}  // namespace
}  // namespace dojo
