// The training step that `dojo bench step` measures: its graph, what it is fed, and that it is
// right.
#pragma once

#include <cstdint>
#include <string>

#include "dojo/graph/executor.h"
#include "dojo/host/executor.h"
#include "dojo/model/networks.h"

namespace dojo {

// How much there is of it, so that two programs can see that they do the same.
struct StepSize {
  int64_t parameters = 0;  // numbers that are trained
  int64_t data = 0;        // numbers that a step is fed, but for those of the optimizer
};
StepSize step_size(const Graph& graph);

// Our own networks get the optimizer that they are trained with, yardsticks that PyTorch runs too a
// plain one.
Graph step_graph(const std::string& model, const NamedNetwork& network, Format format);

// Writes all data inputs: smooth pictures with some noise, the same for each executor.
void feed_step(Executor& e, const NamedNetwork& network, int64_t step, double learning_rate);

// The losses of the first steps of a small network of this kind must be those of the interpreter,
// in bf16 the first, and roughly; throws std::logic_error where they are not.
void check_small_step(const std::string& model, Format format, const HostOptions& options = {});

}  // namespace dojo
