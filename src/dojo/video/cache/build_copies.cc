#include "dojo/video/cache/build_copies.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <set>

#include "dojo/base/clock.h"
#include "dojo/base/error.h"

namespace dojo {
namespace {

constexpr int64_t kFramesAtATime = 256;

// One recording, a few whole units at a time.
struct Task {
  std::unique_ptr<WorkerProcess> worker;
  const Recording* recording = nullptr;
  CopySource source;
  std::deque<int64_t> units;    // to do
  std::vector<int64_t> frames;  // asked for
  std::vector<uint8_t> pixels;
};

}  // namespace

BuiltCopies build_copies(const std::vector<Recording>& recordings, CopyCache* cache, int workers,
                         int64_t height, int64_t width, const WorkerOptions& options,
                         const std::function<void(int64_t done)>& progress) {
  BuiltCopies built;
  int64_t done = 0;
  const int64_t unit_frames = cache->unit_frames();
  const size_t frame_bytes = static_cast<size_t>(height * width * 3);
  size_t next = 0;
  std::deque<Task> tasks;
  for (int i = 0; i < workers; ++i) {
    tasks.emplace_back();
    tasks.back().worker = std::make_unique<WorkerProcess>(options);
  }

  // Gives the worker the next units of its recording, or of the next one. False when all is done.
  const auto ask = [&](Task& t) {
    while (t.units.empty()) {
      if (next == recordings.size()) return false;
      const Recording& r = recordings[next++];
      t.recording = &r;
      try {
        t.source = copy_source(r);
      } catch (const Error& e) {
        built.quarantined.push_back({r.path, std::string(name(e.category())), e.message()});
        done += r.num_frames();
        continue;
      }
      for (int64_t u = 0; u * unit_frames < r.num_frames(); ++u) {
        const int64_t frames = std::min(unit_frames, r.num_frames() - u * unit_frames);
        if (cache->has(t.source, u)) {
          built.frames_before += frames;
          done += frames;
        } else {
          t.units.push_back(u);
        }
      }
    }
    t.frames.clear();
    while (!t.units.empty() && static_cast<int64_t>(t.frames.size()) < kFramesAtATime) {
      const int64_t first = t.units.front() * unit_frames;
      for (int64_t f = first; f < std::min(first + unit_frames, t.recording->num_frames()); ++f)
        t.frames.push_back(f);
      t.units.pop_front();
    }
    t.worker->ask_read(*t.recording, {.frames = t.frames, .height = height, .width = width});
    return true;
  };

  std::set<const Task*> busy;
  for (Task& t : tasks)
    if (ask(t)) busy.insert(&t);
  while (!busy.empty()) {
    progress(done);
    for (Task& t : tasks) {
      if (!busy.count(&t)) continue;
      const WorkerReply reply = t.worker->answer();
      built.decode_seconds += reply.cpu_seconds;
      const Recording& r = *t.recording;
      const CopySource source = t.source;
      const std::vector<int64_t> frames = t.frames;
      done += static_cast<int64_t>(frames.size());
      if (!reply.ok) {
        built.quarantined.push_back({r.path, reply.category, reply.reason});
        done += std::min<int64_t>(static_cast<int64_t>(t.units.size()) * unit_frames,
                                  r.num_frames() - frames.back() - 1);
        t.units.clear();
      } else {
        t.pixels.assign(reply.pixels.begin(), reply.pixels.end());
        if (!reply.damaged.empty())
          built.quarantined.push_back({r.path, "input", reply.damaged[0].second, false});
      }
      if (!ask(t)) busy.erase(&t);  // it works while this thread makes copies
      if (!reply.ok) continue;
      std::set<int64_t> damaged;
      for (const auto& [frame, reason] : reply.damaged) damaged.insert(frame / unit_frames);
      const double start = thread_cpu_seconds();
      for (size_t i = 0; i < frames.size();) {
        const int64_t unit = frames[i] / unit_frames;
        std::vector<uint8_t*> rgb;
        for (; i < frames.size() && frames[i] / unit_frames == unit; ++i)
          rgb.push_back(t.pixels.data() + i * frame_bytes);
        if (!damaged.count(unit)) cache->store(source, unit, rgb);
        const int64_t count = static_cast<int64_t>(rgb.size());
        (cache->has(source, unit) ? built.frames : built.frames_without) += count;
      }
      built.copy_seconds += thread_cpu_seconds() - start;
    }
  }
  progress(done);
  return built;
}

}  // namespace dojo
