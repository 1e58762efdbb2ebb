#include "dojo/train/held_out.h"

#include <fmt/format.h>

#include <algorithm>

#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/video/catalogue.h"

namespace dojo {
namespace {

// Of crashes and the like: each may cost a deadline.
constexpr int kMaxFailures = 3;

constexpr std::string_view kLeftOut = " (left out: ";  // behind a reason

}  // namespace

// With as many horizons as the recording has room for.
HeldOutReading::Choice HeldOutReading::choose(const Recording& recording, const HeldOutOptions& o,
                                              int64_t count) {
  for (int64_t horizons = o.horizons; horizons >= 1; --horizons) {
    auto clips = held_out_clips({recording}, o.inputs + horizons, o.interval_seconds, count);
    if (!clips.empty()) return {std::move(clips), horizons};
  }
  return {};
}

// Where recordings have no room for all horizons: how many, and the shortest. Else "".
std::string HeldOutReading::too_short_for_all() const {
  int64_t count = 0, fewest = options_.horizons;
  std::string name;
  for (size_t i = 0; i < choices_.size(); ++i) {
    const Choice& choice = choices_[i];
    if (choice.clips.empty() || choice.horizons == options_.horizons) continue;
    ++count;
    if (choice.horizons < fewest) {
      fewest = choice.horizons;
      name = recordings_[i].name;
    }
  }
  if (count == 0) return "";
  return fmt::format("held out: {} of {} recordings are too short for {} frames ahead; {} has {}",
                     count, recordings_.size(), options_.horizons, name, fewest);
}

HeldOutReading::HeldOutReading(std::vector<Recording> recordings, const HeldOutOptions& o)
    : recordings_(std::move(recordings)),
      options_(o),
      reader_({.deadline_seconds = o.deadline_seconds, .stop = [this] { return stop_.load(); }}) {
  HeldOutSet& set = clips_.set;
  set.inputs = o.inputs;
  set.height = o.height;
  set.width = o.width;
  set.interval_seconds = o.interval_seconds;
  const int64_t all = std::max<int64_t>(1, std::ssize(recordings_));
  int64_t count = std::min(o.clips_each, std::max<int64_t>(4, o.clips_in_all / all));
  const int64_t bytes = (o.inputs + o.horizons) * o.height * o.width * 3;
  const int64_t most = std::max<int64_t>(1, o.max_bytes / std::max<int64_t>(1, bytes * all));
  if (count > most) {
    clips_.messages.push_back(fmt::format(
        "held out: {} clips of each recording instead of {}, so that they take at most {} MiB",
        most, count, o.max_bytes >> 20));
    count = most;
  }
  for (const Recording& recording : recordings_) {
    set.recordings.push_back(recording.name);
    choices_.push_back(choose(recording, o, count));
    total_ += std::ssize(choices_.back().clips);
  }
  if (std::string message = too_short_for_all(); !message.empty())
    clips_.messages.push_back(std::move(message));
}

bool HeldOutReading::next() {
  if (stop_) throw Interrupted{};
  while (recording_ < choices_.size() &&
         (clip_ == choices_[recording_].clips.size() || failures_ == kMaxFailures)) {
    end_recording();
  }
  if (recording_ == choices_.size()) return false;
  const Recording& recording = recordings_[recording_];
  const Choice& choice = choices_[recording_];
  const ClipRef& ref = choice.clips[clip_++];
  HeldOutClip clip;
  clip.recording = static_cast<int32_t>(recording_);
  clip.first_frame = ref.frames[0];
  clip.frame = ref.frames[static_cast<size_t>(options_.inputs)];
  clip.horizons = choice.horizons;
  try {
    clip.frames = read_clip(reader_, {recording}, ref, options_.height, options_.width);
    clips_.set.clips.push_back(std::move(clip));
    ++read_;
  } catch (const DamagedFrame& e) {
    leave_out(recording, e);
  } catch (const Error& e) {
    leave_out(recording, e);
    ++failures_;
  }
  return true;
}

// The first reason stands for all.
void HeldOutReading::leave_out(const Recording& recording, const Error& reason) {
  if (left_out_++ == 0)
    clips_.quarantined.push_back({recording.path, std::string(name(reason.category())),
                                  reason.message(), /*whole_file=*/false});
}

void HeldOutReading::end_recording() {
  if (left_out_ > 0) {
    const int64_t all = std::ssize(choices_[recording_].clips);
    clips_.quarantined.back().reason +=
        fmt::format("{}{} of its {} clips to judge by)", kLeftOut, all - read_, all);
  }
  ++recording_;
  clip_ = 0;
  read_ = left_out_ = 0;
  failures_ = 0;
}

HeldOutClips load_held_out(const std::vector<Recording>& recordings, const HeldOutOptions& o) {
  HeldOutReading reading(recordings, o);
  while (reading.next()) {
  }
  return reading.take();
}

void note_problems(const std::vector<Quarantined>& quarantined, Catalogue* catalogue) {
  for (Quarantined q : quarantined) {
    const auto known = catalogue->find(real_path(q.path));
    if (q.category == name(Category::kIo) ||
        (known && known->problem && known->problem->whole_file))
      continue;
    q.reason = q.reason.substr(0, q.reason.rfind(kLeftOut));
    catalogue->note(real_path(q.path), q);
  }
}

Error no_clip_to_judge_by(const HeldOutClips& held, const HeldOutOptions& o) {
  const std::string clip =
      fmt::format("clip of {} frames, {:g} s apart", o.inputs + 1, o.interval_seconds);
  if (held.quarantined.empty())
    return Error(Category::kInput, "no recording to judge by has a " + clip, "",
                 "take longer recordings or fewer frames");
  const Quarantined& first = held.quarantined[0];
  return Error(Category::kInput,
               fmt::format("no {} to judge by could be read: {}", clip, first.reason), first.path,
               "hold out another recording");
}

}  // namespace dojo
