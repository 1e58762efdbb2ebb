// A whole run of the task `predict`: from folders of video to a run folder (docs/training.md). The
// executor is handed over; this folder knows none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dojo/model/predict.h"
#include "dojo/train/loop.h"

namespace dojo {

// All that decides what a run computes; stored as config.json, from which a run is resumed.
struct RunOptions {
  std::vector<std::string> folders;   // absolute paths of folders and files
  std::vector<std::string> held_out;  // patterns; none: about one recording in five
  PredictOptions model;
  double interval_seconds = 0.1;
  int64_t horizons = 4;  // of the final evaluation
  int64_t steps = 0;
  double minutes = 0;
  double learning_rate = 1e-3, weight_decay = 0.01;
  uint64_t seed = 1;
  int64_t threads = 0;           // as set; part of what makes bits equal
  int64_t workers = 1;           // decoding processes
  int64_t eval_every = -1;       // steps; -1: a small share of the time
  int64_t checkpoint_every = 0;  // steps; 0: every 30 s only
  int64_t log_every = 10;
  std::string executor = "host";
  std::vector<std::string> command;  // as it was typed, for people
};

// What a resumed run compares, so that it does not go on with other video of the same name.
struct RunFile {
  std::string name;  // of the recording
  int64_t bytes = 0, frames = 0;
};

struct RunConfig {
  RunOptions options;
  std::vector<std::string> train, held_out;  // names of recordings
  std::vector<RunFile> files;                // of all of them; empty in old configurations
};

std::string to_json(const RunConfig& config);
RunConfig parse_run_config(const std::string& json, const std::string& where);  // Error(kInput)

// Runs in `folder`, which exists; with `resume` it holds a run to go on with, whose config.json is
// written again where an option that may change did. A run that was killed before its first
// checkpoint begins again.
// Throws Error for what the user can mend; a run that stopped by itself says so in the result.
LoopResult run_training(const std::string& folder, const RunOptions& options, bool resume,
                        bool quiet, const ExecutorFactory& make_executor);

// Evaluates a checkpoint (best.safetensors) on all recordings in `paths`.
struct EvalOptions {
  std::vector<std::string> paths;
  std::optional<double> interval_seconds;  // otherwise that of the checkpoint
  int64_t horizons = 4;
  int64_t clips_each = 0;  // of each recording; 0: as many as in a run (HeldOutOptions)
  int64_t workers = 1;
};
struct EvalResult {
  Evaluation evaluation;
  std::vector<Quarantined> quarantined;
  std::vector<std::string> messages;  // for people
};

// The object of the evaluation with "quarantined": [{path, category, reason}].
std::string to_json(const EvalResult& result);

EvalResult evaluate_checkpoint(const std::string& path, const EvalOptions& options,
                               const ExecutorFactory& make_executor);

}  // namespace dojo
