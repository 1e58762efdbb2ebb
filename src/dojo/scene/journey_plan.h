// What a journey will be, before a picture of it is made: its world, its car and cameras, which
// files there will be and which frames are in each. Inside of teslacam.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "dojo/scene/drive_params.h"
#include "dojo/scene/teslacam.h"

namespace dojo::scene {

using Seconds = std::chrono::sys_time<std::chrono::seconds>;

// One file: frames [begin, end) of the journey's numbering.
struct Clip {
  int64_t minute, begin, end;
  size_t camera;
  std::string name;  // without ending
  bool empty_file = false;
};

struct Journey {
  const JourneyOptions& options;
  int64_t number;
  scene::DriveParams params;
  uint64_t vehicle;
  scene::Rig rig;
  Seconds start;
  std::string name;
  int64_t frames, first_sequence;
  std::vector<double> phase;  // of each camera, in frames: when it exposes
  std::vector<Clip> clips;
};

// Throws Error(kConfig) that names the option.
void check_options(const JourneyOptions& options);

// A pure function of the options and the number; `options` must outlive it. REQUIRES: they passed
// check_options().
Journey plan_journey(const JourneyOptions& options, int64_t number);

// All that the journey's bytes depend on, as JSON.
std::string recipe_text(const Journey& journey);

int64_t frames_of(const Journey& journey);  // in all its files, lost ones too

}  // namespace dojo::scene
