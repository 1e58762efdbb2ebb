// From folders and files to the recordings that clips can be taken from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dojo/video/find_recordings.h"

namespace dojo {

// The recordings in `paths` with at least one clip of `frames` frames, `interval_seconds` apart;
// the others are quarantined. `workers` files are probed at a time. Throws Error(kInput) where no
// recording is left, with the reason of the first.
FoundRecordings usable_recordings(const std::vector<std::string>& paths, int64_t workers,
                                  int64_t frames, double interval_seconds);

}  // namespace dojo
