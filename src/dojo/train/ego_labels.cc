#include "dojo/train/ego_labels.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/progress.h"
#include "dojo/video/frame_reader.h"
#include "dojo/video/telemetry/read_telemetry.h"

namespace dojo {
namespace {

bool has_label(const Recording& recording) {
  if (!recording.telemetry) return false;
  for (const EgoSignal& signal : kEgoSignals) {
    const std::vector<double> values = values_at_frames(recording, signal.name);
    for (int64_t i = recording.first_frame; i < recording.end_frame; ++i)
      if (std::isfinite(values[static_cast<size_t>(i)])) return true;
  }
  return false;
}

// Why the recording is left out; empty: it is not.
std::string problem_of(Recording* recording, FrameReader& reader) {
  std::vector<Recording> one = {std::move(*recording)};
  const std::vector<std::string> messages = add_telemetry(&one, reader);
  *recording = std::move(one[0]);
  if (!messages.empty()) return messages[0].substr(recording->name.size() + 2);
  if (!recording->telemetry) return "it has no telemetry to learn from";
  if (!has_label(*recording))
    return fmt::format(
        "its telemetry ({}) has no speed, yaw rate or steering wheel angle at its frames",
        recording->telemetry->source);
  return "";
}

}  // namespace

void keep_labelled(FoundRecordings* found, bool quiet) {
  FrameReader reader({.deadline_seconds = 60});
  ProgressOptions look;
  look.total = static_cast<int64_t>(found->recordings.size());
  look.unit = "recordings";
  look.quiet = quiet || found->recordings.size() < 20;
  Progress bar("reading telemetry", look);
  std::vector<Recording> kept;
  std::string first_reason;
  int64_t done = 0;
  for (Recording& r : found->recordings) {
    throw_if_interrupted();
    const std::string problem = problem_of(&r, reader);
    if (problem.empty()) {
      kept.push_back(std::move(r));
    } else {
      found->quarantined.push_back({r.path, "input", problem});
      if (first_reason.empty()) first_reason = fmt::format("{}: {}", r.name, problem);
    }
    bar.update(++done);
  }
  bar.finish();
  const size_t all = found->recordings.size();
  found->recordings = std::move(kept);
  if (!found->recordings.empty()) return;
  throw Error(
      Category::kInput,
      fmt::format("the task ego learns from telemetry, and none of {} recording{} has speed, yaw "
                  "rate or steering wheel angle at its frames; {}",
                  all, all == 1 ? "" : "s", first_reason),
      "",
      "give TeslaCam video with telemetry, or NAME.csv or NAME.gpx beside NAME.mp4 "
      "(docs/telemetry.md); `dojo inspect FOLDER` lists what is found; `dojo render --cameras 4 "
      "--drives 4 --out DIR` makes such drives; `dojo train FOLDER` without --task needs no "
      "labels");
}

double stretch_of(const Recording& recording, const std::vector<int64_t>& frames,
                  double interval_seconds) {
  DOJO_CHECK(frames.size() >= 2);
  const auto seconds = [&](int64_t frame) {
    return recording.pts_seconds.at(static_cast<size_t>(frame));
  };
  return (seconds(frames.back()) - seconds(frames.front())) /
         (static_cast<double>(frames.size() - 1) * interval_seconds);
}

EgoValues stretched(EgoValues values, double stretch) {
  for (size_t s = 0; s < values.size(); ++s)
    if (kEgoSignals[s].is_rate) values[s] *= stretch;
  return values;
}

EgoValues mirrored(EgoValues values) {
  for (size_t s = 0; s < values.size(); ++s)
    if (kEgoSignals[s].changes_sign) values[s] = -values[s];
  return values;
}

EgoLabels::EgoLabels(const std::vector<Recording>& recordings) {
  for (const Recording& r : recordings) {
    Labels& labels = recordings_.emplace_back();
    labels.first_frame = r.first_frame;
    labels.end_frame = r.end_frame;
    labels.values.resize(r.pts_seconds.size());
    for (size_t s = 0; s < kEgoSignals.size(); ++s) {
      const std::vector<double> values = values_at_frames(r, kEgoSignals[s].name);
      for (size_t i = 0; i < values.size(); ++i)
        labels.values[i][s] = static_cast<float>(values[i]);
    }
  }
}

EgoValues EgoLabels::at(size_t recording, int64_t frame) const {
  const auto& values = recordings_.at(recording).values.at(static_cast<size_t>(frame));
  EgoValues result;
  for (size_t s = 0; s < result.size(); ++s) result[s] = static_cast<double>(values[s]);
  return result;
}

EgoScale EgoLabels::scale() const {
  EgoScale scale;
  EgoValues sum{}, squares{};
  const auto each = [&](const auto& use) {
    for (size_t r = 0; r < recordings_.size(); ++r)
      for (int64_t i = recordings_[r].first_frame; i < recordings_[r].end_frame; ++i) {
        const EgoValues values = at(r, i);
        for (size_t s = 0; s < values.size(); ++s)
          if (std::isfinite(values[s])) use(s, values[s]);
      }
  };
  each([&](size_t s, double value) {
    sum[s] += value;
    ++scale.frames[s];
  });
  for (size_t s = 0; s < sum.size(); ++s)
    if (scale.frames[s] > 0) scale.mean[s] = sum[s] / static_cast<double>(scale.frames[s]);
  each([&](size_t s, double value) { squares[s] += std::pow(value - scale.mean[s], 2); });
  for (size_t s = 0; s < sum.size(); ++s)
    if (squares[s] > 0)
      scale.deviation[s] = std::sqrt(squares[s] / static_cast<double>(scale.frames[s]));
  return scale;
}

}  // namespace dojo
