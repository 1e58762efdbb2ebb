#include "dojo/train/usable_recordings.h"

#include <fmt/format.h>

#include <utility>

#include "dojo/base/error.h"
#include "dojo/video/split_recordings.h"

namespace dojo {

FoundRecordings usable_recordings(const std::vector<std::string>& paths,
                                  const IndexOptions& options, int64_t frames,
                                  double interval_seconds) {
  return usable_recordings(find_files(paths), options, frames, interval_seconds);
}

FoundRecordings usable_recordings(FoundRecordings found, const IndexOptions& options,
                                  int64_t frames, double interval_seconds) {
  index_all(&found, options);
  if (found.recordings.empty()) {
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
