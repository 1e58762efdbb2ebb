#include "dojo/train/model_metadata.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/json.h"

namespace dojo {
namespace {

constexpr const char* kHint = "give a best.safetensors of OpenDojo";

double seconds(const std::string& text, const std::string& path) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc() || stop != end || !(value > 0 && value < 1e6))
    throw Error(Category::kInput, fmt::format("the interval is \"{}\", not seconds", text), path,
                kHint);
  return value;
}

}  // namespace

std::map<std::string, std::string> to_metadata(const TrainedModel& trained) {
  return {{"task", "predict"},
          {"model", dump(nlohmann::ordered_json(to_metadata(trained.model)))},
          {"interval_seconds", fmt::format("{}", trained.interval_seconds)}};
}

TrainedModel trained_model_of(const SafeTensors& checkpoint, const std::string& path) {
  if (const std::string& task = metadata(checkpoint, "task", path); task != "predict")
    throw Error(Category::kInput, fmt::format("the task is \"{}\", not \"predict\"", task), path,
                kHint);
  if (checkpoint.metadata.contains("state"))
    throw Error(Category::kInput, "this is the state of a training run, not its result", path,
                kHint);
  const JsonReader model(metadata(checkpoint, "model", path), "the description of a network", path,
                         kHint);
  try {
    return {.model = predict_options_from(model.texts()),
            .interval_seconds = seconds(metadata(checkpoint, "interval_seconds", path), path)};
  } catch (const Error& e) {  // that of the model names no file
    throw Error(Category::kInput, e.message(), path, kHint);
  }
}

}  // namespace dojo
