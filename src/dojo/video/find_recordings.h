// From folders and files to recordings: searched recursively, probed in worker processes, the
// unusable ones named with the reason.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/video/recording.h"
#include "dojo/video/worker_process.h"

namespace dojo {

struct FoundRecordings {
  std::vector<Recording> recordings;     // sorted by name
  std::vector<Quarantined> quarantined;  // files that look like video by name, or were named by the
                                         // user, and are not usable
  std::vector<std::string> messages;     // for people: what was taken only in part
  // Files in the folders that are no video by name: ".jpg" -> how many, in lower case; "" without
  // an extension.
  std::map<std::string, int64_t> skipped;
};

// `paths`: folders, searched for files with a video's extension, and files, taken whatever their
// name. `workers` files are probed at a time. Throws Error(kInput) where a path does not exist or
// no file looks like video; not where all of them are unusable. Throws Interrupted
// (base/interrupt.h).
FoundRecordings find_recordings(const std::vector<std::string>& paths, int workers = 1,
                                const WorkerOptions& options = {});

// ".mp4", ".m4v", ...: the files that a search takes, in upper or lower case.
std::span<const std::string_view> video_extensions();
bool has_video_extension(const std::string& path);

}  // namespace dojo
