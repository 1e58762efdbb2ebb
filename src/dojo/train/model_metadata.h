// What it takes to use the weights of a checkpoint, as text in its metadata: the task, the network,
// the interval between its frames; of the task ego also how its labels were distributed.
#pragma once

#include <map>
#include <string>

#include "dojo/model/ego.h"
#include "dojo/model/mae.h"
#include "dojo/model/predict.h"
#include "dojo/train/safetensors.h"

namespace dojo {

struct TrainedModel {
  PredictOptions model;  // its batch is not stored
  double interval_seconds = 0.1;
};

struct TrainedEgo {
  EgoOptions model;
  EgoScale scale;
  double interval_seconds = 0.1;
};

struct TrainedMae {
  MaeOptions model;
  double interval_seconds = 0.1;
};

std::map<std::string, std::string> to_metadata(const TrainedModel& trained);
std::map<std::string, std::string> to_metadata(const TrainedEgo& trained);
std::map<std::string, std::string> to_metadata(const TrainedMae& trained);

// "predict", "ego", "mae". Throws Error(kInput) for what no run has written, and for the state of a
// run.
std::string task_of(const SafeTensors& checkpoint, const std::string& path);

// Its network by name (model/networks.h): "predict", "ego", "ego-vit", "mae". Throws as task_of(),
// and for a task that there is not.
std::string network_of(const SafeTensors& checkpoint, const std::string& path);

// Of the result of a run, best.safetensors. Throws Error(kInput) for the state of a run, another
// task, and what cannot be read.
TrainedModel trained_model_of(const SafeTensors& checkpoint, const std::string& path);
TrainedEgo trained_ego_of(const SafeTensors& checkpoint, const std::string& path);
TrainedMae trained_mae_of(const SafeTensors& checkpoint, const std::string& path);

}  // namespace dojo
