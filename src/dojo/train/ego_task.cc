#include "dojo/train/ego_task.h"

#include "dojo/base/error.h"
#include "dojo/train/ego_evaluate.h"
#include "dojo/train/ego_source.h"
#include "dojo/train/model_metadata.h"

namespace dojo {

ModelFunction EgoTask::model() const {
  return [model = o_.ego, scale = scale_](Builder& b) { return ego_training(b, model, scale); };
}

Graph EgoTask::evaluation_graph() const { return ego_evaluation_graph(o_.ego, scale_); }

SamplerOptions EgoTask::clips() const {
  // Labels of neighbouring clips are nearly the same, so more runs are mixed than for `predict`,
  // out of all files: they are indexed anyway.
  return {.frames = o_.ego.frames,
          .interval_seconds = o_.interval_seconds,
          .interval_factors = kIntervalFactors,
          .runs_mixed = 32,
          .files_mixed = int64_t{1} << 30};
}

HeldOutOptions EgoTask::held_out() const { return ego_held_out(o_.ego, o_.interval_seconds); }

LossNames EgoTask::loss_names() const {
  return {.error = "loss", .baseline = "mean_loss", .baseline_words = "predict-the-mean"};
}

ClipVariation EgoTask::variation(int64_t height, int64_t width) const {
  return clip_variation(kEgoVariation,
                        {.frames = o_.ego.frames,
                         .in_height = height,
                         .in_width = width,
                         .height = o_.ego.height,
                         .width = o_.ego.width},
                        o_.seed);
}

void EgoTask::learn(const std::vector<Recording>& train) {
  train_ = train;
  labels_ = std::make_shared<const EgoLabels>(train);
  scale_ = labels_->scale();
}

void EgoTask::check_held_out(const std::vector<Recording>& held_out) const {
  const EgoScale there = EgoLabels(held_out).scale();
  for (size_t s = 0; s < kEgoSignals.size(); ++s)
    if (scale_.frames[s] > 0 && there.frames[s] > 0) return;
  throw Error(Category::kInput, "no recording that is held out has a signal that is trained on", "",
              "`dojo inspect FOLDER` lists the signals; hold out other recordings");
}

std::unique_ptr<ClipSource> EgoTask::source(std::unique_ptr<ClipLoader> loader) const {
  return make_ego_source(std::move(loader), train_, labels_, o_.seed, o_.interval_seconds);
}

std::unique_ptr<Judge> EgoTask::judge(HeldOutSet set, const std::vector<Recording>& recordings,
                                      const ExecutorFactory& make_executor) const {
  return std::make_unique<EgoJudge>(std::move(set), recordings, scale_, o_.interval_seconds,
                                    evaluation_graph(), make_executor);
}

std::map<std::string, std::string> EgoTask::metadata() const {
  return to_metadata(
      TrainedEgo{.model = o_.ego, .scale = scale_, .interval_seconds = o_.interval_seconds});
}

HeldOutOptions ego_held_out(const EgoOptions& model, double interval_seconds) {
  return {.inputs = model.frames - 1,
          .horizons = 1,
          .height = model.height,
          .width = model.width,
          .interval_seconds = interval_seconds,
          .clips_each = 64,
          .clips_in_all = 256};
}

Graph ego_evaluation_graph(EgoOptions model, const EgoScale& scale) {
  model.batch = 16;
  return ego_inference(model, scale);
}

}  // namespace dojo
