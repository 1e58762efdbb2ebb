#include "dojo/train/predict_task.h"

#include <fmt/format.h>

#include "dojo/train/evaluate_checkpoint.h"
#include "dojo/train/model_metadata.h"
#include "dojo/train/predict_judge.h"

namespace dojo {

ModelFunction PredictTask::model() const {
  return [model = o_.model](Builder& b) { return predict_training(b, model); };
}

Graph PredictTask::evaluation_graph() const { return dojo::evaluation_graph(o_.model); }

SamplerOptions PredictTask::clips() const {
  return {.frames = o_.model.frames + 1,
          .interval_seconds = o_.interval_seconds,
          .interval_factors = kIntervalFactors};
}

HeldOutOptions PredictTask::held_out() const {
  return {.inputs = o_.model.frames,
          .horizons = o_.horizons,
          .height = o_.model.height,
          .width = o_.model.width,
          .interval_seconds = o_.interval_seconds};
}

ClipVariation PredictTask::variation(int64_t height, int64_t width) const {
  return clip_variation({},
                        {.frames = o_.model.frames + 1,
                         .in_height = height,
                         .in_width = width,
                         .height = o_.model.height,
                         .width = o_.model.width},
                        o_.seed);
}

std::unique_ptr<Judge> PredictTask::judge(HeldOutSet set, const std::vector<Recording>&,
                                          const ExecutorFactory& make_executor) const {
  return std::make_unique<PredictJudge>(
      Evaluator(std::move(set), evaluation_graph(), make_executor), o_.horizons);
}

std::map<std::string, std::string> PredictTask::metadata() const {
  return to_metadata(TrainedModel{.model = o_.model, .interval_seconds = o_.interval_seconds});
}

}  // namespace dojo
