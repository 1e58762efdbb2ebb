// The learning rate: linear warm-up, then a cosine from 1 to `final_fraction` of the base rate.
//
//   rate
//    1 |   /``--._
//      |  /       `.
//      | /          `--.__
//    0 +--------------------- progress
//
// Progress is step / steps, a pure function of the step; with a limit in minutes it is elapsed
// time / minutes, and with both the larger of the two.
#pragma once

#include <cstdint>

namespace dojo {

// The learning rate where none is given, for this many clips in a step: 0.001 from 8 on, for which
// it was chosen. The fewer clips, the noisier their gradient: with 1 a run at the full rate
// diverged. So it falls with the square root of their number, as Adam wants it (Malladi et al., "On
// the SDEs and Scaling Rules for Adaptive Gradient Algorithms", 2022).
double default_learning_rate(int64_t batch);

struct ScheduleOptions {
  double learning_rate = 1e-3;
  int64_t warmup_steps = 50;
  double final_fraction = 0.0;  // of the learning rate, at the end
  int64_t steps = 0;            // 0: no limit
  double minutes = 0;           // 0: no limit. With it a run cannot be repeated byte for byte
};

// [0, 1]: how much of the run is over before step `step` (1 is the first).
double progress(const ScheduleOptions& options, int64_t step, double elapsed_seconds);

double learning_rate(const ScheduleOptions& options, int64_t step, double elapsed_seconds);

}  // namespace dojo
