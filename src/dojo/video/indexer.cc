#include "dojo/video/indexer.h"

#include <poll.h>

#include <algorithm>
#include <chrono>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/interrupt.h"
#include "dojo/video/image_folder.h"
#include "dojo/video/packet_table.h"

namespace dojo {
namespace {

// Note [Changed files]
// A file with another size or time stamp than in the catalogue is read again. Mostly it is another
// video, and the new index replaces the old. But a copy or a failing disk may also have damaged a
// video that was whole, and then its new checksums must not bless the damage. So where the size is
// the same, there are not more packets, and at least half of the old ones are still in their places
// with their checksums, the file is taken for the old one: the old index stays, and its changed
// packets are met as damage when they are decoded. Of a video that was really made anew almost no
// packet stays the same; a camera that fills a file made in advance adds packets. To accept such a
// file as it is now: a new catalogue.

// A file that was changed a moment ago could change again and get the same time stamp, for clocks
// of file systems are coarse: it is not remembered.
bool is_settled(const Fingerprint& file) {
  constexpr std::chrono::nanoseconds kMoment = std::chrono::milliseconds(50);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::nanoseconds(static_cast<int64_t>(file.mtime_ns)) < now - kMoment;
}

// By size and time stamp: not read again, unless that is asked for.
bool looks_the_same(const std::optional<Catalogue::Entry>& before, const Fingerprint& seen) {
  return before && before->fingerprint.size == seen.size &&
         before->fingerprint.mtime_ns == seen.mtime_ns;
}

struct Comparison {
  bool same_video = false;
  std::string changes;  // for people; empty if there are none
};

Comparison compare(const FrameIndex& before, const FrameIndex& now) {
  const std::vector<Packet> old = decode_packets(before.packets);
  const std::vector<Packet> found = decode_packets(now.packets);
  const std::vector<bool> kept = packets_kept(old, found);
  const auto count = static_cast<size_t>(std::count(kept.begin(), kept.end(), true));
  Comparison result;
  result.same_video = !old.empty() && found.size() <= old.size() && 2 * count >= old.size();
  if (!result.same_video || (count == old.size() && before.header_crc == now.header_crc))
    return result;
  std::vector<double> seconds;
  for (size_t i = 0; i < old.size(); ++i)
    if (!kept[i] && old[i].pts != INT64_MIN)
      seconds.push_back(static_cast<double>(old[i].pts) *
                        static_cast<double>(before.time_base_num) /
                        static_cast<double>(before.time_base_den));
  result.changes = fmt::format("{} of {} packets changed since the file was first indexed",
                               old.size() - count, old.size());
  if (before.header_crc != now.header_crc) result.changes += ", and its header";
  if (!seconds.empty()) {
    const auto [least, most] = std::minmax_element(seconds.begin(), seconds.end());
    result.changes += fmt::format(", between {:.3f} s and {:.3f} s", *least, *most);
  }
  return result;
}

}  // namespace

Indexer::Indexer(std::vector<Recording> files, const IndexOptions& options)
    : files_(std::move(files)), options_(options), taken_(files_.size()) {
  const int workers = static_cast<int>(std::min(static_cast<size_t>(std::max(1, options.workers)),
                                                std::max<size_t>(1, files_.size())));
  for (int i = 0; i < workers; ++i)
    jobs_.push_back({.worker = std::make_unique<WorkerProcess>(options.worker)});
}

void Indexer::want(size_t file) {
  DOJO_CHECK_LT(file, files_.size());
  if (!taken_[file]) wanted_.push_front(file);
}

bool Indexer::next(size_t* file) {
  while (!wanted_.empty() && taken_[wanted_.front()]) wanted_.pop_front();
  while (next_ < files_.size() && taken_[next_]) ++next_;
  if (wanted_.empty() && next_ == files_.size()) return false;
  *file = wanted_.empty() ? next_ : wanted_.front();
  taken_[*file] = true;
  return true;
}

Indexed Indexer::unusable(size_t file, const std::string& category,
                          const std::string& reason) const {
  Indexed result;
  result.file = file;
  result.recording = files_[file];
  result.problem = {files_[file].path, category, reason};
  return result;
}

Indexed Indexer::known(size_t file, const Catalogue::Entry& entry) const {
  Indexed result;
  result.file = file;
  result.was_known = true;
  result.usable = entry.index != nullptr;
  result.recording = files_[file];
  if (entry.index) set_index(&result.recording, entry.index);
  result.recording.fingerprint = entry.fingerprint;
  if (entry.problem) result.problem = *entry.problem;
  result.problem.path = files_[file].path;
  return result;
}

// The catalogue knows single files; a folder of pictures is known by more than its first one.
Catalogue* Indexer::catalogue_for(const std::string& path) const {
  return has_picture_extension(path) ? nullptr : options_.catalogue;
}

// Asks a worker, or puts the file into `done`.
void Indexer::begin(Job* job, size_t file, std::vector<Indexed>* done) {
  const std::string& path = files_[file].path;
  job->file = file;
  job->before.reset();
  try {
    check_exists(path);  // says more about a link that leads nowhere
    job->seen = size_and_time_of(path);
    job->settled = is_settled(job->seen);
  } catch (const Error& e) {
    return done->push_back(unusable(file, std::string(name(e.category())), e.message()));
  }
  Catalogue* const catalogue = catalogue_for(path);
  if (catalogue) job->before = catalogue->find(real_path(path));
  if (!options_.verify && looks_the_same(job->before, job->seen)) {
    // What the system refused may be allowed now, without another time stamp.
    const auto& problem = job->before->problem;
    const bool refused = !job->before->index && (!problem || problem->category == "io");
    if (!refused) return done->push_back(known(file, *job->before));
  }
  job->worker->ask_probe(path);
}

Indexed Indexer::finish(Job* job, WorkerReply reply) {
  const std::string& path = files_[job->file].path;
  if (!reply.unguarded.empty()) unguarded_ = reply.unguarded;
  const bool same_size = job->before && job->before->fingerprint.size == job->seen.size;
  // What was noted of the file stands, also where it is read again to verify it.
  const auto* noted = looks_the_same(job->before, job->seen) && job->before->problem
                          ? &*job->before->problem
                          : nullptr;
  Catalogue::Entry entry;
  Indexed result;
  if (!reply.ok) {
    result = unusable(job->file, reply.category, reply.reason);
    if (same_size && job->before->index) result.problem.reason += " (it could be read before)";
    if (noted && noted->reason == result.problem.reason) result.problem.noted_at = noted->noted_at;
    entry.problem = result.problem;
  } else {
    FrameIndex index = std::move(reply.index);
    if (same_size && job->before->index) {
      const Comparison c = compare(*job->before->index, index);
      if (c.same_video) {
        std::string note = std::move(index.note);
        if (!c.changes.empty()) note += (note.empty() ? "" : "; ") + c.changes;
        index = *job->before->index;
        index.note = std::move(note);
        if (noted) entry.problem = *noted;
      }
    }
    entry.index = std::make_shared<const FrameIndex>(std::move(index));
  }
  try {
    entry.fingerprint = content_of(path);
    const bool still = entry.fingerprint.size == job->seen.size &&
                       entry.fingerprint.mtime_ns == job->seen.mtime_ns;
    Catalogue* const catalogue = catalogue_for(path);
    if (catalogue && still && job->settled) catalogue->store(real_path(path), entry);
  } catch (const Error&) {  // it is gone or changing: nothing to remember
  }
  if (reply.ok) {
    result = known(job->file, entry);
    result.was_known = false;
  }
  return result;
}

std::vector<Indexed> Indexer::step(int wake) {
  std::vector<Indexed> done;
  while (done.empty()) {
    throw_if_interrupted();
    std::vector<pollfd> waits;
    double patience = 1;  // seconds: a signal that comes just before poll() does not end it
    for (Job& job : jobs_) {
      while (true) {
        size_t file = 0;
        if (!job.worker->busy()) {
          if (done.size() >= 16 || !next(&file)) break;
          begin(&job, file, &done);
          continue;
        }
        std::optional<WorkerReply> reply = job.worker->try_answer();
        if (reply) {
          done.push_back(finish(&job, *std::move(reply)));
          continue;
        }
        waits.push_back({job.worker->socket(), POLLIN, 0});
        patience = std::min(patience, job.worker->seconds_left());
        break;
      }
    }
    if (!done.empty() || waits.empty()) break;
    if (wake >= 0) waits.push_back({wake, POLLIN, 0});
    poll(waits.data(), waits.size(), static_cast<int>(std::max(1.0, patience * 1000 + 1)));
    if (wake >= 0 && waits.back().revents != 0) break;
  }
  finished_ += done.size();
  return done;
}

}  // namespace dojo
