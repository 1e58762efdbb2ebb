#include "dojo/train/mae_task.h"

#include "dojo/train/mae_evaluate.h"
#include "dojo/train/mae_source.h"
#include "dojo/train/model_metadata.h"

namespace dojo {

ModelFunction MaeTask::model() const {
  return [model = o_.mae](Builder& b) { return mae_training(b, model); };
}

Graph MaeTask::evaluation_graph() const { return mae_inference(mae_evaluated(o_.mae)); }

SamplerOptions MaeTask::clips() const {
  return {.frames = o_.mae.encoder.frames,
          .interval_seconds = o_.interval_seconds,
          .interval_factors = kIntervalFactors};
}

HeldOutOptions MaeTask::held_out() const { return mae_held_out(o_.mae, o_.interval_seconds); }

LossNames MaeTask::loss_names() const {
  return {
      .error = "loss", .baseline = "patch_mean_mse", .baseline_words = "predict-the-patch-mean"};
}

ClipVariation MaeTask::variation(int64_t height, int64_t width) const {
  const VitOptions& e = o_.mae.encoder;
  return clip_variation(kMaeVariation,
                        {.frames = e.frames,
                         .in_height = height,
                         .in_width = width,
                         .height = e.height,
                         .width = e.width},
                        o_.seed);
}

std::unique_ptr<ClipSource> MaeTask::source(std::unique_ptr<ClipLoader> loader) const {
  return make_mae_source(std::move(loader), o_.mae, o_.seed);
}

std::unique_ptr<Judge> MaeTask::judge(HeldOutSet set, const std::vector<Recording>&,
                                      const ExecutorFactory& make_executor) const {
  return std::make_unique<MaeJudge>(std::move(set), o_.mae, evaluation_graph(), make_executor);
}

std::map<std::string, std::string> MaeTask::metadata() const {
  return to_metadata(TrainedMae{.model = o_.mae, .interval_seconds = o_.interval_seconds});
}

HeldOutOptions mae_held_out(const MaeOptions& model, double interval_seconds) {
  return {.inputs = model.encoder.frames - 1,
          .horizons = 1,
          .height = model.encoder.height,
          .width = model.encoder.width,
          .interval_seconds = interval_seconds,
          .clips_each = 16,
          .clips_in_all = 128};
}

MaeOptions mae_evaluated(MaeOptions model) {
  model.encoder.clips = 8;
  return model;
}

}  // namespace dojo
