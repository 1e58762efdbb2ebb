// What a run trains on and is evaluated on. Of up to 32 files all are indexed before they are
// split. Of more, only those that are held out are; the split goes by names alone, and the loader
// indexes the others while training goes on (video/loader.h), so that it begins after seconds,
// however many files there are. Then an unusable or too short file is met and reported on the way.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/indexer.h"
#include "dojo/video/split_recordings.h"

namespace dojo {

struct RunRecordingsOptions {
  std::vector<std::string> paths;
  std::vector<std::string> held_out;  // patterns, as split_recordings() takes them
  int64_t frames = 4;                 // of the shortest clip that is of use
  double interval_seconds = 0.1;
  double gap_seconds = 1;  // as split_recordings() takes it
  IndexOptions indexing = {};
  // Where it is given, all files are indexed before they are split, and it may take some out.
  std::function<void(FoundRecordings*)> prepare = {};
};

struct RunRecordings {
  RecordingSplit split;        // those held out are indexed and long enough
  std::vector<Recording> all;  // of both parts, by name
  std::vector<Quarantined> quarantined;
  std::vector<std::string> messages;  // for people
  std::optional<Error> cannot_split;  // `held_out` matches nothing, or everything: `split` is empty
};

constexpr size_t kIndexedAtOnce = 32;

// Throws Error(kInput) where no recording can be used, as far as is known now.
RunRecordings recordings_of_run(const RunRecordingsOptions& options);

}  // namespace dojo
