// Whole training steps against PyTorch: what the loss judges and every gradient of the first step,
// and the first ten losses and gradient norms of small runs with clipping and AdamW, from
// tests/golden/steps/*.json, written by tests/golden/make_step_goldens.py, which makes the same
// weights and batches.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "dojo/base/random.h"
#include "dojo/graph/autodiff.h"
#include "dojo/graph/interpreter.h"
#include "dojo/host/executor.h"
#include "dojo/host/passes.h"
#include "dojo/model/ego.h"
#include "dojo/model/mae.h"
#include "dojo/model/predict.h"
#include "dojo/model/r2plus1d.h"
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

// Tokens of a clip whose place in the frame, counted on by clips, is a multiple of 4, or the
// others.
std::vector<int32_t> every_fourth_place(int64_t clips, int64_t tokens, int64_t places, bool seen) {
  std::vector<int32_t> chosen;
  for (int64_t clip = 0; clip < clips; ++clip)
    for (int64_t t = 0; t < tokens; ++t)
      if (((t % places + clip) % 4 == 0) == seen) chosen.push_back(static_cast<int32_t>(t));
  return chosen;
}

constexpr VitOptions kSmallVit{
    .frames = 4, .height = 16, .width = 24, .patch = 4, .channels = 24, .layers = 2, .heads = 4};

void write_inputs(Executor& executor) {
  for (const Input& input : executor.graph().inputs) {
    const Value& value = executor.graph().value(input.value);
    if (input.role == Role::kParameter)
      executor.write_f32(value.name, first_value(value.name, value.type.shape));
    if (value.name == "clip") executor.write("clip", moving_waves(value.type.shape));
    if (value.name == "images" || value.name == "target" || value.name == "labels") {
      executor.write_f32(value.name, uniform(value.name, value.type.num_elements(), 1));
    }
    if (value.name == "known") executor.write_f32(value.name, std::vector<float>{1, 1, 0, 1, 1, 1});
    if (value.name == "visible" || value.name == "masked") {
      const auto tokens =
          every_fourth_place(value.type.shape[0], kSmallVit.tokens(),
                             kSmallVit.rows() * kSmallVit.columns(), value.name == "visible");
      ASSERT_EQ(std::ssize(tokens), value.type.num_elements());
      executor.write(value.name, std::as_bytes(std::span(tokens)));
    }
  }
}

// The norm of a tensor and a sum with random weights, which differs where any element does. What is
// tiny beside `scale` is a sum that cancels: of a bias before a normalisation, say.
void expect_summary(const std::vector<float>& tensor, const nlohmann::json& golden,
                    const std::string& name, double tolerance, double scale) {
  const std::vector<float> weights = uniform("probe." + name, std::ssize(tensor), 1);
  double square = 0, sum = 0;
  for (size_t i = 0; i < tensor.size(); ++i) {
    square += double(tensor[i]) * double(tensor[i]);
    sum += double(tensor[i]) * double(weights[i]);
  }
  const double norm = golden[0], allowed = tolerance * std::max(norm, 1e-3 * scale);
  EXPECT_NEAR(std::sqrt(square), norm, allowed) << name;
  EXPECT_NEAR(sum, golden[1].get<double>(), allowed) << name;
}

