// What `dojo inspect` says of drives: their cameras, what was logged, and how well the cameras go
// together.
#pragma once

#include <string>
#include <vector>

#include "dojo/video/recording.h"
#include "dojo/video/vehicle_folder.h"

namespace dojo {

struct CameraSummary {
  std::string camera;
  int64_t files = 0, frames = 0;
  int64_t paired = 0;  // frames of the reference camera for which this one has one too
};

struct DriveSummary {
  Drive drive;
  std::vector<CameraSummary> cameras;
  std::string reference;          // the camera whose frames are counted
  int64_t moments = 0;            // its frames
  int64_t by_number = 0;          // pairs found by frame_seq_no; the others by time
  double worst_skew_seconds = 0;  // of those by time
};

// The drives that have more than a name: those with cameras.
std::vector<DriveSummary> summarise_drives(const std::vector<Recording>& recordings,
                                           const std::vector<Quarantined>& quarantined);

// As lines for people, on stdout.
void print_drives(const std::vector<DriveSummary>& drives);

// The same for the signals of all recordings that have some; one line for those that have the same.
void print_telemetry(const std::vector<Recording>& recordings);

}  // namespace dojo
