#include "dojo/video/decode_pool.h"

#include <poll.h>

#include <algorithm>
#include <map>

namespace dojo {
namespace {

// Frames further apart than this are not read in one request when a key frame lies between them.
constexpr int64_t kJoin = 32;

constexpr int64_t kMostFrames = 384, kMostBytes = int64_t{256} << 20;  // of one request

}  // namespace

DecodePool::DecodePool(const Options& options) : options_(options) {
  for (int i = 0; i < options.workers; ++i)
    jobs_.push_back({.worker = std::make_unique<WorkerProcess>(options.worker), .frames = {}});
}

bool DecodePool::has_idle() const {
  return std::any_of(jobs_.begin(), jobs_.end(), [](const Job& j) { return !j.worker->busy(); });
}

void DecodePool::ask(const std::vector<Recording>& recordings, const std::vector<Want>& wants) {
  std::map<int32_t, std::vector<int64_t>> together;  // by recording, ascending
  for (const Want& w : wants)
    if (!w.alone) add_unit(recordings[static_cast<size_t>(w.recording)], w, &together[w.recording]);
  for (auto& [recording, frames] : together) {
    std::sort(frames.begin(), frames.end());
    frames.erase(std::unique(frames.begin(), frames.end()), frames.end());
  }
  auto next = wants.begin();
  for (Job& job : jobs_) {
    if (job.worker->busy()) continue;
    while (next != wants.end() && is_in_flight(next->recording, next->frame)) ++next;
    if (next == wants.end()) return;
    const Recording& recording = recordings[static_cast<size_t>(next->recording)];
    std::vector<int64_t>& frames = together[next->recording];
    job.recording = next->recording;
    job.frames.clear();
    if (next->alone)
      add_unit(recording, *next, &job.frames);
    else
      job.frames = neighbours(recording, frames, next->frame);
    for (int64_t f : job.frames) in_flight_.insert({job.recording, f});
    std::erase_if(frames, [&](int64_t f) { return is_in_flight(job.recording, f); });
    job.worker->ask_read(recording, {.frames = job.frames,
                                     .height = options_.height,
                                     .width = options_.width,
                                     .keep_damaged = options_.keep_damaged});
  }
}

void DecodePool::add_unit(const Recording& recording, const Want& want,
                          std::vector<int64_t>* frames) const {
  if (want.single) {
    frames->push_back(want.frame);
    return;
  }
  const int64_t first = want.frame / options_.unit_frames * options_.unit_frames;
  const int64_t end =
      std::max(want.frame + 1, std::min(first + options_.unit_frames, recording.num_frames()));
  for (int64_t f = first; f < end; ++f) frames->push_back(f);
}

std::vector<int64_t> DecodePool::neighbours(const Recording& r, const std::vector<int64_t>& frames,
                                            int64_t frame) const {
  const int64_t bytes = options_.height * options_.width * 3;
  const int64_t most = std::max<int64_t>(1, std::min(kMostFrames, kMostBytes / bytes));
  const auto apart = [&](int64_t a, int64_t b) {
    const auto key = std::upper_bound(r.key_frames.begin(), r.key_frames.end(), a);
    return b - a > kJoin && key != r.key_frames.end() && *key <= b;
  };
  const auto here = std::lower_bound(frames.begin(), frames.end(), frame);
  auto begin = here, end = here + 1;
  while (end != frames.end() && end - begin < most && !apart(*(end - 1), *end)) ++end;
  while (begin != frames.begin() && end - begin < most && !apart(*(begin - 1), *begin)) --begin;
  const auto same = [&](auto a, auto b) {  // units stay whole
    return *a / options_.unit_frames == *b / options_.unit_frames;
  };
  while (end != frames.end() && same(end - 1, end)) ++end;
  while (begin != frames.begin() && same(begin - 1, begin)) --begin;
  return {begin, end};
}

void DecodePool::take_answers(const Take& take) {
  for (Job& job : jobs_) {
    if (!job.worker->busy()) continue;
    const std::optional<WorkerReply> reply = job.worker->try_answer();
    if (!reply) continue;
    take(job.recording, job.frames, *reply);
  }
}

void DecodePool::add_waits(std::vector<pollfd>* waits, double* seconds) const {
  for (const Job& job : jobs_) {
    if (!job.worker->busy()) continue;
    waits->push_back({job.worker->socket(), POLLIN, 0});
    *seconds = std::min(*seconds, std::max(0.0, job.worker->seconds_left()) + 1e-3);
  }
}

}  // namespace dojo
