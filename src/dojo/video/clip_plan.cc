#include "dojo/video/clip_plan.h"

#include <algorithm>
#include <utility>

#include "dojo/base/check.h"
#include "dojo/video/split_recordings.h"

namespace dojo {
namespace {

// Of several cameras: clips of the reference. All files are indexed, so all may be mixed at once.
ClipSampler make_sampler(const std::vector<Recording>& recordings, SamplerOptions options,
                         const std::optional<CameraViews>& views) {
  if (!views) return ClipSampler(recordings, options);
  options.files_mixed = std::max<int64_t>(options.files_mixed, std::ssize(recordings));
  ClipSampler sampler(std::vector<Recording>(recordings.size()), options);
  for (int32_t i = 0; i < std::ssize(recordings); ++i)
    sampler.set_recording(
        i, views->is_reference(i) ? recordings[static_cast<size_t>(i)] : Recording());
  return sampler;
}

}  // namespace

ClipPlan::ClipPlan(std::vector<Recording> recordings, const SamplerOptions& options,
                   const std::vector<Quarantined>& quarantined, const CameraOptions& cameras)
    : recordings_(std::move(recordings)),
      options_(options),
      views_(cameras.names.empty()
                 ? std::nullopt
                 : std::optional<CameraViews>(std::in_place, recordings_, cameras)),
      sampler_(make_sampler(recordings_, options, views_)),
      gone_from_(recordings_.size(), kNever) {
  for (const Recording& r : recordings_) settled_.push_back(r.is_indexed());
  for (const Quarantined& q : quarantined)
    for (size_t i = 0; i < recordings_.size(); ++i) {
      if (recordings_[i].path != q.path || !q.whole_file) continue;
      gone_from_[i] = 0;
      // It gave no clip when the run began, and gives none now, whatever has become of it.
      if (!q.was_used && !settled_[i]) {
        sampler_.set_recording(static_cast<int32_t>(i), {});
        settled_[i] = true;
      }
    }
}

void ClipPlan::set_unusable(int32_t i, Quarantined why) {
  why.was_used = false;
  if (!first_problem_) first_problem_ = why;
  unusable_[i] = std::move(why);
  sampler_.set_recording(i, {});
}

void ClipPlan::settle(int32_t i, const Indexed& file) {
  if (is_settled(i)) return;
  settled_[static_cast<size_t>(i)] = true;
  if (!file.usable) return set_unusable(i, file.problem);
  std::vector<Recording> one = {file.recording};
  std::vector<Quarantined> dropped = drop_short(&one, options_.frames, options_.interval_seconds);
  if (!dropped.empty()) return set_unusable(i, std::move(dropped[0]));
  recordings_[static_cast<size_t>(i)] = file.recording;
  sampler_.set_recording(i, file.recording);
}

std::vector<int32_t> ClipPlan::missing(uint64_t position) const {
  return sampler_.missing(position);
}

std::optional<ClipRef> ClipPlan::clip(uint64_t position) {
  if (!sampler_.missing(position).empty()) return std::nullopt;
  if (sampler_.is_complete() && sampler_.clips_per_epoch() == 0) throw none_left();
  if (views_) return masked(planned(position), position);
  ClipRef ref = planned(position);
  for (int64_t attempt = 0; !is_usable(ref, position); ++attempt) {
    std::optional<ClipRef> other = sampler_.replacement(position, attempt);
    if (!other && !sampler_.is_complete()) return std::nullopt;
    if (!other) throw none_left();
    ref = *std::move(other);
  }
  return ref;
}

Error ClipPlan::none_left() const {
  const Quarantined* first = first_problem_ ? &*first_problem_ : nullptr;
  return Error(Category::kInput, "no usable recording is left", first ? first->path : "",
               first ? "the first problem was: " + first->reason : "");
}

const ClipRef& ClipPlan::planned(uint64_t position) {
  const auto [at, is_new] = ahead_.try_emplace(position);
  ClipRef& ref = at->second;
  if (is_new) ref = sampler_.clip(position);
  if (is_new && views_) ref.views = views_->views(ref.recording, ref.frames);
  return ref;
}

// Without the frames that cannot be used. All frames are looked at before one is taken out, for
// what is given up here is given up for the whole clip.
ClipRef ClipPlan::masked(ClipRef ref, uint64_t position) {
  const auto frame = [](const CameraFrame& v) {
    return Frame{static_cast<int32_t>(v.recording), v.frame};
  };
  for (const CameraFrame& v : ref.views)
    if (v.frame >= 0) is_given_up(frame(v), position);
  bool is_empty = true;
  for (CameraFrame& v : ref.views) {
    if (v.frame >= 0 && (is_given_up(frame(v), position) || bad_.count(frame(v)))) v = {};
    is_empty &= v.frame < 0;
  }
  if (!is_empty) return ref;
  for (int32_t i = 0; i < std::ssize(recordings_); ++i)
    if (views_->is_shown(i) && position < gone_from_[static_cast<size_t>(i)]) return ref;
  throw none_left();
}

void ClipPlan::forget_before(uint64_t position) {
  ahead_.erase(ahead_.begin(), ahead_.lower_bound(position));
}

// What is not usable once stays so.
bool ClipPlan::is_usable(const ClipRef& ref, uint64_t position) {
  if (position >= gone_from_[static_cast<size_t>(ref.recording)]) return false;
  if (bad_.empty() && unreadable_.empty()) return true;
  for (int64_t f : ref.frames)
    if (bad_.count({ref.recording, f})) return false;
  for (int64_t f : ref.frames)
    if (is_given_up({ref.recording, f}, position)) return false;
  return true;
}

// Whether its recording is, at this position; it is from here on where the frame cannot be read.
bool ClipPlan::is_given_up(const Frame& frame, uint64_t position) {
  uint64_t& gone_from = gone_from_[static_cast<size_t>(frame.first)];
  if (position >= gone_from) return true;
  const auto problem = unreadable_.find(frame);
  if (problem == unreadable_.end()) return false;
  gone_from = position;
  given_up_.push_back({frame.first, position, problem->second});
  if (!first_problem_) first_problem_ = problem->second;
  return true;
}

void ClipPlan::frame_is_damaged(int32_t recording, int64_t frame) {
  bad_.insert({recording, frame});
}

void ClipPlan::frames_failed(int32_t recording, const std::vector<int64_t>& frames,
                             const Quarantined& why) {
  const bool again = is_suspect(recording, frames[0]);
  for (int64_t f : frames) {
    suspects_.insert({recording, f});
    if (again) split_.insert({recording, f});
  }
  if (frames.size() == 1) unreadable_.emplace(Frame{recording, frames[0]}, why);
}

bool ClipPlan::is_split(int32_t recording, int64_t frame) const {
  return split_.count({recording, frame}) > 0;
}

bool ClipPlan::is_suspect(int32_t recording, int64_t frame) const {
  return suspects_.count({recording, frame}) > 0;
}

std::vector<ClipPlan::GivenUp> ClipPlan::take_given_up() {
  std::erase_if(unusable_, [&](auto& entry) {
    const std::optional<uint64_t> from = sampler_.needed_from(entry.first);
    if (from) given_up_.push_back({entry.first, *from, std::move(entry.second)});
    return from.has_value();
  });
  return std::exchange(given_up_, {});
}

}  // namespace dojo
