#include "dojo/video/clip_plan.h"

#include <utility>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/video/split_recordings.h"

namespace dojo {

ClipPlan::ClipPlan(std::vector<Recording> recordings, const SamplerOptions& options,
                   const std::vector<Quarantined>& quarantined)
    : recordings_(std::move(recordings)),
      options_(options),
      sampler_(recordings_, options),
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
  const auto none_left = [&] {
    const Quarantined* first = first_problem_ ? &*first_problem_ : nullptr;
    return Error(Category::kInput, "no usable recording is left", first ? first->path : "",
                 first ? "the first problem was: " + first->reason : "");
  };
  if (sampler_.is_complete() && sampler_.clips_per_epoch() == 0) throw none_left();
  ClipRef ref = planned(position);
  for (int64_t attempt = 0; !is_usable(ref, position); ++attempt) {
    std::optional<ClipRef> other = sampler_.replacement(position, attempt);
    if (!other && !sampler_.is_complete()) return std::nullopt;
    if (!other) throw none_left();
    ref = *std::move(other);
  }
  return ref;
}

const ClipRef& ClipPlan::planned(uint64_t position) {
  const auto [at, is_new] = ahead_.try_emplace(position);
  if (is_new) at->second = sampler_.clip(position);
  return at->second;
}

void ClipPlan::forget_before(uint64_t position) {
  ahead_.erase(ahead_.begin(), ahead_.lower_bound(position));
}

// What is not usable once stays so.
bool ClipPlan::is_usable(const ClipRef& ref, uint64_t position) {
  uint64_t& gone_from = gone_from_[static_cast<size_t>(ref.recording)];
  if (position >= gone_from) return false;
  if (bad_.empty() && unreadable_.empty()) return true;
  for (int64_t f : ref.frames)
    if (bad_.count({ref.recording, f})) return false;
  for (int64_t f : ref.frames) {
    const auto problem = unreadable_.find({ref.recording, f});
    if (problem == unreadable_.end()) continue;
    gone_from = position;
    given_up_.push_back({ref.recording, position, problem->second});
    if (!first_problem_) first_problem_ = problem->second;
    return false;
  }
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
