// From folders and files to recordings: searched recursively, indexed in worker processes where the
// catalogue does not know them, the unusable ones named with the reason.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/video/indexer.h"
#include "dojo/video/recording.h"
#include "dojo/video/worker_process.h"

namespace dojo {

struct FoundRecordings {
  std::vector<Recording> recordings;     // sorted by name
  std::vector<Quarantined> quarantined;  // files that look like video by name, or were named by the
                                         // user, and are not usable
  std::vector<Quarantined> met_before;   // what decoding met in usable files in earlier runs
  std::vector<std::string> messages;     // for people: what was taken only in part
  // Files in the folders that are no video by name: ".jpg" -> how many, in lower case; "" without
  // an extension.
  std::map<std::string, int64_t> skipped;
};

// The files alone, with path, name, camera and drive: no file is opened. `paths`: folders, searched
// for files with a video's extension, and files, taken whatever their name. Throws Error(kInput)
// where a path does not exist or no file looks like video. Throws Interrupted (base/interrupt.h),
// as those below do.
FoundRecordings find_files(const std::vector<std::string>& paths);

// Gives each of the files an index, or a place among the quarantined.
void index_all(FoundRecordings* found, const IndexOptions& options);

// Both. Does not throw where all files are unusable.
FoundRecordings find_recordings(const std::vector<std::string>& paths, const IndexOptions& options);
inline FoundRecordings find_recordings(const std::vector<std::string>& paths, int workers = 1,
                                       const WorkerOptions& worker = {}) {
  return find_recordings(paths, {.workers = workers, .worker = worker});
}

// ".mp4", ".m4v", ...: the files that a search takes, in upper or lower case.
std::span<const std::string_view> video_extensions();
bool has_video_extension(const std::string& path);

}  // namespace dojo
