// Makes the small copies of whole recordings ahead of training, for `dojo cache build`. Training
// makes them by itself as it goes.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "dojo/video/cache/copy_cache.h"
#include "dojo/video/recording.h"
#include "dojo/video/worker_process.h"

namespace dojo {

struct BuiltCopies {
  int64_t frames = 0;          // decoded now
  int64_t frames_before = 0;   // were there
  int64_t frames_without = 0;  // in units that are damaged, or that the codec would spoil
  double decode_seconds = 0;   // CPU seconds of the workers
  double copy_seconds = 0;     // of this thread
  std::vector<Quarantined> quarantined;
};

// Decodes what `cache` does not hold and keeps it, `workers` recordings at a time. `progress`:
// frames done, those that were there included. What is made stays, whenever this is killed.
BuiltCopies build_copies(const std::vector<Recording>& recordings, CopyCache* cache, int workers,
                         int64_t height, int64_t width, const WorkerOptions& options,
                         const std::function<void(int64_t done)>& progress);

}  // namespace dojo
