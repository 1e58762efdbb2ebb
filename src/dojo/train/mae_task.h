// The task `mae` (model/mae.h) as a run sees it: clips of T frames at varied intervals, most of
// whose tubelets are hidden. No labels.
#pragma once

#include "dojo/train/task.h"

namespace dojo {

class MaeTask final : public Task {
 public:
  explicit MaeTask(const RunOptions& options) : o_(options) {}

  ModelFunction model() const override;
  Graph evaluation_graph() const override;
  int64_t batch() const override { return o_.mae.encoder.clips; }
  SamplerOptions clips() const override;
  HeldOutOptions held_out() const override;
  LossNames loss_names() const override;
  ClipVariation variation(int64_t height, int64_t width) const override;
  std::unique_ptr<ClipSource> source(std::unique_ptr<ClipLoader> loader) const override;
  std::unique_ptr<Judge> judge(HeldOutSet set, const std::vector<Recording>& recordings,
                               const ExecutorFactory& make_executor) const override;
  std::map<std::string, std::string> metadata() const override;

 private:
  RunOptions o_;
};

// As a run and `dojo eval` judge. Fewer clips than of other tasks: they are long, and the loss of
// each is a mean over thousands of values.
HeldOutOptions mae_held_out(const MaeOptions& model, double interval_seconds);

// The options of the network as it is evaluated, in a run and later: with the same batch, for the
// same bits.
MaeOptions mae_evaluated(MaeOptions model);

}  // namespace dojo
