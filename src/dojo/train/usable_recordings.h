// From folders and files to the recordings that clips can be taken from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dojo/video/find_recordings.h"

namespace dojo {

// Of `files` (find_files()), or those in `paths`: the recordings with at least one clip of `frames`
// frames, `interval_seconds` apart; the others are quarantined. Throws Error(kInput) where no
// recording is left, with the reason of the first.
FoundRecordings usable_recordings(FoundRecordings files, const IndexOptions& options,
                                  int64_t frames, double interval_seconds);
FoundRecordings usable_recordings(const std::vector<std::string>& paths,
                                  const IndexOptions& options, int64_t frames,
                                  double interval_seconds);

}  // namespace dojo
