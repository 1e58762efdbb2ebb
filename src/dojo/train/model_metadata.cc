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

void check_task(const SafeTensors& checkpoint, const std::string& task, const std::string& path) {
  if (const std::string found = task_of(checkpoint, path); found != task)
    throw Error(Category::kInput, fmt::format("the task is \"{}\", not \"{}\"", found, task), path,
                kHint);
}

template <typename Trained>
std::map<std::string, std::string> metadata_of(const char* task, const Trained& trained) {
  return {{"task", task},
          {"model", dump(nlohmann::ordered_json(to_metadata(trained.model)))},
          {"interval_seconds", fmt::format("{}", trained.interval_seconds)}};
}

// Options of a network and the interval between its frames.
template <typename Trained, typename Parse>
Trained trained_of(const SafeTensors& checkpoint, const std::string& path, const Parse& parse) {
  const JsonReader model(metadata(checkpoint, "model", path), "the description of a network", path,
                         kHint);
  try {
    Trained trained;
    trained.model = parse(model.texts());
    trained.interval_seconds = seconds(metadata(checkpoint, "interval_seconds", path), path);
    return trained;
  } catch (const Error& e) {  // that of the model names no file
    throw Error(Category::kInput, e.message(), path, kHint);
  }
}

}  // namespace

std::map<std::string, std::string> to_metadata(const TrainedModel& trained) {
  return metadata_of("predict", trained);
}

std::map<std::string, std::string> to_metadata(const TrainedEgo& trained) {
  nlohmann::ordered_json labels;
  for (size_t s = 0; s < kEgoSignals.size(); ++s)
    labels[std::string(kEgoSignals[s].name)] = {{"mean", trained.scale.mean[s]},
                                                {"deviation", trained.scale.deviation[s]},
                                                {"frames", trained.scale.frames[s]}};
  auto metadata = metadata_of("ego", trained);
  metadata["labels"] = dump(labels);
  return metadata;
}

std::map<std::string, std::string> to_metadata(const TrainedMae& trained) {
  return metadata_of("mae", trained);
}

std::string task_of(const SafeTensors& checkpoint, const std::string& path) {
  if (checkpoint.metadata.contains("state"))
    throw Error(Category::kInput, "this is the state of a training run, not its result", path,
                kHint);
  return metadata(checkpoint, "task", path);
}

std::string network_of(const SafeTensors& checkpoint, const std::string& path) {
  const std::string task = task_of(checkpoint, path);
  if (task == "ego") return std::string(network_name(trained_ego_of(checkpoint, path).model));
  if (task == "predict" || task == "mae") return task;
  throw Error(Category::kInput, fmt::format("there is no task \"{}\"", task), path, kHint);
}

TrainedModel trained_model_of(const SafeTensors& checkpoint, const std::string& path) {
  check_task(checkpoint, "predict", path);
  return trained_of<TrainedModel>(checkpoint, path, predict_options_from);
}

TrainedMae trained_mae_of(const SafeTensors& checkpoint, const std::string& path) {
  check_task(checkpoint, "mae", path);
  return trained_of<TrainedMae>(checkpoint, path, mae_options_from);
}

TrainedEgo trained_ego_of(const SafeTensors& checkpoint, const std::string& path) {
  check_task(checkpoint, "ego", path);
  TrainedEgo trained = trained_of<TrainedEgo>(checkpoint, path, ego_options_from);
  const JsonReader labels(metadata(checkpoint, "labels", path), "the labels of a network", path,
                          kHint);
  for (size_t s = 0; s < kEgoSignals.size(); ++s) {
    const JsonReader of = labels.object(std::string(kEgoSignals[s].name));
    of.get("mean", &trained.scale.mean[s]);
    of.get("deviation", &trained.scale.deviation[s], 1e-12);
    of.get("frames", &trained.scale.frames[s], 0);
  }
  return trained;
}

}  // namespace dojo
