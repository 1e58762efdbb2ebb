// The task `predict` (model/predict.h) as a run sees it: clips of T+1 frames at varied intervals,
// the last one is what is to be predicted.
#pragma once

#include "dojo/train/task.h"

namespace dojo {

class PredictTask final : public Task {
 public:
  explicit PredictTask(const RunOptions& options) : o_(options) {}

  ModelFunction model() const override;
  Graph evaluation_graph() const override;
  int64_t batch() const override { return o_.model.batch; }
  SamplerOptions clips() const override;
  HeldOutOptions held_out() const override;
  LossNames loss_names() const override { return {}; }
  ClipVariation variation(int64_t height, int64_t width) const override;
  std::unique_ptr<Judge> judge(HeldOutSet set, const std::vector<Recording>& recordings,
                               const ExecutorFactory& make_executor) const override;
  std::map<std::string, std::string> metadata() const override;

 private:
  RunOptions o_;
};

}  // namespace dojo
