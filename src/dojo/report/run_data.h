// What a run folder says, as plain structs: the reader of config.json, metrics.jsonl,
// quarantine.jsonl, profile.json and samples/ (docs/training.md). It believes nothing: what is
// missing or damaged becomes a line in `problems`, and the rest is still read.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dojo::report {

struct Errors {  // mean squared errors, of pixels in [0, 1]; NaN where the file does not say
  double mse = NAN, copy_last_mse = NAN, flow_mse = NAN;
  double psnr = NAN;  // decibels
  double clips = NAN;
  double patch_mean_mse = NAN;  // mae, where both are of normalised values
  double over_copy() const { return mse / copy_last_mse; }
  double over_flow() const { return mse / flow_mse; }
  double over_patch_mean() const { return mse / patch_mean_mse; }
};

struct Waits {  // seconds of waiting for data, by what the loader was at
  double indexing = NAN, decoding = NAN, copies = NAN, assembling = NAN;
};

// Of the task ego: the errors of one signal, in its unit, and those of predicting the mean.
struct SignalErrors {
  std::string signal;  // "speed_mps"
  double mae = NAN, rmse = NAN, mean_mae = NAN, mean_rmse = NAN, clips = NAN;
  double untrained_mae = NAN;  // of the network before its first step; NaN: an old run's
  double over_mean() const { return mae / mean_mae; }
  bool learned() const { return mae < mean_mae && !(mae >= untrained_mae); }
};
using SignalErrorsBy = std::vector<std::pair<std::string, std::vector<SignalErrors>>>;

// What was said along one held-out recording of the task ego.
struct Answers {
  std::string recording, camera;
  std::vector<double> seconds;
  struct Signal {
    std::string name;
    std::vector<double> truth, network;  // as many as seconds; NaN where not known
  };
  std::vector<Signal> signals;
};

struct StepLine {
  double step = NAN, loss = NAN, mse = NAN, copy_last_mse = NAN, grad_norm = NAN, lr = NAN;
  double mean_loss = NAN;  // ego: of predicting the mean; mae: that of each patch
  double elapsed_seconds = NAN, clips_per_second = NAN, wait_seconds = NAN, compute_seconds = NAN;
  Waits waited_for;
};

struct EvalLine {
  double step = NAN, eval_seconds = NAN;
  Errors overall;
  std::vector<std::pair<std::string, Errors>> by_recording;
  struct Horizon {
    double horizon = NAN, seconds = NAN;
    Errors errors;
  };
  std::vector<Horizon> by_horizon;

  double score = NAN;  // what the best weights are chosen by, the lower the better
  std::vector<SignalErrors> signals;
  SignalErrorsBy signals_by_recording, signals_by_camera;

  bool tells() const { return std::isfinite(score) || std::isfinite(overall.mse); }
  // Runs of versions before have no score for the task predict.
  double rank() const { return std::isfinite(score) ? score : overall.over_copy(); }
};

struct FinalLine {
  double step = NAN, best_step = NAN, parameters = NAN;
  std::string reason, problem;
  double elapsed_seconds = NAN, decode_seconds = NAN, wait_seconds = NAN, compute_seconds = NAN,
         eval_seconds = NAN;
  Waits waited_for;
  double peak_memory_bytes = NAN;
};

struct Sample {
  std::string recording;
  double horizon = NAN, frame = NAN;
  Errors errors;
  double error_scale = NAN;                // the error that the last of `error_colours` stands for
  std::vector<std::string> error_colours;  // "#rrggbb", from no error up
  std::vector<std::pair<std::string, std::string>> images;  // "truth" -> the bytes of a PNG file
  const std::string* image(const std::string& kind) const;
};

struct Quarantine {
  std::string path, category, reason;
};

// Of a mean step of those that were profiled (docs/measuring.md).
struct Profile {
  double runs = NAN;
  double flop_per_second = NAN, bytes_per_second = NAN;  // the machine's limits; positive
  struct Kind {
    std::string name;
    double kernels = NAN, seconds = NAN, flop = NAN, bytes = NAN;
    double least_seconds = NAN;  // that the limits allow
  };
  std::vector<Kind> kinds;  // the slowest first; at least one, each took time
};

struct RunData {
  std::string folder, version, seed, threads, task;
  std::vector<std::string> command, train, held_out;
  bool end_was_moved = false;   // when it was resumed
  bool lost_its_log = false;    // it has a checkpoint, and no line of metrics.jsonl
  bool ended_by_clock = false;  // --minutes: how many steps it makes depends on the machine
  std::vector<std::pair<std::string, std::string>> model, options;
  std::vector<StepLine> steps;
  std::vector<EvalLine> evals;  // in the order of the file
  std::optional<FinalLine> final;
  std::vector<Sample> samples;
  std::vector<Answers> answers;
  std::vector<std::string> warnings;  // of its log
  std::vector<Quarantine> quarantine;
  std::optional<Profile> profile;
  bool quarantine_whole = false;  // quarantine.jsonl was there and no line of it is damaged
  std::vector<std::string> problems;

  // The evaluation that the headline tells of: that of the best weights. Null when there was none.
  const EvalLine* result() const;
};

// Throws Error(kInput) if the folder is not there, or if neither config.json nor a line of
// metrics.jsonl can be read.
RunData read_run(const std::string& folder);

}  // namespace dojo::report
