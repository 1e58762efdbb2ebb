#include "dojo/cli/step_peer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "dojo/base/json.h"

namespace dojo {

using nlohmann::json;

namespace {

constexpr double kCompilePatience = 900;  // torch.compile of a large network on a busy machine

}  // namespace

const std::vector<std::string>& step_peer_settings() {
  static const std::vector<std::string> names = {"eager", "tuned", "compiled"};
  return names;
}

const std::vector<std::string>& step_peer_models() {
  static const std::vector<std::string> names = {"resnet18-clip", "vit-s", "mae", "r2plus1d"};
  return names;
}

StepPeer::StepPeer(const std::string& setting)
    : process_({.name = setting, .script = "peer_step.py", .arguments = {setting}}) {}

void StepPeer::prepare(const std::string& model, Format format, int threads, const StepSize& ours) {
  const json line = {{"do", "prepare"},
                     {"model", model},
                     {"format", std::string(name(format))},
                     {"threads", threads},
                     {"parameters", ours.parameters},
                     {"data", ours.data}};
  process_.ask(dump(line), kCompilePatience, [&](const std::string& text) {
    const json answer = json::parse(text);
    answer.at("settings").get_to(settings_);
    answer.at("peak_bytes").get_to(peak_bytes_);
  });
}

std::vector<double> StepPeer::time(int64_t steps) {
  const json line = {{"do", "time"}, {"steps", steps}};
  std::vector<double> seconds;
  // A step of ten seconds is a slow one.
  process_.ask(dump(line), 10 * static_cast<double>(steps) + kPeerPatience,
               [&](const std::string& text) {
                 const json answer = json::parse(text);
                 answer.at("seconds").get_to(seconds);
                 answer.at("peak_bytes").get_to(peak_bytes_);
               });
  const bool good = std::ssize(seconds) == steps && peak_bytes_ > 0 &&
                    std::all_of(seconds.begin(), seconds.end(),
                                [](double s) { return std::isfinite(s) && s > 0; });
  if (!good)
    process_.fail(fmt::format("it says that {} steps of {} took time, with {} bytes at most",
                              seconds.size(), steps, peak_bytes_));
  return seconds;
}

}  // namespace dojo
