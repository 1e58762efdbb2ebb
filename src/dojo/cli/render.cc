// dojo render: drives of the procedural world, with one camera or as a TeslaCam folder.
#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/tell.h"
#include "dojo/base/text.h"
#include "dojo/cli/args.h"
#include "dojo/cli/command.h"
#include "dojo/cli/common.h"
#include "dojo/scene/teslacam.h"

namespace dojo {
namespace {

using nlohmann::ordered_json;

std::optional<scene::Weather> parse_weather(const std::string& text) {
  if (text == "mixed") return std::nullopt;
  if (text == "day") return scene::Weather::kDay;
  if (text == "dusk") return scene::Weather::kDusk;
  if (text == "rain") return scene::Weather::kRain;
  throw Error(Category::kConfig, fmt::format("weather '{}'", text), "--weather",
              "give day, dusk, rain or mixed");
}

void render_teslacam(const std::string& folder, const JourneyOptions& options, bool json,
                     bool quiet) {
  for (const std::string& old : journeys_to_replace(folder, options))
    tell("warning: {} is damaged or was made with other options: it will be replaced\n",
         one_line(old));
  RenderProgress progress(quiet);
  const auto journeys = render_journeys(folder, options, std::ref(progress));
  progress.finish();
  ordered_json list = ordered_json::array();
  for (const RenderedJourney& j : journeys) {
    list.push_back({{"folder", to_utf8(j.folder)},
                    {"rendered", j.rendered},
                    {"files", j.files},
                    {"frames", j.frames}});
    if (!json) fmt::print("{}\n", j.folder);
  }
  if (json) print_json(ordered_json{{"folder", to_utf8(folder)}, {"drives", list}});
}

void render_plain(const std::string& folder, const DemoOptions& options, bool json, bool quiet) {
  const Drives drives = render_drives(folder, options, quiet);
  if (json) {
    ordered_json object = {{"folder", to_utf8(folder)},
                           {"rendered", drives.rendered},
                           {"videos", ordered_json::array()}};
    for (const std::string& path : drives.videos) object["videos"].push_back(to_utf8(path));
    print_json(object);
  } else {
    for (const std::string& path : drives.videos) fmt::print("{}\n", path);
  }
}

}  // namespace

int run_render(std::span<const std::string> argv) {
  const DemoOptions plain;
  std::string folder = "drives", size = fmt::format("{}x{}", plain.height, plain.width);
  std::string weather = "mixed", rig_file;
  int64_t cameras = 6, drives = plain.drives, fps = plain.fps, vehicle = 0, vehicles = 1,
          threads = num_threads();
  double seconds = plain.seconds, minutes = seconds / 60, jitter = 1, skew = 0, drop_frames = 0;
  uint64_t seed = 1;
  bool depth = false, no_telemetry = false, json = false, quiet = false;
  std::vector<std::string> absent, cut;
  Args args("dojo render [--cameras N] [--out DIR]",
            "Renders drives of a procedural world, with exact truth beside each video: with one\n"
            "camera, or with --cameras as the TeslaCam folder of a car, telemetry in its video.",
            "  dojo render --out drives                             # six drives, one camera\n"
            "  dojo render --out wide --drives 2 --seconds 10 --size 192x640 --depth\n"
            "  dojo render --cameras 6 --minutes 5 --out usb        # usb/TeslaCam/SavedClips/...\n"
            "  dojo render --cameras 6 --out bad --skew 0.8 --drop-camera back@0 "
            "--cut-camera front=20\n");
  args.option(
      "--out", "DIR",
      "folder of the drives; those that are there, whole and made with the same options are "
      "kept, those of other options replaced, with all that is in the folder of a journey; "
      "other files not touched, nor plain drives of higher numbers",
      &folder);
  args.option("--cameras", "N",
              "a car with the first N of front, back, left_repeater, right_repeater, left_pillar, "
              "right_pillar; default: no car, plain drives of one camera",
              &cameras, {.min = 1, .max = 6});
  args.option("--drives", "N", "number of drives; of a car 1 unless given", &drives,
              {.min = 1, .max = 100});
  args.option("--seconds", "S", "length of each drive; of a car 60 unless given", &seconds,
              {.min = 0.001, .max = 3600});
  args.option("--minutes", "M", "the same in minutes; default: as --seconds", &minutes,
              {.min = 0.0001, .max = 60});
  args.option("--size", "HxW",
              "height and width in pixels; of a car's cameras 240x320 unless given", &size);
  args.option("--fps", "N", "frames a second; of a car's cameras 36 unless given", &fps,
              {.min = 1, .max = 240});
  args.option("--seed", "N", "other seeds, other drives", &seed);
  args.option("--depth", "", "write the depth of each pixel too (.npy, large)", &depth);
  args.option("--weather", "NAME", "of a car's drives: day, dusk, rain, or mixed, in turn",
              &weather);
  args.option("--rig", "FILE",
              "cameras of the car, instead of --cameras: the cameras.json of a rendered drive, "
              "edited",
              &rig_file);
  args.option("--vehicle", "N", "the car of the first drive; cars other than 0 differ in mounting",
              &vehicle, {.min = 0, .max = 1e9});
  args.option("--vehicles", "N", "how many cars take turns", &vehicles, {.min = 1, .max = 100});
  args.option("--mounting-jitter", "X", "how much they differ; 1: by about 2 degrees and 5 cm",
              &jitter);
  args.option("--skew", "S", "cameras begin up to so many seconds late, and out of step", &skew);
  args.option("--drop-frames", "SHARE", "share of frames that each camera loses", &drop_frames);
  args.option("--drop-camera", "CAMERA[@MINUTE]", "leave out its files; can be repeated", &absent);
  args.option("--cut-camera", "CAMERA=S[@MINUTE]",
              "its last file, or that of a minute, ends after S seconds; 0: a file of 0 bytes",
              &cut);
  args.option("--no-telemetry", "", "no SEI in the video, like older firmware", &no_telemetry);
  args.option("--threads", "N", "processor threads; default: all cores", &threads,
              {.min = 1, .max = 1024});
  args.option("-q, --quiet", "", "no progress bar", &quiet);
  args.option("--json", "", "print one JSON object", &json);
  if (!args.parse(argv)) return 0;

  set_num_threads(static_cast<int>(threads));
  const InterruptGuard guard(InterruptGuard::kThrow);
  if (args.given("--seconds") && args.given("--minutes"))
    throw Error(Category::kConfig, "--seconds and --minutes", "", "give one of them");
  if (args.given("--minutes")) seconds = 60 * minutes;
  const bool timed = args.given("--seconds") || args.given("--minutes");
  const auto choose = [&](auto& options) {
    options.seed = seed;
    options.depth = depth;
    if (timed) options.seconds = seconds;
    if (args.given("--drives")) options.drives = drives;
    if (args.given("--fps")) options.fps = fps;
    if (args.given("--size")) std::tie(options.height, options.width) = parse_size(size, "--size");
  };
  if (!args.given("--cameras") && !args.given("--rig")) {
    for (const char* option :
         {"--weather", "--vehicle", "--vehicles", "--mounting-jitter", "--skew", "--drop-frames",
          "--drop-camera", "--cut-camera", "--no-telemetry"})
      if (args.given(option))
        throw Error(Category::kConfig, "it needs a car with cameras", option, "give --cameras 6");
    DemoOptions options;
    choose(options);
    render_plain(folder, options, json, quiet);
    return 0;
  }
  if (args.given("--cameras") && args.given("--rig"))
    throw Error(Category::kConfig, "--cameras and --rig", "", "give one of them");
  JourneyOptions options{.weather = parse_weather(weather),
                         .vehicle = static_cast<uint64_t>(vehicle),
                         .vehicles = vehicles,
                         .mounting_jitter = jitter,
                         .skew_seconds = skew,
                         .drop_frames = drop_frames,
                         .telemetry = !no_telemetry};
  choose(options);
  if (args.given("--rig"))
    check_exists(rig_file, "give a file with a rig, as docs/scene.md has it");
  options.rig = args.given("--rig") ? scene::parse_rig(read_file(rig_file, 1 << 20), rig_file)
                                    : scene::default_rig(cameras);
  for (const std::string& text : absent)
    options.faults.push_back(parse_fault(CameraFault::kAbsent, text, "--drop-camera"));
  for (const std::string& text : cut)
    options.faults.push_back(parse_fault(CameraFault::kCut, text, "--cut-camera"));
  render_teslacam(folder, options, json, quiet);
  return 0;
}

}  // namespace dojo
