// The guard against divergence: the smoothed loss must not stay far above its least value and above
// that of the baseline (copying the last frame, predicting the mean). The second condition lets
// calm stretches of video, where all errors are tiny, be followed by lively ones.
#pragma once

#include <cstdint>
#include <string>

namespace dojo {

// A value that is stored with the run.
struct DivergenceGuard {
  double smooth_loss = 0, least_smooth_loss = 0, smooth_copy = 0;
  int64_t steps_above = 0;  // in a row; 0: the weights are not on their way to divergence

  // Loss and baseline's error of step `step`, from 1 on.
  void update(int64_t step, double loss, double copy);

  bool diverged() const;
  std::string problem() const;  // for people
};

}  // namespace dojo
