// How good the task `mae` is on held-out clips: the loss of its reconstruction, beside that of
// predicting the mean of each channel of each hidden tubelet. Both are in the normalised values of
// model/mae.h. Which tubelets are hidden is fixed for each clip (mae_source.h), so that the figures
// of two runs compare. A score is the mean over the clips of a recording, or over all.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dojo/graph/executor.h"
#include "dojo/model/mae.h"
#include "dojo/train/evaluate.h"
#include "dojo/train/judge.h"

namespace dojo {

struct MaeScore {
  double mse = 0, patch_mean_mse = 0;  // means
  int64_t clips = 0;
};

struct MaeEvaluation {
  MaeScore overall;
  std::map<std::string, MaeScore> by_recording;  // without recordings that gave no clip
};

// One object: "score", mse, patch_mean_mse, clips, by_recording {name: the same without score}.
std::string to_json(const MaeEvaluation& evaluation);

// What `best` is chosen by: the mean of the recordings' losses, which are on one scale already.
double mae_score(const MaeEvaluation& evaluation);

// What the network makes of one clip; frames [T,H,W,3] u8.
struct MaeReconstruction {
  std::vector<uint8_t> seen;    // the clip with the hidden tubelets in grey
  std::vector<uint8_t> filled;  // and with what the network tells of them
  double mse = 0, patch_mean_mse = 0;
};

class MaeJudge final : public Judge {
 public:
  // `set`: clips of T frames, horizons 1. `inference`: mae_inference(), of any number of clips.
  MaeJudge(HeldOutSet set, const MaeOptions& model, const Graph& inference,
           const ExecutorFactory& make_executor);

  void load(const SafeTensors& weights, const std::string& path) override;
  Verdict judge(bool at_end, const std::function<bool()>& stop = {}) override;
  std::string final_words() override;
  void write_samples(const std::string& folder) override;  // mae_samples.h

  // Without clips where it was stopped.
  MaeEvaluation evaluate(const std::function<bool()>& stop = {});
  MaeReconstruction reconstruct(size_t clip);

  const HeldOutSet& set() const { return set_; }
  const MaeOptions& model() const { return model_; }

 private:
  void feed_masks(std::span<const size_t> clips);
  TubeMask mask_of(size_t clip) const;

  HeldOutSet set_;
  MaeOptions model_;
  std::unique_ptr<Executor> executor_;
};

}  // namespace dojo
