// Journeys as a car with several cameras records them: a TeslaCam folder, with telemetry in the
// video and the exact truth beside it.
//
//   OUT/TeslaCam/SavedClips/2026-01-05_10-17-03/          one journey; the name tells its end
//     2026-01-05_10-12-03-front.mp4                       a file a minute and camera
//     2026-01-05_10-12-03-left_repeater.mp4 ...
//     event.json  thumb.png                               the latter: the first file's first frame
//     truth/cameras.json                                  where the cameras are, how wide they see
//     truth/vehicle.csv                                   the car at each frame's nominal time
//     truth/2026-01-05_10-12-03-front.csv                 each frame of that file: its number, its
//                                                         time, the car, the pose of the camera
//     truth/2026-01-05_10-12-03-front.depth.npy           with `depth`: [frames,H,W] f32 metres
//     truth/manifest.json                                 what it was made of; hashes of all files
//
// docs/scene.md has the columns.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dojo/scene/camera_fault.h"
#include "dojo/scene/drive_params.h"
#include "dojo/scene/rig.h"

namespace dojo {

struct JourneyOptions {
  int64_t drives = 1;   // 1 to 100
  double seconds = 60;  // of each, up to 1200: further from its begin a float is too coarse a place
  int64_t height = 240, width = 320;
  int64_t fps = 36;
  uint64_t seed = 1;  // journey i is a pure function of (seed, i) and of the options
  std::optional<scene::Weather> weather;  // nothing: day, dusk and rain in turn
  scene::Rig rig = scene::default_rig(6);
  uint64_t vehicle = 0;        // of the first journey: how its cameras are mounted (rig.h)
  int64_t vehicles = 1;        // journey i is made with vehicle + i % vehicles
  double mounting_jitter = 1;  // how much vehicles differ
  double skew_seconds = 0;     // cameras begin each minute up to so much late, out of step
  double drop_frames = 0;      // the share of frames that each camera loses
  std::vector<CameraFault> faults;
  bool telemetry = true;  // SEI in each frame
  bool depth = false;
};

// Called now and then, from one thread at a time: frames rendered of those to render.
using JourneyProgress = std::function<void(int64_t done, int64_t total)>;

struct RenderedJourney {
  std::string folder;
  int64_t files = 0, frames = 0;  // of video; frames that cameras lost count too
  bool rendered = false;          // by this call
};

// The folders of journeys that render_journeys() with these options would replace: rendered here
// under the same names with other options, or damaged.
std::vector<std::string> journeys_to_replace(const std::string& folder,
                                             const JourneyOptions& options);

// Makes sure that the journeys are there and whole, rendering what is missing or differs. A journey
// appears under its name when all of it is there; until then its files lie in OUT/.unfinished under
// names that are not those of videos, and a later call goes on with the whole ones. A journey that
// it replaces stays until then, whatever happens to the call. Two processes at once wait for each
// other. Throws Error(kConfig) for impossible options and where another journey has the name,
// Error(kIo) where the folder cannot be written.
std::vector<RenderedJourney> render_journeys(const std::string& folder,
                                             const JourneyOptions& options,
                                             const JourneyProgress& progress = {});

}  // namespace dojo
