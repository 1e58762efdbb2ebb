// Clips of several cameras of a vehicle in a program of one's own:
//
//   cameras FOLDER CAMERA...      as: cameras ~/TeslaCam front back left_repeater
//
// prints of twenty clips which frames each camera shows and how bright they are.
#include <fmt/format.h>

#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/loader.h"
#include "dojo/video/telemetry/read_telemetry.h"

namespace {

constexpr int64_t kClips = 20, kFrames = 4, kHeight = 96, kWidth = 128;

void print(const dojo::Batch& batch, const dojo::ClipLoader& loader,
           const std::vector<std::string>& cameras) {
  constexpr int64_t kBytes = kHeight * kWidth * 3;  // of a frame
  for (size_t b = 0; b < batch.refs.size(); ++b) {
    fmt::print("clip {} of drive {}\n", batch.first_position + b,
               loader.recording(batch.refs[b].recording).drive);
    for (size_t c = 0; c < cameras.size(); ++c) {
      fmt::print("  {:<16}", cameras[c]);
      for (int64_t t = 0; t < kFrames; ++t) {
        const size_t at = (b * cameras.size() + c) * kFrames + static_cast<size_t>(t);
        if (batch.mask[at] == 0) {
          fmt::print("  no frame    ");
          continue;
        }
        const uint8_t* pixels = batch.clips.data() + static_cast<int64_t>(at) * kBytes;
        const double sum = std::accumulate(pixels, pixels + kBytes, 0.0);
        fmt::print("  {:5} ({:5.1f})",
                   batch.refs[b].views[c * kFrames + static_cast<size_t>(t)].frame, sum / kBytes);
      }
      fmt::print("\n");
    }
  }
}

int run(const std::string& folder, const std::vector<std::string>& cameras) {
  dojo::FoundRecordings found = dojo::find_recordings({folder});
  for (const dojo::Quarantined& q : found.quarantined)
    fmt::print(stderr, "not usable: {}: {}\n", q.path, q.reason);
  dojo::FrameReader reader;
  dojo::add_telemetry(&found.recordings, reader);  // the numbers by which frames belong together
  dojo::ClipLoader loader(
      found.recordings, {.frames = kFrames, .interval_seconds = 0.1, .seed = 1},
      {.batch = 4, .height = kHeight, .width = kWidth, .cameras = {.names = cameras}});
  for (int64_t done = 0; done < kClips; done += 4) print(loader.next(), loader, cameras);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: cameras FOLDER CAMERA...\n");
    return 2;
  }
  try {
    return run(argv[1], {argv + 2, argv + argc});
  } catch (const dojo::Error& e) {
    fmt::print(stderr, "cameras: {}\n", e.what());
    return 1;
  }
}
