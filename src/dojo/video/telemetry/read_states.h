// The vehicle states in a video file, by frame. For use in a worker process: the file is not
// trusted.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "dojo/video/frame_index.h"
#include "dojo/video/telemetry/vehicle_state.h"

namespace dojo {

class MediaFile;

// Frames ascending, those without a state left out; empty for other codecs than H.264. A state
// belongs to the picture of the packet that it stands in. `file` must have been opened just now,
// `index` is its index. Throws Error(kUnsupported) where states are there and their packets cannot
// be told to frames, because the time stamps cannot (FrameIndex::seekable).
std::vector<std::pair<int64_t, VehicleState>> read_states(MediaFile& file, const FrameIndex& index);

}  // namespace dojo
