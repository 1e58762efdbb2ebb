// A whole run of the task `predict`: from folders of video to a run folder (docs/training.md). The
// executor is handed over; this folder knows none.
#pragma once

#include <string>

#include "dojo/train/loop.h"
#include "dojo/train/run_config.h"

namespace dojo {

// Runs in `folder`, which exists; with `resume` it holds a run to go on with, whose config.json is
// written again where an option that may change did. A run that was killed before its first
// checkpoint begins again.
// Throws Error for what the user can mend; a run that stopped by itself says so in the result.
LoopResult run_training(const std::string& folder, const RunOptions& options, bool resume,
                        bool quiet, const ExecutorFactory& make_executor);

}  // namespace dojo
