// The task `ego` (model/ego.h) as a run sees it: clips of T frames, labelled by the telemetry at
// the last one.
#pragma once

#include <optional>

#include "dojo/train/ego_labels.h"
#include "dojo/train/task.h"

namespace dojo {

class EgoTask final : public Task {
 public:
  explicit EgoTask(const RunOptions& options) : o_(options) {}

  ModelFunction model() const override;
  Graph evaluation_graph() const override;
  int64_t batch() const override { return o_.ego.batch; }
  SamplerOptions clips() const override;
  HeldOutOptions held_out() const override;
  LossNames loss_names() const override;
  ClipVariation variation(int64_t height, int64_t width) const override;
  bool wants_all_indexed() const override { return true; }
  void prepare(FoundRecordings* found, bool quiet) override { keep_labelled(found, quiet); }
  void learn(const std::vector<Recording>& train) override;
  void check_held_out(const std::vector<Recording>& held_out) const override;
  std::unique_ptr<ClipSource> source(std::unique_ptr<ClipLoader> loader) const override;
  std::unique_ptr<Judge> judge(HeldOutSet set, const std::vector<Recording>& recordings,
                               const ExecutorFactory& make_executor) const override;
  std::map<std::string, std::string> metadata() const override;

 private:
  RunOptions o_;
  std::vector<Recording> train_;
  std::shared_ptr<const EgoLabels> labels_;
  EgoScale scale_;  // of the training labels, once they are known
};

// As a run and `dojo eval` judge: many short clips, for they are cheap and neighbours differ.
HeldOutOptions ego_held_out(const EgoOptions& model, double interval_seconds);

// The network as it is evaluated, in a run and later: with the same batch, for the same bits.
Graph ego_evaluation_graph(EgoOptions model, const EgoScale& scale);

}  // namespace dojo
