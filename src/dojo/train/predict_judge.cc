#include "dojo/train/predict_judge.h"

#include <fmt/format.h>

#include "dojo/train/samples.h"

namespace dojo {

Verdict PredictJudge::judge(bool at_end, const std::function<bool()>& stop) {
  const Evaluation e = evaluator_.run(at_end ? horizons_ : 1, stop);
  if (e.overall.clips == 0) return {};
  const Score& s = e.overall;
  const std::string of_copy = ratio_text(s.mse, s.copy_last_mse),
                    of_flow = ratio_text(s.mse, s.flow_mse);
  return {.complete = true,
          .json = to_json(e),
          .score = mean_ratio(e),
          .scalars = {{"held_out/mse", static_cast<float>(s.mse)},
                      {"held_out/copy_last_mse", static_cast<float>(s.copy_last_mse)},
                      {"held_out/flow_mse", static_cast<float>(s.flow_mse)},
                      {"held_out/ratio", static_cast<float>(score_ratio(s))}},
          .text = fmt::format("held-out mse {:.6f}, {} x copy-last, {} x optical flow", s.mse,
                              of_copy, of_flow),
          .summary = fmt::format("held-out mse {:.6f}: {} x copying the last frame, {} x optical "
                                 "flow",
                                 s.mse, of_copy, of_flow)};
}

std::string PredictJudge::final_words() {
  return fmt::format("up to {} frames ahead on {} clips", horizons_, evaluator_.set().clips.size());
}

void PredictJudge::write_samples(const std::string& folder) {
  dojo::write_samples(folder, evaluator_);
}

}  // namespace dojo
