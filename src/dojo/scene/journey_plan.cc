#include "dojo/scene/journey_plan.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/base/random.h"

namespace dojo {
namespace scene {
namespace {

using nlohmann::ordered_json;

constexpr int kVersion = 1;  // raise it when the same options give other bytes

std::string stamp(Seconds time) { return fmt::format("{:%Y-%m-%d_%H-%M-%S}", fmt::gmtime(time)); }

const char* weather_name(scene::Weather weather) {
  static constexpr const char* kNames[] = {"day", "dusk", "rain"};
  return kNames[static_cast<size_t>(weather)];
}

scene::Weather weather_of(const JourneyOptions& o, int64_t number) {
  return o.weather.value_or(static_cast<scene::Weather>(number % 3));
}

std::vector<Clip> plan_clips(const Journey& j, Random& random) {
  const JourneyOptions& o = j.options;
  const int64_t per_minute = 60 * o.fps, minutes = (j.frames + per_minute - 1) / per_minute;
  std::vector<Clip> clips;
  for (size_t camera = 0; camera < j.rig.size(); ++camera) {
    int64_t begin = 0;
    for (int64_t minute = 0; minute <= minutes; ++minute) {
      // A stream is cut at a moment of its own, and the first seconds of all are nobody's.
      const int64_t late =
          std::llround(random.uniform(0, o.skew_seconds) * static_cast<double>(o.fps));
      const int64_t end = minute == minutes ? j.frames : minute * per_minute + late;
      if (minute > 0 && begin < std::min(end, j.frames)) {
        const std::string at = stamp(j.start + std::chrono::minutes(minute - 1));
        clips.push_back({minute - 1, begin, std::min(end, j.frames), camera,
                         fmt::format("{}-{}", at, j.rig[camera].name)});
      }
      begin = end;
    }
  }
  for (const CameraFault& fault : o.faults) {
    std::erase_if(clips, [&](Clip& clip) {
      if (j.rig[clip.camera].name != fault.camera) return false;
      if (fault.kind == CameraFault::kAbsent) return !fault.minute || *fault.minute == clip.minute;
      if (clip.minute != fault.minute.value_or(minutes - 1)) return false;
      const int64_t left = std::llround(fault.seconds * static_cast<double>(o.fps));
      clip.end = std::min(clip.end, clip.begin + left);
      clip.empty_file = clip.end <= clip.begin;
      return false;
    });
  }
  // Minute by minute, so that a journey that is interrupted is whole up to somewhere.
  std::stable_sort(clips.begin(), clips.end(),
                   [](const Clip& a, const Clip& b) { return a.minute < b.minute; });
  return clips;
}

}  // namespace

void check_options(const JourneyOptions& o) {
  const auto wrong = [](const std::string& what, const char* option, const std::string& hint) {
    throw Error(Category::kConfig, what, option, hint);
  };
  if (o.drives < 1 || o.drives > 100)
    wrong(fmt::format("{} drives", o.drives), "--drives", "give 1 to 100");
  if (!(o.seconds >= 1 && o.seconds <= 1200))
    wrong(fmt::format("{} seconds", o.seconds), "--seconds or --minutes",
          "give 1 second to 20 minutes; for more, more --drives");
  if (o.fps < 1 || o.fps > 240)
    wrong(fmt::format("{} frames a second", o.fps), "--fps", "give 1 to 240");
  if (o.height < 16 || o.width < 16 || o.height > 4096 || o.width > 4096 || o.height % 2 ||
      o.width % 2)
    wrong(fmt::format("frames of {}x{} pixels", o.height, o.width), "--size",
          "give an even height and width from 16 to 4096");
  if (!(o.skew_seconds >= 0 && o.skew_seconds <= 5))
    wrong(fmt::format("a skew of {} s", o.skew_seconds), "--skew", "give 0 to 5");
  if (o.skew_seconds >= o.seconds)
    wrong(fmt::format("a skew of {} s in {} s", o.skew_seconds, o.seconds), "--skew",
          "give less than the length of the drive");
  if (!(o.drop_frames >= 0 && o.drop_frames <= 0.9))
    wrong(fmt::format("a share of {} lost frames", o.drop_frames), "--drop-frames",
          "give 0 to 0.9");
  if (!(o.mounting_jitter >= 0 && o.mounting_jitter <= 5))
    wrong(fmt::format("a mounting jitter of {}", o.mounting_jitter), "--mounting-jitter",
          "give 0 to 5");
  if (o.vehicles < 1 || o.vehicles > 100)
    wrong(fmt::format("{} vehicles", o.vehicles), "--vehicles", "give 1 to 100");
  if (o.rig.empty() || o.rig.size() > 16)
    wrong(fmt::format("{} cameras", o.rig.size()), "--cameras", "give 1 to 16");
  for (const CameraFault& fault : o.faults) {
    const char* option = fault.kind == CameraFault::kAbsent ? "--drop-camera" : "--cut-camera";
    if (std::none_of(o.rig.begin(), o.rig.end(), [&](auto& c) { return c.name == fault.camera; })) {
      std::string names;
      for (const scene::CameraMount& camera : o.rig)
        names += (names.empty() ? "" : ", ") + camera.name;
      wrong(fmt::format("no camera '{}'", fault.camera), option, "the cameras are " + names);
    }
    const auto minutes = static_cast<int64_t>(std::ceil(o.seconds / 60));
    if (fault.minute && *fault.minute >= minutes)
      wrong(fmt::format("there is no minute {}", *fault.minute), option,
            minutes == 1 ? "give 0" : fmt::format("give 0 to {}", minutes - 1));
  }
}

Journey plan_journey(const JourneyOptions& o, int64_t number) {
  Random random(o.seed, stream_id("tesla cam"), static_cast<uint64_t>(number));
  const uint64_t seed = random.next_u64() >> 11;  // exact in JSON everywhere
  const scene::Weather weather = weather_of(o, number);
  Journey j{.options = o,
            .number = number,
            .params = scene::draw_journey(seed, o.seconds + 1, weather),
            .vehicle = o.vehicle + static_cast<uint64_t>(number % o.vehicles)};
  j.rig = scene::remounted(o.rig, j.vehicle, o.mounting_jitter);
  using namespace std::chrono;
  const int64_t hour = weather == scene::Weather::kDusk ? 17 : 9 + random.below(7);
  j.start = sys_days{year{2026} / January / 5} + days(number) + hours(hour) +
            minutes(random.below(60)) + seconds(random.below(60));
  j.name = stamp(j.start + seconds(std::llround(std::ceil(o.seconds))));
  j.frames = std::llround(o.seconds * static_cast<double>(o.fps));
  j.first_sequence = 1 + random.below(1000000);
  for (size_t i = 0; i < j.rig.size(); ++i)
    j.phase.push_back(o.skew_seconds > 0 ? random.uniform(-0.25, 0.25) : 0);
  j.clips = plan_clips(j, random);
  return j;
}

std::string recipe_text(const Journey& j) {
  const JourneyOptions& o = j.options;
  ordered_json faults = ordered_json::array();
  for (const CameraFault& f : o.faults) {
    faults.push_back({{"kind", f.kind == CameraFault::kAbsent ? "absent" : "cut"},
                      {"camera", f.camera},
                      {"minute", f.minute ? ordered_json(*f.minute) : ordered_json()},
                      {"seconds", f.seconds}});
  }
  const ordered_json recipe = {
      {"version", kVersion},
      {"seed", j.params.seed},
      {"seconds", o.seconds},
      {"height", o.height},
      {"width", o.width},
      {"fps", o.fps},
      {"weather", weather_name(weather_of(o, j.number))},
      {"vehicle", j.vehicle},
      {"cameras", ordered_json::parse(scene::rig_text(j.rig)).at("cameras")},
      {"skew_seconds", o.skew_seconds},
      {"drop_frames", o.drop_frames},
      {"faults", faults},
      {"telemetry", o.telemetry},
      {"depth", o.depth}};
  return recipe.dump();
}

int64_t frames_of(const Journey& j) {
  int64_t frames = 0;
  for (const Clip& clip : j.clips) frames += clip.end - clip.begin;
  return frames;
}

}  // namespace scene

}  // namespace dojo
