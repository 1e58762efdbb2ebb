#include "dojo/video/camera_views.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "dojo/base/check.h"
#include "dojo/base/error.h"

namespace dojo {

CameraViews::CameraViews(const std::vector<Recording>& recordings, const CameraOptions& options)
    : cameras_(options.names.size()), rows_(recordings.size()), is_shown_(recordings.size()) {
  const std::set<std::string> named(options.names.begin(), options.names.end());
  if (named.size() != cameras_)
    throw Error(Category::kConfig,
                fmt::format("a camera is named twice: {}", fmt::join(options.names, ", ")));
  std::set<std::string> drives, there, absent = named;
  for (const Recording& r : recordings) {
    DOJO_CHECK(r.is_indexed());
    if (!r.camera.empty()) there.insert(r.camera);
    if (named.count(r.camera)) drives.insert(r.drive);
    absent.erase(r.camera);
  }
  const std::string known = there.empty() ? "none tells its camera"
                                          : fmt::format("they are of {}", fmt::join(there, ", "));
  const std::string missing =
      fmt::format("no recording is of a camera named {}", fmt::join(absent, ", "));
  if (drives.empty() || (!absent.empty() && !options.may_be_absent))
    throw Error(Category::kConfig, missing, {}, known);
  if (!absent.empty())
    message_ = fmt::format("{}, whose part of each clip is empty; {}", missing, known);
  if (!there.count(options.reference))
    message_ += fmt::format(
        "{}no recording is of the reference camera {}: each drive takes its camera with the most "
        "frames; {}",
        message_.empty() ? "" : "; ", options.reference, known);

  for (const std::string& drive : drives) {
    const AlignedCameras aligned =
        align_cameras(files_of_drive(recordings, drive), options.reference);
    const std::vector<CameraFrame>& instants = aligned.frames[aligned.reference];
    for (const CameraFrame& at : instants)
      rows_[at.recording].resize(recordings[at.recording].pts_seconds.size() * cameras_);
    for (size_t c = 0; c < cameras_; ++c) {
      const auto found =
          std::find(aligned.cameras.begin(), aligned.cameras.end(), options.names[c]);
      if (found == aligned.cameras.end()) continue;
      const std::vector<CameraFrame>& frames =
          aligned.frames[static_cast<size_t>(found - aligned.cameras.begin())];
      for (size_t i = 0; i < instants.size(); ++i) {
        const CameraFrame& view = frames[i];
        const Recording& r = recordings[view.recording];
        if (view.frame < r.first_frame || view.frame >= r.end_frame) continue;  // -1 too
        rows_[instants[i].recording][static_cast<size_t>(instants[i].frame) * cameras_ + c] = view;
        is_shown_[view.recording] = true;
      }
    }
  }
  if (std::find(is_shown_.begin(), is_shown_.end(), true) == is_shown_.end())
    throw Error(Category::kInput,
                fmt::format("no frame of {} was taken at the time of one of {}",
                            fmt::join(options.names, ", "), options.reference),
                {}, "take another reference camera");
}

std::vector<CameraFrame> CameraViews::views(int32_t recording,
                                            std::span<const int64_t> frames) const {
  DOJO_CHECK(is_reference(recording));
  const std::vector<CameraFrame>& row = rows_[static_cast<size_t>(recording)];
  std::vector<CameraFrame> views;
  views.reserve(cameras_ * frames.size());
  for (size_t c = 0; c < cameras_; ++c)
    for (const int64_t f : frames) views.push_back(row[static_cast<size_t>(f) * cameras_ + c]);
  return views;
}

}  // namespace dojo
