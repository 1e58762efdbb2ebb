// What it takes to use the weights of a checkpoint, as text in its metadata: the task, the network,
// the interval between its frames.
#pragma once

#include <map>
#include <string>

#include "dojo/model/predict.h"
#include "dojo/train/safetensors.h"

namespace dojo {

struct TrainedModel {
  PredictOptions model;  // its batch is not stored
  double interval_seconds = 0.1;
};

std::map<std::string, std::string> to_metadata(const TrainedModel& trained);

// Of the result of a run, best.safetensors. Throws Error(kInput) for the state of a run, another
// task, and what cannot be read.
TrainedModel trained_model_of(const SafeTensors& checkpoint, const std::string& path);

}  // namespace dojo
