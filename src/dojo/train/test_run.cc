#include "dojo/train/test_run.h"

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "dojo/base/file.h"
#include "dojo/graph/interpreter.h"
#include "dojo/train/predict_judge.h"

namespace dojo {

using Json = nlohmann::json;

std::string TestRun::folder(const std::string& name) const {
  std::filesystem::create_directories(root_ / name);
  return root_ / name;
}

LoopOptions TestRun::options(const std::string& folder, int64_t steps) {
  LoopOptions o;
  o.folder = folder;
  o.schedule = {.learning_rate = 0.01, .warmup_steps = 5, .steps = steps};
  o.batch = tiny::kBatch;
  o.eval_every = 15;
  o.metadata = {{"task", "tiny"}};
  o.quiet = true;
  return o;
}

std::unique_ptr<Judge> TestRun::make_judge(const HeldOutSet& held_out) {
  return std::make_unique<PredictJudge>(
      Evaluator(held_out, tiny::inference_graph(),
                [](const Graph& g) { return make_interpreter(g); }),
      2);
}

LoopResult TestRun::train(const LoopOptions& o, tiny::Source& source, Judge& judge) {
  const auto step = make_interpreter(tiny::step_graph());
  return run_loop(o, *step, source, judge);
}

LoopResult TestRun::train(const LoopOptions& o, tiny::Source& source, const HeldOutSet& held_out) {
  return train(o, source, *make_judge(held_out));
}

LoopResult TestRun::train(const LoopOptions& o) {
  tiny::Source source;
  return train(o, source);
}

tiny::Source TestRun::clips_and_signal(int64_t at, int signal) {
  tiny::Source source;
  source.on_next = [=](uint64_t position) {
    if (position == static_cast<uint64_t>(at * tiny::kBatch)) std::raise(signal);
  };
  return source;
}

std::vector<std::string> TestRun::metrics(const std::string& folder) {
  std::vector<std::string> lines;
  std::istringstream file(read_file(folder + "/metrics.jsonl"));
  for (std::string line; std::getline(file, line);) {
    Json json = Json::parse(line);
    EXPECT_GT(json["time"]["resident_bytes"], 0) << line;
    json.erase("time");
    lines.push_back(json.dump());
  }
  return lines;
}

std::vector<std::string> TestRun::warnings(const std::string& folder) {
  std::vector<std::string> messages;
  for (const std::string& line : metrics(folder))
    if (const Json json = Json::parse(line); json["kind"] == "warning")
      messages.push_back(json["message"]);
  return messages;
}

LoopState TestRun::last_state(const std::string& folder) {
  return parse_loop_state(read_safetensors(folder + "/last.safetensors").metadata.at("state"), "");
}

void TestRun::expect_same_run(const std::string& a, const std::string& b) {
  EXPECT_EQ(read_file(a + "/last.safetensors"), read_file(b + "/last.safetensors"));
  EXPECT_EQ(read_file(a + "/best.safetensors"), read_file(b + "/best.safetensors"));
  EXPECT_EQ(metrics(a), metrics(b));
}

}  // namespace dojo
