// The judge of the task `predict`: the errors of evaluate.h, beside its two baselines.
#pragma once

#include "dojo/train/evaluate.h"
#include "dojo/train/judge.h"

namespace dojo {

class PredictJudge final : public Judge {
 public:
  // `horizons`: how many predicted frames count at the end of a run; else the next one does.
  PredictJudge(Evaluator evaluator, int64_t horizons)
      : evaluator_(std::move(evaluator)), horizons_(horizons) {}

  void load(const SafeTensors& weights, const std::string& path) override {
    evaluator_.load(weights, path);
  }
  Verdict judge(bool at_end, const std::function<bool()>& stop = {}) override;
  std::string final_words() override;
  void write_samples(const std::string& folder) override;

 private:
  Evaluator evaluator_;
  int64_t horizons_;
};

}  // namespace dojo
