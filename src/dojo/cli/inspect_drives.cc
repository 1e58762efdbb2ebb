#include "dojo/cli/inspect_drives.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "dojo/base/text.h"
#include "dojo/video/align_cameras.h"
#include "dojo/video/telemetry/track.h"

namespace dojo {

std::vector<DriveSummary> summarise_drives(const std::vector<Recording>& recordings,
                                           const std::vector<Quarantined>& quarantined) {
  std::vector<DriveSummary> list;
  for (Drive& drive : drives_of(recordings, quarantined)) {
    if (drive.cameras.empty()) continue;
    DriveSummary summary;
    const AlignedCameras aligned = align_cameras(files_of_drive(recordings, drive.name));
    summary.reference = aligned.cameras.empty() ? "" : aligned.cameras[aligned.reference];
    summary.moments = aligned.num_frames();
    summary.by_number = aligned.by_sequence;
    summary.worst_skew_seconds = aligned.worst_skew_seconds;
    for (const std::string& name : drive.cameras) {
      CameraSummary camera{.camera = name};
      for (const size_t i : drive.recordings) {
        if (recordings[i].camera != name) continue;
        ++camera.files;
        camera.frames += recordings[i].num_frames();
      }
      const auto at = std::find(aligned.cameras.begin(), aligned.cameras.end(), name);
      if (at != aligned.cameras.end())
        for (const CameraFrame& f :
             aligned.frames[static_cast<size_t>(at - aligned.cameras.begin())])
          camera.paired += f.frame >= 0;
      summary.cameras.push_back(std::move(camera));
    }
    summary.drive = std::move(drive);
    list.push_back(std::move(summary));
  }
  return list;
}

void print_drives(const std::vector<DriveSummary>& drives) {
  for (const DriveSummary& d : drives) {
    const std::string reason = d.drive.event ? d.drive.event->reason : "";
    fmt::print("\ndrive {}{}\n", one_line(d.drive.name),
               reason.empty() ? "" : ", event: " + one_line(reason));
    for (const CameraSummary& c : d.cameras) {
      fmt::print("  {:<15} {:>4} file{} {:>8} frames", one_line(c.camera), c.files,
                 c.files == 1 ? ", " : "s,", c.frames);
      if (c.camera != d.reference && c.files > 0)
        fmt::print(", at {} of {} moments of {}", c.paired, d.moments, one_line(d.reference));
      fmt::print("\n");
    }
    for (const std::string& m : d.drive.messages) fmt::print("  {}\n", one_line(m));
  }
}

void print_telemetry(const std::vector<Recording>& recordings) {
  std::map<std::string, std::vector<const Recording*>> by_text;
  for (const Recording& r : recordings) {
    if (!r.telemetry) continue;
    std::string text = r.telemetry->source + ":";
    for (const Track& track : r.telemetry->tracks)
      text += (text.back() == ':' ? " " : ", ") + track.signal;
    by_text[text].push_back(&r);
  }
  for (const auto& [text, list] : by_text)
    fmt::print(
        "\ntelemetry of {}\n  {}\n",
        list.size() == 1 ? one_line(list[0]->name) : fmt::format("{} recordings", list.size()),
        one_line(text));
}

}  // namespace dojo
