#include "dojo/train/usable_recordings.h"

#include <fmt/format.h>

#include <utility>

#include "dojo/base/error.h"
#include "dojo/video/split_recordings.h"

namespace dojo {

FoundRecordings usable_recordings(const std::vector<std::string>& paths, int64_t workers,
                                  int64_t frames, double interval_seconds) {
  FoundRecordings found = find_recordings(paths, static_cast<int>(workers));
  if (found.recordings.empty()) {
    if (found.quarantined.empty())
      throw Error(Category::kInput, "no video found", paths.empty() ? "" : paths[0]);
    const Quarantined& q = found.quarantined[0];
    throw Error(
        Category::kInput,
        fmt::format("none of {} video files is usable; {}", found.quarantined.size(), q.reason),
        q.path, "`dojo inspect` lists all reasons");
  }
  const std::vector<Recording> all = found.recordings;
  for (Quarantined& q : drop_short(&found.recordings, frames, interval_seconds))
    found.quarantined.push_back(std::move(q));
  if (found.recordings.empty()) throw all_too_short(all, frames, interval_seconds);
  return found;
}

}  // namespace dojo
