// The two checkpoints of a run, both safetensors files:
//
//   best.safetensors   the averaged weights that did best on the held-out recordings, and in the
//                      metadata what it takes to use them: task, model, step, metrics
//   last.safetensors   parameters, optimizer and averages, and in the metadata the LoopState: all
//                      that an exact continuation needs. Random numbers have no state besides
//                      seed and position.
//
// Both have in their metadata a checksum of all they hold, so that a flipped bit is noticed. A
// state says nothing about the clock unless the run is limited in minutes; so the last checkpoint
// of a run of N steps has the same bytes whether or not the run was interrupted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dojo/graph/executor.h"
#include "dojo/train/divergence.h"
#include "dojo/train/safetensors.h"
#include "dojo/video/recording.h"

namespace dojo {

// Sums over the steps since the last line of metrics.jsonl.
struct LogSums {
  int64_t steps = 0;
  std::map<std::string, double> sums;  // by output name
};

struct LoopState {
  int64_t step = 0;             // steps done
  uint64_t position = 0;        // clips handed out
  int64_t metrics_lines = 0;    // of metrics.jsonl at this step
  int64_t evaluated_step = -1;  // the last evaluation; -1: none yet
  int64_t best_step = -1;
  double best_score = 0;       // Verdict::score; lower is better
  double first_score = 0;      // that of the weights it began with
  int64_t held_out_clips = 0;  // that these scores are of; 0: not known
  double elapsed_seconds = 0;  // 0 unless the run is limited in minutes
  LogSums log;
  DivergenceGuard guard;
  std::vector<Quarantined> given_up;  // whole files, by the clips handed out so far
};

std::string to_json(const LoopState& state);
LoopState parse_loop_state(const std::string& json, const std::string& where);  // Error(kInput)

// A safetensors file with the metadata "crc32c": the checksum of all other metadata and of all
// tensors. Reading throws Error(kInput) where it differs, else as read_safetensors(); a file
// without a checksum, from another program, passes.
void write_checkpoint(const std::string& path, SafeTensors content);
SafeTensors read_checkpoint(const std::string& path);

// The name of the first f32 tensor with a number that is not finite, or "".
std::string first_nonfinite(const SafeTensors& content);

// All parameters and states.
SafeTensors training_tensors(const Executor& executor);

// The parameters under their names, with the averaged values where the graph keeps averages: those
// that the executor has, or those of training_tensors() of such a graph.
SafeTensors averaged_tensors(const Executor& executor);
SafeTensors averaged_tensors(const Graph& graph, const SafeTensors& training);

// Throws Error(kInput) that names `path` for a tensor that is missing, too many or of another type
// than the graph's parameter or state.
void check_tensors(const Graph& graph, const SafeTensors& content, const std::string& path);
void check_weights(const Graph& graph, const SafeTensors& weights,
                   const std::string& path);  // of its parameters alone

// Writes the tensors into the executor's parameters and states, once they are checked.
void restore(Executor& executor, const SafeTensors& content, const std::string& path);

// The metadata `key`. Error(kInput) if it is missing.
const std::string& metadata(const SafeTensors& content, const std::string& key,
                            const std::string& path);

}  // namespace dojo
