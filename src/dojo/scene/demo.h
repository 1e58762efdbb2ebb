// Drives to train on where the user has none: several clips of the procedural world with exact
// truth beside them.
//
//   FOLDER/drive-00.mp4        the video
//   FOLDER/drive-00.csv        the truth of each frame: time, speed, yaw rate, pose of the camera
//   FOLDER/drive-00.depth.npy  with `depth`: [frames,H,W] f32 metres
//   FOLDER/drive-00.json       what it was made of, the camera, size and hash of the other files;
//                              written last: no drive without it
//
// Drives have different seeds, so any of them can be held out; by custom it is the last one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace dojo {

struct DemoOptions {
  int64_t drives = 6;   // 1 to 100
  double seconds = 30;  // of each drive
  int64_t height = 256, width = 512;
  int64_t fps = 20;
  uint64_t seed = 1;  // drive i is a pure function of (seed, i) and the options above
  bool depth = false;
};

// Called now and then, from one thread at a time: frames rendered of those to render.
using DemoProgress = std::function<void(int64_t done, int64_t total)>;

// The files of the drives in the folder that were rendered here with other options, and that
// ensure_demo_drives() with these would therefore replace.
std::vector<std::string> drives_to_replace(const std::string& folder, const DemoOptions& options);

// Makes sure that the drives are there and whole, rendering what is missing or differs, and returns
// the videos' paths in order. Whole drives are kept: the second call reads the manifests and
// compares sizes and hashes only. A killed call leaves only finished drives and temporary files
// that never look like one. Two processes at once wait for each other. Throws Error(kConfig) for
// impossible options, Error(kIo) where the folder cannot be written.
std::vector<std::string> ensure_demo_drives(const std::string& folder, const DemoOptions& options,
                                            const DemoProgress& progress = {});

}  // namespace dojo
