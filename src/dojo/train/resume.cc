#include "dojo/train/resume.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/text.h"
#include "dojo/train/times.h"
#include "dojo/video/image_folder.h"
#include "dojo/video/telemetry/track.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

// Seconds that the run had taken at its last checkpoint, as far as its files tell.
double elapsed_seconds(const std::string& folder, const LoopState& state) {
  const std::string path = folder + "/metrics.jsonl";
  if (!fs::exists(path)) return state.elapsed_seconds;
  std::istringstream lines(read_file(path));
  std::string kept, line;
  for (int64_t i = 0; i < state.metrics_lines && std::getline(lines, line); ++i)
    kept += line + "\n";
  return std::max(state.elapsed_seconds, times_of(kept).elapsed);
}

}  // namespace

std::optional<LoopState> state_to_resume(const std::string& folder) {
  const std::string last = folder + "/last.safetensors", log = folder + "/metrics.jsonl";
  if (!fs::exists(last)) {
    // The first checkpoint is written before the first line and before the first best weights.
    if (!fs::exists(folder + "/best.safetensors") && (!fs::exists(log) || fs::is_empty(log)))
      return std::nullopt;
    throw Error(Category::kInput, "the checkpoint that a run goes on from is missing", last,
                "put it back, or start a new run");
  }
  return parse_loop_state(metadata(read_checkpoint(last), "state", last), last);
}

void check_end(const std::string& folder, const LoopState& state, const RunOptions& before,
               const RunOptions& now) {
  if (now.steps == before.steps && now.minutes == before.minutes) return;
  if (now.steps > 0 && state.step > now.steps)
    throw Error(
        Category::kConfig,
        fmt::format("the run has done {} steps already, --steps is {}", state.step, now.steps),
        folder, "give a larger number");
  if (now.steps > 0 && now.steps == before.steps && state.step == now.steps)
    throw Error(
        Category::kConfig,
        fmt::format("the run has done its {} steps; --minutes does not move that end", now.steps),
        folder, "give a larger --steps too");
  const double minutes = elapsed_seconds(folder, state) / 60;
  if (now.minutes > 0 && minutes > now.minutes)
    throw Error(Category::kConfig,
                fmt::format("the run has taken {:.2f} minutes already, --minutes is {:g}", minutes,
                            now.minutes),
                folder, "give a larger number");
}

std::vector<RunFile> files_of(const std::vector<Recording>& recordings) {
  std::vector<RunFile> files;
  for (const Recording& r : recordings) {
    Fingerprint known;
    if (r.is_indexed()) {
      known = content_of(r.path);
    } else {
      try {
        known = has_picture_extension(r.path) ? content_of(r.path) : size_and_time_of(r.path);
      } catch (const Error&) {  // its indexing will say what it is, and that costs this file only
      }
    }
    files.push_back({.name = r.name,
                     .bytes = known.size,
                     .ends = known.hash,
                     .modified_ns = known.mtime_ns,
                     .frames = r.num_frames(),
                     .telemetry = r.telemetry ? hash_of(*r.telemetry) : 0});
  }
  return files;
}

std::string check_same_files(const std::vector<RunFile>& before, const std::vector<RunFile>& now,
                             const std::vector<Quarantined>& unusable, const std::string& where) {
  std::map<std::string, const RunFile*> left;
  for (const RunFile& f : now) left[f.name] = &f;
  std::vector<std::string> gone, added, changed, stamped;
  for (const RunFile& a : before) {
    const auto found = left.find(a.name);
    if (found == left.end()) {
      const auto why = std::find_if(unusable.begin(), unusable.end(), [&](const Quarantined& q) {
        return q.whole_file && (q.path == a.name || q.path.ends_with("/" + a.name));
      });
      gone.push_back(why == unusable.end() ? a.name : fmt::format("{} ({})", a.name, why->reason));
      continue;
    }
    const RunFile& b = *found->second;
    if (a.bytes != b.bytes || a.frames != b.frames)
      changed.push_back(
          fmt::format("{} (it had {} bytes and {} frames, now {} bytes and {} frames)", a.name,
                      a.bytes, a.frames, b.bytes, b.frames));
    else if (a.ends != b.ends)
      changed.push_back(a.name);
    else if (a.telemetry != 0 && a.telemetry != b.telemetry)
      changed.push_back(a.name + " (its telemetry)");
    else if (a.modified_ns != b.modified_ns)
      stamped.push_back(a.name);
    left.erase(found);
  }
  for (const auto& [name, file] : left) added.push_back(name);
  std::vector<std::string> what;
  if (!gone.empty()) what.push_back("gone: " + listed(gone));
  if (!changed.empty()) what.push_back("changed: " + listed(changed));
  if (!added.empty()) what.push_back("new: " + listed(added));
  if (!what.empty())
    throw Error(Category::kInput,
                fmt::format("the recordings are not those that the run began with: {}",
                            fmt::join(what, "; ")),
                where,
                "make them what they were (put files back, move new ones elsewhere), or start a "
                "new run");
  if (stamped.empty()) return "";
  return fmt::format(
      "recordings that look as when the run began, but have another time stamp: {}; "
      "if their content changed, the run does not go on exactly",
      listed(stamped));
}

}  // namespace dojo
