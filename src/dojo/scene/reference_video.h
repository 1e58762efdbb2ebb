// The reference workload R1 of `dojo bench video`, made once: 1280x960 pixels, 36 frames/s, 40 s,
// H.264 with a key frame each 36 and no B-frames, about 4 Mbit/s, as a common dashcam records. Its
// pictures cost much less than a rendered drive's and move like one: a textured road that flows
// towards the camera, cars, a skyline, clouds, sensor noise.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace dojo {

struct ReferenceOptions {
  int64_t height = 960, width = 1280;
  int64_t fps = 36, seconds = 40;
  int64_t bits_per_second = 4'000'000;
};

// Makes FOLDER/r1-VERSION.mp4 unless it is there (it appears only when it is whole), and returns
// its path. `progress` is called after each frame. Throws Error(kIo) where the folder cannot be
// written, Error(kUnsupported) where FFmpeg has no libx264: another codec would be another
// workload.
std::string ensure_reference_video(
    const std::string& folder,
    const std::function<void(int64_t done, int64_t total)>& progress = {},
    const ReferenceOptions& options = {});

}  // namespace dojo
