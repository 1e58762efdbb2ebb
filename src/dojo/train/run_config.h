// config.json: all that decides what a run computes, and which recordings it computes it from. A
// run is resumed from it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/model/ego.h"
#include "dojo/model/mae.h"
#include "dojo/model/predict.h"
#include "dojo/video/cache/copy_cache.h"
#include "dojo/video/sampler.h"

namespace dojo {

// The file of --init, as the run met it.
struct InitFile {
  std::string path;                              // absolute; "": there is none
  uint64_t crc32c = 0;                           // of all of it, once it is read
  std::vector<std::string> taken, kept, unused;  // as in train/pretrained.h
};

struct RunOptions {
  std::vector<std::string> folders;            // absolute paths of folders and files
  std::vector<std::string> held_out;           // patterns; none: about one recording in five
  std::string task = "predict";                // or "ego", "mae"
  PredictOptions model;                        // of the task predict
  EgoOptions ego;                              // of the task ego
  MaeOptions mae = {.encoder = {.clips = 8}};  // of the task mae
  InitFile init;                               // first weights
  double interval_seconds = 0.1;
  int64_t horizons = 4;  // predict: of the final evaluation
  int64_t steps = 0;
  double minutes = 0;
  double learning_rate = 1e-3, weight_decay = 0.01;
  uint64_t seed = 1;
  int64_t threads = 0;  // as set; part of what makes bits equal
  int64_t workers = 1;  // decoding processes
  SamplingOrder order = SamplingOrder::kGopRun;
  double frame_scale = 1;  // frames are kept so many times as large as the network sees them
  CopyTier cache = CopyTier::kNone;  // small copies of frames on disk; short-gop changes pixels
  std::string cache_folder;          // empty: the user's cache folder
  double cache_gigabytes = 20;       // that it may grow to
  int64_t eval_every = -1;           // steps; -1: a small share of the time
  int64_t checkpoint_every = 0;      // steps; 0: every 30 s only
  int64_t log_every = 10;
  std::string executor = "host";
  Format format = Format::kF32;      // of the step; or kBF16: graph/format_policy.h
  bool deterministic = false;        // the executor's algorithms by rule, not by timing
  std::vector<std::string> without;  // names of passes that the executor leaves out
  int64_t segments = 1;              // of the forward part: graph/recompute.h
  bool keep_damaged = false;         // LoaderOptions::keep_damaged
  std::vector<std::string> command;  // as it was typed, for people
  bool end_was_moved = false;        // by a resume: the command does not say where the run ended
  std::string catalogue;             // file of video/catalogue.h; "": none on disk. Not stored: it
                                     // changes no byte of a run
};

// The network of the task: "predict", "ego", "ego-vit" or "mae".
std::string_view network_of(const RunOptions& options);

// Clips a step, of the network of the task.
int64_t batch_of(const RunOptions& options);
void set_batch(RunOptions* options, int64_t batch);

// What a resumed run compares, so that it does not go on with other video of the same name.
struct RunFile {
  std::string name;              // of the recording
  uint64_t bytes = 0, ends = 0;  // of its Fingerprint: size, and hash of both ends
  uint64_t modified_ns = 0;      // and time stamp
  int64_t frames = 0;
  uint64_t telemetry = 0;  // hash of what was read of it; 0: none was
};

struct RunConfig {
  RunOptions options;
  std::vector<std::string> train, held_out;  // names of recordings
  std::vector<RunFile> files;                // of all of them
};

std::string to_json(const RunConfig& config);

// What a run keeps to from its beginning beside network, task and seed, as a line of text: a
// checkpoint of the run has it.
std::string fixed_options(const RunOptions& options);
RunConfig parse_run_config(const std::string& json, const std::string& where);  // Error(kInput)

}  // namespace dojo
