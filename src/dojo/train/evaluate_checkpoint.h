// How good the weights of a checkpoint are on clips: `dojo eval`. The executor is handed over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dojo/graph/executor.h"
#include "dojo/train/ego_evaluate.h"
#include "dojo/train/evaluate.h"
#include "dojo/train/mae_evaluate.h"
#include "dojo/train/model_metadata.h"
#include "dojo/video/recording.h"

namespace dojo {

struct EvalOptions {
  std::vector<std::string> paths;
  std::optional<double> interval_seconds;  // otherwise that of the checkpoint
  int64_t horizons = 4;                    // of the task predict
  int64_t clips_each = 0;  // of each recording; 0: as many as in a run (HeldOutOptions)
  int64_t workers = 1;
  std::string catalogue;  // as in RunOptions
  bool quiet = false;     // no progress
};

struct EvalResult {
  std::variant<Evaluation, EgoEvaluation, MaeEvaluation> evaluation;  // of the checkpoint's task
  std::vector<Quarantined> quarantined;
  std::vector<std::string> messages;  // for people
};

// The object of the evaluation with "quarantined": [{path, category, reason}].
std::string to_json(const EvalResult& result);

// Evaluates a checkpoint (best.safetensors) on all recordings in `paths`.
EvalResult evaluate_checkpoint(const std::string& path, const EvalOptions& options,
                               const ExecutorFactory& make_executor);

// The network as it is evaluated, in a run and here: with the same batch, for the same bits.
Graph evaluation_graph(PredictOptions model);

}  // namespace dojo
