// Which files were recorded together: from the names of files to cameras, times and drives, without
// opening one.
//
//   TeslaCam/SavedClips/2026-05-01_14-03-10/2026-05-01_14-02-11-front.mp4
//                       drive: the folder    start               camera
//
//   TeslaCam             a folder named after a time (SavedClips, SentryClips), elsewhere
//                        (RecentClips) the minutes of a folder that follow one another
//   comma2k19, openpilot a route: DONGLE|ROUTE/SEGMENT/video.hevc, ROUTE--SEGMENT/fcamera.hevc
//   KITTI, nuScenes      folders of pictures (image_folder.h): a drive or sequence, a log
//   others               each file
//
// Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/video/recording.h"

namespace dojo {

// When the recording began, from a date and time in the name of its file ("2026-05-01_14-02-11",
// "20260501_140211"): seconds since 1970 of the camera's local clock. Whole seconds, so cameras
// that began together may differ by one.
std::optional<double> start_of_name(std::string_view file_name);

// The same, or for a comma segment its number times 60 s; 0 where no name tells.
double start_of(const Recording& recording);

// Sets camera and drive of all of them, from path and name alone. Drives get names that are unique
// among them.
void assign_drives(std::vector<Recording>* recordings);

// What a TeslaCam writes beside the clips of an event (event.json). Fields that it does not have
// are empty.
struct VehicleEvent {
  std::optional<double> seconds;  // since 1970, of the local clock
  std::string reason;             // such as "user_interaction_dashcam_icon_tapped"
  std::string camera;             // a number, in words that nobody has published
  std::string city;               // location, like the next two: kept only if asked for
  std::optional<double> latitude_deg, longitude_deg;
};

// Throws Error(kInput) for what is no such file or has impossible values, kIo.
VehicleEvent read_event(const std::string& path, bool keep_location = false);

struct Drive {
  std::string name;
  std::vector<std::string> cameras;  // sorted; those of files that are not usable too
  std::vector<size_t> recordings;    // numbers in the list, by start and camera
  std::optional<VehicleEvent> event;
  std::vector<std::string> messages;  // for people: cameras missing, short or not usable, and when
};

// The drives of recordings that assign_drives() has seen, by name. `quarantined`: files that are
// not usable; where one of them belongs to a drive, its messages say so.
std::vector<Drive> drives_of(const std::vector<Recording>& recordings,
                             const std::vector<Quarantined>& quarantined = {});

}  // namespace dojo