void expect_the_first_step_of_pytorch(const nlohmann::json& golden, const ModelFunction& model,
                                      const ExecutorFactory& make, double tolerance) {
  Builder b("first");
  const TaskGraph task = model(b);
  std::vector<ValueId> parameters;
  for (const Input& input : b.graph().inputs)
    if (input.role == Role::kParameter) parameters.push_back(input.value);
  const std::vector<ValueId> found = gradients(b, task.loss, parameters);
  b.output("answer", task.answer);
  for (size_t i = 0; i < found.size(); ++i)
    b.output("d." + b.graph().value(parameters[i]).name, found[i]);
  const std::unique_ptr<Executor> executor = make(std::move(b).finish());
  initialize(*executor, kSeed);
  write_inputs(*executor);
  ASSERT_TRUE(executor->run());
  expect_summary(executor->read_f32("answer"), golden["answer"], "answer", tolerance, 0);
  EXPECT_EQ(found.size(), golden["gradients"].size());
  for (const auto& [name, summary] : golden["gradients"].items())
    expect_summary(executor->read_f32("d." + name), summary, name, tolerance,
                   golden["grad_norms"][0]);
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

constexpr EgoScale kEgoScale{
    .mean = {0.25, 0.5, 0}, .deviation = {0.5, 2, 0.25}, .frames = {1, 1, 1}};

TaskGraph small_ego(Builder& b) {
  const EgoOptions options{.batch = 2, .frames = 3, .height = 32, .width = 64, .channels = 8};
  return ego_training(b, options, kEgoScale);
}

TaskGraph small_ego_vit(Builder& b) {
  return ego_training(b,
                      {.network = EgoNetwork::kVit,
                       .batch = kSmallVit.clips,
                       .frames = kSmallVit.frames,
                       .height = kSmallVit.height,
                       .width = kSmallVit.width,
                       .channels = kSmallVit.channels,
                       .tubelet = kSmallVit.tubelet,
                       .patch = kSmallVit.patch,
                       .layers = kSmallVit.layers,
                       .heads = kSmallVit.heads},
                      kEgoScale);
}

TaskGraph small_r2plus1d(Builder& b) {
  return r2plus1d_training(b, {.frames = 4, .height = 96, .width = 96, .first_channels = 4});
}

TaskGraph small_vit(Builder& b) { return vit_training(b, kSmallVit); }

TaskGraph small_mae(Builder& b) {
  return mae_training(b, {.encoder = kSmallVit,
                          .masked = 0.75,
                          .decoder_channels = 12,
                          .decoder_layers = 1,
                          .decoder_heads = 2});
}

constexpr Network kNetworks[] = {{"predict", small_predict}, {"resnet18", small_resnet},
                                 {"ego", small_ego},         {"r2plus1d", small_r2plus1d},
                                 {"vit", small_vit},         {"mae", small_mae},
                                 {"ego_vit", small_ego_vit}};

struct Way {
  std::string name;
  ExecutorFactory make;
  double tolerance;  // of a loss, relative
};

Way in_precision(const char* name, Precision precision, double tolerance) {
  return {name, [=](const Graph& graph) { return make_interpreter(graph, precision); }, tolerance};
}

Way on_the_host(std::string name, const HostOptions& options) {
  return {std::move(name), [=](const Graph& graph) { return make_host_executor(graph, options); },
          1e-4};
}

// The interpreters, the host executor, and that without each of the passes that can be left out.
std::vector<Way> all_ways() {
  std::vector<Way> ways = {in_precision("in_double", Precision::kDouble, 1e-6),
                           in_precision("in_float", Precision::kFloat, 1e-4),
                           on_the_host("on_the_host", {})};
  HostOptions plain;
  for (const HostPass& pass : host_passes()) {
    if (!pass.option || pass.name == "bf16") continue;  // the steps are f32
    HostOptions options;
    options.*pass.option = plain.*pass.option = false;
    ways.push_back(on_the_host("on_the_host_without_" + std::string(pass.name), options));
    std::replace(ways.back().name.begin(), ways.back().name.end(), '-', '_');
  }
  ways.push_back(on_the_host("on_the_host_without_all_of_them", plain));
  return ways;
}

class StepGoldens : public testing::TestWithParam<std::tuple<Network, Way>> {};

TEST_P(StepGoldens, TheNetworkTrainsAsInPyTorch) {
  const auto& [network, way] = GetParam();
  std::ifstream file(std::filesystem::path(DOJO_SOURCE_DIR) / "tests/golden/steps" /
                     (std::string(network.name) + ".json"));
  const nlohmann::json golden = nlohmann::json::parse(file);
  expect_the_first_step_of_pytorch(golden, network.model, way.make, way.tolerance);
  OptimizerOptions options;
  options.ema_decay = 0;
  options.beta2 = 0.999;  // as make_step_goldens.py has it
  const Graph graph = build_training_step(network.name, network.model, options);
  EXPECT_EQ(count_parameters(graph), golden["parameters"].get<int64_t>());

  const std::unique_ptr<Executor> executor = way.make(graph);
  initialize_training(*executor, kSeed);
  write_inputs(*executor);
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
                         testing::Combine(testing::ValuesIn(kNetworks),
                                          testing::ValuesIn(all_ways())),
                         case_name);

}  // namespace
}  // namespace dojo
