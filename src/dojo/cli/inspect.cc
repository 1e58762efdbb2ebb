// `dojo inspect`: which recordings a folder gives, and which files it does not.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/text.h"
#include "dojo/cli/args.h"
#include "dojo/cli/command.h"
#include "dojo/cli/common.h"
#include "dojo/cli/contact_sheet.h"
#include "dojo/cli/inspect_drives.h"
#include "dojo/video/catalogue.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/frame_index.h"
#include "dojo/video/split_recordings.h"
#include "dojo/video/telemetry/read_telemetry.h"

namespace dojo {
namespace {

struct Intervals {
  double min = 0, median = 0, max = 0;  // seconds between neighbouring frames
};

Intervals intervals_of(const Recording& r) {
  std::vector<double> steps;
  for (size_t i = 1; i < r.pts_seconds.size(); ++i)
    steps.push_back(r.pts_seconds[i] - r.pts_seconds[i - 1]);
  if (steps.empty()) return {};
  std::sort(steps.begin(), steps.end());
  return {steps.front(), steps[steps.size() / 2], steps.back()};
}

nlohmann::json describe(const Telemetry* telemetry) {
  if (!telemetry) return nullptr;
  nlohmann::json signals = nlohmann::json::array();
  for (const Track& track : telemetry->tracks) signals.push_back(track.signal);
  return {{"source", to_utf8(telemetry->source)}, {"signals", signals}};
}

nlohmann::json describe(const DriveSummary& d) {
  nlohmann::json cameras = nlohmann::json::array();
  for (const CameraSummary& c : d.cameras)
    cameras.push_back({{"camera", to_utf8(c.camera)},
                       {"files", c.files},
                       {"frames", c.frames},
                       {"paired", c.paired}});
  nlohmann::json messages = nlohmann::json::array();
  for (const std::string& m : d.drive.messages) messages.push_back(to_utf8(m));
  return {{"name", to_utf8(d.drive.name)},
          {"cameras", cameras},
          {"reference", to_utf8(d.reference)},
          {"moments", d.moments},
          {"pairs_by_number", d.by_number},
          {"worst_skew_seconds", d.worst_skew_seconds},
          {"event", d.drive.event ? nlohmann::json{{"reason", to_utf8(d.drive.event->reason)}}
                                  : nlohmann::json()},
          {"messages", messages}};
}

nlohmann::json describe(const Recording& r, const std::string& use) {
  const Intervals steps = intervals_of(r);
  const double seconds = r.pts_seconds.back() - r.pts_seconds.front() + steps.median;
  return {{"name", to_utf8(r.name)},
          {"path", to_utf8(r.path)},
          {"uri", file_uri(r.path)},
          {"width", r.width},
          {"height", r.height},
          {"codec", r.codec},
          {"pixel_format", r.index->pixel_format},
          {"rotation", r.index->rotation},
          {"frames", r.num_frames()},
          {"seconds", seconds},
          {"fps", steps.median > 0 ? 1 / steps.median : 0},
          {"interval_min_seconds", steps.min},
          {"interval_median_seconds", steps.median},
          {"interval_max_seconds", steps.max},
          {"key_frames", r.key_frames.size()},
          {"counted", r.index->counted},
          {"camera", to_utf8(r.camera)},
          {"drive", to_utf8(r.drive)},
          {"telemetry", describe(r.telemetry.get())},
          {"use", use},
          {"held_out", use == "held out"},
          {"note", to_utf8(r.note)}};
}

// "skipped 12 files that are no video by name: 8 .jpg, 3 .json, 1 without an extension"
std::string describe_skipped(const std::map<std::string, int64_t>& skipped) {
  int64_t all = 0;
  std::vector<std::pair<int64_t, std::string>> by_count;
  for (const auto& [extension, count] : skipped) {
    all += count;
    by_count.emplace_back(-count, extension);
  }
  std::sort(by_count.begin(), by_count.end());
  constexpr size_t kShown = 8;
  std::string kinds;
  for (size_t i = 0; i < std::min(by_count.size(), kShown); ++i)
    kinds += fmt::format("{}{} {}", i == 0 ? "" : ", ", -by_count[i].first,
                         by_count[i].second.empty() ? "without an extension"
                                                    : one_line(to_utf8(by_count[i].second)));
  if (by_count.size() > kShown) kinds += ", ...";
  return fmt::format("skipped {} file{} no video by name: {}", all,
                     all == 1 ? " that is" : "s that are", kinds);
}

std::string time_text(int64_t seconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

nlohmann::json describe(const Quarantined& q) {
  nlohmann::json j = {{"path", to_utf8(q.path)},
                      {"uri", file_uri(q.path)},
                      {"category", q.category},
                      {"reason", to_utf8(q.reason)},
                      {"whole_file", q.whole_file}};
  if (q.noted_at) j["noted_at"] = time_text(q.noted_at);
  return j;
}

std::string when(const Quarantined& q) {
  return q.noted_at ? fmt::format(" (noted {})", time_text(q.noted_at)) : "";
}

}  // namespace

int run_inspect(std::span<const std::string> argv) {
  std::vector<std::string> folders;
  std::vector<std::string> patterns;
  bool as_json = false, no_telemetry = false, verify = false;
  std::string catalogue_file, sheet;
  double deadline = 60, interval = 0.1;
  int64_t frames = 3;
  int64_t workers = 2;
  Args args("dojo inspect FOLDER...",
            "Lists the recordings of a folder, and the files that cannot be used, with reasons.",
            "  dojo inspect ~/TeslaCam\n"
            "  dojo inspect clips --held-out kitti --held-out '*highway*' --json\n"
            "  dojo inspect ~/TeslaCam --sheet sheet.html    # four frames of each recording\n");
  args.note(searched_files());
  args.positional("FOLDER...", "folders, searched recursively, or files", &folders);
  args.option("--held-out", "PATTERN",
              "recordings to hold out, as for `dojo train`; may be repeated; default: one in five",
              &patterns);
  args.option("--workers", "N", "files read at a time", &workers, {.min = 1, .max = 64});
  args.option("--deadline", "SECONDS", "give up for a file after this time without progress",
              &deadline, {.min = 0.1, .max = 86400});
  args.option("--frames", "N", "input frames of a clip, as for `dojo train`", &frames,
              {.min = 2, .max = 16});
  args.option("--interval", "SECONDS", "between the frames of a clip, as for `dojo train`",
              &interval, {.min = 1e-3, .max = 3600});
  args.option("--no-telemetry", "",
              "do not read what the vehicle logged, which means reading H.264 files as a whole",
              &no_telemetry);
  args.option("--verify", "",
              "read every file again, and compare it with what it was when it was indexed",
              &verify);
  args.option("--sheet", "FILE.html",
              "write a page to look at: four frames of each recording, cameras side by side",
              &sheet);
  args.option("--catalogue", "FILE", kCatalogueHelp, &catalogue_file);
  args.option("--json", "", "print one JSON object", &as_json);
  if (!args.parse(argv)) return 0;
  if (args.given("--sheet")) check_sheet_name(sheet);

  const InterruptGuard guard(InterruptGuard::kThrow);
  Catalogue catalogue(args.given("--catalogue") ? catalogue_file : Catalogue::default_path());
  FoundRecordings found = find_recordings(folders, {.workers = static_cast<int>(workers),
                                                    .worker = {.deadline_seconds = deadline},
                                                    .catalogue = &catalogue,
                                                    .verify = verify});
  if (!no_telemetry) {
    FrameReader reader({.deadline_seconds = deadline});
    for (std::string& message : add_telemetry(&found.recordings, reader))
      found.messages.push_back(std::move(message));
  }
  const std::vector<DriveSummary> drives = summarise_drives(found.recordings, found.quarantined);
  RecordingSplit split;
  std::vector<Recording> usable = found.recordings;
  const std::vector<Quarantined> dropped = drop_short(&usable, frames + 1, interval);
  if (!usable.empty())
    split = split_recordings(usable, patterns, static_cast<double>(frames + 1) * interval);
  nlohmann::json list = nlohmann::json::array(), bad = nlohmann::json::array();
  for (const Recording& r : found.recordings) {
    const auto in = [&](const auto& list_of) {
      return std::any_of(list_of.begin(), list_of.end(),
                         [&](const auto& other) { return other.path == r.path; });
    };
    const bool train = in(split.train), held_out = in(split.held_out);
    list.push_back(describe(r, in(dropped)         ? "too short"
                               : train && held_out ? "train, its end held out"
                               : held_out          ? "held out"
                               : train             ? "train"
                                                   : "not used, a copy"));
  }
  for (const auto* problems : {&found.quarantined, &found.met_before})
    for (const Quarantined& q : *problems) bad.push_back(describe(q));
  if (args.given("--sheet")) {
    std::vector<TableRow> rows;
    for (const auto& r : list) rows.push_back({r["use"], r["seconds"], r["fps"]});
    write_contact_sheet(sheet, found, rows, drives,
                        {.title = fmt::format("{}", fmt::join(folders, ", ")),
                         .skipped = found.skipped.empty() ? "" : describe_skipped(found.skipped),
                         .workers = static_cast<int>(workers),
                         .deadline_seconds = deadline});
  }
  if (as_json) {
    nlohmann::json object = {{"recordings", list},
                             {"quarantined", bad},
                             {"drives", nlohmann::json::array()},
                             {"skipped", nlohmann::json::object()}};
    for (const DriveSummary& d : drives) object["drives"].push_back(describe(d));
    for (const auto& [extension, count] : found.skipped)
      object["skipped"][to_utf8(extension)] = count;
    object["messages"] = nlohmann::json::array();
    for (const auto* messages : {&found.messages, &split.messages})
      for (const std::string& m : *messages) object["messages"].push_back(to_utf8(m));
    if (args.given("--sheet")) object["sheet"] = to_utf8(sheet);
    print_json(object);
  } else {
    size_t width = 9;
    for (const auto& r : list)
      width = std::max(width, columns_of(for_table(r["name"].get<std::string>())));
    if (!list.empty())
      fmt::print("{:<{}}  {:>9}  {:<6} {:>7} {:>9} {:>7}  {:<21} {:>5}  {}\n", "recording", width,
                 "size", "codec", "frames", "seconds", "fps", "interval ms (min-max)", "keys",
                 "use");
    for (const auto& r : list) {
      const std::string size =
          fmt::format("{}x{}", r["width"].get<int64_t>(), r["height"].get<int64_t>());
      const std::string steps =
          fmt::format("{:.1f}-{:.1f}", 1e3 * r["interval_min_seconds"].get<double>(),
                      1e3 * r["interval_max_seconds"].get<double>());
      fmt::print("{:<{}}  {:>9}  {:<6} {:>7} {:>9.2f} {:>7.2f}  {:<21} {:>5}  {}\n",
                 for_table(r["name"].get<std::string>()), width, size,
                 r["codec"].get<std::string>(), r["frames"].get<int64_t>(),
                 r["seconds"].get<double>(), r["fps"].get<double>(), steps,
                 r["key_frames"].get<size_t>(), r["use"].get<std::string>());
    }
    print_telemetry(found.recordings);
    print_drives(drives);
    if (!list.empty() && !bad.empty()) fmt::print("\n");
    for (const Quarantined& q : found.quarantined)
      fmt::print("not usable ({}): {}: {}{}\n", q.category, one_line(q.path), one_line(q.reason),
                 when(q));
    for (const Quarantined& q : found.met_before)
      fmt::print("{} ({}): {}: {}{}\n", q.whole_file ? "given up in decoding" : "damaged in parts",
                 q.category, one_line(q.path), one_line(q.reason), when(q));
    if (!found.skipped.empty()) fmt::print("{}\n", describe_skipped(found.skipped));
    if (args.given("--sheet")) fmt::print("\n{}\n", one_line(sheet));
  }
  flush_results();  // where both go to one file, the messages come after the table
  warn(found.messages);
  warn(split.messages);
  if (found.recordings.empty())
    throw Error(Category::kInput,
                found.quarantined.size() == 1
                    ? "the only video file is not usable"
                    : fmt::format("none of {} video files is usable", found.quarantined.size()),
                folders[0], "the reasons are in the list above");
  if (usable.empty()) throw all_too_short(found.recordings, frames + 1, interval);
  return 0;
}

}  // namespace dojo
