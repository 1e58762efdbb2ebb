// How good the task `ego` is on held-out clips, beside always answering the mean of the training
// labels. Errors are in the signals' own units; a score is over the clips of a recording, of a
// camera, or over all.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dojo/graph/executor.h"
#include "dojo/model/ego.h"
#include "dojo/train/evaluate.h"
#include "dojo/train/judge.h"
#include "dojo/video/recording.h"

namespace dojo {

struct SignalScore {
  double mae = 0, rmse = 0;            // mean absolute error, root of the mean square error
  double mean_mae = 0, mean_rmse = 0;  // of the mean of the training labels
  double untrained_mae = 0;            // of the network before its first step
  int64_t clips = 0;                   // whose label is known
  // Where few drives are trained on their mean may be worse than saying 0, as the network does that
  // has learned nothing.
  bool learned() const { return mae < mean_mae && mae < untrained_mae; }
};

struct EgoScore {
  std::array<SignalScore, kEgoSignals.size()> signals;
  int64_t clips = 0;
};

struct EgoEvaluation {
  EgoScore overall;
  std::map<std::string, EgoScore> by_recording;
  std::map<std::string, EgoScore> by_camera;  // "unknown" where a name does not tell
};

// What was said of one clip, at its last frame.
struct EgoAnswer {
  int32_t recording = 0;
  int64_t frame = 0;
  double seconds = 0;  // of the frame in its recording
  EgoValues truth{}, network{}, untrained{};
};

// Signals that were not trained (scale.frames 0) count nowhere.
EgoEvaluation evaluate_ego(const std::vector<EgoAnswer>& answers,
                           const std::vector<Recording>& recordings, const EgoScale& scale);

// One object: "score", "clips", for each signal that has labels {mae, rmse, mean_mae, mean_rmse,
// untrained_mae, learned,
// clips}, "by_recording" and "by_camera" {name: the same without score}.
std::string to_json(const EgoEvaluation& evaluation);

// What `best` is chosen by: mae / mean_mae, mean over the signals that have labels.
double ego_score(const EgoScore& score);

class EgoJudge final : public Judge {
 public:
  // `set`: clips of T frames, horizons 1; `recordings` are those of it, with telemetry. Where
  // clips have no label at all they are left out, and Error(kInput) is thrown where none is left.
  // `interval_seconds`: the nominal one, of the training.
  EgoJudge(HeldOutSet set, std::vector<Recording> recordings, const EgoScale& scale,
           double interval_seconds, const Graph& inference, const ExecutorFactory& make_executor);

  void load(const SafeTensors& weights, const std::string& path) override;
  Verdict judge(bool at_end, const std::function<bool()>& stop = {}) override;
  std::string final_words() override;
  void write_samples(const std::string& folder) override;  // ego.json

  // Empty where it was stopped.
  std::vector<EgoAnswer> answers(const std::function<bool()>& stop = {});
  EgoEvaluation evaluate(const std::vector<EgoAnswer>& answers) const {
    return evaluate_ego(answers, recordings_, scale_);
  }

 private:
  HeldOutSet set_;
  std::vector<Recording> recordings_;
  EgoScale scale_;
  std::vector<EgoAnswer> truth_;  // [clips]
  std::vector<double> stretch_;   // [clips]
  std::unique_ptr<Executor> executor_;
};

}  // namespace dojo
