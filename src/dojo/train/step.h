// Assembles the graph of one training step: forward, backward, clipping, optimizer, averaged
// weights and metrics.
//
//   data    whatever the model asks for, "lr" f32[], "step" f32[] (1 for the first step)
//   state   NAME.adam_m, NAME.adam_v (AdamW) or NAME.momentum (SGD), NAME.ema for each parameter
//   output  "loss" (guard), "grad_norm" (guard, before clipping), the model's metrics
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "dojo/graph/executor.h"
#include "dojo/model/task.h"

namespace dojo {

struct OptimizerOptions {
  enum class Kind { kAdamW, kSgd } kind = Kind::kAdamW;
  // AdamW. With a beta2 of 0.999 some runs blow up for a while: docs/decisions/0009.
  double beta1 = 0.9, beta2 = 0.99, epsilon = 1e-8;
  double momentum = 0.9;       // SGD
  double weight_decay = 0.01;  // only of tensors of rank 2 and more
  double clip_norm = 1.0;      // of all gradients together; 0: no clipping
  // ema += (1 - decay) * (parameter - ema) with decay = min(ema_decay, (1 + step) / (10 + step)),
  // so that the average follows the fast first steps. 0: no averaged weights.
  double ema_decay = 0.999;
};

using ModelFunction = std::function<TaskGraph(Builder&)>;

Graph build_training_step(std::string name, const ModelFunction& model,
                          const OptimizerOptions& options);

// The first values: initialize() of executor.h, then the averages start at the parameters.
void initialize_training(Executor& executor, uint64_t seed);

int64_t count_parameters(const Graph& graph);

inline std::string average_name(const std::string& parameter) { return parameter + ".ema"; }

}  // namespace dojo
