// What a task hands to the trainer: a loss to minimise and numbers to watch.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "dojo/graph/builder.h"

namespace dojo {

struct TaskGraph {
  ValueId loss = kNoValue;                               // f32 scalar
  std::vector<std::pair<std::string, ValueId>> metrics;  // f32 scalars by name, without the loss
  ValueId answer = kNoValue;                             // what the loss judges
};

}  // namespace dojo
