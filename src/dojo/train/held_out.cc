#include "dojo/train/held_out.h"

#include <fmt/format.h>

#include <algorithm>

#include "dojo/base/error.h"
#include "dojo/video/frame_reader.h"
#include "dojo/video/sampler.h"

namespace dojo {
namespace {

// A file whose clips keep failing is not asked forever: each may cost a deadline.
constexpr int kMaxFailures = 3;

struct Choice {
  std::vector<ClipRef> clips;
  int64_t horizons = 0;
};

// With as many horizons as the recording has room for.
Choice choose(const Recording& recording, const HeldOutOptions& o, int64_t count) {
  for (int64_t horizons = o.horizons; horizons >= 1; --horizons) {
    auto clips = held_out_clips({recording}, o.inputs + horizons, o.interval_seconds, count);
    if (!clips.empty()) return {std::move(clips), horizons};
  }
  return {};
}

// Where recordings have no room for all horizons: how many, and the shortest. Else "".
std::string too_short_for_all(const std::vector<Recording>& recordings,
                              const std::vector<Choice>& choices, int64_t horizons) {
  int64_t count = 0, fewest = horizons;
  std::string name;
  for (size_t i = 0; i < choices.size(); ++i) {
    const Choice& choice = choices[i];
    if (choice.clips.empty() || choice.horizons == horizons) continue;
    ++count;
    if (choice.horizons < fewest) {
      fewest = choice.horizons;
      name = recordings[i].name;
    }
  }
  if (count == 0) return "";
  return fmt::format("held out: {} of {} recordings are too short for {} frames ahead; {} has {}",
                     count, recordings.size(), horizons, name, fewest);
}

}  // namespace

HeldOutClips load_held_out(const std::vector<Recording>& recordings, const HeldOutOptions& o) {
  HeldOutClips result;
  HeldOutSet& set = result.set;
  set.inputs = o.inputs;
  set.height = o.height;
  set.width = o.width;
  set.interval_seconds = o.interval_seconds;
  const int64_t share =
      o.clips_in_all / std::max<int64_t>(1, static_cast<int64_t>(recordings.size()));
  int64_t count = std::min(o.clips_each, std::max<int64_t>(4, share));
  const int64_t bytes = (o.inputs + o.horizons) * o.height * o.width * 3,
                all = std::max<int64_t>(1, static_cast<int64_t>(recordings.size()));
  const int64_t most = std::max<int64_t>(1, o.max_bytes / std::max<int64_t>(1, bytes * all));
  if (count > most) {
    result.messages.push_back(fmt::format(
        "held out: {} clips of each recording instead of {}, so that they take at most {} MiB",
        most, count, o.max_bytes >> 20));
    count = most;
  }
  std::vector<Choice> choices;
  int64_t total = 0, done = 0;
  for (const Recording& recording : recordings) {
    choices.push_back(choose(recording, o, count));
    total += std::ssize(choices.back().clips);
  }
  if (std::string message = too_short_for_all(recordings, choices, o.horizons); !message.empty())
    result.messages.push_back(std::move(message));
  FrameReader reader({.deadline_seconds = o.deadline_seconds});
  for (size_t i = 0; i < recordings.size(); ++i) {
    set.recordings.push_back(recordings[i].name);
    const Choice& choice = choices[i];
    int failures = 0;
    for (const ClipRef& ref : choice.clips) {
      if (o.progress) o.progress(done++, total);
      HeldOutClip clip;
      clip.recording = static_cast<int32_t>(i);
      clip.first_frame = ref.frames[0];
      clip.frame = ref.frames[static_cast<size_t>(o.inputs)];
      clip.horizons = choice.horizons;
      try {
        clip.frames = read_clip(reader, {recordings[i]}, ref, o.height, o.width);
      } catch (const Error& e) {
        if (failures == 0)
          result.quarantined.push_back({recordings[i].path, std::string(name(e.category())),
                                        e.message(), /*whole_file=*/false});
        if (++failures == kMaxFailures) break;
        continue;
      }
      set.clips.push_back(std::move(clip));
    }
  }
  return result;
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
