#include "dojo/train/ego_evaluate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/text.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/clip_batches.h"
#include "dojo/train/ego_labels.h"
#include "dojo/train/json.h"

namespace dojo {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNothing = 1e-12;  // an error that counts as none

Json score_json(const EgoScore& score) {
  Json j = Json::object();
  for (size_t s = 0; s < kEgoSignals.size(); ++s) {
    const SignalScore& of = score.signals[s];
    if (of.clips == 0) continue;
    j[std::string(kEgoSignals[s].name)] = {{"mae", of.mae},
                                           {"rmse", of.rmse},
                                           {"mean_mae", of.mean_mae},
                                           {"mean_rmse", of.mean_rmse},
                                           {"untrained_mae", of.untrained_mae},
                                           {"learned", of.learned()},
                                           {"clips", of.clips}};
  }
  j["clips"] = score.clips;
  return j;
}

Json score_json(const std::map<std::string, EgoScore>& scores) {
  Json j = Json::object();
  for (const auto& [name, score] : scores) j[to_utf8(name)] = score_json(score);
  return j;
}

// Sums first, means at the end.
void add(EgoScore* score, const EgoAnswer& a, const EgoScale& scale) {
  ++score->clips;
  for (size_t s = 0; s < kEgoSignals.size(); ++s) {
    if (!std::isfinite(a.truth[s]) || scale.frames[s] == 0) continue;
    SignalScore& of = score->signals[s];
    const double error = a.network[s] - a.truth[s], mean_error = scale.mean[s] - a.truth[s];
    of.mae += std::abs(error);
    of.rmse += error * error;
    of.mean_mae += std::abs(mean_error);
    of.mean_rmse += mean_error * mean_error;
    of.untrained_mae += std::abs(a.untrained[s] - a.truth[s]);
    ++of.clips;
  }
}

void divide(EgoScore* score) {
  for (SignalScore& of : score->signals) {
    if (of.clips == 0) continue;
    const double n = static_cast<double>(of.clips);
    of.mae /= n;
    of.mean_mae /= n;
    of.untrained_mae /= n;
    of.rmse = std::sqrt(of.rmse / n);
    of.mean_rmse = std::sqrt(of.mean_rmse / n);
  }
}

double ratio(const SignalScore& of) {
  return of.mean_mae > 0 ? of.mae / of.mean_mae : 1 + of.mae / kNothing;
}

bool any_known(const EgoValues& values) {
  return std::any_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

}  // namespace

EgoEvaluation evaluate_ego(const std::vector<EgoAnswer>& answers,
                           const std::vector<Recording>& recordings, const EgoScale& scale) {
  EgoEvaluation e;
  for (const EgoAnswer& a : answers) {
    const Recording& r = recordings.at(static_cast<size_t>(a.recording));
    add(&e.overall, a, scale);
    add(&e.by_recording[r.name], a, scale);
    add(&e.by_camera[r.camera.empty() ? "unknown" : r.camera], a, scale);
  }
  divide(&e.overall);
  for (auto* group : {&e.by_recording, &e.by_camera})
    for (auto& [name, score] : *group) divide(&score);
  return e;
}

std::string to_json(const EgoEvaluation& e) {
  Json j = {{"score", ego_score(e.overall)}};
  j.update(score_json(e.overall));
  j["by_recording"] = score_json(e.by_recording);
  j["by_camera"] = score_json(e.by_camera);
  return dump(j);
}

double ego_score(const EgoScore& score) {
  double sum = 0, n = 0;
  for (const SignalScore& of : score.signals) {
    if (of.clips == 0) continue;
    sum += ratio(of);
    ++n;
  }
  return n > 0 ? sum / n : 0;
}

EgoJudge::EgoJudge(HeldOutSet set, std::vector<Recording> recordings, const EgoScale& scale,
                   double interval_seconds, const Graph& inference,
                   const ExecutorFactory& make_executor)
    : set_(std::move(set)),
      recordings_(std::move(recordings)),
      scale_(scale),
      executor_(make_executor(inference)) {
  DOJO_CHECK_EQ(set_.recordings.size(), recordings_.size());
  const EgoLabels labels(recordings_);
  std::vector<HeldOutClip> kept;
  for (HeldOutClip& clip : set_.clips) {
    const size_t recording = static_cast<size_t>(clip.recording);
    const std::vector<double>& seconds = recordings_[recording].pts_seconds;
    EgoAnswer a{.recording = clip.recording,
                .frame = clip.frame,
                .seconds = seconds.at(static_cast<size_t>(clip.frame)),
                .truth = labels.at(recording, clip.frame)};
    EgoValues counted = a.truth;
    for (size_t s = 0; s < counted.size(); ++s)
      if (scale_.frames[s] == 0) counted[s] = NAN;
    if (!any_known(counted)) continue;
    stretch_.push_back((a.seconds - seconds.at(static_cast<size_t>(clip.first_frame))) /
                       (static_cast<double>(set_.inputs) * interval_seconds));
    a.untrained = stretched(untrained_answer(scale_), 1 / stretch_.back());
    truth_.push_back(a);
    kept.push_back(std::move(clip));
  }
  set_.clips = std::move(kept);
  if (set_.clips.empty())
    throw Error(Category::kInput,
                "no clip to judge by has a label of a signal that is trained on: telemetry and "
                "frames do not meet",
                set_.recordings.empty() ? "" : set_.recordings[0],
                "`dojo inspect FOLDER` lists the signals; hold out other recordings");
}

void EgoJudge::load(const SafeTensors& weights, const std::string& path) {
  restore(*executor_, weights, path);
}

std::vector<EgoAnswer> EgoJudge::answers(const std::function<bool()>& stop) {
  std::vector<EgoAnswer> result = truth_;
  const auto use = [&](ClipNumbers clips) {
    const std::vector<float> signals = executor_->read_f32("signals");
    for (size_t b = 0; b < clips.size(); ++b) {
      EgoValues values;
      for (size_t s = 0; s < values.size(); ++s)
        values[s] = static_cast<double>(signals[b * values.size() + s]);
      result[clips[b]].network = stretched(values, 1 / stretch_[clips[b]]);
    }
  };
  if (!run_over(*executor_, set_, all_clips(set_), {.use = use, .stop = stop})) return {};
  return result;
}

Verdict EgoJudge::judge(bool, const std::function<bool()>& stop) {
  const std::vector<EgoAnswer> said = answers(stop);
  if (said.empty()) return {};
  const EgoEvaluation e = evaluate(said);
  Verdict verdict{.complete = true,
                  .json = to_json(e),
                  .score = ego_score(e.overall),
                  .scalars = {},
                  .text = "held-out",
                  .summary = ""};
  verdict.scalars.emplace_back("held_out/score", static_cast<float>(verdict.score));
  std::vector<std::string> lines, not_learned;
  for (size_t s = 0; s < kEgoSignals.size(); ++s) {
    const SignalScore& of = e.overall.signals[s];
    if (of.clips == 0) continue;
    const EgoSignal& signal = kEgoSignals[s];
    verdict.scalars.emplace_back(fmt::format("held_out/{}_mae", signal.name),
                                 static_cast<float>(of.mae));
    verdict.text += fmt::format("{} {} {} x", lines.empty() ? "" : ",", signal.words,
                                ratio_text(of.mae, of.mean_mae));
    lines.push_back(fmt::format(
        "held-out {}: off by {:.3g} {} on average, {} x predict-the-mean ({:.3g} {})", signal.words,
        of.mae, signal.unit, ratio_text(of.mae, of.mean_mae), of.mean_mae, signal.unit));
    if (!of.learned()) not_learned.emplace_back(signal.words);
  }
  if (!not_learned.empty())
    lines.push_back(fmt::format(
        "not learned, no better than predict-the-mean or than the untrained network: {}",
        fmt::join(not_learned, ", ")));
  verdict.text += " predict-the-mean";
  verdict.summary = fmt::format("{}", fmt::join(lines, "\n"));
  return verdict;
}

std::string EgoJudge::final_words() { return fmt::format("on {} clips", set_.clips.size()); }

void EgoJudge::write_samples(const std::string& folder) {
  const std::vector<EgoAnswer> said = answers();
  const auto number = [](double v) { return std::isfinite(v) ? Json(v) : Json(nullptr); };
  Json list = Json::array();
  for (size_t r = 0; r < recordings_.size(); ++r) {
    Json row = {{"recording", to_utf8(recordings_[r].name)},
                {"camera", to_utf8(recordings_[r].camera)},
                {"drive", to_utf8(recordings_[r].drive)},
                {"seconds", Json::array()}};
    for (const EgoAnswer& a : said) {
      if (static_cast<size_t>(a.recording) != r) continue;
      row["seconds"].push_back(a.seconds);
      for (size_t s = 0; s < kEgoSignals.size(); ++s) {
        if (scale_.frames[s] == 0) continue;
        Json& of = row[std::string(kEgoSignals[s].name)];
        of["truth"].push_back(number(a.truth[s]));
        of["network"].push_back(number(a.network[s]));
      }
    }
    if (!row["seconds"].empty()) list.push_back(std::move(row));
  }
  make_folder(folder);
  write_file_atomic(folder + "/ego.json", dump(list, 1) + "\n");
}

}  // namespace dojo
