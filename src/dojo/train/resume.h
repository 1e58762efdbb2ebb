// May a run go on, and from where? What `dojo train --resume` checks before anything is changed
// (docs/training.md): a resumed run goes on exactly, or it does not and names what is in the way.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dojo/train/checkpoint.h"
#include "dojo/train/run_config.h"
#include "dojo/video/recording.h"

namespace dojo {

// The state in FOLDER/last.safetensors. None where the run was ended before its first checkpoint:
// it begins again. Throws Error(kInput) where the checkpoint is damaged, or missing although the
// run had one.
std::optional<LoopState> state_to_resume(const std::string& folder);

// The end of a run may be moved, but not to where the run has been already: Error(kConfig).
void check_end(const std::string& folder, const LoopState& state, const RunOptions& before,
               const RunOptions& now);

// What the recordings are known by; of those that are not indexed yet, only size and time. Throws
// Error(kIo) where a file changes under our hands.
std::vector<RunFile> files_of(const std::vector<Recording>& recordings);

// Throws Error(kInput) that names the recordings that are gone, new or others than when the run
// began; `unusable` are files that were found and why they are no recordings. Returns a warning
// where files look the same but have another time stamp, else "".
std::string check_same_files(const std::vector<RunFile>& before, const std::vector<RunFile>& now,
                             const std::vector<Quarantined>& unusable, const std::string& where);

}  // namespace dojo
