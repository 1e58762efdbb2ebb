// A whole run of a task (task.h): from folders of video to a run folder (docs/training.md). The
// executor is handed over; this folder knows none.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "dojo/graph/recompute.h"
#include "dojo/train/loop.h"
#include "dojo/train/run_config.h"

namespace dojo {

// Bytes that a run will have in memory at the same time, at least; what depends on the video comes
// on top: decoded frames (at most LoaderOptions::cache_bytes) and held-out clips.
struct MemoryNeed {
  int64_t step = 0, evaluation = 0;  // of their executors
  int64_t batches = 0;               // read ahead
  int64_t checkpoint = 0;            // the copy of the weights that is being written
  int64_t total() const { return step + evaluation + batches + checkpoint; }
};

// `executor_bytes`: what an executor of a graph will take.
MemoryNeed training_memory(const RunOptions& options,
                           const std::function<int64_t(const Graph&)>& executor_bytes);

// The segments (graph/recompute.h) with which a step takes at most max_bytes. Throws Error(kConfig)
// where none does.
FittedStep fit_training(const RunOptions& options, int64_t max_bytes,
                        const std::function<int64_t(const Graph&)>& executor_bytes);

// Runs in `folder`, which exists; with `resume` it holds a run to go on with, whose config.json is
// written again where an option that may change did. A run that was killed before its first
// checkpoint begins again.
// Throws Error for what the user can mend; a run that stopped by itself says so in the result.
LoopResult run_training(const std::string& folder, const RunOptions& options, bool resume,
                        bool quiet, const ExecutorFactory& make_executor);

}  // namespace dojo
