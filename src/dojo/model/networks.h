// The networks of this folder by name, for verbs that show and measure their training steps.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/graph/builder.h"
#include "dojo/graph/executor.h"
#include "dojo/model/task.h"

namespace dojo {

struct NamedNetwork {
  std::function<TaskGraph(Builder&)> training;
  // Data that cannot be any numbers: writes those inputs of an executor of the step. May be empty.
  std::function<void(Executor&)> feed;
};

struct NetworkSize {
  int64_t batch = 0;   // clips or images a step; 0: the network's own
  bool small = false;  // as it fits the interpreter
};

// Throws Error(kConfig) that lists the names for an unknown one.
NamedNetwork named_network(std::string_view name, const NetworkSize& size = {});

// "predict, ego, resnet18-clip, ..."
std::string network_names();

}  // namespace dojo
