// What a run's weights are worth on held-out recordings, as the training loop needs to know it.
// Each task has a judge of its own, which knows what to measure and beside which baseline.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "dojo/train/safetensors.h"
#include "dojo/video/recording.h"

namespace dojo {

struct Verdict {
  bool complete = false;  // false: it was stopped, and the rest says nothing
  std::string json;       // one object, for metrics.jsonl, the checkpoint and --json
  double score = 0;       // lower is better: what `best` is chosen by
  std::vector<std::pair<std::string, float>> scalars;  // for TensorBoard
  std::string text;     // for people, beside a step: "held-out mse 0.000911, 0.418 x copy-last"
  std::string summary;  // for people, at the end of a run
};

class Judge {
 public:
  virtual ~Judge() = default;

  // False if the functions below would still wait after so long, because clips are being read; the
  // first call begins that.
  virtual bool wait(double /*seconds*/) { return true; }

  // Files of which not all clips could be read. Known once wait() is true.
  virtual std::vector<Quarantined> quarantined() const { return {}; }

  // That it judges by; 0: that is not told. Known once wait() is true.
  virtual int64_t num_clips() const { return 0; }

  // The weights to judge. Throws Error(kInput) that names `path` where they do not fit.
  virtual void load(const SafeTensors& weights, const std::string& path) = 0;

  // `at_end`: as thoroughly as the result of a run is judged. Gives up where `stop` becomes true.
  virtual Verdict judge(bool at_end, const std::function<bool()>& stop = {}) = 0;

  // For people: what judging at the end is, after "final evaluation: the weights of step 700, ".
  virtual std::string final_words() = 0;

  // Into the folder of samples: what the weights make of held-out clips, for the report. Throws
  // Error(kIo).
  virtual void write_samples(const std::string& folder) = 0;
};

}  // namespace dojo
