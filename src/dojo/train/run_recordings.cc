#include "dojo/train/run_recordings.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/train/usable_recordings.h"
#include "dojo/video/find_recordings.h"

namespace dojo {
namespace {

template <typename T>
void append(std::vector<T>* to, std::vector<T> from) {
  std::move(from.begin(), from.end(), std::back_inserter(*to));
}

// Indexes files and takes out those that are of no use.
std::vector<Recording> indexed(std::vector<Recording> files, const RunRecordingsOptions& o,
                               RunRecordings* run) {
  FoundRecordings found;
  found.recordings = std::move(files);
  index_all(&found, o.indexing);
  append(&found.quarantined, drop_short(&found.recordings, o.frames, o.interval_seconds));
  append(&run->quarantined, std::move(found.quarantined));
  append(&run->messages, std::move(found.messages));
  return std::move(found.recordings);
}

void split(const std::vector<Recording>& recordings, const RunRecordingsOptions& o,
           RunRecordings* run) {
  try {
    run->split = split_recordings(recordings, o.held_out, o.gap_seconds);
  } catch (const Error& e) {
    if (e.category() != Category::kConfig) throw;
    run->cannot_split = e;
  }
}

RunRecordings from_all(FoundRecordings files, const RunRecordingsOptions& o) {
  FoundRecordings found =
      usable_recordings(std::move(files), o.indexing, o.frames, o.interval_seconds);
  if (o.prepare) o.prepare(&found);
  RunRecordings run;
  split(found.recordings, o, &run);
  run.all = std::move(found.recordings);
  run.quarantined = std::move(found.quarantined);
  run.messages = std::move(found.messages);
  return run;
}

}  // namespace

RunRecordings recordings_of_run(const RunRecordingsOptions& o) {
  FoundRecordings files = find_files(o.paths);
  if (files.recordings.size() <= kIndexedAtOnce || o.prepare) return from_all(std::move(files), o);

  RunRecordings run;
  run.quarantined = files.quarantined;
  if (!o.held_out.empty()) {
    split(files.recordings, o, &run);
    if (run.cannot_split) {
      run.all = std::move(files.recordings);
      return run;
    }
    run.split.held_out = indexed(std::move(run.split.held_out), o, &run);
    if (run.split.held_out.empty() && !run.quarantined.empty()) {
      const Quarantined& last = run.quarantined.back();
      throw Error(Category::kInput,
                  "no recording that is to be held out can be used: " + last.reason, last.path,
                  "hold out another one");
    }
  } else {
    // By the same hash of names; drives of unusable files are passed over.
    const std::vector<std::vector<size_t>> drives = held_out_order(files.recordings);
    if (drives.size() == 1) return from_all(std::move(files), o);  // it is split within
    const size_t wanted = std::max<size_t>(1, (drives.size() + 2) / 5);
    std::vector<Recording>& held = run.split.held_out;
    size_t next = 0;
    for (size_t usable = 0;
         usable < wanted && held.size() < kMostHeldOut && next < drives.size();) {
      std::vector<Recording> batch;
      for (size_t n = wanted - usable; n > 0 && next < drives.size(); --n) {
        for (size_t i : drives[next]) batch.push_back(files.recordings[i]);
        ++next;
        if (held.size() + batch.size() >= kMostHeldOut) break;
      }
      std::set<std::string> names;
      for (Recording& r : indexed(std::move(batch), o, &run)) {
        names.insert(r.drive);
        held.push_back(std::move(r));
      }
      usable += names.size();
    }
    // One drive is split within, and where hardly any is usable, all had to be looked at.
    if (next == drives.size()) return from_all(std::move(files), o);
    for (; next < drives.size(); ++next)
      for (size_t i : drives[next]) run.split.train.push_back(files.recordings[i]);
  }
  drop_copies(&run.split);
  const auto by_name = [](const Recording& a, const Recording& b) { return a.name < b.name; };
  std::sort(run.split.train.begin(), run.split.train.end(), by_name);
  std::sort(run.split.held_out.begin(), run.split.held_out.end(), by_name);
  std::merge(run.split.train.begin(), run.split.train.end(), run.split.held_out.begin(),
             run.split.held_out.end(), std::back_inserter(run.all), by_name);
  return run;
}

}  // namespace dojo
